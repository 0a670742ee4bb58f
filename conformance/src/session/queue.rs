use super::{Answer, Buffer, Place, Session};
use crate::abi::{self, COMPUTE, TENSOR_OP};
use crate::verdict::Outcome;

/// A queue of an execution unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// The logical core.
    pub core: u32,
    /// The kind of unit.
    pub xu: u32,
    /// Which of the unit's queues.
    pub index: u32,
}

/// Where the status of a request comes, and its sequence id.
pub type Request = (Place, Place);

impl Queue {
    /// A queue for transfers; there are two.
    #[must_use]
    pub const fn transfers(core: u32, index: u32) -> Queue {
        Queue { core, xu: TENSOR_OP, index }
    }

    /// The queue for runs.
    #[must_use]
    pub const fn compute(core: u32) -> Queue {
        Queue { core, xu: COMPUTE, index: 0 }
    }

    /// The sequence id of its request `number`.
    #[must_use]
    pub fn id(self, number: u64) -> u64 {
        abi::sequence(self.core, self.xu, self.index, number)
    }
}

impl Session {
    /// Submits `nrta_tensor_read` of the first `size` bytes of a tensor.
    ///
    /// # Errors
    /// Stops the case if it is not accepted.
    pub fn start_read(&self, to: Buffer, tensor: Place, size: usize, queue: Queue) -> Outcome<Request> {
        let (word, id) = (self.word(), self.sequence());
        let (core, index) = (queue.core.into(), queue.index.into());
        let arguments = [to.into(), tensor.into(), 0.into(), size.into(), core, index, word.at(), id.at()];
        self.call("nrta_tensor_read", arguments)?.needed()?;
        Ok((word, id))
    }

    /// Submits `nrta_tensor_write` of the first `size` bytes of a tensor.
    ///
    /// # Errors
    /// Stops the case if it is not accepted.
    pub fn start_write(&self, tensor: Place, from: Buffer, size: usize, queue: Queue) -> Outcome<Request> {
        let (word, id) = (self.word(), self.sequence());
        let (core, index) = (queue.core.into(), queue.index.into());
        let arguments = [tensor.into(), from.into(), 0.into(), size.into(), core, index, word.at(), id.at()];
        self.call("nrta_tensor_write", arguments)?.needed()?;
        Ok((word, id))
    }

    /// Submits `nrta_tensor_copy` of the first `size` bytes of a tensor.
    ///
    /// # Errors
    /// Stops the case if it is not accepted.
    pub fn start_copy(&self, from: Place, to: Place, size: usize, queue: Queue) -> Outcome<Request> {
        let (word, id) = (self.word(), self.sequence());
        let (core, index) = (queue.core.into(), queue.index.into());
        let (from, to) = (from.into(), to.into());
        let arguments = [from, 0.into(), to, 0.into(), size.into(), core, index, word.at(), id.at()];
        self.call("nrta_tensor_copy", arguments)?.needed()?;
        Ok((word, id))
    }

    /// The id of the last request of a queue that has completed, as the library says.
    ///
    /// # Errors
    /// Stops the case if it does not say.
    pub fn last_of(&self, queue: Queue) -> Outcome<Place> {
        let id = self.sequence();
        let arguments = [queue.core.into(), queue.xu.into(), queue.index.into(), id.at()];
        self.call("nrta_get_sequence", arguments)?.needed()?;
        Ok(id)
    }

    /// Whether a request has completed, as the library says.
    ///
    /// # Errors
    /// Stops the case if it does not say.
    pub fn done(&self, id: Place) -> Outcome<Place> {
        let done = self.flag();
        self.call("nrta_is_completed", [id.into(), done.at()])?.needed()?;
        Ok(done)
    }

    /// Lets no request of the queue complete, where the library offers that.
    ///
    /// # Errors
    /// The rule does not apply where it does not.
    pub fn hold_queue(&self, queue: Queue) -> Outcome {
        self.hold(queue.core, queue.xu, queue.index.cast_signed())
    }

    /// Lets so many requests of a queue that is held complete.
    ///
    /// # Errors
    /// Stops the case if it does not work.
    pub fn step_queue(&self, queue: Queue, requests: u64) -> Outcome {
        self.step(queue.core, queue.xu, queue.index.cast_signed(), requests)
    }

    /// Lets the queue go on.
    ///
    /// # Errors
    /// Stops the case if it does not work.
    pub fn release_queue(&self, queue: Queue) -> Outcome {
        self.release(queue.core, queue.xu, queue.index.cast_signed())
    }

    /// Has an eventfd signalled when a request completes.
    ///
    /// # Errors
    /// Stops the case if the library has no such function.
    pub fn listen(&self, id: Place, fd: Place) -> Outcome<Answer<'_>> {
        self.call("nrta_event_register_seq_id_completion", [id.into(), fd.into()])
    }

    /// Has an eventfd signalled at each completion of a queue.
    ///
    /// # Errors
    /// Stops the case if the library has no such function.
    pub fn listen_to(&self, queue: Queue, fd: Place) -> Outcome<Answer<'_>> {
        let arguments = [queue.core.into(), queue.xu.into(), queue.index.into(), fd.into()];
        self.call("nrta_event_register_xu_completion", arguments)
    }

    /// Ends [`Session::listen`].
    ///
    /// # Errors
    /// Stops the case if the library has no such function.
    pub fn unlisten(&self, id: Place) -> Outcome<Answer<'_>> {
        self.call("nrta_event_register_seq_id_completion", [id.into(), (-1).into()])
    }

    /// Ends [`Session::listen_to`].
    ///
    /// # Errors
    /// Stops the case if the library has no such function.
    pub fn unlisten_to(&self, queue: Queue) -> Outcome<Answer<'_>> {
        let arguments = [queue.core.into(), queue.xu.into(), queue.index.into(), (-1).into()];
        self.call("nrta_event_register_xu_completion", arguments)
    }

    /// The rule wants the eventfd to have counted `count` in all since it was last read. What is still to
    /// come is waited for.
    ///
    /// # Errors
    /// Stops the case if it has counted something else.
    pub fn counts(&self, fd: Place, count: u64) -> Outcome {
        let sum = self.long();
        let (fd_name, sum_name) = (fd.name, sum.name);
        self.statement(format!("for ({sum_name} = 0; {sum_name} < {count};) {{"));
        self.statement(format!("uint64_t more = 0; wait_event({fd_name}); read({fd_name}, &more, 8);"));
        self.statement(format!("{sum_name} += more; }}"));
        let mut seen = 0;
        self.until(|| {
            if self.is_readable(fd, 0) || !self.step_time() && self.is_readable(fd, 1) {
                seen += self.read_eventfd(fd);
            }
            seen >= count
        });
        sum.set(seen);
        let what = format!("{fd_name} counted {seen}, not {count}");
        self.check(seen == count, format!("{sum_name} == {count}"), what)
    }

    /// The rule wants the status of a request to be what it is when all went well.
    ///
    /// # Errors
    /// Stops the case if it is not.
    pub fn succeeded(&self, word: Place) -> Outcome {
        self.holds_status(word, abi::Status::SUCCESS)
    }

    /// The rule wants this status of a request.
    ///
    /// # Errors
    /// Stops the case if it is another.
    pub fn holds_status(&self, word: Place, status: abi::Status) -> Outcome {
        let seen = abi::Status(word.signed());
        let what = if word.is_untouched() {
            format!("the status of the request is not written, it should be {status}")
        } else {
            format!("the status of the request is {seen}, not {status}")
        };
        self.check(seen == status, format!("{} == {}", word.name, status.0), what)
    }

    /// The rule wants this id in a place.
    ///
    /// # Errors
    /// Stops the case if another is there.
    pub fn is_id(&self, place: Place, id: u64) -> Outcome {
        let what = format!("the id is {:#018x}, not {id:#018x}", place.value());
        self.check(place.value() == id, format!("{} == {id:#x}", place.name), what)
    }
}
