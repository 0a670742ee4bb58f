//! Units that died: what becomes of their requests, and of the others.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::book::{note, number, relay, show, submit_with_own_word, unit, watch};
use crate::memory::{load, lock, store};
use crate::mutant::Mutant;
use crate::slots::{
    Call, NRT_GET_MODEL_INFO, NRT_GET_MODEL_TENSOR_INFO, NRT_SIM_HEAL, NRT_UNLOAD, NRTA_EXECUTE_SCHEDULE,
    NRTA_GET_SEQUENCE, NRTA_IS_COMPLETED, Slots,
};

/// What a dead unit answers, and what requests behind the deadly one end with.
const DEAD: i32 = 101;

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "dead-unit-heals",
        breaks: "A unit that died takes the next submission as if nothing had happened.",
        caught_by: &["NRTA-FAULT-010", "NRTA-FAULT-008"],
        install: |slots| {
            slots.on(NRTA_EXECUTE_SCHEDULE, |call| {
                let status = call.go();
                if status == DEAD {
                    for core in 0..128 {
                        NRT_SIM_HEAL.call(&[core, 1, 0]);
                    }
                    return call.go();
                }
                status
            });
        },
    },
    Mutant {
        name: "dead-unit-takes-others-down",
        breaks: "When a unit has died, all others refuse work too.",
        caught_by: &["NRTA-FAULT-018", "NRTA-FAULT-020"],
        install: |slots| {
            watch(slots);
            slots.on_submit(
                |call| {
                    if HAS_DIED.load(Ordering::Relaxed) { DEAD } else { submit(call, note_death) }
                },
            );
        },
    },
    Mutant {
        name: "dead-unit-kills-the-next-core",
        breaks: "When the compute unit of a core has died, that of the next core is dead too.",
        caught_by: &["NRTA-FAULT-020"],
        install: |slots| {
            watch(slots);
            slots.on(NRTA_EXECUTE_SCHEDULE, |call| {
                let own = submit(call, note_death);
                let id: u64 = if own == 0 { load(call.id_place()) } else { 0 };
                let died = DIED.load(Ordering::Relaxed);
                if own == 0 && died != 0 && unit(id) == unit(died) + 0x100 { DEAD } else { own }
            });
        },
    },
    Mutant {
        name: "dead-unit-answers-failure",
        breaks: "A submission to a unit that died answers NRT_FAILURE.",
        caught_by: &["NRTA-FAULT-008"],
        install: |slots| {
            slots.on_submit(|call| {
                let status = call.go();
                if status == DEAD { 1 } else { status }
            });
        },
    },
    Mutant {
        name: "dead-unit-refuses-once",
        breaks: "Only the first submission to a unit that died is refused; later ones are accepted and lost.",
        caught_by: &["NRTA-FAULT-008", "NRTA-FAULT-010"],
        install: |slots| {
            slots.on_submit(|call| {
                let status = call.go();
                if status == DEAD && HAS_DIED.swap(true, Ordering::Relaxed) { 0 } else { status }
            });
        },
    },
    Mutant {
        name: "drained-with-the-deadly-code",
        breaks: "Requests behind the deadly one end with its code.",
        caught_by: &["NRTA-FAULT-002"],
        install: |slots| {
            relay(slots, |id, status| {
                let mut codes = lock(&CODES);
                let codes = codes.get_or_insert_default();
                if is_fatal(status) {
                    codes.insert(unit(id), status);
                }
                if status == DEAD { codes.get(&unit(id)).copied().unwrap_or(status) } else { status }
            });
        },
    },
    Mutant {
        name: "drained-with-success",
        breaks: "Requests behind the deadly one end with success.",
        caught_by: &["NRTA-FAULT-002"],
        install: |slots| relay(slots, |_, status| if status == DEAD { 0 } else { status }),
    },
    Mutant {
        name: "deadly-code-is-101",
        breaks: "The request that killed the unit ends with the code of those behind it.",
        caught_by: &["NRTA-FAULT-001"],
        install: |slots| relay(slots, |_, status| if is_fatal(status) { DEAD } else { status }),
    },
    Mutant {
        name: "deadly-code-one-late",
        breaks: "The code of the request that killed the unit goes to the one behind it.",
        caught_by: &["NRTA-FAULT-001", "NRTA-FAULT-002"],
        install: |slots| {
            relay(slots, |id, status| {
                let mut codes = lock(&CODES);
                let codes = codes.get_or_insert_default();
                if is_fatal(status) {
                    codes.insert(id + 1, status);
                    return 0;
                }
                codes.get(&id).copied().unwrap_or(status)
            });
        },
    },
    Mutant {
        name: "drained-requests-are-lost",
        breaks: "Requests behind the deadly one never complete.",
        caught_by: &["NRTA-FAULT-003", "NRTA-FAULT-004"],
        install: |slots| hide(slots, |status| status == DEAD),
    },
    Mutant {
        name: "failed-request-never-completes",
        breaks: "A request that ended with an error does not count as over.",
        caught_by: &["NRTA-FAULT-001", "NRTA-FAULT-004"],
        install: |slots| hide(slots, |status| status != 0 && status != DEAD),
    },
    Mutant {
        name: "soft-error-is-deadly",
        breaks: "A unit dies of a run that completed with an error.",
        caught_by: &["NRTA-FAULT-027", "NRTA-FAULT-028"],
        install: |slots| {
            watch(slots);
            slots.on_submit(
                |call| {
                    if HAS_DIED.load(Ordering::Relaxed) { DEAD } else { submit(call, note_soft) }
                },
            );
        },
    },
    Mutant {
        name: "deadly-run-unloads-models",
        breaks: "When a unit has died, its models are gone.",
        caught_by: &["NRTA-FAULT-021"],
        install: |slots| {
            watch(slots);
            slots.on_submit(|call| submit(call, note_death));
            let gone = |call: Call| if HAS_DIED.load(Ordering::Relaxed) { 3 } else { call.go() };
            slots.on(NRT_UNLOAD, gone);
            slots.on(NRT_GET_MODEL_INFO, gone);
            slots.on(NRT_GET_MODEL_TENSOR_INFO, gone);
        },
    },
    Mutant {
        name: "health-before-arguments",
        breaks: "A dead unit is found out before arguments are looked at.",
        caught_by: &["NRTA-SUBMIT-038", "NRTA-SUBMIT-039", "NRTA-SUBMIT-040", "NRTA-SUBMIT-041"],
        install: |slots| {
            slots.on(NRTA_EXECUTE_SCHEDULE, |call| {
                let status = call.go();
                if status == DEAD {
                    HAS_DIED.store(true, Ordering::Relaxed);
                }
                if HAS_DIED.load(Ordering::Relaxed) { DEAD } else { status }
            });
        },
    },
];

static HAS_DIED: AtomicBool = AtomicBool::new(false);
/// The request that a unit died of.
static DIED: AtomicU64 = AtomicU64::new(0);
/// Codes by unit, or by request.
static CODES: Mutex<Option<HashMap<u64, i32>>> = Mutex::new(None);
/// Our place for the status of each request.
static WORDS: Mutex<Option<HashMap<u64, u64>>> = Mutex::new(None);

fn is_fatal(status: i32) -> bool {
    matches!(status, 5 | 1006 | 1200..=1206)
}

fn note_death(id: u64, status: i32) {
    if is_fatal(status) {
        HAS_DIED.store(true, Ordering::Relaxed);
        DIED.store(id, Ordering::Relaxed);
    }
}

fn note_soft(_: u64, status: i32) {
    if status == 1003 || status == 1004 {
        HAS_DIED.store(true, Ordering::Relaxed);
    }
}

/// Submits, and has `see` look at the status before anybody else does.
fn submit(call: Call, see: fn(u64, i32)) -> i32 {
    submit_with_own_word(call, |id, own, word| {
        let pass_on = move || {
            let status = load(own);
            see(id, status);
            store(word, status);
        };
        note(id, pass_on, || ());
    })
}

/// Requests whose status `is_hidden` are not over, nor is what is behind them.
fn hide(slots: &mut Slots, is_hidden: impl Fn(i32) -> bool + Copy + 'static) {
    slots.on_submit(|call| {
        submit_with_own_word(call, |id, own, word| {
            lock(&WORDS).get_or_insert_default().insert(id, own);
            note(id, move || store::<i32>(word, load(own)), || ());
        })
    });
    let hidden = move |id: u64| {
        let own = lock(&WORDS).get_or_insert_default().get(&id).copied();
        own.is_some_and(|own| is_hidden(load(own)))
    };
    slots.on(NRTA_IS_COMPLETED, move |call| {
        let status = call.go();
        if status == 0 && load::<bool>(call.argument(1)) {
            if hidden(call.argument(0)) {
                store(call.argument(1), false);
            } else {
                show(call.argument(0));
            }
        }
        status
    });
    slots.on(NRTA_GET_SEQUENCE, move |call| {
        let status = call.go();
        if status == 0 {
            let mut id: u64 = load(call.argument(3));
            while number(id) > 0 && hidden(id) {
                id -= 1;
            }
            show(id);
            store(call.argument(3), id);
        }
        status
    });
}
