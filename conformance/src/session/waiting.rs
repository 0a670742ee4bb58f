use std::os::fd::RawFd;
use std::thread;
use std::time::{Duration, Instant};

use super::{Argument, Place, Session};
use crate::abi::Status;
use crate::script::Line;
use crate::verdict::{Outcome, Stop};

impl Session {
    /// How long a case waits for something that has to come: less than the time it is given itself.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.settings.timeout / 3
    }

    /// Polls until a request has completed. It is no part of the rule that it does.
    ///
    /// # Errors
    /// Stops the case if it does not in time, or cannot be asked.
    pub fn wait(&self, sequence: Place) -> Outcome {
        if self.poll(sequence)? {
            return Ok(());
        }
        Err(Stop::blocked(format!("request {:#018x} did not complete", sequence.value())))
    }

    /// The rule wants this request to complete.
    ///
    /// # Errors
    /// Stops the case if it does not in time.
    pub fn completes(&self, sequence: Place) -> Outcome {
        if self.poll(sequence)? {
            return Ok(());
        }
        Err(Stop::failed(format!("request {:#018x} did not complete", sequence.value())))
    }

    /// Polls `nrta_is_completed` for a while, and says what came of it.
    fn poll(&self, sequence: Place) -> Outcome<bool> {
        let asked = self.address("nrta_is_completed")?;
        self.write(Line::Statement(format!("wait_for({})", sequence.name)));
        let done = Place::new("done", crate::script::Kind::Flag, 0);
        let mut status = Status::SUCCESS;
        self.until(|| {
            // SAFETY: nrta_is_completed takes a number and an address.
            let answer = unsafe { super::argument::invoke(asked, &[sequence.value(), done.address()]) };
            status = Status((answer as u32).cast_signed());
            status != Status::SUCCESS || done.value() != 0
        });
        if status != Status::SUCCESS {
            let what = format!("nrta_is_completed({:#018x}) answered {status}", sequence.value());
            return Err(Stop::failed(what));
        }
        Ok(done.value() != 0)
    }

    /// The rule wants an event on this eventfd. Nothing else is asked of the library meanwhile, unless its
    /// time stands still without that.
    ///
    /// # Errors
    /// Stops the case if none comes in time.
    pub fn signalled(&self, fd: Place) -> Outcome {
        self.write(Line::Statement(format!("wait_event({})", fd.name)));
        if self.until(|| self.is_readable(fd, 1) || self.is_readable_after_step(fd)) {
            return Ok(());
        }
        Err(Stop::failed(format!("no event came on {}", fd.name)))
    }

    /// The rule wants no event on this eventfd, now.
    ///
    /// # Errors
    /// Stops the case if there is one.
    pub fn silent(&self, fd: Place) -> Outcome {
        let readable = self.is_readable(fd, 0);
        self.check(!readable, format!("!readable({})", fd.name), format!("{} has an event", fd.name))
    }

    /// Whether the eventfd has something to read within so many milliseconds.
    #[must_use]
    pub fn is_readable(&self, fd: Place, milliseconds: i32) -> bool {
        let mut poll = libc::pollfd { fd: fd.value() as RawFd, events: libc::POLLIN, revents: 0 };
        // SAFETY: one entry, which lives here.
        unsafe { libc::poll(&raw mut poll, 1, milliseconds) == 1 }
    }

    /// In a simulator's manual time nothing happens while a program sleeps: moves it on.
    fn is_readable_after_step(&self, fd: Place) -> bool {
        self.step_time() && self.is_readable(fd, 0)
    }

    /// Moves a simulator's manual time to the next event; false where there is no such thing.
    #[must_use]
    pub fn step_time(&self) -> bool {
        let Ok(step) = self.address("nrt_sim_step_time") else { return false };
        // SAFETY: takes an address, which may be NULL.
        let status = unsafe { super::argument::invoke(step, &[Argument::null().value]) };
        status as u32 == 0
    }

    /// Asks again and again until the answer is true; false if it is not for too long.
    pub fn until(&self, mut is_so: impl FnMut() -> bool) -> bool {
        let begin = Instant::now();
        for attempt in 0_u64.. {
            if is_so() {
                return true;
            }
            if attempt < 1000 {
                thread::yield_now();
            } else if begin.elapsed() < self.patience() {
                thread::sleep(Duration::from_micros(50));
            } else {
                break;
            }
        }
        false
    }
}
