use super::{Buffer, Io, Model, Place, Session};
use crate::abi::Status;
use crate::verdict::{Outcome, Stop};

impl Session {
    /// Writes the pattern `seed` to all outputs with the blocking call, so that it shows who writes them.
    ///
    /// # Errors
    /// Stops the case if one of them cannot be written.
    pub fn fill_outputs(&self, io: &Io, seed: u8) -> Outcome {
        for (tensor, size) in io.outputs.iter().zip(&io.output_sizes) {
            let buffer = self.buffer(*size);
            self.fill(buffer, seed);
            let arguments = [(*tensor).into(), buffer.into(), 0.into(), (*size).into()];
            self.call("nrt_tensor_write", arguments)?.needed()?;
        }
        Ok(())
    }

    /// Reads all outputs with the blocking call.
    ///
    /// # Errors
    /// Stops the case if one of them cannot be read.
    pub fn outputs(&self, io: &Io) -> Outcome<Vec<Buffer>> {
        io.outputs.iter().zip(&io.output_sizes).map(|(tensor, size)| self.read(*tensor, *size)).collect()
    }

    /// The rule wants the outputs to be as [`Session::fill_outputs`] left them.
    ///
    /// # Errors
    /// Stops the case if they are not.
    pub fn outputs_hold(&self, io: &Io, seed: u8) -> Outcome {
        for buffer in self.outputs(io)? {
            self.holds(buffer, 0, buffer.len(), seed, 0)?;
        }
        Ok(())
    }

    /// The rule wants these outputs to have the same bytes as those.
    ///
    /// # Errors
    /// Stops the case if they have not.
    pub fn same(&self, seen: &[Buffer], wanted: &[Buffer]) -> Outcome {
        for (seen, wanted) in seen.iter().zip(wanted) {
            let (left, right) = (seen.bytes(), wanted.bytes());
            let size = left.len().min(right.len());
            let differs = (0..size).find(|index| left[*index] != right[*index]);
            let in_c = format!("memcmp({}, {}, {size}) == 0", seen.name, wanted.name);
            let what = format!("byte {} of an output is not what it has to be", differs.unwrap_or_default());
            self.check(differs.is_none(), in_c, what)?;
        }
        Ok(())
    }

    /// What a blocking run with these inputs writes, in tensors of its own.
    ///
    /// # Errors
    /// Stops the case if there is no such run.
    pub fn expected(&self, model: &Model, seed: u8) -> Outcome<Vec<Buffer>> {
        let io = self.io(model)?;
        self.fill_inputs(&io, seed)?;
        self.execute(model, &io)?;
        self.outputs(&io)
    }

    /// A set in which these tensors have these names.
    ///
    /// # Errors
    /// Stops the case if it cannot be made.
    pub fn bound<'a>(&self, entries: impl IntoIterator<Item = (&'a str, Place)>) -> Outcome<Place> {
        let set = self.set()?;
        for (name, tensor) in entries {
            let arguments = [set.into(), name.into(), tensor.into()];
            self.call("nrt_add_tensor_to_tensor_set", arguments)?.needed()?;
        }
        Ok(set)
    }
    /// The rule wants nobody to have written to this status.
    ///
    /// # Errors
    /// Stops the case if somebody has.
    pub fn untouched(&self, word: Place) -> Outcome {
        let in_c = format!("{} == 0x7fffffff", word.name);
        self.check(word.is_untouched(), in_c, format!("a status was written: {}", word.signed()))
    }

    /// The last completed id of a queue, as a number.
    ///
    /// # Errors
    /// Stops the case if the library does not say.
    pub fn sequence_of(&self, core: u32, xu: u32, queue: u32) -> Outcome<Place> {
        let id = self.sequence();
        let arguments = [core.into(), xu.into(), queue.into(), id.at()];
        self.call("nrta_get_sequence", arguments)?.needed()?;
        Ok(id)
    }

    /// The rule wants the sequence of a queue to come to this id, and looks until it does, as the guide has it.
    ///
    /// # Errors
    /// Stops the case if it does not in time, or cannot be asked.
    pub fn reaches(&self, core: u32, xu: u32, queue: u32, id: Place) -> Outcome<Place> {
        let (raw, seen) = (self.raw()?, self.sequence());
        self.statement(format!(
            "do {0} = 0, EXPECT(nrta_get_sequence({core}, {xu}, {queue}, &{0}), 0); while ({0} < {1})",
            seen.name, id.name
        ));
        seen.set(0);
        let mut status = Status::SUCCESS;
        let came = self.until(|| {
            status = raw.get_sequence(core, xu, queue, seen);
            status != Status::SUCCESS || seen.value() >= id.value()
        });
        if came && status == Status::SUCCESS {
            return Ok(seen);
        }
        Err(Stop::failed(format!(
            "nrta_get_sequence answers {status} and {:#018x}, and never came to {:#018x}",
            seen.value(),
            id.value()
        )))
    }

    /// The rule wants this sequence id to have this number.
    ///
    /// # Errors
    /// Stops the case if it has another.
    pub fn numbered(&self, id: Place, wanted: u64) -> Outcome {
        let seen = crate::abi::number(id.value());
        let in_c = format!("({} & 0xffffffffffff) == {wanted}", id.name);
        self.check(seen == wanted, in_c, format!("the number is {seen}, not {wanted}"))
    }
}
