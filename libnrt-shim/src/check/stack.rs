//! Where calls come from: stacks, walked once for each place in the program and recognised from then on.
//!
//! Walking a stack takes microseconds, which a request does not have. So the places on the stack where the walk found
//! return addresses are remembered: when a call comes at the same depth and the same addresses stand there, it is the
//! same stack.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use parking_lot::Mutex;
use sim_check::finding::Site;
use sim_check::record::Frame;

/// Frames that are walked, and frames of the program that are kept.
const WALKED_MAX: usize = 64;
const KEPT_MAX: usize = 24;
/// Different stacks that are kept; calls from further ones have none.
const STACKS_MAX: usize = 4096;
/// Stacks that a thread recognises, by depth.
const DEPTHS: usize = 64;
const OF_A_DEPTH: usize = 8;

/// A call of the program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Here {
    /// The thread, as the system calls it.
    pub(crate) thread: u32,
    /// Its stack.
    pub(crate) site: Site,
    /// The stack pointer of the function that called us, if it is on the stack that the system gave the thread: its local
    /// variables are above.
    pub(crate) pointer: Option<usize>,
    /// Where that stack ends.
    end: usize,
    /// The lowest address of a status variable on it, as far as is known; above all if there is none.
    lowest: usize,
}

impl Here {
    /// Whether a variable at `address` is local to the function that called us, or to one that called it.
    pub(crate) fn has_local(&self, address: usize) -> bool {
        self.pointer.is_some_and(|pointer| (pointer..self.end).contains(&address))
    }

    /// As [`above_local`].
    pub(crate) fn above_local(&self) -> Option<usize> {
        self.pointer.filter(|pointer| *pointer > self.lowest)
    }
}

struct Known {
    depth: usize,
    /// Where return addresses stand, and which.
    slots: Box<[(usize, usize)]>,
    /// How many of them lead to the program: those decide what the stack pointer is.
    ours: usize,
    site: Site,
    pointer: Option<usize>,
}

#[derive(Default)]
struct Stacks {
    numbers: HashMap<Arc<[usize]>, u32>,
    all: Vec<Arc<[usize]>>,
}

static STACKS: Mutex<Option<Stacks>> = Mutex::new(None);

/// What is known of the calling thread.
struct Me {
    thread: u32,
    /// From where to where its stack goes.
    stack: (usize, usize),
    known: Vec<Vec<Known>>,
    /// The lowest address of a status variable on it, as far as is known; above all if there is none.
    lowest: usize,
    /// The call, and the depth, of which it was found out last that no status variable is below.
    is_below: (usize, usize),
}

thread_local! {
    static ME: RefCell<Me> = RefCell::new(Me::new());
}

/// How much of a stack must be the same for it to be recognised.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    All,
    Ours,
}

impl Me {
    fn new() -> Me {
        let thread = rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned();
        let known = (0..DEPTHS).map(|_| Vec::new()).collect();
        Me { thread, stack: bounds().unwrap_or((0, 0)), known, lowest: usize::MAX, is_below: (0, 0) }
    }

    fn recognise(&mut self, depth: usize, part: Part) -> Here {
        let bucket = &mut self.known[(depth >> 4) % DEPTHS];
        let found = bucket.iter().position(|known| {
            let slots = if part == Part::Ours { &known.slots[..known.ours] } else { &known.slots[..] };
            known.depth == depth && slots.iter().all(|&(slot, address)| word(slot) == address)
        });
        let index = found.unwrap_or_else(|| {
            let known = walk(depth, self.stack);
            bucket.truncate(OF_A_DEPTH - 1);
            bucket.insert(0, known);
            0
        });
        let Known { site, pointer, ref slots, .. } = bucket[index];
        if slots.is_empty() {
            bucket.remove(index); // nothing to recognise it by
        }
        Here { thread: self.thread, site, pointer, end: self.stack.1, lowest: self.lowest }
    }
}

/// The call under way.
#[inline(never)]
pub(crate) fn here() -> Here {
    let depth = depth();
    // A thread that ends may have lost its memory of stacks.
    let found = ME.try_with(|me| me.borrow_mut().recognise(depth, Part::All));
    found.unwrap_or_else(|_| Me::new().recognise(depth, Part::All))
}

/// The stack pointer of the function that called `call`, if a status variable of this thread may be below it: its function
/// has returned then.
#[inline(never)]
pub(crate) fn above_local(call: &'static str) -> Option<usize> {
    // The same call at the same depth comes from the same place on the stack.
    let place = (call.as_ptr().addr(), depth());
    let is_above = |me: &RefCell<Me>| {
        let mut me = me.borrow_mut();
        let lowest = me.lowest;
        if lowest == usize::MAX || me.is_below == place {
            return None;
        }
        let above = me.recognise(place.1, Part::Ours).pointer.filter(|pointer| *pointer > lowest);
        me.is_below = if above.is_none() { place } else { (0, 0) };
        above
    };
    ME.try_with(is_above).ok().flatten()
}

/// A status variable of this thread is at `address` on its stack.
pub(crate) fn note_local(address: usize) {
    let note = |me: &RefCell<Me>| {
        let mut me = me.borrow_mut();
        if address < me.lowest {
            (me.lowest, me.is_below) = (address, (0, 0));
        }
    };
    let _ = ME.try_with(note); // a thread that ends submits no more
}

/// No status variable of this thread is below `address`, or there is none at all.
pub(crate) fn note_lowest(address: Option<usize>) {
    let _ = ME.try_with(|me| me.borrow_mut().lowest = address.unwrap_or(usize::MAX)); // as above
}

/// An address on the stack below all frames of who calls.
#[inline(always)]
fn depth() -> usize {
    let marker = 0_u8;
    std::hint::black_box(&raw const marker).addr()
}

/// The calling thread, as the system calls it.
pub(crate) fn thread() -> u32 {
    ME.try_with(|me| me.borrow().thread).unwrap_or(0)
}

/// The word at `slot`, a place on the stack of this thread above all frames of ours.
fn word(slot: usize) -> usize {
    let place: *const usize = std::ptr::with_exposed_provenance(slot);
    // SAFETY: the place was on the stack of this thread, above where the stack pointer is now, when it was walked at
    // this very depth; a stack that has grown down to here reaches up to there. Only the value is used.
    unsafe { place.read_volatile() }
}

fn walk(depth: usize, (low, high): (usize, usize)) -> Known {
    let mut slots = Vec::new();
    let mut ours = 0;
    let mut program = Vec::new();
    let mut pointer = None;
    let mut count = 0;
    let mut is_exact = cfg!(target_arch = "x86_64");
    backtrace::trace(|frame| {
        let (address, top) = (frame.ip().addr(), frame.sp().addr());
        count += 1;
        if address == 0 {
            return false; // nobody calls the first function
        }
        if top <= depth {
            return true; // ours, below
        }
        let slot = top - size_of::<usize>();
        if is_exact && slot > depth && (low..high).contains(&slot) && word(slot) == address {
            slots.push((slot, address));
        } else {
            is_exact = false;
        }
        if !program.is_empty() || !is_ours(address) {
            if program.is_empty() {
                (ours, pointer) = (slots.len(), Some(top));
            }
            program.push(address);
        }
        count < WALKED_MAX && program.len() < KEPT_MAX
    });
    if !is_exact {
        slots.clear();
        ours = 0;
    }
    let is_known = |pointer: &usize| cfg!(target_arch = "x86_64") && (low..high).contains(pointer);
    let site = keep(program).map_or(Site::Unknown, Site::Kept);
    Known { depth, slots: slots.into(), ours, site, pointer: pointer.filter(is_known) }
}

fn keep(stack: Vec<usize>) -> Option<u32> {
    let mut stacks = STACKS.lock();
    let Stacks { numbers, all } = stacks.get_or_insert_default();
    if let Some(number) = numbers.get(&stack[..]) {
        return Some(*number);
    }
    if all.len() >= STACKS_MAX {
        return None;
    }
    let (stack, number) = (Arc::from(stack), u32::try_from(all.len()).ok()?);
    all.push(Arc::clone(&stack));
    numbers.insert(stack, number);
    Some(number)
}

/// The file that `address` was loaded from, and where.
fn module(address: usize) -> Option<(usize, String)> {
    let mut about = std::mem::MaybeUninit::<libc::Dl_info>::uninit();
    let place: *const c_void = std::ptr::without_provenance(address);
    // SAFETY: any address may be asked about, and the place for the answer is ours.
    if unsafe { libc::dladdr(place, about.as_mut_ptr()) } == 0 {
        return None;
    }
    // SAFETY: the loader has filled it in, as it says.
    let about = unsafe { about.assume_init() };
    if about.dli_fname.is_null() {
        return None;
    }
    // SAFETY: the loader's text ends with a zero byte and stays as long as what it names; we copy it at once.
    let name = unsafe { std::ffi::CStr::from_ptr(about.dli_fname) };
    Some((about.dli_fbase.addr(), name.to_string_lossy().into_owned()))
}

fn is_ours(address: usize) -> bool {
    let ours = module(is_ours as *const () as usize).map(|(base, _)| base);
    module(address).is_some_and(|(base, _)| Some(base) == ours)
}

/// The functions of the program on the stack `site`.
pub(crate) fn frames(site: Site) -> Vec<Frame> {
    let number = match site {
        Site::Kept(number) => number,
        Site::Here | Site::Unknown => return Vec::new(),
    };
    let stack = STACKS.lock().as_ref().and_then(|stacks| stacks.all.get(number as usize).cloned());
    let mut frames: Vec<Frame> =
        stack.iter().flat_map(|stack| stack.iter()).flat_map(|address| functions(*address)).collect();
    // Who called `main` is the same in all programs.
    let main = frames.iter().position(|frame| frame.function == "main");
    frames.truncate(main.map_or(KEPT_MAX, |main| main + 1));
    frames
}

/// The function that returns to `address`, and those that were made part of it.
fn functions(address: usize) -> Vec<Frame> {
    let module = module(address).map(|(_, name)| name);
    let mut found = Vec::new();
    backtrace::resolve(std::ptr::without_provenance_mut(address), |symbol| {
        found.push(Frame {
            function: symbol.name().map_or_else(|| format!("{address:#x}"), |name| format!("{name:#}")),
            file: symbol.filename().map(|file| file.display().to_string()),
            line: symbol.lineno(),
            module: module.clone(),
        });
    });
    if found.is_empty() {
        found.push(Frame { function: format!("{address:#x}"), file: None, line: None, module });
    }
    found
}

/// How often a submission comes from a place: what costs a system call is done for the first ones, then for some.
pub(crate) fn is_sample(site: Site) -> bool {
    static COUNTS: [AtomicU32; STACKS_MAX] = [const { AtomicU32::new(0) }; STACKS_MAX];
    let Site::Kept(number) = site else { return false };
    let counter = &COUNTS[number as usize % STACKS_MAX];
    let count = counter.load(Relaxed);
    counter.store(count.wrapping_add(1), Relaxed); // a race only shifts the choice
    count < 64 || count.is_multiple_of(128)
}

/// The stack of the calling thread.
fn bounds() -> Option<(usize, usize)> {
    let mut attributes = std::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
    // SAFETY: any thread may ask who it is.
    let thread = unsafe { libc::pthread_self() };
    // SAFETY: the calling thread is alive, and the place is ours.
    if unsafe { libc::pthread_getattr_np(thread, attributes.as_mut_ptr()) } != 0 {
        return None;
    }
    let (mut low, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: just initialised.
    let got = unsafe { libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut low, &raw mut size) };
    // SAFETY: initialised above, and destroyed once.
    unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
    (got == 0).then(|| (low.addr(), low.addr() + size))
}

/// How often the calling thread has waited for something: who only computes never does.
pub(crate) fn waits() -> u64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the place is ours.
    unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) };
    // SAFETY: all zero is a valid value, which the system has replaced.
    let usage = unsafe { usage.assume_init() };
    usage.ru_nvcsw.unsigned_abs()
}
