//! Operators that move bytes, whatever they mean.

use serde::Deserialize;

use super::layout::{check_pairs, is_light_to_move, places, refuse};
use crate::compute::{Compute, Failure};
use crate::recipe::{Recipe, Refusal, Subject};
use crate::signature::tensor;

/// Every byte of every output is 0.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zeros {}

/// Each output has the bytes of the input of the same place, cut or followed by zeros; zeros only where
/// there is no such input. Types and shapes do not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Echo {
    /// Names of inputs, one for each output from the first on.
    pub inputs: Option<Vec<String>>,
}

/// Each output is the input of the same place, of the same type and shape.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Names of inputs, one for each output.
    pub inputs: Option<Vec<String>>,
}

/// For each output, in order, the input it gets its bytes from; zeros for further ones.
struct Copying {
    sources: Vec<usize>,
}

impl Recipe for Zeros {
    fn prepare(&self, _subject: &Subject<'_>) -> Result<Box<dyn Compute>, Refusal> {
        Ok(Box::new(Copying { sources: Vec::new() }))
    }
}

impl Recipe for Echo {
    fn prepare(&self, subject: &Subject<'_>) -> Result<Box<dyn Compute>, Refusal> {
        let mut sources = places(subject.signature, self.inputs.as_deref())?;
        sources.truncate(subject.signature.outputs.len());
        Ok(Box::new(Copying { sources }))
    }
}

impl Recipe for Identity {
    fn prepare(&self, subject: &Subject<'_>) -> Result<Box<dyn Compute>, Refusal> {
        let signature = subject.signature;
        let sources = places(signature, self.inputs.as_deref())?;
        check_pairs("identity", signature, sources.len())?;
        for (source, output) in sources.iter().zip(&signature.outputs) {
            let input = &signature.inputs[*source];
            if (input.dtype, &input.shape, input.size) != (output.dtype, &output.shape, output.size) {
                return refuse(format!(
                    "identity keeps type and shape, but {} of {} bytes and {} of {} bytes differ; \
                     cast changes types, echo ignores them",
                    tensor(input),
                    input.size,
                    tensor(output),
                    output.size
                ));
            }
        }
        Ok(Box::new(Copying { sources }))
    }
}

impl Compute for Copying {
    fn compute(&self, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<(), Failure> {
        for (nth, output) in outputs.iter_mut().enumerate() {
            let input = self.sources.get(nth).map_or(&[][..], |source| inputs[*source]);
            let (copied, rest) = output.split_at_mut(input.len().min(output.len()));
            copied.copy_from_slice(&input[..copied.len()]);
            rest.fill(0);
        }
        Ok(())
    }

    fn reads(&self, input: usize) -> bool {
        self.sources.contains(&input)
    }

    fn is_light(&self, bytes: u64) -> bool {
        is_light_to_move(bytes)
    }
}
