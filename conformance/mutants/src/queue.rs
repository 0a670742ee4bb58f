//! Queues: what they take, and what a full one answers.

use std::collections::HashMap;
use std::sync::Mutex;
use std::thread;

use crate::backlog::{self, hand_on, is_waiting, put_off};
use crate::book::unit;
use crate::environment;
use crate::memory::{load, lock, store};
use crate::mutant::Mutant;
use crate::slots::{
    Call, NRT_EXECUTE, NRT_INIT, NRTA_EVENT_REGISTER_SEQ_ID_COMPLETION, NRTA_EXECUTE_SCHEDULE,
    NRTA_GET_SEQUENCE, NRTA_IS_COMPLETED, Slots,
};

const FULL: i32 = 7;
const CAPACITY: &str = "NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS";

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "full-queue-takes-a-number",
        breaks: "A submission that a full queue refuses uses up a number.",
        caught_by: &["NRTA-QUEUE-009", "NRTA-QUEUE-018"],
        install: |slots| {
            slots.on_submit(|call| {
                let status = call.go();
                if status == FULL {
                    lock(&LOST).get_or_insert_default().missing += 1;
                }
                if status == 0 {
                    let id: u64 = load(call.id_place());
                    let mut lost = lock(&LOST);
                    let lost = lost.get_or_insert_default();
                    let shown = if unit(id) & 0xf == 1 { id + lost.missing } else { id };
                    lost.shown.insert(id, shown);
                    lost.given.insert(shown, id);
                    store(call.id_place(), shown);
                }
                status
            });
            slots.on(NRTA_GET_SEQUENCE, |call| {
                let status = call.go();
                if status == 0 {
                    let id: u64 = load(call.argument(3));
                    let shown = lock(&LOST).get_or_insert_default().shown.get(&id).copied();
                    store(call.argument(3), shown.unwrap_or(id));
                }
                status
            });
            slots.on(NRTA_IS_COMPLETED, |call| call.with(0, Lost::given(call.argument(0))).go());
            slots.on(NRTA_EVENT_REGISTER_SEQ_ID_COMPLETION, |call| {
                call.with(0, Lost::given(call.argument(0))).go()
            });
        },
    },
    Mutant {
        name: "full-queue-runs-it-anyway",
        breaks: "A run that a full queue refuses is done later all the same.",
        caught_by: &["NRTA-QUEUE-010", "NRTA-QUEUE-019"],
        install: |slots| {
            backlog::watch(slots);
            slots.on(NRT_EXECUTE, |call| {
                hand_on();
                call.go()
            });
            slots.on(NRTA_EXECUTE_SCHEDULE, |call| {
                let status = backlog::submit(call);
                if status == FULL {
                    let (id, before) = (call.id_place(), load::<u64>(call.id_place()));
                    put_off(call);
                    store(id, before);
                }
                status
            });
        },
    },
    Mutant {
        name: "full-queue-takes-more",
        breaks: "The queue takes any number of runs.",
        caught_by: &["NRTA-QUEUE-001", "NRTA-QUEUE-022"],
        install: |slots| {
            backlog::watch(slots);
            slots.on(NRTA_EXECUTE_SCHEDULE, |call| {
                hand_on();
                let status = if is_waiting() { FULL } else { backlog::submit(call) };
                if status == FULL { put_off(call) } else { status }
            });
        },
    },
    Mutant {
        name: "full-queue-waits",
        breaks: "A submission to a full queue waits for a place.",
        caught_by: &["NRTA-QUEUE-001"],
        install: |slots| {
            slots.on(NRTA_EXECUTE_SCHEDULE, |call| {
                loop {
                    let status = call.go();
                    if status != FULL {
                        return status;
                    }
                    thread::yield_now();
                }
            });
        },
    },
    Mutant {
        name: "queue-one-short",
        breaks: "The queue takes one run less than it was set to.",
        caught_by: &["NRTA-QUEUE-001", "NRTA-QUEUE-003"],
        install: |slots| with_capacity(slots, |capacity| capacity - 1),
    },
    Mutant {
        name: "queue-one-long",
        breaks: "The queue takes one run more than it was set to: the running one does not count.",
        caught_by: &["NRTA-QUEUE-001", "NRTA-QUEUE-003"],
        install: |slots| with_capacity(slots, |capacity| capacity + 1),
    },
    Mutant {
        name: "queue-of-fixed-length",
        breaks: "The variable for the length of the queue is not looked at.",
        caught_by: &["NRTA-QUEUE-002", "NRTA-QUEUE-003"],
        install: |slots| with_capacity(slots, |_| 8),
    },
    Mutant {
        name: "full-queue-is-out-of-memory",
        breaks: "A full queue answers NRT_RESOURCE.",
        caught_by: &["NRTA-QUEUE-001"],
        install: |slots| {
            slots.on_submit(|call| {
                let status = call.go();
                if status == FULL { 4 } else { status }
            });
        },
    },
    Mutant {
        name: "queue-number-unchecked",
        breaks: "A queue that a unit does not have is taken for queue 0.",
        caught_by: &["NRTA-SUBMIT-017", "NRTA-SUBMIT-018", "NRTA-SUBMIT-019", "NRTA-SUBMIT-020"],
        install: |slots| {
            slots.on_submit(|call| {
                let status = call.go();
                if status == 2 { call.with(call.count() - 3, 0).go() } else { status }
            });
        },
    },
    Mutant {
        name: "one-queue-for-all-moves",
        breaks: "The tensor-op unit works off all its queues as one.",
        caught_by: &["NRTA-ISO-003", "NRTA-ISO-009"],
        install: |slots| {
            slots.on_tensor_op(|call| {
                let queue = call.count() - 3;
                if call.int(queue) == 1 { call.with(queue, 0).go() } else { call.go() }
            });
        },
    },
    Mutant {
        name: "set-is-read-when-the-run-begins",
        breaks: "A run takes the tensors that are in its sets when it begins, not when it was submitted.",
        caught_by: &["NRTA-SUBMIT-056", "NRTA-SUBMIT-057", "NRT-SET-017"],
        install: |slots| {
            backlog::watch(slots);
            slots.on(NRTA_EXECUTE_SCHEDULE, put_off_if_whole);
        },
    },
    Mutant {
        name: "execute-overtakes-the-queue",
        breaks: "A blocking run is done before runs that were submitted before it.",
        caught_by: &["NRTA-EXEC-023"],
        install: |slots| {
            backlog::watch(slots);
            slots.on(NRTA_EXECUTE_SCHEDULE, put_off_if_whole);
        },
    },
];

/// Numbers that full queues have used up.
#[derive(Debug, Default)]
struct Lost {
    missing: u64,
    shown: HashMap<u64, u64>,
    given: HashMap<u64, u64>,
}

static LOST: Mutex<Option<Lost>> = Mutex::new(None);

impl Lost {
    fn given(shown: u64) -> u64 {
        lock(&LOST).get_or_insert_default().given.get(&shown).copied().unwrap_or(shown)
    }
}

/// Runs whose arguments are all there wait until the library is asked for what is over.
fn put_off_if_whole(call: Call) -> i32 {
    let is_whole = (0..6).all(|index| index == 3 || call.argument(index) != 0);
    if is_whole && call.int(3) == 0 { put_off(call) } else { call.go() }
}

/// Starts the library with another length of the queue.
fn with_capacity(slots: &mut Slots, change: impl Fn(u64) -> u64 + Copy + 'static) {
    slots.on(NRT_INIT, move |call| {
        let set = environment::get(CAPACITY);
        let capacity = set.as_ref().and_then(|text| text.parse().ok()).unwrap_or(8);
        environment::set(CAPACITY, Some(&change(capacity).to_string()));
        let status = call.go();
        environment::set(CAPACITY, set.as_deref());
        status
    });
}
