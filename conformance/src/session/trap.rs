use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::{Place, Session};
use crate::verdict::{Outcome, Stop};

/// Memory at which a thread that writes to it stops, until it has been looked at what else it has done by then.
///
/// Pages are write-protected with `userfaultfd`. A thread that stops may hold locks that a look needs, so it is
/// let go after a while in any case, and a look that ends later than that does not count.
#[derive(Debug)]
pub struct Trap {
    /// The address of the first one.
    pages: usize,
    size: usize,
    fd: OwnedFd,
}

/// What came of a trap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caught<T> {
    /// Nobody stopped there.
    Nobody,
    /// Somebody stopped, and the look at the library did not end before that was let go.
    Blind,
    /// What was seen while somebody stood there.
    Seen(T),
}

/// How long a thread is kept at most.
const KEPT: Duration = Duration::from_millis(30);
const PAGE: usize = 4096;

const ARMED: u32 = 0;
const STOPPED: u32 = 1;
const LOOKED: u32 = 2;
const LET_GO: u32 = 3;

/// `struct uffdio_api`.
#[repr(C)]
struct Api {
    api: u64,
    features: u64,
    ioctls: u64,
}

/// `struct uffdio_register`.
#[repr(C)]
struct Register {
    start: u64,
    length: u64,
    mode: u64,
    ioctls: u64,
}

/// `struct uffdio_writeprotect`.
#[repr(C)]
struct Protect {
    start: u64,
    length: u64,
    mode: u64,
}

/// `UFFDIO_API` and its fellows: commands that read and write a structure of a known size.
const fn command(number: u64, size: usize) -> u64 {
    3 << 30 | (size as u64) << 16 | 0xaa << 8 | number
}

impl Session {
    /// Sets a trap of `size` bytes, which hold untouched numbers of 32 bits at first.
    ///
    /// # Errors
    /// It cannot be said whether the rule holds where the system has no `userfaultfd`.
    pub fn trap(&self, size: usize) -> Outcome<Trap> {
        Trap::new(size.next_multiple_of(PAGE)).ok_or_else(|| Stop::undecided("the system has no userfaultfd"))
    }
}

impl Trap {
    /// `UFFD_USER_MODE_ONLY`, with which anybody may.
    const FLAGS: libc::c_int = 1 | libc::O_CLOEXEC | libc::O_NONBLOCK;

    fn new(size: usize) -> Option<Trap> {
        let (rights, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: new memory, which stays for good.
        let pages = unsafe { libc::mmap(ptr::null_mut(), size, rights, kind, -1, 0) };
        if pages == libc::MAP_FAILED {
            return None;
        }
        for index in 0..size / 4 {
            // SAFETY: so many numbers fit.
            unsafe { pages.cast::<u32>().wrapping_add(index).write(Place::UNTOUCHED) };
        }
        // SAFETY: takes flags.
        let fd = unsafe { libc::syscall(libc::SYS_userfaultfd, Trap::FLAGS) };
        let fd = i32::try_from(fd).ok().filter(|fd| *fd >= 0)?;
        // SAFETY: just opened, and nobody else's.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        let trap = Trap { pages: pages as usize, size, fd };
        let mut api = Api { api: 0xaa, features: 1, ioctls: 0 };
        let (start, length) = (pages as u64, size as u64);
        let mut register = Register { start, length, mode: 2, ioctls: 0 };
        let is_set = trap.control(0x3f, &mut api) && trap.control(0x00, &mut register) && trap.protect(true);
        is_set.then_some(trap)
    }

    fn control<T>(&self, number: u64, argument: &mut T) -> bool {
        let argument: *mut T = argument;
        // SAFETY: the command reads and writes a structure of this size.
        unsafe { libc::ioctl(self.fd.as_raw_fd(), command(number, size_of::<T>()), argument) == 0 }
    }

    fn protect(&self, on: bool) -> bool {
        let (start, length) = (self.pages as u64, self.size as u64);
        self.control(0x06, &mut Protect { start, length, mode: on.into() })
    }

    /// Where it begins.
    #[must_use]
    pub fn address(&self) -> u64 {
        self.pages as u64
    }

    /// The number of 32 bits at its beginning.
    #[must_use]
    pub fn first(&self) -> u32 {
        // SAFETY: the first four bytes of memory that stays.
        unsafe { AtomicU32::from_ptr(self.pages as *mut u32) }.load(Ordering::Acquire)
    }

    /// Lets `work` run in this thread, and `look` in another as soon as somebody stops at the trap. After the
    /// first time nobody is stopped.
    pub fn watch<T: Send>(&self, work: impl FnOnce(), look: impl Fn() -> T + Send + Sync) -> Caught<T> {
        let state = AtomicU32::new(ARMED);
        let over = AtomicU32::new(0);
        thread::scope(|scope| {
            let keeper = scope.spawn(|| {
                while over.load(Ordering::Acquire) == 0 {
                    if !self.has_stopped_somebody() {
                        continue;
                    }
                    state.store(STOPPED, Ordering::SeqCst);
                    let begin = Instant::now();
                    while state.load(Ordering::SeqCst) == STOPPED && begin.elapsed() < KEPT {
                        thread::yield_now();
                    }
                    let _ = state.compare_exchange(STOPPED, LET_GO, Ordering::SeqCst, Ordering::SeqCst);
                    break;
                }
                self.protect(false);
            });
            let looker = scope.spawn(|| {
                while state.load(Ordering::SeqCst) == ARMED && over.load(Ordering::Acquire) == 0 {
                    thread::yield_now();
                }
                if state.load(Ordering::SeqCst) != STOPPED {
                    return Caught::Nobody;
                }
                let seen = look();
                let in_time = state.compare_exchange(STOPPED, LOOKED, Ordering::SeqCst, Ordering::SeqCst);
                if in_time.is_ok() { Caught::Seen(seen) } else { Caught::Blind }
            });
            work();
            over.store(1, Ordering::Release);
            let _ = keeper.join();
            looker.join().unwrap_or(Caught::Nobody)
        })
    }

    /// Waits a little for somebody to stop.
    fn has_stopped_somebody(&self) -> bool {
        let mut fds = [PollFd::new(&self.fd, PollFlags::IN)];
        let time = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
        if !matches!(poll(&mut fds, Some(&time)), Ok(1)) {
            return false;
        }
        let mut message = MaybeUninit::<[u64; 4]>::uninit();
        // SAFETY: as long as a message.
        unsafe { libc::read(self.fd.as_raw_fd(), message.as_mut_ptr().cast(), 32) == 32 }
    }
}
