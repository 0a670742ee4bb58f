//! What a submission answers and writes.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::book::number;
use crate::environment;
use crate::memory::{load, place, store};
use crate::mutant::Mutant;
use crate::slots::{Call, NRT_INIT, NRT_TENSOR_ALLOCATE, NRT_TENSOR_ALLOCATE_SLICE, NRTA_EXECUTE_SCHEDULE};

const INVALID: i32 = 2;
const INFLIGHT: &str = "NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS";

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "id-written-on-failure",
        breaks: "A submission that is refused writes a sequence id.",
        caught_by: &["NRTA-QUEUE-008", "NRTA-SUBMIT-013", "NRTA-SUBMIT-017"],
        install: |slots| {
            slots.on_submit(|call| {
                let status = call.go();
                if status != 0 {
                    store(call.id_place(), 0_u64);
                }
                status
            });
        },
    },
    Mutant {
        name: "status-written-on-failure",
        breaks: "A submission that is refused writes the status of the run.",
        caught_by: &["NRTA-QUEUE-008", "NRTA-SUBMIT-013", "NRTA-SUBMIT-017"],
        install: |slots| {
            slots.on_submit(|call| {
                let status = call.go();
                if status != 0 {
                    store(call.word_place(), status);
                }
                status
            });
        },
    },
    Mutant {
        name: "handle-written-on-failure",
        breaks: "An allocation that failed writes a handle.",
        caught_by: &["NRT-LIFE-006", "NRTA-FAULT-033"],
        install: |slots| {
            let write = |call: Call| {
                let status = call.go();
                if status != 0 {
                    store(call.argument(4), 0xdead_u64);
                }
                status
            };
            slots.on(NRT_TENSOR_ALLOCATE, write);
            slots.on(NRT_TENSOR_ALLOCATE_SLICE, write);
        },
    },
    Mutant {
        name: "missing-status-place-accepted",
        breaks: "A submission without a place for its status is accepted.",
        caught_by: &["NRTA-SUBMIT-013", "NRTA-SUBMIT-014"],
        install: |slots| {
            slots.on_submit(
                |call| if call.word_place() == 0 { call.with_word(place(0)).go() } else { call.go() },
            );
        },
    },
    Mutant {
        name: "missing-id-place-accepted",
        breaks: "A submission without a place for its sequence id is accepted.",
        caught_by: &["NRTA-SUBMIT-013", "NRTA-SUBMIT-014"],
        install: |slots| {
            slots.on_submit(|call| {
                let last = call.count() - 1;
                if call.id_place() == 0 { call.with(last, place(0_u64)).go() } else { call.go() }
            });
        },
    },
    Mutant {
        name: "refusals-are-failures",
        breaks: "A submission with an argument that is wrong answers NRT_FAILURE.",
        caught_by: &["NRTA-SUBMIT-013", "NRTA-SUBMIT-017"],
        install: |slots| {
            slots.on_submit(|call| {
                let status = call.go();
                if status == INVALID { 1 } else { status }
            });
        },
    },
    Mutant {
        name: "queue-before-model",
        breaks: "A queue that does not exist is found out after the model was looked for.",
        caught_by: &["NRTA-SUBMIT-017", "NRTA-SUBMIT-035", "NRTA-SUBMIT-039"],
        install: |slots| {
            slots.on(NRTA_EXECUTE_SCHEDULE, |call| {
                let status = call.go();
                if status == INVALID && call.int(3) != 0 { call.with(3, 0).go() } else { status }
            });
        },
    },
    Mutant {
        name: "full-before-tensors",
        breaks: "A full queue is found out before tensors are looked at.",
        caught_by: &["NRTA-SUBMIT-034", "NRTA-SUBMIT-035", "NRTA-SUBMIT-037"],
        install: |slots| {
            slots.on(NRTA_EXECUTE_SCHEDULE, |call| {
                let status = call.go();
                if status == INVALID && WAS_FULL.load(Ordering::Relaxed) {
                    return 7;
                }
                WAS_FULL.store(status == 7, Ordering::Relaxed);
                status
            });
        },
    },
    Mutant {
        name: "implicit-mode-takes-explicit-calls",
        breaks: "In implicit asynchronous mode nrta_* are not refused.",
        caught_by: &["NRTA-IMPLICIT-00?"],
        install: |slots| {
            slots.on(NRT_INIT, |call| {
                let set = environment::get(INFLIGHT);
                environment::set(INFLIGHT, None);
                let status = call.go();
                environment::set(INFLIGHT, set.as_deref());
                status
            });
        },
    },
    Mutant {
        name: "move-has-the-id-before",
        breaks: "A read, write or copy gets the id of the request before it, from the second on.",
        caught_by: &["NRTA-ORDER-004"],
        install: |slots| {
            slots.on_tensor_op(|call| {
                let status = call.go();
                let id: u64 = if status == 0 { load(call.id_place()) } else { 0 };
                if number(id) > 1 {
                    store(call.id_place(), id - 1);
                }
                status
            });
        },
    },
];

/// Whether the last submission found the queue full.
static WAS_FULL: AtomicBool = AtomicBool::new(false);
