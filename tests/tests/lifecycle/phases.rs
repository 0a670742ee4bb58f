//! What calls answer while the runtime is not open.

use std::ptr;

use nrt_tests::child::{Log, in_child};
use nrt_tests::neff;
use nrt_tests::nrt::{Nrt, in_forked_child};

const FAILURE: u32 = 1;
const INVALID: u32 = 2;
const UNINITIALIZED: u32 = 13;
const CLOSED: u32 = 14;

/// Every function that needs the runtime, called with nothing: the phase is looked at before the arguments.
fn gated(nrt: &Nrt) -> Vec<(&'static str, u32)> {
    let no: *mut u64 = ptr::null_mut();
    vec![
        ("nrt_host_device_id_get", (nrt.host_device_id)(0, no.cast())),
        ("nrt_get_device_id", (nrt.device_id)(0, no.cast())),
        ("nrt_get_vnc_memory_stats", (nrt.memory_stats)(0, no.cast(), 0, no.cast())),
        ("nrt_debug_log_oom_report", (nrt.log_oom_report)(0)),
        ("nrt_get_hbm_mmap_va", (nrt.hbm_mmap_va)(0, 0, no, no.cast())),
        ("nrt_get_dmabuf_fd", (nrt.dmabuf_fd)(0, 0, no.cast())),
        ("nrt_get_dmabuf_fd_v2", (nrt.dmabuf_fd_v2)(0, 0, no.cast(), no)),
        ("nrt_tensor_allocate", (nrt.tensor_allocate)(0, 0, 0, ptr::null(), no)),
        ("nrt_tensor_allocate_empty", (nrt.tensor_allocate_empty)(ptr::null(), no)),
        ("nrt_tensor_allocate_slice", (nrt.tensor_allocate_slice)(0, 0, 0, ptr::null(), no)),
        ("nrt_tensor_attach_buffer", (nrt.tensor_attach_buffer)(0, no.cast(), 0)),
        ("nrt_tensor_read", (nrt.tensor_read)(0, no.cast(), 0, 0)),
        ("nrt_tensor_write", (nrt.tensor_write)(0, no.cast(), 0, 0)),
        ("nrt_tensor_read_batch", (nrt.tensor_read_batch)(ptr::null(), 0, false)),
        ("nrt_tensor_write_batch", (nrt.tensor_write_batch)(ptr::null(), 0, false)),
        ("nrt_tensor_copy", (nrt.tensor_copy)(0, 0, 0, 0, 0)),
        ("nrt_tensor_memset", (nrt.tensor_memset)(0, 0, 0, 0)),
        ("nrt_tensor_get_device_allocation_info", (nrt.allocation_info)(0, no.cast())),
        ("nrt_tensor_get_lnc_index", (nrt.lnc_index)(0, no.cast())),
        ("nrt_allocate_tensor_set", (nrt.set_allocate)(no)),
        ("nrt_add_tensor_to_tensor_set", (nrt.set_add)(0, ptr::null(), 0)),
        ("nrt_get_tensor_from_tensor_set", (nrt.set_get)(0, ptr::null(), no)),
        ("nrt_load", (nrt.load)(ptr::null(), 0, 0, 0, no)),
        ("nrt_load_collectives", (nrt.load_collectives)(ptr::null(), 0, 0, 0, 0, 0, no)),
        ("nrt_unload", (nrt.unload)(0)),
        ("nrt_get_model_info", (nrt.model_info)(0, no.cast(), 0, no.cast())),
        ("nrt_get_model_instance_count", (nrt.model_instance_count)(0, no.cast())),
        ("nrt_get_model_nc_count", (nrt.model_nc_count)(0, no.cast())),
        ("nrt_get_model_vnc_count", (nrt.model_vnc_count)(0, no.cast())),
        ("nrt_get_model_tensor_info", (nrt.model_tensor_info)(0, no)),
        ("nrt_execute", (nrt.execute)(0, 0, 0)),
        ("nrt_execute_repeat", (nrt.execute_repeat)(0, 0, 0, 0)),
        ("nrt_async_drain_queued_execs", (nrt.drain)(0)),
        ("nrt_register_async_exec_callback", (nrt.register_callback)(0, 0)),
        ("nrt_build_global_comm", (nrt.build_global_comm)(0, 0, 0)),
        ("nrt_cc_global_comm_init", (nrt.cc_global_comm_init)(0, 0, 0)),
        ("nrt_barrier", (nrt.barrier)(0, 0, 0)),
        ("nrt_all_gather", (nrt.all_gather)(0, 0, 0, 0, ptr::null(), no.cast())),
        ("nrta_cc_prepare", (nrt.cc_prepare)(ptr::null(), ptr::null(), ptr::null(), 0, 0, 0, no)),
        ("nrta_cc_schedule", (nrt.cc_schedule)(no, 0, no.cast(), no)),
        ("nrta_cc_prepare", (nrt.old_cc_prepare)(ptr::null(), ptr::null(), ptr::null(), 0, 0, 0, no)),
        ("nrta_cc_schedule", (nrt.old_cc_schedule)(no, 0, 0, no)),
        ("nrta_execute_schedule", (nrt.schedule)(0, 0, 0, 0, no.cast(), no)),
        ("nrta_tensor_write", (nrt.write)(0, no.cast(), 0, 0, 0, 0, no.cast(), no)),
        ("nrta_tensor_read", (nrt.read)(no.cast(), 0, 0, 0, 0, 0, no.cast(), no)),
        ("nrta_tensor_copy", (nrt.copy)(0, 0, 0, 0, 0, 0, 0, no.cast(), no)),
        ("nrta_is_completed", (nrt.is_completed)(0, no.cast())),
        ("nrta_get_sequence", (nrt.get_sequence)(0, 0, 0, no)),
        ("nrta_event_register_seq_id_completion", (nrt.register_seq)(0, -1)),
        ("nrta_event_register_xu_completion", (nrt.register_xu)(0, 0, 0, -1)),
        ("nrta_execute_schedule", (nrt.old_schedule)(0, 0, 0, 0, 0, no)),
        ("nrta_tensor_write", (nrt.old_write)(0, no.cast(), 0, 0, 0, 0, no)),
        ("nrta_tensor_read", (nrt.old_read)(no.cast(), 0, 0, 0, 0, 0, no)),
        ("nrta_tensor_copy", (nrt.old_copy)(0, 0, 0, 0, 0, 0, 0, no)),
        ("nrta_is_completed", (nrt.old_is_completed)(0, no.cast())),
        ("nrta_get_sequence", (nrt.old_get_sequence)(0, 0, 0, no)),
        ("nrta_get_completion_handle", (nrt.completion_handle)(0, no.cast())),
        ("nrta_error_tracker_create", (nrt.tracker_create)(0, no)),
        ("nrta_error_tracker_get_list", (nrt.tracker_list)(0, no, no.cast())),
        ("nrt_sys_trace_start", (nrt.trace_start)(0)),
        ("nrt_sys_trace_stop", (nrt.trace_stop)()),
        ("nrt_sys_trace_fetch_events", (nrt.trace_fetch)(no, no.cast(), 0)),
    ]
}

/// What can be asked in any phase.
#[track_caller]
fn assert_topology(nrt: &Nrt, visible: u32) {
    assert_eq!(Nrt::get(|count| (nrt.total_nc_count)(count)), 2_u32);
    assert_eq!(Nrt::get(|count| (nrt.total_vnc_count)(count)), 2_u32);
    assert_eq!(Nrt::get(|count| (nrt.visible_nc_count)(count)), visible);
    assert_eq!(Nrt::get(|count| (nrt.visible_vnc_count)(count)), visible);
    assert_eq!((nrt.instance_info)([0; 32].as_mut_ptr(), 32), 0);
    assert_eq!((nrt.version)([0; 224].as_mut_ptr(), 224), 0);
    // Null is refused whatever the phase: these two have no gate (observed).
    assert_eq!((nrt.check_output)(0, -1, 1), 2);
    assert_eq!((nrt.reset_output)(0), 2);
}

/// Functions without a status do nothing: handles stay, addresses are null.
fn call_void_functions(nrt: &Nrt) {
    let mut handle = 77;
    (nrt.tensor_free)(&raw mut handle);
    (nrt.set_destroy)(&raw mut handle);
    (nrt.tracker_destroy)(handle);
    assert_eq!((handle, (nrt.tensor_va)(handle), (nrt.tensor_size)(handle)), (77, 0, 0));
    (nrt.tensor_free)(ptr::null_mut());
    (nrt.set_destroy)(ptr::null_mut());
}

#[track_caller]
fn assert_all(nrt: &Nrt, status: u32) {
    for (function, answer) in gated(nrt) {
        assert_eq!(answer, status, "{function}");
    }
    call_void_functions(nrt);
}

#[test]
fn before_init_calls_are_uninitialized() {
    in_child(&[("NEURON_RT_NUM_CORES", "1")], || {
        let (nrt, mut log) = (Nrt::open(), Log::open());
        let answers = gated(nrt);
        let lines = log.lines();
        assert_eq!(lines.len(), answers.len());
        for ((function, status), line) in answers.into_iter().zip(lines) {
            assert_eq!((status, line.function.as_str()), (UNINITIALIZED, function));
            assert!(line.message.contains("NRT uninitialized: call nrt_init"), "{line:?}");
        }
        call_void_functions(nrt);
        assert_topology(nrt, 1);
        (nrt.close)();
        assert_all(nrt, UNINITIALIZED);
        Nrt::start();
        assert_topology(nrt, 1);
    });
}

#[test]
fn after_close_calls_are_closed() {
    in_child(&[], || {
        let nrt = Nrt::start();
        for _ in 0..3 {
            (nrt.close)();
            assert_all(nrt, CLOSED);
            assert_topology(nrt, 2);
            (nrt.close)(); // a second time does nothing
            assert_all(nrt, CLOSED);
            Nrt::start();
            assert_eq!((nrt.init)(0, ptr::null(), ptr::null()), 0, "twice is fine");
            assert_topology(nrt, 2);
            let tensor = nrt.tensor(0, 64);
            assert_eq!((nrt.init)(5, c"x".as_ptr(), c"y".as_ptr()), 0);
            assert_eq!(nrt.contents(tensor, 1), [0], "init of an open runtime changes nothing");
        }
    });
}

#[test]
fn after_close_calls_are_uninitialized_if_asked_for() {
    in_child(&[("NRT_SIM_AFTER_CLOSE", "uninitialized")], || {
        let nrt = Nrt::start();
        (nrt.close)();
        assert_all(nrt, UNINITIALIZED);
        Nrt::start();
        assert_topology(nrt, 2);
    });
}

#[test]
fn a_forked_child_cannot_use_the_runtime() {
    in_child(&[("NEURON_RT_NUM_CORES", "1")], || {
        let nrt = Nrt::start();
        let model = nrt.model(&neff::small(), 0);
        let tensor = nrt.tensor(0, 64);
        let (inputs, outputs) = (nrt.set(&[(c"x", tensor), (c"y", tensor)]), nrt.set(&[(c"out", tensor)]));
        assert_eq!((nrt.execute)(model, inputs, outputs), 0);
        let before = nrt.contents(tensor, 64);
        let code = in_forked_child(|| {
            let all_fail = || gated(nrt).iter().all(|(_, status)| *status == FAILURE);
            let mut handle = tensor;
            (nrt.tensor_free)(&raw mut handle);
            let mut visible = 0;
            let answers = [
                all_fail(),
                (nrt.init)(0, ptr::null(), ptr::null()) == FAILURE,
                handle == tensor && (nrt.tensor_va)(tensor) == 0,
                (nrt.visible_nc_count)(&raw mut visible) == 0 && visible == 1,
                {
                    (nrt.close)();
                    all_fail()
                },
            ];
            u8::try_from(answers.iter().take_while(|good| **good).count()).unwrap_or(0)
        });
        assert_eq!(code, 5, "the number of answers that were as expected");
        assert_eq!(nrt.contents(tensor, 64), before);
        assert_eq!((nrt.execute)(model, inputs, outputs), 0, "the parent goes on");
    });
}

#[test]
fn a_child_forked_before_init_has_a_runtime_of_its_own() {
    in_child(&[], || {
        let nrt = Nrt::open();
        let code = in_forked_child(|| {
            let opened = (nrt.init)(0, ptr::null(), ptr::null()) == 0;
            let mut tensor = 0;
            let allocated = (nrt.tensor_allocate)(0, 1, 64, ptr::null(), &raw mut tensor) == 0;
            u8::from(opened && allocated)
        });
        assert_eq!(code, 1);
        Nrt::start(); // its cores are free again
    });
}

#[test]
fn a_refused_init_leaves_the_runtime_uninitialized() {
    in_child(&[("NEURON_RT_EXEC_TIMEOUT", "soon")], || {
        let nrt = Nrt::open();
        for _ in 0..2 {
            assert_eq!((nrt.init)(0, ptr::null(), ptr::null()), INVALID);
            assert_all(nrt, UNINITIALIZED);
            let mut count = 77;
            assert_eq!(((nrt.visible_nc_count)(&raw mut count), count), (INVALID, 77));
            assert_eq!(((nrt.total_nc_count)(&raw mut count), count), (INVALID, 77));
            assert_eq!((nrt.version)([0; 224].as_mut_ptr(), 224), 0);
        }
    });
}
