//! The longest networks that are taken, on threads with as little stack as those that ask for nothing else.

use rten_onnx::onnx::{AttributeProto, AttributeType, DataType, GraphProto, NodeProto, ValueInfoProto};
use sim_core::neff::{Dtype, TensorSpec};
use sim_models::onnx::Onnx;

use crate::scene::{bytes, constant, file, input, node, output, prepare, run, value};

const STACK_BYTES: usize = 2 << 20;

/// Operators of a network, and of all subgraphs of one.
const LONGEST: usize = 20_000;
const LONGEST_INSIDE: usize = 2_000;

fn floats(name: &str) -> ValueInfoProto {
    value(name, DataType::FLOAT, &["2"])
}

/// So many operators, the first of which reads `x` and the last of which makes `y`; `others` are read by all.
fn chain(count: usize, operator: &str, others: &[&str], x: &str, y: &str) -> Vec<NodeProto> {
    let name = |nth: usize| match nth {
        0 => x.to_owned(),
        nth if nth == count => y.to_owned(),
        nth => format!("{y}{nth}"),
    };
    let link = |nth: usize| node(operator, &[&[name(nth - 1).as_str()], others].concat(), &name(nth));
    (1..=count).map(link).collect()
}

/// Loads and runs the network of `graph`, with `x` and what else it reads, on a thread of its own.
fn runs(graph: GraphProto, others: &[(TensorSpec, Vec<u8>)]) {
    let file = file(graph);
    let mut given = vec![(input("x", Dtype::Fp32, &[2]), bytes(&[1.0, 2.0]))];
    given.extend_from_slice(others);
    given.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
    let work = move || {
        let (mut tensors, inputs): (Vec<_>, Vec<_>) = given.into_iter().unzip();
        tensors.push(output("y", Dtype::Fp32, &[2]));
        let kernel = prepare(file, &tensors, Onnx { threads: Some(1), ..Onnx::default() });
        let kernel = kernel.unwrap_or_else(|refusal| panic!("{refusal}"));
        let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
        run(&*kernel, &inputs, &[8]).expect("it runs");
    };
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work);
    thread.expect("threads can be had").join().expect("it is taken and runs");
}

#[test]
fn the_longest_chain_of_operators_runs_on_any_thread() {
    for (operator, others, first) in [("Relu", &[][..], "x"), ("Add", &["bias"], "x"), ("Neg", &[], "bias")] {
        let mut nodes = chain(LONGEST - 1, operator, others, first, "last");
        nodes.push(node("Add", &["x", "last"], "y"));
        let graph = GraphProto {
            input: vec![floats("x")],
            output: vec![floats("y")],
            initializer: vec![constant("bias", &[1.0, 2.0])],
            node: nodes,
            ..GraphProto::default()
        };
        runs(graph, &[]);
    }
}

#[test]
fn the_longest_chain_in_a_subgraph_runs_on_the_threads_of_the_runtime() {
    let branch = |name: &str, count: usize| AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(AttributeType::GRAPH),
        g: Some(GraphProto {
            output: vec![floats(name)],
            node: chain(count, "Relu", &[], "x", name),
            ..GraphProto::default()
        }),
        ..AttributeProto::default()
    };
    let attribute = vec![branch("then_branch", LONGEST_INSIDE - 1), branch("else_branch", 1)];
    let graph = GraphProto {
        input: vec![floats("x"), value("cond", DataType::BOOL, &["1"])],
        output: vec![floats("y")],
        node: vec![NodeProto { attribute, ..node("If", &["cond"], "y") }],
        ..GraphProto::default()
    };
    runs(graph, &[(input("cond", Dtype::U8, &[1]), vec![1])]);
}
