use proptest::collection::vec;
use proptest::prelude::any;

use crate::abi::{COMPUTE, Status, number};
use crate::session::{Io, Model, Place, Session};
use crate::verdict::{Outcome, Stop};

/// A model on core 0 whose queue is held, with a set of tensors.
fn held(s: &Session) -> Outcome<(Model, Io)> {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    s.fill_inputs(&io, 1)?;
    s.hold(0, COMPUTE, 0)?;
    Ok((model, io))
}

/// Wants so many runs to be accepted.
fn accepted(s: &Session, model: &Model, io: &Io, count: u64) -> Outcome<Vec<(Place, Place)>> {
    let accept = |_| {
        let (word, id) = (s.word(), s.sequence());
        s.schedule(model, io, word, id)?.is(Status::SUCCESS)?;
        Ok((word, id))
    };
    (0..count).map(accept).collect()
}

/// Wants a run to be refused because the queue is full.
fn refused(s: &Session, model: &Model, io: &Io) -> Outcome<(Place, Place)> {
    let (word, id) = (s.word(), s.sequence());
    s.schedule(model, io, word, id)?.is(Status::QUEUE_FULL)?;
    Ok((word, id))
}

/// Wants the queue to take exactly so many runs.
fn takes(s: &Session, capacity: u64) -> Outcome {
    let (model, io) = held(s)?;
    let requests = accepted(s, &model, &io, capacity)?;
    refused(s, &model, &io)?;
    s.release(0, COMPUTE, 0)?;
    for (word, id) in requests {
        s.completes(id)?;
        s.holds_status(word, Status::SUCCESS)?;
    }
    Ok(())
}

pub(super) fn by_default(s: &Session) -> Outcome {
    if std::env::var_os("NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS").is_some() {
        return Err(Stop::not_applicable("NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS is set"));
    }
    takes(s, 8)
}

pub(super) fn as_set(s: &Session) -> Outcome {
    takes(s, s.compute_capacity())
}

pub(super) fn writes_nothing(s: &Session) -> Outcome {
    let (model, io) = held(s)?;
    accepted(s, &model, &io, s.compute_capacity())?;
    let (word, id) = refused(s, &model, &io)?;
    s.untouched(word)?;
    s.check(id.value() == u64::MAX, format!("{} == UINT64_MAX", id.name), "a refused request has got an id")
}

pub(super) fn takes_no_number(s: &Session) -> Outcome {
    let (model, io) = held(s)?;
    let requests = accepted(s, &model, &io, s.compute_capacity())?;
    for _ in 0..3 {
        refused(s, &model, &io)?;
    }
    s.step(0, COMPUTE, 0, 1)?;
    let next = accepted(s, &model, &io, 1)?;
    let (last, next) = (requests[requests.len() - 1].1, next[0].1);
    let rose = number(next.value()).wrapping_sub(number(last.value()));
    let in_c = format!("{} == {} + 1", next.name, last.name);
    s.check(rose == 1, in_c, format!("the number rose by {rose}: a refused request has taken one"))
}

pub(super) fn queues_nothing(s: &Session) -> Outcome {
    let (model, io) = held(s)?;
    let other = s.io(&model)?;
    s.fill_outputs(&other, 9)?;
    let requests = accepted(s, &model, &io, s.compute_capacity())?;
    let refusals = (0..3).map(|_| refused(s, &model, &other)).collect::<Outcome<Vec<_>>>()?;
    s.release(0, COMPUTE, 0)?;
    let last = requests[requests.len() - 1].1;
    s.completes(last)?;
    s.execute(&model, &io)?; // whatever else was queued is over when this is
    refusals.into_iter().try_for_each(|(word, _)| s.untouched(word))?;
    s.outputs_hold(&other, 9)
}

/// Completions of the queue are counted by an eventfd.
pub(super) fn completes_what_it_took(s: &Session) -> Outcome {
    let (model, io) = held(s)?;
    let fd = s.eventfd()?;
    let register = [0.into(), COMPUTE.into(), 0.into(), fd.into()];
    s.call("nrta_event_register_xu_completion", register)?.needed()?;
    let requests = accepted(s, &model, &io, s.compute_capacity())?;
    for _ in 0..3 {
        refused(s, &model, &io)?;
    }
    s.release(0, COMPUTE, 0)?;
    s.completes(requests[requests.len() - 1].1)?;
    s.execute(&model, &io)?; // one more; whatever else was queued is over when this is
    let register = [0.into(), COMPUTE.into(), 0.into(), (-1).into()];
    s.call("nrta_event_register_xu_completion", register)?.needed()?;
    let wanted = s.compute_capacity() + 1;
    s.statement(format!("uint64_t count = 0; read({}, &count, 8)", fd.name));
    let count = s.read_eventfd(fd);
    let what = format!("{count} requests have completed where {wanted} were accepted");
    s.check(count <= wanted, format!("count <= {wanted}"), what)
}

pub(super) fn completion_frees_one_place(s: &Session) -> Outcome {
    let (model, io) = held(s)?;
    accepted(s, &model, &io, s.compute_capacity())?;
    for _ in 0..5 {
        refused(s, &model, &io)?;
        s.step(0, COMPUTE, 0, 1)?;
        accepted(s, &model, &io, 1)?;
    }
    refused(s, &model, &io).map(|_| ())
}

pub(super) fn completions_free_as_many_places(s: &Session) -> Outcome {
    let (model, io) = held(s)?;
    let capacity = s.compute_capacity();
    accepted(s, &model, &io, capacity)?;
    for count in [capacity / 2, capacity] {
        s.step(0, COMPUTE, 0, count)?;
        accepted(s, &model, &io, count)?;
        refused(s, &model, &io)?;
    }
    Ok(())
}

/// Any mixture of submissions and completions, beside a count.
pub(super) fn depth_is_what_counts(s: &Session) -> Outcome {
    let steps = s.draw(vec(any::<Option<u8>>(), 1..40))?;
    let (model, io) = held(s)?;
    let mut depth = 0;
    for step in steps {
        match step {
            Some(count) => {
                let count = u64::from(count % 4).min(depth);
                s.step(0, COMPUTE, 0, count)?;
                depth -= count;
            }
            None if depth == s.compute_capacity() => {
                refused(s, &model, &io)?;
            }
            None => {
                accepted(s, &model, &io, 1)?;
                depth += 1;
            }
        }
    }
    Ok(())
}

pub(super) fn models_share_a_queue(s: &Session) -> Outcome {
    let (first, io) = held(s)?;
    let second = s.model(0)?;
    let capacity = s.compute_capacity();
    accepted(s, &first, &io, capacity / 2)?;
    accepted(s, &second, &io, capacity - capacity / 2)?;
    refused(s, &first, &io)?;
    refused(s, &second, &io).map(|_| ())
}

pub(super) fn cores_have_their_own(s: &Session) -> Outcome {
    let (model, io) = held(s)?;
    s.needs_cores(2)?;
    let other = s.model(1)?;
    let other_io = s.io(&other)?;
    s.hold(1, COMPUTE, 0)?;
    accepted(s, &model, &io, s.compute_capacity())?;
    refused(s, &model, &io)?;
    accepted(s, &other, &other_io, s.compute_capacity())?;
    refused(s, &other, &other_io)?;
    s.step(0, COMPUTE, 0, 1)?;
    refused(s, &other, &other_io)?;
    accepted(s, &model, &io, 1).map(|_| ())
}

pub(super) fn transfers_go_on(s: &Session) -> Outcome {
    let (model, io) = held(s)?;
    accepted(s, &model, &io, s.compute_capacity())?;
    refused(s, &model, &io)?;
    let (tensor, buffer) = (s.tensor(0, 64)?, s.buffer(64));
    let (word, id) = (s.word(), s.sequence());
    let place = [tensor.into(), buffer.into(), 0.into(), 64.into(), 0.into(), 0.into(), word.at(), id.at()];
    s.call("nrta_tensor_write", place)?.is(Status::SUCCESS)?;
    s.completes(id)?;
    s.holds_status(word, Status::SUCCESS)
}
