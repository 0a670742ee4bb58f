use serde::{Deserialize, Deserializer};

/// The type of a tensor's elements, as far as the runtime has a number for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[expect(missing_docs, reason = "the names of nrt_dtype_t")]
pub enum Dtype {
    /// A type without a number, or none given; real models have such outputs (guide).
    #[default]
    Unknown,
    U64,
    I8,
    U8,
    I16,
    U16,
    Bf16,
    Fp16,
    I32,
    U32,
    Fp32,
    /// FP32 that the hardware may round on the way.
    Fp32r,
    I64,
    /// Three bits of exponent.
    Fp8E3,
    /// Four bits of exponent.
    Fp8E4,
    /// Five bits of exponent.
    Fp8E5,
}

impl Dtype {
    /// Every type, in the order of the codes.
    pub const ALL: [Dtype; 16] = [
        Dtype::Unknown,
        Dtype::U64,
        Dtype::I8,
        Dtype::U8,
        Dtype::I16,
        Dtype::U16,
        Dtype::Bf16,
        Dtype::Fp16,
        Dtype::I32,
        Dtype::U32,
        Dtype::Fp32,
        Dtype::Fp32r,
        Dtype::I64,
        Dtype::Fp8E3,
        Dtype::Fp8E4,
        Dtype::Fp8E5,
    ];

    /// The number of this type in `nrt_dtype_t` (header).
    #[must_use]
    pub fn code(self) -> u32 {
        self as u32
    }

    /// Bytes of one element, `None` if the type is unknown.
    #[must_use]
    pub fn bytes(self) -> Option<u64> {
        match self {
            Dtype::Unknown => None,
            Dtype::I8 | Dtype::U8 | Dtype::Fp8E3 | Dtype::Fp8E4 | Dtype::Fp8E5 => Some(1),
            Dtype::I16 | Dtype::U16 | Dtype::Bf16 | Dtype::Fp16 => Some(2),
            Dtype::I32 | Dtype::U32 | Dtype::Fp32 | Dtype::Fp32r => Some(4),
            Dtype::I64 | Dtype::U64 => Some(8),
        }
    }

    /// What the compiler calls this type in its descriptions.
    ///
    /// Observed for `float16` and `float32`; the others are the names of the kernel language (guide).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Dtype::Unknown => "unknown",
            Dtype::U64 => "uint64",
            Dtype::I8 => "int8",
            Dtype::U8 => "uint8",
            Dtype::I16 => "int16",
            Dtype::U16 => "uint16",
            Dtype::Bf16 => "bfloat16",
            Dtype::Fp16 => "float16",
            Dtype::I32 => "int32",
            Dtype::U32 => "uint32",
            Dtype::Fp32 => "float32",
            Dtype::Fp32r => "float32r",
            Dtype::I64 => "int64",
            Dtype::Fp8E3 => "float8e3",
            Dtype::Fp8E4 => "float8e4",
            Dtype::Fp8E5 => "float8e5",
        }
    }

    /// The type called `name`, which may be one of the spellings of other compilers.
    #[must_use]
    pub fn from_name(name: &str) -> Dtype {
        match name {
            "float8_e3m4" => Dtype::Fp8E3,
            "float8_e4m3" | "float8_e4m3fn" => Dtype::Fp8E4,
            "float8_e5m2" => Dtype::Fp8E5,
            "fp32r" => Dtype::Fp32r,
            name => Dtype::ALL.into_iter().find(|dtype| dtype.name() == name).unwrap_or_default(),
        }
    }
}

impl<'de> Deserialize<'de> for Dtype {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Dtype, D::Error> {
        String::deserialize(deserializer).map(|name| Dtype::from_name(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_the_header() {
        let codes = [
            (Dtype::Unknown, 0),
            (Dtype::U64, 1),
            (Dtype::I8, 2),
            (Dtype::U8, 3),
            (Dtype::I16, 4),
            (Dtype::U16, 5),
            (Dtype::Bf16, 6),
            (Dtype::Fp16, 7),
            (Dtype::I32, 8),
            (Dtype::U32, 9),
            (Dtype::Fp32, 10),
            (Dtype::Fp32r, 11),
            (Dtype::I64, 12),
            (Dtype::Fp8E3, 13),
            (Dtype::Fp8E4, 14),
            (Dtype::Fp8E5, 15),
        ];
        assert_eq!(codes.map(|(dtype, _)| dtype), Dtype::ALL);
        for (dtype, code) in codes {
            assert_eq!(dtype.code(), code, "{dtype:?}");
        }
    }

    #[test]
    fn every_type_is_found_by_its_name_and_nothing_else_is() {
        for dtype in Dtype::ALL {
            assert_eq!(Dtype::from_name(dtype.name()), dtype);
        }
        assert_eq!(Dtype::from_name("float8_e4m3"), Dtype::Fp8E4);
        assert_eq!(Dtype::from_name("complex64"), Dtype::Unknown);
    }
}
