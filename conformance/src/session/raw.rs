use super::argument::invoke;
use super::{Io, Model, Place, Session};
use crate::abi::Status;
use crate::verdict::Outcome;

/// The asynchronous functions for rules that call them from several threads, or too often to write each call
/// down. A rule that uses it gives the program that shows the same ([`Session::program`]).
#[derive(Debug, Clone, Copy)]
pub struct Raw {
    schedule: usize,
    is_completed: usize,
    get_sequence: usize,
    read: usize,
    write: usize,
    copy: usize,
}

impl Session {
    /// The asynchronous functions, without a record of calls.
    ///
    /// # Errors
    /// Stops the case if the library lacks one of them.
    pub fn raw(&self) -> Outcome<Raw> {
        Ok(Raw {
            schedule: self.address("nrta_execute_schedule")?,
            is_completed: self.address("nrta_is_completed")?,
            get_sequence: self.address("nrta_get_sequence")?,
            read: self.address("nrta_tensor_read")?,
            write: self.address("nrta_tensor_write")?,
            copy: self.address("nrta_tensor_copy")?,
        })
    }
}

/// A stretch of a tensor, and the queue of the tensor-op unit that moves its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Stretch {
    /// The tensor.
    pub tensor: u64,
    /// Its first byte.
    pub offset: u64,
    /// How many bytes.
    pub size: u64,
    /// The core whose unit does it.
    pub core: u32,
    /// The queue.
    pub queue: u32,
}

impl Raw {
    /// `nrta_execute_schedule`.
    #[must_use]
    pub fn schedule(&self, model: &Model, io: &Io, word: Place, id: Place) -> Status {
        let sets = [io.input_set.value(), io.output_set.value()];
        status(self.schedule, &[model.handle.value(), sets[0], sets[1], 0, word.address(), id.address()])
    }

    /// `nrta_is_completed`, with the answer in `done`.
    #[must_use]
    pub fn is_completed(&self, id: u64, done: Place) -> Status {
        status(self.is_completed, &[id, done.address()])
    }

    /// `nrta_get_sequence`, with the answer in `id`.
    #[must_use]
    pub fn get_sequence(&self, core: u32, xu: u32, queue: u32, id: Place) -> Status {
        status(self.get_sequence, &[core.into(), xu.into(), queue.into(), id.address()])
    }

    /// `nrta_tensor_read` to `bytes`.
    #[must_use]
    pub fn read(&self, bytes: u64, from: Stretch, word: Place, id: Place) -> Status {
        let Stretch { tensor, offset, size, core, queue } = from;
        let [word, id] = [word.address(), id.address()];
        status(self.read, &[bytes, tensor, offset, size, core.into(), queue.into(), word, id])
    }

    /// `nrta_tensor_write` from `bytes`.
    #[must_use]
    pub fn write(&self, to: Stretch, bytes: u64, word: Place, id: Place) -> Status {
        let Stretch { tensor, offset, size, core, queue } = to;
        let [word, id] = [word.address(), id.address()];
        status(self.write, &[tensor, bytes, offset, size, core.into(), queue.into(), word, id])
    }

    /// `nrta_tensor_copy` to the same offset of `target`.
    #[must_use]
    pub fn copy(&self, from: Stretch, target: u64, word: Place, id: Place) -> Status {
        let Stretch { tensor, offset, size, core, queue } = from;
        let [word, id] = [word.address(), id.address()];
        status(self.copy, &[tensor, offset, target, offset, size, core.into(), queue.into(), word, id])
    }
}

/// Calls a function that returns a status.
fn status(address: usize, arguments: &[u64]) -> Status {
    // SAFETY: the functions above take so many numbers and addresses, and the rules pass what lives for good.
    Status((unsafe { invoke(address, arguments) } as u32).cast_signed())
}
