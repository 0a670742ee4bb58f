//! A tensor as a user writes it: `x:f16[128,256]`.

use std::str::FromStr;

use anyhow::{Context, Error, Result, bail};
use sim_core::neff::{DIMS_MAX, Dtype, TensorSpec, Usage};
use sim_models::signature;

/// Bytes of a name that C has room for.
const NAME_BYTES_MAX: usize = 255;

/// Name, type and shape of an input or output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TensorText {
    /// Its name; what is before the last colon.
    pub(crate) name: String,
    /// The type of its elements; never [`Dtype::Unknown`].
    pub(crate) dtype: Dtype,
    /// Elements in each dimension; none of a scalar.
    pub(crate) shape: Vec<u64>,
}

impl TensorText {
    /// A tensor that a program can be given.
    ///
    /// # Errors
    /// A name that C cannot have, more than 32 dimensions, one that is 0 or more than 32 bits hold, or more
    /// bytes than an address space.
    pub(crate) fn new(name: &str, dtype: Dtype, shape: Vec<u64>) -> Result<TensorText> {
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            bail!("the name has {} bytes, expected 1 to {NAME_BYTES_MAX}", name.len());
        }
        if name.contains(char::is_control) {
            bail!("the name {name:?} has a control character");
        }
        if shape.len() > DIMS_MAX {
            bail!("`{name}` has {} dimensions, expected at most {DIMS_MAX}", shape.len());
        }
        let limit = u64::from(u32::MAX);
        if let Some(dim) = shape.iter().find(|dim| **dim == 0 || **dim > limit) {
            bail!("`{name}` has a dimension of {dim}, expected 1 to {limit}");
        }
        let element = dtype.bytes().with_context(|| format!("`{name}` has no known type"))?;
        let size = shape.iter().try_fold(element, |size, dim| size.checked_mul(*dim));
        if size.is_none_or(|size| i64::try_from(size).is_err()) {
            bail!("`{name}` has more bytes than an address space, with the shape {shape:?}");
        }
        Ok(TensorText { name: name.to_owned(), dtype, shape })
    }

    /// The same, as an input or output of a model.
    pub(crate) fn spec(&self, usage: Usage) -> TensorSpec {
        TensorSpec::new(&self.name, usage, self.dtype, self.shape.clone())
    }
}

/// `NAME:TYPE[DIM,...]`. The name may have colons and brackets: the last `:` ends it.
impl FromStr for TensorText {
    type Err = Error;

    fn from_str(text: &str) -> Result<TensorText> {
        let form = "expected NAME:TYPE[DIM,...], such as x:f16[128,256]";
        let (name, rest) = text.rsplit_once(':').with_context(|| format!("no `:` after the name; {form}"))?;
        let (dtype_name, dims) = rest
            .split_once('[')
            .and_then(|(dtype, dims)| Some((dtype, dims.strip_suffix(']')?)))
            .with_context(|| format!("no shape in brackets after the type; {form}"))?;
        let dims = dims.split(',').filter(|_| !dims.trim().is_empty());
        let shape = dims.map(|dim| {
            let dim = dim.trim();
            dim.parse().with_context(|| format!("`{dim}` is no dimension; {form}"))
        });
        TensorText::new(name, dtype(dtype_name.trim())?, shape.collect::<Result<_>>()?)
    }
}

/// The type called `name`, in short or at length.
///
/// # Errors
/// What could have been said instead.
pub(crate) fn dtype(name: &str) -> Result<Dtype> {
    let dtype = signature::dtype(name).unwrap_or_else(|| Dtype::from_name(name));
    if dtype == Dtype::Unknown {
        bail!(
            "there is no type `{name}`; expected f16, bf16, f32, f8e3, f8e4, f8e5, i8 to i64, u8 to u64, or at length, such as float16"
        );
    }
    Ok(dtype)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tensor_is_read_as_it_is_written() {
        for (text, name, dtype, shape) in [
            ("x:f16[128,256]", "x", Dtype::Fp16, vec![128, 256]),
            ("x:0:bfloat16[ 1 , 2 ]", "x:0", Dtype::Bf16, vec![1, 2]),
            ("w[0]:float8_e4m3[7]", "w[0]", Dtype::Fp8E4, vec![7]),
            ("step:i64[]", "step", Dtype::I64, vec![]),
        ] {
            let tensor = text.parse::<TensorText>().expect(text);
            assert_eq!((tensor.name.as_str(), tensor.dtype, tensor.shape), (name, dtype, shape), "{text}");
        }
    }

    #[test]
    fn every_type_has_its_long_name_and_most_a_short_one() {
        for known in Dtype::ALL.into_iter().filter(|known| *known != Dtype::Unknown) {
            assert_eq!(dtype(known.name()).expect("long"), known);
        }
        for short in [
            "f16", "bf16", "f32", "i8", "u8", "i32", "u32", "i64", "u64", "i16", "u16", "f8e3", "f8e4",
            "f8e5",
        ] {
            assert!(dtype(short).is_ok(), "{short}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_and_what_was_expected() {
        for (text, says) in [
            ("x", "no `:`"),
            ("x:f16", "no shape"),
            ("x:f16[1", "no shape"),
            ("x:f99[1]", "no type `f99`"),
            ("x:[1]", "no type ``"),
            ("x:f16[1,]", "`` is no dimension"),
            ("x:f16[-1]", "`-1` is no dimension"),
            ("x:f16[0]", "a dimension of 0"),
            ("x:f16[4294967296]", "expected 1 to 4294967295"),
            ("x:f32[4294967295,4294967295]", "more bytes than"),
            (":f16[1]", "1 to 255"),
            ("a\u{1b}:f16[1]", "control character"),
        ] {
            let error = text.parse::<TensorText>().expect_err(text).to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
        let dims = vec!["1"; 33].join(",");
        let error = format!("x:f16[{dims}]").parse::<TensorText>().expect_err("too many").to_string();
        assert!(error.contains("33 dimensions"), "{error}");
    }
}
