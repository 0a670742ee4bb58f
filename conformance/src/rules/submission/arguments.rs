use super::request::{Bench, Op};
use crate::abi::{DEVICE, HOST, Status};
use crate::session::{Argument, Place, Session};
use crate::verdict::{Outcome, Stop};

pub(super) fn before_init(s: &Session, op: Op) -> Outcome {
    let (word, id) = (s.word(), s.sequence());
    let count = if op == Op::Copy {
        9
    } else if op == Op::Run {
        6
    } else {
        8
    };
    for queue in [0, -1] {
        let mut arguments = vec![Argument::from(0); count];
        op.pointers().iter().for_each(|at| arguments[*at] = Argument::null());
        arguments[op.queue()] = queue.into();
        op.call(s, &arguments)?.is(Status::UNINITIALIZED)?;
        arguments[count - 2..].clone_from_slice(&[word.at(), id.at()]);
        op.call(s, &arguments)?.is(Status::UNINITIALIZED)?;
    }
    s.untouched(word)?;
    s.check(id.value() == u64::MAX, format!("{} == UINT64_MAX", id.name), "a refused request has got an id")
}

pub(super) fn after_close(s: &Session, op: Op) -> Outcome {
    let bench = Bench::new(s)?;
    let (_, id) = bench.good(op)?;
    s.wait(id)?;
    s.close()?;
    let closed = [Status::CLOSED, Status::UNINITIALIZED];
    bench.refused(op, &[], &closed)?;
    for wrong in [op.without_pointers(), op.bad_queues()].concat() {
        bench.refused(op, &[wrong], &closed)?;
    }
    Ok(())
}

pub(super) fn in_implicit_mode(s: &Session, op: Op) -> Outcome {
    let bench = Bench::new(s)?;
    bench.refused(op, &[], &[Status::FAILURE])?;
    for wrong in [op.without_pointers(), op.bad_queues()].concat() {
        bench.refused(op, &[wrong], &[Status::FAILURE])?;
    }
    if op == Op::Run {
        bench.refused(op, &[(0, Argument::wild(0x1234_5678_9abc))], &[Status::FAILURE])?;
    }
    bench.nothing_written(op)
}

pub(super) fn without_pointers(s: &Session, op: Op) -> Outcome {
    Bench::new(s)?.all_refused(op, &op.without_pointers(), &[Status::INVALID])
}

pub(super) fn on_a_bad_queue(s: &Session, op: Op) -> Outcome {
    Bench::new(s)?.all_refused(op, &op.bad_queues(), &[Status::INVALID])
}

pub(super) fn on_a_bad_core(s: &Session, op: Op) -> Outcome {
    let bench = Bench::new(s)?;
    let cores = s.cores()?.cast_signed();
    let at = op.queue() - 1;
    let wrongs = [-1, cores, 100_000].map(|core| (at, core.into()));
    bench.all_refused(op, &wrongs, &[Status::INVALID])
}

fn host_tensor(s: &Session, size: usize) -> Outcome<Place> {
    let tensor = s.pointer('t');
    let arguments = [HOST.into(), (-1).into(), size.into(), tensor.name.into(), tensor.at()];
    s.call("nrt_tensor_allocate", arguments)?.needed()?;
    Ok(tensor)
}

pub(super) fn with_host_tensors(s: &Session, op: Op) -> Outcome {
    let bench = Bench::new(s)?;
    let host = host_tensor(s, bench.size())?;
    let places: &[usize] = match op {
        Op::Read => &[1],
        Op::Write => &[0],
        _ => &[0, 2],
    };
    let wrongs: Vec<_> = places.iter().map(|at| (*at, host.into())).collect();
    bench.all_refused(op, &wrongs, &[Status::INVALID])
}

pub(super) fn run_with_host_tensors(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let fits = |size| size <= 4 << 20; // host tensors are at most so large
    let wrongs = with_others(&bench, |size| fits(size).then(|| host_tensor(s, size)).transpose())?;
    bench.all_refused(Op::Run, &wrongs, &[Status::INVALID])
}

pub(super) fn run_of_unknown_model(s: &Session) -> Outcome {
    let wrong = (0, Argument::wild(0x1234_5678_9abc));
    Bench::new(s)?.all_refused(Op::Run, &[wrong], &[Status::INVALID_HANDLE])
}

pub(super) fn run_of_unloaded_model(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let gone = s.model(0)?;
    s.call("nrt_unload", [gone.handle.into()])?.needed()?;
    bench.all_refused(Op::Run, &[(0, gone.handle.into())], &[Status::INVALID_HANDLE])
}

/// The same set with one tensor missing, for each of them.
pub(super) fn run_with_missing_tensors(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let (model, io) = (&bench.model, &bench.io);
    let mut wrongs = Vec::new();
    for (at, signature, tensors) in [(1, &model.inputs, &io.inputs), (2, &model.outputs, &io.outputs)] {
        for missing in 0..tensors.len() {
            let entries = signature.iter().map(|(name, _)| name.as_str()).zip(tensors.iter().copied());
            let others = entries.enumerate().filter(|(index, _)| *index != missing);
            wrongs.push((at, s.bound(others.map(|(_, entry)| entry))?.into()));
        }
    }
    bench.all_refused(Op::Run, &wrongs, &[Status::INVALID, Status(1002)])
}

/// The sets of a run with one tensor in another's place: what `make` makes of its size, if anything.
fn with_others(
    bench: &Bench<'_>,
    make: impl Fn(usize) -> Outcome<Option<Place>>,
) -> Outcome<Vec<(usize, Argument)>> {
    let (model, io) = (&bench.model, &bench.io);
    let mut wrongs = Vec::new();
    for (at, signature, tensors) in [(1, &model.inputs, &io.inputs), (2, &model.outputs, &io.outputs)] {
        for (index, (_, size)) in signature.iter().enumerate() {
            let mut tensors = tensors.clone();
            let Some(other) = make(*size)? else { continue };
            tensors[index] = other;
            let set = bench.s.bound(signature.iter().map(|(name, _)| name.as_str()).zip(tensors))?;
            wrongs.push((at, set.into()));
        }
    }
    Ok(wrongs)
}

pub(super) fn run_with_short_tensors(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let wrongs = with_others(&bench, |size| (size > 1).then(|| s.tensor(0, size - 1)).transpose())?;
    bench.all_refused(Op::Run, &wrongs, &[Status::INVALID, Status(1002)])
}

/// Stops the case unless cores 0 and 1 have banks of memory of their own on the same device, as far as can
/// be seen.
fn needs_banks(s: &Session) -> Outcome {
    s.needs_cores(2)?;
    let banks = [0, 1].map(|core| {
        let (tensor, info) = (s.pointer('t'), s.buffer(24));
        let arguments = [DEVICE.into(), core.into(), 64.into(), "bank".into(), tensor.at()];
        s.call("nrt_tensor_allocate", arguments)?.needed()?;
        s.call("nrt_tensor_get_device_allocation_info", [tensor.into(), info.into()])?.needed()?;
        Ok(info.u32(16))
    });
    let [first, second] = banks;
    if first? == second? {
        return Err(Stop::not_applicable("cores 0 and 1 share a bank of memory"));
    }
    Ok(())
}

pub(super) fn run_with_tensors_elsewhere(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    needs_banks(s)?;
    let wrongs = with_others(&bench, |size| s.tensor(1, size).map(Some))?;
    bench.all_refused(Op::Run, &wrongs, &[Status::INVALID])
}

pub(super) fn copy_to_another_bank(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    needs_banks(s)?;
    let far = s.tensor(1, bench.size())?;
    bench.all_refused(Op::Copy, &[(0, far.into()), (2, far.into())], &[Status::INVALID])
}
