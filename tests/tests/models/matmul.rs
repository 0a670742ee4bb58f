//! A product of float16 matrices, as clients in C, Python and Rust see it: against float64, on our own NEFF and
//! on the compiler's, whatever computes it.

use std::path::{Path, PathBuf};
use std::process::Command;

use half::f16;
use nrt_tests::build;
use nrt_tests::child::{folder, in_child};
use nrt_tests::nrt::Nrt;
use nrt_tests::program::{Program, Way, plug_in, settle, text};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sim_core::neff::{Arch, Dtype, NeffBuilder, Target, TensorSpec, Usage};

const M: usize = 128;
const K: usize = 256;
const N: usize = 128;

/// A model with the compiler's signature.
fn own_neff() -> Vec<u8> {
    let spec = |name, usage, shape: [usize; 2]| {
        TensorSpec::new(name, usage, Dtype::Fp16, shape.map(|dim| dim as u64))
    };
    let builder = NeffBuilder::new("matmul_small", Target::Arch(Arch::V3))
        .lnc(2)
        .tensor(spec("x", Usage::Input, [M, K]))
        .tensor(spec("y", Usage::Input, [K, N]))
        .tensor(spec("output0", Usage::Output, [M, N]));
    builder.build().expect("in memory")
}

/// The compiler's own model, if the specification is there.
fn real_neff() -> Option<PathBuf> {
    build::specification().map(|folder| folder.join("neff/matmul_small.neff"))
}

/// The NEFFs there are: ours, written to `folder`, and the compiler's.
fn neffs(folder: &Path) -> Vec<PathBuf> {
    let own = folder.join("own.neff");
    std::fs::write(&own, own_neff()).expect("writable");
    std::iter::once(own).chain(real_neff()).collect()
}

/// What can multiply: bindings in TOML, with their names. Makes a plug-in in `folder`.
fn kernels(folder: &Path) -> [(&'static str, String); 3] {
    build::build(&["sim-onnx"]);
    let plug_in = plug_in("examples/kernels/c/scaled_matmul.c", &[], folder, "libscaled_matmul.so");
    let onnx = build::root().join("examples/models/matmul.onnx");
    let inputs = "signature = 'x:float16[128,256], y:float16[256,128] -> output0:float16[128,128]'";
    let binding = |kernel: &str| format!("[[model]]\n{inputs}\nkernel = {kernel}\n");
    [
        ("operator", binding("'matmul'")),
        ("ONNX", binding(&format!("{{ use = 'onnx', file = '{}' }}", onnx.display()))),
        ("plug-in", binding(&format!("{{ use = 'plugin', library = '{}' }}", plug_in.display()))),
    ]
}

/// Runs the program of `command` on each NEFF with each kernel.
fn on_every_kernel(command: impl Fn() -> Command) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let kernels = kernels(folder.path());
    for neff in neffs(folder.path()) {
        for (name, bindings) in &kernels {
            let mut command = command();
            command.env("NRT_SIM_INSTANCE", "trn2").env("NRT_SIM_MODELS", bindings).arg(&neff);
            let output = command.output().expect("it starts");
            let said = text(&output);
            assert!(output.status.success(), "{name}, {}: {}\n{said}", neff.display(), output.status);
            assert_eq!(said.lines().filter(|line| line.contains("worst error")).count(), 4, "{name}: {said}");
        }
    }
}

#[test]
fn a_client_in_c_gets_the_product() {
    let preloaded = Program::compile("tests/c/models/matmul.c", Way::Preloaded);
    on_every_kernel(|| preloaded.command());
}

#[test]
fn a_client_in_python_gets_the_product() {
    let numpy = Command::new("python3").args(["-c", "import numpy"]).output();
    if !numpy.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: python3 or numpy is not installed");
        return;
    }
    on_every_kernel(|| {
        let mut python = Command::new("python3");
        settle(&mut python);
        python.env("LD_LIBRARY_PATH", build::products()).arg("-B");
        python.arg(build::root().join("tests/python/matmul.py"));
        python
    });
}

/// A random matrix, and its bytes.
fn random(generator: &mut impl Rng, len: usize) -> (Vec<f16>, Vec<u8>) {
    let values: Vec<f16> = (0..len)
        .map(|_| f16::from_f64(f64::from(generator.next_u32()) / f64::from(u32::MAX) * 2.0 - 1.0))
        .collect();
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    (values, bytes)
}

#[track_caller]
fn compare(x: &[f16], y: &[f16], product: &[u8]) {
    for (place, bytes) in product.chunks_exact(2).enumerate() {
        let (row, column) = (place / N, place % N);
        let terms = (0..K).map(|k| x[row * K + k].to_f64() * y[k * N + column].to_f64());
        let expected: f64 = terms.sum();
        let got = f16::from_le_bytes([bytes[0], bytes[1]]).to_f64();
        assert!(
            (got - expected).abs() <= 1e-3 * expected.abs().max(1.0),
            "{row}, {column}: {got}, {expected}"
        );
    }
}

#[test]
fn a_client_in_rust_gets_the_product() {
    in_child(&[("NRT_SIM_INSTANCE", "trn2"), ("NRT_SIM_MODELS", "{folder}/b.toml")], || {
        let folder = folder().expect("a child");
        let mut generator = Xoshiro256PlusPlus::seed_from_u64(5);
        let kernels = kernels(&folder);
        for neff in neffs(&folder) {
            for (_, bindings) in &kernels {
                std::fs::write(folder.join("b.toml"), bindings).expect("writable");
                let nrt = Nrt::start();
                let model = nrt.model(&std::fs::read(&neff).expect("readable"), 0);
                let [x, y, out] = [2 * M * K, 2 * K * N, 2 * M * N].map(|size| nrt.tensor(0, size));
                let (inputs, outputs) = (nrt.set(&[(c"x", x), (c"y", y)]), nrt.set(&[(c"output0", out)]));
                let ((left, left_bytes), (right, right_bytes)) =
                    (random(&mut generator, M * K), random(&mut generator, K * N));
                assert_eq!((nrt.tensor_write)(x, left_bytes.as_ptr(), 0, left_bytes.len()), 0);
                assert_eq!((nrt.tensor_write)(y, right_bytes.as_ptr(), 0, right_bytes.len()), 0);
                assert_eq!((nrt.execute)(model, inputs, outputs), 0);
                compare(&left, &right, &nrt.contents(out, 2 * M * N));

                assert_eq!((nrt.tensor_memset)(out, 0, 7, 2 * M * N), 0);
                let (mut status, mut seq) = (77, 0);
                assert_eq!((nrt.schedule)(model, inputs, outputs, 0, &raw mut status, &raw mut seq), 0);
                while !Nrt::get(|done| (nrt.is_completed)(seq, done)) {}
                assert_eq!(status, 0);
                compare(&left, &right, &nrt.contents(out, 2 * M * N));
                (nrt.close)();
            }
        }
    });
}
