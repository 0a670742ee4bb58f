use std::os::fd::RawFd;

use crate::session::{Place, Queue, Session};
use crate::verdict::{Outcome, Stop};

const SIZE: usize = 4096;
const QUEUE: Queue = Queue::transfers(0, 0);

/// Opens an eventfd with these flags.
fn eventfd(s: &Session, flags: i32, in_c: &str) -> Outcome<Place> {
    let place = s.int();
    s.statement(format!("{} = eventfd(0, {in_c})", place.name));
    // SAFETY: takes two numbers.
    let fd = unsafe { libc::eventfd(0, flags | libc::EFD_CLOEXEC) };
    if fd < 0 {
        return Err(Stop::blocked("there is no eventfd left"));
    }
    place.set(u64::from(fd.cast_unsigned()));
    Ok(place)
}

/// Lets some transfers complete, one after the other.
fn transfer(s: &Session, times: usize) -> Outcome {
    let tensor = s.filled_tensor(0, SIZE, 3)?;
    let buffer = s.buffer(SIZE);
    for _ in 0..times {
        let (_, id) = s.start_read(buffer, tensor, SIZE, QUEUE)?;
        s.wait(id)?;
    }
    Ok(())
}

/// Closes `old`; its number is that of `new` from now on.
fn take_number(s: &Session, old: Place, new: Place) {
    s.statement(format!("dup2({}, {})", new.name, old.name));
    // SAFETY: takes two numbers.
    unsafe { libc::dup2(new.value() as RawFd, old.value() as RawFd) };
}

pub(super) fn blocking(s: &Session) -> Outcome {
    s.init()?;
    let fd = eventfd(s, 0, "0")?;
    s.listen_to(QUEUE, fd)?.needed()?;
    transfer(s, 3)?;
    s.counts(fd, 3)?;
    s.silent(fd)
}

pub(super) fn semaphore(s: &Session) -> Outcome {
    s.init()?;
    let fd = eventfd(s, libc::EFD_NONBLOCK | libc::EFD_SEMAPHORE, "EFD_NONBLOCK | EFD_SEMAPHORE")?;
    s.listen_to(QUEUE, fd)?.needed()?;
    transfer(s, 4)?;
    s.counts(fd, 4)?;
    s.silent(fd)
}

pub(super) fn closed_after_event(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 3)?;
    let buffer = s.buffer(SIZE);
    for _ in 0..5 {
        let (_, id) = s.start_read(buffer, tensor, SIZE, QUEUE)?;
        let (fd, next) = (s.eventfd()?, s.eventfd()?);
        s.listen(id, fd)?.needed()?;
        s.signalled(fd)?;
        take_number(s, fd, next);
        transfer(s, 2)?;
        s.silent(next)?;
    }
    Ok(())
}

pub(super) fn closed_before_event(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 3)?;
    let buffer = s.buffer(SIZE);
    s.hold_queue(QUEUE)?;
    let (_, id) = s.start_read(buffer, tensor, SIZE, QUEUE)?;
    let (fd, next) = (s.eventfd()?, s.eventfd()?);
    s.listen(id, fd)?.needed()?;
    take_number(s, fd, next);
    s.release_queue(QUEUE)?;
    s.wait(id)?;
    transfer(s, 2)?;
    s.silent(next)
}

pub(super) fn pipe_in_its_place(s: &Session) -> Outcome {
    s.init()?;
    let fd = s.eventfd()?;
    s.listen_to(QUEUE, fd)?.needed()?;
    let (out, into) = (s.int(), s.int());
    let (out_name, into_name) = (out.name, into.name);
    s.statement(format!("{{ int ends[2]; pipe(ends); {out_name} = ends[0]; {into_name} = ends[1]; }}"));
    let mut ends = [0; 2];
    // SAFETY: two numbers fit there.
    if unsafe { libc::pipe(ends.as_mut_ptr()) } != 0 {
        return Err(Stop::blocked("there is no pipe left"));
    }
    for (place, end) in [(out, ends[0]), (into, ends[1])] {
        place.set(u64::from(end.cast_unsigned()));
    }
    take_number(s, fd, into);
    transfer(s, 3)?;
    s.silent(out)
}

pub(super) fn stays_open(s: &Session) -> Outcome {
    s.init()?;
    let (of_queue, own) = (s.eventfd()?, eventfd(s, 0, "0")?);
    s.listen_to(QUEUE, of_queue)?.needed()?;
    let tensor = s.filled_tensor(0, SIZE, 3)?;
    let (_, id) = s.start_read(s.buffer(SIZE), tensor, SIZE, QUEUE)?;
    s.listen(id, own)?.needed()?;
    s.signalled(own)?;
    s.signalled(of_queue)?;
    s.unlisten(id)?.ignored();
    s.unlisten_to(QUEUE)?.needed()?;
    s.close()?;
    for (fd, wanted, in_c) in [(of_queue, libc::O_NONBLOCK, "O_NONBLOCK"), (own, 0, "0")] {
        // SAFETY: takes a number and a command.
        let flags = unsafe { libc::fcntl(fd.value() as RawFd, libc::F_GETFL) };
        let holds = flags >= 0 && flags & libc::O_NONBLOCK == wanted;
        let in_c =
            format!("fcntl({0}, F_GETFL) >= 0 && (fcntl({0}, F_GETFL) & O_NONBLOCK) == {in_c}", fd.name);
        s.check(holds, in_c, format!("the flags of the descriptor are {flags:#x}"))?;
    }
    Ok(())
}
