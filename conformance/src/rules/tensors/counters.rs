//! Counters of the runs that have written a tensor.

use super::slices::part;
use crate::abi::Status;
use crate::rule::Source::Documented;
use crate::rule::{Rule, SINCE_2_29};
use crate::session::{Argument, Io, Model, Place, Session};
use crate::verdict::Outcome;

pub(in crate::rules) const RULES: &[Rule] = &[
    Rule::new(
        "NRT-TENSOR-090",
        "Counters of outputs refuse NULL with NRT_INVALID.",
        Documented,
        "header nrt.h, nrt_tensor_check_output_completion",
        null,
    ),
    Rule::new(
        "NRT-TENSOR-091",
        "A tensor that no run has written is waited for until the time is over, which NRT_TIMEOUT says.",
        Documented,
        "header nrt.h, nrt_tensor_check_output_completion",
        begins_at_zero,
    ),
    Rule::new(
        "NRT-TENSOR-092",
        "Each run counts once for each of its outputs.",
        Documented,
        "header nrt.h, nrt_tensor_check_output_completion",
        counts,
    )
    .drawn(3),
    Rule::new(
        "NRT-TENSOR-093",
        "nrt_tensor_check_output_completion waits for a run that is queued.",
        Documented,
        "header nrt.h, nrt_tensor_check_output_completion",
        waits,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRT-TENSOR-094",
        "nrt_tensor_reset_output_completion lets the counter begin again.",
        Documented,
        "header nrt.h, nrt_tensor_reset_output_completion",
        reset,
    ),
    Rule::new(
        "NRT-TENSOR-095",
        "A slice has a counter of its own, which begins at zero.",
        Documented,
        "header nrt.h, nrt_tensor_check_output_completion",
        of_a_slice,
    ),
];

/// Microseconds to wait for what has happened.
const LONG: i64 = 2_000_000;
/// Microseconds to wait for what does not happen.
const SHORT: i64 = 1000;

/// The rule wants the counter of a tensor to stand at `count`, or at more.
fn reaches(s: &Session, tensor: Place, count: u64) -> Outcome {
    let arguments = [tensor.into(), LONG.into(), count.into()];
    s.call("nrt_tensor_check_output_completion", arguments)?.is(Status::SUCCESS)
}

/// The rule wants it to stand below `count`.
fn is_below(s: &Session, tensor: Place, count: u64) -> Outcome {
    let arguments = [tensor.into(), SHORT.into(), count.into()];
    s.call("nrt_tensor_check_output_completion", arguments)?.is(Status::TIMEOUT)
}

fn runnable(s: &Session) -> Outcome<(Model, Io)> {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    s.fill_inputs(&io, 1)?;
    for output in &io.outputs {
        s.call("nrt_tensor_reset_output_completion", [(*output).into()])?.needed()?;
    }
    Ok((model, io))
}

fn null(s: &Session) -> Outcome {
    s.init()?;
    let arguments = [Argument::null(), SHORT.into(), 1.into()];
    s.call("nrt_tensor_check_output_completion", arguments)?.is(Status::INVALID)?;
    s.call("nrt_tensor_reset_output_completion", [Argument::null()])?.is(Status::INVALID)
}

fn begins_at_zero(s: &Session) -> Outcome {
    s.init()?;
    is_below(s, s.tensor(0, 4096)?, 1)
}

fn counts(s: &Session) -> Outcome {
    let runs = s.draw(1..4_u64)?;
    let (model, io) = runnable(s)?;
    for _ in 0..runs {
        s.execute(&model, &io)?;
    }
    for output in io.outputs {
        reaches(s, output, runs)?;
        is_below(s, output, runs + 1)?;
    }
    Ok(())
}

fn waits(s: &Session) -> Outcome {
    let (model, io) = runnable(s)?;
    let (_, sequence) = s.submit(&model, &io)?;
    for output in io.outputs {
        reaches(s, output, 1)?;
    }
    s.completes(sequence)
}

fn reset(s: &Session) -> Outcome {
    let (model, io) = runnable(s)?;
    s.execute(&model, &io)?;
    let output = io.outputs[0];
    reaches(s, output, 1)?;
    s.call("nrt_tensor_reset_output_completion", [output.into()])?.is(Status::SUCCESS)?;
    is_below(s, output, 1)?;
    s.execute(&model, &io)?;
    reaches(s, output, 1)?;
    is_below(s, output, 2)
}

fn of_a_slice(s: &Session) -> Outcome {
    let (model, io) = runnable(s)?;
    s.execute(&model, &io)?;
    reaches(s, io.outputs[0], 1)?;
    is_below(s, part(s, io.outputs[0], 0, io.output_sizes[0])?, 1)
}
