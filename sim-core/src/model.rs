//! Loaded models, and the binding of tensors to their inputs and outputs.

use std::sync::Arc;

use crate::kernel::Kernel;
use crate::memory::storage::Span;
use crate::memory::tensor::{Outputs, Tensor};
use crate::neff::Dtype;
use crate::seq::{UnitId, UnitKind};
use crate::timing::Cost;

/// A model on a logical core.
pub struct Model {
    /// Its name, for logs and traces.
    pub name: String,
    /// Its uuid as text, for fault plans; empty if it has none.
    pub uuid: String,
    /// A number for it that no other model of the process has.
    pub id: u64,
    /// The logical core it runs on.
    pub core: u8,
    /// What each run reads, in the order in which the kernel gets it.
    pub inputs: Vec<Slot>,
    /// What each run writes.
    pub outputs: Vec<Slot>,
    /// How long each run takes.
    pub cost: Cost,
    /// What each run computes.
    pub kernel: Box<dyn Kernel>,
}

/// An input or output of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Its name in tensor sets.
    pub name: String,
    /// The bytes a run uses; a tensor may have more.
    pub size: u64,
    /// What its elements are, as far as is known.
    pub dtype: Dtype,
}

/// One run of a model with its tensors, which it keeps alive.
pub struct Run {
    pub(crate) model: Arc<Model>,
    pub(crate) inputs: Vec<Span>,
    pub(crate) outputs: Vec<Span>,
    pub(crate) counters: Vec<Arc<Outputs>>,
    /// The tensors, inputs first, by [`Tensor::id`].
    pub(crate) tensors: Vec<u64>,
    pub(crate) bytes: u64,
}

/// Why tensors do not fit a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// A name is missing from the set.
    #[error("the set has no tensor {0:?}, which the model needs; add it under this name")]
    Missing(String),
    /// The tensor is smaller than the model's.
    #[error("tensor {name:?} has {has} bytes, the model needs {needs}")]
    Short {
        /// Name in the set.
        name: String,
        /// Bytes of the tensor.
        has: u64,
        /// Bytes of the model's.
        needs: u64,
    },
    /// The tensor has no buffer yet.
    #[error("tensor {0:?} is empty; attach a buffer first")]
    Empty(String),
    /// The tensor is host memory, where only device memory will do.
    #[error("Async APIs only supports device allocated tensors: {0:?} is host memory")]
    OnHost(String),
    /// The tensor is on a bank that the model's core does not have.
    #[error(
        "Tensor {} allocated on HBM {has} was passed to a model loaded on lnc {core}, which has HBM {needs}",
        name.escape_debug()
    )]
    OtherBank {
        /// Name in the set.
        name: String,
        /// Bank of the tensor.
        has: u32,
        /// Bank of the model's core.
        needs: u32,
        /// The model's core.
        core: u8,
    },
}

impl Model {
    /// The queue its runs go to.
    pub fn unit(&self) -> UnitId {
        UnitId { core: self.core, kind: UnitKind::Compute, queue: 0 }
    }

    /// Binds the tensors of two sets, which `input` and `output` look up by name.
    ///
    /// `bank` is the bank of the model's core. Tensors in host memory are accepted only if `on_host` says
    /// so; further tensors of the sets are not looked at (observed).
    ///
    /// # Errors
    /// The first tensor that does not fit, inputs first, in the model's order.
    pub fn bind(
        self: &Arc<Model>,
        bank: u32,
        on_host: bool,
        mut input: impl FnMut(&str) -> Option<Arc<Tensor>>,
        mut output: impl FnMut(&str) -> Option<Arc<Tensor>>,
    ) -> Result<Run, BindError> {
        let mut run = Run {
            model: Arc::clone(self),
            inputs: Vec::with_capacity(self.inputs.len()),
            outputs: Vec::with_capacity(self.outputs.len()),
            counters: Vec::with_capacity(self.outputs.len()),
            tensors: Vec::with_capacity(self.inputs.len() + self.outputs.len()),
            bytes: 0,
        };
        let missing = |slot: &Slot| BindError::Missing(slot.name.clone());
        for slot in &self.inputs {
            let tensor = input(&slot.name).ok_or_else(|| missing(slot))?;
            run.inputs.push(self.fit(slot, &tensor, bank, on_host)?);
            run.tensors.push(tensor.id());
        }
        for slot in &self.outputs {
            let tensor = output(&slot.name).ok_or_else(|| missing(slot))?;
            run.outputs.push(self.fit(slot, &tensor, bank, on_host)?);
            run.tensors.push(tensor.id());
            run.counters.push(Arc::clone(tensor.outputs()));
        }
        run.bytes = run.inputs.iter().chain(&run.outputs).map(|span| span.len() as u64).sum();
        Ok(run)
    }

    fn fit(&self, slot: &Slot, tensor: &Tensor, bank: u32, on_host: bool) -> Result<Span, BindError> {
        let name = || slot.name.clone();
        let whole = tensor.span().ok_or_else(|| BindError::Empty(name()))?;
        match whole.storage().allocation() {
            None if !on_host => return Err(BindError::OnHost(name())),
            Some(part) if part.bank.index != bank => {
                let has = part.bank.index;
                return Err(BindError::OtherBank { name: name(), has, needs: bank, core: self.core });
            }
            None | Some(_) => {}
        }
        let has = whole.len() as u64;
        whole.part(0, slot.size).ok_or_else(|| BindError::Short { name: name(), has, needs: slot.size })
    }
}

impl Run {
    /// What it reads.
    pub fn inputs(&self) -> &[Span] {
        &self.inputs
    }

    /// What it writes.
    pub fn outputs(&self) -> &[Span] {
        &self.outputs
    }

    /// Each tensor with the bytes that the run uses, and whether it writes them.
    pub fn uses(&self) -> impl Iterator<Item = (u64, &Span, bool)> {
        let inputs = self.inputs.iter().map(|span| (span, false));
        let spans = inputs.chain(self.outputs.iter().map(|span| (span, true)));
        self.tensors.iter().zip(spans).map(|(id, (span, writes))| (*id, span, writes))
    }

    /// The model it is a run of.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Whether all its tensors are in device memory.
    pub fn is_on_device(&self) -> bool {
        self.inputs.iter().chain(&self.outputs).all(|span| span.storage().allocation().is_some())
    }
}
