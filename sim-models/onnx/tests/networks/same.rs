//! The plug-in computes what the runtime computes when it is called directly, bit for bit.

use half::f16;
use rten::{Model, Value};
use sim_core::neff::{Dtype, TensorSpec};
use sim_models::onnx::Onnx;

use crate::scene::{bytes, example, input, numbers, output, prepare, run};

/// What the runtime itself computes from the one input of `network`.
fn directly(network: &[u8], shape: &[usize], numbers: &[f32]) -> Vec<f32> {
    let model = Model::load(network.to_vec()).expect("the example loads");
    let value = Value::from_shape(shape, numbers.to_vec()).expect("the shape fits");
    match model.run_one(value.into(), None).expect("the example runs") {
        Value::FloatTensor(tensor) => tensor.into_data(),
        other => panic!("{:?}", other.dtype()),
    }
}

fn on_threads(threads: Option<u32>) -> Onnx {
    Onnx { threads, ..Onnx::default() }
}

fn assert_same(network: &str, tensors: &[TensorSpec]) {
    let file = example(network);
    let [from, to] = tensors else { panic!("one input and one output") };
    let shape: Vec<usize> = from.shape.iter().map(|&dim| dim as usize).collect();
    for threads in [None, Some(1), Some(2), Some(5)] {
        let kernel = prepare(file.clone(), tensors, on_threads(threads)).expect("the example fits");
        for seed in 0..8 {
            let numbers = numbers(shape.iter().product(), seed);
            let expected = bytes(&directly(&file, &shape, &numbers));
            let results = run(&*kernel, &[&bytes(&numbers)], &[to.size as usize]).expect("the example runs");
            assert_eq!(results, [expected], "{network}, seed {seed}, {threads:?} threads");
        }
    }
}

#[test]
fn the_perceptron_is_computed_as_the_runtime_does() {
    assert_same("mlp.onnx", &[input("x", Dtype::Fp32, &[4, 64]), output("y", Dtype::Fp32, &[4, 10])]);
}

#[test]
fn the_convolutions_are_computed_as_the_runtime_does() {
    let (image, features) =
        (input("image", Dtype::Fp32, &[1, 3, 16, 16]), output("features", Dtype::Fp32, &[1, 8, 8, 8]));
    assert_same("conv_block.onnx", &[image, features]);
}

#[test]
fn halves_are_those_of_the_runtime_rounded_once() {
    let file = example("mlp_f16.onnx");
    let tensors = [input("x", Dtype::Fp16, &[4, 64]), output("y", Dtype::Fp16, &[4, 10])];
    let kernel = prepare(file.clone(), &tensors, Onnx::default()).expect("the example fits");
    let halves: Vec<f16> = numbers(4 * 64, 3).into_iter().map(f16::from_f32).collect();
    let wide: Vec<f32> = halves.iter().map(|half| half.to_f32()).collect();
    let expected = directly(&file, &[4, 64], &wide);
    let expected: Vec<u8> = expected.iter().flat_map(|float| f16::from_f32(*float).to_ne_bytes()).collect();
    let given: Vec<u8> = halves.iter().flat_map(|half| half.to_ne_bytes()).collect();
    assert_eq!(run(&*kernel, &[&given], &[4 * 10 * 2]).expect("it runs"), [expected]);
}

#[test]
fn the_perceptron_ends_in_probabilities() {
    let tensors = [input("x", Dtype::Fp32, &[4, 64]), output("y", Dtype::Fp32, &[4, 10])];
    let kernel = prepare(example("mlp.onnx"), &tensors, Onnx::default()).expect("the example fits");
    let results = run(&*kernel, &[&bytes(&numbers(256, 1))], &[160]).expect("it runs");
    let floats: Vec<f32> = results[0].as_chunks().0.iter().map(|bytes| f32::from_ne_bytes(*bytes)).collect();
    for row in floats.chunks(10) {
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5 && row.iter().all(|p| *p > 0.0), "{row:?}");
    }
}
