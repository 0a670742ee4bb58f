use crate::abi::{COLLECTIVES, COMPUTE, Status, TENSOR_OP};
use crate::session::{Place, Queue, Session};
use crate::verdict::Outcome;

const SIZE: usize = 4096;

/// Lets some transfers complete, one after the other.
fn transfer(s: &Session, queue: Queue, times: usize) -> Outcome {
    let tensor = s.filled_tensor(queue.core, SIZE, 3)?;
    let buffer = s.buffer(SIZE);
    for _ in 0..times {
        let (_, id) = s.start_read(buffer, tensor, SIZE, queue)?;
        s.wait(id)?;
    }
    Ok(())
}

/// Lets some runs complete, one after the other.
fn run(s: &Session, core: u32, times: usize) -> Outcome {
    let model = s.model(core)?;
    let io = s.io(&model)?;
    for _ in 0..times {
        let (_, id) = s.submit(&model, &io)?;
        s.wait(id)?;
    }
    Ok(())
}

/// An eventfd for a queue.
fn listen(s: &Session, queue: Queue) -> Outcome<Place> {
    let fd = s.eventfd()?;
    s.listen_to(queue, fd)?.is(Status::SUCCESS)?;
    Ok(fd)
}

pub(super) fn before_first(s: &Session) -> Outcome {
    s.init()?;
    let queues = [Queue::compute(0), Queue::transfers(0, 0), Queue::transfers(0, 1)];
    for queue in queues {
        let fd = listen(s, queue)?;
        s.silent(fd)?;
        if queue.xu == COMPUTE {
            run(s, 0, 1)?;
        } else {
            transfer(s, queue, 1)?;
        }
        s.signalled(fd)?;
    }
    Ok(())
}

pub(super) fn transfers_add_up(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 3)?;
    let buffer = s.buffer(SIZE);
    let queue = Queue::transfers(0, 0);
    let fd = listen(s, queue)?;
    for _ in 0..4 {
        let requests = (0..25).map(|_| s.start_read(buffer, tensor, SIZE, queue));
        let requests = requests.collect::<Outcome<Vec<_>>>()?;
        s.wait(requests[24].1)?;
        s.counts(fd, 25)?;
    }
    transfer(s, Queue::transfers(0, 1), 2)?;
    s.silent(fd)
}

pub(super) fn runs_add_up(s: &Session) -> Outcome {
    s.init()?;
    let fd = listen(s, Queue::compute(0))?;
    run(s, 0, 15)?;
    s.counts(fd, 15)?;
    transfer(s, Queue::transfers(0, 1), 2)?;
    s.silent(fd)
}

pub(super) fn step_by_step(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 3)?;
    let buffer = s.buffer(SIZE);
    let queue = Queue::transfers(0, 0);
    let fd = listen(s, queue)?;
    s.hold_queue(queue)?;
    for _ in 0..6 {
        s.start_read(buffer, tensor, SIZE, queue)?;
    }
    s.silent(fd)?;
    for times in [1, 2, 3] {
        s.step_queue(queue, times)?;
        s.counts(fd, times)?;
        s.silent(fd)?;
    }
    s.release_queue(queue)
}

pub(super) fn taken_back(s: &Session) -> Outcome {
    s.init()?;
    for queue in [Queue::transfers(0, 0), Queue::transfers(0, 1)] {
        let fd = listen(s, queue)?;
        transfer(s, queue, 2)?;
        s.counts(fd, 2)?;
        s.unlisten_to(queue)?.is(Status::SUCCESS)?;
        transfer(s, queue, 5)?;
        s.silent(fd)?;
    }
    Ok(())
}

pub(super) fn taken_back_twice(s: &Session) -> Outcome {
    s.init()?;
    let queue = Queue::transfers(0, 0);
    s.unlisten_to(queue)?.ignored();
    s.unlisten_to(Queue::compute(0))?.ignored();
    let fd = listen(s, queue)?;
    transfer(s, queue, 1)?;
    s.counts(fd, 1)?;
    s.unlisten_to(queue)?.ignored();
    s.unlisten_to(queue)?.ignored();
    transfer(s, queue, 2)?;
    s.silent(fd)?;
    run(s, 0, 1)
}

pub(super) fn again(s: &Session) -> Outcome {
    s.init()?;
    let queue = Queue::transfers(0, 0);
    let first = listen(s, queue)?;
    transfer(s, queue, 1)?;
    s.counts(first, 1)?;
    s.unlisten_to(queue)?.needed()?;
    let second = listen(s, queue)?;
    transfer(s, queue, 3)?;
    s.counts(second, 3)?;
    s.silent(first)
}

pub(super) fn foreign(s: &Session) -> Outcome {
    s.init()?;
    let cores = s.cores()?;
    let queues = [Queue::compute(0), Queue::transfers(0, 0), Queue::transfers(0, 1)];
    let fds = [listen(s, queues[0])?, listen(s, queues[1])?, listen(s, queues[2])?];
    run(s, 0, 2)?;
    s.counts(fds[0], 2)?;
    s.silent(fds[1])?;
    s.silent(fds[2])?;
    transfer(s, queues[1], 2)?;
    s.counts(fds[1], 2)?;
    s.silent(fds[0])?;
    s.silent(fds[2])?;
    transfer(s, queues[2], 2)?;
    s.counts(fds[2], 2)?;
    s.silent(fds[0])?;
    s.silent(fds[1])?;
    if cores > 1 {
        run(s, 1, 2)?;
        transfer(s, Queue::transfers(1, 0), 2)?;
        transfer(s, Queue::transfers(1, 1), 2)?;
        for fd in fds {
            s.silent(fd)?;
        }
    }
    Ok(())
}

pub(super) fn all_at_once(s: &Session) -> Outcome {
    s.init()?;
    let cores = s.cores()?.min(8);
    let mut fds = Vec::new();
    for core in 0..cores {
        let queues = [Queue::transfers(core, 0), Queue::transfers(core, 1), Queue::compute(core)];
        for (index, queue) in queues.into_iter().enumerate() {
            fds.push((listen(s, queue)?, queue, (core as usize + index) % 3 + 1));
        }
    }
    for (_, queue, times) in &fds {
        if queue.xu == COMPUTE { run(s, queue.core, *times)? } else { transfer(s, *queue, *times)? }
    }
    for (fd, _, times) in &fds {
        s.counts(*fd, *times as u64)?;
    }
    for (fd, ..) in &fds {
        s.silent(*fd)?;
    }
    Ok(())
}

pub(super) fn both_kinds(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 3)?;
    let buffer = s.buffer(SIZE);
    let queue = Queue::transfers(0, 0);
    let of_queue = listen(s, queue)?;
    for _ in 0..5 {
        let (_, id) = s.start_read(buffer, tensor, SIZE, queue)?;
        let own = s.eventfd()?;
        s.listen(id, own)?.needed()?;
        s.counts(own, 1)?;
        s.counts(of_queue, 1)?;
    }
    s.silent(of_queue)
}

pub(super) fn counts_errors(s: &Session) -> Outcome {
    s.init()?;
    s.inject_status(0, 2, 1003)?;
    let fd = listen(s, Queue::compute(0))?;
    run(s, 0, 4)?;
    s.counts(fd, 4)
}

pub(super) fn no_such_queue(s: &Session) -> Outcome {
    s.init()?;
    let fd = s.eventfd()?;
    let refusals = [Status::INVALID, Status::INVALID_HANDLE, Status::FAILURE];
    for (core, xu, index) in [
        (0, TENSOR_OP, 2),
        (0, COMPUTE, 1),
        (0, COLLECTIVES, 3),
        (0, 3, 0),
        (0, COMPUTE, u32::MAX),
        (u32::MAX, COMPUTE, 0),
        (255, COMPUTE, 0),
    ] {
        let [core, xu, index] = [core, xu, index].map(u32::cast_signed);
        let arguments = [core.into(), xu.into(), index.into(), fd.into()];
        s.call("nrta_event_register_xu_completion", arguments)?.is_one_of(&refusals)?;
    }
    s.silent(fd)
}
