//! The operator that makes one number of many.

use serde::Deserialize;

use super::chunk;
use super::lanes::Lanes;
use super::layout::{Layout, chosen, is_light, refuse};
use crate::compute::{Compute, Failure};
use crate::element::{Element, Float, Integer};
use crate::recipe::{Recipe, Refusal, Subject};
use crate::signature::Signature;

/// The sum or the maximum of the input along an axis, or of all of it.
///
/// The output has the input's shape without the axis, or with 1 in its place. Its type may be another, as
/// long as both are floats or both integers. Floats are summed as float64, in the order of the elements, and
/// rounded once; the maximum is NaN where there is one. Integers are exact, then wrap to the output's type.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reduce {
    /// What to make of the elements.
    pub operation: Operation,
    /// Which axis to reduce, counted from the last if negative; all of them if there is none.
    pub axis: Option<i64>,
    /// The name of the input, if the model has several.
    #[serde(default, deserialize_with = "chosen")]
    pub inputs: Option<[String; 1]>,
}

/// What [`Reduce`] makes of the elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// Their sum, 0 if there are none.
    Sum,
    /// The largest of them, of which there must be one.
    Max,
}

struct Reducing {
    operation: Operation,
    source: usize,
    types: Types,
    lanes: Lanes,
    /// Elements of the output.
    count: usize,
    light: bool,
}

#[derive(Clone, Copy)]
enum Types {
    Floats(Float, Float),
    Integers(Integer, Integer),
}

impl Recipe for Reduce {
    fn prepare(&self, subject: &Subject<'_>) -> Result<Box<dyn Compute>, Refusal> {
        Ok(Box::new(self.plan(subject.signature)?))
    }
}

impl Reduce {
    fn plan(&self, signature: &Signature) -> Result<Reducing, Refusal> {
        let pairs = Layout::of_pairs("reduce", signature, self.inputs.as_ref().map(|names| &names[..]))?;
        let [[input, output]] = pairs.as_slice() else {
            return refuse(format!("reduce has one input and one output, here is {signature}"));
        };
        let types = match (input.element, output.element) {
            (Element::Float(from), Element::Float(to)) => Types::Floats(from, to),
            (Element::Integer(from), Element::Integer(to)) => Types::Integers(from, to),
            _ => {
                return refuse(format!(
                    "reduce makes floats of floats and integers of integers, not {} of {}",
                    output.text, input.text
                ));
            }
        };
        let (lanes, shapes) = match self.axis {
            Some(axis) => {
                let (place, lanes) = Lanes::along(axis, input)?;
                let (mut kept, mut removed) = (input.dims.clone(), input.dims.clone());
                kept[place] = 1;
                removed.remove(place);
                (lanes, [removed, kept])
            }
            None => (Lanes::all(input), [Vec::new(), vec![1; input.dims.len()]]),
        };
        // A single number may also be called a row of one.
        let is_single = self.axis.is_none() && output.dims == [1];
        if !is_single && !shapes.contains(&output.dims) {
            let [removed, kept] = shapes;
            return refuse(format!(
                "reduce of {} gives the shape {removed:?} or {kept:?}, not that of {}",
                input.text, output.text
            ));
        }
        if self.operation == Operation::Max && lanes.len == 0 && output.count > 0 {
            return refuse(format!("reduce finds no maximum in {}, which has no elements there", input.text));
        }
        let light = is_light([input, output]);
        let (source, count) = (input.place, output.count);
        Ok(Reducing { operation: self.operation, source, types, lanes, count, light })
    }
}

impl Compute for Reducing {
    fn compute(&self, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<(), Failure> {
        let (input, output) = (inputs[self.source], &mut *outputs[0]);
        match self.types {
            Types::Floats(from, to) => {
                let (start, step): (_, fn(f64, f64) -> f64) = match self.operation {
                    Operation::Sum => (0.0, |sum, value| sum + value),
                    Operation::Max => (f64::NEG_INFINITY, larger),
                };
                let mut lanes = Accumulators::new(self, start);
                chunk::each(from, input, |values| lanes.take(values, step));
                chunk::fill(to, output, lanes.values.into_iter().map(|value| to.nearest(value)));
            }
            Types::Integers(from, to) => {
                let (start, step): (_, fn(i128, i128) -> i128) = match self.operation {
                    Operation::Sum => (0, i128::wrapping_add),
                    Operation::Max => (i128::MIN, i128::max),
                };
                let mut lanes = Accumulators::new(self, start);
                chunk::each(from, input, |values| lanes.take(values, step));
                chunk::fill(to, output, lanes.values);
            }
        }
        Ok(())
    }

    fn is_light(&self, _bytes: u64) -> bool {
        self.light
    }
}

/// The larger of the two, or NaN if one is.
fn larger(a: f64, b: f64) -> f64 {
    if b > a || b.is_nan() { b } else { a }
}

/// One number for each lane, and where in them the next element belongs.
struct Accumulators<T> {
    values: Vec<T>,
    lanes: Lanes,
    block: usize,
    row: usize,
    column: usize,
}

impl<T: Copy> Accumulators<T> {
    fn new(reducing: &Reducing, start: T) -> Accumulators<T> {
        let values = vec![start; reducing.count];
        Accumulators { values, lanes: reducing.lanes, block: 0, row: 0, column: 0 }
    }

    /// Takes the next elements in.
    fn take<V: Copy + Into<T>>(&mut self, values: &[V], step: fn(T, T) -> T) {
        for value in values {
            let place = &mut self.values[self.block + self.column];
            *place = step(*place, (*value).into());
            self.column += 1;
            if self.column == self.lanes.inner {
                self.column = 0;
                self.row += 1;
            }
            if self.row == self.lanes.len {
                self.row = 0;
                self.block += self.lanes.inner;
            }
        }
    }
}
