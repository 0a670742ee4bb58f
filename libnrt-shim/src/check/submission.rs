//! Requests on their way to the device, as the checker sees them.

use std::sync::Arc;

use sim_check::checker::{Changed, Submission};
use sim_check::memory::{Access, Accesses, Owner};
use sim_check::queues::Proof;
use sim_core::memory::bytes::Extent;
use sim_core::memory::storage::Span;
use sim_core::memory::tensor::Tensor;
use sim_core::port::SubmitError;
use sim_core::request::{Answer, Request, Work};
use sim_core::seq::{Seq, UnitId};
use sim_core::status::Status;

use super::{Check, poison, probe, stack, tell};
use crate::handle::Handle;
use crate::runtime::Runtime;
use crate::tensor_set::TensorSet;

/// What the program submits a request with.
#[derive(Clone, Copy, Default)]
pub(crate) struct With<'a> {
    /// The tensors it moves, source first.
    pub(crate) tensors: &'a [Handle<Tensor>],
    /// The sets it runs with.
    pub(crate) sets: Option<[Handle<TensorSet>; 2]>,
}

/// The use of `span` of a tensor.
pub(super) fn of_tensor(id: u64, span: &Span, writes: bool) -> Access {
    Access {
        bytes: range(span.extent()),
        whole: range(span.storage().extent()),
        writes,
        owner: Owner::Tensor(id),
    }
}

/// The use of a buffer of the program.
pub(super) fn of_buffer(buffer: Extent, writes: bool) -> Access {
    Access { bytes: range(buffer), whole: range(buffer), writes, owner: Owner::Host }
}

pub(super) fn range(bytes: Extent) -> std::ops::Range<usize> {
    bytes.address()..bytes.address() + bytes.len()
}

impl Check {
    /// Submits `request` and enters it.
    ///
    /// # Errors
    /// As [`Device::submit_request`](sim_core::device::Device::submit_request).
    #[inline(never)] // where nothing is checked, it is not to be in the way
    pub(crate) fn submit(
        &self,
        runtime: &Runtime,
        unit: UnitId,
        mut request: Request,
        with: With<'_>,
    ) -> Result<Seq, SubmitError> {
        let here = stack::here();
        let (call, accesses) = uses(runtime, &request.work, with.tensors);
        tell(self.checker.enters(|| (super::caller(call), stack::local_pointer(here))));
        let mut proof = Proof { is_late: stack::is_sample(here.site), ..Proof::default() };
        if let Work::Read { to, .. } = &request.work {
            self.checker.announce(&range(*to));
        }
        if let Work::Write { from, .. } = &request.work {
            proof.buffer = Some((from.address(), from.len(), probe::sum(*from)));
        }
        if let Answer::Word(word) = &request.answer {
            proof.status = Some((word.address(), word.look()));
        }
        let status = proof.status.map_or(0, |(address, _)| address);
        let submission = Submission {
            call,
            unit,
            thread: stack::thread(),
            site: here.site,
            accesses,
            status,
            is_local: status != 0 && here.pointer.is_some_and(|top| status >= top) && stack::is_local(status),
            model: request.work.run().map_or(0, |run| run.model().id + 1),
            sets: with.sets.map_or([0; 2], |sets| sets.map(Handle::bits)),
            proof,
        };
        let outputs = self.poisons.then(|| poison::outputs(&self.checker, &request.work)).flatten();
        request.answer = self.watch(request.answer, proof, &request.work);
        match runtime.device.submit_request(unit, request) {
            Ok(seq) => {
                tell(self.checker.submitted(seq.num(), submission));
                Ok(seq)
            }
            Err(error) => {
                outputs.into_iter().for_each(poison::Outputs::restore);
                self.refused(&submission, error);
                Err(error)
            }
        }
    }

    fn refused(&self, submission: &Submission, error: SubmitError) {
        let Submission { call, unit, thread, site, .. } = *submission;
        tell(self.checker.conduct(|conduct, _| match error {
            SubmitError::Full { .. } | SubmitError::Fault(Status::QueueFull) => {
                conduct.refused(submission.attempt(), call, thread, site)
            }
            SubmitError::Dead | SubmitError::Fault(Status::ExecUnitUnrecoverable) => {
                conduct.refused_dead(unit, call, thread)
            }
            SubmitError::Closed | SubmitError::Fault(_) => Vec::new(),
        }));
    }

    /// `answer`, of which the checker hears as well.
    fn watch(&self, answer: Answer, proof: Proof, work: &Work) -> Answer {
        let checker = Arc::clone(&self.checker);
        let source = match work {
            Work::Write { from, .. } => Some(*from),
            _ => None,
        };
        Answer::Call(Box::new(move |seq, status| {
            let changed = Changed {
                status: match (&answer, proof.status) {
                    (Answer::Word(word), Some((_, stands))) => word.look() != stands,
                    _ => false,
                },
                // Read a moment ago by the request itself, so it is still there.
                buffer: source.zip(proof.buffer).is_some_and(|(from, (.., sum))| probe::sum(from) != sum),
                ..Changed::default()
            };
            let (unit, num) = Seq::decode(seq.raw()).expect("an id of ours");
            if checker.has_place(unit, num) {
                answer.give(seq, status);
            }
            tell(checker.completed(unit, num, status, changed));
        }))
    }
}

/// The function that makes such a request, and what it uses.
fn uses(runtime: &Runtime, work: &Work, tensors: &[Handle<Tensor>]) -> (&'static str, Accesses) {
    let id = |index: usize| {
        let tensor = tensors.get(index).and_then(|handle| runtime.tensors.get(*handle).ok());
        tensor.map_or(0, |tensor| tensor.id())
    };
    let mut uses = Accesses::new();
    let call = match work {
        Work::Read { from, to } => {
            uses.extend([of_tensor(id(0), from, false), of_buffer(*to, true)]);
            "nrta_tensor_read"
        }
        Work::Write { from, to } => {
            uses.extend([of_buffer(*from, false), of_tensor(id(0), to, true)]);
            "nrta_tensor_write"
        }
        Work::Copy { from, to } => {
            uses.extend([of_tensor(id(0), from, false), of_tensor(id(1), to, true)]);
            "nrta_tensor_copy"
        }
        Work::Collective { from, to } => {
            uses.extend([of_tensor(id(0), from, false), of_tensor(id(1), to, true)]);
            "nrta_cc_schedule"
        }
        Work::Execute(run) => {
            uses.extend(run.uses().map(|(id, span, writes)| of_tensor(id, span, writes)));
            "nrta_execute_schedule"
        }
    };
    (call, uses)
}
