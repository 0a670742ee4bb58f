//! Kernels that need to know nothing of types and shapes.

use serde::Deserialize;

use crate::compute::{Compute, Failure};
use crate::recipe::{Recipe, Refusal, Subject};

/// Every output byte is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zeros {}

/// Each output has the bytes of the input at its place, as far as there are any, and zeros after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Echo {}

impl Recipe for Zeros {
    fn prepare(&self, _: &Subject<'_>) -> Result<Box<dyn Compute>, Refusal> {
        Ok(Box::new(*self))
    }
}

impl Recipe for Echo {
    fn prepare(&self, _: &Subject<'_>) -> Result<Box<dyn Compute>, Refusal> {
        Ok(Box::new(*self))
    }
}

impl Compute for Zeros {
    fn compute(&self, _: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<(), Failure> {
        outputs.iter_mut().for_each(|output| output.fill(0));
        Ok(())
    }

    fn is_light(&self, bytes: u64) -> bool {
        bytes <= LIGHT_BYTES
    }
}

impl Compute for Echo {
    fn compute(&self, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<(), Failure> {
        for (place, output) in outputs.iter_mut().enumerate() {
            let input = inputs.get(place).copied().unwrap_or_default();
            let (from_input, rest) = output.split_at_mut(input.len().min(output.len()));
            from_input.copy_from_slice(&input[..from_input.len()]);
            rest.fill(0);
        }
        Ok(())
    }

    fn is_light(&self, bytes: u64) -> bool {
        bytes <= LIGHT_BYTES
    }
}

/// Up to so many bytes, copying takes a few microseconds.
const LIGHT_BYTES: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use super::{Compute, Echo, Zeros};

    #[test]
    fn an_echo_is_cut_or_filled_up_with_zeros() {
        let (mut short, mut long, mut extra) = ([9; 2], [9; 4], [9; 1]);
        let mut outputs = [&mut short[..], &mut long[..], &mut extra[..]];
        Echo {}.compute(&[&[1, 2, 3], &[4, 5]], &mut outputs).expect("always");
        assert_eq!((short, long, extra), ([1, 2], [4, 5, 0, 0], [0]));
    }

    #[test]
    fn zeros_are_zeros() {
        let mut output = [9; 3];
        Zeros {}.compute(&[&[1]], &mut [&mut output[..]]).expect("always");
        assert_eq!(output, [0; 3]);
    }
}
