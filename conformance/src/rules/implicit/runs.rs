use super::Start;
use crate::abi::{HOST, Status};
use crate::session::{Place, Session};
use crate::verdict::{Outcome, Stop};

/// So often the race between a run and the next call is tried.
const ROUNDS: u64 = 5;

/// Again and again: inputs of the first pattern, a run, and at once what may not disturb it. The outputs have to be those
/// of the first pattern.
fn undisturbed(start: &Start<'_>, disturb: impl Fn(&Start<'_>) -> Outcome) -> Outcome {
    let [wanted, _] = start.two()?;
    for _ in 0..start.s.effort(ROUNDS) {
        start.s.fill_inputs(&start.io, 1)?;
        start.spoil()?;
        start.begin()?;
        disturb(start)?;
        start.are(&start.outputs()?, &wanted)?;
    }
    Ok(())
}

pub(super) fn read_waits(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    let wanted = start.wanted(1)?;
    for _ in 0..s.effort(ROUNDS) {
        start.spoil()?;
        start.run()?;
        start.are(&start.outputs()?, &wanted)?;
    }
    Ok(())
}

pub(super) fn write_waits(s: &Session) -> Outcome {
    undisturbed(&Start::new(s)?, |start| s.fill_inputs(&start.io, 2))
}

pub(super) fn memset_waits(s: &Session) -> Outcome {
    undisturbed(&Start::new(s)?, |start| {
        for (tensor, size) in start.io.inputs.iter().zip(&start.io.input_sizes) {
            let arguments = [(*tensor).into(), 0.into(), 0xa5.into(), (*size).into()];
            s.call("nrt_tensor_memset", arguments)?.needed()?;
        }
        Ok(())
    })
}

pub(super) fn copy_to_input_waits(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    let mut sources = Vec::new();
    for size in &start.io.input_sizes {
        sources.push(s.filled_tensor(0, *size, 2)?);
    }
    undisturbed(&start, |start| {
        for ((from, to), size) in sources.iter().zip(&start.io.inputs).zip(&start.io.input_sizes) {
            copy(s, *from, *to, *size)?;
        }
        Ok(())
    })
}

fn copy(s: &Session, from: Place, to: Place, size: usize) -> Outcome {
    s.call("nrt_tensor_copy", [from.into(), 0.into(), to.into(), 0.into(), size.into()])?.needed()
}

pub(super) fn copy_of_output_waits(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    let wanted = start.wanted(1)?;
    for _ in 0..s.effort(ROUNDS) {
        start.spoil()?;
        start.begin()?;
        let mut found = Vec::new();
        for (tensor, size) in start.io.outputs.iter().zip(&start.io.output_sizes) {
            let target = s.tensor(0, *size)?;
            copy(s, *tensor, target, *size)?;
            found.push(s.read(target, *size)?);
        }
        start.are(&found, &wanted)?;
    }
    Ok(())
}

pub(super) fn write_to_output_waits(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    for _ in 0..s.effort(ROUNDS) {
        start.begin()?;
        let mut written = Vec::new();
        for (tensor, size) in start.io.outputs.iter().zip(&start.io.output_sizes) {
            let buffer = s.buffer(*size);
            s.fill(buffer, 7);
            s.call("nrt_tensor_write", [(*tensor).into(), buffer.into(), 0.into(), (*size).into()])?
                .needed()?;
            written.push(*size);
        }
        start.drain()?;
        for (found, size) in start.outputs()?.into_iter().zip(written) {
            s.holds(found, 0, size, 7, 0)?;
        }
    }
    Ok(())
}

pub(super) fn free_waits(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    let wanted = start.wanted(1)?;
    start.spoil()?;
    start.begin()?;
    for tensor in &start.io.inputs {
        s.call("nrt_tensor_free", [tensor.at()])?.ignored();
    }
    // Their memory, if it was given back too early, is somebody else's now.
    for size in &start.io.input_sizes {
        s.filled_tensor(0, *size, 9)?;
    }
    start.are(&start.outputs()?, &wanted)
}

pub(super) fn order(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    let [first, second] = start.two()?;
    // The same model with other inputs, and the same outputs.
    let other = s.io(&start.model)?;
    s.fill_inputs(&start.io, 1)?;
    s.fill_inputs(&other, 2)?;
    let sets = |input: Place| [start.model.handle.into(), input.into(), start.io.output_set.into()];
    for round in 0..s.effort(ROUNDS) {
        let (last, wanted) =
            if round % 2 == 0 { (other.input_set, &second) } else { (start.io.input_set, &first) };
        for input in [start.io.input_set, other.input_set, start.io.input_set, last] {
            s.call("nrt_execute", sets(input))?.needed()?;
        }
        start.are(&start.outputs()?, wanted)?;
    }
    Ok(())
}

/// A tensor of that size in memory of the host, under that name in a set.
pub(super) fn host_tensor(s: &Session, set: Place, name: &str, size: usize) -> Outcome<Place> {
    if size > 4 << 20 {
        return Err(Stop::not_applicable("a tensor of the model has no room in memory of the host"));
    }
    let tensor = s.pointer('t');
    let arguments = [HOST.into(), (-1).into(), size.into(), tensor.name.into(), tensor.at()];
    s.call("nrt_tensor_allocate", arguments)?.needed()?;
    s.call("nrt_add_tensor_to_tensor_set", [set.into(), name.into(), tensor.into()])?.needed()?;
    Ok(tensor)
}

pub(super) fn host_input(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    let (name, size) = &start.model.inputs[0];
    host_tensor(s, start.io.input_set, name, *size)?;
    s.run(&start.model, &start.io)?.is(Status::INVALID)
}

pub(super) fn host_output(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    let (name, size) = &start.model.outputs[0];
    host_tensor(s, start.io.output_set, name, *size)?;
    s.run(&start.model, &start.io)?.is(Status::INVALID)
}
