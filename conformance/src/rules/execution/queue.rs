use proptest::prelude::any;

use crate::abi::{COMPUTE, Status, number};
use crate::session::{Io, Session};
use crate::verdict::{Outcome, Stop};

pub(super) fn asynchronous_writes_the_same(s: &Session) -> Outcome {
    let seed = s.draw(any::<u8>())?;
    s.init()?;
    let model = s.model(0)?;
    let wanted = s.expected(&model, seed)?;
    let io = s.io(&model)?;
    s.fill_inputs(&io, seed)?;
    let (word, id) = s.submit(&model, &io)?;
    s.completes(id)?;
    s.holds_status(word, Status::SUCCESS)?;
    s.same(&s.outputs(&io)?, &wanted)
}

pub(super) fn blocking_waits_its_turn(s: &Session) -> Outcome {
    let count = s.draw(1..s.compute_capacity().max(2))?;
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let requests = (0..count).map(|_| s.submit(&model, &io)).collect::<Outcome<Vec<_>>>()?;
    s.execute(&model, &io)?;
    for (word, id) in requests {
        let done = s.flag();
        s.call("nrta_is_completed", [id.into(), done.at()])?.is(Status::SUCCESS)?;
        let what = "nrt_execute has returned, and a request that was queued before it is not complete";
        s.check(done.value() == 1, done.name, what)?;
        s.holds_status(word, Status::SUCCESS)?;
    }
    Ok(())
}

pub(super) fn blocking_takes_a_number(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let (_, before) = s.submit(&model, &io)?;
    s.execute(&model, &io)?;
    let (_, after) = s.submit(&model, &io)?;
    let taken = number(after.value()).wrapping_sub(number(before.value()));
    let in_c = format!("{} - {} == 2", after.name, before.name);
    s.check(taken == 2, in_c, format!("from one request to the next but one the number rose by {taken}"))
}

pub(super) fn blocking_never_full(s: &Session) -> Outcome {
    let rounds = s.draw(1..4_u64)?;
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    for _ in 0..rounds {
        for _ in 0..=s.compute_capacity() {
            let answer = s.schedule(&model, &io, s.word(), s.sequence())?;
            answer.is_one_of(&[Status::SUCCESS, Status::QUEUE_FULL])?;
        }
        let arguments = [model.handle.into(), io.input_set.into(), io.output_set.into()];
        s.call("nrt_execute", arguments)?.is(Status::SUCCESS)?;
    }
    Ok(())
}

/// The output of one run is the input of the next, where the model has two such tensors.
pub(super) fn runs_follow_each_other(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let fits = |size: usize| model.inputs.iter().position(|(_, input)| *input <= size);
    let pair = model.outputs.iter().enumerate().find_map(|(index, (_, size))| Some((index, fits(*size)?)));
    let Some((from, to)) = pair else {
        return Err(Stop::not_applicable("no output of the model fits one of its inputs"));
    };
    let first = s.io(&model)?;
    let mut second = s.io(&model)?;
    second.inputs[to] = first.outputs[from];
    let add = [second.input_set.into(), model.inputs[to].0.as_str().into(), first.outputs[from].into()];
    s.call("nrt_add_tensor_to_tensor_set", add)?.needed()?;
    let prepare = |first: &Io, second: &Io| {
        s.fill_inputs(second, 4)?;
        s.fill_inputs(first, 3)?;
        s.fill_outputs(first, 5)
    };
    prepare(&first, &second)?;
    s.execute(&model, &first)?;
    s.execute(&model, &second)?;
    let wanted = s.outputs(&second)?;
    prepare(&first, &second)?;
    s.fill_outputs(&second, 6)?;
    if s.offers("nrt_sim_pause") {
        s.hold(0, COMPUTE, 0)?;
    }
    s.submit(&model, &first)?;
    let (_, last) = s.submit(&model, &second)?;
    if s.offers("nrt_sim_pause") {
        s.release(0, COMPUTE, 0)?;
    }
    s.completes(last)?;
    s.same(&s.outputs(&second)?, &wanted)
}
