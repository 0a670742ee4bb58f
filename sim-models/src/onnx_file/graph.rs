//! Whether the network in an ONNX file hangs together.

use std::collections::BTreeSet;

use rten_onnx::onnx::{DataLocation, GraphProto, NodeProto, TensorProto};

/// Operators of a network, all graphs together. Runtimes follow a chain of them on the stack.
const OPERATORS_MAX: usize = 20_000;

/// Whether each tensor that is used is made before, once, and by something in the file; else what is wrong.
pub(super) fn check(graph: &GraphProto) -> Result<(), String> {
    let mut operators = 0;
    check_within(graph, &BTreeSet::new(), &mut operators)
}

fn check_within<'a>(
    graph: &'a GraphProto,
    around: &BTreeSet<&'a str>,
    operators: &mut usize,
) -> Result<(), String> {
    *operators += graph.node.len();
    if *operators > OPERATORS_MAX {
        return Err(format!("it has more than {OPERATORS_MAX} operators"));
    }
    let mut known = around.clone();
    for given in &graph.initializer {
        check_is_inside(given)?;
        known.extend(given.name.as_deref());
    }
    known.extend(graph.input.iter().filter_map(|value| value.name.as_deref()));
    for node in &graph.node {
        for name in node.input.iter().filter(|name| !name.is_empty()) {
            if !known.contains(name.as_str()) {
                return Err(format!("nothing makes {name:?} before {} reads it", title(node)));
            }
        }
        for attribute in &node.attribute {
            if let Some(tensor) = &attribute.t {
                check_is_inside(tensor)?;
            }
            if let Some(inner) = &attribute.g {
                check_within(inner, &known, operators)?;
            }
        }
        known.extend(node.output.iter().map(String::as_str).filter(|name| !name.is_empty()));
    }
    let outputs = graph.output.iter().filter_map(|value| value.name.as_deref());
    match outputs.into_iter().find(|name| !known.contains(name)) {
        Some(name) => Err(format!("nothing makes its output {name:?}")),
        None => Ok(()),
    }
}

/// Weights in other files are not looked for: a NEFF that embeds the network would not have them.
fn check_is_inside(tensor: &TensorProto) -> Result<(), String> {
    if tensor.data_location == Some(DataLocation::EXTERNAL) {
        let name = tensor.name.as_deref().unwrap_or_default();
        return Err(format!(
            "the weights of {name:?} are in another file; save the network with all weights inside"
        ));
    }
    Ok(())
}

/// How messages call an operator: `MatMul "/layer0/MatMul"`.
fn title(node: &NodeProto) -> String {
    let kind = node.op_type.as_deref().unwrap_or("an operator");
    match node.name.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => format!("{kind} {name:?}"),
        None => kind.to_owned(),
    }
}
