use super::bench::{Bench, HBM_ERROR, TRANSFERS, inject_transfer, moves, write};
use crate::abi::{COMPUTE, DEVICE, Status, number};
use crate::session::Session;
use crate::verdict::Outcome;

pub(super) fn transfers_of_the_core(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    bench.kill()?;
    moves(s, 0)?;
    moves(s, 0)?;
    bench.refused()
}

pub(super) fn transfers_queued_before(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let (tensor, word, id) = (s.tensor(0, 64)?, s.word(), s.sequence());
    s.hold(0, TRANSFERS, 0)?;
    write(s, 0, tensor, 3, word, id)?.needed()?;
    bench.kill()?;
    s.release(0, TRANSFERS, 0)?;
    s.completes(id)?;
    s.holds_status(word, Status::SUCCESS)
}

pub(super) fn other_cores(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    s.needs_cores(2)?;
    let other = s.model(1)?;
    bench.kill()?;
    bench.runs(&other)?;
    moves(s, 1)?;
    bench.refused()
}

pub(super) fn models_unload(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    bench.kill()?;
    s.call("nrt_unload", [bench.model.handle.into()])?.is(Status::SUCCESS)
}

pub(super) fn tensors_stay(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    bench.kill()?;
    for (tensor, size) in bench.io.inputs.iter().zip(&bench.io.input_sizes) {
        s.holds(s.read(*tensor, *size)?, 0, *size, 1, 0)?;
    }
    let tensor = s.pointer('t');
    s.call("nrt_tensor_allocate", [DEVICE.into(), 0.into(), 64.into(), "new".into(), tensor.at()])?
        .is(Status::SUCCESS)
}

pub(super) fn close_ends(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    s.inject_status(0, 1, HBM_ERROR)?;
    s.hold(0, COMPUTE, 0)?;
    bench.submit(s.compute_capacity().min(3))?;
    s.release(0, COMPUTE, 0)?;
    s.close()?;
    s.call("nrt_init", [1.into(), "".into(), "".into()])?.is(Status::SUCCESS)
}

pub(super) fn lives_after_init(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    bench.kill()?;
    s.close()?;
    bench.again()
}

pub(super) fn transfer_fails(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, 64, 1)?;
    inject_transfer(s, 1203)?;
    s.hold(0, TRANSFERS, 0)?;
    let requests = [2, 3, 4].map(|seed| {
        let (word, id) = (s.word(), s.sequence());
        write(s, 0, tensor, seed, word, id)?.needed()?;
        Ok((word, id))
    });
    s.release(0, TRANSFERS, 0)?;
    for (request, wanted) in requests.into_iter().zip([1203, 101, 101]) {
        let (word, id) = request?;
        s.completes(id)?;
        s.holds_status(word, Status(wanted))?;
    }
    s.holds(s.read(tensor, 64)?, 0, 64, 1, 0)?;
    let (word, id) = (s.word(), s.sequence());
    write(s, 0, tensor, 5, word, id)?.is(Status::UNRECOVERABLE)?;
    s.untouched(word)?;
    s.check(id.value() == u64::MAX, format!("{} == UINT64_MAX", id.name), "a refused request has got an id")
}

pub(super) fn compute_after_transfers(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let tensor = s.tensor(0, 64)?;
    inject_transfer(s, 1203)?;
    let (word, id) = (s.word(), s.sequence());
    write(s, 0, tensor, 1, word, id)?.needed()?;
    s.wait(id)?;
    s.holds_status(word, Status(1203))?;
    bench.runs(&bench.model)
}

/// A status that leaves the unit healthy: the next run succeeds and follows in number.
fn healthy(s: &Session, status: i32) -> Outcome<Bench<'_>> {
    let bench = Bench::new(s)?;
    s.fill_outputs(&bench.io, 5)?;
    s.inject_status(0, 2, status)?;
    s.hold(0, COMPUTE, 0)?;
    let depth = s.compute_capacity().min(4);
    let requests = bench.submit(depth)?;
    s.release(0, COMPUTE, 0)?;
    let last = requests[requests.len() - 1].1;
    for ((word, id), place) in requests.into_iter().zip(1..) {
        s.completes(id)?;
        s.holds_status(word, Status(if place == 2 { status } else { 0 }))?;
    }
    let (word, next) = (s.word(), s.sequence());
    s.schedule(&bench.model, &bench.io, word, next)?.is(Status::SUCCESS)?;
    s.completes(next)?;
    s.holds_status(word, Status::SUCCESS)?;
    let rose = number(next.value()).wrapping_sub(number(last.value()));
    s.check(rose == 1, format!("{} == {} + 1", next.name, last.name), format!("the number rose by {rose}"))?;
    Ok(bench)
}

pub(super) fn numerical_error(s: &Session) -> Outcome {
    healthy(s, 1003).map(|_| ())
}

pub(super) fn completed_with_error(s: &Session) -> Outcome {
    healthy(s, 1004).map(|_| ())
}

pub(super) fn bad_input(s: &Session) -> Outcome {
    healthy(s, 1002).map(|_| ())
}

pub(super) fn numerical_error_writes_outputs(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let wanted = s.expected(&bench.model, 1)?;
    s.fill_outputs(&bench.io, 5)?;
    s.inject_status(0, 1, 1003)?;
    let (word, id) = s.submit(&bench.model, &bench.io)?;
    s.completes(id)?;
    s.holds_status(word, Status(1003))?;
    s.same(&s.outputs(&bench.io)?, &wanted)
}

pub(super) fn blocking_run_with_numerical_error(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let wanted = s.expected(&bench.model, 1)?;
    s.inject_status(0, 1, 1003)?;
    bench.execute()?.is(Status(1003))?;
    s.same(&s.outputs(&bench.io)?, &wanted)?;
    bench.execute()?.is(Status::SUCCESS)
}

pub(super) fn injected_full(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    if s.compute_capacity() < 2 {
        return Err(crate::verdict::Stop::not_applicable("the queue takes one request"));
    }
    s.hold(0, COMPUTE, 0)?;
    let (_, first) = s.submit(&bench.model, &bench.io)?;
    s.inject("unit = \"compute\"\ncore = 0\nfull.attempts = 2")?;
    for _ in 0..2 {
        let (word, id) = (s.word(), s.sequence());
        s.schedule(&bench.model, &bench.io, word, id)?.is(Status::QUEUE_FULL)?;
        s.untouched(word)?;
    }
    let (word, next) = (s.word(), s.sequence());
    s.schedule(&bench.model, &bench.io, word, next)?.is(Status::SUCCESS)?;
    let rose = number(next.value()).wrapping_sub(number(first.value()));
    s.check(rose == 1, format!("{} == {} + 1", next.name, first.name), format!("the number rose by {rose}"))?;
    s.release(0, COMPUTE, 0)?;
    s.completes(next)
}

pub(super) fn injected_out_of_memory(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    s.inject("place = \"allocate\"\nnth = 1\nstatus = 4")?;
    let tensor = s.pointer('t');
    let allocate = || [DEVICE.into(), 0.into(), 64.into(), "t".into(), tensor.at()];
    s.call("nrt_tensor_allocate", allocate())?.is(Status::RESOURCE)?;
    s.check(tensor.value() == 0, format!("{} == NULL", tensor.name), "a refused tensor has got a handle")?;
    s.call("nrt_tensor_allocate", allocate())?.is(Status::SUCCESS)?;
    bench.runs(&bench.model)
}
