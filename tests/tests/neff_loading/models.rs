//! What a loaded model declares, and how it ends.

use std::ffi::CString;
use std::os::fd::AsRawFd;

use nrt_tests::child::in_child;
use nrt_tests::nrt::{Info, Nrt};
use nrt_tests::{build, neff};
use rustix::event::EventfdFlags;
use sim_core::neff::{Arch, Dtype, NeffBuilder, Target, TensorSpec, Usage};

use crate::forge::for_arch;

const INVALID: u32 = 2;
const INVALID_HANDLE: u32 = 3;

#[test]
fn a_model_declares_its_tensors() {
    in_child(&[], || {
        let nrt = Nrt::start();
        let mut builder = NeffBuilder::new("m", Target::Any);
        let mut expected = vec![];
        for (usage, prefix) in [(Usage::Input, "in"), (Usage::Output, "out")] {
            for dtype in Dtype::ALL {
                let name = format!("{prefix}_{}", dtype.name());
                let shape = [1, 2, u64::from(dtype.code()) + 1];
                builder = builder.tensor(TensorSpec::new(&name, usage, dtype, shape));
                let elements = 2 * (dtype.code() as usize + 1);
                expected.push(Info {
                    name,
                    usage: usage as u32,
                    size: elements * usize::try_from(dtype.bytes().unwrap_or(1)).expect("small"),
                    dtype: dtype.code(),
                    shape: vec![1, 2, dtype.code() + 1],
                });
            }
        }
        // Inputs first, each half by name: the order of the builder plays no part.
        expected.sort_by_key(|info| (info.usage, info.name.clone()));
        let model = nrt.model(&builder.build().expect("in memory"), 0);
        assert_eq!(nrt.tensor_infos(model), expected);
        // Arrays outlive the model and the runtime.
        let array = Nrt::get(|array| (nrt.model_tensor_info)(model, array));
        assert_eq!((nrt.unload)(model), 0);
        (nrt.close)();
        assert_eq!((nrt.free_tensor_info)(array), 0);
        assert_eq!((nrt.free_tensor_info)(array), INVALID_HANDLE);
    });
}

#[test]
fn names_and_shapes_at_their_limits_are_declared() {
    in_child(&[], || {
        let nrt = Nrt::start();
        // Cut after 255 bytes at most, and never inside a character.
        let long = format!("{}\u{1f600} and so on", "n".repeat(252));
        let spec = |name, usage, shape: Vec<u64>| TensorSpec::new(name, usage, Dtype::U8, shape);
        let builder = NeffBuilder::new("m", Target::Any)
            .tensor(spec("", Usage::Input, vec![]))
            .tensor(spec(&long, Usage::Input, vec![1; 32]))
            .tensor(spec("empty", Usage::Output, vec![7, 0]));
        let model = nrt.model(&builder.build().expect("in memory"), 0);
        let infos = nrt.tensor_infos(model);
        let about: Vec<_> = infos.iter().map(|info| (info.name.len(), info.size, info.shape.len())).collect();
        assert_eq!(about, [(0, 1, 0), (252, 1, 32), (5, 0, 2)]);
        // What a model calls its tensors is what sets find them by.
        let set = nrt.set(&[]);
        for info in &infos {
            let name = CString::new(info.name.as_str()).expect("no zeros");
            assert_eq!((nrt.set_add)(set, name.as_ptr(), nrt.tensor(0, info.size)), 0);
        }
        assert_eq!((nrt.schedule)(model, set, set, 0, &mut 0, &mut 0), 0);
        (nrt.close)();

        // Without tensors there is an array too.
        Nrt::start();
        let model = nrt.model(&for_arch(Arch::V2, 1), 0);
        assert_eq!(nrt.tensor_infos(model), []);
        let empty = nrt.set(&[]);
        assert_eq!((nrt.execute)(model, empty, empty), 0);
    });
}

#[test]
fn unloading_waits_for_what_runs_and_ends_the_handle() {
    in_child(&[("NRT_SIM_TIME", "wall:1000")], || {
        let nrt = Nrt::start();
        let before = nrt.memory(0);
        let model = nrt.model(&neff::small(), 0);
        let tensors = [0; 3].map(|core| nrt.tensor(core, 64));
        let (inputs, outputs) =
            (nrt.set(&[(c"x", tensors[0]), (c"y", tensors[1])]), nrt.set(&[(c"out", tensors[2])]));
        let event = rustix::event::eventfd(0, EventfdFlags::NONBLOCK).expect("descriptors are left");
        assert_eq!((nrt.register_xu)(0, 1, 0, event.as_raw_fd()), 0);
        let mut statuses = [77; 4];
        let mut last = 0;
        for status in &mut statuses {
            assert_eq!((nrt.schedule)(model, inputs, outputs, 0, status, &raw mut last), 0);
        }
        for tensor in tensors {
            (nrt.tensor_free)(&mut tensor.clone()); // the runs keep them
        }
        assert_eq!((nrt.unload)(model), 0);
        assert_eq!(statuses, [0; 4]);
        assert!(Nrt::get(|done| (nrt.is_completed)(last, done)));
        assert_eq!(nrt.memory(0), before);

        let mut seq = 99;
        let mut status = 77;
        let late = (nrt.schedule)(model, inputs, outputs, 0, &raw mut status, &raw mut seq);
        assert_eq!((late, status, seq), (INVALID_HANDLE, 77, 99));
        assert_eq!((nrt.execute)(model, inputs, outputs), INVALID_HANDLE);
        assert_eq!((nrt.unload)(model), INVALID_HANDLE);
        (nrt.close)(); // signals are given after the number is published, and before this returns
        let mut count = [0; 8];
        assert_eq!(rustix::io::read(&event, &mut count), Ok(8));
        assert_eq!(u64::from_ne_bytes(count), 4);
    });
}

#[test]
fn collectives_of_one_rank_are_loaded() {
    in_child(&[], || {
        let nrt = Nrt::start();
        let small = neff::small();
        let load = |rank, ranks| {
            let mut model = 77;
            let status =
                (nrt.load_collectives)(small.as_ptr(), small.len(), 0, -1, rank, ranks, &raw mut model);
            (status, (status != 0).then_some(model))
        };
        assert_eq!(load(0, 1), (0, None));
        for (rank, ranks, status) in [(0, 2, 1), (1, 2, 1), (1, 1, 2), (0, 0, 2), (u32::MAX, 1, 2)] {
            assert_eq!(load(rank, ranks), (status, Some(77)), "{rank} of {ranks}");
        }
    });
}

/// The compiler's own NEFF, for trn2 at LNC 2, if the tests were given it.
fn sample() -> Option<Vec<u8>> {
    build::specification().map(|folder| std::fs::read(folder.join("neff/matmul_small.neff")).expect("there"))
}

#[test]
fn the_compilers_own_neff_is_loaded_and_runs() {
    let Some(sample) = sample() else { return };
    in_child(&[("NRT_SIM_INSTANCE", "trn2"), ("NEURON_LOGICAL_NC_CONFIG", "2")], || {
        let nrt = Nrt::start();
        let model = nrt.model(&sample, 0);
        let info = |name: &str, usage, shape: [u32; 2]| Info {
            name: name.to_owned(),
            usage,
            size: shape.iter().product::<u32>() as usize * 2,
            dtype: Dtype::Fp16.code(),
            shape: shape.to_vec(),
        };
        let expected = [info("x", 0, [128, 256]), info("y", 0, [256, 128]), info("output0", 1, [128, 128])];
        assert_eq!(nrt.tensor_infos(model), expected);
        let tensors = expected.map(|info| nrt.tensor(0, info.size));
        let inputs = nrt.set(&[(c"x", tensors[0]), (c"y", tensors[1])]);
        let outputs = nrt.set(&[(c"output0", tensors[2])]);
        assert_eq!((nrt.execute)(model, inputs, outputs), 0);
        assert!(nrt.contents(tensors[2], 64).iter().any(|byte| *byte != 0));
    });
}

#[test]
fn the_compilers_own_neff_is_refused_on_an_older_device() {
    let Some(sample) = sample() else { return };
    in_child(&[("NRT_SIM_INSTANCE", "trn1")], || {
        assert_eq!(Nrt::start().try_load(&sample, 0), (INVALID, 0));
    });
}

#[test]
fn the_compilers_own_neff_is_refused_with_another_lnc() {
    let Some(sample) = sample() else { return };
    in_child(&[("NRT_SIM_INSTANCE", "trn2"), ("NEURON_LOGICAL_NC_CONFIG", "1")], || {
        assert_eq!(Nrt::start().try_load(&sample, 0), (INVALID, 0));
    });
}
