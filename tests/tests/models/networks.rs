//! ONNX networks from end to end: built into a NEFF, loaded and run as any model, against the ONNX runtime called
//! directly, bit for bit.

use std::fs;
use std::path::Path;
use std::process::Command;

use nrt_tests::build;
use nrt_tests::child::{Log, folder, in_child};
use nrt_tests::nrt::Nrt;
use nrt_tests::program::text;
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rten::{Model, Value};

/// The example network `name`.
fn example(name: &str) -> Vec<u8> {
    fs::read(build::root().join("examples/models").join(name)).expect("an example")
}

/// The NEFF that `nrt-sim neff build --onnx` makes of it.
fn built(name: &str, folder: &Path) -> Vec<u8> {
    let neff = folder.join("built.neff");
    let mut build = Command::new(build::products().join("nrt-sim"));
    build.args(["neff", "build", "--onnx"]).arg(build::root().join("examples/models").join(name));
    build.args(["--target", "trn2", "-o"]).arg(&neff);
    let output = build.output().expect("it was built");
    assert!(output.status.success(), "{}", text(&output));
    fs::read(neff).expect("just written")
}

/// Numbers in [-1, 1) as bytes of float32.
fn random(generator: &mut impl Rng, bytes: usize) -> Vec<f32> {
    (0..bytes / 4).map(|_| f64::from(generator.next_u32()) as f32 / 2_f32.powi(31) - 1.0).collect()
}

fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// What the runtime itself computes from the one input of `network`.
fn directly(network: &Model, shape: &[usize], numbers: Vec<f32>) -> Vec<f32> {
    let value = Value::from_shape(shape, numbers).expect("the shape fits");
    match network.run_one(value.into(), None).expect("the example runs") {
        Value::FloatTensor(tensor) => tensor.into_data(),
        other => panic!("{:?}", other.dtype()),
    }
}

fn is_the_same(name: &str) {
    build::build(&["sim-onnx"]);
    let nrt = Nrt::start();
    let model = nrt.model(&built(name, &folder().expect("a child")), 0);
    let infos = nrt.tensor_infos(model);
    let [from, to] = infos.as_slice() else { panic!("one input and one output: {infos:?}") };
    let (x, y) = (nrt.tensor(0, from.size), nrt.tensor(0, to.size));
    let named = |info: &str| std::ffi::CString::new(info).expect("no zeros");
    let (inputs, outputs) = (nrt.set(&[(&named(&from.name), x)]), nrt.set(&[(&named(&to.name), y)]));
    let network = Model::load(example(name)).expect("the example loads");
    let shape: Vec<usize> = from.shape.iter().map(|&dim| dim as usize).collect();
    let mut generator = Xoshiro256PlusPlus::seed_from_u64(3);
    for round in 0..6 {
        let numbers = random(&mut generator, from.size);
        let given = bytes(&numbers);
        assert_eq!((nrt.tensor_write)(x, given.as_ptr(), 0, given.len()), 0);
        if round % 2 == 0 {
            assert_eq!((nrt.execute)(model, inputs, outputs), 0);
        } else {
            let (mut status, mut seq) = (77, 0);
            assert_eq!((nrt.schedule)(model, inputs, outputs, 0, &raw mut status, &raw mut seq), 0);
            while !Nrt::get(|done| (nrt.is_completed)(seq, done)) {}
            assert_eq!(status, 0);
        }
        assert_eq!(nrt.contents(y, to.size), bytes(&directly(&network, &shape, numbers)), "round {round}");
    }
}

#[test]
fn the_perceptron_is_computed_as_the_runtime_does() {
    in_child(&[("NRT_SIM_INSTANCE", "trn2")], || is_the_same("mlp.onnx"));
}

#[test]
fn the_convolutions_are_computed_as_the_runtime_does() {
    in_child(&[("NRT_SIM_INSTANCE", "trn2")], || is_the_same("conv_block.onnx"));
}

#[test]
fn without_the_plug_in_the_load_fails_with_what_to_do() {
    in_child(&[("NRT_SIM_INSTANCE", "trn2"), ("NRT_SIM_ONNX_LIB", "{folder}/none.so")], || {
        let neff = built("mlp.onnx", &folder().expect("a child"));
        let nrt = Nrt::start();
        let mut log = Log::open();
        assert_eq!(nrt.try_load(&neff, 0), (2, 0));
        let lines = log.lines();
        assert!(lines[0].message.contains("none.so: build it with `cargo build -p sim-onnx`"), "{lines:?}");
    });
}
