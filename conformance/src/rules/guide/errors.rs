use super::bench::{Bench, done};
use crate::abi::{COMPUTE, Status};
use crate::session::{Io, Session};
use crate::verdict::{Outcome, Stop};

/// As many requests as the guide's example has.
const REQUESTS: u64 = 8;

fn needs_room(s: &Session) -> Outcome {
    if s.compute_capacity() >= REQUESTS {
        return Ok(());
    }
    Err(Stop::not_applicable("NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS leaves no room for eight requests"))
}

pub(super) fn eight_requests(s: &Session) -> Outcome {
    needs_room(s)?;
    let bench = Bench::new(s)?;
    let wanted = s.expected(&bench.model, 1)?;
    let mut requests = Vec::new();
    for _ in 0..REQUESTS {
        let (io, word, id): (Io, _, _) = (s.io(&bench.model)?, s.word(), s.sequence());
        s.fill_inputs(&io, 1)?;
        s.schedule(&bench.model, &io, word, id)?.is(Status::SUCCESS)?;
        requests.push((io, word, id));
    }
    for (io, word, id) in requests {
        s.completes(id)?;
        s.holds_status(word, Status::SUCCESS)?;
        s.same(&s.outputs(&io)?, &wanted)?;
    }
    Ok(())
}

pub(super) fn each_has_its_own(s: &Session) -> Outcome {
    needs_room(s)?;
    let nth = s.draw(1..=REQUESTS)?;
    let bench = Bench::new(s)?;
    s.inject_status(0, nth, 1004)?;
    for ((word, id), place) in bench.submit(REQUESTS)?.into_iter().zip(1..) {
        s.completes(id)?;
        s.holds_status(word, Status(if place == nth { 1004 } else { 0 }))?;
    }
    Ok(())
}

/// What is asked later, with a failure in between, is not what was there before.
pub(super) fn statuses_stay(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let (first, first_id) = s.submit(&bench.model, &bench.io)?;
    s.completes(first_id)?;
    s.inject_status(0, 1, 1004)?;
    let (second, second_id) = s.submit(&bench.model, &bench.io)?;
    s.completes(second_id)?;
    let (third, third_id) = s.submit(&bench.model, &bench.io)?;
    s.completes(third_id)?;
    s.holds_status(first, Status::SUCCESS)?;
    s.holds_status(second, Status(1004))?;
    s.holds_status(third, Status::SUCCESS)
}

pub(super) fn polling_ends_on_failure(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    s.inject_status(0, 1, 1202)?;
    s.hold(0, COMPUTE, 0)?;
    let requests = bench.submit(s.compute_capacity())?;
    s.release(0, COMPUTE, 0)?;
    for (word, id) in requests {
        s.completes(id)?;
        done(s, id, true)?;
        let failed = !word.is_untouched() && word.signed() != 0;
        let in_c = format!("{0} != 0 && {0} != 0x7fffffff", word.name);
        s.check(failed, in_c, "a request that cannot have run says that it has")?;
    }
    Ok(())
}

fn killed(s: &Session) -> Outcome<Bench<'_>> {
    let bench = Bench::new(s)?;
    s.inject_status(0, 1, 1202)?;
    let (_, id) = s.submit(&bench.model, &bench.io)?;
    s.wait(id)?;
    Ok(bench)
}

pub(super) fn unrecoverable(s: &Session) -> Outcome {
    let bench = killed(s)?;
    s.schedule(&bench.model, &bench.io, s.word(), s.sequence())?.is(Status::UNRECOVERABLE)
}

pub(super) fn unrecoverable_until_init(s: &Session) -> Outcome {
    let bench = killed(s)?;
    s.schedule(&bench.model, &bench.io, s.word(), s.sequence())?.is(Status::UNRECOVERABLE)?;
    s.close()?;
    let bench = Bench::new(s)?;
    let (word, id) = (s.word(), s.sequence());
    s.schedule(&bench.model, &bench.io, word, id)?.is(Status::SUCCESS)?;
    s.completes(id)?;
    s.holds_status(word, Status::SUCCESS)
}
