//! Computations on plain bytes, and the kernel that feeds them.

use std::sync::Arc;

use parking_lot::Mutex;
use sim_core::kernel::Kernel;
use sim_core::memory::storage::Span;
use sim_core::status::Status;

use crate::buffer::Buffer;

/// Bytes of buffers that are kept from one run to the next; those of larger models are given back.
const KEPT_BYTES: usize = 64 << 20;

/// Computes the outputs of one model from its inputs.
///
/// Runs of one model never overlap, but come from different threads.
pub trait Compute: Send + Sync {
    /// Reads `inputs` and writes every byte of `outputs`. Both are in the order of the model's
    /// [`Signature`](crate::signature::Signature), each as long as it says and aligned to
    /// [`ALIGNMENT`](crate::buffer::ALIGNMENT). What `outputs` held before is not said.
    ///
    /// # Errors
    /// Why there are no outputs. What was written to `outputs` is thrown away.
    fn compute(&self, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<(), Failure>;

    /// Whether a run over so many `bytes` of tensors surely takes a few microseconds at most.
    fn is_light(&self, _bytes: u64) -> bool {
        false
    }
}

/// Why a run has no outputs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    /// What the request ends with.
    pub status: Status,
    /// For the log: what was wrong, and what to do.
    pub reason: String,
}

/// Told of each run that failed, by whichever thread ran it.
pub type Report = Arc<dyn Fn(&Failure) + Send + Sync>;

/// Runs a computation on copies of the tensors: the program may write to a tensor at any time, as it may
/// on hardware, and no computation has to bear that.
pub struct Buffered {
    compute: Box<dyn Compute>,
    report: Report,
    buffers: Mutex<Buffers>,
}

#[derive(Default)]
struct Buffers {
    inputs: Vec<Buffer>,
    outputs: Vec<Buffer>,
}

impl Buffered {
    /// The kernel that runs `compute`, and tells `report` of failures.
    pub fn new(compute: Box<dyn Compute>, report: Report) -> Buffered {
        Buffered { compute, report, buffers: Mutex::default() }
    }
}

impl Kernel for Buffered {
    fn run(&self, inputs: &[Span], outputs: &[Span]) -> Status {
        // Nobody ever waits for this lock: runs of one model do not overlap.
        let mut buffers = self.buffers.lock();
        let Buffers { inputs: from, outputs: to } = &mut *buffers;
        from.resize_with(inputs.len(), Buffer::default);
        to.resize_with(outputs.len(), Buffer::default);
        for (span, buffer) in inputs.iter().zip(&mut *from) {
            buffer.resize(span.len());
            span.extent().load(buffer.bytes_mut());
        }
        for (span, buffer) in outputs.iter().zip(&mut *to) {
            buffer.resize(span.len());
        }
        let sources: Vec<&[u8]> = from.iter().map(Buffer::bytes).collect();
        let mut targets: Vec<&mut [u8]> = to.iter_mut().map(Buffer::bytes_mut).collect();
        let status = match self.compute.compute(&sources, &mut targets) {
            Ok(()) => {
                outputs.iter().zip(&*to).for_each(|(span, buffer)| span.extent().store(buffer.bytes()));
                Status::Success
            }
            Err(failure) => {
                (self.report)(&failure);
                failure.status
            }
        };
        let held: usize = inputs.iter().chain(outputs).map(Span::len).sum();
        if held > KEPT_BYTES {
            *buffers = Buffers::default();
        }
        status
    }

    fn is_light(&self, bytes: u64) -> bool {
        self.compute.is_light(bytes)
    }
}
