use crate::abi::{self, COMPUTE, Status, TENSOR_OP};
use crate::session::{Io, Model, Queue, Session};
use crate::verdict::Outcome;

const SIZE: usize = 4096;

fn model(s: &Session) -> Outcome<(Model, Io)> {
    let model = s.model(0)?;
    let io = s.io(&model)?;
    Ok((model, io))
}

pub(super) fn after_submission(s: &Session) -> Outcome {
    s.init()?;
    let (model, io) = model(s)?;
    for _ in 0..10 {
        let (_, id) = s.submit(&model, &io)?;
        let fd = s.eventfd()?;
        s.listen(id, fd)?.is(Status::SUCCESS)?;
        s.signalled(fd)?;
    }
    Ok(())
}

pub(super) fn transfer(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 3)?;
    let buffer = s.buffer(SIZE);
    for index in [0, 1, 0, 1, 1, 0] {
        let (_, id) = s.start_read(buffer, tensor, SIZE, Queue::transfers(0, index))?;
        let fd = s.eventfd()?;
        s.listen(id, fd)?.is(Status::SUCCESS)?;
        s.signalled(fd)?;
    }
    Ok(())
}

pub(super) fn while_pending(s: &Session) -> Outcome {
    s.init()?;
    let (model, io) = model(s)?;
    let queue = Queue::compute(0);
    s.hold_queue(queue)?;
    let (_, id) = s.submit(&model, &io)?;
    let fd = s.eventfd()?;
    s.listen(id, fd)?.is(Status::SUCCESS)?;
    s.done(id)?;
    s.silent(fd)?;
    s.release_queue(queue)?;
    s.signalled(fd)
}

pub(super) fn after_completion(s: &Session) -> Outcome {
    s.init()?;
    let (model, io) = model(s)?;
    let tensor = s.filled_tensor(0, SIZE, 3)?;
    let buffer = s.buffer(SIZE);
    let mut ids = vec![s.submit(&model, &io)?.1];
    for index in [0, 1] {
        ids.push(s.start_read(buffer, tensor, SIZE, Queue::transfers(0, index))?.1);
    }
    for id in &ids {
        s.wait(*id)?;
    }
    for id in ids {
        let fd = s.eventfd()?;
        s.listen(id, fd)?.is(Status::SUCCESS)?;
        s.signalled(fd)?;
    }
    Ok(())
}

pub(super) fn once(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 3)?;
    let buffer = s.buffer(SIZE);
    let queue = Queue::transfers(0, 0);
    let (_, id) = s.start_read(buffer, tensor, SIZE, queue)?;
    let fd = s.eventfd()?;
    s.listen(id, fd)?.needed()?;
    s.counts(fd, 1)?;
    for _ in 0..5 {
        let (_, id) = s.start_read(buffer, tensor, SIZE, queue)?;
        s.wait(id)?;
    }
    s.silent(fd)
}

pub(super) fn is_last(s: &Session) -> Outcome {
    s.init()?;
    let (model, io) = model(s)?;
    let tensor = s.filled_tensor(0, 1 << 16, 3)?;
    let buffer = s.buffer(1 << 16);
    for _ in 0..10 {
        let requests =
            [s.submit(&model, &io)?, s.start_read(buffer, tensor, 1 << 16, Queue::transfers(0, 0))?];
        for (word, id) in requests {
            let fd = s.eventfd()?;
            s.listen(id, fd)?.needed()?;
            s.signalled(fd)?;
            s.succeeded(word)?;
            let done = s.done(id)?;
            s.check(done.value() != 0, done.name, "the event came before the request had completed")?;
        }
    }
    Ok(())
}

pub(super) fn taken_back(s: &Session) -> Outcome {
    s.init()?;
    let (model, io) = model(s)?;
    let queue = Queue::compute(0);
    s.hold_queue(queue)?;
    let (_, id) = s.submit(&model, &io)?;
    let (fd, other) = (s.eventfd()?, s.eventfd()?);
    s.listen(id, fd)?.needed()?;
    s.unlisten(id)?.is(Status::SUCCESS)?;
    let (_, later) = s.submit(&model, &io)?;
    s.listen(later, other)?.needed()?;
    s.release_queue(queue)?;
    s.signalled(other)?; // whatever the first would signal comes before that
    s.silent(fd)
}

pub(super) fn each_its_own(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 3)?;
    let buffer = s.buffer(SIZE);
    let queue = Queue::transfers(0, 1);
    s.hold_queue(queue)?;
    let mut fds = Vec::new();
    for _ in 0..4 {
        let (_, id) = s.start_read(buffer, tensor, SIZE, queue)?;
        let fd = s.eventfd()?;
        s.listen(id, fd)?.needed()?;
        fds.push(fd);
    }
    for (index, fd) in fds.iter().enumerate() {
        s.step_queue(queue, 1)?;
        s.signalled(*fd)?;
        for later in &fds[index + 1..] {
            s.silent(*later)?;
        }
    }
    s.release_queue(queue)
}

pub(super) fn counts_several(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 3)?;
    let buffer = s.buffer(SIZE);
    let fd = s.eventfd()?;
    for round in 0..6 {
        let (_, id) = s.start_read(buffer, tensor, SIZE, Queue::transfers(0, round % 2))?;
        s.listen(id, fd)?.needed()?;
    }
    s.counts(fd, 6)?;
    s.silent(fd)
}

pub(super) fn error(s: &Session) -> Outcome {
    s.init()?;
    s.inject_status(0, 1, 1003)?;
    let (model, io) = model(s)?;
    let (word, id) = s.submit(&model, &io)?;
    let fd = s.eventfd()?;
    s.listen(id, fd)?.needed()?;
    s.signalled(fd)?;
    s.holds_status(word, Status(1003))
}

pub(super) fn behind_fatal(s: &Session) -> Outcome {
    s.init()?;
    s.inject_status(0, 1, 1202)?;
    let (model, io) = model(s)?;
    s.hold_queue(Queue::compute(0))?;
    let mut all = Vec::new();
    for status in [Status(1202), Status::UNRECOVERABLE, Status::UNRECOVERABLE] {
        let (word, id) = s.submit(&model, &io)?;
        let fd = s.eventfd()?;
        s.listen(id, fd)?.needed()?;
        all.push((word, fd, status));
    }
    s.release_queue(Queue::compute(0))?;
    for (word, fd, status) in all {
        s.signalled(fd)?;
        s.holds_status(word, status)?;
    }
    Ok(())
}

pub(super) fn no_such_unit(s: &Session) -> Outcome {
    s.init()?;
    let fd = s.eventfd()?;
    let refusals = [Status::INVALID, Status::INVALID_HANDLE, Status::FAILURE];
    for (core, xu, queue) in [(0, 15, 0), (0, COMPUTE, 9), (0, TENSOR_OP, 9), (255, COMPUTE, 0)] {
        let id = abi::sequence(core, xu, queue, 1);
        s.call("nrta_event_register_seq_id_completion", [id.into(), fd.into()])?.is_one_of(&refusals)?;
    }
    s.silent(fd)
}
