//! What the library says of itself and of the machine.

use crate::environment;
use crate::memory::{bytes, copy, load, store};
use crate::mutant::Mutant;
use crate::slots::{
    Call, NRT_GET_INSTANCE_INFO, NRT_GET_MODEL_INFO, NRT_GET_TOTAL_NC_COUNT, NRT_GET_TOTAL_VNC_COUNT,
    NRT_GET_VERSION, NRT_GET_VISIBLE_NC_COUNT, NRT_GET_VISIBLE_VNC_COUNT, NRT_GET_VNC_MEMORY_STATS, NRT_INIT,
    NRT_TENSOR_GET_DEVICE_ALLOCATION_INFO, Slots,
};

const VISIBLE_CORES: &str = "NEURON_RT_VISIBLE_CORES";

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "version-overruns",
        breaks: "nrt_get_version writes its whole structure, however small the caller's is.",
        caught_by: &["NRT-ABI-020"],
        install: |slots| {
            slots.on(NRT_GET_VERSION, |call| {
                if call.argument(0) == 0 || call.argument(1) < 160 {
                    return call.go();
                }
                call.with(1, 224).go()
            });
        },
    },
    Mutant {
        name: "instance-info-overruns",
        breaks: "nrt_get_instance_info writes 32 bytes, however small the caller's structure is.",
        caught_by: &["NRT-ABI-025"],
        install: |slots| slots.on(NRT_GET_INSTANCE_INFO, |call| call.with(1, 32).go()),
    },
    Mutant {
        name: "instance-info-needs-all-of-it",
        breaks: "nrt_get_instance_info refuses the structure of 8 bytes that programs had before SDK 2.28.",
        caught_by: &["NRT-ABI-026"],
        install: |slots| {
            slots.on(NRT_GET_INSTANCE_INFO, |call| if call.argument(1) < 32 { 2 } else { call.go() });
        },
    },
    Mutant {
        name: "version-needs-all-of-it",
        breaks: "nrt_get_version refuses a structure without room for the hash.",
        caught_by: &["NRT-ABI-037"],
        install: |slots| slots.on(NRT_GET_VERSION, |call| if call.argument(1) < 224 { 1 } else { call.go() }),
    },
    Mutant {
        name: "memory-stats-overrun",
        breaks: "nrt_get_vnc_memory_stats writes 16 bytes, however small the caller's structure is.",
        caught_by: &["NRT-ABI-028"],
        install: |slots| {
            slots.on(NRT_GET_VNC_MEMORY_STATS, |call| {
                let status = call.go();
                if status == 0 && call.argument(2) < 16 { call.with(2, 16).go() } else { status }
            });
        },
    },
    Mutant {
        name: "model-info-overruns",
        breaks: "nrt_get_model_info writes all it has, however small the caller's structure is.",
        caught_by: &["NRT-ABI-030"],
        install: |slots| {
            slots.on(NRT_GET_MODEL_INFO, |call| {
                let status = call.go();
                if status == 0 && call.argument(2) < 4 { call.with(2, 4).go() } else { status }
            });
        },
    },
    Mutant {
        name: "allocation-info-of-the-request",
        breaks: "The allocation of a tensor is said to be smaller than the tensor.",
        caught_by: &["NRT-TENSOR-053"],
        install: |slots| {
            slots.on(NRT_TENSOR_GET_DEVICE_ALLOCATION_INFO, |call| {
                let status = call.go();
                if status == 0 {
                    let size = call.argument(1) + 8;
                    store(size, load::<u64>(size) / 2);
                }
                status
            });
        },
    },
    Mutant {
        name: "counts-need-init",
        breaks: "Cores cannot be counted before nrt_init.",
        caught_by: &["NRT-TOPO-001"],
        install: |slots| {
            count(slots, |call| {
                let own = bytes(16);
                let room = bytes(8);
                if NRT_GET_VNC_MEMORY_STATS.call(&[0, own, 16, room]) == 13 { 13 } else { call.go() }
            });
        },
    },
    Mutant {
        name: "visible-count-is-total-before-init",
        breaks: "Before nrt_init all cores count as visible.",
        caught_by: &["NRT-TOPO-019"],
        install: |slots| {
            let visible = |call: Call| {
                let set = environment::get(VISIBLE_CORES);
                environment::set(VISIBLE_CORES, None);
                let status = call.go();
                environment::set(VISIBLE_CORES, set.as_deref());
                status
            };
            slots.on(NRT_GET_VISIBLE_NC_COUNT, visible);
            slots.on(NRT_GET_VISIBLE_VNC_COUNT, visible);
        },
    },
    Mutant {
        name: "visible-cores-ignored",
        breaks: "NEURON_RT_VISIBLE_CORES is not looked at.",
        caught_by: &["NRT-TOPO-010", "NRT-TOPO-015", "NRT-TOPO-019"],
        install: |slots| {
            environment::set(VISIBLE_CORES, None);
            slots.on(NRT_INIT, |call| {
                environment::set(VISIBLE_CORES, None);
                call.go()
            });
            count(slots, |call| {
                environment::set(VISIBLE_CORES, None);
                call.go()
            });
        },
    },
    Mutant {
        name: "visible-cores-one-short",
        breaks: "The last core of a range in NEURON_RT_VISIBLE_CORES is left out.",
        caught_by: &["NRT-TOPO-011"],
        install: |slots| {
            let shortened = |call: Call| {
                let set = environment::get(VISIBLE_CORES);
                if let Some((first, last)) = set.as_ref().and_then(|set| set.split_once('-'))
                    && let Ok(last) = last.parse::<u32>()
                {
                    environment::set(VISIBLE_CORES, Some(&format!("{first}-{}", last.saturating_sub(1))));
                }
                let status = call.go();
                environment::set(VISIBLE_CORES, set.as_deref());
                status
            };
            slots.on(NRT_INIT, shortened);
            slots.on(NRT_GET_VISIBLE_NC_COUNT, shortened);
            slots.on(NRT_GET_VISIBLE_VNC_COUNT, shortened);
        },
    },
    Mutant {
        name: "nc-and-vnc-counts-differ",
        breaks: "nrt_get_total_nc_count counts physical cores, two for each logical one.",
        caught_by: &["NRT-TOPO-003"],
        install: |slots| {
            slots.on(NRT_GET_TOTAL_NC_COUNT, |call| {
                let status = call.go();
                if status == 0 {
                    store(call.argument(0), 2 * load::<u32>(call.argument(0)));
                }
                status
            });
        },
    },
    Mutant {
        name: "version-is-not-terminated",
        breaks: "The text of the version fills its place to the last byte.",
        caught_by: &["NRT-ABI-024"],
        install: |slots| {
            slots.on(NRT_GET_VERSION, |call| {
                let status = call.go();
                if status == 0 {
                    copy([b'.'; 128].as_ptr() as u64, call.argument(0) + 32, 128);
                }
                status
            });
        },
    },
];

/// Answers the four calls that count cores.
fn count(slots: &mut Slots, body: impl Fn(Call) -> i32 + Copy + 'static) {
    slots.on(NRT_GET_TOTAL_NC_COUNT, body);
    slots.on(NRT_GET_TOTAL_VNC_COUNT, body);
    slots.on(NRT_GET_VISIBLE_NC_COUNT, body);
    slots.on(NRT_GET_VISIBLE_VNC_COUNT, body);
}
