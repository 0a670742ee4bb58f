//! Plug-in libraries, compiled on the spot, and kernels of them.

use std::path::Path;

use sim_core::neff::{Dtype, TensorSpec, Usage};
use sim_models::buffer::Buffer;
use sim_models::compute::{Compute, Failure};
use sim_models::plugin::Plugin;
use sim_models::recipe::{Files, Recipe, Refusal, Subject};
use sim_models::signature::Signature;

/// A recipe for the library of this name, with options.
pub(crate) fn recipe(library: &str, options: &[(&str, &str)]) -> Plugin {
    let options = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Plugin { library: library.to_owned(), data: None, options: options.collect() }
}

/// Inputs and outputs, by name, type and shape.
pub(crate) fn signature(inputs: &[(&str, Dtype, &[u64])], outputs: &[(&str, Dtype, &[u64])]) -> Signature {
    let specs = |tensors: &[(&str, Dtype, &[u64])], usage| {
        let spec =
            |(name, dtype, shape): &(&str, Dtype, &[u64])| TensorSpec::new(*name, usage, *dtype, *shape);
        tensors.iter().map(spec).collect::<Vec<_>>()
    };
    Signature::of(&[specs(inputs, Usage::Input), specs(outputs, Usage::Output)].concat())
}

/// What `recipe` in a file of `folder` makes for a model with `signature`.
pub(crate) fn prepare(
    recipe: &Plugin,
    folder: &Path,
    signature: &Signature,
) -> Result<Box<dyn Compute>, Refusal> {
    let files = Files::Folder(folder.to_owned());
    let mut uuid = [0; 16];
    (uuid[0], uuid[15]) = (3, 250);
    recipe.prepare(&Subject { name: "model", uuid, signature, files: &files, onnx_library: None })
}

/// Runs `kernel`; its output has `size` bytes.
pub(crate) fn run(kernel: &dyn Compute, inputs: &[Vec<u8>], size: usize) -> Result<Vec<u8>, Failure> {
    let mut from: Vec<Buffer> = inputs.iter().map(|_| Buffer::default()).collect();
    for (buffer, bytes) in from.iter_mut().zip(inputs) {
        buffer.resize(bytes.len()).expect("small");
        buffer.bytes_mut().copy_from_slice(bytes);
    }
    let mut to = Buffer::default();
    to.resize(size).expect("small");
    let sources: Vec<&[u8]> = from.iter().map(Buffer::bytes).collect();
    kernel.compute(&sources, &mut [to.bytes_mut()])?;
    Ok(to.bytes().to_vec())
}
