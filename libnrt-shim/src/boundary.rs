//! The C boundary: panics stop here, pointers are looked at before anything happens, outputs are written
//! only on success.

use std::collections::BTreeSet;
use std::ffi::{CStr, c_char};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use parking_lot::Mutex;
use sim_core::memory::bytes::Extent;

use crate::error::ApiError;
use crate::log::{self, Level};
use crate::trail;

/// Runs the body of the API function `name`: its status, or that of its error, which is logged.
pub(crate) fn answer(name: &'static str, body: impl FnOnce() -> Result<(), ApiError>) -> u32 {
    let error = match contained(name, body) {
        Some(Ok(())) => return 0,
        Some(Err(error)) => error,
        None => ApiError::Failure(String::new()), // has been logged
    };
    match error {
        ApiError::NotSimulated => not_simulated(name),
        _ => log::write(error.level(), name, &error),
    }
    let code = error.status().code();
    trail::refused(name, code);
    code
}

/// Logs, once for each name, that a function is not simulated.
pub(crate) fn not_simulated(name: &'static str) {
    static LOGGED: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    if LOGGED.lock().insert(name) {
        log::write(Level::Error, name, ApiError::NotSimulated);
    }
}

/// Runs a body that may panic; a panic is a bug of the simulator's and becomes `None`.
pub(crate) fn contained<T>(name: &'static str, body: impl FnOnce() -> T) -> Option<T> {
    // What the body leaves behind when it panics is guarded by locks that do not poison; each is held for
    // a few statements that keep their data whole.
    let outcome = catch_unwind(AssertUnwindSafe(body));
    if outcome.is_err() {
        log::write(Level::Error, name, "simulator bug: panic, see the message above; please report it");
    }
    outcome.ok()
}

/// Defines one exported function with its symbol version: `= body` answers a status, `-> T = body` a value
/// (or, if it panics, the one after `else`).
macro_rules! export {
    ($(#[$doc:meta])* $version:literal fn $name:ident($($arg:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
        #[unsafe(no_mangle)]
        pub(crate) extern "C" fn $name($($arg: $type),*) -> u32 {
            $crate::boundary::answer(stringify!($name), move || $body)
        }
        $crate::boundary::version!(stringify!($name), stringify!($name), "@@", $version);
    };
    ($(#[$doc:meta])* $version:literal fn $name:ident($($arg:ident: $type:ty),* $(,)?)
     -> $result:ty, else $panicked:expr, $body:block) => {
        $(#[$doc])*
        #[unsafe(no_mangle)]
        pub(crate) extern "C" fn $name($($arg: $type),*) -> $result {
            $crate::boundary::contained(stringify!($name), move || $body).unwrap_or($panicked)
        }
        $crate::boundary::version!(stringify!($name), stringify!($name), "@@", $version);
    };
    ($(#[$doc:meta])* old $symbol:ident = $name:ident($($arg:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
        #[unsafe(no_mangle)]
        pub(crate) extern "C" fn $symbol($($arg: $type),*) -> u32 {
            $crate::boundary::answer(stringify!($name), move || $body)
        }
        $crate::boundary::version!(stringify!($symbol), stringify!($name), "@", "NRT_2.0.0");
    };
}

/// Gives the symbol `$symbol` the exported name and version `$name$at$version`.
macro_rules! version {
    ($symbol:expr, $name:expr, $at:literal, $version:literal) => {
        // The unit tests are a program of their own, which has no version nodes.
        #[cfg(not(test))]
        core::arch::global_asm!(concat!(".symver ", $symbol, ", ", $name, $at, $version));
    };
}

pub(crate) use {export, version};

/// A place of the caller's for a result. May be null or unaligned until [`Out::place`] has looked.
#[repr(transparent)]
pub(crate) struct Out<T> {
    at: *mut T,
}

impl<T: Copy> Out<T> {
    /// A place that can be written.
    pub(crate) fn place(&self, name: &'static str) -> Result<Place<T>, ApiError> {
        // Not `ok_or`: an error that is made and dropped on each call can be seen in what a request costs.
        let Some(at) = NonNull::new(self.at) else { return Err(ApiError::Null(name)) };
        Ok(Place { at })
    }

    /// The same for a result that the caller may not want.
    pub(crate) fn wanted_place(&self) -> Option<Place<T>> {
        Some(Place { at: NonNull::new(self.at)? })
    }

    /// A place that can be written when the caller is long gone, so one that is no place must be found now:
    /// a program of another release may pass a handle here, and handles are odd.
    pub(crate) fn lasting_place(&self, name: &'static str) -> Result<Place<T>, ApiError> {
        let place = self.place(name)?;
        if !place.at.is_aligned() {
            return Err(ApiError::Invalid(format!(
                "{name} is {:p}, expected an aligned address; is this a call in the form of SDK 2.28?",
                place.at
            )));
        }
        Ok(place)
    }
}

/// A place of the caller's that is not null.
pub(crate) struct Place<T> {
    at: NonNull<T>,
}

impl<T: Copy> Place<T> {
    /// Writes the result.
    pub(crate) fn set(self, value: T) {
        // SAFETY: the C contract makes the caller give a place for a `T`; null was excluded, and nothing
        // is said of its alignment.
        unsafe { self.at.write_unaligned(value) }
    }

    /// What stands there now.
    pub(crate) fn get(&self) -> T {
        // SAFETY: as in `set`; used for places that the C contract makes the caller initialise.
        unsafe { self.at.read_unaligned() }
    }

    /// The place itself, for what is written later.
    pub(crate) fn into_inner(self) -> NonNull<T> {
        self.at
    }
}

/// A `bool` of the caller's, who may pass any byte for it.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct Flag {
    byte: u8,
}

impl Flag {
    /// Whether it is true, as C sees it.
    pub(crate) fn is_set(self) -> bool {
        self.byte != 0
    }
}

/// A text of the caller's, which may be null.
#[repr(transparent)]
pub(crate) struct Text<'a> {
    at: *const c_char,
    life: PhantomData<&'a CStr>,
}

impl Text<'_> {
    /// The text, or `None` if it is null. Bytes that are no UTF-8 are replaced.
    pub(crate) fn get(&self) -> Option<std::borrow::Cow<'_, str>> {
        if self.at.is_null() {
            return None;
        }
        // SAFETY: the C contract makes the caller give a string that ends with a zero byte and stays
        // while the function runs.
        Some(unsafe { CStr::from_ptr(self.at) }.to_string_lossy())
    }
}

/// A buffer of the caller's.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct Buffer {
    at: *mut u8,
}

impl Buffer {
    /// Its `len` bytes; null is allowed where there are none.
    pub(crate) fn extent(self, name: &'static str, len: usize) -> Result<Extent, ApiError> {
        if self.at.is_null() && len > 0 {
            return Err(ApiError::Null(name));
        }
        // A length that wraps round the address space cannot be meant, and must not reach a copy.
        if self.at.addr().checked_add(len).is_none() || isize::try_from(len).is_err() {
            return Err(ApiError::Invalid(format!("{name} of {len} bytes reaches past the end of memory")));
        }
        // SAFETY: the C contract makes the caller give a buffer of this length that stays until the
        // request has completed.
        Ok(unsafe { Extent::new(self.at, len) })
    }

    /// Its bytes, for something that only reads them while the function runs.
    pub(crate) fn bytes<'a>(self, name: &'static str, len: usize) -> Result<&'a [u8], ApiError> {
        self.extent(name, len)?;
        if self.at.is_null() {
            return Err(ApiError::Null(name));
        }
        // SAFETY: the C contract makes the caller give a buffer of this length that nobody changes while
        // the function runs; null and lengths that no buffer can have were excluded.
        Ok(unsafe { std::slice::from_raw_parts(self.at, len) })
    }

    /// Its address.
    pub(crate) fn address(self) -> usize {
        self.at.addr()
    }
}

/// An array of the caller's, which may be null if it is empty.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct Array<T> {
    at: *const T,
}

impl<T: Copy> Array<T> {
    /// A copy of its `len` elements, so that what was checked is what is used.
    pub(crate) fn to_vec(self, name: &'static str, len: usize) -> Result<Vec<T>, ApiError> {
        if self.at.is_null() && len > 0 {
            return Err(ApiError::Null(name));
        }
        let element = |index| {
            // SAFETY: the C contract makes the caller give an array of this length.
            let place = unsafe { self.at.add(index) };
            // SAFETY: as above; nothing is said of its alignment.
            unsafe { place.read_unaligned() }
        };
        let mut copy = Vec::new();
        let no_memory =
            |_| ApiError::Invalid(format!("{name} has {len} elements, more than there is memory"));
        copy.try_reserve_exact(len).map_err(no_memory)?;
        copy.extend((0..len).map(element));
        Ok(copy)
    }
}

/// Copies as much of `value` as fits into the `size` bytes at `place`, for structs that may grow.
pub(crate) fn copy_prefix<T: Copy>(
    value: &T,
    place: Out<T>,
    size: usize,
    name: &'static str,
) -> Result<usize, ApiError> {
    let target = place.place(name)?.into_inner().cast::<u8>();
    let count = size.min(size_of::<T>());
    let source: *const u8 = std::ptr::from_ref(value).cast();
    // SAFETY: the caller has `size` bytes there, by the C contract, and `value` has its own size; the two
    // do not overlap, since `value` is ours.
    unsafe { source.copy_to_nonoverlapping(target.as_ptr(), count) };
    Ok(count)
}
