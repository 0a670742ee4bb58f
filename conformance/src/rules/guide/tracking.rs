use proptest::prelude::any;

use super::bench::{Bench, compare, done};
use crate::abi::{COMPUTE, Status, TENSOR_OP, number};
use crate::session::Session;
use crate::verdict::Outcome;

pub(super) fn without_the_variable(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let (word, id) = (s.word(), s.sequence());
    s.schedule(&bench.model, &bench.io, word, id)?.is(Status::SUCCESS)?;
    s.completes(id)?;
    let arguments = [bench.model.handle.into(), bench.io.input_set.into(), bench.io.output_set.into()];
    s.call("nrt_execute", arguments)?.is(Status::SUCCESS)
}

/// A call that waits for the end of the run would wait for ever here.
pub(super) fn schedule_does_not_block(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    s.hold(0, COMPUTE, 0)?;
    let (word, id) = (s.word(), s.sequence());
    s.schedule(&bench.model, &bench.io, word, id)?.is(Status::SUCCESS)?;
    done(s, id, false)?;
    s.release(0, COMPUTE, 0)?;
    s.completes(id)
}

pub(super) fn exec_ret_waits(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    s.hold(0, COMPUTE, 0)?;
    let requests = bench.submit(s.compute_capacity())?;
    requests.iter().try_for_each(|(word, _)| s.untouched(*word))?;
    s.step(0, COMPUTE, 0, 1)?;
    s.holds_status(requests[0].0, Status::SUCCESS)?;
    requests[1..].iter().try_for_each(|(word, _)| s.untouched(*word))
}

pub(super) fn exec_ret_after_is_completed(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    for _ in 0..s.effort(20) {
        for (word, id) in bench.submit(s.compute_capacity().min(3))? {
            s.completes(id)?;
            s.holds_status(word, Status::SUCCESS)?;
        }
    }
    Ok(())
}

pub(super) fn exec_ret_after_get_sequence(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    for _ in 0..s.effort(20) {
        for (word, id) in bench.submit(s.compute_capacity().min(3))? {
            s.reaches(0, COMPUTE, 0, id)?;
            s.holds_status(word, Status::SUCCESS)?;
        }
    }
    Ok(())
}

pub(super) fn exec_ret_after_event(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    for _ in 0..s.effort(20) {
        let (word, id) = s.submit(&bench.model, &bench.io)?;
        let fd = bench.event(id)?;
        s.signalled(fd)?;
        s.holds_status(word, Status::SUCCESS)?;
        bench.shut(fd);
    }
    Ok(())
}

pub(super) fn polling_ends(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    for (_, id) in bench.submit(s.compute_capacity())? {
        s.completes(id)?;
    }
    Ok(())
}

pub(super) fn stays_completed(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let (_, first) = s.submit(&bench.model, &bench.io)?;
    s.completes(first)?;
    for _ in 0..s.effort(20) {
        let (_, id) = s.submit(&bench.model, &bench.io)?;
        done(s, first, true)?;
        s.completes(id)?;
        done(s, first, true)?;
    }
    Ok(())
}

pub(super) fn sequence_covers_all(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let requests = bench.submit(s.compute_capacity())?;
    s.reaches(0, COMPUTE, 0, requests[requests.len() - 1].1)?;
    for (word, id) in requests {
        done(s, id, true)?;
        s.holds_status(word, Status::SUCCESS)?;
    }
    Ok(())
}

pub(super) fn ids_compare_as_they_are(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let requests = bench.submit(s.compute_capacity())?;
    let last = requests[requests.len() - 1].1;
    let seen = s.reaches(0, COMPUTE, 0, last)?;
    let what = format!("all is done, and the sequence is {:#018x}, not {:#018x}", seen.value(), last.value());
    s.check(seen.value() == last.value(), format!("{} == {}", seen.name, last.name), what)?;
    let mut before = None;
    for (_, id) in requests {
        if let Some(before) = before {
            compare(s, before, "<", id, before.value() < id.value())?;
        }
        before = Some(id);
    }
    Ok(())
}

/// Looks at the sequence while requests end: no id that it does not cover is ever found complete before it is
/// asked again.
pub(super) fn sequence_never_runs_ahead(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    s.hold(0, COMPUTE, 0)?;
    let requests = bench.submit(s.compute_capacity())?;
    let seen = s.completed(0)?;
    compare(s, seen, "<", requests[0].1, seen.value() < requests[0].1.value())?;
    for pair in requests.windows(2) {
        let [(_, this), (_, next)] = pair else { continue };
        s.step(0, COMPUTE, 0, 1)?;
        let seen = s.reaches(0, COMPUTE, 0, *this)?;
        compare(s, seen, "<", *next, seen.value() < next.value())?;
    }
    Ok(())
}

pub(super) fn sequence_is_of_one_unit(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let before = s.sequence_of(0, TENSOR_OP, 0)?;
    for (_, id) in bench.submit(s.compute_capacity().min(3))? {
        s.completes(id)?;
    }
    let after = s.sequence_of(0, TENSOR_OP, 0)?;
    compare(s, before, "==", after, before.value() == after.value())
}

pub(super) fn numbers_rise(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let mut before = None;
    for _ in 0..s.effort(30) {
        let (word, id) = (s.word(), s.sequence());
        s.schedule(&bench.model, &bench.io, word, id)?.is(Status::SUCCESS)?;
        if let Some(before) = before {
            compare(s, before, "<", id, before.value() < id.value())?;
        }
        before = Some(id);
        s.wait(id)?;
    }
    Ok(())
}

pub(super) fn event_after_submit(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    for _ in 0..s.effort(20) {
        let (_, id) = s.submit(&bench.model, &bench.io)?;
        let fd = bench.event(id)?;
        s.signalled(fd)?;
        bench.shut(fd);
    }
    Ok(())
}

pub(super) fn event_not_before(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    s.hold(0, COMPUTE, 0)?;
    let requests = bench.submit(s.compute_capacity().min(2))?;
    let events = requests.iter().map(|(_, id)| bench.event(*id)).collect::<Outcome<Vec<_>>>()?;
    events.iter().try_for_each(|fd| s.silent(*fd))?;
    for (index, fd) in events.iter().enumerate() {
        s.step(0, COMPUTE, 0, 1)?;
        s.signalled(*fd)?;
        events[index + 1..].iter().try_for_each(|later| s.silent(*later))?;
    }
    Ok(())
}

pub(super) fn event_after_completion(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let (_, id) = s.submit(&bench.model, &bench.io)?;
    s.wait(id)?;
    let fd = bench.event(id)?;
    s.signalled(fd)
}

pub(super) fn event_means_completed(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    for _ in 0..s.effort(20) {
        let (_, id) = s.submit(&bench.model, &bench.io)?;
        let fd = bench.event(id)?;
        s.signalled(fd)?;
        done(s, id, true)?;
        bench.shut(fd);
    }
    Ok(())
}

pub(super) fn event_is_closed(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let (_, id) = s.submit(&bench.model, &bench.io)?;
    let fd = bench.event(id)?;
    s.signalled(fd)?;
    bench.shut(fd);
    let (word, next) = s.submit(&bench.model, &bench.io)?;
    s.completes(next)?;
    s.holds_status(word, Status::SUCCESS)
}

/// Without a wait before it the read would find what was there before.
pub(super) fn read_after_run(s: &Session) -> Outcome {
    let seed = s.draw(any::<u8>())?;
    let bench = Bench::new(s)?;
    let wanted = s.expected(&bench.model, seed)?;
    s.fill_inputs(&bench.io, seed)?;
    s.fill_outputs(&bench.io, seed.wrapping_add(1))?;
    let (_, id) = s.submit(&bench.model, &bench.io)?;
    s.completes(id)?;
    let mut seen = Vec::new();
    for (tensor, size) in bench.io.outputs.iter().zip(&bench.io.output_sizes) {
        let (buffer, word, id) = (s.buffer(*size), s.word(), s.sequence());
        let [a, b, c, d] = [buffer.into(), (*tensor).into(), 0.into(), (*size).into()];
        s.call("nrta_tensor_read", [a, b, c, d, 0.into(), 0.into(), word.at(), id.at()])?.needed()?;
        s.completes(id)?;
        s.holds_status(word, Status::SUCCESS)?;
        seen.push(buffer);
    }
    s.same(&seen, &wanted)
}

/// The same through the sequence, and the inputs are written by requests as well.
pub(super) fn pipeline(s: &Session) -> Outcome {
    let seeds = s.draw(any::<[u8; 3]>())?;
    let bench = Bench::new(s)?;
    for seed in seeds {
        let wanted = s.expected(&bench.model, seed)?;
        for (tensor, size) in bench.io.inputs.iter().zip(&bench.io.input_sizes) {
            let (buffer, word, id) = (s.buffer(*size), s.word(), s.sequence());
            s.fill(buffer, seed);
            let [a, b, c, d] = [(*tensor).into(), buffer.into(), 0.into(), (*size).into()];
            s.call("nrta_tensor_write", [a, b, c, d, 0.into(), 0.into(), word.at(), id.at()])?.needed()?;
            s.reaches(0, TENSOR_OP, 0, id)?;
        }
        let (_, id) = s.submit(&bench.model, &bench.io)?;
        s.reaches(0, COMPUTE, 0, id)?;
        s.same(&s.outputs(&bench.io)?, &wanted)?;
    }
    Ok(())
}

/// A blocking read that waited for the run would wait for ever here.
pub(super) fn read_does_not_wait(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    s.fill_outputs(&bench.io, 5)?;
    s.hold(0, COMPUTE, 0)?;
    let (_, id) = s.submit(&bench.model, &bench.io)?;
    s.outputs_hold(&bench.io, 5)?;
    s.release(0, COMPUTE, 0)?;
    s.completes(id)
}

/// The number of the request that completed last, and of the last that was submitted: what is between them is
/// in the queue.
pub(super) fn difference_is_depth(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    s.hold(0, COMPUTE, 0)?;
    let depth = s.compute_capacity();
    let requests = bench.submit(depth)?;
    let last = requests[requests.len() - 1].1;
    let seen = s.completed(0)?;
    let between = number(last.value()).wrapping_sub(number(seen.value()));
    let in_c = format!("{} - {} == {depth}", last.name, seen.name);
    s.check(between == depth, in_c, format!("{depth} requests are queued, and the ids say {between}"))
}
