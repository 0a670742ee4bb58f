//! What is exported and not simulated: each function logs its name once, touches no argument, and fails.
//!
//! `docs/limitations.md` lists them, which a test compares with what answers so. Arguments are not even
//! declared: the caller passes them where C does, and nobody looks.

use std::ffi::{c_int, c_void};
use std::ptr;

use crate::boundary::{export, not_simulated};
use crate::error::ApiError;
use crate::runtime;

/// Defines functions that answer a status: that of the runtime's phase, else `NRT_FAILURE`.
macro_rules! unsupported {
    ($version:literal $($name:ident)*) => {
        $(export! { $version fn $name() { refuse() } })*
    };
}

fn refuse() -> Result<(), ApiError> {
    runtime::gate()?;
    Err(ApiError::NotSimulated)
}

// Streams of collectives.
unsupported! { "NRT_2.0.0"
    nrt_cc_create_stream
}

// Send and receive.
unsupported! { "NRT_2.0.0"
    nrt_async_sendrecv_accept nrt_async_sendrecv_close nrt_async_sendrecv_connect
    nrt_async_sendrecv_flush nrt_async_sendrecv_get_max_num_communicators_per_lnc
    nrt_async_sendrecv_get_max_num_pending_request nrt_async_sendrecv_init nrt_async_sendrecv_recv_tensor
    nrt_async_sendrecv_send_tensor nrt_async_sendrecv_test_comm nrt_async_sendrecv_test_request
}

// Profiles.
unsupported! { "NRT_2.0.0"
    nrt_profile_continuous_options_allocate nrt_profile_continuous_options_free
    nrt_profile_continuous_options_set_output_dir nrt_profile_continuous_save
    nrt_profile_continuous_start nrt_profile_continuous_stop nrt_profile_session_drop
    nrt_profile_session_drop_all nrt_profile_session_serialize nrt_profile_session_start
    nrt_profile_session_stop nrt_profile_start nrt_profile_stop nrt_trace_start nrt_trace_stop
}

// Inspection.
unsupported! { "NRT_2.0.0"
    nrt_inspect_begin nrt_inspect_begin_with_options nrt_inspect_config_allocate nrt_inspect_config_free
    nrt_inspect_config_get_all_activity_types nrt_inspect_config_get_enabled_activity_types
    nrt_inspect_config_set_activity nrt_inspect_config_set_capture_enabled_for_event_type
    nrt_inspect_config_set_capture_enabled_for_event_type_string
    nrt_inspect_config_set_capture_enabled_for_nc nrt_inspect_config_set_defaults
    nrt_inspect_config_set_device_profile_num_warmup nrt_inspect_config_set_enable_inspect
    nrt_inspect_config_set_enable_inspect_on_fail nrt_inspect_config_set_inspect_device_profile_mode
    nrt_inspect_config_set_output_dir nrt_inspect_config_set_session_id
    nrt_inspect_config_set_sys_trace_max_events_per_nc nrt_inspect_export
    nrt_inspect_get_instance_output_dir nrt_inspect_stop
}

// The debug stream, and dumps in the driver's format.
unsupported! { "NRT_2.0.0"
    nrt_debug_client_connect nrt_debug_client_read_one_event nrt_dump_device_allocation_info
}

// Topology that only collectives and networks need.
unsupported! { "NRT_2.0.0"
    nec_build_port_and_rid_map nec_pod_node_can_access_peer_node nrt_get_attached_efa_bdf
    nrt_host_device_id_rid_map_get
}

// Firmware, and operations whose prototypes are not public.
unsupported! { "NRT_2.0.0"
    nrt_cc_prepare_coalesced nrt_set_pool_eng_ucode nrt_tensor_cast nrt_tensor_compute
}

// The same in the explicit interface.
unsupported! { "NRT_3.0.0"
    nrta_cc_prepare_coalesced nrta_tensor_cast nrta_tensor_compute
}

/// Defines functions that answer something else than a status.
macro_rules! unsupported_value {
    ($($name:ident -> $result:ty = $value:expr;)*) => {
        $(export! { "NRT_2.0.0" fn $name() -> $result, else $value, {
            not_simulated(stringify!($name));
            $value
        } })*
    };
}

unsupported_value! {
    nec_get_device_count -> c_int = -1;
    nec_get_device_pci_bdf -> c_int = -1;
    nec_get_dynamic_recv_offset_bytes -> usize = 0;
    nec_get_dynamic_send_offset_bytes -> usize = 0;
    nec_get_dynamic_send_size_bytes -> usize = 0;
    nec_get_p2p_pod_peer_node -> c_int = -1;
    nec_get_peer_mla_idx -> c_int = -1;
    nec_inc_semaphore -> () = ();
    nec_is_mla_available -> bool = false;
    nec_mla_idx_to_rid -> c_int = -1;
    nec_ndl_printk -> () = ();
    nec_rid_to_mla_idx -> c_int = -1;
    nec_set_recv_size_bytes -> () = ();
    nrt_debug_client_connect_close -> () = ();
    nrt_get_libnccl_net -> *mut c_void = ptr::null_mut();
    nrt_inspect_config_free_activity_types -> () = ();
}
