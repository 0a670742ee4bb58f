//! Requests on their way to the device, as the checker sees them.

use sim_check::checker::Submission;
use sim_check::memory::{Access, Accesses, Owner};
use sim_check::queues::Proof;
use sim_core::device::Device;
use sim_core::memory::bytes::Extent;
use sim_core::memory::storage::Span;
use sim_core::memory::tensor::Tensor;
use sim_core::port::SubmitError;
use sim_core::request::{Request, Work};
use sim_core::seq::{Seq, UnitId};
use sim_core::status::Status;

use super::{Check, poison, stack, tell, watch};
use crate::handle::Handle;
use crate::tensor_set::TensorSet;

/// What the program submits a request with.
#[derive(Clone, Copy, Default)]
pub(crate) struct With<'a> {
    /// The tensors it moves and their ids, source first.
    pub(crate) tensors: &'a [(Handle<Tensor>, u64)],
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
        device: &Device,
        unit: UnitId,
        mut request: Request,
        with: With<'_>,
    ) -> Result<Seq, SubmitError> {
        let here = stack::here();
        let (call, accesses) = uses(&request.work, with.tensors);
        if let Some(stack) = here.above_local() {
            self.returned(call, stack);
        }
        if let Work::Read { to, .. } = &request.work {
            self.checker.announce(&range(*to));
        }
        let proof = Proof {
            status: watch::status(&request),
            buffer: watch::source(&request),
            is_late: stack::is_sample(here.site),
        };
        request.seal = watch::seal(&proof);
        let status = proof.status.map_or(0, |(address, _)| address);
        let submission = Submission {
            call,
            unit,
            thread: here.thread,
            site: here.site,
            accesses,
            status,
            is_local: here.has_local(status),
            model: request.work.run().map_or(0, |run| run.model().id + 1),
            sets: with.sets.map_or([0; 2], |sets| sets.map(Handle::bits)),
            proof,
        };
        let outputs = self.poisons.then(|| poison::outputs(&self.checker, &request.work)).flatten();
        match device.submit_request(unit, request) {
            Ok(seq) => {
                tell(self.checker.submitted(seq.num(), &submission));
                if submission.is_local {
                    stack::note_local(status);
                }
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
}

/// The function that makes such a request, and what it uses.
fn uses(work: &Work, tensors: &[(Handle<Tensor>, u64)]) -> (&'static str, Accesses) {
    let id = |index: usize| tensors.get(index).map_or(0, |(_, id)| *id);
    let mut uses = Accesses::new();
    let call = match work {
        Work::Read { from, to } => {
            uses.push(of_tensor(id(0), from, false));
            uses.push(of_buffer(*to, true));
            "nrta_tensor_read"
        }
        Work::Write { from, to } => {
            uses.push(of_buffer(*from, false));
            uses.push(of_tensor(id(0), to, true));
            "nrta_tensor_write"
        }
        Work::Copy { from, to } => {
            uses.push(of_tensor(id(0), from, false));
            uses.push(of_tensor(id(1), to, true));
            "nrta_tensor_copy"
        }
        Work::Collective { from, to } => {
            uses.push(of_tensor(id(0), from, false));
            uses.push(of_tensor(id(1), to, true));
            "nrta_cc_schedule"
        }
        Work::Execute(run) => {
            uses.extend(run.uses().map(|(id, span, writes)| of_tensor(id, span, writes)));
            "nrta_execute_schedule"
        }
    };
    (call, uses)
}
