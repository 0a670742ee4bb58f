//! The status of a request: when it is written, and where.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::book::{note, relay, submit_with_own_word, watch};
use crate::memory::{load, store};
use crate::mutant::Mutant;

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "status-after-sequence",
        breaks: "The status is written after the number of the request is published.",
        caught_by: &["NRTA-DONE-001", "NRTA-DONE-002", "NRTA-DONE-003"],
        install: |slots| {
            watch(slots);
            slots.on_submit(|call| {
                submit_with_own_word(call, |id, own, word| {
                    note(id, || (), move || store::<i32>(word, load(own)));
                })
            });
        },
    },
    Mutant {
        name: "status-just-after-sequence",
        breaks: "The status is written right after the number, so that only another thread sees it missing.",
        caught_by: &[
            "NRTA-DONE-022",
            "NRTA-DONE-023",
            "NRTA-DONE-031",
            "NRTA-HISTORY-008",
            "NRTA-HISTORY-009",
        ],
        // Who looks first passes the status on; who looks meanwhile finds that somebody does already.
        install: |slots| {
            relay(slots, |_, status| {
                thread::yield_now();
                status
            });
        },
    },
    Mutant {
        name: "status-at-submission",
        breaks: "The status is written as success when the request is submitted.",
        caught_by: &[
            "NRTA-SUBMIT-043",
            "NRTA-SUBMIT-044",
            "NRTA-SUBMIT-045",
            "NRTA-SUBMIT-046",
            "NRTA-DONE-012",
            "NRTA-DONE-013",
        ],
        install: |slots| {
            slots.on_submit(|call| {
                let status = call.go();
                if status == 0 {
                    store(call.word_place(), 0_i32);
                }
                status
            });
        },
    },
    Mutant {
        name: "status-cleared-at-submission",
        breaks: "The place of the status is set to a number of the library's own before the request has begun.",
        caught_by: &["NRTA-DONE-012", "NRTA-DONE-013"],
        install: |slots| {
            slots.on_submit(|call| {
                let word = call.word_place();
                if word != 0 {
                    store(word, -1_i32);
                }
                call.go()
            });
        },
    },
    Mutant {
        name: "status-of-eight-bytes",
        breaks: "The status is written as a number of 64 bits, over what stands behind it.",
        caught_by: &["NRTA-DONE-015", "NRTA-ABI-035"],
        install: |slots| {
            watch(slots);
            slots.on_submit(|call| {
                submit_with_own_word(call, |id, own, word| {
                    note(id, move || store(word, u64::from(load::<u32>(own))), || ());
                })
            });
        },
    },
    Mutant {
        name: "status-never-written",
        breaks: "The status of a request that has ended is not written.",
        caught_by: &["NRTA-DONE-001", "NRTA-DONE-002", "NRTA-DONE-003"],
        install: |slots| slots.on_submit(|call| submit_with_own_word(call, |_, _, _| ())),
    },
    Mutant {
        name: "status-hides-failure",
        breaks: "The status of a request that failed is success.",
        caught_by: &["NRTA-DONE-020", "NRTA-FAULT-001"],
        install: |slots| relay(slots, |_, _| 0),
    },
    Mutant {
        name: "status-to-the-newest-place",
        breaks: "All statuses go to the place that the last submission named.",
        caught_by: &["NRTA-DONE-003", "NRTA-DONE-012", "NRTA-DONE-013", "NRTA-QUEUE-020"],
        install: |slots| {
            watch(slots);
            slots.on_submit(|call| {
                submit_with_own_word(call, |id, own, word| {
                    NEWEST.store(word, Ordering::Relaxed);
                    note(id, move || store::<i32>(NEWEST.load(Ordering::Relaxed), load(own)), || ());
                })
            });
        },
    },
];

/// The place that the last submission named.
static NEWEST: AtomicU64 = AtomicU64::new(0);
