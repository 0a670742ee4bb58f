//! Requests: what is to be done, and who is to be told.

use std::sync::Arc;

use crate::fault::Operation;
use crate::memory::bytes::{Extent, StatusWord};
use crate::memory::storage::Span;
use crate::memory::tensor::Tensor;
use crate::model::{Model, Run};
use crate::rates::Rates;
use crate::recorder::Deed;
use crate::seq::Seq;
use crate::status::Status;
use crate::time::Tick;
use crate::timing::Cost;

/// Up to so many bytes, a read, write or copy is cheap enough for a thread that only asks whether it is done.
const LIGHT_BYTES: u64 = 64 << 10;

/// A request on its way through a queue.
pub struct Request {
    /// What is to be done.
    pub work: Work,
    /// Who is told the status, before the number is published.
    pub answer: Answer,
    /// The tensors it moves, source first, where a rule of a fault plan wants to know; else none.
    pub tensors: Option<Box<[Arc<Tensor>]>>,
    /// What a [`Tap`](crate::recorder::Tap) finds again when it is told of the request. Nobody else looks at it.
    pub seal: u64,
}

impl Request {
    /// A request of whose tensors nobody wants to know.
    pub fn new(work: Work, answer: Answer) -> Request {
        Request { work, answer, tensors: None, seal: 0 }
    }
}

/// What a request does. The lengths of source and target are equal, and lie within their memory.
pub enum Work {
    /// Device to program.
    Read {
        /// The tensor's bytes.
        from: Span,
        /// The program's buffer.
        to: Extent,
    },
    /// Program to device.
    Write {
        /// The program's buffer, read when the request is done, not when it is submitted.
        from: Extent,
        /// The tensor's bytes.
        to: Span,
    },
    /// Device to device.
    Copy {
        /// Source.
        from: Span,
        /// Target.
        to: Span,
    },
    /// A collective of one rank, device to device: there is nobody to exchange with or to add to.
    Collective {
        /// What the rank gives.
        from: Span,
        /// What the rank gets.
        to: Span,
    },
    /// A run of a model.
    Execute(Arc<Run>),
}

/// Who is told what a request ended with.
pub enum Answer {
    /// Nobody: the number alone says that it is done.
    Nobody,
    /// The program's status word.
    Word(StatusWord),
    /// Whoever gave the function. Called by the thread that completes the request; it must be short.
    Call(Box<dyn FnOnce(Seq, Status) + Send>),
    /// Whoever is told once more, when everybody can see that it is done.
    Observer(Box<dyn Observer>),
}

/// Somebody who is told of a request before its number is published, and after that.
///
/// Called by the thread that completes the request, with its queue held: both must be short, and use no queue.
pub trait Observer: Send {
    /// It has ended with `status`.
    fn ended(&self, seq: Seq, status: Status);

    /// Its number is published, and the events are signalled. Who passes that on to the program calls `reach` first:
    /// whoever is told has reached the end of the request.
    fn published(self: Box<Self>, seq: Seq, status: Status, reach: &dyn Fn());
}

impl Answer {
    /// Tells what request `seq` ended with; returns who is to be told that the number is published.
    pub fn give(self, seq: Seq, status: Status) -> Option<Box<dyn Observer>> {
        match self {
            Answer::Nobody => {}
            Answer::Word(word) => word.write(status.code()),
            Answer::Call(tell) => tell(seq, status),
            Answer::Observer(observer) => {
                observer.ended(seq, status);
                return Some(observer);
            }
        }
        None
    }
}

impl Work {
    /// How many bytes it moves or computes with.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Work::Read { from: span, .. }
            | Work::Write { to: span, .. }
            | Work::Copy { from: span, .. }
            | Work::Collective { from: span, .. } => span.len() as u64,
            Work::Execute(run) => run.bytes,
        }
    }

    /// What it is called in fault plans.
    pub(crate) fn operation(&self) -> Operation {
        match self {
            Work::Read { .. } => Operation::Read,
            Work::Write { .. } => Operation::Write,
            Work::Copy { .. } => Operation::Copy,
            Work::Collective { .. } => Operation::Collective,
            Work::Execute(_) => Operation::Execute,
        }
    }

    /// The run, if it is one.
    pub fn run(&self) -> Option<&Run> {
        match self {
            Work::Execute(run) => Some(run),
            Work::Read { .. } | Work::Write { .. } | Work::Copy { .. } | Work::Collective { .. } => None,
        }
    }

    /// The model it runs, if it does.
    pub(crate) fn model(&self) -> Option<&Model> {
        self.run().map(|run| &*run.model)
    }

    /// The bytes it writes.
    pub(crate) fn targets(&self) -> Vec<Extent> {
        match self {
            Work::Read { to, .. } => vec![*to],
            Work::Write { to, .. } | Work::Copy { to, .. } | Work::Collective { to, .. } => vec![to.extent()],
            Work::Execute(run) => run.outputs.iter().map(Span::extent).collect(),
        }
    }

    /// Counts for each output of a run that it was written by one that ended at `at`.
    pub(crate) fn count(&self, at: Tick) {
        if let Some(run) = self.run() {
            run.counters.iter().for_each(|outputs| outputs.bump(at));
        }
    }

    /// What a record of it says.
    pub(crate) fn deed(&self) -> Deed {
        match self {
            Work::Read { .. } => Deed::Read,
            Work::Write { .. } => Deed::Write,
            Work::Copy { .. } => Deed::Copy,
            Work::Collective { .. } => Deed::Collective,
            Work::Execute(run) => Deed::Run(run.model.id),
        }
    }

    /// Whether a thread that only looks may do it.
    pub(crate) fn is_light(&self) -> bool {
        match self {
            Work::Execute(run) => run.model.kernel.is_light(run.bytes),
            Work::Read { .. } | Work::Write { .. } | Work::Copy { .. } | Work::Collective { .. } => {
                self.bytes() <= LIGHT_BYTES
            }
        }
    }

    /// How long it takes on the device.
    pub(crate) fn cost(&self, rates: &Rates) -> Cost {
        match self {
            Work::Read { .. } | Work::Write { .. } => Cost::About(rates.transfer(self.bytes())),
            Work::Copy { .. } | Work::Collective { .. } => Cost::About(rates.copy(self.bytes())),
            Work::Execute(run) => run.model.cost,
        }
    }

    /// Does it, and says what it ended with.
    pub(crate) fn perform(&self) -> Status {
        match self {
            Work::Read { from, to } => to.copy_from(from.extent()),
            Work::Write { from, to } => to.extent().copy_from(*from),
            Work::Copy { from, to } | Work::Collective { from, to } => to.extent().copy_from(from.extent()),
            Work::Execute(run) => return run.model.kernel.run(&run.inputs, &run.outputs),
        }
        Status::Success
    }
}
