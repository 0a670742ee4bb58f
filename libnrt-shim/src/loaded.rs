//! Loaded models with their latest bindings, so that a run with the same sets need not look names up again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use parking_lot::Mutex;
use sim_core::memory::tensor::Tensor;
use sim_core::model::{Model, Run};
use sim_core::neff::TensorSpec;

use crate::error::ApiError;
use crate::handle::{Handle, Kind, Table};
use crate::tensor_set::TensorSet;

/// Bindings a model remembers: enough for a few pairs of sets in turn.
const REMEMBERED: usize = 8;

/// A model that was loaded, and the tensors its NEFF declares.
pub(crate) struct Loaded {
    pub(crate) model: Arc<Model>,
    pub(crate) tensors: Vec<TensorSpec>,
    bindings: Mutex<VecDeque<Binding>>,
}

struct Binding {
    sets: (Handle<TensorSet>, Handle<TensorSet>),
    /// Whether the input set has as many tensors as the model has inputs.
    inputs_match: bool,
    run: Arc<Run>,
}

impl Kind for Loaded {
    const TAG: u64 = 3;
    const NAME: &'static str = "model";
}

/// What a binding may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// `nrt_execute`: tensors may be on the host, the number of inputs must be right (observed).
    Blocking,
    /// `nrt_execute` in implicit async mode: device tensors only (observed), the number of inputs must be right.
    Implicit,
    /// `nrta_execute_schedule`: device tensors only, further tensors are ignored (observed).
    Async,
}

/// The tables a binding looks handles up in.
#[derive(Clone, Copy)]
pub(crate) struct Objects<'a> {
    pub(crate) sets: &'a Table<TensorSet>,
    pub(crate) tensors: &'a Table<Tensor>,
    /// Rises with each change that could make a binding wrong.
    pub(crate) changes: &'a AtomicU64,
    /// Whether a change has bindings to end.
    pub(crate) has_bindings: &'a AtomicBool,
}

impl Loaded {
    pub(crate) fn new(model: Model, tensors: Vec<TensorSpec>) -> Loaded {
        Loaded { model: Arc::new(model), tensors, bindings: Mutex::default() }
    }

    /// The binding of two sets, if the model remembers it.
    pub(crate) fn known(
        &self,
        caller: Caller,
        input: Handle<TensorSet>,
        output: Handle<TensorSet>,
    ) -> Option<Arc<Run>> {
        let bindings = self.bindings.lock();
        let is_it = |binding: &&Binding| {
            binding.sets == (input, output) && (caller == Caller::Async || binding.inputs_match)
        };
        bindings.iter().find(is_it).map(|binding| Arc::clone(&binding.run))
    }

    /// Binds the tensors of two sets to the model, whose core has the bank `bank`.
    ///
    /// # Errors
    /// A stale set, or the first tensor that does not fit.
    pub(crate) fn bind(
        &self,
        caller: Caller,
        input: Handle<TensorSet>,
        output: Handle<TensorSet>,
        bank: u32,
        objects: Objects<'_>,
    ) -> Result<Arc<Run>, ApiError> {
        if let Some(run) = self.known(caller, input, output) {
            return Ok(run);
        }
        let Objects { sets, tensors, changes, has_bindings } = objects;
        let before = changes.load(SeqCst);
        let (inputs, outputs) = (sets.get(input)?, sets.get(output)?);
        let (expected, received) = (self.model.inputs.len(), inputs.len());
        if caller != Caller::Async && expected != received {
            return Err(ApiError::Invalid(format!(
                "Incorrect number of inputs, expected: {expected}, received: {received}"
            )));
        }
        let find = |set: &TensorSet, name: &str| set.get(name).and_then(|tensor| tensors.get(tensor).ok());
        let on_host = caller == Caller::Blocking;
        let run = self.model.bind(bank, on_host, |name| find(&inputs, name), |name| find(&outputs, name))?;
        let run = Arc::new(run);
        if run.is_on_device() {
            let binding =
                Binding { sets: (input, output), inputs_match: expected == received, run: Arc::clone(&run) };
            let mut bindings = self.bindings.lock();
            // A change raises `changes`, then looks at `has_bindings`, then ends bindings: so one that comes
            // meanwhile is either seen here or finds ours.
            has_bindings.store(true, SeqCst);
            if changes.load(SeqCst) == before {
                bindings.truncate(REMEMBERED - 1);
                bindings.push_front(binding);
            }
        }
        Ok(run)
    }

    /// Forgets all bindings: a set or a tensor has changed, or its memory is to be free now.
    pub(crate) fn forget(&self) {
        let forgotten = std::mem::take(&mut *self.bindings.lock());
        drop(forgotten); // outside the lock: memory may be given back
    }
}
