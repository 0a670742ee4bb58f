//! What elements are, said again without the code under test, and loops that nobody could get wrong.

use sim_core::neff::Dtype;

/// The types of floats, with their bits of exponent and of mantissa.
pub(super) const FLOATS: [(Dtype, u32, u32); 7] = [
    (Dtype::Fp32, 8, 23),
    (Dtype::Fp32r, 8, 23),
    (Dtype::Fp16, 5, 10),
    (Dtype::Bf16, 8, 7),
    (Dtype::Fp8E3, 3, 4),
    (Dtype::Fp8E4, 4, 3),
    (Dtype::Fp8E5, 5, 2),
];

/// The types of integers, with their bits and whether they have a sign.
pub(super) const INTEGERS: [(Dtype, u32, bool); 8] = [
    (Dtype::I8, 8, true),
    (Dtype::U8, 8, false),
    (Dtype::I16, 16, true),
    (Dtype::U16, 16, false),
    (Dtype::I32, 32, true),
    (Dtype::U32, 32, false),
    (Dtype::I64, 64, true),
    (Dtype::U64, 64, false),
];

fn bits_of(dtype: Dtype) -> (u32, u32) {
    let (_, exponent, mantissa) =
        FLOATS.into_iter().find(|(float, ..)| *float == dtype).expect("a type of floats");
    (exponent, mantissa)
}

/// The number that an element's bits stand for; infinity counts as the number after the largest.
fn number(dtype: Dtype, code: u32) -> f64 {
    let (exponent_bits, mantissa_bits) = bits_of(dtype);
    let bias = (1 << (exponent_bits - 1)) - 1;
    let exponent = i32::try_from(code >> mantissa_bits & ((1 << exponent_bits) - 1)).expect("few bits");
    let mantissa = f64::from(code & ((1 << mantissa_bits) - 1)) / 2_f64.powi(mantissa_bits.cast_signed());
    let sign = if code >> (exponent_bits + mantissa_bits) == 1 { -1.0 } else { 1.0 };
    match exponent {
        0 => sign * mantissa * 2_f64.powi(1 - bias),
        _ => sign * (1.0 + mantissa) * 2_f64.powi(exponent - bias),
    }
}

/// The bits of the element of `dtype` that is nearest to `value`: even ones for what is half way.
pub(super) fn round(dtype: Dtype, value: f64) -> u32 {
    let (exponent_bits, mantissa_bits) = bits_of(dtype);
    let infinity = ((1 << exponent_bits) - 1) << mantissa_bits;
    let sign = u32::from(value.is_sign_negative()) << (exponent_bits + mantissa_bits);
    // The first code whose number is not below the value.
    let (mut low, mut high) = (0, infinity);
    while low < high {
        let middle = u32::midpoint(low, high);
        if number(dtype, middle) < value.abs() { low = middle + 1 } else { high = middle }
    }
    let above = low;
    let below = above.saturating_sub(1);
    let half = f64::midpoint(number(dtype, below), number(dtype, above));
    let is_below = value.abs() < half || value.abs() == half && below % 2 == 0;
    sign | if is_below { below } else { above }
}

/// The elements of `bytes`, as bits.
pub(super) fn codes(dtype: Dtype, bytes: &[u8]) -> Vec<u32> {
    let (exponent_bits, mantissa_bits) = bits_of(dtype);
    let width = usize::try_from((1 + exponent_bits + mantissa_bits) / 8).expect("small");
    let code = |element: &[u8]| element.iter().rev().fold(0, |code, byte| code << 8 | u32::from(*byte));
    bytes.chunks(width).map(code).collect()
}

/// The elements of `bytes`, with infinities and NaNs as they are.
pub(super) fn numbers(dtype: Dtype, bytes: &[u8]) -> Vec<f64> {
    let (exponent_bits, mantissa_bits) = bits_of(dtype);
    let infinity = ((1 << exponent_bits) - 1) << mantissa_bits;
    let real = |code: u32| {
        let magnitude = code & ((1 << (exponent_bits + mantissa_bits)) - 1);
        match magnitude.cmp(&infinity) {
            std::cmp::Ordering::Less => number(dtype, code),
            std::cmp::Ordering::Equal => f64::INFINITY * number(dtype, code).signum(),
            std::cmp::Ordering::Greater => f64::NAN,
        }
    };
    codes(dtype, bytes).into_iter().map(real).collect()
}

/// Half a step of `dtype` at `value`.
pub(super) fn half_step(dtype: Dtype, value: f64) -> f64 {
    let (exponent_bits, mantissa_bits) = bits_of(dtype);
    let smallest = 2_f64.powi(2 - (1 << (exponent_bits - 1)));
    value.abs().max(smallest) * 2_f64.powi(-1 - mantissa_bits.cast_signed())
}

/// The elements of `bytes`, integers of `bits`.
pub(super) fn integers(dtype: Dtype, bytes: &[u8]) -> Vec<i128> {
    let (_, bits, signed) = integer(dtype);
    let width = usize::try_from(bits / 8).expect("small");
    let code = |element: &[u8]| element.iter().rev().fold(0, |code, byte| code << 8 | i128::from(*byte));
    bytes.chunks(width).map(|element| wrap_to(bits, signed, code(element))).collect()
}

/// `value` as an integer of `dtype`, which wraps.
pub(super) fn wrap(dtype: Dtype, value: i128) -> i128 {
    let (_, bits, signed) = integer(dtype);
    wrap_to(bits, signed, value)
}

fn wrap_to(bits: u32, signed: bool, value: i128) -> i128 {
    let all = 1_i128 << bits;
    let value = value.rem_euclid(all);
    if signed && value >= all / 2 { value - all } else { value }
}

pub(super) fn integer(dtype: Dtype) -> (Dtype, u32, bool) {
    INTEGERS.into_iter().find(|(integer, ..)| *integer == dtype).expect("a type of integers")
}

/// Shapes of a product of matrices.
#[derive(Debug, Clone, Copy)]
pub(super) struct Product {
    pub(super) batch: usize,
    pub(super) m: usize,
    pub(super) k: usize,
    pub(super) n: usize,
    pub(super) transpose_a: bool,
    pub(super) transpose_b: bool,
    /// Whether there is but one right matrix.
    pub(super) shared: bool,
}

impl Product {
    /// The operator, and the tensors of a model it suits.
    pub(super) fn texts(&self, left: Dtype, right: Dtype, output: Dtype) -> (String, String) {
        let Product { batch, m, k, n, transpose_a, transpose_b, shared } = *self;
        let (a, b) = (if transpose_a { [k, m] } else { [m, k] }, if transpose_b { [n, k] } else { [k, n] });
        let right_batch = if shared { String::new() } else { format!("{batch},") };
        let [left, right, output] = [left.name(), right.name(), output.name()];
        (
            format!("matmul transpose_a = {transpose_a}\ntranspose_b = {transpose_b}"),
            format!(
                "a:{left}[{batch},{},{}] b:{right}[{right_batch}{},{}] -> c:{output}[{batch},{m},{n}]",
                a[0], a[1], b[0], b[1]
            ),
        )
    }

    /// For each element of the output, the pairs of elements that are multiplied for it.
    pub(super) fn pairs(&self) -> Vec<Vec<(usize, usize)>> {
        let Product { batch, m, k, n, transpose_a, transpose_b, shared } = *self;
        let mut all = Vec::new();
        for nth in 0..batch {
            for row in 0..m {
                for column in 0..n {
                    let left = |at| nth * m * k + if transpose_a { at * m + row } else { row * k + at };
                    let right = |at| if transpose_b { column * k + at } else { at * n + column };
                    let first = if shared { 0 } else { nth * k * n };
                    all.push((0..k).map(|at| (left(at), first + right(at))).collect());
                }
            }
        }
        all
    }
}
