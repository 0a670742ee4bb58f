//! The plug-in as built, networks made on the spot, and the shortest way from one to the other.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rten_onnx::onnx::{
    DataType, Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, TypeProtoTensor, ValueInfoProto,
};
use sim_core::neff::{Dtype, TensorSpec, Usage};
use sim_models::buffer::Buffer;
use sim_models::compute::{Compute, Failure};
use sim_models::onnx::{LIBRARY, Onnx};
use sim_models::recipe::{Files, Recipe, Refusal, Subject};
use sim_models::signature::Signature;

/// The plug-in: cargo builds it beside the tests.
pub(crate) fn library() -> PathBuf {
    std::env::current_exe().expect("a running test has a file").with_file_name(LIBRARY)
}

/// A file of `examples/models`.
pub(crate) fn example(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/models").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn input(name: &str, dtype: Dtype, shape: &[u64]) -> TensorSpec {
    TensorSpec::new(name, Usage::Input, dtype, shape)
}

pub(crate) fn output(name: &str, dtype: Dtype, shape: &[u64]) -> TensorSpec {
    TensorSpec::new(name, Usage::Output, dtype, shape)
}

/// What the plug-in makes of `network` for a model with `tensors`; the file of `recipe` is set.
pub(crate) fn prepare(
    network: Vec<u8>,
    tensors: &[TensorSpec],
    recipe: Onnx,
) -> Result<Box<dyn Compute>, Refusal> {
    let files = BTreeMap::from([("network.onnx".to_owned(), network)]);
    let recipe = Onnx { file: "network.onnx".to_owned(), ..recipe };
    recipe.prepare(&Subject {
        name: "model",
        uuid: [7; 16],
        signature: &Signature::of(tensors),
        files: &Files::Archive(&files),
        onnx_library: Some(&library()),
    })
}

/// What the plug-in says against it.
pub(crate) fn refusal(network: Vec<u8>, tensors: &[TensorSpec], recipe: Onnx) -> String {
    match prepare(network, tensors, recipe) {
        Ok(_) => panic!("it was not refused"),
        Err(Refusal(reason)) => reason,
    }
}

/// Runs `kernel` on `inputs`, in the order of their names; its outputs have `sizes` bytes.
pub(crate) fn run(kernel: &dyn Compute, inputs: &[&[u8]], sizes: &[usize]) -> Result<Vec<Vec<u8>>, Failure> {
    let buffer = |size: usize| {
        let mut buffer = Buffer::default();
        buffer.resize(size).expect("small");
        buffer
    };
    let mut from: Vec<Buffer> = inputs.iter().map(|bytes| buffer(bytes.len())).collect();
    from.iter_mut().zip(inputs).for_each(|(buffer, bytes)| buffer.bytes_mut().copy_from_slice(bytes));
    let mut to: Vec<Buffer> = sizes.iter().map(|size| buffer(*size)).collect();
    // So that bytes which are not written show.
    to.iter_mut().for_each(|buffer| buffer.bytes_mut().fill(0xa5));
    let sources: Vec<&[u8]> = from.iter().map(Buffer::bytes).collect();
    let mut targets: Vec<&mut [u8]> = to.iter_mut().map(Buffer::bytes_mut).collect();
    kernel.compute(&sources, &mut targets)?;
    Ok(to.iter().map(|buffer| buffer.bytes().to_vec()).collect())
}

/// `count` numbers from -1 to 1, by a linear congruential generator.
pub(crate) fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let step = |state: &mut u32| {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some((*state >> 8) as f32 / (1 << 23) as f32 - 1.0)
    };
    std::iter::repeat_n((), count).scan(seed, |state, ()| step(state)).collect()
}

pub(crate) fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_ne_bytes()).collect()
}

/// The size of a dimension: `"n"`, or a number.
pub(crate) fn value(name: &str, data_type: DataType, dims: &[&str]) -> ValueInfoProto {
    let dim = |dim: &&str| match dim.parse() {
        Ok(size) => Dimension { dim_value: Some(size), dim_param: None },
        Err(_) => Dimension { dim_value: None, dim_param: Some((*dim).to_owned()) },
    };
    let shape = TensorShapeProto { dim: dims.iter().map(dim).collect() };
    let tensor = TypeProtoTensor { elem_type: Some(data_type), shape: Some(shape) };
    let kind = TypeProto { tensor_type: Some(tensor), ..TypeProto::default() };
    ValueInfoProto { name: Some(name.to_owned()), r#type: Some(kind) }
}

pub(crate) fn node(operator: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        op_type: Some(operator.to_owned()),
        name: Some(format!("the_{}", operator.to_lowercase())),
        input: inputs.iter().map(|&name| name.to_owned()).collect(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

pub(crate) fn constant(name: &str, numbers: &[f32]) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        data_type: Some(DataType::FLOAT),
        dims: vec![i64::try_from(numbers.len()).expect("few")],
        float_data: numbers.to_vec(),
        ..TensorProto::default()
    }
}

/// An ONNX file with this graph.
pub(crate) fn file(graph: GraphProto) -> Vec<u8> {
    let model = ModelProto {
        ir_version: Some(8),
        opset_import: vec![OperatorSetIdProto { domain: None, version: Some(17) }],
        graph: Some(graph),
        ..ModelProto::default()
    };
    model.write_buf().expect("a file in memory can be written")
}

/// A network of one operator.
pub(crate) fn network(operator: &str, inputs: Vec<ValueInfoProto>, output: ValueInfoProto) -> Vec<u8> {
    let names: Vec<String> = inputs.iter().filter_map(|input| input.name.clone()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let result = output.name.clone().expect("it has one");
    file(GraphProto {
        node: vec![node(operator, &names, &result)],
        input: inputs,
        output: vec![output],
        ..GraphProto::default()
    })
}
