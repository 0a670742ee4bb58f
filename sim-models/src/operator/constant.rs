//! The operator whose outputs are known beforehand.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use super::layout::{Layout, is_light_to_move, refuse};
use crate::compute::{Compute, Failure};
use crate::element::{Element, Numbers};
use crate::recipe::{Recipe, Refusal, Subject};

/// Every element of every output is one number.
///
/// Outputs of floats have the nearest that their type has; those of integers need a whole number in range.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constant {
    /// The number.
    pub value: Number,
}

/// A number as a user writes it; no bit of an integer is lost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Written without a point.
    Integer(i128),
    /// Written with a point or an exponent, or as `inf` or `nan`.
    Float(f64),
}

/// For each output, in order, the bytes of one element.
struct Filling {
    elements: Vec<Vec<u8>>,
}

impl Recipe for Constant {
    fn prepare(&self, subject: &Subject<'_>) -> Result<Box<dyn Compute>, Refusal> {
        let outputs = &subject.signature.outputs;
        if outputs.is_empty() {
            return refuse(format!("constant needs an output; the model has none: {}", subject.signature));
        }
        let element = |(place, spec)| self.value.element(&Layout::of(place, spec)?);
        Ok(Box::new(Filling { elements: outputs.iter().enumerate().map(element).collect::<Result<_, _>>()? }))
    }
}

impl Number {
    /// This number as an element of `output`.
    fn element(self, output: &Layout) -> Result<Vec<u8>, Refusal> {
        let mut element = [0_u64]; // aligned for all types
        let bytes = &mut bytemuck::bytes_of_mut(&mut element)[..output.element.bytes()];
        match output.element {
            Element::Float(float) => {
                let value = match self {
                    Number::Integer(value) => float.nearest_to_integer(value),
                    Number::Float(value) => float.nearest(value),
                };
                float.store(&[value], bytes);
                let mut stored = [0.0];
                float.load(bytes, &mut stored);
                if stored[0].is_infinite() && !self.is_infinite() {
                    return refuse(format!("{self} is too large for {}", output.text));
                }
            }
            Element::Integer(integer) => {
                let (min, max) = integer.range();
                let value = match self {
                    Number::Integer(value) => Some(value),
                    Number::Float(value) => (value.trunc() == value).then_some(value as i128),
                };
                let Some(value) = value.filter(|value| (min..=max).contains(value)) else {
                    return refuse(format!(
                        "{self} is no value for {}, which has whole numbers from {min} to {max}",
                        output.text
                    ));
                };
                integer.store(&[value], bytes);
            }
        }
        Ok(bytes.to_vec())
    }

    fn is_infinite(self) -> bool {
        matches!(self, Number::Float(value) if value.is_infinite())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Integer(value) => write!(f, "{value}"),
            Number::Float(value) => write!(f, "{value:?}"),
        }
    }
}

impl Compute for Filling {
    fn compute(&self, _inputs: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<(), Failure> {
        for (element, output) in self.elements.iter().zip(outputs) {
            // What is filled is copied behind itself, twice as much each time.
            let mut filled = element.len().min(output.len());
            output[..filled].copy_from_slice(&element[..filled]);
            while filled < output.len() {
                let (done, rest) = output.split_at_mut(filled);
                let len = done.len().min(rest.len());
                rest[..len].copy_from_slice(&done[..len]);
                filled += len;
            }
        }
        Ok(())
    }

    fn reads(&self, _input: usize) -> bool {
        false
    }

    fn is_light(&self, bytes: u64) -> bool {
        is_light_to_move(bytes)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl Visitor<'_> for Reader {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Number, E> {
        Ok(Number::Integer(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Number, E> {
        Ok(Number::Integer(value.into()))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Number, E> {
        Ok(Number::Integer(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Number, E> {
        Ok(Number::Float(value))
    }
}
