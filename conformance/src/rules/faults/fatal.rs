use proptest::sample::select;

use super::bench::{Bench, FATAL, HBM_ERROR};
use crate::abi::{COMPUTE, Status};
use crate::session::Session;
use crate::verdict::Outcome;

pub(super) fn own_status(s: &Session) -> Outcome {
    let status = s.draw(select(FATAL))?;
    let bench = Bench::new(s)?;
    s.inject_status(0, 1, status)?;
    let (word, id) = s.submit(&bench.model, &bench.io)?;
    s.completes(id)?;
    s.holds_status(word, Status(status))?;
    bench.refused()
}

pub(super) fn behind_it(s: &Session) -> Outcome {
    let depth = s.compute_capacity();
    let nth = s.draw(1..=depth)?;
    let bench = Bench::new(s)?;
    s.inject_status(0, nth, HBM_ERROR)?;
    s.hold(0, COMPUTE, 0)?;
    let requests = bench.submit(depth)?;
    s.release(0, COMPUTE, 0)?;
    for ((word, id), place) in requests.into_iter().zip(1..) {
        s.completes(id)?;
        let wanted = if place < nth {
            0
        } else if place == nth {
            HBM_ERROR
        } else {
            101
        };
        s.holds_status(word, Status(wanted))?;
    }
    Ok(())
}

/// Looks at one request after the other while they end: an earlier one is never seen later.
pub(super) fn in_order(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let depth = s.compute_capacity();
    s.inject_status(0, 1, HBM_ERROR)?;
    s.hold(0, COMPUTE, 0)?;
    let requests = bench.submit(depth)?;
    s.release(0, COMPUTE, 0)?;
    s.completes(requests[requests.len() - 1].1)?;
    for (word, id) in &requests {
        let done = s.flag();
        s.call("nrta_is_completed", [(*id).into(), done.at()])?.is(Status::SUCCESS)?;
        s.check(done.value() == 1, done.name, "a later request has completed, and this one has not")?;
        let what = "a request has completed without a status";
        s.check(!word.is_untouched(), format!("{} != 0x7fffffff", word.name), what)?;
    }
    Ok(())
}

pub(super) fn sequence_goes_on(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    s.inject_status(0, 1, HBM_ERROR)?;
    s.hold(0, COMPUTE, 0)?;
    let requests = bench.submit(s.compute_capacity())?;
    s.release(0, COMPUTE, 0)?;
    let last = requests[requests.len() - 1].1;
    let seen = s.reaches(0, COMPUTE, 0, last)?;
    let what = format!("the sequence is {:#018x} after {:#018x} has failed", seen.value(), last.value());
    s.check(seen.value() == last.value(), format!("{} == {}", seen.name, last.name), what)
}

pub(super) fn events_come(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    s.inject_status(0, 1, HBM_ERROR)?;
    s.hold(0, COMPUTE, 0)?;
    let requests = bench.submit(s.compute_capacity())?;
    let mut events = Vec::new();
    for (_, id) in &requests {
        let fd = s.eventfd()?;
        s.call("nrta_event_register_seq_id_completion", [(*id).into(), fd.into()])?.needed()?;
        s.silent(fd)?;
        events.push(fd);
    }
    s.release(0, COMPUTE, 0)?;
    events.into_iter().try_for_each(|fd| s.signalled(fd))?;
    requests.into_iter().try_for_each(|(_, id)| s.completes(id))
}

pub(super) fn event_after_failure(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let id = bench.kill()?;
    let fd = s.eventfd()?;
    s.call("nrta_event_register_seq_id_completion", [id.into(), fd.into()])?.is(Status::SUCCESS)?;
    s.signalled(fd)
}

pub(super) fn status_before_sequence(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    s.inject_status(0, 1, HBM_ERROR)?;
    let (word, id) = s.submit(&bench.model, &bench.io)?;
    let seen = s.reaches(0, COMPUTE, 0, id)?;
    s.check(seen.value() == id.value(), format!("{} == {}", seen.name, id.name), "another id has completed")?;
    s.holds_status(word, Status(HBM_ERROR))
}

pub(super) fn refuses(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    bench.kill()?;
    for _ in 0..s.compute_capacity() * 3 {
        bench.refused()?;
    }
    Ok(())
}

pub(super) fn refusals_take_no_number(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let last = bench.kill()?;
    for _ in 0..10 {
        bench.refused()?;
        let seen = s.completed(0)?;
        let what = "the sequence of a dead unit has moved";
        s.check(seen.value() == last.value(), format!("{} == {}", seen.name, last.name), what)?;
    }
    Ok(())
}

pub(super) fn stays_dead(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let id = bench.kill()?;
    let tensor = s.filled_tensor(0, 64, 1)?;
    for round in 0..s.effort(50) {
        bench.refused()?;
        let done = s.flag();
        s.call("nrta_is_completed", [id.into(), done.at()])?.is(Status::SUCCESS)?;
        s.completed(0)?;
        s.read(tensor, 64)?;
        if round % 10 == 0 {
            let model = s.model(0)?;
            s.call("nrt_unload", [model.handle.into()])?.needed()?;
        }
    }
    bench.refused()
}

pub(super) fn writes_no_outputs(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    s.fill_outputs(&bench.io, 5)?;
    bench.kill()?;
    s.outputs_hold(&bench.io, 5)
}

pub(super) fn behind_it_nothing_is_written(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let other = s.io(&bench.model)?;
    s.fill_outputs(&other, 5)?;
    s.inject_status(0, 1, HBM_ERROR)?;
    s.hold(0, COMPUTE, 0)?;
    s.submit(&bench.model, &bench.io)?;
    let (word, id) = s.submit(&bench.model, &other)?;
    s.release(0, COMPUTE, 0)?;
    s.completes(id)?;
    s.holds_status(word, Status::UNRECOVERABLE)?;
    s.outputs_hold(&other, 5)
}

pub(super) fn before_it_all_is_well(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let wanted = s.expected(&bench.model, 1)?;
    s.inject_status(0, 2, HBM_ERROR)?;
    let (word, id) = s.submit(&bench.model, &bench.io)?;
    s.completes(id)?;
    let other = s.io(&bench.model)?;
    let (_, bad) = s.submit(&bench.model, &other)?;
    s.completes(bad)?;
    s.holds_status(word, Status::SUCCESS)?;
    s.same(&s.outputs(&bench.io)?, &wanted)
}

pub(super) fn blocking_run_reports(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    s.inject_status(0, 1, HBM_ERROR)?;
    bench.execute()?.is(Status(HBM_ERROR))?;
    bench.refused()
}

pub(super) fn blocking_run_is_refused(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    bench.kill()?;
    s.fill_outputs(&bench.io, 5)?;
    for _ in 0..3 {
        bench.execute()?.is(Status::UNRECOVERABLE)?;
    }
    s.outputs_hold(&bench.io, 5)
}

pub(super) fn other_models_are_refused(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let (before, io) = (s.model(0)?, s.io(&bench.model)?);
    bench.kill()?;
    let after = s.model(0)?;
    for model in [before, after] {
        let (word, id) = (s.word(), s.sequence());
        s.schedule(&model, &io, word, id)?.is(Status::UNRECOVERABLE)?;
        s.untouched(word)?;
    }
    Ok(())
}

pub(super) fn hang(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    s.inject("unit = \"compute\"\ncore = 0\nnth = 1\nhang = true")?;
    s.hold(0, COMPUTE, 0)?;
    let requests = bench.submit(s.compute_capacity().min(3))?;
    s.release(0, COMPUTE, 0)?;
    for ((word, id), place) in requests.into_iter().zip(0..) {
        s.completes(id)?;
        s.holds_status(word, if place == 0 { Status::TIMEOUT } else { Status::UNRECOVERABLE })?;
    }
    bench.refused()
}
