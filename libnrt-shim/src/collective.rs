//! Collectives that were prepared: what `nrta_cc_prepare` has checked and `nrta_cc_schedule` queues, once.

use parking_lot::Mutex;
use sim_core::memory::tensor::Tensor;
use sim_core::neff::Dtype;

use crate::handle::{Handle, Kind};

/// A collective in a world of one rank, where each of them gives back what the rank has given.
pub(crate) struct Collective {
    /// The core that works.
    pub(crate) core: u8,
    /// Type of the elements.
    pub(crate) dtype: Dtype,
    /// Input and output. They are the caller's (header), and one that is never queued must not hold their memory.
    pub(crate) tensors: [Handle<Tensor>; 2],
    /// Whether it was queued. Held while it is, so that of two threads one queues it.
    pub(crate) is_used: Mutex<bool>,
}

impl Kind for Collective {
    const TAG: u64 = 7;
    const NAME: &'static str = "collective context";
}

impl Collective {
    pub(crate) fn new(core: u8, dtype: Dtype, tensors: [Handle<Tensor>; 2]) -> Collective {
        Collective { core, dtype, tensors, is_used: Mutex::new(false) }
    }
}
