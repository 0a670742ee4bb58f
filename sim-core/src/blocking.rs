//! Calls that move the bytes of tensors on the caller's thread and have no place in a queue.

use std::sync::Arc;

use crate::device::Device;
use crate::fault::watch::Subject;
use crate::fault::{Effect, Operation, Verdict, damage};
use crate::memory::bytes::Extent;
use crate::memory::tensor::Tensor;
use crate::status::Status;
use crate::time::Nanos;

/// A transfer that a call does itself.
pub struct Transfer<'a> {
    /// What it is: a read, a write or a copy.
    pub operation: Operation,
    /// The logical core of the tensor; none for host memory.
    pub core: Option<u8>,
    /// The bytes that are written.
    pub target: Extent,
    /// The tensors it moves, if [`Faults::wants_tensors`](crate::fault::Faults::wants_tensors).
    pub tensors: &'a [Arc<Tensor>],
    /// How long it takes.
    pub span: Nanos,
}

impl Device {
    /// Has `act` write the target, in the time that the transfer takes and with the faults it is struck by.
    ///
    /// Returns what the call is to answer. Nothing is written if that says so.
    pub fn transfer(&self, transfer: &Transfer<'_>, act: impl FnOnce()) -> Status {
        let Transfer { operation, core, target, tensors, span } = *transfer;
        let begins = self.now();
        let bytes = target.len() as u64;
        let subject =
            Subject { num: 0, at: begins, operation, bytes, depth: 0, model: None, names: &[], tensors };
        let act = || {
            act();
            Status::Success
        };
        let Some((strike, victim)) = self.faults().call(core, subject) else {
            let status = act();
            self.driver().pass(begins + span);
            return status;
        };
        let (status, effect, extra) = match *strike.verdict() {
            Verdict::Status(Status::CollPending) => (act(), Some(Effect::Retried(span)), span),
            Verdict::Status(status) if status.has_run() => {
                act();
                (status, Some(Effect::Failed(status)), Nanos(0))
            }
            Verdict::Status(status) => (status, Some(Effect::Failed(status)), Nanos(0)),
            Verdict::Late(_) => {
                let delay = strike.delay(span);
                (act(), Some(Effect::Delayed(delay)), delay)
            }
            _ => {
                let (status, effect) = damage::perform(&strike, false, &[target], None, act);
                (status, effect, Nanos(0))
            }
        };
        if let Some(effect) = effect {
            self.faults().fired(&strike, victim, begins, effect);
        }
        self.driver().pass(begins + span + extra);
        status
    }
}
