//! The operator that makes shares of numbers.

use serde::Deserialize;

use super::lanes::Lanes;
use super::layout::{Layout, is_light, refuse};
use super::scratch::Scratch;
use crate::compute::{Compute, Failure};
use crate::element::{Element, Float, Numbers};
use crate::recipe::{Recipe, Refusal, Subject};
use crate::signature::Signature;

/// Each output is the softmax of the input of the same place along an axis: `exp(x)` over the sum of all
/// `exp(x)`, computed as float32 and from the distances to the largest, so that nothing overflows.
///
/// Input and output have the same shape; both are floats of any type. A lane whose maximum is infinite, or
/// that has a NaN, becomes NaN.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Softmax {
    /// Which axis the shares add up to 1 along, counted from the last if negative; the last if there is none.
    pub axis: Option<i64>,
    /// Names of inputs, one for each output.
    pub inputs: Option<Vec<String>>,
}

struct Sharing {
    pairs: Vec<Pair>,
    scratch: Scratch<1>,
    light: bool,
}

struct Pair {
    source: usize,
    from: Float,
    to: Float,
    lanes: Lanes,
    count: usize,
}

impl Recipe for Softmax {
    fn prepare(&self, subject: &Subject<'_>) -> Result<Box<dyn Compute>, Refusal> {
        Ok(Box::new(self.plan(subject.signature)?))
    }
}

impl Softmax {
    fn plan(&self, signature: &Signature) -> Result<Sharing, Refusal> {
        let layouts = Layout::of_pairs("softmax", signature, self.inputs.as_deref())?;
        let pairs = layouts.iter().map(|[input, output]| {
            let (Element::Float(from), Element::Float(to)) = (input.element, output.element) else {
                return refuse(format!(
                    "softmax makes floats of floats, not {} of {}",
                    output.text, input.text
                ));
            };
            output.check_shape("softmax", input)?;
            let (_, lanes) = Lanes::along(self.axis.unwrap_or(-1), input)?;
            Ok(Pair { source: input.place, from, to, lanes, count: input.count })
        });
        let pairs = pairs.collect::<Result<_, _>>()?;
        Ok(Sharing { pairs, scratch: Scratch::default(), light: is_light(layouts.iter().flatten()) })
    }
}

impl Compute for Sharing {
    fn compute(&self, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<(), Failure> {
        self.scratch.lend(|[values]| {
            for (pair, output) in self.pairs.iter().zip(outputs) {
                values.resize(pair.count, 0.0);
                pair.from.load(inputs[pair.source], values);
                share(values, pair.lanes);
                pair.to.store(values, output);
            }
        });
        Ok(())
    }

    fn is_light(&self, _bytes: u64) -> bool {
        self.light
    }
}

fn share(values: &mut [f32], Lanes { len, inner, .. }: Lanes) {
    if values.is_empty() {
        return;
    }
    for block in values.chunks_mut(len * inner) {
        for first in 0..inner {
            let lane = &mut block[first..];
            let max = lane.iter().step_by(inner).copied().fold(f32::NEG_INFINITY, f32::max);
            let mut sum = 0.0;
            for value in lane.iter_mut().step_by(inner) {
                *value = (*value - max).exp();
                sum += *value;
            }
            lane.iter_mut().step_by(inner).for_each(|value| *value /= sum);
        }
    }
}
