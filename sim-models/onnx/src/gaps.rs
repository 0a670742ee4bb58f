//! What the runtime loads but cannot run; better told at load.

use rten_onnx::onnx::{GraphProto, ModelProto, NodeProto};

/// Attributes whose number the runtime takes from `kernel_shape`, where ONNX takes it from the weights.
const OF_EACH_DIMENSION: [&str; 3] = ["strides", "dilations", "pads"];

/// Whether the runtime (rten 0.27) can run what is in the file, as far as is known; else what it cannot.
/// Returns how many operators there are.
pub(crate) fn check(file: &[u8]) -> Result<usize, String> {
    let model = ModelProto::parse_buf(file).map_err(|error| error.to_string())?;
    model.graph.iter().try_fold(0, check_graph)
}

/// Adds the operators of `graph` to `count`.
fn check_graph(count: usize, graph: &GraphProto) -> Result<usize, String> {
    let mut count = count + graph.node.len();
    for node in &graph.node {
        let kind = node.op_type.as_deref().unwrap_or_default();
        if ["Conv", "ConvInteger", "ConvTranspose"].contains(&kind)
            && !has(node, "kernel_shape")
            && !OF_EACH_DIMENSION.iter().all(|name| has(node, name))
        {
            let name = node.name.as_deref().unwrap_or_default();
            return Err(format!(
                "the ONNX runtime needs kernel_shape at {kind} {name:?}, which ONNX lets files leave out; give it"
            ));
        }
        let inner = node.attribute.iter().filter_map(|attribute| attribute.g.as_ref());
        count = inner.into_iter().try_fold(count, check_graph)?;
    }
    Ok(count)
}

fn has(node: &NodeProto, name: &str) -> bool {
    node.attribute.iter().any(|attribute| attribute.name.as_deref() == Some(name))
}
