use std::os::fd::RawFd;

use crate::abi::Status;
use crate::session::{Io, Model, Place, Session};
use crate::verdict::Outcome;

/// A model on core 0 and its tensors.
#[derive(Debug)]
pub(super) struct Bench<'a> {
    pub(super) s: &'a Session,
    pub(super) model: Model,
    pub(super) io: Io,
}

impl<'a> Bench<'a> {
    pub(super) fn new(s: &'a Session) -> Outcome<Bench<'a>> {
        s.init()?;
        let model = s.model(0)?;
        let io = s.io(&model)?;
        s.fill_inputs(&io, 1)?;
        Ok(Bench { s, model, io })
    }

    /// Submits so many runs.
    pub(super) fn submit(&self, count: u64) -> Outcome<Vec<(Place, Place)>> {
        (0..count).map(|_| self.s.submit(&self.model, &self.io)).collect()
    }

    /// A new eventfd that is registered for a request.
    pub(super) fn event(&self, id: Place) -> Outcome<Place> {
        let fd = self.s.eventfd()?;
        let register = [id.into(), fd.into()];
        self.s.call("nrta_event_register_seq_id_completion", register)?.is(Status::SUCCESS)?;
        Ok(fd)
    }

    /// Closes an eventfd that has told what it had to.
    pub(super) fn shut(&self, fd: Place) {
        self.s.statement(format!("close({})", fd.name));
        // SAFETY: it is this case's own, and nothing here uses it later.
        unsafe { libc::close(fd.value() as RawFd) };
    }
}

/// Wants `nrta_is_completed` to say this of a request.
pub(super) fn done(s: &Session, id: Place, wanted: bool) -> Outcome {
    let done = s.flag();
    s.call("nrta_is_completed", [id.into(), done.at()])?.is(Status::SUCCESS)?;
    let seen = done.value() == 1;
    let in_c = format!("{} == {wanted}", done.name);
    s.check(seen == wanted, in_c, format!("nrta_is_completed says {seen} of {:#018x}", id.value()))
}

/// Wants two ids to compare so.
pub(super) fn compare(s: &Session, left: Place, how: &str, right: Place, holds: bool) -> Outcome {
    let what = format!("{:#018x} {how} {:#018x} does not hold", left.value(), right.value());
    s.check(holds, format!("{} {how} {}", left.name, right.name), what)
}
