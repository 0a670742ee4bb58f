//! ONNX files, without what would compute them: their inputs, outputs, and whether they are whole.

mod graph;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

use rten_onnx::onnx::{DataType, ModelProto, ValueInfoProto};
use sim_core::neff::{Dtype, TensorSpec, Usage};

use crate::recipe::Refusal;

/// The inputs and outputs of a network, each in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnnxSignature {
    /// What it reads, without those that have a value in the file.
    pub inputs: Vec<OnnxTensor>,
    /// What it computes.
    pub outputs: Vec<OnnxTensor>,
}

/// An input or output of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnnxTensor {
    /// Its name; unique, never empty.
    pub name: String,
    /// What its elements are.
    pub element: Element,
    /// Its dimensions, the slowest first; `None` if the file does not say how many it has.
    pub dims: Option<Vec<Dim>>,
}

/// The type of an element, by ONNX's number (`TensorProto.DataType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element(pub i32);

/// The size of a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dim {
    /// So many elements.
    Fixed(u64),
    /// As many as any other dimension of this name.
    Named(String),
    /// Any.
    Unknown,
}

impl Element {
    /// The type of a NEFF that holds the same elements, if there is one; a truth value takes a byte.
    pub fn dtype(self) -> Option<Dtype> {
        Some(match DataType(self.0) {
            DataType::FLOAT => Dtype::Fp32,
            DataType::FLOAT16 => Dtype::Fp16,
            DataType::BFLOAT16 => Dtype::Bf16,
            DataType::FLOAT8E4M3FN => Dtype::Fp8E4,
            DataType::FLOAT8E5M2 => Dtype::Fp8E5,
            DataType::INT8 => Dtype::I8,
            DataType::INT16 => Dtype::I16,
            DataType::INT32 => Dtype::I32,
            DataType::INT64 => Dtype::I64,
            DataType::UINT8 | DataType::BOOL => Dtype::U8,
            DataType::UINT16 => Dtype::U16,
            DataType::UINT32 => Dtype::U32,
            DataType::UINT64 => Dtype::U64,
            _ => return None,
        })
    }
}

/// ONNX's own name, `FLOAT16`, or the number of one that is not known here.
impl Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        DataType(self.0).fmt(f)
    }
}

/// `x:FLOAT[batch,16]`
impl Display for OnnxTensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.element)?;
        let Some(dims) = &self.dims else { return Ok(()) };
        let dims: Vec<String> = dims
            .iter()
            .map(|dim| match dim {
                Dim::Fixed(size) => size.to_string(),
                Dim::Named(name) => name.clone(),
                Dim::Unknown => "?".to_owned(),
            })
            .collect();
        write!(f, "[{}]", dims.join(","))
    }
}

impl OnnxSignature {
    /// The same as the tensors of a NEFF, with `sizes` for dimensions that have a name.
    ///
    /// # Errors
    /// Names the tensor whose size is still open, or whose type no NEFF has.
    pub fn tensors(&self, sizes: &BTreeMap<String, u64>) -> Result<Vec<TensorSpec>, Refusal> {
        let side = |tensors: &[OnnxTensor], usage| {
            tensors.iter().map(|tensor| spec(tensor, usage, sizes)).collect::<Result<Vec<_>, _>>()
        };
        Ok([side(&self.inputs, Usage::Input)?, side(&self.outputs, Usage::Output)?].concat())
    }
}

fn spec(tensor: &OnnxTensor, usage: Usage, sizes: &BTreeMap<String, u64>) -> Result<TensorSpec, Refusal> {
    let dtype = tensor.element.dtype().ok_or_else(|| {
        Refusal(format!("no NEFF has the type of {tensor}; convert it to float32 or int32 in the network"))
    })?;
    let open = |what: &str| Refusal(format!("the ONNX file leaves {what} of {tensor} open; give it a size"));
    let dims = tensor.dims.as_ref().ok_or_else(|| open("the shape"))?;
    let size = |dim: &Dim| match dim {
        Dim::Fixed(size) => Ok(*size),
        Dim::Named(name) => sizes.get(name).copied().ok_or_else(|| open(&format!("the dimension {name:?}"))),
        Dim::Unknown => Err(open("a dimension without a name")),
    };
    let shape: Vec<u64> = dims.iter().map(size).collect::<Result<_, _>>()?;
    Ok(TensorSpec::new(tensor.name.clone(), usage, dtype, shape))
}

/// The inputs and outputs of the network in `bytes`, the content of an ONNX file.
///
/// Takes memory in proportion to `bytes`.
///
/// # Errors
/// The file is damaged, or keeps weights in another file; or its network uses a tensor that nothing makes. What a runtime lacks
/// is not seen here.
pub fn signature(bytes: &[u8]) -> Result<OnnxSignature, Refusal> {
    let refuse = |what: String| Refusal(format!("the ONNX file cannot be used: {what}"));
    wire::check(bytes).map_err(|what| refuse(format!("{what}; make it again, it is damaged")))?;
    let model = ModelProto::parse_buf(bytes).map_err(|error| refuse(format!("{error}; make it again")))?;
    let Some(graph) = &model.graph else { return Err(refuse("it has no graph; is it ONNX?".to_owned())) };
    graph::check(graph).map_err(refuse)?;
    let given: BTreeSet<Option<&str>> = graph.initializer.iter().map(|given| given.name.as_deref()).collect();
    let is_free = |value: &&ValueInfoProto| !given.contains(&value.name.as_deref());
    let inputs = graph.input.iter().filter(is_free).map(tensor).collect::<Result<_, _>>().map_err(refuse)?;
    let outputs = graph.output.iter().map(tensor).collect::<Result<_, _>>().map_err(refuse)?;
    Ok(OnnxSignature { inputs, outputs })
}

fn tensor(value: &ValueInfoProto) -> Result<OnnxTensor, String> {
    let name = value.name.clone().filter(|name| !name.is_empty()).ok_or("an input or output has no name")?;
    let Some(tensor) = value.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref()) else {
        return Err(format!("{name:?} is no tensor; only tensors can be inputs and outputs"));
    };
    let element = Element(tensor.elem_type.map_or(0, |number| number.0));
    let dim = |dim: &rten_onnx::onnx::Dimension| match (dim.dim_value.map(u64::try_from), &dim.dim_param) {
        (Some(Ok(size)), _) => Dim::Fixed(size),
        (None, Some(name)) if !name.is_empty() => Dim::Named(name.clone()),
        _ => Dim::Unknown,
    };
    let dims = tensor.shape.as_ref().map(|shape| shape.dim.iter().map(dim).collect());
    Ok(OnnxTensor { name, element, dims })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sim_core::neff::{Dtype, TensorSpec, Usage};

    use super::{Dim, Element, OnnxTensor, spec};

    const CONVOLUTIONS: &[u8] = include_bytes!("../../examples/models/conv_block.onnx");
    const HALVES: &[u8] = include_bytes!("../../examples/models/mlp_f16.onnx");

    #[test]
    fn the_examples_have_the_inputs_and_outputs_that_their_script_says() {
        let shown = |bytes| {
            let signature = super::signature(bytes).expect("it is whole");
            let names = [signature.inputs, signature.outputs].concat();
            names.iter().map(OnnxTensor::to_string).collect::<Vec<_>>().join(" -> ")
        };
        assert_eq!(shown(CONVOLUTIONS), "image:FLOAT[1,3,16,16] -> features:FLOAT[1,8,8,8]");
        assert_eq!(shown(HALVES), "x:FLOAT16[4,64] -> y:FLOAT16[4,10]");
        let tensors = super::signature(HALVES).expect("whole").tensors(&BTreeMap::new()).expect("all fixed");
        let x = TensorSpec::new("x", Usage::Input, Dtype::Fp16, [4, 64]);
        assert_eq!(tensors, [x, TensorSpec::new("y", Usage::Output, Dtype::Fp16, [4, 10])]);
    }

    #[test]
    fn open_dimensions_need_a_size_and_types_a_counterpart() {
        let tensor = |element, dims: &[Dim]| OnnxTensor {
            name: "x".to_owned(),
            element: Element(element),
            dims: Some(dims.to_vec()),
        };
        let sizes = BTreeMap::from([("n".to_owned(), 5)]);
        let of = |tensor: OnnxTensor| spec(&tensor, Usage::Input, &sizes).map_err(|refusal| refusal.0);
        let named = |name: &str| Dim::Named(name.to_owned());
        assert_eq!(of(tensor(7, &[named("n"), Dim::Fixed(2)])).map(|spec| spec.size), Ok(80));
        assert!(
            of(tensor(1, &[named("m")]))
                .is_err_and(|said| said.contains("the dimension \"m\" of x:FLOAT[m]"))
        );
        assert!(
            of(tensor(1, &[Dim::Unknown])).is_err_and(|said| said.contains("without a name of x:FLOAT[?]"))
        );
        assert!(of(tensor(8, &[])).is_err_and(|said| said.contains("no NEFF has the type of x:STRING[]")));
        assert!(
            of(OnnxTensor { dims: None, ..tensor(1, &[]) }).is_err_and(|said| said.contains("the shape"))
        );
    }

    #[test]
    fn what_is_no_onnx_file_is_refused() {
        for bytes in [&b""[..], b"no network", &[0; 100], &CONVOLUTIONS[..1000]] {
            let said = super::signature(bytes).expect_err("it is no network").0;
            assert!(said.starts_with("the ONNX file cannot be used: "), "{said}");
        }
    }
}
