use anyhow::{Context, Result};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sim_core::neff::TensorSpec;
use sim_models::buffer::Buffer;
use sim_models::element::{Element, Float, Numbers};
use sim_models::float8::Format;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::element::element;

/// Elements that are made at a time.
const CHUNK: usize = 512;

/// Whole numbers are below this, and not negative: they may be indices.
const WHOLE_BITS: u32 = 3;

/// Bytes for the input `spec` in the run with this number: the same for the same seed, on every machine.
///
/// Floats lie evenly in [-1, 1), on a grid that their type holds exactly: multiples of 2^-10 for float16.
/// Whole numbers are 0 to 7.
///
/// # Errors
/// There is no memory for it.
pub(super) fn bytes(spec: &TensorSpec, seed: u64, run: u64) -> Result<Vec<u8>> {
    let mut generator =
        Xoshiro256PlusPlus::seed_from_u64(xxh3_64_with_seed(spec.name.as_bytes(), seed) ^ run);
    let size = usize::try_from(spec.size).unwrap_or(usize::MAX);
    match element(spec) {
        Element::Float(float) => {
            let bits = mantissa_bits(float);
            // So many bits below the point, and one above it: from 0 to 2.
            let below_two = |luck: u64| (luck >> (u64::BITS - bits - 1)) as f32 * (-(bits as f32)).exp2();
            store(float, size, || below_two(generator.next_u64()) - 1.0)
        }
        Element::Integer(integer) => {
            store(integer, size, || i128::from(generator.next_u64() >> (u64::BITS - WHOLE_BITS)))
        }
    }
}

/// `size` bytes, a number of whole elements, with these values.
fn store<N: Numbers>(elements: N, size: usize, mut value: impl FnMut() -> N::Value) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size).with_context(|| format!("no memory for an input of {size} bytes"))?;
    let mut chunk = Buffer::default(); // aligned, as the elements' bytes must be
    let mut values = [N::Value::default(); CHUNK];
    let mut left = size / elements.bytes();
    while left > 0 {
        let values = &mut values[..CHUNK.min(left)];
        left -= values.len();
        values.fill_with(&mut value);
        chunk.resize(values.len() * elements.bytes())?;
        elements.store(values, chunk.bytes_mut());
        bytes.extend_from_slice(chunk.bytes());
    }
    Ok(bytes)
}

fn mantissa_bits(float: Float) -> u32 {
    match float {
        Float::F32 => 23,
        Float::F16 => 10,
        Float::Bf16 => 7,
        Float::F8(Format::E3) => 4,
        Float::F8(Format::E4) => 3,
        Float::F8(Format::E5) => 2,
    }
}

#[cfg(test)]
mod tests {
    use sim_core::neff::{Dtype, TensorSpec, Usage};

    use super::super::element::{Kind, Number, element};
    use super::{Element, bytes, mantissa_bits};

    #[test]
    fn floats_fill_the_range_and_whole_numbers_are_small() {
        for dtype in Dtype::ALL {
            let spec = TensorSpec::new("x", Usage::Input, dtype, [1000]);
            let bytes = bytes(&spec, 0, 0).expect("small");
            assert_eq!(bytes.len() as u64, spec.size, "{dtype:?}");
            let element = element(&spec);
            let values: Vec<f64> = Kind::Of(element).numbers(&bytes).map(Number::value).collect();
            let (low, high, step) = match element {
                Element::Float(float) => (-1.0, 1.0, (-f64::from(mantissa_bits(float))).exp2()),
                Element::Integer(_) => (0.0, 8.0, 1.0),
            };
            assert!(values.iter().all(|&value| low <= value && value < high), "{dtype:?}");
            let mean = values.iter().sum::<f64>() / 1000.0;
            let (middle, width) = ((low + high - step) / 2.0, high - low);
            assert!((mean - middle).abs() < 0.04 * width, "{dtype:?}: mean {mean}, expected about {middle}");
        }
    }

    #[test]
    fn seed_run_and_name_choose_the_numbers() {
        let spec = |name| TensorSpec::new(name, Usage::Input, Dtype::Fp32, [8]);
        let bytes = |name, seed, run| bytes(&spec(name), seed, run).expect("small");
        let first = bytes("x", 1, 0);
        assert_eq!(first, bytes("x", 1, 0));
        for other in [bytes("y", 1, 0), bytes("x", 2, 0), bytes("x", 1, 1)] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn an_input_that_no_memory_holds_is_refused() {
        let endless = TensorSpec::new("x", Usage::Input, Dtype::Fp32, [1 << 61]);
        let said = bytes(&endless, 0, 0).expect_err("it cannot be held").to_string();
        assert!(said.contains("no memory for an input of 9223372036854775808 bytes"), "{said}");
    }
}
