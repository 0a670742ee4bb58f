//! What a run does with its tensors, and what it ends with.

use nrt_tests::child::{Log, in_child};
use nrt_tests::neff;
use nrt_tests::nrt::{Handle, Nrt};
use sim_core::neff::{Arch, Dtype, NeffBuilder, Target, TensorSpec, Usage};

/// `NRT_EXEC_COMPLETED_WITH_NUM_ERR`.
const NUMERICAL: u32 = 1003;

/// The tensors of a model of one input and one output.
struct Bound {
    input: Handle,
    output: Handle,
    inputs: Handle,
    outputs: Handle,
}

/// Tensors of `size` bytes, called `x` and `out`.
fn bind(nrt: &Nrt, size: usize) -> Bound {
    let [input, output] = [0; 2].map(|core| nrt.tensor(core, size));
    let (inputs, outputs) = (nrt.set(&[(c"x", input)]), nrt.set(&[(c"out", output)]));
    Bound { input, output, inputs, outputs }
}

/// A model from `x` to `out`, each of `elements` float32, with a sidecar.
fn model(elements: u64, target: Target, lnc: u32, sidecar: &str) -> Vec<u8> {
    let spec = |name, usage| TensorSpec::new(name, usage, Dtype::Fp32, [elements]);
    let builder = NeffBuilder::new("m", target)
        .lnc(lnc)
        .tensor(spec("x", Usage::Input))
        .tensor(spec("out", Usage::Output))
        .attach("model.toml", sidecar);
    builder.build().expect("in memory")
}

fn write(nrt: &Nrt, tensor: Handle, bytes: &[u8]) {
    assert_eq!((nrt.tensor_write)(tensor, bytes.as_ptr(), 0, bytes.len()), 0);
}

#[test]
fn inputs_are_read_and_outputs_written_at_the_end_of_a_run() {
    in_child(&[("NRT_SIM_TIME", "wall")], || {
        let nrt = Nrt::start();
        let model = nrt.model(&model(16, Target::Any, 1, "kernel = 'echo'\ntime = '1s'"), 0);
        // On a machine that stands still for a second the run may end too early; that proves nothing.
        let seen = (0..5).find_map(|_| {
            let Bound { input, output, inputs, outputs } = bind(nrt, 64);
            write(nrt, input, &[1; 64]);
            write(nrt, output, &[9; 64]);
            let (mut status, mut seq) = (77, 0);
            assert_eq!((nrt.schedule)(model, inputs, outputs, 0, &raw mut status, &raw mut seq), 0);
            write(nrt, input, &[2; 64]);
            let before = nrt.contents(output, 64);
            let in_time = !Nrt::get(|done| (nrt.is_completed)(seq, done));
            while !Nrt::get(|done| (nrt.is_completed)(seq, done)) {}
            assert_eq!(status, 0);
            in_time.then(|| (before, nrt.contents(output, 64)))
        });
        assert_eq!(seen.expect("a second is long"), (vec![9; 64], vec![2; 64]));
    });
}

#[test]
fn a_nan_in_an_output_is_no_error_unless_it_is_looked_for() {
    in_child(&[], || {
        let nrt = Nrt::start();
        let model = nrt.model(&model(4, Target::Any, 1, "kernel = { use = 'constant', value = nan }"), 0);
        let tensors = bind(nrt, 16);
        assert_eq!((nrt.execute)(model, tensors.inputs, tensors.outputs), 0);
    });
}

#[test]
fn a_nan_in_an_output_is_reported_where_it_is_looked_for_and_the_outputs_are_there() {
    in_child(&[("NEURON_RT_NUMERICAL_ERRORS_VERBOSITY", "critical")], || {
        let nrt = Nrt::start();
        let nan = nrt.model(&model(4, Target::Any, 1, "kernel = { use = 'constant', value = nan }"), 0);
        let one = nrt.model(&model(4, Target::Any, 1, "kernel = { use = 'constant', value = 1.0 }"), 0);
        let Bound { output, inputs, outputs, .. } = bind(nrt, 16);
        let mut log = Log::open();
        assert_eq!((nrt.execute)(nan, inputs, outputs), NUMERICAL);
        let lines = log.lines();
        assert!(lines[0].message.contains("output \"out\" has a NaN"), "{lines:?}");
        let number = f32::from_le_bytes(nrt.contents(output, 4).try_into().expect("four bytes"));
        assert!(number.is_nan());
        // The unit is healthy.
        let (mut status, mut seq) = (77, 0);
        assert_eq!((nrt.schedule)(one, inputs, outputs, 0, &raw mut status, &raw mut seq), 0);
        while !Nrt::get(|done| (nrt.is_completed)(seq, done)) {}
        assert_eq!((status, nrt.contents(output, 4)), (0, 1_f32.to_le_bytes().to_vec()));
    });
}

#[test]
fn tensors_may_be_larger_than_the_model_says_and_what_is_beyond_stays() {
    in_child(&[], || {
        let nrt = Nrt::start();
        let model = nrt.model(&model(4, Target::Any, 1, "kernel = 'identity'"), 0);
        let Bound { input, output, inputs, outputs } = bind(nrt, 24);
        write(nrt, input, &[5; 24]);
        write(nrt, output, &[9; 24]);
        assert_eq!((nrt.execute)(model, inputs, outputs), 0);
        assert_eq!(nrt.contents(output, 24), [[5; 16].as_slice(), &[9; 8]].concat());
    });
}

#[test]
fn a_model_for_two_physical_cores_runs_once() {
    in_child(&[("NRT_SIM_INSTANCE", "trn2")], || {
        let nrt = Nrt::start();
        // In place: were it run twice, it would add twice.
        let sidecar = "kernel = { use = 'add', inputs = ['x', 'x'] }";
        let model = nrt.model(&model(4, Target::Arch(Arch::V3), 2, sidecar), 0);
        let tensor = nrt.tensor(0, 16);
        write(nrt, tensor, &[1_f32; 4].map(f32::to_le_bytes).concat());
        let (inputs, outputs) = (nrt.set(&[(c"x", tensor)]), nrt.set(&[(c"out", tensor)]));
        assert_eq!((nrt.execute)(model, inputs, outputs), 0);
        assert_eq!(nrt.contents(tensor, 16), [2_f32; 4].map(f32::to_le_bytes).concat());
        assert_eq!((nrt.check_output)(tensor, 0, 1), 0);
    });
}

#[test]
fn a_kernel_that_does_not_fit_fails_the_load_and_nothing_is_left() {
    in_child(&[("NRT_SIM_MODELS", "model=[{kernel='matmul'}]")], || {
        let nrt = Nrt::start();
        let before = nrt.memory(0);
        let mut log = Log::open();
        assert_eq!(nrt.try_load(&neff::small(), 0), (2, 0));
        let lines = log.lines();
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        for part in ["NRT_SIM_MODELS, model 1: kernel matmul: ", "float32[16]"] {
            assert!(line.message.contains(part), "{part}: {line:?}");
        }
        assert_eq!(nrt.memory(0), before);
    });
}
