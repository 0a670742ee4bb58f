//! The types of events in a system trace, and arrays of their names in C memory.

use std::ffi::{CStr, c_char};
use std::ptr::NonNull;

use crate::boundary::Out;
use crate::error::ApiError;

/// Names of the event types, by number (observed; those of which only the meaning is known: chosen here).
pub(crate) const TYPES: [&CStr; 46] = [
    c"generic",
    c"nrt_load",
    c"post_request",
    c"nrt_execute",
    c"runtime_execute",
    c"cc_load",
    c"cc_exec_barrier",
    c"nc_exec_running",
    c"cc_running",
    c"nrt_tensor_read",
    c"nrt_tensor_write",
    c"nrt_tensor_read_batch",
    c"nrt_tensor_write_batch",
    c"numerical_err",
    c"enc_barrier_recv",
    c"enc_barrier_send",
    c"enc_barrier",
    c"kbl_exec_pre",
    c"kmgr_exec_core",
    c"kbl_exec_wait",
    c"kbl_exec_post",
    c"nrt_model_switch",
    c"nrt_model_submit",
    c"nrt_async_sema_wait",
    c"hw_notify",
    c"timestamp_sync_point",
    c"nc_model_switch",
    c"nrt_tensor_allocate",
    c"nrt_tensor_free",
    c"tensor_block_while_exec",
    c"dmem_buf_copyin",
    c"dmem_buf_copyout",
    c"dmem_buf_batch_copyin",
    c"dmem_buf_batch_copyout",
    c"nrt_dma_mem_alloc",
    c"nrt_dma_mem_dealloc",
    c"consume_tpb_status_notifications",
    c"exec_consume_cc_core_notifications",
    c"notification_consume_errors",
    c"exec_consume_gpsimd_stdio",
    c"cc_prepare",
    c"cc_schedule",
    c"hostcc_build_context",
    c"hostcc_load",
    c"hostcc_exec",
    c"hostcc_wait",
];

/// Gives the caller an array of names: each name and the array are blocks of C memory.
pub(crate) fn give_names(
    names: &[&CStr],
    types: Out<*mut *mut c_char>,
    count: Out<usize>,
) -> Result<(), ApiError> {
    let (types, count) = (types.place("event_types")?, count.place("count")?);
    let no_memory = || ApiError::Resource("no memory for names".into());
    // SAFETY: any size may be asked for.
    let block = unsafe { libc::calloc(names.len().max(1), size_of::<*mut c_char>()) };
    let array = NonNull::new(block.cast::<*mut c_char>()).ok_or_else(no_memory)?;
    for (index, name) in names.iter().enumerate() {
        // SAFETY: the name ends with a zero byte.
        let copy = unsafe { libc::strdup(name.as_ptr()) };
        // SAFETY: the array has room for so many.
        let place = unsafe { array.add(index) };
        // SAFETY: as above, and aligned, as malloc's blocks are.
        unsafe { place.write(copy) };
        if copy.is_null() {
            free_names(array.as_ptr(), index);
            return Err(no_memory());
        }
    }
    types.set(array.as_ptr());
    count.set(names.len());
    Ok(())
}

/// Frees such an array.
pub(crate) fn free_names(names: *mut *mut c_char, count: usize) {
    if names.is_null() {
        return;
    }
    for index in 0..count {
        // SAFETY: the caller gives back an array of so many names.
        let place = unsafe { names.add(index) };
        // SAFETY: as above.
        let name = unsafe { place.read() };
        // SAFETY: each name is a block of its own.
        unsafe { libc::free(name.cast()) };
    }
    // SAFETY: so is the array.
    unsafe { libc::free(names.cast()) };
}
