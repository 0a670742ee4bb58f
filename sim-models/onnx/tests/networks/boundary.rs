//! Types that the runtime does not have: halves, and integers of other widths.

use half::{bf16, f16};
use rten_onnx::onnx::DataType;
use sim_core::neff::Dtype;
use sim_core::status::Status;
use sim_models::onnx::Onnx;

use crate::scene::{input, network, output, prepare, refusal, run, value};

/// `z = x + y` over `count` elements of `element`.
fn sum(element: DataType, count: &str) -> Vec<u8> {
    network(
        "Add",
        vec![value("x", element, &[count]), value("y", element, &[count])],
        value("z", element, &[count]),
    )
}

/// The bytes of `z` for the bytes of `x` and `y`, all of `dtype` in the NEFF.
fn added(element: DataType, dtype: Dtype, x: &[u8], y: &[u8]) -> Result<Vec<u8>, (Status, String)> {
    let count = x.len() as u64 / dtype.bytes().expect("known");
    let tensors = [input("x", dtype, &[count]), input("y", dtype, &[count]), output("z", dtype, &[count])];
    let kernel = prepare(sum(element, "n"), &tensors, Onnx::default()).expect("it fits");
    let mut results =
        run(&*kernel, &[x, y], &[x.len()]).map_err(|failure| (failure.status, failure.reason))?;
    Ok(results.remove(0))
}

fn all<const N: usize>(elements: impl IntoIterator<Item = [u8; N]>) -> Vec<u8> {
    elements.into_iter().flatten().collect()
}

#[test]
fn halves_of_both_kinds_are_widened_and_rounded_to_even() {
    for element in [DataType::FLOAT, DataType::FLOAT16] {
        // 2048 + 1 lies between two halves and goes to the even one, 2048 + 3 to 2052.
        let x = all([2048.0, 2048.0, 0.5, f32::INFINITY].map(|x| f16::from_f32(x).to_ne_bytes()));
        let y = all([1.0, 3.0, 0.25, 1.0].map(|y| f16::from_f32(y).to_ne_bytes()));
        let z = all([2048.0, 2052.0, 0.75, f32::INFINITY].map(|z| f16::from_f32(z).to_ne_bytes()));
        assert_eq!(added(element, Dtype::Fp16, &x, &y), Ok(z));
        let x = all([256.0, 256.0, 1.5].map(|x| bf16::from_f32(x).to_ne_bytes()));
        let y = all([1.0, 3.0, 0.25].map(|y| bf16::from_f32(y).to_ne_bytes()));
        let z = all([256.0, 260.0, 1.75].map(|z| bf16::from_f32(z).to_ne_bytes()));
        assert_eq!(added(element, Dtype::Bf16, &x, &y), Ok(z));
    }
}

#[test]
fn integers_of_any_width_pass_if_they_fit() {
    let element = DataType::INT64;
    let x = all([-5_i64, 1 << 30].map(i64::to_ne_bytes));
    let y = all([-5_i64, -1].map(i64::to_ne_bytes));
    assert_eq!(added(element, Dtype::I64, &x, &y), Ok(all([-10_i64, (1 << 30) - 1].map(i64::to_ne_bytes))));
    let x = all([200_u16, 40_000].map(u16::to_ne_bytes));
    let y = all([100_u16, 1].map(u16::to_ne_bytes));
    assert_eq!(added(element, Dtype::U16, &x, &y), Ok(all([300_u16, 40_001].map(u16::to_ne_bytes))));
    assert_eq!(added(DataType::INT32, Dtype::I8, &[1, 255], &[2, 1]), Ok(vec![3, 0]));
}

#[test]
fn an_integer_that_does_not_fit_ends_the_run_and_is_named() {
    let x = all([3_i64, 1 << 31].map(i64::to_ne_bytes));
    let (status, reason) = added(DataType::INT64, Dtype::I64, &x, &x).expect_err("too large for the runtime");
    assert_eq!(status, Status::ExecBadInput);
    assert!(reason.contains("\"x\": 2147483648 does not fit the 32 bits"), "{reason}");
    let (status, reason) = added(DataType::INT64, Dtype::U8, &[200], &[100]).expect_err("300 is no byte");
    assert_eq!(status, Status::Failure);
    assert!(reason.contains("output \"z\": 300 does not fit the NEFF's uint8"), "{reason}");
}

#[test]
fn truths_are_bytes_of_which_all_but_zero_are_true() {
    let bools = |name| value(name, DataType::BOOL, &["4"]);
    let file = network("And", vec![bools("x"), bools("y")], bools("z"));
    let dtype = Dtype::U8;
    let tensors = [input("x", dtype, &[4]), input("y", dtype, &[4]), output("z", dtype, &[4])];
    let kernel = prepare(file, &tensors, Onnx::default()).expect("it fits");
    let results = run(&*kernel, &[&[0, 1, 7, 1], &[1, 1, 255, 0]], &[4]).expect("it runs");
    assert_eq!(results, [[0, 1, 1, 0]]);
}

#[test]
fn types_that_do_not_go_together_are_refused_at_load() {
    let cases = [
        (DataType::FLOAT, Dtype::I32, "int32 and FLOAT do not go together"),
        (DataType::INT32, Dtype::Fp16, "float16 and INT32 do not go together"),
        (DataType::FLOAT, Dtype::Fp8E4, "do not go together"),
        (DataType::BFLOAT16, Dtype::Bf16, "has no BFLOAT16"),
        (DataType::UINT64, Dtype::U64, "has no UINT64"),
    ];
    for (element, dtype, expected) in cases {
        let tensors = [input("x", dtype, &[2]), input("y", dtype, &[2]), output("z", dtype, &[2])];
        let said = refusal(sum(element, "n"), &tensors, Onnx::default());
        assert!(said.contains(expected) && said.contains("x:"), "{said}");
    }
}
