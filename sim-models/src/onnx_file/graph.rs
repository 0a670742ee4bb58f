//! Whether the network in an ONNX file hangs together.

use std::collections::BTreeSet;

use rten_onnx::onnx::{DataLocation, GraphProto, NodeProto, TensorProto};

/// Operators of a network without those in subgraphs. Runtimes follow a chain of them on the stack.
const OPERATORS_MAX: usize = 20_000;

/// Operators in all subgraphs together, which runtimes follow on threads of their own, whose stack nobody chooses.
const INNER_MAX: usize = 2_000;

/// Whether each tensor that is used is made before, once, and by something in the file; else what is wrong.
pub(super) fn check(graph: &GraphProto) -> Result<(), String> {
    if graph.node.len() > OPERATORS_MAX {
        return Err(format!("it has more than {OPERATORS_MAX} operators"));
    }
    check_within(graph, &mut Scopes::default(), &mut 0)
}

/// The tensors that are known at a place, in its graph and in those around it: the innermost graph last.
#[derive(Default)]
struct Scopes<'a>(Vec<BTreeSet<&'a str>>);

impl<'a> Scopes<'a> {
    /// Adds to what the innermost graph knows.
    fn extend(&mut self, names: impl IntoIterator<Item = &'a str>) {
        self.0.last_mut().expect("a graph is being looked at").extend(names);
    }

    fn contains(&self, name: &str) -> bool {
        self.0.iter().rev().any(|known| known.contains(name))
    }
}

/// The same within the graphs around `graph`, where so many `operators` are in subgraphs so far. How deep they are
/// nested, [`wire`](super::wire) bounds.
fn check_within<'a>(
    graph: &'a GraphProto,
    known: &mut Scopes<'a>,
    operators: &mut usize,
) -> Result<(), String> {
    known.0.push(BTreeSet::new());
    for given in &graph.initializer {
        check_is_inside(given)?;
        known.extend(given.name.as_deref());
    }
    known.extend(graph.input.iter().filter_map(|value| value.name.as_deref()));
    for node in &graph.node {
        for name in node.input.iter().filter(|name| !name.is_empty()) {
            if !known.contains(name) {
                return Err(format!("nothing makes {name:?} before {} reads it", title(node)));
            }
        }
        for attribute in &node.attribute {
            if let Some(tensor) = &attribute.t {
                check_is_inside(tensor)?;
            }
            if let Some(graph) = &attribute.g {
                *operators += graph.node.len();
                if *operators > INNER_MAX {
                    return Err(format!("it has more than {INNER_MAX} operators in subgraphs"));
                }
                check_within(graph, known, operators)?;
            }
        }
        known.extend(node.output.iter().map(String::as_str).filter(|name| !name.is_empty()));
    }
    let mut outputs = graph.output.iter().filter_map(|value| value.name.as_deref());
    if let Some(name) = outputs.find(|name| !known.contains(name)) {
        return Err(format!("nothing makes its output {name:?}"));
    }
    known.0.pop();
    Ok(())
}

/// Weights in other files are not looked for: a NEFF that embeds the network would not have them.
fn check_is_inside(tensor: &TensorProto) -> Result<(), String> {
    if tensor.data_location == Some(DataLocation::EXTERNAL) {
        let name = tensor.name.as_deref().unwrap_or_default();
        return Err(format!(
            "the weights of {name:?} are in another file; save the network with all weights inside, in Python by \
             onnx.save(onnx.load(\"model.onnx\"), \"model.onnx\")"
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

#[cfg(test)]
mod tests {
    use rten_onnx::onnx::{AttributeProto, GraphProto, NodeProto, TensorProto};

    use super::check;

    /// An operator that makes `output` of `input`, with `inner` as a subgraph if there is one.
    fn node(input: &str, output: &str, inner: Option<GraphProto>) -> NodeProto {
        let attribute = inner.map(|graph| AttributeProto { g: Some(graph), ..AttributeProto::default() });
        NodeProto {
            input: vec![input.to_owned()],
            output: vec![output.to_owned()],
            attribute: attribute.into_iter().collect(),
            ..NodeProto::default()
        }
    }

    fn graph(given: &[&str], node: Vec<NodeProto>) -> GraphProto {
        let tensor = |name: &&str| TensorProto { name: Some((*name).to_owned()), ..TensorProto::default() };
        GraphProto { initializer: given.iter().map(tensor).collect(), node, ..GraphProto::default() }
    }

    #[test]
    fn a_subgraph_knows_what_is_around_it_and_is_not_known_outside() {
        let inner = || Some(graph(&["weights"], vec![node("outer", "a", None), node("weights", "b", None)]));
        assert_eq!(check(&graph(&["outer"], vec![node("outer", "y", inner())])), Ok(()));
        for outside in ["weights", "a", "b"] {
            let nodes = vec![node("outer", "y", inner()), node(outside, "z", None)];
            let said = check(&graph(&["outer"], nodes)).expect_err(outside);
            assert_eq!(said, format!("nothing makes {outside:?} before an operator reads it"));
        }
        let early =
            vec![node("outer", "x", Some(graph(&[], vec![node("y", "a", None)]))), node("outer", "y", None)];
        assert!(check(&graph(&["outer"], early)).is_err(), "y is made after the subgraph that reads it");
    }

    #[test]
    fn many_subgraphs_among_many_names_take_no_longer_than_their_bytes() {
        let names: Vec<String> = (0..100_000).map(|nth| format!("weights{nth}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let nodes = (0..19_000).map(|_| node("weights0", "y", Some(graph(&[], Vec::new())))).collect();
        // A copy of the names for each subgraph took minutes.
        assert_eq!(check(&graph(&names, nodes)), Ok(()));
    }
}
