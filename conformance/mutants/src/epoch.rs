//! The interface of SDK 2.28: old symbols, error trackers, completion handles.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::memory::{copy, load, lock, store};
use crate::mutant::Mutant;
use crate::slots::{
    NRTA_ERROR_TRACKER_CREATE, NRTA_ERROR_TRACKER_GET_LIST, NRTA_EXECUTE_SCHEDULE,
    NRTA_GET_COMPLETION_HANDLE, NRTA_GET_SEQUENCE, NRTA_TENSOR_COPY, NRTA_TENSOR_READ, NRTA_TENSOR_WRITE,
    OLD_NRTA_EXECUTE_SCHEDULE, OLD_NRTA_GET_SEQUENCE, OLD_NRTA_TENSOR_COPY, OLD_NRTA_TENSOR_READ,
    OLD_NRTA_TENSOR_WRITE,
};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "old-symbols-have-new-bodies",
        breaks: "The symbols of SDK 2.28 lead to the functions of today.",
        caught_by: &["NRTA-EPOCH-003", "NRTA-EPOCH-004", "NRTA-EPOCH-005", "NRTA-EPOCH-006", "NRTA-ABI-008"],
        install: |slots| {
            slots.forward(OLD_NRTA_TENSOR_READ, NRTA_TENSOR_READ);
            slots.forward(OLD_NRTA_TENSOR_WRITE, NRTA_TENSOR_WRITE);
            slots.forward(OLD_NRTA_TENSOR_COPY, NRTA_TENSOR_COPY);
            slots.forward(OLD_NRTA_EXECUTE_SCHEDULE, NRTA_EXECUTE_SCHEDULE);
        },
    },
    Mutant {
        name: "new-symbols-have-old-bodies",
        breaks: "The symbols of today lead to the functions of SDK 2.28.",
        caught_by: &["NRTA-SUBMIT-059", "NRTA-SUBMIT-060", "NRTA-SUBMIT-061"],
        install: |slots| {
            slots.forward(NRTA_TENSOR_READ, OLD_NRTA_TENSOR_READ);
            slots.forward(NRTA_TENSOR_WRITE, OLD_NRTA_TENSOR_WRITE);
            slots.forward(NRTA_TENSOR_COPY, OLD_NRTA_TENSOR_COPY);
        },
    },
    Mutant {
        name: "old-units-have-new-numbers",
        breaks: "nrta_get_sequence of SDK 2.28 takes the kinds of units of today.",
        caught_by: &["NRTA-EPOCH-007", "NRTA-EPOCH-010"],
        install: |slots| slots.forward(OLD_NRTA_GET_SEQUENCE, NRTA_GET_SEQUENCE),
    },
    Mutant {
        name: "tracker-is-not-cleared",
        breaks: "The list of an error tracker has failures that were read before.",
        caught_by: &["NRTA-EPOCH-021"],
        install: |slots| {
            slots.on(NRTA_ERROR_TRACKER_GET_LIST, |call| {
                let status = call.go();
                if status == 0 {
                    let (list, count): (u64, u64) = (load(call.argument(1)), load(call.argument(2)));
                    let mut kept = lock(&KEPT);
                    let kept = kept.get_or_insert_default().entry(call.argument(0)).or_default();
                    kept.extend((0..count).map(|index| load::<[u64; 2]>(list + index * 16)));
                    let all = kept.clone().leak();
                    store(call.argument(1), all.as_ptr() as u64);
                    store(call.argument(2), all.len() as u64);
                }
                status
            });
        },
    },
    Mutant {
        name: "tracker-misses-the-last-failure",
        breaks: "The last failure is missing in the list of an error tracker.",
        caught_by: &["NRTA-EPOCH-018"],
        install: |slots| {
            slots.on(NRTA_ERROR_TRACKER_GET_LIST, |call| {
                let status = call.go();
                if status == 0 {
                    store(call.argument(2), load::<u64>(call.argument(2)).saturating_sub(1));
                }
                status
            });
        },
    },
    Mutant {
        name: "tracker-has-a-status-of-four-bytes",
        breaks: "The upper half of the code in an error tracker's list is not written.",
        caught_by: &["NRTA-EPOCH-018"],
        install: |slots| {
            slots.on(NRTA_ERROR_TRACKER_GET_LIST, |call| {
                let status = call.go();
                if status == 0 {
                    let (list, count): (u64, u64) = (load(call.argument(1)), load(call.argument(2)));
                    let own = crate::memory::bytes(count * 16);
                    copy(list, own, count * 16);
                    (0..count).for_each(|index| store(own + index * 16 + 12, u32::MAX));
                    store(call.argument(1), own);
                }
                status
            });
        },
    },
    Mutant {
        name: "all-trackers-are-one",
        breaks: "All error trackers of the process share one list.",
        caught_by: &["NRTA-EPOCH-022"],
        install: |slots| {
            slots.on(NRTA_ERROR_TRACKER_CREATE, |call| {
                let mut one = lock(&ONE);
                if *one != 0 && call.argument(1) != 0 {
                    store(call.argument(1), *one);
                    return 0;
                }
                let status = call.go();
                if status == 0 {
                    *one = load(call.argument(1));
                }
                status
            });
        },
    },
    Mutant {
        name: "completion-handle-is-ready-at-once",
        breaks: "A completion handle is readable before its request is over.",
        caught_by: &["NRTA-EPOCH-026"],
        install: |slots| {
            slots.on(NRTA_GET_COMPLETION_HANDLE, |call| {
                let status = call.go();
                if status == 0 {
                    store(call.argument(1), eventfd(1));
                }
                status
            });
        },
    },
    Mutant {
        name: "completion-handle-stays-silent",
        breaks: "A completion handle never becomes readable.",
        caught_by: &["NRTA-EPOCH-025", "NRTA-EPOCH-027"],
        install: |slots| {
            slots.on(NRTA_GET_COMPLETION_HANDLE, |call| {
                let status = call.go();
                if status == 0 {
                    store(call.argument(1), eventfd(0));
                }
                status
            });
        },
    },
];

/// Failures that were read, by tracker.
static KEPT: Mutex<Option<HashMap<u64, Vec<[u64; 2]>>>> = Mutex::new(None);
/// The only tracker.
static ONE: Mutex<u64> = Mutex::new(0);

fn eventfd(count: u32) -> i32 {
    // SAFETY: takes two numbers.
    unsafe { libc::eventfd(count, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) }
}
