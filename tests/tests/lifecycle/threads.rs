//! Threads that open, use and close the runtime at the same time.

use std::ptr;
use std::sync::atomic::AtomicU32;

use nrt_tests::child::in_child;
use nrt_tests::neff;
use nrt_tests::nrt::Nrt;

const ROUNDS: usize = 150;
const THREADS: usize = 8;

/// Whatever the others do, a call answers one of these: done, stale, full, not open, closed.
#[track_caller]
fn assert_expected(status: u32) {
    assert!(matches!(status, 0 | 3 | 7 | 13 | 14), "{status}");
}

#[test]
fn opening_using_and_closing_at_once_neither_crashes_nor_hangs() {
    in_child(&[], || {
        // Written when a run completes, whoever has closed by then.
        static STATUSES: [AtomicU32; THREADS] = [const { AtomicU32::new(0) }; THREADS];
        let nrt = Nrt::open();
        let small = neff::small();
        let live = |thread: usize| {
            for round in 0..ROUNDS {
                assert_expected((nrt.init)(0, ptr::null(), ptr::null()));
                let (mut tensor, mut set, mut model, mut seq) = (0, 0, 0, 0);
                assert_expected((nrt.tensor_allocate)(0, 0, 64, ptr::null(), &raw mut tensor));
                assert_expected((nrt.set_allocate)(&raw mut set));
                assert_expected((nrt.load)(small.as_ptr(), small.len(), 0, -1, &raw mut model));
                if tensor == 0 || set == 0 || model == 0 {
                    continue;
                }
                for name in [c"x", c"y", c"out"] {
                    assert_expected((nrt.set_add)(set, name.as_ptr(), tensor));
                }
                let status = STATUSES[thread].as_ptr();
                // A set may have lost its tensors to a close meanwhile, but then it is stale as well.
                assert_expected((nrt.schedule)(model, set, set, 0, status, &raw mut seq));
                let mut done = false;
                let answer = (nrt.is_completed)(seq, &raw mut done);
                assert!(seq == 0 || matches!(answer, 0 | 13 | 14), "{answer}");
                if (round + thread).is_multiple_of(5) {
                    (nrt.close)();
                } else {
                    assert_expected((nrt.unload)(model));
                    (nrt.set_destroy)(&raw mut set);
                    (nrt.tensor_free)(&raw mut tensor);
                }
            }
        };
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                scope.spawn(move || live(thread));
            }
        });
        (nrt.close)();
        Nrt::start();
        let (model, tensor) = (nrt.model(&small, 0), nrt.tensor(0, 64));
        let inputs = nrt.set(&[(c"x", tensor), (c"y", tensor)]);
        assert_eq!((nrt.execute)(model, inputs, nrt.set(&[(c"out", tensor)])), 0);
    });
}

/// Threads of this process.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").expect("readable").count()
}

#[test]
fn no_thread_is_started_before_a_request_is_left_to_it() {
    in_child(&[], || {
        let ours = threads();
        let nrt = Nrt::start();
        let model = nrt.model(&neff::small(), 0);
        let tensor = nrt.tensor(0, 64);
        // A blocking run counts its inputs, so the set with the output in it would have one too many.
        let inputs = nrt.set(&[(c"x", tensor), (c"y", tensor)]);
        let outputs = nrt.set(&[(c"out", tensor)]);
        for _ in 0..100 {
            assert_eq!((nrt.execute)(model, inputs, outputs), 0);
        }
        assert_eq!(threads(), ours, "the caller does a blocking run itself");

        let status = AtomicU32::new(u32::MAX);
        let seq: u64 = Nrt::get(|seq| (nrt.schedule)(model, inputs, outputs, 0, status.as_ptr(), seq));
        assert_eq!(threads(), ours + 1, "somebody must see to a request that nobody waits for");
        while !Nrt::get(|done| (nrt.is_completed)(seq, done)) {}
        (nrt.close)();
    });
}
