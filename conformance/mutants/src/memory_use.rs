//! What the library says of the memory in use.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::memory::{load, store};
use crate::mutant::Mutant;
use crate::slots::{
    NRT_CLOSE, NRT_GET_VNC_MEMORY_STATS, NRT_TENSOR_ALLOCATE, NRT_TENSOR_FREE, NRT_UNLOAD, Slots,
};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "free-leaks",
        breaks: "nrt_tensor_free gives no memory back.",
        caught_by: &["NRT-TENSOR-081"],
        install: |slots| {
            slots.on(NRT_TENSOR_FREE, |call| {
                store(call.argument(0), 0_u64);
                0
            });
        },
    },
    Mutant {
        name: "unload-leaks",
        breaks: "nrt_unload gives no memory back, and leaves the model.",
        caught_by: &["NRT-MODEL-061", "NRT-MODEL-069"],
        install: |slots| slots.on(NRT_UNLOAD, |_| 0),
    },
    Mutant {
        name: "memory-in-use-never-falls",
        breaks: "The memory that is said to be in use is the most that ever was.",
        caught_by: &["NRT-TENSOR-081", "NRT-TENSOR-082"],
        install: |slots| change_used(slots, |used| MOST.fetch_max(used, Ordering::Relaxed).max(used)),
    },
    Mutant {
        name: "memory-in-use-stands-still",
        breaks: "The memory that is said to be in use does not rise with allocations.",
        caught_by: &["NRT-TENSOR-080"],
        install: |slots| {
            change_used(slots, |used| {
                let first = FIRST.compare_exchange(0, used, Ordering::Relaxed, Ordering::Relaxed);
                first.map_or_else(|first| first, |_| used)
            });
        },
    },
    Mutant {
        name: "memory-stays-in-use-after-close",
        breaks: "What was allocated when the runtime was closed counts as in use for ever.",
        caught_by: &["NRT-LIFE-036"],
        install: |slots| {
            change_used(slots, |used| used + KEPT.load(Ordering::Relaxed));
            slots.on(NRT_TENSOR_ALLOCATE, |call| {
                let status = call.go();
                if status == 0 {
                    OPEN.fetch_add(call.argument(2), Ordering::Relaxed);
                }
                status
            });
            slots.on(NRT_CLOSE, |call| {
                KEPT.fetch_add(OPEN.swap(0, Ordering::Relaxed), Ordering::Relaxed);
                call.go()
            });
        },
    },
];

static MOST: AtomicU64 = AtomicU64::new(0);
static FIRST: AtomicU64 = AtomicU64::new(0);
static OPEN: AtomicU64 = AtomicU64::new(0);
static KEPT: AtomicU64 = AtomicU64::new(0);

/// Says something else of the memory in use.
fn change_used(slots: &mut Slots, change: impl Fn(u64) -> u64 + Copy + 'static) {
    slots.on(NRT_GET_VNC_MEMORY_STATS, move |call| {
        let status = call.go();
        if status == 0 && call.argument(2) >= 8 {
            store(call.argument(1), change(load(call.argument(1))));
        }
        status
    });
}
