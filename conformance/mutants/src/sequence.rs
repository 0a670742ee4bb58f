//! Sequence ids: their numbers and how they are laid out.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::book::{number, unit};
use crate::memory::{load, lock, store};
use crate::mutant::Mutant;
use crate::slots::{NRTA_EVENT_REGISTER_SEQ_ID_COMPLETION, NRTA_GET_SEQUENCE, NRTA_IS_COMPLETED, Slots};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "sequence-skips-a-number",
        breaks: "The fourth request of a unit gets the number 5.",
        caught_by: &["NRTA-ORDER-003", "NRTA-ORDER-004"],
        install: |slots| {
            renumber(slots, |n| if n < 4 { n } else { n + 1 }, |n| if n < 5 { n } else { n - 1 });
        },
    },
    Mutant {
        name: "sequence-repeats-a-number",
        breaks: "The third request of a unit gets the number 2 again.",
        caught_by: &[
            "NRTA-ORDER-003",
            "NRTA-ORDER-004",
            "NRTA-ORDER-011",
            "NRTA-ORDER-012",
            "NRTA-ORDER-015",
        ],
        install: |slots| {
            renumber(slots, |n| if n < 3 { n } else { n - 1 }, |n| if n < 2 { n } else { n + 1 });
        },
    },
    Mutant {
        name: "sequence-starts-at-0",
        breaks: "The first request of a unit gets the number 0.",
        caught_by: &["NRTA-ORDER-001", "NRTA-ORDER-002"],
        install: |slots| renumber(slots, |n| n.saturating_sub(1), |n| n + 1),
    },
    Mutant {
        name: "sequence-starts-at-2",
        breaks: "The first request of a unit gets the number 2.",
        caught_by: &["NRTA-ORDER-001", "NRTA-ORDER-002"],
        install: |slots| renumber(slots, |n| n + 1, |n| n.saturating_sub(1)),
    },
    Mutant {
        name: "sequence-shared-between-units",
        breaks: "All units of the library draw their numbers from one counter.",
        caught_by: &["NRTA-ORDER-011", "NRTA-ORDER-012", "NRTA-ORDER-013"],
        install: |slots| recode(slots, Shared::of, Shared::back),
    },
    Mutant {
        name: "id-swaps-queue-and-unit",
        breaks: "In sequence ids queue and kind of unit have changed places.",
        caught_by: &["NRTA-ORDER-006", "NRTA-ORDER-007"],
        install: |slots| recode(slots, swap_queue_and_unit, swap_queue_and_unit),
    },
    Mutant {
        name: "id-has-the-core-below",
        breaks: "In sequence ids the core stands in the lower bits of the unit, and the kind on top.",
        caught_by: &["NRTA-ORDER-006", "NRTA-ORDER-007", "NRTA-ORDER-008"],
        install: |slots| {
            let turn = |id: u64, by| number(id) | u64::from((unit(id) as u16).rotate_left(by)) << 48;
            recode(slots, move |id| turn(id, 8), move |id| turn(id, 8));
        },
    },
    Mutant {
        name: "id-has-52-bits-of-number",
        breaks: "In sequence ids the number has 52 bits, and the kind of unit what is left.",
        caught_by: &["NRTA-ORDER-006", "NRTA-ORDER-007"],
        install: |slots| {
            let out = |id| {
                number(id) | (unit(id) & 0xf) << 52 | (unit(id) >> 8 & 0xf) << 56 | (unit(id) >> 4) << 60
            };
            let back =
                |id: u64| number(id) | (id >> 52 & 0xf) << 48 | (id >> 56 & 0xf) << 56 | (id >> 60) << 52;
            recode(slots, out, back);
        },
    },
    Mutant {
        name: "id-without-a-queue",
        breaks: "Sequence ids of all queues of a unit have the same upper bits.",
        caught_by: &["NRTA-ORDER-007"],
        install: |slots| {
            let plain = |id: u64| id & !(0xf << 52);
            recode(slots, plain, plain);
        },
    },
    Mutant {
        name: "idle-unit-has-id-0",
        breaks: "Before the first completion nrta_get_sequence gives 0, without the bits of the unit.",
        caught_by: &["NRTA-ORDER-009"],
        install: |slots| recode(slots, |id| if number(id) == 0 { 0 } else { id }, |id| id),
    },
    Mutant {
        name: "get-sequence-gives-the-submitted",
        breaks: "nrta_get_sequence gives the last request that was submitted, not the last that is over.",
        caught_by: &["NRTA-DONE-012", "NRTA-DONE-013"],
        install: |slots| {
            slots.on_submit(|call| {
                let status = call.go();
                if status == 0 {
                    let id = load(call.id_place());
                    lock(&SUBMITTED).get_or_insert_default().insert(unit(id), id);
                }
                status
            });
            slots.on(NRTA_GET_SEQUENCE, |call| {
                let status = call.go();
                if status == 0 {
                    let id: u64 = load(call.argument(3));
                    let submitted = lock(&SUBMITTED).get_or_insert_default().get(&unit(id)).copied();
                    store(call.argument(3), submitted.unwrap_or(id));
                }
                status
            });
        },
    },
    Mutant {
        name: "get-sequence-is-one-behind",
        breaks: "nrta_get_sequence gives the request before the last that is over.",
        caught_by: &["NRTA-DONE-002", "NRTA-DONE-010"],
        install: |slots| {
            after_get_sequence(slots, |id| if number(id) == 0 { id } else { id - 1 });
        },
    },
    Mutant {
        name: "get-sequence-goes-back",
        breaks: "Each fifth answer of nrta_get_sequence is one less than it was.",
        caught_by: &["NRTA-DONE-009", "NRTA-DONE-010"],
        install: |slots| {
            after_get_sequence(slots, |id| {
                let is_fifth = LOOKS.fetch_add(1, Ordering::Relaxed) % 5 == 4;
                if is_fifth && number(id) > 0 { id - 1 } else { id }
            });
        },
    },
    Mutant {
        name: "get-sequence-of-the-other-queue",
        breaks: "nrta_get_sequence looks at queue 0 whatever queue it is asked for.",
        caught_by: &["NRTA-ORDER-010", "NRTA-ORDER-018", "NRTA-ISO-009"],
        install: |slots| {
            slots.on(NRTA_GET_SEQUENCE, |call| {
                let status = call.go();
                if status == 0 { call.with(2, 0).go() } else { status }
            });
        },
    },
    Mutant {
        name: "get-sequence-takes-any-unit",
        breaks: "nrta_get_sequence answers success for a unit that does not exist.",
        caught_by: &["NRTA-DONE-035"],
        install: |slots| {
            slots.on(NRTA_GET_SEQUENCE, |call| {
                let status = call.go();
                if status == 2 && call.argument(3) != 0 {
                    store(call.argument(3), 0_u64);
                    return 0;
                }
                status
            });
        },
    },
];

static SUBMITTED: Mutex<Option<HashMap<u64, u64>>> = Mutex::new(None);
static LOOKS: AtomicU64 = AtomicU64::new(0);

/// Shows ids as `out` makes them, everywhere, and takes them so.
pub(crate) fn recode(
    slots: &mut Slots,
    out: impl Fn(u64) -> u64 + Copy + 'static,
    back: impl Fn(u64) -> u64 + Copy + 'static,
) {
    slots.on_submit(move |call| {
        let status = call.go();
        if status == 0 {
            store(call.id_place(), out(load(call.id_place())));
        }
        status
    });
    after_get_sequence(slots, out);
    slots.on(NRTA_IS_COMPLETED, move |call| call.with(0, back(call.argument(0))).go());
    slots.on(NRTA_EVENT_REGISTER_SEQ_ID_COMPLETION, move |call| call.with(0, back(call.argument(0))).go());
}

/// Shows other numbers, and takes them.
fn renumber(
    slots: &mut Slots,
    out: impl Fn(u64) -> u64 + Copy + 'static,
    back: impl Fn(u64) -> u64 + Copy + 'static,
) {
    let with = |id: u64, n: u64| unit(id) << 48 | n;
    let shown = move |id| if number(id) == 0 { id } else { with(id, out(number(id))) };
    recode(slots, shown, move |id| with(id, back(number(id))));
}

fn after_get_sequence(slots: &mut Slots, change: impl Fn(u64) -> u64 + Copy + 'static) {
    slots.on(NRTA_GET_SEQUENCE, move |call| {
        let status = call.go();
        if status == 0 {
            store(call.argument(3), change(load(call.argument(3))));
        }
        status
    });
}

fn swap_queue_and_unit(id: u64) -> u64 {
    id & !(0xff << 48) | (id >> 52 & 0xf) << 48 | (id >> 48 & 0xf) << 52
}

/// Numbers that all units draw from one counter.
#[derive(Debug, Default)]
struct Shared {
    drawn: u64,
    out: HashMap<u64, u64>,
    back: HashMap<u64, u64>,
}

static SHARED: Mutex<Option<Shared>> = Mutex::new(None);

impl Shared {
    fn of(id: u64) -> u64 {
        if number(id) == 0 {
            return id;
        }
        let mut shared = lock(&SHARED);
        let shared = shared.get_or_insert_default();
        if let Some(known) = shared.out.get(&id) {
            return *known;
        }
        shared.drawn += 1;
        let shown = unit(id) << 48 | shared.drawn;
        shared.out.insert(id, shown);
        shared.back.insert(shown, id);
        shown
    }

    fn back(id: u64) -> u64 {
        let shared = lock(&SHARED);
        let known = shared.as_ref().and_then(|shared| shared.back.get(&id));
        known.copied().unwrap_or(id)
    }
}
