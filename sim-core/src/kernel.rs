//! What a run of a model computes.

use crate::memory::storage::Span;
use crate::status::Status;

/// Computes the outputs of one model from its inputs. The implementations are elsewhere.
///
/// Called by whichever thread pumps the queue, with no lock held that another thread waits for; calls for
/// one model do not overlap, since its queue is served in order.
pub trait Kernel: Send + Sync {
    /// Reads `inputs` and writes `outputs`; both are in the model's order, each as long as the model says.
    ///
    /// Returns what the run ends with; outputs written before an error stay written.
    fn run(&self, inputs: &[Span], outputs: &[Span]) -> Status;

    /// Whether a run over so many `bytes` of tensors surely takes a few microseconds at most, so that a
    /// thread which only looks may do it.
    fn is_light(&self, bytes: u64) -> bool;
}
