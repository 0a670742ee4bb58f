//! Handles of no object, of another kind, or of an object that is gone.

use std::ptr;

use nrt_tests::batch::{Batch, BatchOp};
use nrt_tests::child::in_child;

use crate::scene::{INVALID_HANDLE, Places, REPORT, Scene};

#[test]
fn whatever_is_no_tensor_is_refused() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, tensor: good, inputs, tracker, freed, .. } = scene;
        let batch = |tensor, ops: &BatchOp| Batch { tensor, ops, num_ops: 1 };
        let op = |places: &mut Places| BatchOp { offset: 0, size: 8, buffer: places.at(0) };
        scene.refuse_handles(
            "tensor",
            freed.tensor,
            &[
                ("nrt_tensor_allocate_slice", &|h, p| {
                    (nrt.tensor_allocate_slice)(h, 0, 8, ptr::null(), p.at(0))
                }),
                ("nrt_tensor_attach_buffer", &|h, p| (nrt.tensor_attach_buffer)(h, p.at(0), 64)),
                ("nrt_tensor_read", &|h, p| (nrt.tensor_read)(h, p.at(0), 0, 8)),
                ("nrt_tensor_write", &|h, p| (nrt.tensor_write)(h, p.at(0), 0, 8)),
                ("nrt_tensor_copy", &|h, _| (nrt.tensor_copy)(h, 0, good, 0, 8)),
                ("nrt_tensor_copy", &|h, _| (nrt.tensor_copy)(good, 0, h, 0, 8)),
                ("nrt_tensor_memset", &|h, _| (nrt.tensor_memset)(h, 0, 1, 8)),
                ("nrt_tensor_read_batch", &|h, p| (nrt.tensor_read_batch)(&batch(h, &op(p)), 1, false)),
                ("nrt_tensor_write_batch", &|h, p| (nrt.tensor_write_batch)(&batch(h, &op(p)), 1, true)),
                ("nrt_tensor_get_device_allocation_info", &|h, p| (nrt.allocation_info)(h, p.at(0))),
                ("nrt_tensor_get_lnc_index", &|h, p| (nrt.lnc_index)(h, p.at(0))),
                ("nrt_tensor_check_output_completion", &|h, _| (nrt.check_output)(h, 0, 0)),
                ("nrt_tensor_reset_output_completion", &|h, _| (nrt.reset_output)(h)),
                ("nrt_add_tensor_to_tensor_set", &|h, _| (nrt.set_add)(inputs, c"x".as_ptr(), h)),
                ("nrta_tensor_write", &|h, p| (nrt.write)(h, p.at(0), 0, 8, 0, 0, p.at(1), p.at(2))),
                ("nrta_tensor_read", &|h, p| (nrt.read)(p.at(0), h, 0, 8, 0, 0, p.at(1), p.at(2))),
                ("nrta_tensor_copy", &|h, p| (nrt.copy)(h, 0, good, 0, 8, 0, 0, p.at(1), p.at(2))),
                ("nrta_tensor_copy", &|h, p| (nrt.copy)(good, 0, h, 0, 8, 0, 0, p.at(1), p.at(2))),
                ("nrta_tensor_write", &|h, p| (nrt.old_write)(h, p.at(0), 0, 8, 0, tracker, p.at(2))),
                ("nrta_tensor_read", &|h, p| (nrt.old_read)(p.at(0), h, 0, 8, 0, tracker, p.at(2))),
                ("nrta_tensor_copy", &|h, p| (nrt.old_copy)(h, 0, good, 0, 8, 0, tracker, p.at(2))),
                ("nrta_tensor_copy", &|h, p| (nrt.old_copy)(good, 0, h, 0, 8, 0, tracker, p.at(2))),
            ],
        );
        for handle in [0, freed.tensor, scene.model, 5, u64::MAX] {
            scene.shrugs_off("nrt_tensor_get_va", "tensor is", |_| assert_eq!((nrt.tensor_va)(handle), 0));
            scene
                .shrugs_off("nrt_tensor_get_size", "tensor is", |_| assert_eq!((nrt.tensor_size)(handle), 0));
            if handle != 0 {
                scene.shrugs_off("nrt_tensor_free", "tensor is not a live handle", |_| {
                    let mut place = handle;
                    (nrt.tensor_free)(&raw mut place);
                    assert_eq!(place, handle, "what is no tensor is not taken away");
                });
            }
        }
        scene.shrugs_off("nrt_tensor_free", "tensor is NULL", |_| (nrt.tensor_free)(ptr::null_mut()));
        scene.accepts(|_| {
            (nrt.tensor_free)(&mut 0);
            0
        });
    });
}

#[test]
fn whatever_is_no_set_is_refused() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, model, tensor, inputs, outputs, tracker, freed, .. } = scene;
        scene.refuse_handles(
            "tensor set",
            freed.set,
            &[
                ("nrt_add_tensor_to_tensor_set", &|h, _| (nrt.set_add)(h, c"x".as_ptr(), tensor)),
                ("nrt_get_tensor_from_tensor_set", &|h, p| (nrt.set_get)(h, c"x".as_ptr(), p.at(0))),
                ("nrt_execute", &|h, _| (nrt.execute)(model, h, outputs)),
                ("nrt_execute", &|h, _| (nrt.execute)(model, inputs, h)),
                ("nrt_execute_repeat", &|h, _| (nrt.execute_repeat)(model, h, outputs, 1)),
                ("nrta_execute_schedule", &|h, p| (nrt.schedule)(model, h, outputs, 0, p.at(0), p.at(1))),
                ("nrta_execute_schedule", &|h, p| (nrt.schedule)(model, inputs, h, 0, p.at(0), p.at(1))),
                ("nrta_execute_schedule", &|h, p| (nrt.old_schedule)(model, h, outputs, 0, tracker, p.at(1))),
                ("nrta_execute_schedule", &|h, p| (nrt.old_schedule)(model, inputs, h, 0, tracker, p.at(1))),
            ],
        );
        for handle in [0, freed.set, scene.model, 5, u64::MAX] {
            scene.shrugs_off("nrt_destroy_tensor_set", "tensor set is", |_| {
                let mut place = handle;
                (nrt.set_destroy)(&raw mut place);
                assert_eq!(place, handle);
            });
        }
        scene.shrugs_off("nrt_destroy_tensor_set", "is NULL", |_| (nrt.set_destroy)(ptr::null_mut()));
    });
}

#[test]
fn whatever_is_no_model_is_refused() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, inputs, outputs, tracker, freed, .. } = scene;
        scene.refuse_handles(
            "model",
            freed.model,
            &[
                ("nrt_unload", &|h, _| (nrt.unload)(h)),
                ("nrt_get_model_info", &|h, p| (nrt.model_info)(h, p.at(0), 4, p.at(1))),
                ("nrt_get_model_instance_count", &|h, p| (nrt.model_instance_count)(h, p.at(0))),
                ("nrt_get_model_nc_count", &|h, p| (nrt.model_nc_count)(h, p.at(0))),
                ("nrt_get_model_vnc_count", &|h, p| (nrt.model_vnc_count)(h, p.at(0))),
                ("nrt_get_model_tensor_info", &|h, p| (nrt.model_tensor_info)(h, p.at(0))),
                ("nrt_execute", &|h, _| (nrt.execute)(h, inputs, outputs)),
                ("nrt_execute_repeat", &|h, _| (nrt.execute_repeat)(h, inputs, outputs, 1)),
                ("nrta_execute_schedule", &|h, p| (nrt.schedule)(h, inputs, outputs, 0, p.at(0), p.at(1))),
                ("nrta_execute_schedule", &|h, p| {
                    (nrt.old_schedule)(h, inputs, outputs, 0, tracker, p.at(1))
                }),
            ],
        );
    });
}

#[test]
fn whatever_is_no_tracker_config_or_options_is_refused() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, model, tensor, other, inputs, outputs, freed, .. } = scene;
        scene.refuse_handles(
            "error tracker",
            freed.tracker,
            &[
                ("nrta_error_tracker_get_list", &|h, p| (nrt.tracker_list)(h, p.at(0), p.at(1))),
                ("nrta_execute_schedule", &|h, p| (nrt.old_schedule)(model, inputs, outputs, 0, h, p.at(0))),
                ("nrta_tensor_write", &|h, p| (nrt.old_write)(tensor, p.at(0), 0, 8, 0, h, p.at(1))),
                ("nrta_tensor_read", &|h, p| (nrt.old_read)(p.at(0), tensor, 0, 8, 0, h, p.at(1))),
                ("nrta_tensor_copy", &|h, p| (nrt.old_copy)(tensor, 0, other, 0, 8, 0, h, p.at(1))),
            ],
        );
        let event = c"nc_exec_running";
        scene.refuse_handles(
            "sys_trace config",
            freed.config,
            &[
                ("nrt_sys_trace_config_set_capture_enabled_for_event_type", &|h, _| {
                    (nrt.trace_config_set_type)(h, event.as_ptr(), true)
                }),
                ("nrt_sys_trace_config_get_enabled_event_types", &|h, p| {
                    (nrt.trace_config_types)(h, p.at(0), p.at(1))
                }),
                ("nrt_sys_trace_start", &|h, _| (nrt.trace_start)(h)),
            ],
        );
        for handle in [0, freed.config, scene.options, 5, u64::MAX] {
            let mut shrugs = |function: &str, call: &dyn Fn()| {
                scene.shrugs_off(function, "sys_trace config is", |_| call());
            };
            shrugs("nrt_sys_trace_config_free", &|| (nrt.trace_config_free)(handle));
            shrugs("nrt_sys_trace_config_set_defaults", &|| (nrt.trace_config_set_defaults)(handle));
            shrugs("nrt_sys_trace_config_set_max_events_per_nc", &|| {
                (nrt.trace_config_set_max_events)(handle, 1);
            });
            shrugs("nrt_sys_trace_config_set_capture_enabled_for_nc", &|| {
                (nrt.trace_config_set_nc)(handle, 0, true);
            });
        }
        for handle in [0, freed.options, scene.config, 5, u64::MAX] {
            let mut shrugs = |function: &str, call: &dyn Fn()| {
                scene.shrugs_off(function, "sys_trace fetch options is", |_| call());
            };
            shrugs("nrt_sys_trace_fetch_options_free", &|| (nrt.trace_options_free)(handle));
            shrugs("nrt_sys_trace_fetch_options_set_defaults", &|| (nrt.trace_options_set_defaults)(handle));
            shrugs("nrt_sys_trace_fetch_options_set_max_events_per_nc", &|| {
                (nrt.trace_options_set_max_events)(handle, 1);
            });
            shrugs("nrt_sys_trace_fetch_options_set_nc_idx", &|| (nrt.trace_options_set_nc)(handle, 0));
        }
        for handle in [0, freed.tracker, scene.model, 5, u64::MAX] {
            scene.shrugs_off("nrta_error_tracker_destroy", "error tracker is", |_| {
                (nrt.tracker_destroy)(handle);
            });
        }
        for (handle, status) in [(freed.options, INVALID_HANDLE), (5, INVALID_HANDLE)] {
            let (mut buffer, mut size) = (0, 77);
            scene.refuses("nrt_sys_trace_fetch_events", status, "fetch options", |_| {
                (nrt.trace_fetch)(&raw mut buffer, &raw mut size, handle)
            });
            assert_eq!((buffer, size), (0, 77));
        }
    });
}
