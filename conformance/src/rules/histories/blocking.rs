//! The steps that are over when they return: tensors, sets, models.

use super::machine::{Loaded, Machine, Part, pick};
use crate::abi::{COMPUTE, DEVICE, Status};
use crate::model::set::Set;
use crate::model::uses::Access;
use crate::session::{Answer, Buffer};
use crate::verdict::{Outcome, Stop};

/// Models with more bytes of inputs and outputs are left out: programs copy them often.
const MODEL_BYTES_MAX: usize = 1 << 20;
/// So many of each kind of thing are enough for a program.
const TENSORS_MAX: usize = 12;
const MODELS_MAX: usize = 2;

impl Machine<'_> {
    pub(super) fn allocate(&mut self, core: u8, size: u8, byte: u8) -> Outcome {
        if self.tensors.live().len() >= TENSORS_MAX {
            return Ok(());
        }
        let (core, size) = (u32::from(core) % self.cores, 1 + usize::from(size));
        let handle = self.session.pointer('t');
        let arguments = [DEVICE.into(), core.into(), size.into(), handle.name.into(), handle.at()];
        self.session.call("nrt_tensor_allocate", arguments)?.is(Status::SUCCESS)?;
        let tensor = self.tensors.allocate(core, size, 0);
        self.handles.push(handle);
        let span = self.tensors.span(tensor, 0, size).expect("all of it");
        self.memset(&Part { tensor, offset: 0, size, span }, byte)
    }

    pub(super) fn slice(&mut self, part: &Part) -> Outcome {
        if self.tensors.live().len() >= TENSORS_MAX {
            return Ok(());
        }
        let handle = self.session.pointer('t');
        let of = self.handles[part.tensor];
        let arguments = [of.into(), part.offset.into(), part.size.into(), handle.name.into(), handle.at()];
        self.session.call("nrt_tensor_allocate_slice", arguments)?.is(Status::SUCCESS)?;
        self.tensors.slice(part.tensor, part.offset, part.size).expect("it is within");
        self.handles.push(handle);
        Ok(())
    }

    /// Frees a tensor, unless it is in a set: it has to outlive that.
    pub(super) fn free(&mut self, number: u8) -> Outcome {
        let Some(tensor) = pick(&self.tensors.live(), number) else { return Ok(()) };
        let is_bound = |loaded: &Loaded| loaded.inputs.contains(&tensor) || loaded.outputs.contains(&tensor);
        if self.sets.iter().any(|(_, set)| set.holds(tensor)) || self.models.iter().any(is_bound) {
            return Ok(());
        }
        let span = self.tensors.span(tensor, 0, self.tensors.size(tensor)).expect("it is live");
        self.clear(&span, Access::Write, None)?;
        let handle = self.handles[tensor];
        self.session.call("nrt_tensor_free", [handle.at()]).map(Answer::ignored)?;
        self.tensors.free(tensor);
        self.session.check(handle.value() == 0, format!("{} == NULL", handle.name), "the handle is not NULL")
    }

    pub(super) fn write(&mut self, part: &Part, seed: u8) -> Outcome {
        self.clear(&part.span, Access::Write, None)?;
        let buffer = self.filled(part.size, seed);
        let handle = self.handles[part.tensor];
        let arguments = [handle.into(), buffer.into(), part.offset.into(), part.size.into()];
        self.session.call("nrt_tensor_write", arguments)?.is(Status::SUCCESS)?;
        self.tensors.write(&part.span, &buffer.bytes());
        Ok(())
    }

    pub(super) fn read(&mut self, part: &Part) -> Outcome {
        self.clear(&part.span, Access::Read, None)?;
        let buffer = self.session.buffer(part.size);
        let handle = self.handles[part.tensor];
        let arguments = [handle.into(), buffer.into(), part.offset.into(), part.size.into()];
        self.session.call("nrt_tensor_read", arguments)?.is(Status::SUCCESS)?;
        self.equals(buffer, self.tensors.read(&part.span))
    }

    pub(super) fn memset(&mut self, part: &Part, byte: u8) -> Outcome {
        self.clear(&part.span, Access::Write, None)?;
        let handle = self.handles[part.tensor];
        let arguments = [handle.into(), part.offset.into(), u32::from(byte).into(), part.size.into()];
        self.session.call("nrt_tensor_memset", arguments)?.is(Status::SUCCESS)?;
        self.tensors.write(&part.span, &vec![byte; part.size]);
        Ok(())
    }

    pub(super) fn copy(&mut self, part: &Part, to: u8, at: u8) -> Outcome {
        let Some(target) = self.target(part, to, at) else { return Ok(()) };
        self.clear(&part.span, Access::Read, None)?;
        self.clear(&target.span, Access::Write, None)?;
        let [from, to] = [part, &target].map(|part| self.handles[part.tensor]);
        let arguments = [from.into(), part.offset.into(), to.into(), target.offset.into(), part.size.into()];
        self.session.call("nrt_tensor_copy", arguments)?.is(Status::SUCCESS)?;
        self.copied(part, &target);
        Ok(())
    }

    /// The bytes of a part are those of another now.
    pub(super) fn copied(&mut self, part: &Part, target: &Part) {
        let bytes = self.tensors.read(&part.span).to_vec();
        self.tensors.write(&target.span, &bytes);
    }

    /// A new buffer with a pattern.
    pub(super) fn filled(&self, size: usize, seed: u8) -> Buffer {
        let buffer = self.session.buffer(size);
        self.session.fill(buffer, seed);
        buffer
    }

    pub(super) fn new_set(&mut self) -> Outcome {
        let place = self.session.pointer('s');
        self.session.call("nrt_allocate_tensor_set", [place.at()])?.is(Status::SUCCESS)?;
        self.sets.push((place, Set::default()));
        Ok(())
    }

    pub(super) fn add(&mut self, set: u8, name: u8, tensor: u8) -> Outcome {
        let Some(tensor) = pick(&self.tensors.live(), tensor) else { return Ok(()) };
        let count = self.sets.len().max(1);
        let Some((place, set)) = self.sets.get_mut(usize::from(set) % count) else { return Ok(()) };
        let arguments = [(*place).into(), tensor_name(name).into(), self.handles[tensor].into()];
        self.session.call("nrt_add_tensor_to_tensor_set", arguments)?.is(Status::SUCCESS)?;
        set.add(tensor_name(name), tensor);
        Ok(())
    }

    pub(super) fn get(&mut self, set: u8, name: u8) -> Outcome {
        let count = self.sets.len().max(1);
        let Some((place, set)) = self.sets.get(usize::from(set) % count) else { return Ok(()) };
        let found = self.session.pointer('p');
        let arguments = [(*place).into(), tensor_name(name).into(), found.at()];
        let answer = self.session.call("nrt_get_tensor_from_tensor_set", arguments)?;
        let Some(tensor) = set.get(tensor_name(name)) else { return answer.is(Status::FAILURE) };
        answer.is(Status::SUCCESS)?;
        let handle = self.handles[tensor];
        let in_c = format!("{} == {}", found.name, handle.name);
        self.session.check(found.value() == handle.value(), in_c, "the set gave another tensor")
    }

    pub(super) fn drop_set(&mut self, set: u8) -> Outcome {
        if self.sets.is_empty() {
            return Ok(());
        }
        let (place, _) = self.sets.remove(usize::from(set) % self.sets.len());
        self.session.call("nrt_destroy_tensor_set", [place.at()]).map(Answer::ignored)
    }

    pub(super) fn load(&mut self, core: u8) -> Outcome {
        if self.models.len() >= MODELS_MAX {
            return Ok(());
        }
        let model = self.session.model(u32::from(core) % self.cores)?;
        let sizes = model.inputs.iter().chain(&model.outputs).map(|(_, size)| size);
        if sizes.sum::<usize>() > MODEL_BYTES_MAX {
            return Err(Stop::not_applicable("the model has too many bytes of inputs and outputs"));
        }
        let io = self.session.io(&model)?;
        let mut known = |places: &[_], sizes: &[usize]| -> Vec<usize> {
            let each = places.iter().zip(sizes);
            each.map(|(place, size)| {
                self.handles.push(*place);
                self.tensors.allocate(model.core, *size, 0)
            })
            .collect()
        };
        let (inputs, outputs) = (known(&io.inputs, &io.input_sizes), known(&io.outputs, &io.output_sizes));
        for (tensor, byte) in inputs.iter().chain(&outputs).zip(1..) {
            self.memset(&self.whole(*tensor), byte)?;
        }
        let loaded = Loaded { model, io, inputs, outputs };
        self.models.push(loaded);
        Ok(())
    }

    pub(super) fn unload(&mut self, number: u8) -> Outcome {
        if self.models.is_empty() {
            return Ok(());
        }
        let Loaded { model, io, .. } = self.models.remove(usize::from(number) % self.models.len());
        let queue = self.compute(model.core);
        self.wait((queue, self.queues[queue].state.submitted()))?;
        self.session.call("nrt_unload", [model.handle.into()])?.is(Status::SUCCESS)?;
        for set in [io.input_set, io.output_set] {
            self.session.call("nrt_destroy_tensor_set", [set.at()])?.ignored();
        }
        Ok(())
    }

    pub(super) fn run(&mut self, number: u8) -> Outcome {
        if self.models.is_empty() {
            return Ok(());
        }
        let loaded = self.models[usize::from(number) % self.models.len()].clone();
        let inputs = self.bytes(&loaded.inputs);
        let outputs = self.ran(&loaded)?;
        if let Some(known) = self.function.of(&inputs) {
            return outputs.iter().zip(known).try_for_each(|(buffer, bytes)| self.equals(*buffer, bytes));
        }
        // Other bytes in the outputs, and the same in the inputs: what comes then is the model's work alone.
        for tensor in &loaded.outputs {
            self.memset(&self.whole(*tensor), 0xee)?;
        }
        let outputs: Vec<Vec<u8>> = outputs.into_iter().map(Buffer::bytes).collect();
        let again: Vec<Vec<u8>> = self.ran(&loaded)?.into_iter().map(Buffer::bytes).collect();
        if again != outputs {
            return Err(Stop::not_applicable("the model computes more than a function of its inputs"));
        }
        self.function.learn(inputs, outputs);
        Ok(())
    }

    /// Runs a model with the blocking call, and returns what is in its outputs then.
    fn ran(&mut self, loaded: &Loaded) -> Outcome<Vec<Buffer>> {
        let queue = self.compute(loaded.model.core);
        for (tensors, access) in [(&loaded.inputs, Access::Read), (&loaded.outputs, Access::Write)] {
            for tensor in tensors {
                let span = self.whole(*tensor).span;
                self.clear(&span, access, None)?;
            }
        }
        let sets = [loaded.io.input_set, loaded.io.output_set];
        let arguments = [loaded.model.handle.into(), sets[0].into(), sets[1].into()];
        self.session.call("nrt_execute", arguments)?.is(Status::SUCCESS)?;
        let line = &mut self.queues[queue].state;
        if let Some(number) = line.accept() {
            let may_be = line.answers(number, true);
            assert!(may_be, "it was submitted");
        }
        self.settle(queue)?;
        let mut outputs = Vec::new();
        for tensor in &loaded.outputs {
            let whole = self.whole(*tensor);
            let buffer = self.session.read(self.handles[*tensor], whole.size)?;
            self.tensors.write(&whole.span, &buffer.bytes());
            outputs.push(buffer);
        }
        Ok(outputs)
    }

    /// What a run of a model with its inputs as they are now gives; a blocking run shows it if none has yet.
    pub(super) fn outcome(&mut self, loaded: &Loaded, number: u8) -> Outcome<Vec<Vec<u8>>> {
        let inputs = self.bytes(&loaded.inputs);
        if self.function.of(&inputs).is_none() {
            self.run(number)?;
        }
        Ok(self.function.of(&inputs).expect("a run has shown it").clone())
    }

    fn bytes(&self, tensors: &[usize]) -> Vec<Vec<u8>> {
        tensors.iter().map(|tensor| self.tensors.read(&self.whole(*tensor).span).to_vec()).collect()
    }

    /// All of a tensor.
    pub(super) fn whole(&self, tensor: usize) -> Part {
        let size = self.tensors.size(tensor);
        let span = self.tensors.span(tensor, 0, size).expect("it is live");
        Part { tensor, offset: 0, size, span }
    }

    /// The queue that runs models on a core.
    pub(super) fn compute(&self, core: u32) -> usize {
        let is_it = |line: &super::machine::Line| (line.core, line.xu) == (core, COMPUTE);
        self.queues.iter().position(is_it).expect("each core has one")
    }
}

/// Names of tensors in sets: few, so that some come twice.
fn tensor_name(number: u8) -> &'static str {
    ["a", "b", "c"][usize::from(number) % 3]
}
