//! Operators for which types do not matter, or that lead from one kind to the other.

use proptest::prelude::*;
use sim_core::neff::Dtype;

use super::reference::{FLOATS, INTEGERS, codes, integers, numbers, round};
use super::run::{floats, operator, prepare, run, signature};

#[test]
fn moving_operators_take_any_type() {
    for dtype in Dtype::ALL {
        let width = usize::try_from(dtype.bytes().unwrap_or(1)).expect("small");
        let bytes: Vec<u8> = (1..).take(6 * width).collect();
        let same = signature(&format!("x:{0}[2,3] -> y:{0}[2,3]", dtype.name()));
        assert_eq!(run("identity", &same, std::slice::from_ref(&bytes)), [&*bytes], "{dtype:?}");
        assert_eq!(run("zeros", &same, std::slice::from_ref(&bytes)), [vec![0; bytes.len()]], "{dtype:?}");
        let others = signature(&format!("x:{0}[6] -> y:{0}[2] z:int8[4]", dtype.name()));
        assert_eq!(
            run("echo", &others, std::slice::from_ref(&bytes)),
            [bytes[..2 * width].to_vec(), vec![0; 4]],
            "{dtype:?}"
        );
    }
}

#[test]
fn inputs_are_taken_by_name_or_in_the_order_of_names() {
    let pairs = signature("a:int8[1] b:int8[1] -> y:int8[1] z:int8[1]");
    let inputs = [vec![1], vec![2]];
    for name in ["identity", "echo", "relu", "cast"] {
        assert_eq!(run(name, &pairs, &inputs), [[1], [2]], "{name}");
        assert_eq!(run(&format!("{name} inputs = [\"b\", \"a\"]"), &pairs, &inputs), [[2], [1]], "{name}");
        assert_eq!(run(&format!("{name} inputs = [\"b\", \"b\"]"), &pairs, &inputs), [[2], [2]], "{name}");
    }
    let one = signature("a:int8[1,1] b:int8[1,1] c:int8[1,1] -> y:int8[1,1]");
    let inputs = [vec![3], vec![4], vec![5]];
    assert_eq!(run("add inputs = [\"a\", \"c\"]", &one, &inputs), [[8]]);
    assert_eq!(run("mul inputs = [\"c\", \"c\"]", &one, &inputs), [[25]]);
    assert_eq!(run("reduce operation = \"sum\"\naxis = 0\ninputs = [\"b\"]", &one, &inputs), [[4]]);
    let product = signature("a:int8[2,1] b:int8[1,2] -> y:int8[1,1]");
    let inputs = [vec![1, 2], vec![3, 4]];
    assert_eq!(run("matmul inputs = [\"b\", \"a\"]", &product, &inputs), [[11]]);
}

#[test]
fn scalars_and_empty_tensors_are_computed_with() {
    for (dtype, ..) in FLOATS {
        let name = dtype.name();
        let number = |value| floats(dtype, &[value]);
        let scalars = signature(&format!("x:{name}[] y:{name}[] -> z:{name}[]"));
        assert_eq!(run("add", &scalars, &[number(1.0), number(2.0)]), [number(3.0)]);
        let one = signature(&format!("x:{name}[] -> z:{name}[]"));
        assert_eq!(run("reduce operation = \"sum\"", &one, &[number(2.0)]), [number(2.0)]);
        assert_eq!(
            run("cast", &signature(&format!("x:{name}[0,3] -> y:int8[0,3]")), &[vec![]]),
            [Vec::<u8>::new()]
        );
        assert_eq!(
            run("softmax", &signature(&format!("x:{name}[0,3] -> y:{name}[0,3]")), &[vec![]]),
            [Vec::<u8>::new()]
        );
        assert_eq!(
            run("softmax", &signature(&format!("x:{name}[3,0] -> y:{name}[3,0]")), &[vec![]]),
            [Vec::<u8>::new()]
        );
        let sums = signature(&format!("x:{name}[2,0] -> y:{name}[2]"));
        assert_eq!(
            run("reduce operation = \"sum\"\naxis = 1", &sums, &[vec![]]),
            [floats(dtype, &[0.0, 0.0])]
        );
        let max = signature(&format!("x:{name}[2,0] -> y:{name}[0]"));
        assert_eq!(run("reduce operation = \"max\"\naxis = 0", &max, &[vec![]]), [Vec::<u8>::new()]);
        for (m, k, n) in [(2, 0, 1), (0, 2, 1), (2, 2, 0)] {
            let text = format!("x:{name}[{m},{k}] y:{name}[{k},{n}] -> z:{name}[{m},{n}]");
            let inputs = [(m * k), (k * n)].map(|count| floats(dtype, &vec![1.0; count]));
            assert_eq!(
                run("matmul", &signature(&text), &inputs),
                [floats(dtype, &vec![0.0; m * n])],
                "{text}"
            );
        }
        let all = signature(&format!("x:{name}[2,2] -> y:{name}[1]"));
        let x = floats(dtype, &[1.0, 2.0, 3.0, 4.0]);
        assert_eq!(run("reduce operation = \"sum\"", &all, &[x]), [number(10.0)]);
    }
}

#[test]
fn a_tensor_without_a_shape_is_a_row() {
    let mut unshaped = signature("x:int16[] -> y:int16[]");
    unshaped.inputs[0].size = 6;
    unshaped.outputs[0].size = 6;
    assert_eq!(run("relu", &unshaped, &[vec![1, 0, 255, 255, 2, 0]]), [[1, 0, 0, 0, 2, 0]]);
}

proptest! {
    #[test]
    fn integers_become_the_nearest_float(seed: i64, shift in 0..64_u32) {
        // Up to 53 bits, float64 says what is right.
        let value = seed >> shift.max(11);
        for (to, ..) in FLOATS {
            let signature = signature(&format!("x:int64[1] -> y:{}[1]", to.name()));
            let y = run("cast", &signature, &[value.to_le_bytes().to_vec()]);
            prop_assert_eq!(codes(to, &y[0]), [round(to, value as f64)], "{} as {:?}", value, to);
        }
    }

    #[test]
    fn floats_become_integers_towards_0_and_stop_at_the_limits(value: f32) {
        for (from, ..) in FLOATS {
            let input = floats(from, &[value.into()]);
            let exact = numbers(from, &input)[0];
            for (to, bits, signed) in INTEGERS {
                let signature = signature(&format!("x:{}[1] -> y:{}[1]", from.name(), to.name()));
                let y = integers(to, &run("cast", &signature, std::slice::from_ref(&input))[0]);
                let (min, max) =
                    if signed { (-1 << (bits - 1), (1 << (bits - 1)) - 1) } else { (0, (1_i128 << bits) - 1) };
                let whole = if exact.is_nan() { 0.0 } else { exact.trunc() };
                let limited = if whole >= max as f64 { max } else if whole <= min as f64 { min } else { whole as i128 };
                prop_assert_eq!(y, [limited], "{} as {:?}", exact, to);
            }
        }
    }
}

#[test]
fn large_integers_are_rounded_once() {
    // Half way between two numbers of bfloat16, and a little more, which float32 and float64 do not see.
    let half = (1_u64 << 62) + (1 << 54);
    let cast = |value: u64, to: Dtype| {
        let signature = signature(&format!("x:uint64[1] -> y:{}[1]", to.name()));
        codes(to, &run("cast", &signature, &[value.to_le_bytes().to_vec()])[0])[0]
    };
    let even = round(Dtype::Bf16, 2_f64.powi(62));
    assert_eq!(cast(half - 1, Dtype::Bf16), even);
    assert_eq!(cast(half, Dtype::Bf16), even);
    assert_eq!(cast(half + 1, Dtype::Bf16), even + 1);
    assert_eq!(cast(u64::MAX, Dtype::Fp32), round(Dtype::Fp32, 2_f64.powi(64)));
    assert_eq!(cast((1 << 62) + (1 << 38) + 1, Dtype::Fp32), round(Dtype::Fp32, 2_f64.powi(62)) + 1);
}

#[test]
fn a_constant_keeps_every_bit() {
    let constant = |value: &str, dtype: Dtype| {
        let outputs = signature(&format!("-> y:{0}[3] z:{0}[]", dtype.name()));
        let [row, one] = <[Vec<u8>; 2]>::try_from(run(&format!("constant value = {value}"), &outputs, &[]))
            .expect("two outputs");
        assert_eq!(row, one.repeat(3), "{value} as {dtype:?}");
        one
    };
    for value in [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX] {
        assert_eq!(constant(&value.to_string(), Dtype::I64), value.to_le_bytes());
    }
    for value in [u64::MAX, u64::MAX - 1, 1 << 63, i64::MAX.cast_unsigned()] {
        assert_eq!(constant(&value.to_string(), Dtype::U64), value.to_le_bytes());
    }
    for (dtype, ..) in INTEGERS {
        assert_eq!(integers(dtype, &constant("100", dtype)), [100]);
        assert_eq!(integers(dtype, &constant("7.0", dtype)), [7]);
    }
    for (dtype, ..) in FLOATS {
        for value in ["0.1", "-2.5", "3", "1e-300", "-0.0", "15"] {
            let exact = value.parse().expect("a number");
            assert_eq!(codes(dtype, &constant(value, dtype)), [round(dtype, exact)], "{value} as {dtype:?}");
        }
        assert_eq!(numbers(dtype, &constant("-inf", dtype)), [f64::NEG_INFINITY]);
        assert!(numbers(dtype, &constant("nan", dtype))[0].is_nan());
    }
    // Half way between 1 and the next number of float16, and a little more, which float32 does not see.
    assert_eq!(codes(Dtype::Fp16, &constant("1.00048828125000001", Dtype::Fp16)), [0x3c00]);
    assert_eq!(codes(Dtype::Fp16, &constant("1.0004882812500002", Dtype::Fp16)), [0x3c01]);
}

#[test]
fn only_small_work_is_light() {
    let light = |text: &str, tensors: &str| {
        let signature = signature(tensors);
        let specs = signature.inputs.iter().chain(&signature.outputs);
        prepare(text, &signature).expect("suits").is_light(specs.map(|spec| spec.size).sum())
    };
    assert!(light("echo", "x:int8[32768] -> y:int8[32768]"));
    assert!(!light("echo", "x:int8[32769] -> y:int8[32768]"));
    assert!(light("add", "x:float32[256] y:float32[256] -> z:float32[256]"));
    assert!(!light("add", "x:float32[512] y:float32[512] -> z:float32[512]"));
    assert!(light("matmul", "x:float32[16,16] y:float32[16,16] -> z:float32[16,16]"));
    assert!(light("matmul", "x:int32[16,16] y:int32[16,16] -> z:int32[16,16]"));
    assert!(!light("matmul", "x:int32[20,20] y:int32[20,20] -> z:int32[20,20]"));
    assert!(!light("matmul", "x:float32[64,64] y:float32[64,64] -> z:float32[64,64]"));
    assert!(!light("matmul", "x:float32[1,4096] y:float32[4096,1] -> z:float32[1,1]"));
}

#[test]
fn multiplications_are_counted() {
    let macs = |tensors: &str| operator("matmul").expect("its name").macs(&signature(tensors));
    assert_eq!(macs("x:float16[128,256] y:float16[256,64] -> z:float16[128,64]"), Some(128 * 256 * 64));
    assert_eq!(macs("x:int8[5,2,3] y:int8[3,4] -> z:int32[5,2,4]"), Some(5 * 2 * 3 * 4));
    assert_eq!(macs("x:int8[5,2,3] y:int8[5,3,4] -> z:int32[5,2,4]"), Some(5 * 2 * 3 * 4));
    assert_eq!(macs("x:int8[2,3] y:int8[4,3] -> z:int8[2,4]"), None);
    assert_eq!(operator("add").expect("its name").macs(&signature("x:int8[2] y:int8[2] -> z:int8[2]")), None);
}
