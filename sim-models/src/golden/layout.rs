use safetensors::Dtype as Stored;
use serde::{Deserialize, Serialize};
use sim_core::neff::{Dtype, TensorSpec};
use xxhash_rust::xxh3::Xxh3;

use crate::hexadecimal::hexadecimal;
use crate::recipe::{Refusal, Subject};
use crate::signature::Signature;

/// The version of the layout that is written, and the only one that is read.
pub(super) const FORMAT: u64 = 1;

/// The entry of a file's metadata that makes it a golden file.
pub(super) const ENTRY: &str = "nrt_sim_golden";

/// Whose outputs are recorded.
#[derive(Debug, Clone, Copy)]
pub struct Model<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its uuid.
    pub uuid: [u8; 16],
    /// Its inputs and outputs.
    pub signature: &'a Signature,
}

impl<'a> From<&Subject<'a>> for Model<'a> {
    fn from(subject: &Subject<'a>) -> Model<'a> {
        Model { name: subject.name, uuid: subject.uuid, signature: subject.signature }
    }
}

/// What a file says of where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    pub(super) format: u64,
    pub(super) signature: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) uuid: String,
    #[serde(default)]
    pub(super) recorded_with: Vec<String>,
    /// [`digest`] of all outputs; files made by hand may lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) digest: Option<String>,
}

impl Origin {
    /// That of a new file.
    pub(super) fn new(model: &Model<'_>) -> Origin {
        Origin {
            format: FORMAT,
            signature: model.signature.to_string(),
            name: model.name.to_owned(),
            uuid: hexadecimal(&model.uuid),
            recorded_with: Vec::new(),
            digest: None,
        }
    }

    /// What `text`, the entry of a file, says; whether it fits a model with `signature`.
    pub(super) fn read(text: &str, signature: &Signature) -> Result<Origin, Refusal> {
        /// What every version of the layout has.
        #[derive(Deserialize)]
        struct Version {
            format: u64,
        }
        let wrong = |error| {
            Refusal(format!("its metadata {ENTRY} cannot be read ({error}): record the outputs anew"))
        };
        let Version { format } = serde_json::from_str(text).map_err(wrong)?;
        if format != FORMAT {
            return Err(Refusal(format!(
                "it has format {format}, and this version knows format {FORMAT} only: use the nrt-sim that \
                 wrote it, or record the outputs anew"
            )));
        }
        let origin: Origin = serde_json::from_str(text).map_err(wrong)?;
        let expected = signature.to_string();
        if origin.signature != expected {
            return Err(Refusal(format!(
                "it was recorded of {}, but the model is {expected}: record the outputs of this model, or bind \
                 the file to the model it was recorded of",
                origin.signature
            )));
        }
        Ok(origin)
    }
}

/// Type and shape of `spec` in a safetensors file.
///
/// Those of the model, but: `float32r` is stored as F32; `float8e3` and elements of unknown type, which
/// safetensors does not have, as U8; and a tensor whose size does not follow from type and shape as a row
/// of U8. `float8e4` is stored as F8_E4M3 and `float8e5` as F8_E5M2; the bytes are never converted.
pub fn stored(spec: &TensorSpec) -> (Stored, Vec<usize>) {
    let dtype = match spec.dtype {
        Dtype::Unknown | Dtype::U8 | Dtype::Fp8E3 => Stored::U8,
        Dtype::U64 => Stored::U64,
        Dtype::I8 => Stored::I8,
        Dtype::I16 => Stored::I16,
        Dtype::U16 => Stored::U16,
        Dtype::Bf16 => Stored::BF16,
        Dtype::Fp16 => Stored::F16,
        Dtype::I32 => Stored::I32,
        Dtype::U32 => Stored::U32,
        Dtype::Fp32 | Dtype::Fp32r => Stored::F32,
        Dtype::I64 => Stored::I64,
        Dtype::Fp8E4 => Stored::F8_E4M3,
        Dtype::Fp8E5 => Stored::F8_E5M2,
    };
    let plain = TensorSpec::new("", spec.usage, spec.dtype, spec.shape.as_slice());
    let shape: Option<Vec<usize>> = spec.shape.iter().map(|&dim| usize::try_from(dim).ok()).collect();
    match shape {
        Some(shape) if plain.size == spec.size => (dtype, shape),
        _ => (Stored::U8, vec![usize::try_from(spec.size).unwrap_or(usize::MAX)]),
    }
}

/// Tells outputs from others, so that damage shows: 32 hexadecimal digits.
///
/// XXH3 with 128 bits over the bytes of all tensors of the file in the order of their names, which is that of
/// the keys and, for each, of the outputs. Chosen here.
pub(super) fn digest<'a>(outputs: impl Iterator<Item = &'a [u8]>) -> String {
    let mut hash = Xxh3::new();
    outputs.for_each(|bytes| hash.update(bytes));
    format!("{:032x}", hash.digest128())
}

/// `F16 [2, 3]`, for messages.
pub(super) fn shown(dtype: Stored, shape: &[usize]) -> String {
    format!("{dtype} {shape:?}")
}

#[cfg(test)]
mod tests {
    use safetensors::Dtype as Stored;
    use sim_core::neff::{Dtype, TensorSpec, Usage};

    use super::stored;

    #[test]
    fn each_type_is_stored_in_as_many_bytes_as_it_has() {
        for dtype in Dtype::ALL {
            let (stored, shape) = stored(&TensorSpec::new("x", Usage::Output, dtype, [2, 3]));
            assert_eq!(stored.bitsize() as u64, 8 * dtype.bytes().unwrap_or(1), "{dtype:?}");
            assert_eq!(shape, [2, 3]);
        }
    }

    #[test]
    fn a_size_that_does_not_follow_from_the_shape_is_stored_as_bytes() {
        let odd = TensorSpec { size: 7, ..TensorSpec::new("x", Usage::Output, Dtype::Fp16, [2]) };
        assert_eq!(stored(&odd), (Stored::U8, vec![7]));
        let endless = TensorSpec::new("x", Usage::Output, Dtype::Fp16, [u64::MAX, u64::MAX]);
        assert_eq!(endless.size, u64::MAX);
        assert_eq!(stored(&TensorSpec { size: 4, ..endless }), (Stored::U8, vec![4]));
    }
}
