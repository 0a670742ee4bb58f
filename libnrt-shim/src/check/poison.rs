//! Poison: a pattern where no result is yet, and where none is any more.

use std::collections::VecDeque;

use parking_lot::Mutex;
use sim_check::checker::Checker;
use sim_core::memory::bytes::Extent;
use sim_core::memory::storage::Span;
use sim_core::request::Work;

use super::submission::range;

/// A NaN as a float32 (0xffb5ffb5 is one) and as a float16 or bfloat16, and a large negative number as an integer.
pub(crate) const PATTERN: [u8; 4] = [0xb5, 0xff, 0xb5, 0xff];
/// Bytes of freed tensors that are kept, so that stale addresses show the pattern.
const KEPT_BYTES_MAX: usize = 64 << 20;
const KEPT_MAX: usize = 256;

/// Fills `bytes` with the pattern.
pub(crate) fn fill(bytes: Extent) {
    let block = [PATTERN; 1024];
    let block = block.as_flattened();
    let mut at = 0;
    while at < bytes.len() {
        let len = block.len().min(bytes.len() - at);
        bytes.part(at, len).store(&block[..len]);
        at += len;
    }
}

/// Outputs that were filled, and what they held before.
pub(super) struct Outputs {
    before: Vec<(Extent, Vec<u8>)>,
}

/// Fills the outputs of a run that is about to be submitted, unless somebody may still need what they hold.
pub(super) fn outputs(checker: &Checker, work: &Work) -> Option<Outputs> {
    let run = work.run()?;
    let extents = |wanted: bool| {
        run.uses().filter(move |(.., writes)| *writes == wanted).map(|(_, span, _)| span.extent())
    };
    let inputs: Vec<_> = extents(false).map(range).collect();
    let outputs: Vec<Extent> = extents(true).collect();
    let ranges: Vec<_> = outputs.iter().map(|output| range(*output)).collect();
    let is_input = |output: &std::ops::Range<usize>| {
        inputs.iter().any(|input| input.start < output.end && output.start < input.end)
    };
    if ranges.iter().any(is_input) || checker.is_in_use(&ranges) {
        return None;
    }
    let before = outputs.into_iter().map(|output| {
        let mut bytes = vec![0; output.len()];
        output.load(&mut bytes);
        fill(output);
        (output, bytes)
    });
    Some(Outputs { before: before.collect() })
}

impl Outputs {
    /// The run was refused, and a refusal changes nothing.
    pub(super) fn restore(self) {
        self.before.iter().for_each(|(output, bytes)| output.store(bytes));
    }
}

/// Freed memory that is kept for a while.
#[derive(Default)]
pub(crate) struct Quarantine {
    kept: Mutex<(VecDeque<Span>, usize)>,
}

impl Quarantine {
    /// Fills the memory of a freed tensor, if no other has it, and keeps it.
    pub(super) fn take(&self, span: Span) {
        // The tensor's own and this one.
        if std::sync::Arc::strong_count(span.storage()) > 2 || span.storage().allocation().is_none() {
            return;
        }
        fill(span.extent());
        let mut kept = self.kept.lock();
        let (spans, bytes) = &mut *kept;
        *bytes += span.len();
        spans.push_back(span);
        let mut old = Vec::new();
        while *bytes > KEPT_BYTES_MAX || spans.len() > KEPT_MAX {
            let Some(first) = spans.pop_front() else { break };
            *bytes -= first.len();
            old.push(first);
        }
        drop(kept); // before the memory is given back
    }

    /// Gives everything back; whether there was anything.
    pub(super) fn give_back(&self) -> bool {
        let kept = std::mem::take(&mut *self.kept.lock());
        !kept.0.is_empty()
    }
}
