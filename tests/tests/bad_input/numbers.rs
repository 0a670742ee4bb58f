//! Numbers of cores, units, queues, devices and requests that do not exist.

use std::ffi::c_int;
use std::ptr;

use nrt_tests::child::in_child;

use crate::scene::{INVALID, INVALID_HANDLE, MAX, REPORT, Scene};

#[test]
fn cores_that_do_not_exist_are_named() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, tensor, other, .. } = scene;
        let bad_cores = [2, 3, 127, 128, 255, 256, 257, -1, -2, c_int::MAX, c_int::MIN];
        for core in bad_cores {
            let says = format!("is {core}, expected 0 to 2 exclusive");
            let as_u32 = core.cast_unsigned();
            let says_u32 = format!("is {as_u32}, expected 0 to 2 exclusive");
            scene.refuses("nrt_tensor_allocate", INVALID, &says, |p| {
                (nrt.tensor_allocate)(0, core, 64, ptr::null(), p.at(0))
            });
            scene.refuses("nrt_get_vnc_memory_stats", INVALID, &says_u32, |p| {
                (nrt.memory_stats)(as_u32, p.at(0), 16, p.at(1))
            });
            scene.refuses("nrt_debug_log_oom_report", INVALID, &says, |_| (nrt.log_oom_report)(core));
            scene.refuses("nrt_get_device_id", INVALID, &says, |p| (nrt.device_id)(core, p.at(0)));
            scene.refuses("nrt_async_drain_queued_execs", INVALID, &says, |_| (nrt.drain)(core));
            scene.refuses("nrta_tensor_write", INVALID, &says, |p| {
                (nrt.write)(tensor, p.at(0), 0, 8, core, 0, p.at(1), p.at(2))
            });
            scene.refuses("nrta_tensor_read", INVALID, &says, |p| {
                (nrt.read)(p.at(0), tensor, 0, 8, core, 1, p.at(1), p.at(2))
            });
            scene.refuses("nrta_tensor_copy", INVALID, &says, |p| {
                (nrt.copy)(tensor, 0, other, 0, 8, core, 0, p.at(1), p.at(2))
            });
            scene.refuses("nrta_get_sequence", INVALID, &says_u32, |p| {
                (nrt.get_sequence)(as_u32, 1, 0, p.at(0))
            });
            scene.refuses("nrta_get_sequence", INVALID, &says_u32, |p| {
                (nrt.old_get_sequence)(as_u32, 3, 0, p.at(0))
            });
            scene.refuses("nrta_event_register_xu_completion", INVALID, &says, |_| {
                (nrt.register_xu)(core, 1, 0, -1)
            });
            scene.refuses("nrta_error_tracker_create", INVALID, &says_u32, |p| {
                (nrt.tracker_create)(as_u32, p.at(0))
            });
        }
    });
}

#[test]
fn kinds_of_units_that_do_not_exist_are_named() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, .. } = scene;
        for xu in [3, 4, 5, 6, 99, -1, c_int::MAX, c_int::MIN] {
            let says = format!("xu_type is {}, expected 0 to", xu.cast_unsigned());
            scene.refuses("nrta_get_sequence", INVALID, &says, |p| (nrt.get_sequence)(0, xu, 0, p.at(0)));
            scene.refuses("nrta_event_register_xu_completion", INVALID, &says, |_| {
                (nrt.register_xu)(0, xu, 0, -1)
            });
            if !(0..5).contains(&xu) {
                scene.refuses("nrta_get_sequence", INVALID, &says, |p| {
                    (nrt.old_get_sequence)(0, xu, 0, p.at(0))
                });
            }
        }
    });
}

#[test]
fn queues_that_do_not_exist_are_named() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, model, tensor, other, inputs, outputs, tracker, .. } = scene;
        for queue in [3, 4, 16, 255, 256, -1, c_int::MAX, c_int::MIN] {
            let says = format!("queues. (queue={queue})");
            scene.refuses("nrta_execute_schedule", INVALID, &says, |p| {
                (nrt.schedule)(model, inputs, outputs, queue, p.at(0), p.at(1))
            });
            scene.refuses("nrta_execute_schedule", INVALID, &says, |p| {
                (nrt.old_schedule)(model, inputs, outputs, queue, tracker, p.at(1))
            });
            scene.refuses("nrta_tensor_write", INVALID, &says, |p| {
                (nrt.write)(tensor, p.at(0), 0, 8, 0, queue, p.at(1), p.at(2))
            });
            scene.refuses("nrta_tensor_read", INVALID, &says, |p| {
                (nrt.read)(p.at(0), tensor, 0, 8, 0, queue, p.at(1), p.at(2))
            });
            scene.refuses("nrta_tensor_copy", INVALID, &says, |p| {
                (nrt.copy)(tensor, 0, other, 0, 8, 0, queue, p.at(1), p.at(2))
            });
            scene.refuses("nrta_tensor_write", INVALID, &says, |p| {
                (nrt.old_write)(tensor, p.at(0), 0, 8, queue, tracker, p.at(1))
            });
            scene.refuses("nrta_tensor_read", INVALID, &says, |p| {
                (nrt.old_read)(p.at(0), tensor, 0, 8, queue, tracker, p.at(1))
            });
            scene.refuses("nrta_tensor_copy", INVALID, &says, |p| {
                (nrt.old_copy)(tensor, 0, other, 0, 8, queue, tracker, p.at(1))
            });
            for xu in 0..3 {
                scene.refuses("nrta_get_sequence", INVALID, &says, |p| {
                    (nrt.get_sequence)(0, xu, queue, p.at(0))
                });
                scene.refuses("nrta_event_register_xu_completion", INVALID, &says, |_| {
                    (nrt.register_xu)(0, xu, queue, -1)
                });
            }
        }
    });
}

#[test]
fn placements_devices_and_counts_out_of_range_are_named() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, model, inputs, outputs, .. } = scene;
        for placement in [3, 4, -1, c_int::MAX, c_int::MIN] {
            let says = format!("tensor_placement is {placement}, expected 0 to 3 exclusive");
            scene.refuses("nrt_tensor_allocate", INVALID, &says, |p| {
                (nrt.tensor_allocate)(placement, 0, 64, ptr::null(), p.at(0))
            });
        }
        scene.refuses("nrt_tensor_allocate", INVALID, "removed in SDK 2.30", |p| {
            (nrt.tensor_allocate)(2, -1, 64, ptr::null(), p.at(0))
        });
        for device in [1, 16, -1, c_int::MAX, c_int::MIN] {
            let says = format!("is {device}, expected 0 to 1 exclusive");
            scene
                .refuses("nrt_host_device_id_get", INVALID, &says, |p| (nrt.host_device_id)(device, p.at(0)));
            scene.refuses("nrt_get_hbm_mmap_va", INVALID, &says, |p| {
                (nrt.hbm_mmap_va)(device, 0, p.at(0), p.at(1))
            });
        }
        for bank in [2, 3, -1, c_int::MAX, c_int::MIN] {
            scene.refuses("nrt_get_hbm_mmap_va", INVALID_HANDLE, &format!("no HBM bank {bank}"), |p| {
                (nrt.hbm_mmap_va)(0, bank, p.at(0), p.at(1))
            });
        }
        for count in [0, 2, -1, c_int::MAX, c_int::MIN] {
            scene.refuses("nrt_execute_repeat", INVALID, &format!("repeat_count is {count}"), |_| {
                (nrt.execute_repeat)(model, inputs, outputs, count)
            });
        }
    });
}

#[test]
fn requests_that_cannot_exist_are_named() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, .. } = scene;
        // Kinds, queues and cores that no request can be on.
        let ids =
            [3 << 52 | 1, 1 << 52 | 1 << 48 | 1, 5 << 48 | 1, 15 << 48, 2 << 56 | 1, 255 << 56, u64::MAX];
        for seq in ids {
            let says = format!("sequence {seq:#018x} names no queue");
            scene.refuses("nrta_is_completed", INVALID, &says, |p| (nrt.is_completed)(seq, p.at(0)));
            scene.refuses("nrta_is_completed", INVALID, &says, |p| (nrt.old_is_completed)(seq, p.at(0)));
            scene.refuses("nrta_get_completion_handle", INVALID, &says, |p| {
                (nrt.completion_handle)(seq, p.at(0))
            });
            for fd in [-1, 0] {
                scene.refuses("nrta_event_register_seq_id_completion", INVALID, &says, |_| {
                    (nrt.register_seq)(seq, fd)
                });
            }
        }
    });
}

#[test]
fn numbers_and_names_of_the_trace_are_checked() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, config, options, .. } = scene;
        for core in [256, u32::MAX] {
            scene.shrugs_off("nrt_sys_trace_config_set_capture_enabled_for_nc", "nc_idx is", |_| {
                (nrt.trace_config_set_nc)(config, core, true);
            });
        }
        scene.refuses(
            "nrt_sys_trace_config_set_capture_enabled_for_event_type",
            INVALID,
            "\"nothing\"",
            |_| (nrt.trace_config_set_type)(config, c"nothing".as_ptr(), true),
        );
        (nrt.trace_options_set_nc)(options, 2);
        scene.refuses("nrt_sys_trace_fetch_events", INVALID, "nc_idx is 2", |_| {
            (nrt.trace_fetch)(&mut 0, &mut 0, options)
        });
        scene.refuses("nrt_sys_trace_fetch_events", INVALID, "*buffer is not NULL", |p| {
            (nrt.trace_fetch)(p.at(0), p.at(1), 0)
        });
    });
}

#[test]
fn addresses_that_were_not_given_out_are_not_freed() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, tensor, .. } = scene;
        for address in [1, 8, (nrt.tensor_va)(tensor), u64::MAX] {
            scene.refuses("nrt_free_model_tensor_info", INVALID_HANDLE, "tensor_info is not", |_| {
                (nrt.free_tensor_info)(address)
            });
            scene.shrugs_off("nrt_sys_trace_buffer_free", "not given by", |_| {
                (nrt.trace_buffer_free)(address);
            });
            scene.shrugs_off("nrt_pinned_free", "not allocated by", |_| (nrt.pinned_free)(address));
        }
        let address = (nrt.pinned_malloc)(64, 0);
        assert_ne!(address, 0);
        (nrt.pinned_free)(address);
        scene.shrugs_off("nrt_pinned_free", "not allocated by", |_| (nrt.pinned_free)(address));
        scene.shrugs_off("nrt_pinned_malloc", "bytes", |_| assert_eq!((nrt.pinned_malloc)(MAX, 0), 0));
    });
}
