//! Eventfds that were registered: their signals are what the host learns of completions by.

use std::os::fd::RawFd;
use std::sync::Arc;

use sim_check::checker::Checker;
use sim_check::finding::{Findings, Side};
use sim_check::kind::Kind;
use sim_core::port::Signal;
use sim_core::seq::UnitId;

use super::{Check, probe, stack, tell};

/// A registration that the program makes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Registration {
    /// The function of the API.
    pub(crate) call: &'static str,
    /// The queue.
    pub(crate) unit: UnitId,
    /// The request; none: each of the queue.
    pub(crate) num: Option<u64>,
    /// The program's descriptor.
    pub(crate) fd: RawFd,
}

/// An eventfd of the program, with the checker behind it.
struct Watched {
    signal: Box<dyn Signal>,
    checker: Arc<Checker>,
    registration: Registration,
    side: Side,
    /// Which eventfd the descriptor was, if the system tells.
    identity: Option<String>,
}

impl Check {
    /// `signal`, which the checker hears as well.
    pub(crate) fn listens(&self, signal: Box<dyn Signal>, registration: Registration) -> Box<dyn Signal> {
        let Registration { call, unit, num, fd } = registration;
        let thread = stack::thread();
        let request = num.map(|num| (unit, num));
        tell(self.checker.conduct(|conduct, queues| conduct.registers(request, call, thread, queues)));
        let side = Side {
            call,
            request: Some((unit, num.unwrap_or(0))),
            uses: None,
            thread,
            site: stack::here().site,
        };
        Box::new(Watched {
            signal,
            checker: Arc::clone(&self.checker),
            registration,
            side,
            identity: identity(fd),
        })
    }
}

/// The lines in which the system tells one eventfd from another; none if `fd` is not open or it does not tell.
fn identity(fd: RawFd) -> Option<String> {
    let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).ok()?;
    text.lines().find(|line| line.starts_with("eventfd-id")).map(str::to_owned)
}

impl Watched {
    /// What has become of the program's descriptor, if it is not what it was.
    fn lost(&self) -> Option<Kind> {
        let fd = self.registration.fd;
        // SAFETY: any number may be asked about; nothing is changed.
        if unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0 {
            return Some(Kind::EventClosed);
        }
        let was = self.identity.as_ref()?;
        (identity(fd).as_ref() != Some(was)).then_some(Kind::EventReused)
    }
}

impl Signal for Watched {
    fn signal(&self) {
        let Registration { unit, num, .. } = self.registration;
        let findings: Findings = self.checker.signalled(unit, num, &self.side, self.lost(), &probe::verify);
        tell(findings);
        self.signal.signal();
    }
}
