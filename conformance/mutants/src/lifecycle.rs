//! `nrt_init` and `nrt_close`, and what is possible before, between and after.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use crate::book::{note, submit_with_own_word, watch};
use crate::environment;
use crate::memory::{load, store};
use crate::mutant::Mutant;
use crate::slots::{
    Call, NRT_ALLOCATE_TENSOR_SET, NRT_CLOSE, NRT_INIT, NRT_LOAD, NRT_TENSOR_ALLOCATE, NRTA_EXECUTE_SCHEDULE,
    NRTA_GET_SEQUENCE, NRTA_IS_COMPLETED, Slots,
};

const FAILURE: i32 = 1;
const INVALID: i32 = 2;
const UNINITIALIZED: i32 = 13;
const CLOSED: i32 = 14;

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "second-init-starts-anew",
        breaks: "nrt_init on a runtime that has begun throws away what there was.",
        caught_by: &["NRT-LIFE-023", "NRT-LIFE-024"],
        install: |slots| {
            slots.on(NRT_INIT, |call| {
                if HAS_BEGUN.swap(true, Ordering::Relaxed) {
                    NRT_CLOSE.call(&[]);
                }
                call.go()
            });
            slots.on(NRT_CLOSE, |call| {
                HAS_BEGUN.store(false, Ordering::Relaxed);
                call.go()
            });
        },
    },
    Mutant {
        name: "second-init-fails",
        breaks: "nrt_init on a runtime that has begun is an error.",
        caught_by: &["NRT-LIFE-022"],
        install: |slots| {
            slots.on(
                NRT_INIT,
                |call| if HAS_BEGUN.swap(true, Ordering::Relaxed) { FAILURE } else { call.go() },
            );
            slots.on(NRT_CLOSE, |call| {
                HAS_BEGUN.store(false, Ordering::Relaxed);
                call.go()
            });
        },
    },
    Mutant {
        name: "init-after-close-fails",
        breaks: "A runtime that was closed cannot begin again.",
        caught_by: &["NRT-LIFE-027"],
        install: |slots| {
            slots.on(NRT_CLOSE, |call| {
                HAS_ENDED.store(true, Ordering::Relaxed);
                call.go()
            });
            slots.on(NRT_INIT, |call| if HAS_ENDED.load(Ordering::Relaxed) { CLOSED } else { call.go() });
        },
    },
    Mutant {
        name: "calls-begin-the-runtime",
        breaks: "A call before nrt_init begins the runtime by itself.",
        caught_by: &["NRT-LIFE-001", "NRT-LIFE-002"],
        install: |slots| {
            gate(slots, |call, status| {
                if status != UNINITIALIZED {
                    return status;
                }
                NRT_INIT.call(&[1, c"".as_ptr() as u64, c"".as_ptr() as u64]);
                call.go()
            });
        },
    },
    Mutant {
        name: "calls-before-init-are-invalid",
        breaks: "A call before nrt_init answers NRT_INVALID.",
        caught_by: &["NRT-LIFE-001", "NRT-LIFE-002"],
        install: |slots| gate(slots, |_, status| if status == UNINITIALIZED { INVALID } else { status }),
    },
    Mutant {
        name: "calls-after-close-succeed",
        breaks: "A call after nrt_close answers success.",
        caught_by: &["NRT-LIFE-011", "NRT-LIFE-012"],
        install: |slots| {
            slots.on(NRT_CLOSE, |call| {
                HAS_ENDED.store(true, Ordering::Relaxed);
                call.go()
            });
            gate(slots, |_, status| {
                let refused = matches!(status, UNINITIALIZED | CLOSED);
                if refused && HAS_ENDED.load(Ordering::Relaxed) { 0 } else { status }
            });
        },
    },
    Mutant {
        name: "async-calls-have-no-gate",
        breaks: "nrta_* before nrt_init look at their arguments first, and at the runtime never.",
        caught_by: &["NRTA-LIFE-004", "NRTA-LIFE-014"],
        install: |slots| {
            let ungated = |call: Call| {
                let status = call.go();
                if matches!(status, UNINITIALIZED | CLOSED) { INVALID } else { status }
            };
            slots.on_submit(ungated);
            slots.on(NRTA_IS_COMPLETED, ungated);
            slots.on(NRTA_GET_SEQUENCE, ungated);
        },
    },
    Mutant {
        name: "arguments-before-gate",
        breaks: "Before nrt_init a missing pointer is found out before the missing runtime.",
        caught_by: &["NRTA-LIFE-007", "NRTA-SUBMIT-001"],
        install: |slots| {
            gate(slots, |call, status| {
                let is_incomplete = call.argument(call.count() - 1) == 0;
                if matches!(status, UNINITIALIZED | CLOSED) && is_incomplete { INVALID } else { status }
            });
            slots.on(NRTA_EXECUTE_SCHEDULE, |call| {
                let status = call.go();
                let is_incomplete = call.argument(0) == 0 || call.id_place() == 0;
                if matches!(status, UNINITIALIZED | CLOSED) && is_incomplete { INVALID } else { status }
            });
        },
    },
    Mutant {
        name: "forked-child-goes-on",
        breaks: "A child after fork may call everything.",
        caught_by: &["NRT-LIFE-050", "NRT-LIFE-052"],
        install: |slots| {
            slots.on(NRT_INIT, |call| {
                let status = call.go();
                if status == 0 {
                    PROCESS.store(process(), Ordering::Relaxed);
                }
                if is_child() { 0 } else { status }
            });
            gate(slots, |_, status| if is_child() { 0 } else { status });
        },
    },
    Mutant {
        name: "close-loses-work",
        breaks: "Requests that were in flight at nrt_close never get a status.",
        caught_by: &["NRTA-LIFE-031"],
        install: |slots| {
            watch(slots);
            slots.on_submit(|call| {
                submit_with_own_word(call, |id, own, word| {
                    note(id, move || store::<i32>(word, load(own)), || ());
                })
            });
        },
    },
    Mutant {
        name: "close-leaves-the-runtime",
        breaks: "nrt_close does nothing.",
        caught_by: &["NRT-LIFE-011", "NRT-LIFE-012"],
        install: |slots| slots.on(NRT_CLOSE, |_| 0),
    },
    Mutant {
        name: "bad-cores-ignored",
        breaks: "A list of visible cores that cannot be read counts as none.",
        caught_by: &["NRT-TOPO-018", "NRT-TOPO-026"],
        install: |slots| {
            slots.on(NRT_INIT, |call| {
                let status = call.go();
                if status == 0 {
                    return 0;
                }
                environment::set("NEURON_RT_VISIBLE_CORES", None);
                environment::set("NEURON_RT_NUM_CORES", None);
                call.go()
            });
        },
    },
];

static HAS_BEGUN: AtomicBool = AtomicBool::new(false);
static HAS_ENDED: AtomicBool = AtomicBool::new(false);
static PROCESS: AtomicI32 = AtomicI32::new(0);

/// Changes the answers of calls that need a runtime that has begun.
fn gate(slots: &mut Slots, change: impl Fn(Call, i32) -> i32 + Copy + 'static) {
    slots.on(NRT_TENSOR_ALLOCATE, move |call| change(call, call.go()));
    slots.on(NRT_ALLOCATE_TENSOR_SET, move |call| change(call, call.go()));
    slots.on(NRT_LOAD, move |call| change(call, call.go()));
}

fn process() -> i32 {
    // SAFETY: takes nothing.
    unsafe { libc::getpid() }
}

fn is_child() -> bool {
    let begun = PROCESS.load(Ordering::Relaxed);
    begun != 0 && begun != process()
}
