//! Blocking calls: what they use while they last.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use sim_check::checker::Underway;
use sim_check::kind::Kind;
use sim_check::memory::Accesses;
use sim_core::memory::bytes::Extent;
use sim_core::memory::storage::Span;
use sim_core::memory::tensor::Tensor;
use sim_core::model::Run;
use sim_core::request::Answer;
use sim_core::seq::UnitId;

use super::submission::{of_buffer, of_tensor};
use super::{Check, caller, poison, tell};
use crate::handle::Handle;
use crate::runtime::Runtime;

/// Memory that a blocking call uses.
#[derive(Clone, Copy)]
pub(crate) enum Memory<'a> {
    /// Bytes of a tensor.
    Tensor(Handle<Tensor>, &'a Span),
    /// A buffer of the program.
    Buffer(Extent),
}

/// A blocking call under way; it ends with the value.
pub(crate) struct Blocking<'a> {
    check: Option<(&'a Check, Arc<Underway>)>,
    /// The queue of a run and the number that it has there.
    run: Option<(UnitId, Arc<AtomicU64>)>,
    is_stale: bool,
}

/// Where nothing is checked.
const UNCHECKED: Blocking<'_> = Blocking { check: None, run: None, is_stale: false };

impl<'a> Blocking<'a> {
    /// The call `call` reads `from` and writes `to`, at once.
    pub(crate) fn moves(
        runtime: &'a Runtime,
        call: &'static str,
        from: Option<Memory<'_>>,
        to: Memory<'_>,
    ) -> Blocking<'a> {
        let Some(check) = &runtime.check else { return UNCHECKED };
        let mut uses = Accesses::new();
        for (memory, writes) in from.into_iter().map(|memory| (memory, false)).chain([(to, true)]) {
            uses.push(match memory {
                Memory::Buffer(buffer) => of_buffer(buffer, writes),
                Memory::Tensor(handle, span) => {
                    of_tensor(runtime.tensors.get(handle).map_or(0, |tensor| tensor.id()), span, writes)
                }
            });
        }
        Blocking::begin(check, call, None, uses)
    }

    /// The call `call` runs a model in its turn on `unit`.
    pub(crate) fn runs(runtime: &'a Runtime, call: &'static str, unit: UnitId, run: &Run) -> Blocking<'a> {
        let Some(check) = &runtime.check else { return UNCHECKED };
        let uses = run.uses().map(|(id, span, writes)| of_tensor(id, span, writes)).collect();
        Blocking::begin(check, call, Some(unit), uses)
    }

    fn begin(check: &'a Check, call: &'static str, unit: Option<UnitId>, uses: Accesses) -> Blocking<'a> {
        check.enters(call);
        let (underway, findings) = check.checker.begin(caller(call), unit, uses);
        let is_stale = check.poisons && findings.iter().any(|finding| finding.kind == Kind::HostRaw);
        tell(findings);
        let run = unit.map(|unit| (unit, Arc::default()));
        Blocking { check: Some((check, Arc::new(underway))), run, is_stale }
    }

    /// `answer` of the run, with which its uses of memory end.
    pub(crate) fn watch(&self, answer: Answer) -> Answer {
        let (Some((check, underway)), Some((_, number))) = (&self.check, &self.run) else { return answer };
        let (checker, number, underway) =
            (Arc::clone(&check.checker), Arc::clone(number), Arc::clone(underway));
        Answer::Call(Box::new(move |seq, status| {
            number.store(seq.num(), Relaxed); // ordered by the publication of the number
            answer.give(seq, status);
            checker.end(&underway); // who sees the number from now on knows that it is over
        }))
    }

    /// The run is over, and the program will know when the call returns.
    pub(crate) fn has_run(&self) {
        if let (Some((check, _)), Some((unit, number))) = (&self.check, &self.run) {
            check.seen(*unit, number.load(Relaxed), "nrt_execute");
        }
    }

    /// What was read is not to be relied on: where that is wanted, the program gets a pattern in its place.
    pub(crate) fn spoil(&self, buffer: Extent) {
        if self.is_stale {
            poison::fill(buffer);
        }
    }
}

impl Drop for Blocking<'_> {
    fn drop(&mut self) {
        if let Some((check, underway)) = &self.check {
            check.checker.end(underway);
        }
    }
}
