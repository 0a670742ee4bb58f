//! Files that are damaged, incomplete, or ask for what the runtime lacks.

use std::collections::BTreeMap;
use std::path::Path;

use rten_onnx::onnx::{DataLocation, DataType, GraphProto};
use sim_core::neff::{Dtype, TensorSpec};
use sim_models::onnx::Onnx;
use sim_models::recipe::{Files, Recipe, Subject};
use sim_models::signature::Signature;

use crate::scene::{
    bytes, constant, example, file, input, network, node, output, prepare, refusal, run, value,
};

const FLOAT: DataType = DataType::FLOAT;

fn tensors() -> [TensorSpec; 2] {
    [input("x", Dtype::Fp32, &[2]), output("y", Dtype::Fp32, &[2])]
}

fn convolution() -> [TensorSpec; 2] {
    [input("image", Dtype::Fp32, &[1, 3, 16, 16]), output("features", Dtype::Fp32, &[1, 8, 8, 8])]
}

/// A graph from `x` to `y`, both of two floats.
fn graph() -> GraphProto {
    GraphProto {
        input: vec![value("x", FLOAT, &["2"])],
        output: vec![value("y", FLOAT, &["2"])],
        node: vec![node("Add", &["x", "bias"], "y")],
        initializer: vec![constant("bias", &[1.0, 2.0])],
        ..GraphProto::default()
    }
}

#[test]
fn an_operator_that_the_runtime_lacks_is_named() {
    let float = |name| value(name, FLOAT, &["2"]);
    let said = refusal(network("Bernoulli", vec![float("x")], float("y")), &tensors(), Onnx::default());
    assert!(said.contains("Bernoulli operator not supported") && said.contains("the_bernoulli"), "{said}");
}

#[test]
fn a_convolution_that_the_runtime_would_fail_at_is_refused_at_load() {
    let float = |name, dims: &[&str]| value(name, FLOAT, dims);
    let file = network(
        "Conv",
        vec![float("image", &["1", "1", "4", "4"]), float("weights", &["1", "1", "3", "3"])],
        float("features", &["1", "1", "2", "2"]),
    );
    let tensors = [
        input("image", Dtype::Fp32, &[1, 1, 4, 4]),
        input("weights", Dtype::Fp32, &[1, 1, 3, 3]),
        output("features", Dtype::Fp32, &[1, 1, 2, 2]),
    ];
    let said = refusal(file, &tensors, Onnx::default());
    assert!(said.contains("needs kernel_shape at Conv \"the_conv\""), "{said}");
}

#[test]
fn what_nothing_makes_is_named() {
    let reads_nothing = GraphProto { initializer: Vec::new(), ..graph() };
    let said = refusal(file(reads_nothing), &tensors(), Onnx::default());
    assert!(said.contains("nothing makes \"bias\" before Add \"the_add\" reads it"), "{said}");
    let ends_nowhere = GraphProto { node: vec![node("Add", &["x", "bias"], "z")], ..graph() };
    let said = refusal(file(ends_nowhere), &tensors(), Onnx::default());
    assert!(said.contains("nothing makes its output \"y\""), "{said}");
}

#[test]
fn weights_in_another_file_are_refused() {
    let mut graph = graph();
    graph.initializer[0].data_location = Some(DataLocation::EXTERNAL);
    let said = refusal(file(graph), &tensors(), Onnx::default());
    assert!(
        said.contains("\"bias\" are in another file; save the network with all weights inside")
            && said.contains("onnx.save(onnx.load("),
        "{said}"
    );
}

#[test]
fn weights_of_another_size_than_they_say_are_refused() {
    let mut graph = graph();
    graph.initializer[0].dims = vec![3];
    let said = refusal(file(graph), &tensors(), Onnx::default());
    assert!(said.contains("bias"), "{said}");
}

#[test]
fn a_file_that_was_cut_short_is_refused_wherever_it_ends() {
    let whole = example("conv_block.onnx");
    assert!(prepare(whole.clone(), &convolution(), Onnx::default()).is_ok());
    for end in (0..whole.len()).step_by(7).chain(whole.len() - 20..whole.len()) {
        // The graph is followed by the operator sets, without which a file can still be whole.
        if let Ok(kernel) = prepare(whole[..end].to_vec(), &convolution(), Onnx::default()) {
            assert!(end > whole.len() - 20, "{end} of {} bytes are accepted", whole.len());
            assert!(run(&*kernel, &[&bytes(&[0.5; 3 * 16 * 16])], &[4 * 8 * 8 * 8]).is_ok());
        }
    }
}

#[test]
fn a_file_with_any_byte_changed_gives_a_result_or_a_reason() {
    let whole = example("conv_block.onnx");
    let image = bytes(&[0.5; 3 * 16 * 16]);
    let mut refused = 0;
    for at in (0..whole.len()).step_by(3) {
        let mut file = whole.clone();
        file[at] ^= 1 << (at % 8);
        match prepare(file, &convolution(), Onnx { threads: Some(1), ..Onnx::default() }) {
            // Whether it fails is not the question: it must come back.
            Ok(kernel) => drop(run(&*kernel, &[&image], &[4 * 8 * 8 * 8])),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 100, "{refused} files are refused");
}

#[test]
fn without_the_plug_in_it_is_told_how_to_build_it() {
    let files = BTreeMap::from([("network.onnx".to_owned(), file(graph()))]);
    let recipe = Onnx { file: "network.onnx".to_owned(), ..Onnx::default() };
    for (library, expected) in
        [(None, "not told where"), (Some(Path::new("nowhere/x.so")), "no nowhere/x.so")]
    {
        let prepared = recipe.prepare(&Subject {
            name: "model",
            uuid: [0; 16],
            signature: &Signature::of(&tensors()),
            files: &Files::Archive(&files),
            onnx_library: library,
        });
        let said = prepared.err().expect("there is no plug-in").0;
        assert!(said.contains(expected) && said.contains("cargo build -p sim-onnx"), "{said}");
    }
}
