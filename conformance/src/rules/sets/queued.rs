//! Sets, and the runs that use them.

use super::{add, destroy};
use crate::abi::{COMPUTE, Status};
use crate::rule::Source::{Documented, Observed};
use crate::rule::{Rule, SINCE_2_29};
use crate::session::{Buffer, Io, Model, Place, Session};
use crate::verdict::Outcome;

pub(in crate::rules) const RULES: &[Rule] = &[
    Rule::new(
        "NRT-SET-017",
        "A run that is queued keeps the tensors that its sets had when it was submitted.",
        Observed,
        "observed in 2.31.24: sets are read at submission",
        change_after_submit,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRT-SET-018",
        "Sets may be destroyed while a run that uses them is queued: it ends as it would have.",
        Observed,
        "observed in 2.31.24: sets are read at submission",
        destroy_after_submit,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRT-SET-019",
        "A tensor that is replaced in a set counts from the next run on.",
        Documented,
        "developer guide, tensor sets",
        change_counts_for_the_next,
    ),
];

/// A run that is queued, and held where that can be; what its first output must become; tensors that it must
/// not touch, with what they hold.
struct Queued {
    model: Model,
    io: Io,
    word: Place,
    sequence: Place,
    wanted: Vec<Buffer>,
    is_held: bool,
}

fn queue(s: &Session) -> Outcome<Queued> {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    s.fill_inputs(&io, 1)?;
    s.execute(&model, &io)?;
    let outputs = || io.outputs.iter().zip(&io.output_sizes);
    let wanted = outputs().map(|(output, size)| s.read(*output, *size)).collect::<Outcome<_>>()?;
    for (output, size) in outputs() {
        let clean = s.buffer(*size);
        s.call("nrt_tensor_write", [(*output).into(), clean.into(), 0.into(), (*size).into()])?.needed()?;
    }
    let is_held = s.offers("nrt_sim_pause");
    if is_held {
        s.hold(0, COMPUTE, 0)?;
    }
    let (word, sequence) = s.submit(&model, &io)?;
    Ok(Queued { model, io, word, sequence, wanted, is_held })
}

/// The rule wants the run to end as if nothing had happened since it was submitted.
fn ends_as_submitted(s: &Session, queued: &Queued) -> Outcome {
    if queued.is_held {
        s.release(0, COMPUTE, 0)?;
    }
    s.completes(queued.sequence)?;
    let (status, word) = (queued.word.signed(), queued.word.name);
    s.check(status == 0, format!("{word} == 0"), format!("the run ended with {}", Status(status)))?;
    let outputs = queued.io.outputs.iter().zip(&queued.io.output_sizes);
    for ((output, size), wanted) in outputs.zip(&queued.wanted) {
        let got = s.read(*output, *size)?;
        s.equal(got, *wanted, "the output is not that of the sets as they were submitted")?;
    }
    Ok(())
}

fn change_after_submit(s: &Session) -> Outcome {
    let queued = queue(s)?;
    let mut others = Vec::new();
    let (io, model) = (&queued.io, &queued.model);
    for (set, tensors) in [(io.input_set, &model.inputs), (io.output_set, &model.outputs)] {
        for (name, size) in tensors {
            let other = s.filled_tensor(0, *size, 3)?;
            add(s, set, name, other)?;
            others.push((other, *size));
        }
    }
    ends_as_submitted(s, &queued)?;
    for (other, size) in others {
        let kept = s.read(other, size)?;
        s.holds(kept, 0, size, 3, 0)?;
    }
    Ok(())
}

fn destroy_after_submit(s: &Session) -> Outcome {
    let queued = queue(s)?;
    destroy(s, queued.io.input_set)?;
    destroy(s, queued.io.output_set)?;
    ends_as_submitted(s, &queued)
}

fn change_counts_for_the_next(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    s.fill_inputs(&io, 1)?;
    s.execute(&model, &io)?;
    let (name, size) = &model.outputs[0];
    let wanted = s.read(io.outputs[0], *size)?;
    let other = s.tensor(0, *size)?;
    add(s, io.output_set, name, other)?;
    s.execute(&model, &io)?;
    let got = s.read(other, *size)?;
    s.equal(got, wanted, "the output did not go to the tensor that is in the set now")
}
