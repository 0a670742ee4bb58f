//! Floating point in eight bits.

/// How eight bits are a number: a sign, some bits of exponent, and the rest of mantissa, as IEEE 754 has them
/// for wider types. So there are infinities and NaNs, and the largest number of [`Format::E4`] is 240.
///
/// The guide sets `float8_e4m3` apart from `float8_e4m3fn`, which has no infinity and a larger range; the
/// compilers' F8E4M3 is the one described here. E3 and E5 likewise (chosen here, after the compilers'
/// F8E3M4 and F8E5M2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Three bits of exponent, up to 15.5.
    E3,
    /// Four bits of exponent, up to 240.
    E4,
    /// Five bits of exponent, up to 57344.
    E5,
}

static E3: [f32; 256] = all(Format::E3);
static E4: [f32; 256] = all(Format::E4);
static E5: [f32; 256] = all(Format::E5);

impl Format {
    /// The number that each code stands for.
    pub fn numbers(self) -> &'static [f32; 256] {
        match self {
            Format::E3 => &E3,
            Format::E4 => &E4,
            Format::E5 => &E5,
        }
    }

    /// The code of the number nearest to `value`, that with an even code of two; infinity from half a step
    /// above the largest number on.
    pub fn encode(self, value: f32) -> u8 {
        let mantissa_bits = self.mantissa_bits();
        let sign = if value.is_sign_negative() { 0x80 } else { 0 };
        let infinity = 0x7f_u8 << mantissa_bits & 0x7f;
        if value.is_nan() {
            return sign | infinity | 1 << (mantissa_bits - 1);
        }
        let magnitude = value.abs();
        let code = if magnitude < power_of_two(1 - self.bias()) {
            // The numbers nearest to 0 are multiples of the smallest; rounding up past them is no exception.
            (magnitude * power_of_two(self.bias() - 1 + mantissa_bits.cast_signed())).round_ties_even() as u32
        } else {
            let dropped = f32::MANTISSA_DIGITS - 1 - mantissa_bits;
            let rebased = magnitude.to_bits() - ((127 - self.bias()).cast_unsigned() << 23);
            let half = (1 << (dropped - 1)) - 1 + (rebased >> dropped & 1);
            (rebased + half) >> dropped
        };
        sign | u8::try_from(code).unwrap_or(infinity).min(infinity)
    }

    const fn mantissa_bits(self) -> u32 {
        match self {
            Format::E3 => 4,
            Format::E4 => 3,
            Format::E5 => 2,
        }
    }

    /// What the bits of an exponent are larger by than the exponent.
    const fn bias(self) -> i32 {
        (1 << (6 - self.mantissa_bits())) - 1
    }

    const fn decode(self, code: u8) -> f32 {
        let mantissa_bits = self.mantissa_bits();
        let mantissa = (code & ((1 << mantissa_bits) - 1)) as u32;
        let exponent = ((code & 0x7f) >> mantissa_bits) as i32;
        let steps = mantissa as f32 * power_of_two(-mantissa_bits.cast_signed());
        let magnitude = match exponent {
            0 => steps * power_of_two(1 - self.bias()),
            _ if exponent <= 2 * self.bias() => (1.0 + steps) * power_of_two(exponent - self.bias()),
            _ if mantissa == 0 => f32::INFINITY,
            _ => f32::NAN,
        };
        if code < 0x80 { magnitude } else { -magnitude }
    }
}

const fn all(format: Format) -> [f32; 256] {
    let mut numbers = [0.0; 256];
    let mut code = 0;
    while code < 256 {
        numbers[code] = format.decode(code as u8);
        code += 1;
    }
    numbers
}

/// 2 to the power of `exponent`, which is that of a normal number.
const fn power_of_two(exponent: i32) -> f32 {
    f32::from_bits((exponent + 127).cast_unsigned() << 23)
}

#[cfg(test)]
mod tests {
    use super::Format;

    const FORMATS: [Format; 3] = [Format::E3, Format::E4, Format::E5];

    /// The codes of the numbers from 0 up to infinity, whose codes rise with them.
    fn positive(format: Format) -> impl Iterator<Item = u8> {
        (0..0x80).filter(move |&code: &u8| !format.numbers()[usize::from(code)].is_nan())
    }

    #[test]
    fn known_codes_are_known_numbers() {
        for (format, code, number) in [
            (Format::E3, 0x01_u8, 0.015_625),
            (Format::E3, 0x10, 0.25),
            (Format::E3, 0x30, 1.0),
            (Format::E3, 0x6f, 15.5),
            (Format::E3, 0x70, f32::INFINITY),
            (Format::E4, 0x01, 0.001_953_125),
            (Format::E4, 0x08, 0.015_625),
            (Format::E4, 0x38, 1.0),
            (Format::E4, 0x77, 240.0),
            (Format::E4, 0xf8, f32::NEG_INFINITY),
            (Format::E5, 0x01, 0.000_015_258_789),
            (Format::E5, 0x3c, 1.0),
            (Format::E5, 0x7b, 57344.0),
            (Format::E5, 0xbe, -1.5),
        ] {
            assert_eq!(format.numbers()[usize::from(code)], number, "{format:?} {code:#x}");
        }
    }

    #[test]
    fn every_code_comes_back_from_its_number() {
        for format in FORMATS {
            for code in 0..=u8::MAX {
                let number = format.numbers()[usize::from(code)];
                let back = format.encode(number);
                if number.is_nan() {
                    assert!(format.numbers()[usize::from(back)].is_nan(), "{format:?} {code:#x}");
                    assert_eq!(back & 0x80, code & 0x80, "the sign of a NaN, {format:?} {code:#x}");
                } else {
                    assert_eq!(back, code, "{format:?}");
                }
            }
        }
    }

    #[test]
    fn what_lies_between_goes_to_the_nearest_and_halves_to_the_even_code() {
        for format in FORMATS {
            let codes: Vec<u8> = positive(format).collect();
            for pair in codes.windows(2) {
                let number = |code: u8| format.numbers()[usize::from(code)];
                let (low, high) = (number(pair[0]), number(pair[1]));
                // Infinity stands where the next number would be.
                let step = if high.is_infinite() { low - number(pair[0] - 1) } else { high - low };
                let half = low + step / 2.0;
                let even = if pair[0] % 2 == 0 { pair[0] } else { pair[1] };
                assert_eq!(format.encode(half.next_down()), pair[0], "{format:?} below {half}");
                assert_eq!(format.encode(half), even, "{format:?} at {half}");
                assert_eq!(format.encode(half.next_up()), pair[1], "{format:?} above {half}");
                assert_eq!(format.encode(-half), even | 0x80, "{format:?} at -{half}");
            }
        }
    }

    #[test]
    fn the_extremes_of_float32_have_codes() {
        for format in FORMATS {
            let infinity = format.encode(f32::INFINITY);
            assert_eq!(format.encode(f32::MAX), infinity);
            assert_eq!(format.encode(f32::from_bits(1)), 0);
            assert_eq!(format.encode(-f32::from_bits(1)), 0x80);
            assert_eq!(format.encode(-0.0), 0x80);
        }
    }
}
