//! Collectives that cannot be meant, or are not simulated.

use std::ffi::c_int;
use std::ptr;

use nrt_tests::child::in_child;
use nrt_tests::collective::{Collective, Comm, TensorList};
use nrt_tests::nrt::{Handle, Nrt, Out};

use crate::scene::{FAILURE, INVALID, INVALID_HANDLE, MAX, REPORT, Scene};

const NOT_SIMULATED: &str = "not simulated; see docs/limitations.md";

/// What can be handed over, and a change to it that makes it wrong.
type Wrong<'a> = (&'a str, &'a dyn Fn(&mut Collective));

/// Both releases refuse each of `all` with `status`.
#[track_caller]
fn refuse(scene: &mut Scene, good: &Collective, status: u32, all: &[Wrong<'_>]) {
    let nrt = scene.nrt;
    for (words, spoil) in all {
        let mut collective = good.clone();
        spoil(&mut collective);
        for prepare in [nrt.cc_prepare, nrt.old_cc_prepare] {
            scene.refuses("nrta_cc_prepare", status, words, |p| collective.prepare(prepare, p.at(0)));
        }
    }
}

/// Calls `schedule` with a place that holds `handle`, and must hold it afterwards.
fn kept(handle: Handle, schedule: impl FnOnce(Out<Handle>) -> u32) -> u32 {
    let mut place = handle;
    let answer = schedule(&raw mut place);
    assert_eq!(place, handle);
    answer
}

#[test]
fn a_missing_pointer_of_a_collective_is_named() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, tensor, other, tracker, .. } = scene;
        let good = Collective::alone(0, tensor, other);
        refuse(&mut scene, &good, INVALID, &[("replica_group is NULL", &|c| c.group.clear())]);
        let comm = Comm { replica_group: good.group.as_ptr(), ..good.comm };
        for prepare in [nrt.cc_prepare, nrt.old_cc_prepare] {
            let name = "nrta_cc_prepare";
            let null = ptr::null();
            scene.refuses(name, INVALID, "comm is NULL", |p| {
                prepare(null, p.at(0), p.at(0), 10, 0, 1, p.at(1))
            });
            scene.refuses(name, INVALID, "input is NULL", |p| {
                prepare(&raw const comm, ptr::null(), p.at(0), 10, 0, 1, p.at(1))
            });
            scene.refuses(name, INVALID, "output is NULL", |p| {
                prepare(&raw const comm, p.at(0), ptr::null(), 10, 0, 1, p.at(1))
            });
            scene.refuses(name, INVALID, "cc_ctx is NULL", |_| good.prepare(prepare, ptr::null_mut()));
        }
        let (no_tensors, tensors) = (
            TensorList { tensors: ptr::null(), num_tensors: 1 },
            TensorList { tensors: &raw const tensor, num_tensors: 1 },
        );
        for (words, input, output) in
            [("input is NULL", &no_tensors, &tensors), ("output is NULL", &tensors, &no_tensors)]
        {
            scene.refuses("nrta_cc_prepare", INVALID, words, |p| {
                (nrt.cc_prepare)(&raw const comm, input, output, 10, 0, 1, p.at(0))
            });
        }
        let mut context = good.context(nrt);
        let kept = context;
        let (place, mut none): (Out<Handle>, Handle) = (&raw mut context, 0);
        let name = "nrta_cc_schedule";
        scene.refuses(name, INVALID, "cc_ctx is NULL", |p| {
            (nrt.cc_schedule)(ptr::null_mut(), 0, p.at(0), p.at(1))
        });
        scene
            .refuses(name, INVALID, "ret is NULL", |p| (nrt.cc_schedule)(place, 0, ptr::null_mut(), p.at(1)));
        scene.refuses(name, INVALID, "req_sequence is NULL", |p| {
            (nrt.cc_schedule)(place, 0, p.at(0), ptr::null_mut())
        });
        scene.refuses(name, INVALID, "cc_ctx is NULL", |p| {
            (nrt.old_cc_schedule)(ptr::null_mut(), 0, tracker, p.at(0))
        });
        scene.refuses(name, INVALID, "req_sequence is NULL", |_| {
            (nrt.old_cc_schedule)(place, 0, tracker, ptr::null_mut())
        });
        scene.refuses(name, INVALID, "collective context is NULL", |p| {
            (nrt.cc_schedule)(&raw mut none, 0, p.at(0), p.at(1))
        });
        assert_eq!(context, kept);
        scene.refuses("nrt_all_gather", INVALID, "input is NULL", |p| {
            (nrt.all_gather)(0, 0, 1, 8, ptr::null(), p.at(0))
        });
        scene.refuses("nrt_all_gather", INVALID, "output is NULL", |p| {
            (nrt.all_gather)(0, 0, 1, 8, p.at(0), ptr::null_mut())
        });
    });
}

#[test]
fn whatever_is_no_tensor_or_context_of_a_collective_is_refused() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, tensor, other, tracker, freed, .. } = scene;
        scene.refuse_handles(
            "tensor",
            freed.tensor,
            &[
                ("nrta_cc_prepare", &|h, p| Collective::alone(0, h, other).prepare(nrt.cc_prepare, p.at(0))),
                ("nrta_cc_prepare", &|h, p| Collective::alone(0, tensor, h).prepare(nrt.cc_prepare, p.at(0))),
            ],
        );
        let mut context = Collective::alone(0, tensor, other).context(nrt);
        let used = context;
        let mut status = 77;
        let seq = Nrt::get(|seq| (nrt.cc_schedule)(&raw mut context, 0, &raw mut status, seq));
        while !Nrt::get(|done| (nrt.is_completed)(seq, done)) {}
        scene.refuse_handles(
            "collective context",
            used,
            &[
                ("nrta_cc_schedule", &|h, p| kept(h, |place| (nrt.cc_schedule)(place, 0, p.at(0), p.at(1)))),
                ("nrta_cc_schedule", &|h, p| {
                    kept(h, |place| (nrt.old_cc_schedule)(place, 0, tracker, p.at(1)))
                }),
            ],
        );
    });
}

#[test]
fn calls_to_schedule_a_collective_in_the_form_of_another_release_are_refused() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, tensor, other, tracker, freed, .. } = scene;
        let mut context = Collective::alone(0, tensor, other).context(nrt);
        let kept = context;
        let place: Out<Handle> = &raw mut context;
        scene.refuses("nrta_cc_schedule", INVALID, "ret is", |p| {
            (nrt.cc_schedule)(place, 0, ptr::without_provenance_mut(tracker as usize), p.at(0))
        });
        for tracker in [freed.tracker, tensor] {
            scene.refuses("nrta_cc_schedule", INVALID_HANDLE, "error tracker", |p| {
                (nrt.old_cc_schedule)(place, 0, tracker, p.at(0))
            });
        }
        scene.refuses("nrta_cc_schedule", INVALID_HANDLE, "error tracker", |p| {
            let status: Out<u32> = p.at(0);
            (nrt.old_cc_schedule)(place, 0, status.expose_provenance() as u64, p.at(1))
        });
        assert_eq!(context, kept);
    });
}

#[test]
fn numbers_of_a_collective_that_do_not_exist_are_named() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, tensor, other, tracker, .. } = scene;
        let good = Collective::alone(0, tensor, other);
        for number in [3, 4, 15, 255, u32::MAX] {
            let words = format!("cc_op is {number}, expected 0 to 3");
            refuse(&mut scene, &good, INVALID, &[(&words, &|c| c.cc_op = number)]);
        }
        for number in [4, 15, u32::MAX] {
            let words = format!("op is {number}, expected 0 to 4");
            let reduces: [Wrong<'_>; 2] =
                [(&words, &|c| c.op = number), (&words, &|c| (c.cc_op, c.op) = (2, number))];
            refuse(&mut scene, &good, INVALID, &reduces);
        }
        for number in [0, 16, 255, u32::MAX] {
            let words = format!("dtype is {number}, expected 1 to 15");
            refuse(&mut scene, &good, INVALID, &[(&words, &|c| c.dtype = number)]);
        }
        for core in [2, 255, 256, u32::MAX] {
            let words = format!("vnc is {core}, expected 0 to 2 exclusive");
            refuse(&mut scene, &good, INVALID, &[(&words, &|c| c.comm.vnc = core)]);
            scene.refuses("nrt_cc_global_comm_init", INVALID, &words, |_| {
                (nrt.cc_global_comm_init)(core, 0, 1)
            });
        }
        for core in [2, 256, -1, c_int::MIN] {
            let words = format!("vnc is {core}, expected 0 to 2 exclusive");
            scene.refuses("nrt_build_global_comm", INVALID, &words, |_| (nrt.build_global_comm)(core, 0, 1));
            scene.refuses("nrt_barrier", INVALID, &words, |_| (nrt.barrier)(core, 0, 1));
            scene.refuses("nrt_all_gather", INVALID, &words, |p| {
                (nrt.all_gather)(core, 0, 1, 8, p.at(0), p.at(1))
            });
        }
        let mut context = good.context(nrt);
        let (place, kept): (Out<Handle>, Handle) = (&raw mut context, context);
        for queue in [3, 4, 16, 255, 256, -1, c_int::MAX, c_int::MIN] {
            let words = format!("parameter for collectives XU. XU only supports 3 queues. (queue={queue})");
            scene.refuses("nrta_cc_schedule", INVALID, &words, |p| {
                (nrt.cc_schedule)(place, queue, p.at(0), p.at(1))
            });
            scene.refuses("nrta_cc_schedule", INVALID, &words, |p| {
                (nrt.old_cc_schedule)(place, queue, tracker, p.at(0))
            });
        }
        assert_eq!(context, kept);
    });
}

#[test]
fn groups_that_cannot_be_are_refused_and_larger_worlds_are_not_simulated() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, tensor, other, .. } = scene;
        let good = Collective::alone(0, tensor, other);
        let wrong: [Wrong<'_>; 7] = [
            ("ctx_device_id is 1, ctx_device_count 1", &|c| c.comm.ctx_device_id = 1),
            ("ctx_device_id is 0, ctx_device_count 0", &|c| c.comm.ctx_device_count = 0),
            ("ctx_device_id is 2, ctx_device_count 2", &|c| {
                (c.comm.ctx_device_id, c.comm.ctx_device_count) = (2, 2);
            }),
            ("rank is 1, rank_n 1", &|c| c.comm.rank = 1),
            ("rank is 0, rank_n 0", &|c| c.comm.rank_n = 0),
            ("rank is 0, rank_n 2", &|c| c.comm.rank_n = 2),
            ("replica_group is [1]", &|c| c.group[0] = 1),
        ];
        refuse(&mut scene, &good, INVALID, &wrong);
        for (rank, ranks) in [(1, 1), (0, 0), (2, 2), (u32::MAX, u32::MAX)] {
            let words = format!("g_device_id is {rank}, g_device_count {ranks}");
            scene.refuses("nrt_build_global_comm", INVALID, &words, |_| {
                (nrt.build_global_comm)(0, rank, ranks)
            });
            scene.refuses("nrt_cc_global_comm_init", INVALID, &words, |_| {
                (nrt.cc_global_comm_init)(0, rank, ranks)
            });
            scene.refuses("nrt_barrier", INVALID, &words, |_| (nrt.barrier)(0, rank, ranks));
            scene.refuses("nrt_all_gather", INVALID, &words, |p| {
                (nrt.all_gather)(0, rank, ranks, 8, p.at(0), p.at(1))
            });
        }
        // Said once in a process for each function.
        scene.refuses("nrt_build_global_comm", FAILURE, NOT_SIMULATED, |_| (nrt.build_global_comm)(0, 1, 2));
        scene.refuses("nrt_cc_global_comm_init", FAILURE, NOT_SIMULATED, |_| {
            (nrt.cc_global_comm_init)(0, 0, 2)
        });
        scene.refuses("nrt_barrier", FAILURE, NOT_SIMULATED, |_| (nrt.barrier)(0, 0, 2));
        scene.refuses("nrt_all_gather", FAILURE, NOT_SIMULATED, |p| {
            (nrt.all_gather)(0, 0, 2, 8, p.at(0), p.at(1))
        });
        let mut larger = good.clone();
        (larger.comm.ctx_device_count, larger.comm.rank_n, larger.group) = (2, 2, vec![0, 1]);
        scene.refuses("nrta_cc_prepare", FAILURE, NOT_SIMULATED, |p| larger.prepare(nrt.cc_prepare, p.at(0)));
        let mut part = good.clone();
        part.comm.ctx_device_count = 2;
        let multiplied = Collective { op: 1, ..good };
        for collective in [larger, part, multiplied] {
            let mut context = 7;
            assert_eq!(collective.prepare(nrt.old_cc_prepare, &raw mut context), FAILURE, "{collective:?}");
            assert_eq!((context, scene.log.lines()), (7, vec![]));
        }
    });
}

#[test]
fn tensors_that_do_not_fit_a_collective_are_refused() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, tensor, other, elsewhere, on_host, empty, .. } = scene;
        let good = Collective::alone(0, tensor, other);
        let [short, odd] = [nrt.tensor(0, 60), nrt.tensor(0, 63)];
        let bank = "HBM 1 was passed to a collective on lnc 0, which has HBM 0";
        let wrong: [Wrong<'_>; 14] = [
            ("input has 64 bytes, output 60", &|c| c.output = vec![short]),
            ("input has 60 bytes, output 64", &|c| (c.cc_op, c.input) = (0, vec![short])),
            ("input has 64 bytes, output 63", &|c| (c.cc_op, c.output) = (2, vec![odd])),
            ("63 bytes are no whole number", &|c| (c.input, c.output) = (vec![odd], vec![odd])),
            ("60 bytes are no whole number", &|c| {
                (c.dtype, c.input, c.output) = (12, vec![short], vec![short]);
            }),
            (bank, &|c| c.input = vec![elsewhere]),
            (bank, &|c| c.output = vec![elsewhere]),
            ("HBM 0 was passed to a collective on lnc 1, which has HBM 1", &|c| c.comm.vnc = 1),
            ("only supports device allocated tensors", &|c| c.input = vec![on_host]),
            ("only supports device allocated tensors", &|c| c.output = vec![on_host]),
            ("is empty", &|c| c.input = vec![empty]),
            ("is empty", &|c| c.output = vec![empty]),
            ("input has 2 tensors, expected 1", &|c| c.input.push(tensor)),
            ("output has 0 tensors, expected 1", &|c| c.output.clear()),
        ];
        refuse(&mut scene, &good, INVALID, &wrong);
        let list = |num_tensors| TensorList { tensors: &raw const tensor, num_tensors };
        let comm = Comm { replica_group: good.group.as_ptr(), ..good.comm };
        for (tensors, words) in
            [(list(MAX), "input has 18446744073709551615 tensors"), (list(3), "input has 3")]
        {
            scene.refuses("nrta_cc_prepare", INVALID, words, |p| {
                let list = &raw const tensors;
                (nrt.cc_prepare)(&raw const comm, list, list, 10, 0, 1, p.at(0))
            });
        }
    });
}
