//! The checker's place in the library: what it is told, from where, and what becomes of its findings.
//!
//! Off, each hook is one branch on [`Runtime::check`]. On, every hook is called by the thread that makes the call, but
//! for completions and signals, which come from whoever pumps the queue, with its owner or listeners locked; the
//! checker's own lock is the last of all, and findings are told after it is released.

mod blocking;
mod event;
mod poison;
mod probe;
mod stack;
mod submission;
mod told;
mod watch;

use std::sync::Arc;

use sim_check::checker::{Caller, Checker, Release};
use sim_check::finding::{Findings, Side, Site};
use sim_core::device::Device;
use sim_core::memory::tensor::Tensor;
use sim_core::seq::{UnitId, UnitKind};

use crate::runtime::Runtime;

pub(crate) use blocking::{Blocking, Memory};
pub(crate) use event::Registration;
pub(crate) use poison::Quarantine;
pub(crate) use submission::With;
pub(crate) use told::begin;
pub(crate) use watch::Watch;

/// What `NRT_SIM_CHECK` asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wish {
    /// Whether anything is to be checked.
    pub(crate) is_on: bool,
    /// Whether the first error is to end the process.
    pub(crate) aborts: bool,
    /// Whether outputs and freed tensors are to hold a pattern.
    pub(crate) poisons: bool,
    /// Where findings go as lines of JSON.
    pub(crate) json: Option<std::path::PathBuf>,
    /// What is not to be told, as it was written.
    pub(crate) suppressions: String,
}

impl Wish {
    /// Reads the words of `NRT_SIM_CHECK`.
    pub(crate) fn parse(text: &str) -> Option<Wish> {
        let mut wish = Wish::default();
        for word in text.split(',').map(str::trim) {
            wish.is_on = true;
            match word {
                "report" | "1" => {}
                "fail" => {} // nrt-sim looks at what was found
                "abort" => wish.aborts = true,
                "poison" => wish.poisons = true,
                "off" | "0" if text.trim() == word => wish.is_on = false,
                _ => return None,
            }
        }
        Some(wish)
    }
}

/// The checker of an open runtime.
pub(crate) struct Check {
    checker: Arc<Checker>,
    poisons: bool,
    quarantine: Quarantine,
}

/// The caller of the function `call`.
fn caller(call: &'static str) -> Caller {
    Caller { call, thread: stack::thread() }
}

/// Tells what was found during a call of this thread: most often nothing.
#[inline]
fn tell(findings: Findings) {
    if !findings.is_empty() {
        tell_all(findings);
    }
}

#[cold]
fn tell_all(findings: Findings) {
    let here = stack::here().site;
    let settle = |side: Option<Side>| {
        side.map(|side| Side { site: if side.site == Site::Here { here } else { side.site }, ..side })
    };
    for mut finding in findings {
        finding.first = settle(finding.first.take());
        finding.second = settle(finding.second.take());
        told::tell(&finding);
    }
}

impl Check {
    /// A checker for `device`, if the settings ask for one.
    pub(crate) fn of(wish: &Wish, device: &Device) -> Option<Check> {
        if !wish.is_on {
            return None;
        }
        let depth = device.config().compute_depth;
        let depth = |unit: UnitId| if unit.kind == UnitKind::Compute { depth } else { u64::MAX };
        let queues = device.config().cores as usize * UnitId::PER_CORE;
        let checker = Arc::new(Checker::new(queues, depth, stack::waits));
        Some(Check { checker, poisons: wish.poisons, quarantine: Quarantine::default() })
    }

    /// What is to hear of requests as they end.
    pub(crate) fn watch(&self) -> Watch {
        Watch { checker: Arc::clone(&self.checker) }
    }

    /// The program calls `call`, which has done nothing yet.
    #[inline(never)]
    pub(crate) fn enters(&self, call: &'static str) {
        if let Some(stack) = stack::above_local(call) {
            self.returned(call, stack);
        }
    }

    /// The function that calls `call` begins at `stack`, so that those below have returned.
    #[cold]
    fn returned(&self, call: &'static str, stack: usize) {
        let (findings, lowest) = self.checker.returned(caller(call), stack);
        stack::note_lowest(lowest);
        tell(findings);
    }

    /// The program has asked whether a request is completed, and was told.
    #[inline(never)]
    pub(crate) fn asked(&self, unit: UnitId, num: u64, is_completed: bool) {
        let caller = caller("nrta_is_completed");
        tell(match (is_completed, num) {
            (true, 0) => self
                .checker
                .conduct(|conduct, _| conduct.asked_of_zero(Some((unit, 0)), caller.call, caller.thread)),
            (true, _) => self.checker.observed(unit, num, caller, &probe::verify),
            (false, _) => self.checker.polled(unit, Some(num), caller),
        });
    }

    /// The program has asked how far a queue has come.
    #[inline(never)]
    pub(crate) fn looked(&self, unit: UnitId, num: u64) {
        tell(self.checker.looked(unit, num, caller("nrta_get_sequence"), &probe::verify));
    }

    /// The program has named a request of no queue.
    pub(crate) fn named_none(&self, id: u64, call: &'static str) {
        let thread = stack::thread();
        tell(self.checker.conduct(|conduct, _| conduct.asked_of_none(id, call, thread)));
    }

    /// A blocking call has shown that all requests of `unit` up to `num` are completed.
    pub(crate) fn seen(&self, unit: UnitId, num: u64, call: &'static str) {
        tell(self.checker.observed(unit, num, caller(call), &probe::verify));
    }

    /// A blocking call has shown that what is completed is so.
    pub(crate) fn seen_all(&self, device: &Device) {
        tell(self.checker.observed_all(|unit| device.published(unit), &probe::verify));
    }

    /// A tensor was made, or got other bytes.
    pub(crate) fn tensor_made(&self, tensor: &Tensor) {
        let Some(span) = tensor.span() else {
            return self.checker.tensor_made(tensor.id(), tensor.name(), 0, None);
        };
        let whole = span.storage().extent();
        let whole = whole.address()..whole.address() + whole.len();
        // The tensor's own and this one: the memory has no other view.
        let is_fresh = Arc::strong_count(span.storage()) <= 2 && span.storage().allocation().is_some();
        self.checker.tensor_made(
            tensor.id(),
            tensor.name(),
            span.extent().address(),
            is_fresh.then_some(&whole),
        );
    }

    /// A tensor gets other bytes.
    pub(crate) fn tensor_replaced(&self, tensor: &Tensor) {
        tell(self.checker.tensor_ended(tensor.id(), true, caller("nrt_tensor_attach_buffer")));
    }

    /// A tensor is freed.
    pub(crate) fn tensor_freed(&self, tensor: &Tensor) {
        tell(self.checker.tensor_ended(tensor.id(), false, caller("nrt_tensor_free")));
        if self.poisons
            && let Some(span) = tensor.span()
        {
            let bytes = span.extent();
            let range = bytes.address()..bytes.address() + bytes.len();
            if !self.checker.is_in_use(&[range]) {
                self.quarantine.take(span);
            }
        }
    }

    /// Freed memory that was kept is given back: somebody needs it.
    pub(crate) fn give_back(&self) -> bool {
        self.quarantine.give_back()
    }

    /// A tensor set is gone.
    pub(crate) fn set_destroyed(&self, set: u64) {
        tell(self.checker.released(Release::Set(set), caller("nrt_destroy_tensor_set")));
    }

    /// A model is to be unloaded.
    pub(crate) fn model_unloaded(&self, id: u64) {
        tell(self.checker.released(Release::Model(id + 1), caller("nrt_unload")));
    }

    /// The runtime is to be closed, or the process ends.
    pub(crate) fn closing(&self, runtime: &Runtime, call: &'static str, is_exit: bool) {
        let live = [
            runtime.tensors.all().len() as u64,
            runtime.sets.all().len() as u64,
            runtime.models.all().len() as u64,
        ];
        tell(self.checker.closing(live, caller(call), is_exit));
    }
}
