use crate::abi::{COLLECTIVES, Status};
use crate::session::{Answer, Argument, Buffer, Place, Session};
use crate::verdict::{Outcome, Stop};

/// Arguments of `nrta_cc_prepare` for a group of one: participants, inputs, outputs.
fn alone(s: &Session) -> Outcome<[Buffer; 3]> {
    let (group, comm) = (s.buffer(4), s.buffer(32));
    s.statement(format!("*(void **){} = {}", comm.name, group.name));
    comm.write(0, &group.address().to_le_bytes());
    for at in [12, 20] {
        s.statement(format!("{}[{at}] = 1", comm.name)); // one of one
        comm.write(at, &[1]);
    }
    let list = || {
        let (tensor, list) = (s.tensor(0, 256)?, s.buffer(16));
        s.statement(format!("*(void **){} = &{}, {}[8] = 1", list.name, tensor.name, list.name));
        list.write(0, &tensor.address().to_le_bytes());
        list.write(8, &[1]);
        Ok(list)
    };
    Ok([comm, list()?, list()?])
}

/// A collective that is ready to be scheduled, where the library makes such for a group of one.
fn prepared(s: &Session) -> Outcome<Place> {
    let [comm, inputs, outputs] = alone(s)?;
    let context = s.pointer('p');
    let arguments = [comm.into(), inputs.into(), outputs.into(), 10.into(), 0.into(), 1.into(), context.at()];
    let answer = s.call("nrta_cc_prepare", arguments)?;
    if answer.status() == Status::SUCCESS {
        answer.needed()?;
        return Ok(context);
    }
    Err(Stop::not_applicable(format!("nrta_cc_prepare for a group of one answers {}", answer.status())))
}

fn stays(s: &Session, context: Place) -> Outcome {
    let in_c = format!("{} != NULL", context.name);
    s.check(context.value() != 0, in_c, "a refused collective has taken its context")
}

pub(super) fn before_init(s: &Session) -> Outcome {
    let (word, id) = (s.word(), s.sequence());
    s.call("nrta_cc_schedule", [Argument::null(), (-1).into(), word.at(), id.at()])?
        .is(Status::UNINITIALIZED)?;
    s.untouched(word)?;
    prepare_nothing(s)?.is(Status::UNINITIALIZED)
}

pub(super) fn in_implicit_mode(s: &Session) -> Outcome {
    s.init()?;
    let (word, id) = (s.word(), s.sequence());
    s.call("nrta_cc_schedule", [Argument::null(), (-1).into(), word.at(), id.at()])?.is(Status::FAILURE)?;
    s.untouched(word)?;
    prepare_nothing(s)?.is(Status::FAILURE)
}

fn prepare_nothing(s: &Session) -> Outcome<Answer<'_>> {
    let null = Argument::null;
    s.call("nrta_cc_prepare", [null(), null(), null(), 10.into(), 0.into(), 1.into(), null()])
}

pub(super) fn prepare_without_pointers(s: &Session) -> Outcome {
    s.init()?;
    let [comm, inputs, outputs] = alone(s)?;
    for missing in [0, 1, 2, 6] {
        let context = s.pointer('p');
        let mut arguments =
            [comm.into(), inputs.into(), outputs.into(), 10.into(), 0.into(), 1.into(), context.at()];
        arguments[missing] = Argument::null();
        s.call("nrta_cc_prepare", arguments)?.is(Status::INVALID)?;
        let in_c = format!("{} == NULL", context.name);
        s.check(context.value() == 0, in_c, "a refused collective has got a context")?;
    }
    Ok(())
}

pub(super) fn schedule_without_context(s: &Session) -> Outcome {
    s.init()?;
    let (word, id) = (s.word(), s.sequence());
    s.call("nrta_cc_schedule", [Argument::null(), 0.into(), word.at(), id.at()])?.is(Status::INVALID)?;
    s.untouched(word)?;
    s.check(id.value() == u64::MAX, format!("{} == UINT64_MAX", id.name), "a refused request has got an id")
}

pub(super) fn schedule_on_a_bad_queue(s: &Session) -> Outcome {
    s.init()?;
    let context = prepared(s)?;
    for queue in [-1, 3, 1000] {
        let (word, id) = (s.word(), s.sequence());
        s.call("nrta_cc_schedule", [context.at(), queue.into(), word.at(), id.at()])?.is(Status::INVALID)?;
        s.untouched(word)?;
        stays(s, context)?;
    }
    let (word, id) = (s.word(), s.sequence());
    s.call("nrta_cc_schedule", [context.at(), 0.into(), word.at(), id.at()])?.is(Status::SUCCESS)?;
    s.numbered(id, 1)
}

pub(super) fn schedule_without_id(s: &Session) -> Outcome {
    s.init()?;
    let (context, word) = (prepared(s)?, s.word());
    let arguments = [context.at(), 0.into(), word.at(), Argument::null()];
    s.call("nrta_cc_schedule", arguments)?.is(Status::INVALID)?;
    s.untouched(word)?;
    stays(s, context)
}

pub(super) fn schedule_takes_the_context(s: &Session) -> Outcome {
    s.init()?;
    let (context, word, id) = (prepared(s)?, s.word(), s.sequence());
    s.call("nrta_cc_schedule", [context.at(), 0.into(), word.at(), id.at()])?.is(Status::SUCCESS)?;
    let in_c = format!("{} == NULL", context.name);
    s.check(context.value() == 0, in_c, "the context is still there")?;
    s.completes(id)?;
    s.holds_status(word, Status::SUCCESS)
}

pub(super) fn status_waits(s: &Session) -> Outcome {
    s.init()?;
    let (context, word, id) = (prepared(s)?, s.word(), s.sequence());
    s.hold(0, COLLECTIVES, 0)?;
    s.call("nrta_cc_schedule", [context.at(), 0.into(), word.at(), id.at()])?.is(Status::SUCCESS)?;
    let done = s.flag();
    for _ in 0..20 {
        s.call("nrta_is_completed", [id.into(), done.at()])?.is(Status::SUCCESS)?;
        s.check(done.value() == 0, format!("!{}", done.name), "a request that is held has completed")?;
        s.untouched(word)?;
    }
    s.release(0, COLLECTIVES, 0)?;
    s.completes(id)?;
    s.holds_status(word, Status::SUCCESS)
}
