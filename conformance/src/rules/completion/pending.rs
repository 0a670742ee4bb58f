use crate::abi::{self, COLLECTIVES, COMPUTE, Status, TENSOR_OP};
use crate::session::{Argument, Queue, Request, Session};
use crate::verdict::Outcome;

pub(super) fn future(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, 64, 3)?;
    let buffer = s.buffer(64);
    let queue = Queue::transfers(0, 0);
    let (_, id) = s.start_read(buffer, tensor, 64, queue)?;
    s.wait(id)?;
    for ahead in [1_u64, 2, 1000, (1 << 47)] {
        let done = s.flag();
        let later = id.value() + ahead;
        s.call("nrta_is_completed", [later.into(), done.at()])?.ignored();
        let what = format!("{later:#018x} has completed, and was never submitted");
        s.check(done.value() == 0, format!("!{}", done.name), what)?;
    }
    Ok(())
}

/// Nothing is to be seen of a request.
fn is_pending(s: &Session, (word, id): Request, queue: Queue) -> Outcome {
    let done = s.flag();
    s.call("nrta_is_completed", [id.into(), done.at()])?.is(Status::SUCCESS)?;
    s.check(done.value() == 0, format!("!{}", done.name), "the request has completed")?;
    s.untouched(word)?;
    let last = s.last_of(queue)?;
    let what = format!("the number of the queue is {:#018x}", last.value());
    s.check(last.value() < id.value(), format!("{} < {}", last.name, id.name), what)
}

pub(super) fn held_run(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let queue = Queue::compute(0);
    s.hold_queue(queue)?;
    let requests = [s.submit(&model, &io)?, s.submit(&model, &io)?];
    for request in requests {
        is_pending(s, request, queue)?;
    }
    s.release_queue(queue)?;
    for (word, id) in requests {
        s.wait(id)?;
        s.succeeded(word)?;
    }
    Ok(())
}

pub(super) fn held_transfer(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, 4096, 3)?;
    let buffer = s.buffer(4096);
    for index in [0, 1] {
        let queue = Queue::transfers(0, index);
        s.hold_queue(queue)?;
        let requests =
            [s.start_read(buffer, tensor, 4096, queue)?, s.start_write(tensor, buffer, 4096, queue)?];
        for request in requests {
            is_pending(s, request, queue)?;
        }
        s.release_queue(queue)?;
        for (word, id) in requests {
            s.wait(id)?;
            s.succeeded(word)?;
        }
    }
    Ok(())
}

pub(super) fn written_once(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let tensor = s.filled_tensor(0, 64, 3)?;
    let buffer = s.buffer(64);
    let mut words = Vec::new();
    for round in 0..10_u64 {
        let requests = [s.submit(&model, &io)?, s.start_read(buffer, tensor, 64, Queue::transfers(0, 0))?];
        for (word, id) in requests {
            s.wait(id)?;
            let mark = 0x1234_0000 + round;
            s.statement(format!("{} = {mark}", word.name));
            word.set(mark);
            words.push((word, mark));
        }
    }
    for (word, mark) in words {
        let what = format!("the status was written again, {}", Status(word.signed()));
        s.check(word.value() == mark, format!("{} == {mark}", word.name), what)?;
    }
    Ok(())
}

pub(super) fn four_bytes(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let words = s.buffer(64);
    s.fill(words, 7);
    let id = s.sequence();
    let sets = [io.input_set.into(), io.output_set.into()];
    let [inputs, outputs] = sets;
    let arguments = [model.handle.into(), inputs, outputs, 0.into(), words.from(32), id.at()];
    s.call("nrta_execute_schedule", arguments)?.needed()?;
    s.wait(id)?;
    let name = words.name;
    let status = Status(words.u32(32).cast_signed());
    let in_c = format!("{name}[32] == 0 && {name}[33] == 0 && {name}[34] == 0 && {name}[35] == 0");
    s.check(status == Status::SUCCESS, in_c, format!("the status is {status}"))?;
    s.holds(words, 0, 32, 7, 0)?;
    s.holds(words, 36, 28, 7, 36)
}

/// Ids that name nothing, one above and one far above what there is.
fn are_refused(s: &Session, ids: impl IntoIterator<Item = u64>) -> Outcome {
    s.init()?;
    for id in ids {
        let done = s.flag();
        s.call("nrta_is_completed", [id.into(), done.at()])?.is(Status::INVALID)?;
    }
    Ok(())
}

pub(super) fn no_such_kind(s: &Session) -> Outcome {
    are_refused(s, [3, 15].map(|xu| abi::sequence(0, xu, 0, 1)))
}

pub(super) fn no_such_queue(s: &Session) -> Outcome {
    are_refused(
        s,
        [(COMPUTE, 1), (COMPUTE, 15), (TENSOR_OP, 2), (TENSOR_OP, 15)]
            .map(|(xu, queue)| abi::sequence(0, xu, queue, 1)),
    )
}

pub(super) fn no_such_core(s: &Session) -> Outcome {
    are_refused(s, [abi::sequence(255, COMPUTE, 0, 1), abi::sequence(255, TENSOR_OP, 0, 1)])
}

pub(super) fn one_byte(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, 64, 3)?;
    let buffer = s.buffer(64);
    let (_, id) = s.start_read(buffer, tensor, 64, Queue::transfers(0, 0))?;
    s.wait(id)?;
    let answer = s.buffer(16);
    s.fill(answer, 9);
    s.call("nrta_is_completed", [id.into(), answer.from(8)])?.needed()?;
    let what = format!("the answer is {}", answer.byte(8));
    s.check(answer.byte(8) == 1, format!("{}[8] == 1", answer.name), what)?;
    s.holds(answer, 0, 8, 9, 0)?;
    s.holds(answer, 9, 7, 9, 9)
}

pub(super) fn error_completes(s: &Session) -> Outcome {
    s.init()?;
    s.inject_status(0, 2, 1003)?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    for status in [Status::SUCCESS, Status(1003), Status::SUCCESS] {
        let (word, id) = s.submit(&model, &io)?;
        s.completes(id)?;
        s.holds_status(word, status)?;
    }
    Ok(())
}

pub(super) fn refused_has_none(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, 4096, 3)?;
    let buffer = s.buffer(4096);
    let (word, id) = (s.word(), s.sequence());
    let queue = 2.into(); // there are two
    let arguments =
        [buffer.into(), tensor.into(), 0.into(), 4096.into(), 0.into(), queue, word.at(), id.at()];
    s.call("nrta_tensor_read", arguments)?.is(Status::INVALID)?;
    let (_, id) = s.start_read(buffer, tensor, 4096, Queue::transfers(0, 0))?;
    s.wait(id)?;
    s.untouched(word)
}

pub(super) fn no_such_sequence(s: &Session) -> Outcome {
    s.init()?;
    for (core, xu, queue) in [
        (0, TENSOR_OP, 2),
        (0, COMPUTE, 1),
        (0, COLLECTIVES, 3),
        (0, COMPUTE, u32::MAX),
        (0, 3, 0),
        (0, u32::MAX, 0),
        (255, COMPUTE, 0),
        (u32::MAX, TENSOR_OP, 0),
    ] {
        let id = s.sequence();
        let (xu, queue) = (xu.cast_signed().into(), queue.cast_signed().into());
        s.call("nrta_get_sequence", [core.into(), xu, queue, id.at()])?.is(Status::INVALID)?;
    }
    Ok(())
}

pub(super) fn nowhere(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, 64, 3)?;
    let (_, id) = s.start_read(s.buffer(64), tensor, 64, Queue::transfers(0, 0))?;
    s.wait(id)?;
    s.call("nrta_is_completed", [id.into(), Argument::null()])?.is(Status::INVALID)?;
    let arguments = [0.into(), TENSOR_OP.into(), 0.into(), Argument::null()];
    s.call("nrta_get_sequence", arguments)?.is(Status::INVALID)
}
