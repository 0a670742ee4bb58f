//! The structs of the C headers.

use std::ffi::{c_char, c_int};

/// `nrt_version_t` of `nrt_version.h`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Version {
    pub(crate) numbers: [u64; 4],
    pub(crate) detail: [u8; 128],
    pub(crate) git_hash: [u8; 64],
}

/// `nrt_instance_info_t` of `nrt.h`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct InstanceInfo {
    pub(crate) family: u32,
    pub(crate) size: u32,
    pub(crate) arch_name: [u8; 16],
    pub(crate) device_revision: [u8; 8],
}

/// `nrt_vnc_memory_stats_t` of `nrt.h`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct MemoryStats {
    pub(crate) bytes_used: usize,
    pub(crate) bytes_limit: usize,
}

/// `nrt_tensor_device_allocation_info_t` of `nrt.h`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct AllocationInfo {
    pub(crate) physical_address: u64,
    pub(crate) size: usize,
    pub(crate) hbm_index: c_int,
}

/// `nrt_tensor_batch_op_t`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct BatchOp {
    pub(crate) offset: u64,
    pub(crate) size: u64,
    pub(crate) buffer: crate::boundary::Buffer,
}

/// `nrt_tensor_batch_t` of `nrt.h`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Batch {
    pub(crate) tensor: u64,
    pub(crate) ops: crate::boundary::Array<BatchOp>,
    pub(crate) num_ops: u32,
}

/// `nrt_cc_comm_t` of `nrt.h`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Communicator {
    pub(crate) replica_group: crate::boundary::Array<u32>,
    pub(crate) rank: u32,
    pub(crate) rank_n: u32,
    pub(crate) ctx_device_id: u32,
    pub(crate) ctx_device_count: u32,
    pub(crate) vnc: u32,
}

/// `nrt_tensor_list_t` of `nrt.h`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct TensorList {
    pub(crate) tensors: crate::boundary::Array<u64>,
    pub(crate) num_tensors: usize,
}

/// `nrt_model_info_t` of `nrt_experimental.h`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct ModelInfo {
    pub(crate) vnc: u32,
}

/// `nrt_tensor_info_t` of `nrt_experimental.h`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct TensorInfo {
    pub(crate) name: [u8; 256],
    pub(crate) usage: u32,
    pub(crate) size: usize,
    pub(crate) dtype: u32,
    pub(crate) shape: *mut u32,
    pub(crate) ndim: u32,
}

/// `nrta_error_t` of the 2.28 `nrt_async.h`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct AsyncError {
    pub(crate) seq: u64,
    pub(crate) code: u64,
}

/// `nrt_sim_rule_t` of `nrt_sim.h`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct RuleCounts {
    pub(crate) matched: u64,
    pub(crate) struck: u64,
    pub(crate) fired: u64,
    pub(crate) armed: u32,
    pub(crate) require_fired: u32,
    pub(crate) name: [u8; 104],
}

/// `nrt_sim_queue_t` of `nrt_sim.h`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct QueueState {
    pub(crate) submitted: u64,
    pub(crate) completed: u64,
    pub(crate) capacity: u64,
    pub(crate) running: u64,
    pub(crate) running_ends_ns: u64,
    pub(crate) dead: u32,
    pub(crate) paused: u32,
    pub(crate) held: u32,
    pub(crate) reserved: u32,
}

const _: () = {
    assert!(size_of::<Version>() == 224);
    assert!(size_of::<InstanceInfo>() == 32);
    assert!(size_of::<MemoryStats>() == 16);
    assert!(size_of::<AllocationInfo>() == 24);
    assert!(size_of::<BatchOp>() == 24);
    assert!(size_of::<Batch>() == 24);
    assert!(size_of::<Communicator>() == 32);
    assert!(size_of::<TensorList>() == 16);
    assert!(size_of::<ModelInfo>() == 4);
    assert!(size_of::<TensorInfo>() == 296);
    assert!(size_of::<AsyncError>() == 16);
    assert!(size_of::<RuleCounts>() == 136);
    assert!(size_of::<QueueState>() == 56);
};

/// `text` in a C array, cut to leave a zero byte at its end.
pub(crate) fn c_text<const N: usize>(text: &str) -> [u8; N] {
    let mut array = [0; N];
    // Between characters, so that the caller can hand the rest back as a name.
    let fits = (0..=text.len().min(N - 1)).rev().find(|&at| text.is_char_boundary(at));
    let count = fits.expect("0 is a boundary");
    array[..count].copy_from_slice(&text.as_bytes()[..count]);
    array
}

/// A C string of ours.
pub(crate) type CText = *const c_char;
