//! The inputs and outputs of a model.

use std::fmt::{self, Display};

use sim_core::neff::{Dtype, TensorSpec, Usage};

/// The inputs and outputs of a model, each sorted by name: the order in which a kernel has them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signature {
    /// What a run reads.
    pub inputs: Vec<TensorSpec>,
    /// What a run writes.
    pub outputs: Vec<TensorSpec>,
}

impl Signature {
    /// That of a model with `tensors`.
    pub fn of(tensors: &[TensorSpec]) -> Signature {
        let sorted = |usage| {
            let mut specs: Vec<TensorSpec> =
                tensors.iter().filter(|spec| spec.usage == usage).cloned().collect();
            specs.sort_by(|a, b| a.name.cmp(&b.name));
            specs
        };
        Signature { inputs: sorted(Usage::Input), outputs: sorted(Usage::Output) }
    }
}

/// `x:float16[2,3],y:float16[3,2]->z:float16[2,2]`: what patterns are compared with.
impl Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |specs: &[TensorSpec]| specs.iter().map(tensor).collect::<Vec<_>>().join(",");
        write!(f, "{}->{}", side(&self.inputs), side(&self.outputs))
    }
}

/// `x:float16[2,3]`.
pub fn tensor(spec: &TensorSpec) -> String {
    let shape: Vec<String> = spec.shape.iter().map(u64::to_string).collect();
    format!("{}:{}[{}]", spec.name, spec.dtype.name(), shape.join(","))
}

/// The type with this short name, as people write it in patterns and for NEFFs to be built; none if there is no such
/// name. Chosen here.
pub fn dtype(short: &str) -> Option<Dtype> {
    Some(match short {
        "f16" | "fp16" => Dtype::Fp16,
        "bf16" => Dtype::Bf16,
        "f32" | "fp32" => Dtype::Fp32,
        "f32r" | "fp32r" => Dtype::Fp32r,
        "f8e3" | "fp8e3" => Dtype::Fp8E3,
        "f8e4" | "fp8e4" => Dtype::Fp8E4,
        "f8e5" | "fp8e5" => Dtype::Fp8E5,
        "i8" => Dtype::I8,
        "u8" => Dtype::U8,
        "i16" => Dtype::I16,
        "u16" => Dtype::U16,
        "i32" => Dtype::I32,
        "u32" => Dtype::U32,
        "i64" => Dtype::I64,
        "u64" => Dtype::U64,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use sim_core::neff::{Dtype, TensorSpec, Usage};

    use super::Signature;

    #[test]
    fn a_signature_is_one_line_whatever_the_order_of_the_tensors() {
        let spec = |name: &str, usage, shape: &[u64]| TensorSpec::new(name, usage, Dtype::Fp16, shape);
        let signature = Signature::of(&[
            spec("z", Usage::Output, &[2, 2]),
            spec("y", Usage::Input, &[3, 2]),
            spec("x", Usage::Input, &[2, 3]),
        ]);
        assert_eq!(signature.to_string(), "x:float16[2,3],y:float16[3,2]->z:float16[2,2]");
    }
}
