use proptest::prelude::{Strategy, any};

use super::request::{Bench, Op};
use crate::abi::{COMPUTE, Status, sequence};
use crate::session::{Place, Session};
use crate::verdict::{Outcome, Stop};

pub(super) fn status_waits(s: &Session, op: Op) -> Outcome {
    let bench = Bench::new(s)?;
    s.hold(0, op.xu(), 0)?;
    let (word, id) = bench.good(op)?;
    let done = s.flag();
    for _ in 0..20 {
        s.call("nrta_is_completed", [id.into(), done.at()])?.is(Status::SUCCESS)?;
        s.check(done.value() == 0, format!("!{}", done.name), "a request that is held has completed")?;
        s.untouched(word)?;
    }
    s.release(0, op.xu(), 0)?;
    s.completes(id)?;
    s.holds_status(word, Status::SUCCESS)
}

pub(super) fn id_is_there_at_once(s: &Session, op: Op) -> Outcome {
    let bench = Bench::new(s)?;
    let (_, first) = bench.good(op)?;
    let wanted = sequence(0, op.xu(), 0, 1);
    let in_c = format!("{} == {wanted:#x}", first.name);
    s.check(first.value() == wanted, in_c, format!("the id is {:#018x}, not {wanted:#018x}", first.value()))?;
    s.completes(first)
}

/// A status that is written too early is written while one before it on the queue is not complete.
pub(super) fn later_status_waits(s: &Session) -> Outcome {
    let bench = Bench::new(s)?;
    let (rounds, depth) = (s.effort(20), s.compute_capacity());
    s.program_of_runs(
        &bench.model,
        &format!(
            "for (int k = 0; k < {rounds} * {depth}; k += {depth}) {{\n    \
                 for (int i = k; i < k + {depth}; i++)\n        \
                     EXPECT(nrta_execute_schedule(m, in, out, 0, &word[i], &id[i]), 0);\n    \
                 for (int i = k + {depth} - 1; i > k; i--) {{\n        \
                     ret = *(volatile int *)&word[i];\n        \
                     EXPECT(nrta_is_completed(id[i - 1], &over), 0);\n        \
                     CHECK(over || ret == 0x7f7f7f7f);\n    }}\n    \
                 wait_for(id[k + {depth} - 1]);\n}}"
        ),
    );
    let mut seen = 0;
    for _ in 0..rounds {
        let pairs = (0..depth).map(|_| bench.good(Op::Run)).collect::<Outcome<Vec<_>>>()?;
        for pair in pairs.windows(2).rev() {
            let [(_, earlier), (word, _)] = pair else { continue };
            let (status, done) = (s.int(), s.flag());
            s.statement(format!("{} = {}", status.name, word.name));
            status.set(word.value());
            s.call("nrta_is_completed", [(*earlier).into(), done.at()])?.needed()?;
            let early = done.value() == 0 && !status.is_untouched();
            let in_c = format!("{} || {} == 0x7fffffff", done.name, status.name);
            s.check(!early, in_c, "a status was written while the request before it was not complete")?;
            seen += u64::from(done.value() == 0);
        }
        s.completes(pairs[pairs.len() - 1].1)?;
    }
    s.looked(seen);
    if seen == 0 { Err(Stop::undecided("no request was ever seen waiting")) } else { Ok(()) }
}

pub(super) fn outputs_wait(s: &Session, op: Op) -> Outcome {
    let bench = Bench::new(s)?;
    s.hold(0, op.xu(), 0)?;
    let (_, id) = bench.marked(op)?;
    bench.nothing_written(op)?;
    s.release(0, op.xu(), 0)?;
    s.completes(id)
}

/// Holds the compute queue where that is offered, so that what happens next happens before the run.
fn hold_if_possible(s: &Session) -> Outcome {
    if s.offers("nrt_sim_pause") { s.hold(0, COMPUTE, 0) } else { Ok(()) }
}

fn release_if_possible(s: &Session) -> Outcome {
    if s.offers("nrt_sim_pause") { s.release(0, COMPUTE, 0) } else { Ok(()) }
}

/// Submits a run, does something, and wants the run to write what it has to all the same.
fn undisturbed(s: &Session, disturb: impl FnOnce(&Bench<'_>) -> Outcome) -> Outcome {
    let bench = Bench::new(s)?;
    let wanted = s.expected(&bench.model, 1)?;
    hold_if_possible(s)?;
    let (word, id) = bench.marked(Op::Run)?;
    disturb(&bench)?;
    release_if_possible(s)?;
    s.completes(id)?;
    s.holds_status(word, Status::SUCCESS)?;
    s.same(&s.outputs(&bench.io)?, &wanted)
}

pub(super) fn sets_may_be_destroyed(s: &Session) -> Outcome {
    undisturbed(s, |bench| {
        for set in [bench.io.input_set, bench.io.output_set] {
            s.call("nrt_destroy_tensor_set", [set.at()])?.ignored();
        }
        Ok(())
    })
}

pub(super) fn sets_may_be_changed(s: &Session) -> Outcome {
    undisturbed(s, |bench| {
        let (model, io) = (&bench.model, &bench.io);
        for (set, signature) in [(io.input_set, &model.inputs), (io.output_set, &model.outputs)] {
            for (name, size) in signature {
                let other = s.filled_tensor(0, *size, 77)?;
                s.call("nrt_add_tensor_to_tensor_set", [set.into(), name.as_str().into(), other.into()])?
                    .needed()?;
            }
        }
        Ok(())
    })
}

pub(super) fn inputs_may_be_freed(s: &Session) -> Outcome {
    undisturbed(s, |bench| {
        for tensor in &bench.io.inputs {
            s.call("nrt_tensor_free", [tensor.at()])?.ignored();
        }
        Ok(())
    })
}

const SIZE: usize = 3 * 4096;

/// An offset and a size within a tensor, and a queue.
fn stretch() -> impl Strategy<Value = (usize, usize, u32)> {
    (0..SIZE).prop_flat_map(|offset| (offset..=offset, 1..=SIZE - offset, 0..2_u32))
}

fn finishes(s: &Session, word: Place, id: Place) -> Outcome {
    s.completes(id)?;
    s.holds_status(word, Status::SUCCESS)
}

pub(super) fn write_moves_its_bytes(s: &Session) -> Outcome {
    let (offset, size, queue) = s.draw(stretch())?;
    s.init()?;
    let (tensor, buffer) = (s.filled_tensor(0, SIZE, 1)?, s.buffer(size));
    s.fill(buffer, 2);
    let (word, id) = (s.word(), s.sequence());
    let place = [tensor.into(), buffer.into(), offset.into(), size.into(), 0.into(), queue.into()];
    let [a, b, c, d, e, f] = place;
    s.call("nrta_tensor_write", [a, b, c, d, e, f, word.at(), id.at()])?.is(Status::SUCCESS)?;
    finishes(s, word, id)?;
    let seen = s.read(tensor, SIZE)?;
    s.holds(seen, 0, offset, 1, 0)?;
    s.holds(seen, offset, size, 2, 0)?;
    s.holds(seen, offset + size, SIZE - offset - size, 1, offset + size)
}

pub(super) fn read_moves_its_bytes(s: &Session) -> Outcome {
    let (offset, size, queue) = s.draw(stretch())?;
    s.init()?;
    let (tensor, buffer) = (s.filled_tensor(0, SIZE, 1)?, s.buffer(SIZE));
    s.fill(buffer, 2);
    let (word, id) = (s.word(), s.sequence());
    let place = [buffer.into(), tensor.into(), offset.into(), size.into(), 0.into(), queue.into()];
    let [a, b, c, d, e, f] = place;
    s.call("nrta_tensor_read", [a, b, c, d, e, f, word.at(), id.at()])?.is(Status::SUCCESS)?;
    finishes(s, word, id)?;
    s.holds(buffer, 0, size, 1, offset)?;
    s.holds(buffer, size, SIZE - size, 2, size)?;
    s.holds(s.read(tensor, SIZE)?, 0, SIZE, 1, 0)
}

pub(super) fn copy_moves_its_bytes(s: &Session) -> Outcome {
    let ((offset, size, queue), luck) = s.draw((stretch(), any::<proptest::sample::Index>()))?;
    let from = luck.index(SIZE - size + 1);
    s.init()?;
    let (source, target) = (s.filled_tensor(0, SIZE, 1)?, s.filled_tensor(0, SIZE, 2)?);
    let (word, id) = (s.word(), s.sequence());
    let tensors = [source.into(), from.into(), target.into(), offset.into(), size.into()];
    let [a, b, c, d, e] = tensors;
    let copy = [a, b, c, d, e, 0.into(), queue.into(), word.at(), id.at()];
    s.call("nrta_tensor_copy", copy)?.is(Status::SUCCESS)?;
    finishes(s, word, id)?;
    let seen = s.read(target, SIZE)?;
    s.holds(seen, 0, offset, 2, 0)?;
    s.holds(seen, offset, size, 1, from)?;
    s.holds(seen, offset + size, SIZE - offset - size, 2, offset + size)?;
    s.holds(s.read(source, SIZE)?, 0, SIZE, 1, 0)
}
