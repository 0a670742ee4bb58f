//! Tensor sets: names for tensors, which stay the caller's.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use sim_core::memory::tensor::Tensor;

use crate::handle::{Handle, Kind};

/// Bytes of a name that count (observed).
const NAME_MAX: usize = 255;

/// A set of tensors by name. It holds handles, so a tensor that is freed while it stands in a set is
/// simply gone from it.
#[derive(Default)]
pub(crate) struct TensorSet {
    tensors: Mutex<BTreeMap<Box<str>, Handle<Tensor>>>,
}

impl Kind for TensorSet {
    const TAG: u64 = 2;
    const NAME: &'static str = "tensor set";
}

impl Kind for Tensor {
    const TAG: u64 = 1;
    const NAME: &'static str = "tensor";
}

impl TensorSet {
    /// Names `tensor`, in place of what had the name before.
    pub(crate) fn add(&self, name: &str, tensor: Handle<Tensor>) {
        self.tensors.lock().insert(counted(name).into(), tensor);
    }

    /// The tensor of that name.
    pub(crate) fn get(&self, name: &str) -> Option<Handle<Tensor>> {
        self.tensors.lock().get(counted(name)).copied()
    }

    /// How many names it has.
    pub(crate) fn len(&self) -> usize {
        self.tensors.lock().len()
    }
}

/// The part of a name that counts.
fn counted(name: &str) -> &str {
    let end = (0..=NAME_MAX.min(name.len())).rev().find(|&at| name.is_char_boundary(at));
    &name[..end.unwrap_or(0)]
}
