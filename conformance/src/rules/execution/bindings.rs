use crate::abi::{HOST, Status};
use crate::session::{Argument, Io, Model, Place, Session};
use crate::verdict::{Outcome, Stop};

/// What is answered where a tensor is missing or too small: sources name no number, and these are the two that
/// bad input has.
const BAD_INPUT: [Status; 2] = [Status::INVALID, Status(1002)];
/// Bytes beyond what a model asks for.
const BEYOND: usize = 256;
/// Host tensors are at most so large.
const HOST_MAX: usize = 4 << 20;

fn prepared(s: &Session) -> Outcome<(Model, Io)> {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    s.fill_inputs(&io, 1)?;
    s.fill_outputs(&io, 5)?;
    Ok((model, io))
}

fn names(signature: &[(String, usize)]) -> impl Iterator<Item = &str> {
    signature.iter().map(|(name, _)| name.as_str())
}

fn input_set(s: &Session, model: &Model, tensors: &[Place]) -> Outcome<Place> {
    s.bound(names(&model.inputs).zip(tensors.iter().copied()))
}

fn output_set(s: &Session, model: &Model, tensors: &[Place]) -> Outcome<Place> {
    s.bound(names(&model.outputs).zip(tensors.iter().copied()))
}

/// Wants a run to be refused, and nothing to be written.
fn refused(s: &Session, model: &Model, io: &Io, sets: [Place; 2]) -> Outcome {
    let arguments = [model.handle.into(), sets[0].into(), sets[1].into()];
    s.call("nrt_execute", arguments)?.is_one_of(&BAD_INPUT)?;
    s.outputs_hold(io, 5)
}

/// Wants a run to succeed.
fn succeeds(s: &Session, model: &Model, sets: [Place; 2]) -> Outcome {
    s.call("nrt_execute", [model.handle.into(), sets[0].into(), sets[1].into()])?.is(Status::SUCCESS)
}

pub(super) fn no_sets(s: &Session) -> Outcome {
    let (model, io) = prepared(s)?;
    for sets in [[Argument::null(), io.output_set.into()], [io.input_set.into(), Argument::null()]] {
        let [inputs, outputs] = sets;
        s.call("nrt_execute", [model.handle.into(), inputs, outputs])?.is(Status::INVALID)?;
    }
    s.outputs_hold(&io, 5)
}

pub(super) fn missing_input(s: &Session) -> Outcome {
    let (model, io) = prepared(s)?;
    for missing in 0..io.inputs.len() {
        let others = names(&model.inputs).zip(io.inputs.iter().copied()).enumerate();
        let set = s.bound(others.filter(|(index, _)| *index != missing).map(|(_, entry)| entry))?;
        refused(s, &model, &io, [set, io.output_set])?;
    }
    Ok(())
}

pub(super) fn missing_output(s: &Session) -> Outcome {
    let (model, io) = prepared(s)?;
    for missing in 0..io.outputs.len() {
        let others = names(&model.outputs).zip(io.outputs.iter().copied()).enumerate();
        let set = s.bound(others.filter(|(index, _)| *index != missing).map(|(_, entry)| entry))?;
        refused(s, &model, &io, [io.input_set, set])?;
    }
    Ok(())
}

pub(super) fn short_input(s: &Session) -> Outcome {
    let (model, io) = prepared(s)?;
    for (index, size) in io.input_sizes.iter().enumerate().filter(|(_, size)| **size > 1) {
        let mut tensors = io.inputs.clone();
        tensors[index] = s.tensor(0, size - 1)?;
        refused(s, &model, &io, [input_set(s, &model, &tensors)?, io.output_set])?;
    }
    Ok(())
}

pub(super) fn short_output(s: &Session) -> Outcome {
    let (model, io) = prepared(s)?;
    for (index, size) in io.output_sizes.iter().enumerate().filter(|(_, size)| **size > 1) {
        let mut tensors = io.outputs.clone();
        tensors[index] = s.filled_tensor(0, size - 1, 6)?;
        refused(s, &model, &io, [io.input_set, output_set(s, &model, &tensors)?])?;
        s.holds(s.read(tensors[index], size - 1)?, 0, size - 1, 6, 0)?;
    }
    Ok(())
}

pub(super) fn larger_input(s: &Session) -> Outcome {
    let (model, io) = prepared(s)?;
    let wanted = s.expected(&model, 1)?;
    let larger = io.input_sizes.iter().map(|size| s.filled_tensor(0, size + BEYOND, 1));
    let set = input_set(s, &model, &larger.collect::<Outcome<Vec<_>>>()?)?;
    succeeds(s, &model, [set, io.output_set])?;
    s.same(&s.outputs(&io)?, &wanted)
}

pub(super) fn larger_output(s: &Session) -> Outcome {
    let (model, io) = prepared(s)?;
    let wanted = s.expected(&model, 1)?;
    let larger = io.output_sizes.iter().map(|size| s.filled_tensor(0, size + BEYOND, 8));
    let larger = larger.collect::<Outcome<Vec<_>>>()?;
    succeeds(s, &model, [io.input_set, output_set(s, &model, &larger)?])?;
    for ((tensor, size), wanted) in larger.iter().zip(&io.output_sizes).zip(&wanted) {
        let seen = s.read(*tensor, size + BEYOND)?;
        s.same(&[seen], std::slice::from_ref(wanted))?;
        s.holds(seen, *size, BEYOND, 8, *size)?;
    }
    Ok(())
}

pub(super) fn extra_input(s: &Session) -> Outcome {
    let (model, io) = prepared(s)?;
    let extra = s.tensor(0, 64)?;
    let add = [io.input_set.into(), "nobody asked for this".into(), extra.into()];
    s.call("nrt_add_tensor_to_tensor_set", add)?.needed()?;
    refused(s, &model, &io, [io.input_set, io.output_set])
}

pub(super) fn extra_async(s: &Session) -> Outcome {
    let (model, io) = prepared(s)?;
    let wanted = s.expected(&model, 1)?;
    let extra = s.filled_tensor(0, 64, 9)?;
    for set in [io.input_set, io.output_set] {
        let add = [set.into(), "nobody asked for this".into(), extra.into()];
        s.call("nrt_add_tensor_to_tensor_set", add)?.needed()?;
    }
    let (word, id) = (s.word(), s.sequence());
    s.schedule(&model, &io, word, id)?.is(Status::SUCCESS)?;
    s.completes(id)?;
    s.holds_status(word, Status::SUCCESS)?;
    s.same(&s.outputs(&io)?, &wanted)?;
    s.holds(s.read(extra, 64)?, 0, 64, 9, 0)
}

pub(super) fn host_tensors(s: &Session) -> Outcome {
    let (model, mut io) = prepared(s)?;
    if io.input_sizes.iter().chain(&io.output_sizes).any(|size| *size > HOST_MAX) {
        return Err(Stop::not_applicable("the model's tensors are larger than host tensors may be"));
    }
    let wanted = s.expected(&model, 1)?;
    let host = |size: &usize| {
        let tensor = s.pointer('t');
        let arguments = [HOST.into(), (-1).into(), (*size).into(), tensor.name.into(), tensor.at()];
        s.call("nrt_tensor_allocate", arguments)?.needed()?;
        Ok(tensor)
    };
    io.inputs = io.input_sizes.iter().map(host).collect::<Outcome<_>>()?;
    io.outputs = io.output_sizes.iter().map(host).collect::<Outcome<_>>()?;
    s.fill_inputs(&io, 1)?;
    let sets = [input_set(s, &model, &io.inputs)?, output_set(s, &model, &io.outputs)?];
    succeeds(s, &model, sets)?;
    s.same(&s.outputs(&io)?, &wanted)
}

pub(super) fn attached_tensors(s: &Session) -> Outcome {
    let (model, io) = prepared(s)?;
    let wanted = s.expected(&model, 1)?;
    let attached = |size: &usize| {
        let (tensor, memory) = (s.pointer('t'), s.buffer(*size));
        s.call("nrt_tensor_allocate_empty", [tensor.name.into(), tensor.at()])?.needed()?;
        s.call("nrt_tensor_attach_buffer", [tensor.into(), memory.into(), (*size).into()])?.needed()?;
        Ok((tensor, memory))
    };
    let inputs = io.input_sizes.iter().map(attached).collect::<Outcome<Vec<_>>>()?;
    let outputs = io.output_sizes.iter().map(attached).collect::<Outcome<Vec<_>>>()?;
    inputs.iter().for_each(|(_, memory)| s.fill(*memory, 1));
    let (inputs, _): (Vec<_>, Vec<_>) = inputs.into_iter().unzip();
    let (outputs, memories): (Vec<_>, Vec<_>) = outputs.into_iter().unzip();
    succeeds(s, &model, [input_set(s, &model, &inputs)?, output_set(s, &model, &outputs)?])?;
    s.same(&memories, &wanted)
}

pub(super) fn slices(s: &Session) -> Outcome {
    let (model, io) = prepared(s)?;
    let wanted = s.expected(&model, 1)?;
    let slice = |size: &usize| {
        let (whole, slice) = (s.filled_tensor(0, size + 2 * BEYOND, 8)?, s.pointer('t'));
        let arguments = [whole.into(), BEYOND.into(), (*size).into(), slice.name.into(), slice.at()];
        s.call("nrt_tensor_allocate_slice", arguments)?.needed()?;
        Ok((whole, slice))
    };
    let (_, inputs): (Vec<_>, Vec<_>) =
        io.input_sizes.iter().map(slice).collect::<Outcome<Vec<_>>>()?.into_iter().unzip();
    let (wholes, outputs): (Vec<_>, Vec<_>) =
        io.output_sizes.iter().map(slice).collect::<Outcome<Vec<_>>>()?.into_iter().unzip();
    s.fill_inputs(&Io { inputs: inputs.clone(), ..io.clone() }, 1)?;
    succeeds(s, &model, [input_set(s, &model, &inputs)?, output_set(s, &model, &outputs)?])?;
    s.same(&s.outputs(&Io { outputs, ..io.clone() })?, &wanted)?;
    for (whole, size) in wholes.iter().zip(&io.output_sizes) {
        let seen = s.read(*whole, size + 2 * BEYOND)?;
        s.holds(seen, 0, BEYOND, 8, 0)?;
        s.holds(seen, BEYOND + size, BEYOND, 8, BEYOND + size)?;
    }
    Ok(())
}

pub(super) fn replaced_output(s: &Session) -> Outcome {
    let (model, io) = prepared(s)?;
    let wanted = s.expected(&model, 1)?;
    let new = s.tensor(0, io.output_sizes[0])?;
    let add = [io.output_set.into(), model.outputs[0].0.as_str().into(), new.into()];
    s.call("nrt_add_tensor_to_tensor_set", add)?.needed()?;
    succeeds(s, &model, [io.input_set, io.output_set])?;
    s.same(&[s.read(new, io.output_sizes[0])?], &wanted[..1])?;
    let old = s.read(io.outputs[0], io.output_sizes[0])?;
    s.holds(old, 0, old.len(), 5, 0)
}
