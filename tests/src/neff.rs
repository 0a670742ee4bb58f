//! NEFFs for tests, written by our own writer.

use std::path::Path;

use sim_core::neff::{Dtype, NeffBuilder, Target, TensorSpec, Usage};

/// What `nrt-sim neff build` makes a product of two matrices from.
pub const PRODUCT: [&str; 8] = [
    "--input",
    "x:f16[128,256]",
    "--input",
    "y:f16[256,128]",
    "--output",
    "z:f16[128,128]",
    "--op",
    "matmul",
];

/// A model with inputs `x` and `y` and an output `out`, 64 bytes each, for any device at LNC 1.
pub fn small() -> Vec<u8> {
    let tensor = |name, usage| TensorSpec::new(name, usage, Dtype::Fp32, [16]);
    let builder = NeffBuilder::new("mix", Target::Any)
        .tensor(tensor("x", Usage::Input))
        .tensor(tensor("y", Usage::Input))
        .tensor(tensor("out", Usage::Output));
    builder.build().expect("a small model")
}

/// Writes [`small`] to `folder` and returns its path as text.
pub fn write_small(folder: &Path) -> String {
    let path = folder.join("mix.neff");
    std::fs::write(&path, small()).expect("the folder is writable");
    path.into_os_string().into_string().expect("temporary folders have plain names")
}
