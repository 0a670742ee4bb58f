use std::fs;
use std::path::PathBuf;

use super::{Answer, Argument, Buffer, Place, Session};
use crate::abi::{COMPUTE, DEVICE, Status, layout};
use crate::neff::Neff;
use crate::script::Line;
use crate::verdict::{Outcome, Stop};

/// Tensors of a model: name and bytes of each.
type Signature = Vec<(String, usize)>;

/// A loaded model and what it wants.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its handle.
    pub handle: Place,
    /// The core that it is on.
    pub core: u32,
    /// Its inputs: name and bytes.
    pub inputs: Signature,
    /// Its outputs: name and bytes.
    pub outputs: Signature,
}

/// Tensors for a model, in two sets.
#[derive(Debug, Clone)]
pub struct Io {
    /// The set of inputs.
    pub input_set: Place,
    /// The set of outputs.
    pub output_set: Place,
    /// A tensor for each input of the model.
    pub inputs: Vec<Place>,
    /// A tensor for each output.
    pub outputs: Vec<Place>,
    /// Bytes of each input.
    pub input_sizes: Vec<usize>,
    /// Bytes of each output.
    pub output_sizes: Vec<usize>,
}

impl Session {
    /// Begins: `nrt_init` without a framework.
    ///
    /// # Errors
    /// Stops the case if it fails.
    pub fn init(&self) -> Outcome {
        self.call("nrt_init", [1.into(), "".into(), "".into()])?.needed()
    }

    /// Ends: `nrt_close`.
    ///
    /// # Errors
    /// Stops the case if the library has no such function.
    pub fn close(&self) -> Outcome {
        self.call("nrt_close", []).map(Answer::ignored)
    }

    /// How many logical cores the process has.
    ///
    /// # Errors
    /// Stops the case if the library does not say.
    pub fn cores(&self) -> Outcome<u32> {
        let count = self.int();
        self.call("nrt_get_visible_vnc_count", [count.at()])?.needed()?;
        Ok(count.value() as u32)
    }

    /// Stops the case on machines with fewer cores.
    ///
    /// # Errors
    /// The rule does not apply there.
    pub fn needs_cores(&self, cores: u32) -> Outcome {
        let here = self.cores()?;
        if here >= cores {
            return Ok(());
        }
        Err(Stop::not_applicable(format!("it needs {cores} logical cores, and here are {here}")))
    }

    /// A tensor in the memory of a core.
    ///
    /// # Errors
    /// Stops the case if it is not allocated.
    pub fn tensor(&self, core: u32, size: usize) -> Outcome<Place> {
        let tensor = self.pointer('t');
        let arguments = [DEVICE.into(), core.into(), size.into(), tensor.name.into(), tensor.at()];
        self.call("nrt_tensor_allocate", arguments)?.needed()?;
        Ok(tensor)
    }

    /// A tensor in the memory of a core that holds the pattern `seed`.
    ///
    /// # Errors
    /// Stops the case if it is not allocated or written.
    pub fn filled_tensor(&self, core: u32, size: usize, seed: u8) -> Outcome<Place> {
        let tensor = self.tensor(core, size)?;
        let buffer = self.buffer(size);
        self.fill(buffer, seed);
        self.call("nrt_tensor_write", [tensor.into(), buffer.into(), 0.into(), size.into()])?.needed()?;
        Ok(tensor)
    }

    /// An empty tensor set.
    ///
    /// # Errors
    /// Stops the case if it is not allocated.
    pub fn set(&self) -> Outcome<Place> {
        let set = self.pointer('s');
        self.call("nrt_allocate_tensor_set", [set.at()])?.needed()?;
        Ok(set)
    }

    /// Reads the first `size` bytes of a tensor with the blocking call.
    ///
    /// # Errors
    /// Stops the case if it cannot be read.
    pub fn read(&self, tensor: Place, size: usize) -> Outcome<Buffer> {
        let buffer = self.buffer(size);
        self.call("nrt_tensor_read", [tensor.into(), buffer.into(), 0.into(), size.into()])?.needed()?;
        Ok(buffer)
    }

    /// The rule wants `size` bytes of the buffer, from `offset`, to be the pattern `seed` from its byte `from`.
    ///
    /// # Errors
    /// Stops the case if they are not.
    pub fn holds(&self, buffer: Buffer, offset: usize, size: usize, seed: u8, from: usize) -> Outcome {
        let differs = buffer.differs(offset, size, seed, from);
        let in_c = format!("holds({} + {offset}, {size}, {seed}, {from})", buffer.name);
        let at = differs.map_or(0, |index| offset + index);
        self.check(differs.is_none(), in_c, format!("byte {at} of {size} is not what was written"))
    }

    /// Loads a model on a core: the first of the user's, or else one that the suite makes.
    ///
    /// # Errors
    /// Stops the case if it is not loaded, or says nothing usable about its tensors.
    pub fn model(&self, core: u32) -> Outcome<Model> {
        let path = self.neff()?;
        let bytes = fs::read(&path).map_err(|why| Stop::blocked(format!("{}: {why}", path.display())))?;
        let handle = self.pointer('m');
        self.write(Line::Call(format!("nrt_load(neff, neff_size, {core}, -1, &{})", handle.name)));
        let neff = bytes.leak();
        let load = self.address("nrt_load")?;
        let status = {
            let [address, size] = [neff.as_ptr() as u64, neff.len() as u64];
            let arguments = [address, size, core.into(), u64::MAX, handle.address()];
            // SAFETY: nrt_load takes an address, a size, two numbers and an address, all of them right.
            Status((unsafe { super::argument::invoke(load, &arguments) } as u32).cast_signed())
        };
        self.write(Line::Wanted(vec![0]));
        if status != Status::SUCCESS {
            let own = self.settings.neffs.is_empty();
            let hint = if own { "; pass a compiled model with --neff" } else { "" };
            let what = format!("nrt_load of {} answered {status}{hint}", path.display());
            return Err(Stop::blocked(what));
        }
        let (inputs, outputs) = self.signature(handle)?;
        Ok(Model { handle, core, inputs, outputs })
    }

    /// The file that models are loaded from.
    ///
    /// # Errors
    /// Stops the case if the suite cannot write its own.
    pub fn neff(&self) -> Outcome<PathBuf> {
        if let Some(first) = self.settings.neffs.first() {
            return Ok(first.clone());
        }
        let neff = self.own_neff()?;
        let path = self.settings.folder.join(neff.file_name());
        if !path.exists() {
            // Under another name first: other cases may look for it at the same time.
            let new = path.with_extension(std::process::id().to_string());
            let written = fs::write(&new, neff.bytes()).and_then(|()| fs::rename(&new, &path));
            written.map_err(|why| Stop::blocked(format!("{}: {why}", path.display())))?;
        }
        Ok(path)
    }

    /// A small model that fits the machine, for runtimes that do not look at instructions.
    ///
    /// # Errors
    /// Stops the case if the library does not say what machine it is on.
    pub fn own_neff(&self) -> Outcome<Neff> {
        let info = self.buffer(32);
        self.call("nrt_get_instance_info", [info.into(), 32.into()])?.needed()?;
        let size = self.int();
        self.call("nec_get_virtual_core_size", [size.at()])?.needed()?;
        Ok(Neff::new(layout::target_of_family(info.u32(0)), size.value() as u32))
    }

    /// Name and bytes of the inputs and outputs of a model.
    fn signature(&self, handle: Place) -> Outcome<(Signature, Signature)> {
        let info = self.pointer('p');
        self.call("nrt_get_model_tensor_info", [handle.into(), info.at()])?.needed()?;
        // SAFETY: the library has just said that its list is there.
        let tensors = unsafe { layout::tensor_infos(info.value()) };
        self.call("nrt_free_model_tensor_info", [info.into()])?.ignored();
        let Some(tensors) = tensors else {
            return Err(Stop::blocked("nrt_get_model_tensor_info gave no list of tensors"));
        };
        let having = |usage| {
            let having = tensors.iter().filter(move |tensor| tensor.usage == usage);
            having.map(|tensor| (tensor.name.clone(), tensor.size)).collect::<Vec<_>>()
        };
        let (inputs, outputs) = (having(0), having(1));
        if inputs.is_empty() || outputs.is_empty() {
            let what = "the model has no inputs or no outputs";
            let own = self.settings.neffs.is_empty(); // which has both, whatever the library says
            return Err(if own { Stop::blocked(what) } else { Stop::not_applicable(what) });
        }
        Ok((inputs, outputs))
    }

    /// Allocates device tensors for all inputs and outputs of a model, and puts them into sets.
    ///
    /// # Errors
    /// Stops the case if one of these calls fails.
    pub fn io(&self, model: &Model) -> Outcome<Io> {
        let bind = |tensors: &Signature| {
            let set = self.set()?;
            let mut places = Vec::new();
            for (name, size) in tensors {
                let tensor = self.tensor(model.core, *size)?;
                let add = [set.into(), name.as_str().into(), tensor.into()];
                self.call("nrt_add_tensor_to_tensor_set", add)?.needed()?;
                places.push(tensor);
            }
            Ok((set, places))
        };
        let (input_set, inputs) = bind(&model.inputs)?;
        let (output_set, outputs) = bind(&model.outputs)?;
        let input_sizes = model.inputs.iter().map(|(_, size)| *size).collect();
        let output_sizes = model.outputs.iter().map(|(_, size)| *size).collect();
        Ok(Io { input_set, output_set, inputs, outputs, input_sizes, output_sizes })
    }

    /// Writes the pattern `seed` to all inputs with the blocking call.
    ///
    /// # Errors
    /// Stops the case if one of them cannot be written.
    pub fn fill_inputs(&self, io: &Io, seed: u8) -> Outcome {
        for (tensor, size) in io.inputs.iter().zip(&io.input_sizes) {
            let buffer = self.buffer(*size);
            self.fill(buffer, seed);
            let arguments = [(*tensor).into(), buffer.into(), 0.into(), (*size).into()];
            self.call("nrt_tensor_write", arguments)?.needed()?;
        }
        Ok(())
    }

    /// Calls `nrta_execute_schedule` and returns what it answered.
    ///
    /// # Errors
    /// Stops the case if the library has no such function.
    pub fn schedule(&self, model: &Model, io: &Io, word: Place, sequence: Place) -> Outcome<Answer<'_>> {
        let sets = (io.input_set, io.output_set);
        let arguments =
            [model.handle.into(), sets.0.into(), sets.1.into(), 0.into(), word.at(), sequence.at()];
        self.call("nrta_execute_schedule", arguments)
    }

    /// Submits a run that is accepted: where its status comes, and its sequence id.
    ///
    /// # Errors
    /// Stops the case if it is not accepted.
    pub fn submit(&self, model: &Model, io: &Io) -> Outcome<(Place, Place)> {
        let (word, sequence) = (self.word(), self.sequence());
        self.schedule(model, io, word, sequence)?.needed()?;
        Ok((word, sequence))
    }

    /// A blocking run.
    ///
    /// # Errors
    /// Stops the case if it does not succeed.
    pub fn execute(&self, model: &Model, io: &Io) -> Outcome {
        let arguments = [model.handle.into(), io.input_set.into(), io.output_set.into()];
        self.call("nrt_execute", arguments)?.needed()
    }

    /// Lets no request of the queue complete, where the library offers that.
    ///
    /// # Errors
    /// The rule does not apply where it does not.
    pub fn hold(&self, core: u32, xu: u32, queue: i32) -> Outcome {
        self.needs("nrt_sim_pause", "a way to hold a queue")?;
        self.call("nrt_sim_pause", [core.into(), xu.into(), queue.into()])?.needed()
    }

    /// Lets `requests` of a queue that is held complete.
    ///
    /// # Errors
    /// Stops the case if it does not work.
    pub fn step(&self, core: u32, xu: u32, queue: i32, requests: u64) -> Outcome {
        let arguments = [core.into(), xu.into(), queue.into(), requests.into(), Argument::null()];
        self.call("nrt_sim_step", arguments)?.needed()
    }

    /// Lets the queue go on.
    ///
    /// # Errors
    /// Stops the case if it does not work.
    pub fn release(&self, core: u32, xu: u32, queue: i32) -> Outcome {
        self.call("nrt_sim_resume", [core.into(), xu.into(), queue.into()])?.needed()
    }

    /// Lets a fault happen, where the library offers that. `rule` is in the simulator's terms.
    ///
    /// # Errors
    /// The rule does not apply where it does not.
    pub fn inject(&self, rule: &str) -> Outcome {
        self.needs("nrt_sim_inject", "a way to put faults in")?;
        self.call("nrt_sim_inject", [rule.into(), Argument::null()])?.needed()
    }

    /// Lets the compute unit of `core` end its `nth` request with `status`.
    ///
    /// # Errors
    /// As [`Session::inject`].
    pub fn inject_status(&self, core: u32, nth: u64, status: i32) -> Outcome {
        self.inject(&format!("unit = \"compute\"\ncore = {core}\nnth = {nth}\nstatus = {status}"))
    }

    /// The rule does not apply to libraries that have no such function.
    ///
    /// # Errors
    /// Stops the case there.
    pub fn needs(&self, function: &str, what: &str) -> Outcome {
        if self.offers(function) {
            return Ok(());
        }
        Err(Stop::not_applicable(format!("the library has no {function}; the rule needs {what}")))
    }

    /// How many requests the compute queue takes.
    #[must_use]
    pub fn compute_capacity(&self) -> u64 {
        let variable = std::env::var("NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS");
        variable.ok().and_then(|text| text.parse().ok()).unwrap_or(8).min(63)
    }

    /// The kind of unit, the queue and the core that models run on, for `nrta_get_sequence`.
    ///
    /// # Errors
    /// Stops the case if the library does not say.
    pub fn completed(&self, core: u32) -> Outcome<Place> {
        let sequence = self.sequence();
        let arguments = [core.into(), COMPUTE.into(), 0.into(), sequence.at()];
        self.call("nrta_get_sequence", arguments)?.needed()?;
        Ok(sequence)
    }
}
