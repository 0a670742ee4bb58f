//! Which tensor of the NEFF is which tensor of the network, and whether they fit.

use std::collections::BTreeMap;

use sim_core::neff::TensorSpec;
use sim_models::onnx_file::{Dim, OnnxSignature, OnnxTensor};
use sim_models::signature;

use crate::elements::Passage;
use crate::model::Model;

/// A tensor on both sides.
#[derive(Debug)]
pub(crate) struct Port {
    /// Its name in the network.
    pub(crate) name: String,
    /// How its elements pass.
    pub(crate) passage: Passage,
    /// Its shape, the same on both sides.
    pub(crate) shape: Vec<usize>,
    /// Its bytes in the NEFF.
    pub(crate) size: usize,
}

/// All tensors, in the order of the model's.
#[derive(Debug)]
pub(crate) struct Fitting {
    pub(crate) inputs: Vec<Port>,
    pub(crate) outputs: Vec<Port>,
}

/// Fits `model` to `network`: by name, or as the options `input.NAME` and `output.NAME` have it.
///
/// # Errors
/// What is missing or does not fit.
pub(crate) fn fit(model: &Model, network: &OnnxSignature) -> Result<Fitting, String> {
    for (key, value) in &model.options {
        check_option(key, value, model)?;
    }
    let mut sizes = BTreeMap::new();
    let inputs = side("input", &model.inputs, &network.inputs, &model.options, &mut sizes)?;
    let outputs = side("output", &model.outputs, &network.outputs, &model.options, &mut sizes)?;
    if let Some(missing) =
        network.inputs.iter().find(|tensor| !inputs.iter().any(|port| port.name == tensor.name))
    {
        return Err(format!(
            "the network's input {missing} gets nothing; name it for one of the NEFF's inputs: {}{}",
            list(model.inputs.iter().map(signature::tensor)),
            such_as("input", model.inputs.first(), &missing.name)
        ));
    }
    Ok(Fitting { inputs, outputs })
}

/// Whether the option `key` means something for `model`; else what is wrong, in the words of the user's binding.
fn check_option(key: &str, value: &str, model: &Model) -> Result<(), String> {
    for (side, specs) in [("input", &model.inputs), ("output", &model.outputs)] {
        let Some(name) = key.strip_prefix(side).and_then(|key| key.strip_prefix('.')) else { continue };
        if specs.iter().any(|spec| spec.name == name) {
            return Ok(());
        }
        return Err(format!(
            "{}: the NEFF has no {side} of the name {name:?}; it has {}",
            pair(side, name, value),
            list(specs.iter().map(signature::tensor))
        ));
    }
    if key == "threads" {
        return Ok(());
    }
    Err(format!(
        "the option {key:?} is unknown; there are threads, and input.NAME and output.NAME for tensors of the NEFF"
    ))
}

/// How a user says that `neff` of the NEFF is `onnx` of the network: `inputs = { xx = "x" }`.
fn pair(side: &str, neff: &str, onnx: &str) -> String {
    let is_bare = |char: char| char.is_ascii_alphanumeric() || "_-".contains(char);
    let key =
        if !neff.is_empty() && neff.chars().all(is_bare) { neff.to_owned() } else { format!("{neff:?}") };
    format!("{side}s = {{ {key} = {onnx:?} }}")
}

/// The same as an example, if the NEFF has a tensor for one.
fn such_as(side: &str, spec: Option<&TensorSpec>, onnx: &str) -> String {
    spec.map_or_else(String::new, |spec| format!(", as in {}", pair(side, &spec.name, onnx)))
}

/// Sizes of dimensions with names, each with the tensor that first had it.
type Sizes = BTreeMap<String, (u64, String)>;

fn side(
    side: &str,
    specs: &[TensorSpec],
    tensors: &[OnnxTensor],
    options: &BTreeMap<String, String>,
    sizes: &mut Sizes,
) -> Result<Vec<Port>, String> {
    let mut ports: Vec<Port> = Vec::new();
    for spec in specs {
        let name = options.get(&format!("{side}.{}", spec.name)).unwrap_or(&spec.name);
        let Some(tensor) = tensors.iter().find(|tensor| tensor.name == *name) else {
            let is_free = |tensor: &&OnnxTensor| !specs.iter().any(|spec| spec.name == tensor.name);
            let other = tensors.iter().find(is_free).or(tensors.first());
            return Err(format!(
                "the network has no {side} {name:?} for the NEFF's {}; it has {}; say which belongs to it{}",
                signature::tensor(spec),
                list(tensors.iter().map(OnnxTensor::to_string)),
                other.map_or_else(String::new, |other| such_as(side, Some(spec), &other.name))
            ));
        };
        if ports.iter().any(|port| port.name == *name) {
            return Err(format!(
                "the network's {side} {name:?} is named for two tensors of the NEFF; name it for one"
            ));
        }
        let port = port(spec, tensor, sizes).map_err(|what| {
            format!("the NEFF's {} is not the network's {tensor}: {what}", signature::tensor(spec))
        })?;
        ports.push(port);
    }
    Ok(ports)
}

fn port(spec: &TensorSpec, tensor: &OnnxTensor, sizes: &mut Sizes) -> Result<Port, String> {
    let passage = Passage::new(spec.dtype, tensor.element)?;
    let shape = shape(spec, tensor, sizes)?;
    let size = shape.iter().try_fold(passage.bytes(), |size, dim| size.checked_mul(*dim));
    if size != Some(spec.size) {
        return Err(format!("its elements do not take the {} bytes that the NEFF has for it", spec.size));
    }
    let narrow = |size: u64| usize::try_from(size).map_err(|_| format!("{size} is too large"));
    let shape = shape.into_iter().map(narrow).collect::<Result<_, _>>()?;
    Ok(Port { name: tensor.name.clone(), passage, shape, size: narrow(spec.size)? })
}

/// The shape of both; that of the network if the NEFF tells none.
fn shape(spec: &TensorSpec, tensor: &OnnxTensor, sizes: &mut Sizes) -> Result<Vec<u64>, String> {
    let Some(dims) = &tensor.dims else { return Ok(spec.shape.clone()) };
    if spec.shape.is_empty() {
        let fixed = |dim: &Dim| if let Dim::Fixed(size) = dim { Some(*size) } else { None };
        return dims
            .iter()
            .map(fixed)
            .collect::<Option<_>>()
            .ok_or_else(|| "the NEFF tells no shape".to_owned());
    }
    if spec.shape.len() != dims.len() {
        return Err(format!("{} dimensions instead of {}", spec.shape.len(), dims.len()));
    }
    for (size, dim) in spec.shape.iter().zip(dims) {
        match dim {
            Dim::Fixed(fixed) if fixed != size => return Err(format!("{size} elements instead of {fixed}")),
            Dim::Named(name) => {
                let (known, first) =
                    sizes.entry(name.clone()).or_insert_with(|| (*size, tensor.name.clone()));
                if known != size {
                    return Err(format!("{name} is {size}, but {known} in {first:?}"));
                }
            }
            Dim::Fixed(_) | Dim::Unknown => {}
        }
    }
    Ok(spec.shape.clone())
}

fn list(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
