//! Tensor sets, models, and what a run is given.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::memory::{copy, load, store};
use crate::mutant::Mutant;
use crate::slots::{
    NRT_ADD_TENSOR_TO_TENSOR_SET, NRT_EXECUTE, NRT_GET_MODEL_INSTANCE_COUNT, NRT_GET_MODEL_NC_COUNT,
    NRT_GET_MODEL_TENSOR_INFO, NRT_GET_MODEL_VNC_COUNT, NRT_GET_TENSOR_FROM_TENSOR_SET, NRT_LOAD, NRT_UNLOAD,
    NRTA_EXECUTE_SCHEDULE,
};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "null-name-accepted",
        breaks: "A tensor can be added to a set without a name.",
        caught_by: &["NRT-SET-005"],
        install: |slots| {
            slots.on(NRT_ADD_TENSOR_TO_TENSOR_SET, |call| {
                let name = call.argument(1);
                call.with(1, if name == 0 { c"unnamed".as_ptr() as u64 } else { name }).go()
            });
        },
    },
    Mutant {
        name: "missing-name-found",
        breaks: "Asking a set for a name that it does not have succeeds, with no tensor.",
        caught_by: &["NRT-SET-003", "NRT-SET-004"],
        install: |slots| {
            slots.on(NRT_GET_TENSOR_FROM_TENSOR_SET, |call| {
                let status = call.go();
                if status != 0 && call.argument(0) != 0 && call.argument(1) != 0 && call.argument(2) != 0 {
                    store(call.argument(2), 0_u64);
                    return 0;
                }
                status
            });
        },
    },
    Mutant {
        name: "set-keeps-the-first-tensor",
        breaks: "A tensor that is added under a name that is there already does not take its place.",
        caught_by: &["NRT-SET-002"],
        install: |slots| {
            slots.on(NRT_ADD_TENSOR_TO_TENSOR_SET, |call| {
                let found = crate::memory::place(0_u64);
                let there = call.argument(1) != 0
                    && NRT_GET_TENSOR_FROM_TENSOR_SET.call(&[call.argument(0), call.argument(1), found]) == 0;
                if there { 0 } else { call.go() }
            });
        },
    },
    Mutant {
        name: "unloaded-model-is-invalid",
        breaks: "A model that was unloaded is answered with NRT_INVALID, not NRT_INVALID_HANDLE.",
        caught_by: &["NRT-MODEL-061", "NRT-EXEC-006", "NRTA-SUBMIT-029"],
        install: |slots| {
            slots.on(NRT_UNLOAD, |call| stale(call.go()));
            slots.on(NRT_EXECUTE, |call| stale(call.go()));
            slots.on(NRTA_EXECUTE_SCHEDULE, |call| stale(call.go()));
            slots.on(NRT_GET_MODEL_TENSOR_INFO, |call| stale(call.go()));
        },
    },
    Mutant {
        name: "unload-twice-succeeds",
        breaks: "A model can be unloaded twice.",
        caught_by: &["NRT-MODEL-061"],
        install: |slots| {
            slots.on(NRT_UNLOAD, |call| {
                let status = call.go();
                if status == 3 { 0 } else { status }
            });
        },
    },
    Mutant {
        name: "bad-neff-accepted",
        breaks: "A file that is no NEFF is loaded as the last one that was.",
        caught_by: &["NRT-MODEL-02?", "NRT-MODEL-03?"],
        install: |slots| {
            slots.on(NRT_LOAD, |call| {
                let status = call.go();
                if status == 0 {
                    LOADED.store(load(call.argument(4)), Ordering::Relaxed);
                } else if call.argument(0) != 0 && call.argument(4) != 0 && status != 13 && status != 14 {
                    store(call.argument(4), LOADED.load(Ordering::Relaxed).max(1));
                    return 0;
                }
                status
            });
        },
    },
    Mutant {
        name: "model-core-unchecked",
        breaks: "A model for a core that does not exist is loaded on core 0.",
        caught_by: &["NRT-MODEL-029"],
        install: |slots| {
            slots.on(NRT_LOAD, |call| {
                let status = call.go();
                if status != 0 && call.int(2) > 0 { call.with(2, 0).go() } else { status }
            });
        },
    },
    Mutant {
        name: "tensor-info-without-the-first",
        breaks: "The first tensor of a model is missing in its list.",
        caught_by: &["NRT-MODEL-053", "NRT-MODEL-054"],
        install: |slots| {
            slots.on(NRT_GET_MODEL_TENSOR_INFO, |call| {
                let status = call.go();
                if status == 0 {
                    let list: u64 = load(call.argument(1));
                    let left = load::<u64>(list).saturating_sub(1);
                    store(list, left);
                    copy(list + 8 + 296, list + 8, left * 296);
                }
                status
            });
        },
    },
    Mutant {
        name: "tensor-info-swaps-usage",
        breaks: "In the list of a model's tensors inputs are outputs and outputs are inputs.",
        caught_by: &["NRT-MODEL-050", "NRT-MODEL-053", "NRT-MODEL-054"],
        install: |slots| {
            slots.on(NRT_GET_MODEL_TENSOR_INFO, |call| {
                let status = call.go();
                if status == 0 {
                    let list: u64 = load(call.argument(1));
                    for entry in 0..load::<u64>(list) {
                        let usage = list + 8 + entry * 296 + 256;
                        store(usage, 1 - load::<u32>(usage).min(1));
                    }
                }
                status
            });
        },
    },
    Mutant {
        name: "model-is-on-no-core",
        breaks: "A model is said to be on no core.",
        caught_by: &["NRT-MODEL-057"],
        install: |slots| {
            let none = |call: crate::slots::Call| {
                let status = call.go();
                if status == 0 {
                    store(call.argument(1), 0_u32);
                }
                status
            };
            slots.on(NRT_GET_MODEL_NC_COUNT, none);
            slots.on(NRT_GET_MODEL_VNC_COUNT, none);
            slots.on(NRT_GET_MODEL_INSTANCE_COUNT, none);
        },
    },
    Mutant {
        name: "missing-input-runs",
        breaks: "A blocking run whose set lacks an input succeeds, and does nothing.",
        caught_by: &["NRT-EXEC-009", "NRT-EXEC-010"],
        install: |slots| {
            slots.on(NRT_EXECUTE, |call| {
                let status = call.go();
                if status == 2 && (0..3).all(|index| call.argument(index) != 0) { 0 } else { status }
            });
        },
    },
    Mutant {
        name: "blocking-run-returns-early",
        breaks: "nrt_execute returns before the outputs are there.",
        caught_by: &["NRT-EXEC-001"],
        install: |slots| {
            slots.on(NRT_EXECUTE, |call| {
                let [word, id] = [crate::memory::place(0_i32), crate::memory::place(0_u64)];
                let [model, input, output] = [0, 1, 2].map(|index| call.argument(index));
                let status = NRTA_EXECUTE_SCHEDULE.call(&[model, input, output, 0, word, id]);
                if status == 7 { call.go() } else { status }
            });
        },
    },
    Mutant {
        name: "blocking-run-hides-failure",
        breaks: "nrt_execute answers success whatever the run ended with.",
        caught_by: &["NRTA-FAULT-014", "NRTA-FAULT-031"],
        install: |slots| {
            slots.on(NRT_EXECUTE, |call| {
                let status = call.go();
                if status >= 100 || status == 5 { 0 } else { status }
            });
        },
    },
];

static LOADED: AtomicU64 = AtomicU64::new(0);

fn stale(status: i32) -> i32 {
    if status == 3 { 2 } else { status }
}
