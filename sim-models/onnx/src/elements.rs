//! Types of elements: those of NEFFs, those of ONNX, and the four that the runtime computes with.
//!
//! The runtime computes floats as float32 and integers of more than 8 bits as int32. So halves of the NEFF are
//! widened before a run and rounded to nearest (ties to even) after it, and integers must fit on both sides.

use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};
use half::{bf16, f16};
use rten::{DataType, Value};
use sim_core::neff::Dtype;
use sim_models::onnx_file::Element;

/// How the elements of one tensor pass between the NEFF and the runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Passage {
    /// The type in the NEFF.
    pub(crate) dtype: Dtype,
    /// The type in the runtime.
    pub(crate) inside: DataType,
    /// Whether the network takes all but 0 as true.
    is_truth: bool,
}

impl Passage {
    /// Between `dtype` of the NEFF and `element` of the network; one whose type the NEFF does not tell is as the
    /// network's.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn new(dtype: Dtype, element: Element) -> Result<Passage, String> {
        let inside = match element.to_string().as_str() {
            "FLOAT" | "FLOAT16" | "DOUBLE" => DataType::Float,
            "INT32" | "INT64" | "BOOL" => DataType::Int32,
            "INT8" => DataType::Int8,
            "UINT8" => DataType::UInt8,
            other => {
                return Err(format!("the ONNX runtime has no {other}; use FLOAT, FLOAT16, INT32 or INT64"));
            }
        };
        let dtype = match dtype {
            Dtype::Unknown => element.dtype().ok_or("its type is not known; declare it in the NEFF")?,
            known => known,
        };
        let is_float = matches!(dtype, Dtype::Fp32 | Dtype::Fp32r | Dtype::Fp16 | Dtype::Bf16);
        let is_int = !is_float && !matches!(dtype, Dtype::Fp8E3 | Dtype::Fp8E4 | Dtype::Fp8E5);
        if !(if inside == DataType::Float { is_float } else { is_int }) {
            return Err(format!("{} and {element} do not go together; cast in the network", dtype.name()));
        }
        Ok(Passage { dtype, inside, is_truth: element.to_string() == "BOOL" })
    }

    /// Bytes of an element in the NEFF.
    pub(crate) fn bytes(&self) -> u64 {
        self.dtype.bytes().expect("a passage has no unknown type")
    }

    /// `bytes` of the NEFF as a value of `shape` for the runtime.
    ///
    /// # Errors
    /// An integer does not fit.
    pub(crate) fn enter(&self, bytes: &[u8], shape: &[usize]) -> Result<Value, String> {
        let value = match self.inside {
            DataType::Float => Value::from_shape(shape, floats(self.dtype, bytes)).ok(),
            DataType::Int8 => Value::from_shape(shape, narrowed::<i8>(self.dtype, bytes)?).ok(),
            DataType::UInt8 => Value::from_shape(shape, narrowed::<u8>(self.dtype, bytes)?).ok(),
            _ if self.is_truth => {
                let truths =
                    integers(self.dtype, bytes).map(|value| i32::from(value != 0)).collect::<Vec<_>>();
                Value::from_shape(shape, truths).ok()
            }
            _ => Value::from_shape(shape, narrowed::<i32>(self.dtype, bytes)?).ok(),
        };
        value.ok_or_else(|| format!("{} bytes are no tensor of shape {shape:?}", bytes.len()))
    }

    /// Writes `value`, which has as many elements, to `bytes` of the NEFF.
    ///
    /// # Errors
    /// An integer does not fit, or the network computed another type than its file declares.
    pub(crate) fn leave(&self, value: Value, bytes: &mut [u8]) -> Result<(), String> {
        match (value, self.inside) {
            (Value::FloatTensor(tensor), DataType::Float) => {
                write_floats(self.dtype, &tensor.into_data(), bytes);
            }
            (Value::Int32Tensor(tensor), DataType::Int32) => {
                write_integers(self.dtype, &tensor.into_data(), bytes)?;
            }
            (Value::Int8Tensor(tensor), DataType::Int8) => {
                write_integers(self.dtype, &tensor.into_data(), bytes)?;
            }
            (Value::UInt8Tensor(tensor), DataType::UInt8) => {
                write_integers(self.dtype, &tensor.into_data(), bytes)?;
            }
            (other, declared) => {
                return Err(format!("the network computed {}, where {declared} is declared", other.dtype()));
            }
        }
        Ok(())
    }
}

/// Elements of `N` bytes.
fn elements<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> + '_ {
    bytes.as_chunks().0.iter().copied()
}

fn floats(dtype: Dtype, bytes: &[u8]) -> Vec<f32> {
    let halves = || elements(bytes).map(u16::from_ne_bytes).collect::<Vec<u16>>();
    let mut floats = vec![0.0; bytes.len() / 2];
    match dtype {
        Dtype::Fp16 => halves().reinterpret_cast::<f16>().convert_to_f32_slice(&mut floats),
        Dtype::Bf16 => halves().reinterpret_cast::<bf16>().convert_to_f32_slice(&mut floats),
        _ => return elements(bytes).map(f32::from_ne_bytes).collect(),
    }
    floats
}

fn write_floats(dtype: Dtype, floats: &[f32], bytes: &mut [u8]) {
    let mut halves = vec![0_u16; floats.len()];
    match dtype {
        Dtype::Fp16 => halves.reinterpret_cast_mut::<f16>().convert_from_f32_slice(floats),
        Dtype::Bf16 => halves.reinterpret_cast_mut::<bf16>().convert_from_f32_slice(floats),
        _ => return put(floats.iter().map(|float| float.to_ne_bytes()), bytes),
    }
    put(halves.iter().map(|half| half.to_ne_bytes()), bytes);
}

/// The integers in `bytes`; of a type that is none, nothing.
fn integers(dtype: Dtype, bytes: &[u8]) -> Box<dyn Iterator<Item = i128> + '_> {
    match dtype {
        Dtype::I8 => Box::new(elements(bytes).map(|element| i8::from_ne_bytes(element).into())),
        Dtype::U8 => Box::new(elements(bytes).map(|element| u8::from_ne_bytes(element).into())),
        Dtype::I16 => Box::new(elements(bytes).map(|element| i16::from_ne_bytes(element).into())),
        Dtype::U16 => Box::new(elements(bytes).map(|element| u16::from_ne_bytes(element).into())),
        Dtype::I32 => Box::new(elements(bytes).map(|element| i32::from_ne_bytes(element).into())),
        Dtype::U32 => Box::new(elements(bytes).map(|element| u32::from_ne_bytes(element).into())),
        Dtype::I64 => Box::new(elements(bytes).map(|element| i64::from_ne_bytes(element).into())),
        Dtype::U64 => Box::new(elements(bytes).map(|element| u64::from_ne_bytes(element).into())),
        _ => Box::new(std::iter::empty()),
    }
}

fn narrowed<T: TryFrom<i128>>(dtype: Dtype, bytes: &[u8]) -> Result<Vec<T>, String> {
    let bits = 8 * size_of::<T>();
    let narrow = |value: i128| {
        T::try_from(value)
            .map_err(|_| format!("{value} does not fit the {bits} bits that the ONNX runtime has"))
    };
    integers(dtype, bytes).map(narrow).collect()
}

fn write_integers<T: Copy + Into<i128>>(dtype: Dtype, values: &[T], bytes: &mut [u8]) -> Result<(), String> {
    match dtype {
        Dtype::I8 => write_as::<i8, _, 1>(dtype, values, bytes, i8::to_ne_bytes),
        Dtype::U8 => write_as::<u8, _, 1>(dtype, values, bytes, u8::to_ne_bytes),
        Dtype::I16 => write_as::<i16, _, 2>(dtype, values, bytes, i16::to_ne_bytes),
        Dtype::U16 => write_as::<u16, _, 2>(dtype, values, bytes, u16::to_ne_bytes),
        Dtype::I32 => write_as::<i32, _, 4>(dtype, values, bytes, i32::to_ne_bytes),
        Dtype::U32 => write_as::<u32, _, 4>(dtype, values, bytes, u32::to_ne_bytes),
        Dtype::I64 => write_as::<i64, _, 8>(dtype, values, bytes, i64::to_ne_bytes),
        _ => write_as::<u64, _, 8>(dtype, values, bytes, u64::to_ne_bytes),
    }
}

fn write_as<T: TryFrom<i128>, U: Copy + Into<i128>, const N: usize>(
    dtype: Dtype,
    values: &[U],
    bytes: &mut [u8],
    to_bytes: impl Fn(T) -> [u8; N],
) -> Result<(), String> {
    let fit = |value: &U| {
        let value: i128 = (*value).into();
        T::try_from(value).map_err(|_| format!("{value} does not fit the NEFF's {}", dtype.name()))
    };
    let elements: Vec<[u8; N]> =
        values.iter().map(|value| fit(value).map(&to_bytes)).collect::<Result<_, _>>()?;
    put(elements.into_iter(), bytes);
    Ok(())
}

fn put<const N: usize>(elements: impl Iterator<Item = [u8; N]>, bytes: &mut [u8]) {
    for (place, element) in bytes.as_chunks_mut().0.iter_mut().zip(elements) {
        *place = element;
    }
}
