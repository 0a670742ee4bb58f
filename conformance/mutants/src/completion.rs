//! `nrta_is_completed`: what is asked for, and what is answered.

use std::collections::HashSet;
use std::sync::Mutex;

use crate::book::{number, unit};
use crate::memory::{load, lock, place, store};
use crate::mutant::Mutant;
use crate::slots::NRTA_IS_COMPLETED;

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "is-completed-while-pending",
        breaks: "nrta_is_completed says true of a request that is pending.",
        caught_by: &["NRTA-DONE-011", "NRTA-DONE-012", "NRTA-DONE-013"],
        install: |slots| {
            slots.on(NRTA_IS_COMPLETED, |call| {
                let status = call.go();
                if status == 0 {
                    store(call.argument(1), true);
                }
                status
            });
        },
    },
    Mutant {
        name: "is-completed-goes-back",
        breaks: "The second answer after nrta_is_completed said true is false.",
        caught_by: &["NRTA-DONE-008"],
        install: |slots| {
            slots.on(NRTA_IS_COMPLETED, |call| {
                let status = call.go();
                if status == 0 && load::<bool>(call.argument(1)) {
                    let mut seen = lock(&SEEN);
                    let [once, twice] = seen.get_or_insert_default();
                    if !once.insert(call.argument(0)) && twice.insert(call.argument(0)) {
                        store(call.argument(1), false);
                    }
                }
                status
            });
        },
    },
    Mutant {
        name: "is-completed-one-late",
        breaks: "nrta_is_completed says true only when the request behind is over too.",
        caught_by: &["NRTA-DONE-010", "NRTA-DONE-001", "NRTA-DONE-004"],
        install: |slots| {
            slots.on(NRTA_IS_COMPLETED, |call| call.with(0, call.argument(0).wrapping_add(1)).go());
        },
    },
    Mutant {
        name: "is-completed-one-early",
        breaks: "nrta_is_completed says true when the request before is over.",
        caught_by: &["NRTA-DONE-011", "NRTA-DONE-013", "NRTA-DONE-001"],
        install: |slots| {
            slots.on(NRTA_IS_COMPLETED, |call| {
                let id = call.argument(0);
                call.with(0, if number(id) > 1 { id - 1 } else { id }).go()
            });
        },
    },
    Mutant {
        name: "requests-complete-out-of-order",
        breaks: "Of each two requests of a queue the second completes first.",
        caught_by: &["NRTA-ORDER-016", "NRTA-ORDER-017", "NRTA-ORDER-021", "NRTA-HISTORY-007"],
        install: |slots| {
            slots.on(NRTA_IS_COMPLETED, |call| {
                let id = call.argument(0);
                let other = if number(id) % 2 == 1 { id + 1 } else { id - 1 };
                let own = call.go();
                if number(id) == 0 || own != 0 {
                    return own;
                }
                let both = call.with(0, other).go();
                // The last of an odd number of requests has nobody to change places with.
                if number(id) % 2 == 1 && !has_successor(id) { call.go() } else { both }
            });
            slots.on_submit(|call| {
                let status = call.go();
                if status == 0 {
                    let id: u64 = load(call.id_place());
                    lock(&SEEN).get_or_insert_default()[0].insert(id);
                }
                status
            });
        },
    },
    Mutant {
        name: "pending-is-an-error",
        breaks: "nrta_is_completed answers NRT_QUEUE_EMPTY while a request is pending.",
        caught_by: &["NRTA-DONE-012", "NRTA-DONE-013"],
        install: |slots| {
            slots.on(NRTA_IS_COMPLETED, |call| {
                let status = call.go();
                if status == 0 && !load::<bool>(call.argument(1)) { 15 } else { status }
            });
        },
    },
    Mutant {
        name: "is-completed-takes-any-unit",
        breaks: "nrta_is_completed answers success for an id that names no unit.",
        caught_by: &["NRTA-DONE-016", "NRTA-DONE-017", "NRTA-DONE-018"],
        install: |slots| {
            slots.on(NRTA_IS_COMPLETED, |call| {
                let status = call.go();
                if status == 2 && call.argument(1) != 0 {
                    store(call.argument(1), false);
                    return 0;
                }
                status
            });
        },
    },
    Mutant {
        name: "is-completed-waits",
        breaks: "nrta_is_completed returns only when the request is over.",
        caught_by: &["NRTA-DONE-012", "NRTA-DONE-013"],
        install: |slots| {
            slots.on(NRTA_IS_COMPLETED, |call| {
                loop {
                    let status = call.go();
                    if status != 0 || load::<bool>(call.argument(1)) {
                        return status;
                    }
                    std::thread::yield_now();
                }
            });
        },
    },
    Mutant {
        name: "is-completed-writes-four-bytes",
        breaks: "nrta_is_completed writes an int where the caller has a bool.",
        caught_by: &["NRTA-DONE-019", "NRTA-ABI-034"],
        install: |slots| {
            slots.on(NRTA_IS_COMPLETED, |call| {
                let own = place(false);
                let status = call.with(1, if call.argument(1) == 0 { 0 } else { own }).go();
                if status == 0 {
                    store(call.argument(1), u32::from(load::<bool>(own)));
                }
                status
            });
        },
    },
];

/// Ids that were seen, and seen again.
static SEEN: Mutex<Option<[HashSet<u64>; 2]>> = Mutex::new(None);

fn has_successor(id: u64) -> bool {
    let submitted = lock(&SEEN);
    submitted.as_ref().is_some_and(|[submitted, _]| submitted.contains(&(id + 1)) && unit(id) == unit(id + 1))
}
