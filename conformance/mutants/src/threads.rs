//! Races: what only several threads can see.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::book::unit;
use crate::memory::{load, lock, store};
use crate::mutant::Mutant;
use crate::slots::{
    NRT_TENSOR_ALLOCATE, NRT_TENSOR_READ, NRT_TENSOR_WRITE, NRTA_EXECUTE_SCHEDULE, NRTA_GET_SEQUENCE,
    NRTA_IS_COMPLETED,
};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "submitters-share-a-number",
        breaks: "The number of a request stands in a static while its submitter has not taken it yet.",
        caught_by: &["NRTA-THREAD-001", "NRTA-THREAD-002", "NRTA-THREAD-003"],
        install: |slots| {
            slots.on_submit(|call| {
                let status = call.go();
                if status == 0 {
                    NUMBER.store(load(call.id_place()), Ordering::Relaxed);
                    thread::yield_now();
                    store(call.id_place(), NUMBER.load(Ordering::Relaxed));
                }
                status
            });
        },
    },
    Mutant {
        name: "submitters-share-a-status-place",
        breaks: "The place for the status stands in a static while a request is being submitted.",
        caught_by: &["NRTA-THREAD-004", "NRTA-THREAD-001", "NRTA-THREAD-002"],
        install: |slots| {
            slots.on_submit(|call| {
                if call.word_place() == 0 {
                    return call.go();
                }
                PLACE.store(call.word_place(), Ordering::Relaxed);
                thread::yield_now();
                call.with_word(PLACE.load(Ordering::Relaxed)).go()
            });
        },
    },
    Mutant {
        name: "submitters-share-an-output-set",
        breaks: "The output set of a run stands in a static while it is being submitted.",
        caught_by: &["NRTA-THREAD-004", "NRTA-THREAD-002", "NRTA-HISTORY-009", "NRTA-HISTORY-011"],
        install: |slots| {
            slots.on(NRTA_EXECUTE_SCHEDULE, |call| {
                SET.store(call.argument(2), Ordering::Relaxed);
                thread::yield_now();
                call.with(2, SET.load(Ordering::Relaxed)).go()
            });
        },
    },
    Mutant {
        name: "completion-count-goes-back",
        breaks: "Threads that look at once overwrite the newer of two last numbers with the older.",
        caught_by: &["NRTA-THREAD-006", "NRTA-HISTORY-006", "NRTA-HISTORY-008", "NRTA-HISTORY-009"],
        install: |slots| {
            slots.on(NRTA_GET_SEQUENCE, |call| {
                let before = {
                    let id = call.argument(3);
                    let status = call.go();
                    if status != 0 {
                        return status;
                    }
                    load::<u64>(id)
                };
                thread::yield_now();
                lock(&LAST).get_or_insert_default().insert(unit(before), before);
                thread::yield_now();
                let last = lock(&LAST).get_or_insert_default().get(&unit(before)).copied();
                store(call.argument(3), last.unwrap_or(before));
                0
            });
        },
    },
    Mutant {
        name: "lookers-share-an-answer",
        breaks: "The answer of nrta_is_completed stands in a static before it is given.",
        caught_by: &["NRTA-HISTORY-007", "NRTA-HISTORY-008", "NRTA-HISTORY-009"],
        install: |slots| {
            slots.on(NRTA_IS_COMPLETED, |call| {
                let status = call.go();
                if status == 0 {
                    ANSWER.store(u64::from(load::<bool>(call.argument(1))), Ordering::Relaxed);
                    thread::yield_now();
                    store(call.argument(1), ANSWER.load(Ordering::Relaxed) != 0);
                }
                status
            });
        },
    },
    Mutant {
        name: "locks-in-two-orders",
        breaks: "A submission and a look take two locks in opposite order, and wait for each other for ever.",
        caught_by: &["NRTA-THREAD-001", "NRTA-THREAD-002"],
        install: |slots| {
            slots.on_submit(|call| {
                let _queue = lock(&QUEUE_LOCK);
                thread::yield_now();
                let _unit = lock(&UNIT_LOCK);
                call.go()
            });
            slots.on(NRTA_IS_COMPLETED, |call| {
                let _unit = lock(&UNIT_LOCK);
                thread::yield_now();
                let _queue = lock(&QUEUE_LOCK);
                call.go()
            });
        },
    },
    Mutant {
        name: "allocators-share-a-handle",
        breaks: "The handle of a new tensor stands in a static before its owner has it.",
        caught_by: &["NRT-THREAD-009"],
        install: |slots| {
            slots.on(NRT_TENSOR_ALLOCATE, |call| {
                let status = call.go();
                if status == 0 {
                    HANDLE.store(load(call.argument(4)), Ordering::Relaxed);
                    thread::yield_now();
                    store(call.argument(4), HANDLE.load(Ordering::Relaxed));
                }
                status
            });
        },
    },
    Mutant {
        name: "movers-share-a-tensor",
        breaks: "Blocking reads and writes pass their tensor through a static.",
        caught_by: &["NRT-THREAD-009"],
        install: |slots| {
            slots.on(NRT_TENSOR_READ, |call| {
                TENSOR.store(call.argument(0), Ordering::Relaxed);
                thread::yield_now();
                call.with(0, TENSOR.load(Ordering::Relaxed)).go()
            });
            slots.on(NRT_TENSOR_WRITE, |call| {
                TENSOR.store(call.argument(0), Ordering::Relaxed);
                thread::yield_now();
                call.with(0, TENSOR.load(Ordering::Relaxed)).go()
            });
        },
    },
];

static NUMBER: AtomicU64 = AtomicU64::new(0);
static PLACE: AtomicU64 = AtomicU64::new(0);
static SET: AtomicU64 = AtomicU64::new(0);
static ANSWER: AtomicU64 = AtomicU64::new(0);
static HANDLE: AtomicU64 = AtomicU64::new(0);
static TENSOR: AtomicU64 = AtomicU64::new(0);
/// The last number that was seen, by unit.
static LAST: Mutex<Option<HashMap<u64, u64>>> = Mutex::new(None);
static QUEUE_LOCK: Mutex<()> = Mutex::new(());
static UNIT_LOCK: Mutex<()> = Mutex::new(());
