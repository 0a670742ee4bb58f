//! Runs of operators on tensors that are written as text and numbers.

use std::collections::BTreeMap;

use sim_core::neff::{Dtype, TensorSpec, Usage};

use crate::buffer::Buffer;
use crate::compute::Compute;
use crate::element::{Element, Numbers};
use crate::recipe::{Files, Refusal, Subject};
use crate::signature::Signature;
use crate::spec::Spec;

/// `x:float16[2,3]` as a tensor.
pub(super) fn spec(text: &str, usage: Usage) -> TensorSpec {
    let (name, rest) = text.split_once(':').expect("a name");
    let (dtype, dims) = rest.strip_suffix(']').and_then(|rest| rest.split_once('[')).expect("a shape");
    let dims: Vec<u64> =
        dims.split(',').filter(|dim| !dim.is_empty()).map(|dim| dim.parse().expect("a size")).collect();
    TensorSpec::new(name, usage, Dtype::from_name(dtype), dims)
}

/// `x:float16[2,3] y:float16[3,2] -> z:float16[2,2]` as the tensors of a model.
pub(super) fn signature(text: &str) -> Signature {
    let (inputs, outputs) = text.split_once("->").expect("an arrow");
    let side = |text: &str, usage| text.split_whitespace().map(|text| spec(text, usage)).collect::<Vec<_>>();
    Signature::of(&[side(inputs, Usage::Input), side(outputs, Usage::Output)].concat())
}

/// The operator in `text`: its name, then its settings as TOML, if any.
pub(super) fn operator(text: &str) -> Result<Spec, toml::de::Error> {
    let (name, settings) = text.split_once(' ').unwrap_or((text, ""));
    toml::from_str(&format!("use = \"{name}\"\n{settings}"))
}

pub(super) fn prepare(text: &str, signature: &Signature) -> Result<Box<dyn Compute>, Refusal> {
    let (uuid, files) = ([0; 16], Files::Archive(&BTreeMap::new()));
    let spec = operator(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let subject = Subject { name: "model", uuid, signature, files: &files, onnx_library: None };
    spec.recipe().expect("an operator").prepare(&subject)
}

/// The bytes of all outputs after a run over `inputs`.
pub(super) fn run(text: &str, signature: &Signature, inputs: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let compute = prepare(text, signature).unwrap_or_else(|refusal| panic!("{text}: {refusal}"));
    let buffer = |len: usize, fill: &dyn Fn(usize) -> u8| {
        let mut buffer = Buffer::default();
        buffer.resize(len).expect("small");
        buffer.bytes_mut().iter_mut().enumerate().for_each(|(at, byte)| *byte = fill(at));
        buffer
    };
    let sources: Vec<Buffer> = inputs.iter().map(|bytes| buffer(bytes.len(), &|at| bytes[at])).collect();
    let size = |spec: &TensorSpec| usize::try_from(spec.size).expect("small");
    let mut targets: Vec<Buffer> =
        signature.outputs.iter().map(|spec| buffer(size(spec), &|_| 0xa5)).collect();
    // Twice, since memory is kept from run to run.
    for _ in 0..2 {
        let sources: Vec<&[u8]> = sources.iter().map(Buffer::bytes).collect();
        let mut targets: Vec<&mut [u8]> = targets.iter_mut().map(Buffer::bytes_mut).collect();
        compute.compute(&sources, &mut targets).expect("operators do not fail");
    }
    targets.iter().map(|buffer| buffer.bytes().to_vec()).collect()
}

/// `values` as elements of `dtype`, rounded.
pub(super) fn floats(dtype: Dtype, values: &[f64]) -> Vec<u8> {
    let Some(Element::Float(float)) = Element::of(dtype) else { panic!("{dtype:?} is no float") };
    let values: Vec<f32> = values.iter().map(|value| float.nearest(*value)).collect();
    let mut buffer = Buffer::default();
    buffer.resize(values.len() * float.bytes()).expect("small");
    float.store(&values, buffer.bytes_mut());
    buffer.bytes().to_vec()
}
