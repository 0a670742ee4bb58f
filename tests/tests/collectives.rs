//! Collectives of one rank: what they do to data, and how their unit's queues behave.

use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use nrt_tests::child::in_child;
use nrt_tests::collective::Collective;
use nrt_tests::neff;
use nrt_tests::nrt::{Handle, Nrt, Out};
use rustix::event::EventfdFlags;

const INVALID_HANDLE: u32 = 3;
const RESOURCE: u32 = 4;
const UNRECOVERABLE: u32 = 101;
const COLLECTIVES_BROKEN: u32 = 1200;
/// The kind of the unit: since 2.29, and in 2.28.
const XU: i32 = 2;
const OLD_XU: i32 = 4;
/// The second request of queue 0 of core 0 kills it.
const SECOND_IS_FATAL: (&str, &str) =
    ("NRT_SIM_FAULTS", "rule=[{unit=\"collectives\",core=0,queue=0,nth=2,status=1200}]");

/// Bytes that differ from call to call.
fn pattern(seed: usize) -> Vec<u8> {
    (0..64_usize).map(|at| u8::try_from((seed * 31 + at * 7) % 251).expect("below 251")).collect()
}

/// A tensor of 64 bytes on `core` that holds `bytes`.
fn filled(nrt: &Nrt, core: i32, bytes: &[u8]) -> Handle {
    let tensor = nrt.tensor(core, bytes.len());
    assert_eq!((nrt.tensor_write)(tensor, bytes.as_ptr(), 0, bytes.len()), 0);
    tensor
}

/// Queues what `context` holds, and waits for it. The status and the number of the request.
#[track_caller]
fn run(nrt: &Nrt, mut context: Handle, queue: i32) -> (u32, u64) {
    let status = AtomicU32::new(77);
    let seq = Nrt::get(|seq| (nrt.cc_schedule)(&raw mut context, queue, status.as_ptr(), seq));
    assert_eq!(context, 0, "it is taken over");
    while !Nrt::get(|done| (nrt.is_completed)(seq, done)) {}
    (status.load(Relaxed), seq)
}

#[test]
fn each_collective_gives_the_only_rank_its_own_data_on_each_queue() {
    in_child(&[], || {
        let nrt = Nrt::start();
        let kinds = [(0, 15), (1, 0), (1, 2), (1, 3), (2, 0), (2, 2), (2, 3)];
        for core in 0..2_u8 {
            assert_eq!((nrt.cc_global_comm_init)(core.into(), 0, 1), 0);
            for queue in 0..3_u8 {
                for (num, (cc_op, op)) in (1..).zip(kinds) {
                    let bytes = pattern(num + usize::from(queue));
                    let input = filled(nrt, core.into(), &bytes);
                    let output = nrt.tensor(core.into(), 64);
                    let collective =
                        Collective { cc_op, op, ..Collective::alone(core.into(), input, output) };
                    let (status, seq) = run(nrt, collective.context(nrt), queue.into());
                    let bits = u64::from(core) << 56 | u64::from(queue) << 52 | 2 << 48;
                    assert_eq!((status, seq), (0, bits | num as u64), "{collective:?}");
                    assert_eq!(nrt.contents(output, 64), bytes);
                    assert_eq!(nrt.contents(input, 64), bytes);
                }
            }
        }
    });
}

#[test]
fn every_type_of_element_is_moved_and_a_tensor_may_be_both_ends() {
    in_child(&[], || {
        let nrt = Nrt::start();
        for dtype in 1..16 {
            let bytes = pattern(dtype as usize);
            let tensor = filled(nrt, 0, &bytes);
            let collective = Collective { dtype, ..Collective::alone(0, tensor, tensor) };
            assert_eq!(run(nrt, collective.context(nrt), 0).0, 0, "type {dtype}");
            assert_eq!(nrt.contents(tensor, 64), bytes);
        }
        let empty = [nrt.tensor(0, 0), nrt.tensor(0, 0)];
        assert_eq!(run(nrt, Collective::alone(0, empty[0], empty[1]).context(nrt), 0).0, 0);
    });
}

fn event() -> OwnedFd {
    rustix::event::eventfd(0, EventfdFlags::empty()).expect("descriptors are left")
}

/// Waits for signals, and returns how many there were.
fn signals(event: &OwnedFd) -> u64 {
    let mut count = [0; 8];
    assert_eq!(rustix::io::read(event, &mut count), Ok(8));
    u64::from_ne_bytes(count)
}

#[test]
fn completions_are_told_by_number_and_by_event() {
    in_child(&[], || {
        let nrt = Nrt::start();
        let tensors = [nrt.tensor(1, 64), nrt.tensor(1, 64)];
        let collective = Collective::alone(1, tensors[0], tensors[1]);
        for queue in 0..3_u8 {
            let bits = 1 << 56 | u64::from(queue) << 52 | 2 << 48;
            let last = || Nrt::get(|seq| (nrt.get_sequence)(1, XU, queue.into(), seq));
            assert_eq!(last(), bits, "nothing has completed");
            let (each, one) = (event(), event());
            assert_eq!((nrt.register_xu)(1, XU, queue.into(), each.as_raw_fd()), 0);
            for num in 1..=20 {
                let status = AtomicU32::new(77);
                let mut context = collective.context(nrt);
                let seq =
                    Nrt::get(|seq| (nrt.cc_schedule)(&raw mut context, queue.into(), status.as_ptr(), seq));
                assert_eq!(seq, bits | num);
                assert_eq!((nrt.register_seq)(seq, one.as_raw_fd()), 0);
                assert_eq!((signals(&each), signals(&one)), (1, 1));
                assert_eq!(status.load(Relaxed), 0, "the status is there before the signal");
                assert_eq!(last(), seq);
            }
            assert_eq!((nrt.register_xu)(1, XU, queue.into(), -1), 0);
        }
    });
}

#[test]
fn a_context_is_used_once_and_a_refused_schedule_does_not_use_it() {
    in_child(&[SECOND_IS_FATAL], || {
        let nrt = Nrt::start();
        let bytes = pattern(1);
        let (input, output) = (filled(nrt, 0, &bytes), nrt.tensor(0, 64));
        let collective = Collective::alone(0, input, output);
        let used = collective.context(nrt);
        assert_eq!(run(nrt, used, 0).0, 0);
        assert_eq!(nrt.contents(output, 64), bytes);
        assert_eq!(run(nrt, collective.context(nrt), 0).0, COLLECTIVES_BROKEN);

        let (mut status, mut seq) = (77, 99);
        let context = collective.context(nrt);
        let mut place = context;
        let mut schedule = |place: Out<Handle>, queue| {
            let answer = (nrt.cc_schedule)(place, queue, &raw mut status, &raw mut seq);
            (answer, status, seq)
        };
        assert_eq!(schedule(&raw mut place, 0), (UNRECOVERABLE, 77, 99));
        assert_eq!(place, context, "still the caller's");
        assert_eq!(schedule(&mut used.clone(), 1), (INVALID_HANDLE, 77, 99));
        assert_eq!(run(nrt, place, 1), (0, 1 << 52 | 2 << 48 | 1), "the other queues live");
    });
}

#[test]
fn fault_plans_tell_collectives_from_copies() {
    let soft = r#"{name="soft",place="collective",nth=2,status=1004}"#;
    let busy = r#"{name="busy",place="submit",queue=2,operation="collective",status=4}"#;
    in_child(&[("NRT_SIM_FAULTS", &format!("rule=[{soft},{busy}]"))], || {
        let nrt = Nrt::start();
        let [input, output] = [nrt.tensor(0, 64), nrt.tensor(0, 64)];
        for _ in 0..3 {
            let status = AtomicU32::new(77);
            let seq = Nrt::get(|seq| (nrt.copy)(input, 0, output, 0, 64, 0, 0, status.as_ptr(), seq));
            while !Nrt::get(|done| (nrt.is_completed)(seq, done)) {}
            assert_eq!(status.load(Relaxed), 0);
        }
        let collective = Collective::alone(0, input, output);
        assert_eq!([0; 3].map(|queue| run(nrt, collective.context(nrt), queue).0), [0, 1004, 0]);

        let context = collective.context(nrt);
        let (mut place, mut status, mut seq) = (context, 77, 99);
        let answer = (nrt.cc_schedule)(&raw mut place, 2, &raw mut status, &raw mut seq);
        assert_eq!((answer, place, status, seq), (RESOURCE, context, 77, 99));
        assert_eq!(run(nrt, place, 2), (0, 0x22 << 48 | 1), "the same context, tried again");
    });
}

#[test]
fn of_many_threads_one_uses_a_context() {
    in_child(&[], || {
        static STATUSES: [AtomicU32; 4] = [const { AtomicU32::new(77) }; 4];
        let nrt = Nrt::start();
        let tensors = [nrt.tensor(0, 64), nrt.tensor(0, 64)];
        for round in 1..=200_u64 {
            let context = Collective::alone(0, tensors[0], tensors[1]).context(nrt);
            let together = Barrier::new(STATUSES.len());
            let schedule = |status: &AtomicU32| {
                let (mut place, mut seq) = (context, 0);
                together.wait();
                let answer = (nrt.cc_schedule)(&raw mut place, 0, status.as_ptr(), &raw mut seq);
                assert_eq!(place, if answer == 0 { 0 } else { context });
                assert!(matches!(answer, 0 | INVALID_HANDLE), "{answer}");
                (answer == 0).then_some(seq)
            };
            let seqs: Vec<u64> = std::thread::scope(|scope| {
                let threads = STATUSES.each_ref().map(|status| scope.spawn(|| schedule(status)));
                threads.into_iter().filter_map(|thread| thread.join().expect("no panic")).collect()
            });
            assert_eq!(seqs, [2 << 48 | round]);
            while !Nrt::get(|done| (nrt.is_completed)(seqs[0], done)) {} // a status is for one request at a time
        }
        (nrt.close)();
    });
}

#[test]
fn a_tensor_that_is_gone_is_noticed_before_it_is_used() {
    in_child(&[], || {
        let nrt = Nrt::start();
        let before = nrt.memory(0);
        let tensors = [nrt.tensor(0, 64), nrt.tensor(0, 64)];
        let context = Collective::alone(0, tensors[0], tensors[1]).context(nrt);
        (nrt.tensor_free)(&mut tensors[1].clone());
        let (mut place, mut status, mut seq) = (context, 77, 99);
        let answer = (nrt.cc_schedule)(&raw mut place, 0, &raw mut status, &raw mut seq);
        assert_eq!((answer, place, status, seq), (INVALID_HANDLE, context, 77, 99));
        (nrt.tensor_free)(&mut tensors[0].clone());
        assert_eq!(nrt.memory(0), before, "a context holds no memory");

        (nrt.close)();
        Nrt::start();
        let answer = (nrt.cc_schedule)(&raw mut place, 0, &raw mut status, &raw mut seq);
        assert_eq!((answer, place), (INVALID_HANDLE, context), "no context outlives the runtime");
    });
}

#[test]
fn a_program_of_2_28_learns_of_errors_from_its_tracker() {
    in_child(&[SECOND_IS_FATAL], || {
        let nrt = Nrt::start();
        let bytes = pattern(2);
        let (input, output) = (filled(nrt, 0, &bytes), nrt.tensor(0, 64));
        let collective = Collective::alone(0, input, output);
        let tracker = Nrt::get(|tracker| (nrt.tracker_create)(0, tracker));
        let mut seqs = vec![];
        for queue in [0, 1, 2, 0] {
            let mut context = Nrt::get(|context| collective.prepare(nrt.old_cc_prepare, context));
            let seq = Nrt::get(|seq| (nrt.old_cc_schedule)(&raw mut context, queue, tracker, seq));
            assert_eq!(context, 0);
            while !Nrt::get(|done| (nrt.old_is_completed)(seq, done)) {}
            assert_eq!(Nrt::get(|seq| (nrt.old_get_sequence)(0, OLD_XU, queue, seq)), seq);
            assert_eq!(nrt.contents(output, 64), bytes);
            seqs.push(seq);
        }
        assert_eq!(seqs, [2 << 48 | 1, 0x12 << 48 | 1, 0x22 << 48 | 1, 2 << 48 | 2]);
        assert_eq!(nrt.errors(tracker), [(seqs[3], u64::from(COLLECTIVES_BROKEN))]);

        let context = collective.context(nrt);
        let (mut place, mut seq) = (context, 99);
        assert_eq!((nrt.old_cc_schedule)(&raw mut place, 0, tracker, &raw mut seq), UNRECOVERABLE);
        assert_eq!((place, seq), (context, 99));
    });
}

#[test]
fn the_only_rank_meets_itself() {
    in_child(&[], || {
        let nrt = Nrt::start();
        for core in [0, 1] {
            for _ in 0..2 {
                assert_eq!((nrt.build_global_comm)(core, 0, 1), 0);
                assert_eq!((nrt.cc_global_comm_init)(core.cast_unsigned(), 0, 1), 0);
                assert_eq!((nrt.barrier)(core, 0, 1), 0);
            }
        }
        let (input, mut output) = (pattern(3), vec![9; 64]);
        assert_eq!((nrt.all_gather)(0, 0, 1, 60, input.as_ptr(), output.as_mut_ptr()), 0);
        assert_eq!((&output[..60], &output[60..]), (&input[..60], [9; 4].as_slice()));
        assert_eq!((nrt.all_gather)(1, 0, 1, 0, ptr::null(), ptr::null_mut()), 0);
        // As on the device: the output is cleared first, so what is gathered in place is gone.
        assert_eq!((nrt.all_gather)(0, 0, 1, 64, output.as_ptr(), output.as_mut_ptr()), 0);
        assert_eq!(output, [0; 64]);
    });
}

#[test]
fn a_barrier_waits_for_runs_and_a_dead_unit_refuses_it() {
    let plan = ("NRT_SIM_FAULTS", "rule=[{unit=\"compute\",core=0,nth=5,status=1202}]");
    in_child(&[("NRT_SIM_TIME", "wall:1000"), plan], || {
        static STATUSES: [AtomicU32; 5] = [const { AtomicU32::new(77) }; 5];
        let nrt = Nrt::start();
        let model = nrt.model(&neff::small(), 0);
        let tensor = nrt.tensor(0, 64);
        let (inputs, outputs) = (nrt.set(&[(c"x", tensor), (c"y", tensor)]), nrt.set(&[(c"out", tensor)]));
        let run = |status: &AtomicU32| {
            let mut seq = 0;
            assert_eq!((nrt.schedule)(model, inputs, outputs, 0, status.as_ptr(), &raw mut seq), 0);
        };
        let ended = || STATUSES.each_ref().map(|status| status.load(Relaxed));
        STATUSES[..4].iter().for_each(run);
        assert_eq!((nrt.barrier)(0, 0, 1), 0);
        assert_eq!(ended(), [0, 0, 0, 0, 77]);
        run(&STATUSES[4]);
        assert_eq!((nrt.barrier)(0, 0, 1), UNRECOVERABLE);
        assert_eq!(ended(), [0, 0, 0, 0, 1202]);
        assert_eq!((nrt.barrier)(1, 0, 1), 0, "the other core lives");
    });
}

#[test]
fn in_implicit_async_mode_collectives_are_refused_like_all_requests() {
    let mode = [("NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS", "3"), ("NRT_SIM_SDK", "2.29")];
    in_child(&mode, || {
        let nrt = Nrt::start();
        let tensor = nrt.tensor(0, 64);
        let (mut context, mut status, mut seq) = (7, 77, 99);
        for prepare in [nrt.cc_prepare, nrt.old_cc_prepare] {
            assert_eq!(Collective::alone(0, tensor, tensor).prepare(prepare, &raw mut context), 1);
        }
        assert_eq!((nrt.cc_schedule)(&raw mut context, 0, &raw mut status, &raw mut seq), 1);
        assert_eq!((nrt.old_cc_schedule)(&raw mut context, 0, 5, &raw mut seq), 1);
        assert_eq!((context, status, seq), (7, 77, 99));
    });
}
