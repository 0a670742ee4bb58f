//! A plug-in kernel in Rust: `z = factor * x + y` over float32.
//!
//! `cargo build -p axpy-kernel` builds `target/debug/libaxpy.so`, and
//!
//! ```toml
//! kernel = { use = "plugin", library = "target/debug/libaxpy.so", options = { factor = "2" } }
//! ```
//! in a bindings file at the top of the repository gives it to a model. Only `abi.rs` has to do with C: it calls
//! [`Axpy::new`] and [`Axpy::run`], and turns panics into errors.

mod abi;

use abi::Model;

/// The kernel of one model.
struct Axpy {
    factor: f32,
}

impl Axpy {
    /// Checks the model's tensors and options.
    ///
    /// # Errors
    /// What does not fit.
    fn new(model: &Model) -> Result<Axpy, String> {
        let [x, y] = model.inputs.as_slice() else {
            return Err(format!("{} inputs instead of 2", model.inputs.len()));
        };
        let [z] = model.outputs.as_slice() else {
            return Err(format!("{} outputs instead of 1", model.outputs.len()));
        };
        for tensor in [x, y, z] {
            if tensor.dtype != abi::FLOAT32 || tensor.size != z.size {
                return Err(format!("{} is not float32, or of another size than {}", tensor.name, z.name));
            }
        }
        let mut factor = 1.0;
        for (key, value) in &model.options {
            factor = match (key.as_str(), value.parse()) {
                ("factor", Ok(number)) => number,
                _ => return Err(format!("{key} = {value:?} is no option; there is factor, a number")),
            };
        }
        Ok(Axpy { factor })
    }

    /// Computes the output.
    ///
    /// # Errors
    /// Never; a kernel that cannot use its inputs would say so here.
    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<(), String> {
        for ((z, x), y) in outputs[0].iter_mut().zip(inputs[0]).zip(inputs[1]) {
            *z = self.factor * x + y;
        }
        Ok(())
    }
}
