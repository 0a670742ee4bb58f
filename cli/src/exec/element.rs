use safetensors::Dtype as Stored;
use sim_core::neff::{Dtype, TensorSpec};
use sim_models::buffer::Buffer;
use sim_models::element::{Element, Float, Integer, Numbers};
use sim_models::float8::Format;
use sim_models::golden::stored;

/// Bytes that are read at a time: whole elements of every type.
const CHUNK: usize = 4096;

/// What the bytes of a tensor mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Elements of a type that models have.
    Of(Element),
    /// Float64, which references may have.
    Float64,
}

/// A number, exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Whole(i128),
    Float(f64),
}

/// The elements of a model's tensor, as a file stores it.
pub(super) fn element(spec: &TensorSpec) -> Element {
    let are_bytes = stored(spec).0 == Stored::U8 && spec.dtype != Dtype::Fp8E3;
    Element::of(spec.dtype).filter(|_| !are_bytes).unwrap_or(Element::Integer(Integer::U8))
}

impl Kind {
    /// That of a type in a safetensors file; none if it is not for numbers, or means one thing to PyTorch and
    /// another to the compiler, as F8_E4M3 does.
    pub(super) fn of_file(dtype: Stored) -> Option<Kind> {
        let element = match dtype {
            Stored::BOOL | Stored::U8 => Element::Integer(Integer::U8),
            Stored::U16 => Element::Integer(Integer::U16),
            Stored::U32 => Element::Integer(Integer::U32),
            Stored::U64 => Element::Integer(Integer::U64),
            Stored::I8 => Element::Integer(Integer::I8),
            Stored::I16 => Element::Integer(Integer::I16),
            Stored::I32 => Element::Integer(Integer::I32),
            Stored::I64 => Element::Integer(Integer::I64),
            Stored::F8_E5M2 => Element::Float(Float::F8(Format::E5)),
            Stored::F16 => Element::Float(Float::F16),
            Stored::BF16 => Element::Float(Float::Bf16),
            Stored::F32 => Element::Float(Float::F32),
            Stored::F64 => return Some(Kind::Float64),
            _ => return None,
        };
        Some(Kind::Of(element))
    }

    /// The numbers in `bytes`, which are whole elements.
    pub(super) fn numbers(self, bytes: &[u8]) -> impl Iterator<Item = Number> {
        bytes.chunks(CHUNK).flat_map(move |chunk| match self {
            Kind::Of(Element::Float(float)) => load(float, chunk, |value| Number::Float(value.into())),
            Kind::Of(Element::Integer(integer)) => load(integer, chunk, Number::Whole),
            Kind::Float64 => {
                let (values, _) = chunk.as_chunks();
                values.iter().map(|value| Number::Float(f64::from_le_bytes(*value))).collect()
            }
        })
    }
}

fn load<N: Numbers>(elements: N, bytes: &[u8], number: impl Fn(N::Value) -> Number) -> Vec<Number> {
    let mut aligned = Buffer::default();
    aligned.resize(bytes.len()).expect("a chunk");
    aligned.bytes_mut().copy_from_slice(bytes);
    let mut values = vec![N::Value::default(); bytes.len() / elements.bytes()];
    elements.load(aligned.bytes(), &mut values);
    values.into_iter().map(number).collect()
}

impl Number {
    /// The nearest float64.
    pub(super) fn value(self) -> f64 {
        match self {
            Number::Whole(whole) => whole as f64,
            Number::Float(float) => float,
        }
    }

    /// How far it is from `other`: 0 from one that is the same, NaN and infinities included.
    pub(super) fn distance(self, other: Number) -> f64 {
        match (self, other) {
            (Number::Whole(a), Number::Whole(b)) => (a - b).unsigned_abs() as f64,
            (a, b) => {
                let (a, b) = (a.value(), b.value());
                let is_same = a == b || a.is_nan() && b.is_nan();
                if is_same { 0.0 } else { (a - b).abs() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use safetensors::Dtype as Stored;
    use sim_core::neff::{Dtype, TensorSpec, Usage};

    use super::{CHUNK, Kind, Number, element};

    fn numbers(dtype: Dtype, bytes: &[u8]) -> Vec<Number> {
        let spec = TensorSpec::new("x", Usage::Input, dtype, [1]);
        Kind::Of(element(&spec)).numbers(bytes).collect()
    }

    #[test]
    fn known_codes_are_known_numbers() {
        for (dtype, bytes, number) in [
            (Dtype::Fp16, &0xfbff_u16.to_le_bytes()[..], Number::Float(-65504.0)),
            (Dtype::Fp32r, &1.5_f32.to_le_bytes(), Number::Float(1.5)),
            (Dtype::Fp8E3, &[0x6f], Number::Float(15.5)),
            (Dtype::Fp8E4, &[0x77], Number::Float(240.0)),
            (Dtype::I8, &[0x80], Number::Whole(-128)),
            (Dtype::Unknown, &[7], Number::Whole(7)),
        ] {
            assert_eq!(numbers(dtype, bytes), [number], "{dtype:?}");
        }
        let odd = TensorSpec { size: 3, ..TensorSpec::new("x", Usage::Output, Dtype::Fp16, [1]) };
        assert_eq!(Kind::Of(element(&odd)).numbers(&[1, 2, 3]).count(), 3, "bytes, as they are stored");
    }

    #[test]
    fn every_type_of_a_file_is_read_in_its_own_size() {
        let float64 = Kind::of_file(Stored::F64).expect("known");
        let bytes: Vec<u8> = (0..CHUNK).flat_map(|at| (at as f64).to_le_bytes()).collect();
        let numbers: Vec<f64> = float64.numbers(&bytes).map(Number::value).collect();
        assert!(numbers.iter().enumerate().all(|(at, number)| at as f64 == *number));
        for dtype in
            [Stored::BOOL, Stored::I16, Stored::U32, Stored::I64, Stored::BF16, Stored::F32, Stored::F64]
        {
            let found = Kind::of_file(dtype).expect("known").numbers(&bytes).count();
            assert_eq!(found, bytes.len() * 8 / dtype.bitsize(), "{dtype}");
        }
        assert_eq!(Kind::of_file(Stored::F8_E4M3), None);
    }

    #[test]
    fn large_whole_numbers_stay_apart() {
        let bytes = [u64::MAX.to_le_bytes(), (u64::MAX - 1).to_le_bytes()].concat();
        let numbers = numbers(Dtype::U64, &bytes);
        assert_eq!(numbers[0].distance(numbers[1]), 1.0);
        let nan = Number::Float(f64::NAN);
        assert_eq!(nan.distance(nan), 0.0);
        assert!(nan.distance(numbers[0]).is_nan());
    }
}
