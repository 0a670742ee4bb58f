//! Events: when an eventfd is signalled, and which.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::book::{number, unit};
use crate::memory::{load, lock, place, store};
use crate::mutant::Mutant;
use crate::slots::{
    Call, NRTA_EVENT_REGISTER_SEQ_ID_COMPLETION, NRTA_EVENT_REGISTER_XU_COMPLETION, NRTA_GET_SEQUENCE,
    NRTA_IS_COMPLETED,
};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "event-before-sequence",
        breaks: "The event comes before the number of the request is published.",
        caught_by: &["NRTA-EVENT-006", "NRTA-EVENT-032", "NRTA-EVENT-033"],
        // Without events nobody can tell: a request is seen to be over a little later.
        install: |slots| {
            slots.on(NRTA_IS_COMPLETED, |call| {
                let status = call.go();
                if status == 0 && load::<bool>(call.argument(1)) && is_first_look(call.argument(0)) {
                    store(call.argument(1), false);
                }
                status
            });
            slots.on(NRTA_GET_SEQUENCE, |call| {
                let status = call.go();
                if status == 0 {
                    let id: u64 = load(call.argument(3));
                    let behind = number(id) > 0 && is_first_look(id);
                    store(call.argument(3), if behind { id - 1 } else { id });
                }
                status
            });
        },
    },
    Mutant {
        name: "event-at-submission",
        breaks: "The eventfd of a unit is signalled when a request is submitted.",
        caught_by: &["NRTA-EVENT-016", "NRTA-EVENT-014", "NRTA-EVENT-015"],
        install: |slots| {
            slots.on(NRTA_EVENT_REGISTER_XU_COMPLETION, |call| {
                let status = call.go();
                if status == 0 {
                    lock(&FDS).get_or_insert_default().insert(unit_of(call), call.int(3));
                }
                status
            });
            slots.on_submit(|call| {
                let status = call.go();
                if status == 0 {
                    let unit = unit(load(call.id_place()));
                    if let Some(fd) = lock(&FDS).get_or_insert_default().get(&unit) {
                        signal(*fd);
                    }
                }
                status
            });
        },
    },
    Mutant {
        name: "event-at-registration",
        breaks: "Registering an eventfd for a request that is pending signals it at once.",
        caught_by: &["NRTA-EVENT-003"],
        install: |slots| {
            slots.on(NRTA_EVENT_REGISTER_SEQ_ID_COMPLETION, |call| {
                let status = call.go();
                if status == 0 {
                    signal(call.int(1));
                }
                status
            });
        },
    },
    Mutant {
        name: "event-lost-after-completion",
        breaks: "Registering an eventfd for a request that is over does not signal it.",
        caught_by: &["NRTA-EVENT-004"],
        install: |slots| {
            slots.on(NRTA_EVENT_REGISTER_SEQ_ID_COMPLETION, |call| {
                if call.int(1) >= 0 && is_over(call.argument(0)) { 0 } else { call.go() }
            });
        },
    },
    Mutant {
        name: "event-lost-during-completion",
        breaks: "The event of a request that completes while it is being registered is lost.",
        caught_by: &["NRTA-EVENT-031", "NRTA-EVENT-006"],
        // Is it over? If not, remember the eventfd: what happens between the two is missed.
        install: |slots| {
            slots.on(NRTA_EVENT_REGISTER_SEQ_ID_COMPLETION, |call| {
                if call.int(1) < 0 || is_over(call.argument(0)) {
                    return call.go();
                }
                thread::yield_now();
                if is_over(call.argument(0)) { 0 } else { call.go() }
            });
        },
    },
    Mutant {
        name: "event-of-another-unit",
        breaks: "An eventfd that is registered for the compute unit is signalled by the tensor-op unit.",
        caught_by: &["NRTA-EVENT-020", "NRTA-EVENT-021"],
        install: |slots| {
            slots.on(NRTA_EVENT_REGISTER_XU_COMPLETION, |call| match call.int(1) {
                1 if call.int(2) == 0 => call.with(1, 0).go(),
                0 if call.int(2) == 0 => call.with(1, 1).go(),
                _ => call.go(),
            });
        },
    },
    Mutant {
        name: "event-of-another-core",
        breaks: "An eventfd that is registered for a core other than the first is signalled by core 0.",
        caught_by: &["NRTA-EVENT-020", "NRTA-EVENT-021"],
        install: |slots| {
            slots.on(NRTA_EVENT_REGISTER_XU_COMPLETION, |call| {
                let status = call.go();
                if status == 0 && call.int(0) > 0 {
                    call.with(3, -1_i64 as u64).go();
                    return call.with(0, 0).go();
                }
                status
            });
        },
    },
    Mutant {
        name: "event-of-another-queue",
        breaks: "An eventfd is signalled by queue 0 of its unit, whatever queue it is registered for.",
        caught_by: &["NRTA-EVENT-020", "NRTA-EVENT-021"],
        install: |slots| {
            slots.on(NRTA_EVENT_REGISTER_XU_COMPLETION, |call| {
                if call.int(1) == 0 && call.int(2) == 1 { call.with(2, 0).go() } else { call.go() }
            });
        },
    },
    Mutant {
        name: "event-of-the-next-request",
        breaks: "An eventfd is signalled when the request behind the one that was named is over.",
        caught_by: &["NRTA-EVENT-001", "NRTA-EVENT-003", "NRTA-EVENT-008"],
        install: |slots| {
            slots.on(NRTA_EVENT_REGISTER_SEQ_ID_COMPLETION, |call| {
                call.with(0, call.argument(0).wrapping_add(1)).go()
            });
        },
    },
    Mutant {
        name: "fd-not-duplicated",
        breaks: "The library keeps the number of an eventfd, and signals whatever has that number later.",
        caught_by: &["NRTA-EVENT-028", "NRTA-EVENT-029"],
        install: |slots| {
            slots.on(NRTA_EVENT_REGISTER_XU_COMPLETION, |call| relay(call, 3, false));
            slots.on(NRTA_EVENT_REGISTER_SEQ_ID_COMPLETION, |call| relay(call, 1, false));
            slots.on(NRTA_IS_COMPLETED, |call| {
                let status = call.go();
                pass_on();
                status
            });
        },
    },
    Mutant {
        name: "event-of-a-unit-comes-once",
        breaks: "An eventfd that is registered for a unit is signalled by the first completion only.",
        caught_by: &["NRTA-EVENT-014", "NRTA-EVENT-015"],
        install: |slots| slots.on(NRTA_EVENT_REGISTER_XU_COMPLETION, |call| relay(call, 3, true)),
    },
    Mutant {
        name: "unit-deregistration-ignored",
        breaks: "The eventfd of a unit is signalled after it was deregistered.",
        caught_by: &["NRTA-EVENT-017", "NRTA-EVENT-034"],
        install: |slots| {
            slots.on(NRTA_EVENT_REGISTER_XU_COMPLETION, |call| if call.int(3) < 0 { 0 } else { call.go() });
        },
    },
    Mutant {
        name: "request-deregistration-ignored",
        breaks: "The eventfd of a request is signalled after it was deregistered.",
        caught_by: &["NRTA-EVENT-007"],
        install: |slots| {
            slots.on(
                NRTA_EVENT_REGISTER_SEQ_ID_COMPLETION,
                |call| if call.int(1) < 0 { 0 } else { call.go() },
            );
        },
    },
    Mutant {
        name: "registration-needs-a-request",
        breaks: "An eventfd cannot be registered for a unit that has had no request yet.",
        caught_by: &["NRTA-EVENT-013"],
        install: |slots| {
            slots.on(NRTA_EVENT_REGISTER_XU_COMPLETION, |call| {
                let id = place(0_u64);
                let at = [call.argument(0), call.argument(1), call.argument(2), id];
                let status = NRTA_GET_SEQUENCE.call(&at);
                if status == 0 && number(load(id)) == 0 { 2 } else { call.go() }
            });
        },
    },
    Mutant {
        name: "one-event-for-several-completions",
        breaks: "Completions that come before the eventfd was read are not counted.",
        caught_by: &["NRTA-EVENT-014", "NRTA-EVENT-015"],
        install: |slots| {
            slots.on(NRTA_EVENT_REGISTER_XU_COMPLETION, |call| {
                if call.int(3) < 0 {
                    return call.go();
                }
                let own = eventfd(libc::EFD_CLOEXEC);
                let status = call.with(3, own as u64).go();
                let fd = call.int(3);
                if status == 0 {
                    thread::spawn(move || {
                        while wait(own) > 0 {
                            if !is_readable(fd, 0) {
                                signal(fd);
                            }
                        }
                    });
                }
                status
            });
        },
    },
    Mutant {
        name: "registration-without-a-lock",
        breaks: "Threads that register eventfds at once get each other's.",
        caught_by: &["NRTA-EVENT-031", "NRTA-THREAD-007", "NRTA-THREAD-008"],
        install: |slots| {
            slots.on(NRTA_EVENT_REGISTER_XU_COMPLETION, |call| {
                BEING_REGISTERED.store(call.argument(3), Ordering::Relaxed);
                thread::yield_now();
                call.with(3, BEING_REGISTERED.load(Ordering::Relaxed)).go()
            });
            slots.on(NRTA_EVENT_REGISTER_SEQ_ID_COMPLETION, |call| {
                BEING_REGISTERED.store(call.argument(1), Ordering::Relaxed);
                thread::yield_now();
                call.with(1, BEING_REGISTERED.load(Ordering::Relaxed)).go()
            });
        },
    },
];

/// Eventfds by unit.
static FDS: Mutex<Option<HashMap<u64, i32>>> = Mutex::new(None);
static LOOKED_AT: Mutex<Option<HashSet<u64>>> = Mutex::new(None);
/// Eventfds of ours, and the numbers of the callers' that they stand for.
static RELAYED: Mutex<Vec<(i32, i32)>> = Mutex::new(Vec::new());
static BEING_REGISTERED: AtomicU64 = AtomicU64::new(0);

fn is_first_look(id: u64) -> bool {
    lock(&LOOKED_AT).get_or_insert_default().insert(id)
}

/// The upper bits of the ids of the unit that a registration names.
fn unit_of(call: Call) -> u64 {
    call.argument(0) << 8 & 0xff00 | call.argument(2) << 4 & 0xf0 | call.argument(1) & 0xf
}

fn is_over(id: u64) -> bool {
    let flag = place(false);
    NRTA_IS_COMPLETED.call(&[id, flag]) == 0 && load(flag)
}

/// Registers an eventfd of ours, and signals the number of the caller's when that is signalled.
fn relay(call: Call, fd: usize, once: bool) -> i32 {
    if call.int(fd) < 0 {
        return call.go();
    }
    let own = eventfd(libc::EFD_CLOEXEC | libc::EFD_NONBLOCK);
    let status = call.with(fd, own as u64).go();
    if status == 0 {
        lock(&RELAYED).push((own, call.int(fd)));
        thread::spawn(move || {
            while is_readable(own, -1) {
                pass_on();
                if once {
                    call.with(fd, -1_i64 as u64).go();
                    break;
                }
            }
        });
    }
    status
}

/// Signals the callers' numbers for what came on eventfds of ours.
fn pass_on() {
    for (own, callers) in lock(&RELAYED).iter() {
        (0..wait(*own)).for_each(|_| signal(*callers));
    }
}

fn eventfd(flags: i32) -> i32 {
    // SAFETY: takes two numbers.
    unsafe { libc::eventfd(0, flags) }
}

/// Adds one to an eventfd, if there is one of that number.
fn signal(fd: i32) {
    let one = 1_u64;
    // SAFETY: writes 8 bytes of a number that lives here.
    unsafe { libc::write(fd, (&raw const one).cast(), 8) };
}

/// Waits for an eventfd and takes its count.
fn wait(fd: i32) -> u64 {
    let mut count = 0_u64;
    // SAFETY: reads 8 bytes to a number that lives here.
    let read = unsafe { libc::read(fd, (&raw mut count).cast(), 8) };
    if read == 8 { count } else { 0 }
}

fn is_readable(fd: i32, milliseconds: i32) -> bool {
    let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry, which lives here.
    unsafe { libc::poll(&raw mut poll, 1, milliseconds) == 1 }
}
