use crate::abi::{COMPUTE, Status, number};
use crate::session::{Io, Model, Place, Queue, Session};
use crate::verdict::Outcome;

const SIZE: usize = 4096;

fn model(s: &Session, core: u32) -> Outcome<(Model, Io)> {
    let model = s.model(core)?;
    let io = s.io(&model)?;
    Ok((model, io))
}

/// A run that has to complete well.
fn runs_well(s: &Session, (model, io): &(Model, Io)) -> Outcome {
    let (word, id) = s.submit(model, io)?;
    s.completes(id)?;
    s.succeeded(word)
}

/// Transfers on a queue that have to complete well, with the right bytes.
fn transfers_well(s: &Session, queue: Queue) -> Outcome {
    let tensor = s.filled_tensor(queue.core, SIZE, 3)?;
    let target = s.tensor(queue.core, SIZE)?;
    let buffer = s.buffer(SIZE);
    let requests = [s.start_copy(tensor, target, SIZE, queue)?, s.start_read(buffer, target, SIZE, queue)?];
    for (word, id) in requests {
        s.completes(id)?;
        s.succeeded(word)?;
    }
    s.holds(buffer, 0, SIZE, 3, 0)
}

/// The rule wants a request to be pending still.
fn is_pending(s: &Session, (word, id): (Place, Place)) -> Outcome {
    let done = s.done(id)?;
    s.check(done.value() == 0, format!("!{}", done.name), "a request of the held queue has completed")?;
    s.untouched(word)
}

pub(super) fn compute_held(s: &Session) -> Outcome {
    s.init()?;
    let held = model(s, 0)?;
    s.hold_queue(Queue::compute(0))?;
    let request = s.submit(&held.0, &held.1)?;
    for index in [0, 1] {
        transfers_well(s, Queue::transfers(0, index))?;
    }
    is_pending(s, request)?;
    s.release_queue(Queue::compute(0))?;
    s.completes(request.1)
}

pub(super) fn transfers_held(s: &Session) -> Outcome {
    s.init()?;
    let other = model(s, 0)?;
    let tensor = s.filled_tensor(0, SIZE, 3)?;
    let buffer = s.buffer(SIZE);
    let mut held = Vec::new();
    for index in [0, 1] {
        let queue = Queue::transfers(0, index);
        s.hold_queue(queue)?;
        held.push(s.start_read(buffer, tensor, SIZE, queue)?);
    }
    for _ in 0..3 {
        runs_well(s, &other)?;
    }
    for (index, request) in (0..).zip(held) {
        is_pending(s, request)?;
        s.release_queue(Queue::transfers(0, index))?;
        s.completes(request.1)?;
    }
    Ok(())
}

pub(super) fn other_queue_held(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 3)?;
    let buffer = s.buffer(SIZE);
    for index in [0, 1] {
        let queue = Queue::transfers(0, index);
        s.hold_queue(queue)?;
        let request = s.start_read(buffer, tensor, SIZE, queue)?;
        transfers_well(s, Queue::transfers(0, 1 - index))?;
        is_pending(s, request)?;
        s.release_queue(queue)?;
        s.completes(request.1)?;
    }
    Ok(())
}

pub(super) fn other_core_held(s: &Session) -> Outcome {
    s.init()?;
    s.needs_cores(2)?;
    let (held, other) = (model(s, 0)?, model(s, 1)?);
    s.hold_queue(Queue::compute(0))?;
    s.hold_queue(Queue::transfers(0, 0))?;
    let tensor = s.filled_tensor(0, SIZE, 3)?;
    let requests =
        [s.submit(&held.0, &held.1)?, s.start_read(s.buffer(SIZE), tensor, SIZE, Queue::transfers(0, 0))?];
    runs_well(s, &other)?;
    transfers_well(s, Queue::transfers(1, 0))?;
    for request in requests {
        is_pending(s, request)?;
    }
    s.release_queue(Queue::compute(0))?;
    s.release_queue(Queue::transfers(0, 0))
}

pub(super) fn full(s: &Session) -> Outcome {
    s.init()?;
    let cores = s.cores()?;
    let (model_0, io_0) = model(s, 0)?;
    let other = if cores > 1 { Some(model(s, 1)?) } else { None };
    s.hold_queue(Queue::compute(0))?;
    let mut accepted = Vec::new();
    for _ in 0..s.compute_capacity() {
        accepted.push(s.submit(&model_0, &io_0)?);
    }
    s.schedule(&model_0, &io_0, s.word(), s.sequence())?.ignored(); // one more than fits
    for index in [0, 1] {
        transfers_well(s, Queue::transfers(0, index))?;
    }
    if let Some(other) = other {
        runs_well(s, &other)?;
    }
    s.release_queue(Queue::compute(0))?;
    for (word, id) in accepted {
        s.completes(id)?;
        s.succeeded(word)?;
    }
    Ok(())
}

/// Kills the compute unit of core 0.
fn kill(s: &Session) -> Outcome {
    s.inject_status(0, 1, 1202)?;
    let (model, io) = model(s, 0)?;
    let (word, id) = s.submit(&model, &io)?;
    s.wait(id)?;
    s.holds_status(word, Status(1202))
}

pub(super) fn dead_unit(s: &Session) -> Outcome {
    s.init()?;
    kill(s)?;
    for index in [0, 1] {
        transfers_well(s, Queue::transfers(0, index))?;
    }
    Ok(())
}

pub(super) fn dead_core(s: &Session) -> Outcome {
    s.init()?;
    s.needs_cores(2)?;
    let other = model(s, 1)?;
    runs_well(s, &other)?;
    kill(s)?;
    runs_well(s, &other)?;
    let later = model(s, 1)?;
    runs_well(s, &later)?;
    transfers_well(s, Queue::transfers(1, 0))
}

pub(super) fn own_status(s: &Session) -> Outcome {
    s.init()?;
    s.inject_status(0, 2, 1003)?;
    let (model, io) = model(s, 0)?;
    let tensor = s.filled_tensor(0, SIZE, 3)?;
    let buffer = s.buffer(SIZE);
    s.hold_queue(Queue::compute(0))?;
    let mut requests = Vec::new();
    for wanted in [Status::SUCCESS, Status(1003), Status::SUCCESS, Status::SUCCESS] {
        requests.push((s.submit(&model, &io)?, wanted));
        requests.push((s.start_read(buffer, tensor, SIZE, Queue::transfers(0, 0))?, Status::SUCCESS));
    }
    s.release_queue(Queue::compute(0))?;
    for ((word, id), wanted) in requests {
        s.completes(id)?;
        s.holds_status(word, wanted)?;
    }
    Ok(())
}

pub(super) fn own_number(s: &Session) -> Outcome {
    s.init()?;
    let cores = s.cores()?.min(2);
    let mut queues = Vec::new();
    for core in 0..cores {
        queues.extend([Queue::compute(core), Queue::transfers(core, 0), Queue::transfers(core, 1)]);
    }
    let models = (0..cores).map(|core| model(s, core)).collect::<Outcome<Vec<_>>>()?;
    let mut last = Vec::new();
    for queue in &queues {
        complete_one(s, *queue, &models)?;
        last.push(number(s.last_of(*queue)?.value()));
    }
    for (moved, queue) in queues.iter().enumerate() {
        complete_one(s, *queue, &models)?;
        last[moved] += 1;
        for (index, queue) in queues.iter().enumerate() {
            let now = s.last_of(*queue)?;
            let (seen, wanted) = (number(now.value()), last[index]);
            let in_c = format!("({} & 0xffffffffffff) == {wanted}", now.name);
            let what = format!("unit {queue:?} has number {seen}, not {wanted}");
            s.check(seen == wanted, in_c, what)?;
        }
    }
    Ok(())
}

fn complete_one(s: &Session, queue: Queue, models: &[(Model, Io)]) -> Outcome {
    let (_, id) = if queue.xu == COMPUTE {
        let (model, io) = &models[queue.core as usize];
        s.submit(model, io)?
    } else {
        let tensor = s.filled_tensor(queue.core, SIZE, 3)?;
        s.start_read(s.buffer(SIZE), tensor, SIZE, queue)?
    };
    s.wait(id)
}

pub(super) fn own_event(s: &Session) -> Outcome {
    s.init()?;
    let (fd, other) = (s.eventfd()?, s.eventfd()?);
    s.listen_to(Queue::transfers(0, 0), fd)?.needed()?;
    s.listen_to(Queue::compute(0), other)?.needed()?;
    kill(s)?;
    s.counts(other, 1)?;
    s.silent(fd)?;
    transfers_well(s, Queue::transfers(0, 0))?;
    s.counts(fd, 2)?;
    s.silent(other)
}

pub(super) fn unloaded(s: &Session) -> Outcome {
    s.init()?;
    s.needs_cores(2)?;
    let (first, other) = (model(s, 0)?, model(s, 1)?);
    runs_well(s, &first)?;
    runs_well(s, &other)?;
    s.call("nrt_unload", [first.0.handle.into()])?.needed()?;
    runs_well(s, &other)
}
