use std::ptr;

use anyhow::Result;
use sim_core::neff::TensorSpec;
use sim_models::signature::Signature;

use super::answer::check;
use super::nrt::{Handle, Nrt, c_name};

/// The runtime, from `nrt_init` to `nrt_close`.
pub(super) struct Runtime(Nrt);

impl Runtime {
    /// Initialises it.
    ///
    /// # Errors
    /// What the library answers.
    pub(super) fn start(nrt: Nrt) -> Result<Runtime> {
        check("nrt_init", nrt.init())?;
        Ok(Runtime(nrt))
    }

    /// Loads `neff` on the logical core `core`, with a tensor for each input and output.
    ///
    /// # Errors
    /// What the library answers; nothing stays allocated then.
    pub(super) fn load(&self, neff: &[u8], core: i32) -> Result<Loaded<'_>> {
        let mut model = ptr::null_mut();
        check("nrt_load", self.0.load(neff, core, &mut model))?;
        let mut loaded = Loaded {
            nrt: &self.0,
            model,
            signature: Signature::default(),
            inputs: Side::default(),
            outputs: Side::default(),
        };
        let mut specs = Vec::new();
        check("nrt_get_model_tensor_info", self.0.tensor_infos(model, &mut specs))?;
        loaded.signature = Signature::of(&specs);
        let Loaded { signature, inputs, outputs, .. } = &mut loaded;
        for (side, specs) in [(inputs, &signature.inputs), (outputs, &signature.outputs)] {
            let set = side.set.insert(ptr::null_mut());
            check("nrt_allocate_tensor_set", self.0.set_allocate(set))?;
            for spec in specs {
                let (name, mut tensor) = (c_name(&spec.name), ptr::null_mut());
                let bytes = usize::try_from(spec.size)?;
                check("nrt_tensor_allocate", self.0.tensor_allocate(core, bytes, &name, &mut tensor))?;
                side.tensors.push(tensor);
                check("nrt_add_tensor_to_tensor_set", self.0.set_add(*set, &name, tensor))?;
            }
        }
        Ok(loaded)
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A model on a core, with a tensor for each of its inputs and outputs.
pub(super) struct Loaded<'a> {
    nrt: &'a Nrt,
    model: Handle,
    /// Its inputs and outputs, as the library has them.
    pub(super) signature: Signature,
    inputs: Side,
    outputs: Side,
}

/// The inputs or the outputs, in the order of the signature.
#[derive(Default)]
struct Side {
    tensors: Vec<Handle>,
    /// None before it is asked for; null if the library refused it.
    set: Option<Handle>,
}

impl Loaded<'_> {
    /// Whether `other` describes the same tensors: names and sizes. Real libraries do not know the type of
    /// every output (client code), which the NEFF states.
    pub(super) fn has_tensors_of(&self, other: &Signature) -> bool {
        same_tensors(&self.signature, other)
    }

    /// Runs the model once. Inputs and outputs are in the order of the signature, each as long as it says.
    ///
    /// # Errors
    /// What the library answers.
    pub(super) fn execute(&self, inputs: &[&[u8]]) -> Result<Vec<Vec<u8>>> {
        for (tensor, bytes) in self.inputs.tensors.iter().zip(inputs) {
            check("nrt_tensor_write", self.nrt.tensor_write(*tensor, bytes))?;
        }
        let [from, to] = [&self.inputs, &self.outputs].map(|side| side.set.unwrap_or(ptr::null_mut()));
        check("nrt_execute", self.nrt.execute(self.model, from, to))?;
        let read = |(tensor, spec): (&Handle, &TensorSpec)| {
            let mut bytes = vec![0; usize::try_from(spec.size)?];
            check("nrt_tensor_read", self.nrt.tensor_read(*tensor, &mut bytes))?;
            Ok(bytes)
        };
        self.outputs.tensors.iter().zip(&self.signature.outputs).map(read).collect()
    }
}

impl Drop for Loaded<'_> {
    fn drop(&mut self) {
        for side in [&self.inputs, &self.outputs] {
            side.set.iter().filter(|set| !set.is_null()).for_each(|set| self.nrt.set_destroy(*set));
            side.tensors.iter().for_each(|tensor| self.nrt.tensor_free(*tensor));
        }
        // Whatever it answers, nrt_close follows, which unloads what is left.
        let _ = self.nrt.unload(self.model);
    }
}

fn same_tensors(one: &Signature, other: &Signature) -> bool {
    let named = |specs: &[TensorSpec]| -> Vec<(String, u64)> {
        specs.iter().map(|spec| (spec.name.clone(), spec.size)).collect()
    };
    [(&one.inputs, &other.inputs), (&one.outputs, &other.outputs)]
        .into_iter()
        .all(|(one, other)| named(one) == named(other))
}

#[cfg(test)]
mod tests {
    use sim_core::neff::{Dtype, TensorSpec, Usage};
    use sim_models::signature::Signature;

    use super::same_tensors;

    #[test]
    fn a_library_need_not_know_types_and_shapes() {
        let with = |name: &str, dtype, shape: &[u64]| {
            Signature::of(&[TensorSpec::new(name, Usage::Output, dtype, shape)])
        };
        let of_neff = with("out", Dtype::Fp16, &[2, 3]);
        assert!(same_tensors(&of_neff, &with("out", Dtype::Unknown, &[12])));
        assert!(!same_tensors(&of_neff, &with("out", Dtype::Fp16, &[2, 4])));
        assert!(!same_tensors(&of_neff, &with("other", Dtype::Fp16, &[2, 3])));
        assert!(!same_tensors(&of_neff, &Signature::default()));
    }
}
