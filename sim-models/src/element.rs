//! The elements of tensors as numbers to compute with.

use bytemuck::Pod;
use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};
use sim_core::neff::Dtype;

use crate::float8::Format;

/// What the bytes of an element mean. float32r is the same as float32 here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// A floating-point number.
    Float(Float),
    /// A whole number.
    Integer(Integer),
}

/// Types of floating-point numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Float {
    F32,
    F16,
    Bf16,
    F8(Format),
}

/// Types of whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Integer {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
}

/// A type of elements, and the wider numbers that computations use for it.
pub trait Numbers: Copy {
    /// Holds every element exactly.
    type Value: Copy + Default;

    /// Bytes of an element.
    fn bytes(self) -> usize;

    /// Reads as many elements as there are `values`.
    ///
    /// # Panics
    /// Unless `bytes` are as long as that, and aligned for the elements.
    fn load(self, bytes: &[u8], values: &mut [Self::Value]);

    /// Writes each value as an element.
    ///
    /// # Panics
    /// As [`Numbers::load`].
    fn store(self, values: &[Self::Value], bytes: &mut [u8]);
}

impl Element {
    /// That of `dtype`; none if the type is unknown.
    pub fn of(dtype: Dtype) -> Option<Element> {
        Some(match dtype {
            Dtype::Unknown => return None,
            Dtype::Fp32 | Dtype::Fp32r => Element::Float(Float::F32),
            Dtype::Fp16 => Element::Float(Float::F16),
            Dtype::Bf16 => Element::Float(Float::Bf16),
            Dtype::Fp8E3 => Element::Float(Float::F8(Format::E3)),
            Dtype::Fp8E4 => Element::Float(Float::F8(Format::E4)),
            Dtype::Fp8E5 => Element::Float(Float::F8(Format::E5)),
            Dtype::I8 => Element::Integer(Integer::I8),
            Dtype::U8 => Element::Integer(Integer::U8),
            Dtype::I16 => Element::Integer(Integer::I16),
            Dtype::U16 => Element::Integer(Integer::U16),
            Dtype::I32 => Element::Integer(Integer::I32),
            Dtype::U32 => Element::Integer(Integer::U32),
            Dtype::I64 => Element::Integer(Integer::I64),
            Dtype::U64 => Element::Integer(Integer::U64),
        })
    }

    /// Bytes of an element.
    pub fn bytes(self) -> usize {
        match self {
            Element::Float(float) => float.bytes(),
            Element::Integer(integer) => integer.bytes(),
        }
    }
}

/// Values are stored as the nearest element, that with an even last bit of two; infinity beyond the largest.
impl Numbers for Float {
    type Value = f32;

    fn bytes(self) -> usize {
        match self {
            Float::F32 => 4,
            Float::F16 | Float::Bf16 => 2,
            Float::F8(_) => 1,
        }
    }

    fn load(self, bytes: &[u8], values: &mut [f32]) {
        match self {
            Float::F32 => values.copy_from_slice(bytemuck::cast_slice(bytes)),
            Float::F16 => bytemuck::cast_slice::<u8, f16>(bytes).convert_to_f32_slice(values),
            Float::Bf16 => bytemuck::cast_slice::<u8, bf16>(bytes).convert_to_f32_slice(values),
            Float::F8(format) => {
                let numbers = format.numbers();
                pair(bytes, values).for_each(|(code, value)| *value = numbers[usize::from(*code)]);
            }
        }
    }

    fn store(self, values: &[f32], bytes: &mut [u8]) {
        match self {
            Float::F32 => bytes.copy_from_slice(bytemuck::cast_slice(values)),
            Float::F16 => bytemuck::cast_slice_mut::<u8, f16>(bytes).convert_from_f32_slice(values),
            Float::Bf16 => bytemuck::cast_slice_mut::<u8, bf16>(bytes).convert_from_f32_slice(values),
            Float::F8(format) => pair(values, bytes).for_each(|(value, code)| *code = format.encode(*value)),
        }
    }
}

impl Float {
    /// The value to store for `value`, so that it is rounded only once.
    ///
    /// What float32 cannot hold is rounded there to the neighbour with an odd last bit, which is never half
    /// way between two elements of a narrower type.
    pub fn nearest(self, value: f64) -> f32 {
        let near = value as f32;
        let is_done = self == Float::F32 || f64::from(near) == value || !near.is_finite();
        if is_done || near.to_bits() % 2 == 1 {
            near
        } else if f64::from(near.abs()) > value.abs() {
            f32::from_bits(near.to_bits() - 1)
        } else {
            f32::from_bits(near.to_bits() + 1)
        }
    }

    /// The same for an integer, of any size.
    pub fn nearest_to_integer(self, value: i128) -> f32 {
        let magnitude = value.unsigned_abs();
        let excess = (u128::BITS - magnitude.leading_zeros()).saturating_sub(f64::MANTISSA_DIGITS);
        let kept = magnitude >> excess;
        let odd = kept | u128::from(kept << excess != magnitude);
        let near = (odd << excess) as f64;
        self.nearest(if value < 0 { -near } else { near })
    }

    /// The values of `bytes`: the bytes themselves where they can be, or else `scratch`, filled with them.
    ///
    /// # Panics
    /// Unless `bytes` are whole elements, and aligned for them.
    pub fn view<'a>(self, bytes: &'a [u8], scratch: &'a mut Vec<f32>) -> &'a [f32] {
        if self == Float::F32 {
            return bytemuck::cast_slice(bytes);
        }
        scratch.resize(bytes.len() / self.bytes(), 0.0);
        self.load(bytes, scratch);
        scratch
    }
}

/// Values are stored as their lowest bits: they wrap, in two's complement.
impl Numbers for Integer {
    type Value = i128;

    fn bytes(self) -> usize {
        match self {
            Integer::I8 | Integer::U8 => 1,
            Integer::I16 | Integer::U16 => 2,
            Integer::I32 | Integer::U32 => 4,
            Integer::I64 | Integer::U64 => 8,
        }
    }

    fn load(self, bytes: &[u8], values: &mut [i128]) {
        match self {
            Integer::I8 => widen::<i8>(bytes, values),
            Integer::U8 => widen::<u8>(bytes, values),
            Integer::I16 => widen::<i16>(bytes, values),
            Integer::U16 => widen::<u16>(bytes, values),
            Integer::I32 => widen::<i32>(bytes, values),
            Integer::U32 => widen::<u32>(bytes, values),
            Integer::I64 => widen::<i64>(bytes, values),
            Integer::U64 => widen::<u64>(bytes, values),
        }
    }

    fn store(self, values: &[i128], bytes: &mut [u8]) {
        match self {
            Integer::I8 | Integer::U8 => wrap(values, bytes, |value| value as u8),
            Integer::I16 | Integer::U16 => wrap(values, bytes, |value| value as u16),
            Integer::I32 | Integer::U32 => wrap(values, bytes, |value| value as u32),
            Integer::I64 | Integer::U64 => wrap(values, bytes, |value| value as u64),
        }
    }
}

impl Integer {
    /// The smallest and the largest element.
    pub fn range(self) -> (i128, i128) {
        match self {
            Integer::I8 => (i8::MIN.into(), i8::MAX.into()),
            Integer::U8 => (u8::MIN.into(), u8::MAX.into()),
            Integer::I16 => (i16::MIN.into(), i16::MAX.into()),
            Integer::U16 => (u16::MIN.into(), u16::MAX.into()),
            Integer::I32 => (i32::MIN.into(), i32::MAX.into()),
            Integer::U32 => (u32::MIN.into(), u32::MAX.into()),
            Integer::I64 => (i64::MIN.into(), i64::MAX.into()),
            Integer::U64 => (u64::MIN.into(), u64::MAX.into()),
        }
    }
}

fn widen<T: Pod + Into<i128>>(bytes: &[u8], values: &mut [i128]) {
    for (element, value) in pair(bytemuck::cast_slice::<u8, T>(bytes), values) {
        *value = (*element).into();
    }
}

fn wrap<T: Pod>(values: &[i128], bytes: &mut [u8], lowest: impl Fn(i128) -> T) {
    for (value, element) in pair(values, bytemuck::cast_slice_mut::<u8, T>(bytes)) {
        *element = lowest(*value);
    }
}

/// The elements of `source`, each with its place in `target`.
fn pair<'a, S, T>(source: &'a [S], target: &'a mut [T]) -> impl Iterator<Item = (&'a S, &'a mut T)> {
    assert_eq!(source.len(), target.len(), "as many elements as values");
    source.iter().zip(target)
}

#[cfg(test)]
mod tests {
    use half::{bf16, f16};

    use super::{Float, Numbers};

    /// What comes back from each code of sixteen bits.
    fn back(float: Float) -> Vec<u16> {
        let codes: Vec<u16> = (0..=u16::MAX).collect();
        let mut values = vec![0.0; codes.len()];
        float.load(bytemuck::cast_slice(&codes), &mut values);
        let mut back = vec![0_u16; codes.len()];
        float.store(&values, bytemuck::cast_slice_mut(&mut back));
        back
    }

    #[test]
    fn every_code_of_sixteen_bits_comes_back() {
        for (code, back) in (0..=u16::MAX).zip(back(Float::F16)) {
            let (is_nan, stays_nan) = (f16::from_bits(code).is_nan(), f16::from_bits(back).is_nan());
            assert!(if is_nan { stays_nan } else { back == code }, "float16 {code:#x} becomes {back:#x}");
        }
        for (code, back) in (0..=u16::MAX).zip(back(Float::Bf16)) {
            let (is_nan, stays_nan) = (bf16::from_bits(code).is_nan(), bf16::from_bits(back).is_nan());
            assert!(if is_nan { stays_nan } else { back == code }, "bfloat16 {code:#x} becomes {back:#x}");
        }
    }

    #[test]
    fn float64_is_rounded_once() {
        // Half way between two numbers of float16, in a bit that float32 does not have.
        for (offset, code) in [(-1e-15, 0x3c00), (0.0, 0x3c00), (1e-15, 0x3c01)] {
            let value = 1.0 + 2_f64.powi(-11) + offset;
            for (value, code) in [(value, code), (-value, code | 0x8000)] {
                let mut bytes = [0_u16];
                Float::F16.store(&[Float::F16.nearest(value)], bytemuck::bytes_of_mut(&mut bytes));
                assert_eq!(bytes, [code], "{value}");
            }
        }
        assert_eq!(Float::F32.nearest(0.1), 0.1);
        assert_eq!(Float::F16.nearest(f64::MAX), f32::INFINITY);
        assert!(Float::F16.nearest(f64::NAN).is_nan());
        assert_eq!(Float::F16.nearest(-1e-300), -f32::from_bits(1));
    }
}
