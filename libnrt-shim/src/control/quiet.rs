//! A thread that the program does not notice: none of its signals are handled there.

use std::io;
use std::mem::MaybeUninit;
use std::thread::{self, JoinHandle};

/// Signals of a thread's own doing, which cannot be left to others.
const OWN: [libc::c_int; 4] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL];

/// Starts such a thread.
///
/// # Errors
/// The system's, when it has no more threads.
pub(super) fn spawn(life: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the set is ours; the call fills it in.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    for signal in OWN {
        // SAFETY: the set is ours and was filled in.
        unsafe { libc::sigdelset(all.as_mut_ptr(), signal) };
    }
    // A thread begins with the mask of the one that starts it, so that there is no moment without.
    // SAFETY: one set was filled in, the call fills in the other.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) };
    let started = thread::Builder::new().name("nrt-sim-ctl".into()).spawn(life);
    // SAFETY: the call above has filled it in: it cannot fail with these arguments.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut()) };
    started
}
