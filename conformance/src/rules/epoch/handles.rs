use super::{Start, last, tracker};
use crate::abi::{COMPUTE, Status};
use crate::session::{Place, Session};
use crate::verdict::Outcome;

/// Bytes of a transfer that takes its time.
const SIZE: usize = 1 << 16;
const COMPUTE_UNIT: u32 = 3;
const READ_UNIT: u32 = 0;

fn handle(s: &Session, id: Place) -> Outcome<Place> {
    let fd = s.int();
    s.call_old("nrta_get_completion_handle", [id.into(), fd.at()])?.is(Status::SUCCESS)?;
    s.check(fd.signed() >= 0, format!("{} >= 0", fd.name), format!("the handle is {}", fd.signed()))?;
    Ok(fd)
}

pub(super) fn signals(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    let fd = handle(s, start.submit()?)?;
    s.signalled(fd)?;
    s.close_fd(fd);
    Ok(())
}

pub(super) fn waits(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    s.hold(0, COMPUTE, 0)?;
    let fd = handle(s, start.submit()?)?;
    s.silent(fd)?;
    s.release(0, COMPUTE, 0)?;
    s.signalled(fd)
}

pub(super) fn late(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    let id = start.submit()?;
    s.completes_old(id)?;
    let fd = handle(s, id)?;
    let is_there = s.is_readable(fd, 0);
    s.check(is_there, format!("readable({})", fd.name), "the handle is not readable")
}

pub(super) fn one_each(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    s.hold(0, COMPUTE, 0)?;
    let ids = [start.submit()?, start.submit()?];
    let fds = [handle(s, ids[0])?, handle(s, ids[1])?];
    s.step(0, COMPUTE, 0, 1)?;
    s.signalled(fds[0])?;
    s.silent(fds[1])?;
    s.release(0, COMPUTE, 0)?;
    s.signalled(fds[1])
}

pub(super) fn order(s: &Session) -> Outcome {
    s.needs_old_forms()?;
    s.init()?;
    let (tensor, bytes, tracker) = (s.filled_tensor(0, SIZE, 3)?, s.buffer(SIZE), tracker(s)?);
    let id = s.sequence();
    let arguments = [bytes.into(), tensor.into(), 0.into(), SIZE.into(), 0.into(), tracker.into(), id.at()];
    s.call_old("nrta_tensor_read", arguments)?.needed()?;
    s.signalled(handle(s, id)?)?;
    s.holds(bytes, 0, SIZE, 3, 0)?;
    let shown = last(s, READ_UNIT)?;
    let what = format!("{:#x} is the last that has completed, not {:#x}", shown.value(), id.value());
    s.check(shown.value() == id.value(), format!("{} == {}", shown.name, id.name), what)?;
    let done = s.flag();
    s.call_old("nrta_is_completed", [id.into(), done.at()])?.is(Status::SUCCESS)?;
    s.check(done.value() != 0, done.name, "nrta_is_completed says that it is pending")
}

pub(super) fn closed_early(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    let ids = [start.submit()?, start.submit()?];
    let fds = [handle(s, ids[0])?, handle(s, ids[1])?];
    s.close_fd(fds[0]);
    s.signalled(fds[1])?;
    s.completes_old(ids[0])?;
    let shown = last(s, COMPUTE_UNIT)?;
    let what = format!("{:#x} is the last that has completed, not {:#x}", shown.value(), ids[1].value());
    s.check(shown.value() == ids[1].value(), format!("{} == {}", shown.name, ids[1].name), what)
}

pub(super) fn failure(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    s.inject_status(0, 1, 1004)?;
    s.signalled(handle(s, start.submit()?)?)
}
