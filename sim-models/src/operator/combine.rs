//! Operators that combine inputs element by element.

use serde::Deserialize;

use super::chunk;
use super::layout::{Layout, is_light, refuse};
use crate::compute::{Compute, Failure};
use crate::element::Element;
use crate::recipe::{Recipe, Refusal, Subject};
use crate::signature::Signature;

/// The sum of two or more inputs, all of the type and shape of the output.
///
/// Floats are added as float32, in the order of the inputs, and rounded once at the end; integers wrap in
/// two's complement.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Add {
    /// Names of the inputs, two or more.
    pub inputs: Option<Vec<String>>,
}

/// The product of two or more inputs, as [`Add`] is their sum.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mul {
    /// Names of the inputs, two or more.
    pub inputs: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy)]
enum Operation {
    Add,
    Mul,
}

struct Combining {
    operation: Operation,
    element: Element,
    sources: Vec<usize>,
    light: bool,
}

impl Recipe for Add {
    fn prepare(&self, subject: &Subject<'_>) -> Result<Box<dyn Compute>, Refusal> {
        let combining = Combining::new(Operation::Add, subject.signature, self.inputs.as_deref())?;
        Ok(Box::new(combining))
    }
}

impl Recipe for Mul {
    fn prepare(&self, subject: &Subject<'_>) -> Result<Box<dyn Compute>, Refusal> {
        let combining = Combining::new(Operation::Mul, subject.signature, self.inputs.as_deref())?;
        Ok(Box::new(combining))
    }
}

impl Combining {
    fn new(
        operation: Operation,
        signature: &Signature,
        chosen: Option<&[String]>,
    ) -> Result<Combining, Refusal> {
        let name = match operation {
            Operation::Add => "add",
            Operation::Mul => "mul",
        };
        let inputs = Layout::of_inputs(signature, chosen)?;
        let output = Layout::of_output(name, signature)?;
        if inputs.len() < 2 {
            return refuse(format!(
                "{name} needs two or more inputs, here are {}: {signature}; inputs may name one twice",
                inputs.len()
            ));
        }
        for input in &inputs {
            output.check_element(name, input)?;
            output.check_shape(name, input)?;
        }
        let light = is_light(inputs.iter().chain([&output]));
        let sources = inputs.iter().map(|input| input.place).collect();
        Ok(Combining { operation, element: output.element, sources, light })
    }
}

impl Compute for Combining {
    fn compute(&self, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<(), Failure> {
        let inputs: Vec<&[u8]> = self.sources.iter().map(|source| inputs[*source]).collect();
        let output = &mut *outputs[0];
        match (self.element, self.operation) {
            (Element::Float(float), Operation::Add) => chunk::fold(float, &inputs, output, |a, b| a + b),
            (Element::Float(float), Operation::Mul) => chunk::fold(float, &inputs, output, |a, b| a * b),
            (Element::Integer(integer), Operation::Add) => {
                chunk::fold(integer, &inputs, output, i128::wrapping_add);
            }
            (Element::Integer(integer), Operation::Mul) => {
                chunk::fold(integer, &inputs, output, i128::wrapping_mul);
            }
        }
        Ok(())
    }

    fn is_light(&self, _bytes: u64) -> bool {
        self.light
    }
}
