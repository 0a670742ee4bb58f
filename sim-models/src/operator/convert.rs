//! Operators that change each element by itself.

use serde::Deserialize;

use super::chunk;
use super::layout::{Layout, is_light};
use crate::compute::{Compute, Failure};
use crate::element::Element;
use crate::recipe::{Recipe, Refusal, Subject};

/// Each output is the input of the same place, of the same type and shape, with 0 for what is below 0. NaN
/// stays NaN.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relu {
    /// Names of inputs, one for each output.
    pub inputs: Option<Vec<String>>,
}

/// Each output is the input of the same place, of the same shape, in the output's own type.
///
/// To floats: the nearest, that with an even last bit of two, and infinity beyond the largest. Between
/// integers: the lowest bits, so that values wrap. From floats to integers: towards 0, the nearest limit
/// where the type does not reach, and 0 for NaN. Chosen here, as Rust has it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cast {
    /// Names of inputs, one for each output.
    pub inputs: Option<Vec<String>>,
}

/// For each output, in order, where it comes from, and both types.
struct Converting {
    change: Change,
    pairs: Vec<(usize, Element, Element)>,
    light: bool,
}

#[derive(Clone, Copy)]
enum Change {
    Relu,
    Cast,
}

impl Recipe for Relu {
    fn prepare(&self, subject: &Subject<'_>) -> Result<Box<dyn Compute>, Refusal> {
        let pairs = Layout::of_pairs("relu", subject.signature, self.inputs.as_deref())?;
        for [input, output] in &pairs {
            output.check_element("relu", input)?;
            output.check_shape("relu", input)?;
        }
        Ok(Box::new(Converting::new(Change::Relu, &pairs)))
    }
}

impl Recipe for Cast {
    fn prepare(&self, subject: &Subject<'_>) -> Result<Box<dyn Compute>, Refusal> {
        let pairs = Layout::of_pairs("cast", subject.signature, self.inputs.as_deref())?;
        for [input, output] in &pairs {
            output.check_shape("cast", input)?;
        }
        Ok(Box::new(Converting::new(Change::Cast, &pairs)))
    }
}

impl Converting {
    fn new(change: Change, pairs: &[[Layout; 2]]) -> Converting {
        let light = is_light(pairs.iter().flatten());
        let types = |[input, output]: &[Layout; 2]| (input.place, input.element, output.element);
        Converting { change, pairs: pairs.iter().map(types).collect(), light }
    }
}

impl Compute for Converting {
    fn compute(&self, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<(), Failure> {
        for (&(source, from, to), output) in self.pairs.iter().zip(outputs) {
            let (input, output) = (inputs[source], &mut **output);
            match (self.change, from) {
                (Change::Cast, _) => cast((from, input), (to, output)),
                (Change::Relu, Element::Float(float)) => {
                    let relu = |value: f32| if value > 0.0 || value.is_nan() { value } else { 0.0 };
                    chunk::map((float, input), (float, output), relu);
                }
                (Change::Relu, Element::Integer(integer)) => {
                    chunk::map((integer, input), (integer, output), |value| value.max(0));
                }
            }
        }
        Ok(())
    }

    fn is_light(&self, _bytes: u64) -> bool {
        self.light
    }
}

fn cast((from, input): (Element, &[u8]), (to, output): (Element, &mut [u8])) {
    match (from, to) {
        (from, to) if from == to => output.copy_from_slice(input),
        (Element::Float(from), Element::Float(to)) => chunk::map((from, input), (to, output), |value| value),
        (Element::Integer(from), Element::Integer(to)) => {
            chunk::map((from, input), (to, output), |value| value);
        }
        (Element::Integer(from), Element::Float(to)) => {
            chunk::map((from, input), (to, output), |value| to.nearest_to_integer(value));
        }
        (Element::Float(from), Element::Integer(to)) => {
            let (min, max) = to.range();
            chunk::map((from, input), (to, output), |value| (value as i128).clamp(min, max));
        }
    }
}
