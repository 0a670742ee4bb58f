//! Null where a pointer must be.

use std::ptr;

use nrt_tests::batch::{Batch, BatchOp};
use nrt_tests::child::in_child;
use nrt_tests::neff;
use nrt_tests::nrt::Nrt;

use crate::scene::{INVALID, Places, REPORT, Scene};

/// A call that lacks one pointer, the word for it in the log, and the function.
type Without<'a> = (&'a str, &'a str, &'a dyn Fn(&mut Places) -> u32);

#[test]
fn a_missing_pointer_is_named() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, model, tensor, other, inputs, outputs, tracker, config, .. } = scene;
        let small = neff::small();
        let (bytes, len) = (small.as_ptr(), small.len());
        let x = c"x".as_ptr();
        let no_ops = Batch { tensor, ops: ptr::null(), num_ops: 1 };
        let no_buffer = BatchOp { offset: 0, size: 8, buffer: ptr::null_mut() };
        let no_buffer = Batch { tensor, ops: &raw const no_buffer, num_ops: 1 };
        let seq = Nrt::get(|seq| (nrt.get_sequence)(0, 1, 0, seq));
        const NULL: *mut u8 = ptr::null_mut();
        let calls: &[Without<'_>] = &[
            ("nrt_get_total_nc_count", "nc_count", &|_| (nrt.total_nc_count)(NULL.cast())),
            ("nrt_get_total_vnc_count", "nc_count", &|_| (nrt.total_vnc_count)(NULL.cast())),
            ("nrt_get_visible_nc_count", "nc_count", &|_| (nrt.visible_nc_count)(NULL.cast())),
            ("nrt_get_visible_vnc_count", "nc_count", &|_| (nrt.visible_vnc_count)(NULL.cast())),
            ("nrt_get_instance_info", "info", &|_| (nrt.instance_info)(NULL, 32)),
            ("nrt_get_version", "ver", &|_| (nrt.version)(NULL, 224)),
            ("nrt_host_device_id_get", "host_device_id", &|_| (nrt.host_device_id)(0, NULL.cast())),
            ("nrt_get_device_id", "device_id", &|_| (nrt.device_id)(0, NULL.cast())),
            ("nec_get_virtual_core_size", "size", &|_| (nrt.virtual_core_size)(NULL.cast())),
            ("nrt_get_vnc_memory_stats", "stats", &|p| (nrt.memory_stats)(0, NULL, 16, p.at(0))),
            ("nrt_get_vnc_memory_stats", "size_out", &|p| (nrt.memory_stats)(0, p.at(0), 16, NULL.cast())),
            ("nrt_get_hbm_mmap_va", "addr", &|p| (nrt.hbm_mmap_va)(0, 0, NULL.cast(), p.at(0))),
            ("nrt_get_hbm_mmap_va", "size", &|p| (nrt.hbm_mmap_va)(0, 0, p.at(0), NULL.cast())),
            ("nrt_get_dmabuf_fd", "fd", &|_| (nrt.dmabuf_fd)((nrt.tensor_va)(tensor), 8, NULL.cast())),
            ("nrt_get_dmabuf_fd_v2", "fd", &|p| {
                (nrt.dmabuf_fd_v2)((nrt.tensor_va)(tensor), 8, NULL.cast(), p.at(0))
            }),
            ("nrt_get_dmabuf_fd_v2", "offset", &|p| {
                (nrt.dmabuf_fd_v2)((nrt.tensor_va)(tensor), 8, p.at(0), NULL.cast())
            }),
            ("nrt_memcpy_to_device", "dest", &|p| (nrt.memcpy_to_device)(NULL, p.at(0), 8)),
            ("nrt_memcpy_to_device", "src", &|p| (nrt.memcpy_to_device)(p.at(0), NULL, 8)),
            ("nrt_tensor_allocate", "tensor", &|_| (nrt.tensor_allocate)(0, 0, 64, x, NULL.cast())),
            ("nrt_tensor_allocate_empty", "tensor", &|_| (nrt.tensor_allocate_empty)(x, NULL.cast())),
            ("nrt_tensor_allocate_slice", "tensor_slice", &|_| {
                (nrt.tensor_allocate_slice)(tensor, 0, 8, x, NULL.cast())
            }),
            ("nrt_tensor_attach_buffer", "buffer", &|_| (nrt.tensor_attach_buffer)(tensor, NULL, 8)),
            ("nrt_tensor_attach_buffer", "buffer", &|_| (nrt.tensor_attach_buffer)(tensor, NULL, 0)),
            ("nrt_tensor_read", "buf", &|_| (nrt.tensor_read)(tensor, NULL, 0, 8)),
            ("nrt_tensor_write", "buf", &|_| (nrt.tensor_write)(tensor, NULL, 0, 8)),
            ("nrt_tensor_read_batch", "batches", &|_| (nrt.tensor_read_batch)(ptr::null(), 1, false)),
            ("nrt_tensor_write_batch", "batches", &|_| (nrt.tensor_write_batch)(ptr::null(), 1, false)),
            ("nrt_tensor_read_batch", "ops", &|_| (nrt.tensor_read_batch)(&raw const no_ops, 1, false)),
            ("nrt_tensor_write_batch", "ops", &|_| (nrt.tensor_write_batch)(&raw const no_ops, 1, false)),
            ("nrt_tensor_read_batch", "buffer", &|_| (nrt.tensor_read_batch)(&raw const no_buffer, 1, false)),
            ("nrt_tensor_write_batch", "buffer", &|_| {
                (nrt.tensor_write_batch)(&raw const no_buffer, 1, false)
            }),
            ("nrt_tensor_get_device_allocation_info", "alloc_info", &|_| {
                (nrt.allocation_info)(tensor, NULL.cast())
            }),
            ("nrt_tensor_get_lnc_index", "lnc_idx", &|_| (nrt.lnc_index)(tensor, NULL.cast())),
            ("nrt_allocate_tensor_set", "result", &|_| (nrt.set_allocate)(NULL.cast())),
            ("nrt_add_tensor_to_tensor_set", "tensor_name", &|_| (nrt.set_add)(inputs, ptr::null(), tensor)),
            ("nrt_get_tensor_from_tensor_set", "tensor_name", &|p| {
                (nrt.set_get)(inputs, ptr::null(), p.at(0))
            }),
            ("nrt_get_tensor_from_tensor_set", "tensor", &|_| (nrt.set_get)(inputs, x, NULL.cast())),
            ("nrt_load", "neff_bytes", &|p| (nrt.load)(ptr::null(), len, 0, -1, p.at(0))),
            ("nrt_load", "model", &|_| (nrt.load)(bytes, len, 0, -1, NULL.cast())),
            ("nrt_load_collectives", "neff_bytes", &|p| {
                (nrt.load_collectives)(ptr::null(), len, 0, -1, 0, 1, p.at(0))
            }),
            ("nrt_load_collectives", "model", &|_| {
                (nrt.load_collectives)(bytes, len, 0, -1, 0, 1, NULL.cast())
            }),
            ("nrt_get_model_info", "info", &|p| (nrt.model_info)(model, NULL, 4, p.at(0))),
            ("nrt_get_model_info", "info_size_out", &|p| (nrt.model_info)(model, p.at(0), 4, NULL.cast())),
            ("nrt_get_model_instance_count", "instance_count", &|_| {
                (nrt.model_instance_count)(model, NULL.cast())
            }),
            ("nrt_get_model_nc_count", "vnc_count", &|_| (nrt.model_nc_count)(model, NULL.cast())),
            ("nrt_get_model_vnc_count", "vnc_count", &|_| (nrt.model_vnc_count)(model, NULL.cast())),
            ("nrt_get_model_tensor_info", "tensor_info", &|_| (nrt.model_tensor_info)(model, NULL.cast())),
            ("nrt_free_model_tensor_info", "tensor_info", &|_| (nrt.free_tensor_info)(0)),
            ("nrta_execute_schedule", "ret", &|p| {
                (nrt.schedule)(model, inputs, outputs, 0, NULL.cast(), p.at(0))
            }),
            ("nrta_execute_schedule", "req_sequence", &|p| {
                (nrt.schedule)(model, inputs, outputs, 0, p.at(0), NULL.cast())
            }),
            ("nrta_tensor_write", "buf", &|p| (nrt.write)(tensor, NULL, 0, 8, 0, 0, p.at(0), p.at(1))),
            ("nrta_tensor_write", "ret", &|p| (nrt.write)(tensor, p.at(0), 0, 8, 0, 0, NULL.cast(), p.at(1))),
            ("nrta_tensor_write", "req_sequence", &|p| {
                (nrt.write)(tensor, p.at(0), 0, 8, 0, 0, p.at(1), NULL.cast())
            }),
            ("nrta_tensor_read", "buf", &|p| (nrt.read)(NULL, tensor, 0, 8, 0, 0, p.at(0), p.at(1))),
            ("nrta_tensor_read", "ret", &|p| (nrt.read)(p.at(0), tensor, 0, 8, 0, 0, NULL.cast(), p.at(1))),
            ("nrta_tensor_read", "req_sequence", &|p| {
                (nrt.read)(p.at(0), tensor, 0, 8, 0, 0, p.at(1), NULL.cast())
            }),
            ("nrta_tensor_copy", "ret", &|p| (nrt.copy)(tensor, 0, other, 0, 8, 0, 0, NULL.cast(), p.at(0))),
            ("nrta_tensor_copy", "req_sequence", &|p| {
                (nrt.copy)(tensor, 0, other, 0, 8, 0, 0, p.at(0), NULL.cast())
            }),
            ("nrta_execute_schedule", "req_sequence", &|_| {
                (nrt.old_schedule)(model, inputs, outputs, 0, tracker, NULL.cast())
            }),
            ("nrta_tensor_write", "req_sequence", &|p| {
                (nrt.old_write)(tensor, p.at(0), 0, 8, 0, tracker, NULL.cast())
            }),
            ("nrta_tensor_read", "req_sequence", &|p| {
                (nrt.old_read)(p.at(0), tensor, 0, 8, 0, tracker, NULL.cast())
            }),
            ("nrta_tensor_copy", "req_sequence", &|_| {
                (nrt.old_copy)(tensor, 0, other, 0, 8, 0, tracker, NULL.cast())
            }),
            ("nrta_is_completed", "is_completed", &|_| (nrt.is_completed)(seq, NULL.cast())),
            ("nrta_is_completed", "is_completed", &|_| (nrt.old_is_completed)(seq, NULL.cast())),
            ("nrta_get_sequence", "seq", &|_| (nrt.get_sequence)(0, 1, 0, NULL.cast())),
            ("nrta_get_sequence", "seq", &|_| (nrt.old_get_sequence)(0, 3, 0, NULL.cast())),
            ("nrta_get_completion_handle", "fd", &|_| (nrt.completion_handle)(seq, NULL.cast())),
            ("nrta_error_tracker_create", "error_tracker", &|_| (nrt.tracker_create)(0, NULL.cast())),
            ("nrta_error_tracker_get_list", "list", &|p| (nrt.tracker_list)(tracker, NULL.cast(), p.at(0))),
            ("nrta_error_tracker_get_list", "error_count", &|p| {
                (nrt.tracker_list)(tracker, p.at(0), NULL.cast())
            }),
            ("nrt_sys_trace_config_allocate", "options", &|_| (nrt.trace_config_allocate)(NULL.cast())),
            ("nrt_sys_trace_config_set_capture_enabled_for_event_type", "event_type", &|_| {
                (nrt.trace_config_set_type)(config, ptr::null(), true)
            }),
            ("nrt_sys_trace_config_get_enabled_event_types", "event_types", &|p| {
                (nrt.trace_config_types)(config, NULL.cast(), p.at(0))
            }),
            ("nrt_sys_trace_config_get_enabled_event_types", "count", &|p| {
                (nrt.trace_config_types)(config, p.at(0), NULL.cast())
            }),
            ("nrt_sys_trace_get_event_types", "event_types", &|p| (nrt.trace_types)(NULL.cast(), p.at(0))),
            ("nrt_sys_trace_get_event_types", "count", &|p| (nrt.trace_types)(p.at(0), NULL.cast())),
            ("nrt_sys_trace_fetch_options_allocate", "options", &|_| {
                (nrt.trace_options_allocate)(NULL.cast())
            }),
            ("nrt_sys_trace_fetch_events", "buffer", &|p| (nrt.trace_fetch)(NULL.cast(), p.at(0), 0)),
            ("nrt_sys_trace_fetch_events", "written_size", &|_| {
                (nrt.trace_fetch)(&raw mut *Box::new(0), NULL.cast(), 0)
            }),
        ];
        for (function, argument, call) in calls {
            scene.refuses(function, INVALID, &format!("{argument} is NULL"), call);
        }
    });
}
