//! Tensor sets. Every function is thread-safe.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use sim_core::ledger::Object;
use sim_core::memory::tensor::Tensor;

use crate::boundary::{Out, Text, export};
use crate::error::ApiError;
use crate::handle::Handle;
use crate::log::{self, Level};
use crate::runtime;
use crate::tensor_set::TensorSet;

export! {
    /// Makes an empty set.
    "NRT_2.0.0"
    fn nrt_allocate_tensor_set(result: Out<Handle<TensorSet>>) {
        let runtime = runtime::open()?;
        let result = result.place("result")?;
        result.set(runtime.sets.insert(Arc::default())?);
        runtime.device.ledger().objects(Object::TensorSet).fetch_add(1, Relaxed);
        Ok(())
    }
}

export! {
    /// Ends a set and makes the caller's pointer null. The tensors in it stay (header).
    "NRT_2.0.0"
    fn nrt_destroy_tensor_set(set: Out<Handle<TensorSet>>) -> (), else (), {
        let ended = (|| {
            let place = set.place("tensor_set")?;
            let runtime = runtime::open()?;
            runtime.sets.remove(place.get())?;
            runtime.check.iter().for_each(|check| check.set_destroyed(place.get().bits()));
            runtime.device.ledger().objects(Object::TensorSet).fetch_sub(1, Relaxed);
            runtime.forget_bindings();
            place.set(Handle::NULL);
            Ok::<(), ApiError>(())
        })();
        if let Err(error) = ended {
            let level = if runtime::is_before_init() { Level::Debug } else { Level::Error };
            log::write(level, "nrt_destroy_tensor_set", error);
        }
    }
}

export! {
    /// Names a tensor in a set, in place of what had the name before. The tensor's own name plays no part.
    "NRT_2.0.0"
    fn nrt_add_tensor_to_tensor_set(set: Handle<TensorSet>, name: Text<'_>, tensor: Handle<Tensor>) {
        let runtime = runtime::open()?;
        let name = name.get().ok_or(ApiError::Null("tensor_name"))?;
        let set = runtime.sets.get(set)?;
        runtime.tensors.get(tensor)?;
        set.add(&name, tensor);
        runtime.forget_bindings();
        Ok(())
    }
}

export! {
    /// The tensor of that name; `NRT_FAILURE` if there is none (observed).
    "NRT_2.0.0"
    fn nrt_get_tensor_from_tensor_set(set: Handle<TensorSet>, name: Text<'_>, tensor: Out<Handle<Tensor>>) {
        let runtime = runtime::open()?;
        let name = name.get().ok_or(ApiError::Null("tensor_name"))?;
        let tensor = tensor.place("tensor")?;
        let found = runtime.sets.get(set)?.get(&name).filter(|found| runtime.tensors.get(*found).is_ok());
        tensor.set(found.ok_or_else(|| ApiError::Failure(format!("the set has no tensor {name:?}")))?);
        Ok(())
    }
}
