//! What the runtime loads but cannot run; better told at load.

use rten_onnx::onnx::{GraphProto, ModelProto, NodeProto};

/// Attributes whose number the runtime takes from `kernel_shape`, where ONNX takes it from the weights.
const OF_EACH_DIMENSION: [&str; 3] = ["strides", "dilations", "pads"];

/// Whether the runtime (rten 0.27) can run what is in the file, as far as is known; else what it cannot.
pub(crate) fn check(file: &[u8]) -> Result<(), String> {
    let model = ModelProto::parse_buf(file).map_err(|error| error.to_string())?;
    model.graph.iter().try_for_each(check_graph)
}

fn check_graph(graph: &GraphProto) -> Result<(), String> {
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
        node.attribute.iter().filter_map(|attribute| attribute.g.as_ref()).try_for_each(check_graph)?;
    }
    Ok(())
}

fn has(node: &NodeProto, name: &str) -> bool {
    node.attribute.iter().any(|attribute| attribute.name.as_deref() == Some(name))
}
