//! Names and shapes of the NEFF against those of the network.

use std::collections::BTreeMap;

use rten_onnx::onnx::DataType;
use sim_core::neff::{Dtype, TensorSpec};
use sim_core::status::Status;
use sim_models::onnx::Onnx;

use crate::scene::{bytes, input, network, output, prepare, refusal, run, value};

const FLOAT: DataType = DataType::FLOAT;
const F32: Dtype = Dtype::Fp32;

/// `out = left - right`, of `n` rows and 2 columns each.
fn difference() -> Vec<u8> {
    let rows = |name| value(name, FLOAT, &["n", "2"]);
    network("Sub", vec![rows("left"), rows("right")], rows("out"))
}

fn tensors(rows: u64) -> [TensorSpec; 3] {
    [input("left", F32, &[rows, 2]), input("right", F32, &[rows, 2]), output("out", F32, &[rows, 2])]
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(neff, onnx)| ((*neff).to_owned(), (*onnx).to_owned())).collect()
}

#[test]
fn names_of_the_neff_may_be_others_and_in_another_order() {
    // Sorted by name, `a` comes first, and it is what is subtracted.
    let tensors = [input("a", F32, &[1, 2]), input("b", F32, &[1, 2]), output("result", F32, &[1, 2])];
    let recipe = Onnx {
        inputs: map(&[("a", "right"), ("b", "left")]),
        outputs: map(&[("result", "out")]),
        ..Onnx::default()
    };
    let kernel = prepare(difference(), &tensors, recipe).expect("it fits");
    let results = run(&*kernel, &[&bytes(&[1.0, 2.0]), &bytes(&[10.0, 20.0])], &[8]).expect("it runs");
    assert_eq!(results, [bytes(&[9.0, 18.0])]);
}

#[test]
fn a_dimension_with_a_name_takes_any_size_but_one() {
    for rows in [1, 3, 17] {
        assert!(prepare(difference(), &tensors(rows), Onnx::default()).is_ok(), "{rows}");
    }
    let [left, _, out] = tensors(3);
    let said = refusal(difference(), &[left, input("right", F32, &[4, 2]), out], Onnx::default());
    assert!(said.contains("right:float32[4,2]") && said.contains("n is 4, but 3 in \"left\""), "{said}");
}

#[test]
fn what_does_not_fit_is_refused_at_load_with_both_sides_named() {
    let [left, right, out] = tensors(3);
    let spec = |shape: &[u64]| input("right", F32, shape);
    let cases: [(Vec<TensorSpec>, &str); 8] = [
        (vec![left.clone(), spec(&[3, 5]), out.clone()], "5 elements instead of 2"),
        (vec![left.clone(), spec(&[6]), out.clone()], "1 dimensions instead of 2"),
        (
            vec![left.clone(), TensorSpec { size: 25, ..spec(&[3, 2]) }, out.clone()],
            "the 25 bytes that the NEFF has",
        ),
        (
            vec![left.clone(), out.clone()],
            "right:FLOAT[n,2] gets nothing; name it for one of the NEFF's inputs: left:float32[3,2], \
             as in inputs = { left = \"right\" }",
        ),
        (vec![left.clone(), input("rihgt", F32, &[3, 2]), out.clone()], "no input \"rihgt\" for the NEFF's"),
        (
            vec![left.clone(), input("r:0", F32, &[3, 2]), out.clone()],
            "say which belongs to it, as in inputs = { \"r:0\" = \"right\" }",
        ),
        (
            vec![left.clone(), right.clone(), output("result", F32, &[3, 2])],
            "no output \"result\" for the NEFF's",
        ),
        (vec![left.clone(), right.clone(), output("out", F32, &[3, 3])], "3 elements instead of 2"),
    ];
    for (tensors, expected) in cases {
        let said = refusal(difference(), &tensors, Onnx::default());
        assert!(said.contains(expected) && said.contains("network.onnx"), "{expected}: {said}");
    }
}

#[test]
fn names_and_threads_of_the_recipe_are_checked() {
    let with = |inputs, threads| Onnx { inputs, threads, ..Onnx::default() };
    let cases = [
        (
            with(map(&[("lfet", "left")]), None),
            "inputs = { lfet = \"left\" }: the NEFF has no input of the name \"lfet\"; it has left:float32[3,2], right",
        ),
        (
            Onnx { outputs: map(&[("left", "out")]), ..Onnx::default() },
            "outputs = { left = \"out\" }: the NEFF has no output of the name \"left\"; it has out:float32[3,2]",
        ),
        (with(map(&[("right", "left")]), None), "named for two tensors"),
        (with(BTreeMap::new(), Some(0)), "threads is \"0\""),
        (with(BTreeMap::new(), Some(1000)), "threads is \"1000\""),
    ];
    for (recipe, expected) in cases {
        let said = refusal(difference(), &tensors(3), recipe);
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[test]
fn an_output_of_another_shape_ends_the_run() {
    // The file says nothing true about the size of what it computes.
    let file = network("Flatten", vec![value("x", FLOAT, &["2", "3"])], value("y", FLOAT, &["p", "q"]));
    let tensors = [input("x", F32, &[2, 3]), output("y", F32, &[3, 2])];
    let kernel = prepare(file, &tensors, Onnx::default()).expect("nothing contradicts it");
    let failure = run(&*kernel, &[&bytes(&[0.0; 6])], &[24]).expect_err("3 by 2 is not 2 by 3");
    assert_eq!(failure.status, Status::Failure);
    assert!(failure.reason.contains("computed the shape [2, 3], the NEFF has [3, 2]"), "{failure}");
}

#[test]
fn an_operator_that_cannot_take_its_inputs_ends_the_run() {
    let file = network(
        "MatMul",
        vec![value("x", FLOAT, &["a", "b"]), value("y", FLOAT, &["c", "d"])],
        value("z", FLOAT, &["a", "d"]),
    );
    let tensors = [input("x", F32, &[2, 3]), input("y", F32, &[4, 2]), output("z", F32, &[2, 2])];
    let kernel = prepare(file, &tensors, Onnx::default()).expect("the names do not contradict it");
    let failure = run(&*kernel, &[&bytes(&[0.0; 6]), &bytes(&[0.0; 8])], &[16]).expect_err("3 is not 4");
    assert!(failure.reason.contains("the_matmul"), "{failure}");
}
