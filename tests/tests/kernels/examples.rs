//! The examples of `examples/kernels`, built as their first lines say.

use nrt_tests::build;
use sim_core::neff::Dtype;
use sim_models::recipe::Refusal;

use nrt_tests::program::plug_in;

use crate::library::{prepare, recipe, run, signature};

fn bytes(floats: &[f32]) -> Vec<u8> {
    floats.iter().flat_map(|float| float.to_ne_bytes()).collect()
}

#[test]
fn the_example_in_c_multiplies_matrices() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = "examples/kernels/c/scaled_matmul.c";
    plug_in(source, &[], folder.path(), "libscaled_matmul.so");
    let prepare = |options: &[(&str, &str)], dtype: Dtype, columns: u64| {
        let (inputs, outputs) =
            ([("x", dtype, &[2, 3][..]), ("y", dtype, &[3, 2])], [("z", dtype, &[2, columns][..])]);
        prepare(&recipe("libscaled_matmul.so", options), folder.path(), &signature(&inputs, &outputs))
    };
    let (x, y) = (bytes(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), bytes(&[1.0, 0.0, 0.0, 1.0, 1.0, 1.0]));
    let kernel = prepare(&[("factor", "0.5")], Dtype::Fp32, 2).expect("it fits");
    assert_eq!(run(&*kernel, &[x, y], 16).expect("it runs"), bytes(&[2.0, 2.5, 5.0, 5.5]));
    // The same in halves: 1 is 0x3c00, 3 is 0x4200.
    let kernel = prepare(&[], Dtype::Fp16, 2).expect("it fits");
    let ones: Vec<u8> = [0x3c00_u16; 6].iter().flat_map(|half| half.to_ne_bytes()).collect();
    let threes: Vec<u8> = [0x4200_u16; 4].iter().flat_map(|half| half.to_ne_bytes()).collect();
    assert_eq!(run(&*kernel, &[ones.clone(), ones], 8).expect("it runs"), threes);
    let refused = [
        (prepare(&[("factor", "two")], Dtype::Fp32, 2), "factor = \"two\" is no option"),
        (prepare(&[], Dtype::Fp32, 3), "are not [M,K], [K,N] and [M,N]"),
        (prepare(&[], Dtype::I32, 2), "are not all float16 or all float32"),
    ];
    for (prepared, expected) in refused {
        let Err(Refusal(said)) = prepared else { panic!("accepted: {expected}") };
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn the_example_in_rust_scales_and_adds() {
    let folder = build::build(&["axpy-kernel"]);
    let tensors = |dtype| [("x", dtype, &[3][..]), ("y", dtype, &[3])];
    let prepare = |options: &[(&str, &str)], dtype| {
        let signature = signature(&tensors(dtype), &[("z", dtype, &[3])]);
        prepare(&recipe("libaxpy.so", options), folder, &signature)
    };
    let kernel = prepare(&[("factor", "2")], Dtype::Fp32).expect("it fits");
    let (x, y) = (bytes(&[1.0, 2.0, 3.0]), bytes(&[10.0, 20.0, 30.0]));
    assert_eq!(run(&*kernel, &[x, y], 12).expect("it runs"), bytes(&[12.0, 24.0, 36.0]));
    let Err(Refusal(said)) = prepare(&[], Dtype::Fp16) else { panic!("float16 is accepted") };
    assert!(said.contains("axpy (") && said.contains("x is not float32"), "{said}");
}
