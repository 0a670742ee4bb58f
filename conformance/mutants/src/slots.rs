//! One slot for each function of the library: the address that a call of it jumps to.
//!
//! All functions take and return integers and addresses, which the calling convention of x86-64 passes in the
//! same registers and stack places whatever their width. So one type of function stands for all of them.

use std::arch::{global_asm, naked_asm};
use std::ffi::{CStr, c_void};
use std::mem;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

include!(concat!(env!("OUT_DIR"), "/slots.rs"));

/// Where calls go.
static SLOTS: [AtomicUsize; COUNT] = [const { AtomicUsize::new(0) }; COUNT];
/// Where the functions of the library are.
static REAL: [AtomicUsize; COUNT] = [const { AtomicUsize::new(0) }; COUNT];

/// The most arguments that a function has.
const ARGUMENTS_MAX: usize = 9;
type Arguments = [u64; ARGUMENTS_MAX];
type Function = extern "C" fn(u64, u64, u64, u64, u64, u64, u64, u64, u64) -> u64;

/// A function, by its place in the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<const SLOT: usize>;

impl<const SLOT: usize> At<SLOT> {
    /// Calls the library's.
    pub(crate) fn call(self, arguments: &[u64]) -> i32 {
        let mut all = Arguments::default();
        all[..arguments.len()].copy_from_slice(arguments);
        invoke(SLOT, &all) as i32
    }
}

/// A call that a mutant has in its hands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    slot: usize,
    arguments: Arguments,
}

impl Call {
    /// Lets the library do it.
    pub(crate) fn go(&self) -> i32 {
        invoke(self.slot, &self.arguments) as i32
    }

    /// The same call with another argument.
    pub(crate) fn with(mut self, index: usize, value: u64) -> Call {
        self.arguments[index] = value;
        self
    }

    /// An argument, from 0.
    pub(crate) fn argument(&self, index: usize) -> u64 {
        self.arguments[index]
    }

    /// An argument that is an `int`.
    pub(crate) fn int(&self, index: usize) -> i32 {
        self.arguments[index] as i32
    }

    /// How many arguments the function takes.
    pub(crate) fn count(&self) -> usize {
        FUNCTIONS[self.slot].2
    }

    /// Of a submission: the place for its sequence id, the last argument.
    pub(crate) fn id_place(&self) -> u64 {
        self.arguments[self.count() - 1]
    }

    /// Of a submission: the place for its status, the last but one.
    pub(crate) fn word_place(&self) -> u64 {
        self.arguments[self.count() - 2]
    }

    /// The same submission with another place for its status.
    pub(crate) fn with_word(self, place: u64) -> Call {
        self.with(self.count() - 2, place)
    }
}

/// What a mutant may replace.
#[derive(Debug)]
pub(crate) struct Slots;

impl Slots {
    /// Has calls of a function answered by `body`, which must not hold anything.
    pub(crate) fn on<const SLOT: usize, F>(&mut self, _: At<SLOT>, _: F)
    where
        F: Fn(Call) -> i32 + Copy + 'static,
    {
        const { assert!(size_of::<F>() == 0, "what replaces a function keeps its state in statics") };
        SLOTS[SLOT].store(answer::<SLOT, F> as Function as usize, Ordering::Relaxed);
    }

    /// Has calls of a function go to another one of the library.
    pub(crate) fn forward<const FROM: usize, const TO: usize>(&mut self, _: At<FROM>, _: At<TO>) {
        SLOTS[FROM].store(REAL[TO].load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Has the five calls that submit answered by `body`.
    pub(crate) fn on_submit(&mut self, body: impl Fn(Call) -> i32 + Copy + 'static) {
        self.on(NRTA_EXECUTE_SCHEDULE, body);
        self.on(NRTA_CC_SCHEDULE, body);
        self.on_tensor_op(body);
    }

    /// Has the three of them that move bytes answered by `body`.
    pub(crate) fn on_tensor_op(&mut self, body: impl Fn(Call) -> i32 + Copy + 'static) {
        self.on(NRTA_TENSOR_READ, body);
        self.on(NRTA_TENSOR_WRITE, body);
        self.on(NRTA_TENSOR_COPY, body);
    }

    /// Fills all slots with the functions of the library that `handle` stands for.
    pub(crate) fn fill(&mut self, handle: *mut c_void) {
        for (index, (name, version, _)) in FUNCTIONS.iter().enumerate() {
            // SAFETY: the handle is that of an open library, and both texts end with a zero byte.
            let found = unsafe { libc::dlvsym(handle, name.as_ptr(), version.as_ptr()) } as usize;
            let address = if found == 0 { missing as extern "C" fn() -> ! as usize } else { found };
            REAL[index].store(address, Ordering::Relaxed);
            SLOTS[index].store(address, Ordering::Relaxed);
        }
    }

    /// Has all calls end the process: there is no library.
    pub(crate) fn leave_empty(&mut self) {
        for slot in &SLOTS {
            slot.store(missing as extern "C" fn() -> ! as usize, Ordering::Relaxed);
        }
    }
}

/// Answers calls of the function `SLOT` with an `F`.
extern "C" fn answer<const SLOT: usize, F: Fn(Call) -> i32 + Copy + 'static>(
    a: u64,
    b: u64,
    c: u64,
    d: u64,
    e: u64,
    f: u64,
    g: u64,
    h: u64,
    i: u64,
) -> u64 {
    // SAFETY: an `F` has no bytes (`Slots::on` sees to that) and may be copied, so one may be had from nowhere.
    let body = unsafe { NonNull::<F>::dangling().as_ref() };
    u64::from(body(Call { slot: SLOT, arguments: [a, b, c, d, e, f, g, h, i] }).cast_unsigned())
}

/// Calls a function of the library. It reads as many arguments as it takes.
fn invoke(slot: usize, arguments: &Arguments) -> u64 {
    let address = REAL[slot].load(Ordering::Relaxed);
    // SAFETY: there is a function at the address, which takes and returns integers and addresses.
    let function = unsafe { mem::transmute::<usize, Function>(address) };
    let [a, b, c, d, e, f, g, h, i] = *arguments;
    function(a, b, c, d, e, f, g, h, i)
}

/// What is called in place of a function that the library does not have.
extern "C" fn missing() -> ! {
    crate::stop("there is no such function; set NRT_MUTANT_OF to a whole libnrt.so.1")
}
