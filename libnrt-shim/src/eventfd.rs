//! Event descriptors: the program's, of which we hold duplicates, and our own.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec};
use rustix::fs::OFlags;
use sim_core::port::Signal;

use crate::error::ApiError;

/// An eventfd that is written once for each completion that was asked for.
///
/// It is a duplicate: the program may close its descriptor and use the number again without us ever
/// writing to what has that number then.
pub(crate) struct Event {
    fd: OwnedFd,
    /// Whether a write could block: only if the program made it so and filled the counter.
    blocks: bool,
}

impl Event {
    /// The program's eventfd `fd`.
    pub(crate) fn of_program(fd: RawFd) -> Result<Event, ApiError> {
        let link = std::fs::read_link(format!("/proc/self/fd/{fd}"));
        match link {
            // Without /proc nobody can tell; what is no eventfd then gets eight bytes, as on the real thing.
            Err(_) if std::path::Path::new("/proc/self/fd").exists() => {
                return Err(ApiError::Invalid(format!("fd {fd} is not open")));
            }
            // A file's path begins with a slash, whatever its name.
            Ok(target) if target.as_os_str() != "anon_inode:[eventfd]" => {
                return Err(ApiError::Invalid(format!(
                    "fd {fd} is {}, expected an eventfd",
                    target.display()
                )));
            }
            Ok(_) | Err(_) => {}
        }
        // SAFETY: the number was open a moment ago; if another thread closes it meanwhile the call fails
        // or duplicates its successor, as it would for any system call.
        let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
        let fd = rustix::io::fcntl_dupfd_cloexec(borrowed, 3);
        let fd = fd.map_err(|error| ApiError::Resource(format!("cannot duplicate the eventfd: {error}")))?;
        let blocks = !rustix::fs::fcntl_getfl(&fd).is_ok_and(|flags| flags.contains(OFlags::NONBLOCK));
        Ok(Event { fd, blocks })
    }

    /// A new eventfd for the program, and ours of the same event.
    pub(crate) fn pair() -> Result<(OwnedFd, Event), ApiError> {
        let out = |error| ApiError::Resource(format!("cannot make an eventfd: {error}"));
        let theirs =
            rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(out)?;
        let ours = rustix::io::fcntl_dupfd_cloexec(theirs.as_fd(), 3).map_err(out)?;
        Ok((theirs, Event { fd: ours, blocks: false }))
    }
}

impl Signal for Event {
    fn signal(&self) {
        if self.blocks && !self.has_room() {
            return; // the counter is at its limit, so it is readable anyway
        }
        // Nothing can be done about a failure, and nobody could be told.
        let _ = rustix::io::write(&self.fd, &1_u64.to_ne_bytes());
    }
}

impl Event {
    fn has_room(&self) -> bool {
        let mut room = [PollFd::new(&self.fd, PollFlags::OUT)];
        rustix::event::poll(&mut room, Some(&Timespec::default())) == Ok(1)
    }
}
