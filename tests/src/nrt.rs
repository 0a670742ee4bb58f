//! The built library as a program sees it: every function that tests call, by name, type and version.
//!
//! Handles are plain numbers here, so that a test can pass any bits. The functions are called as safe
//! ones: the library has to bear every handle, number and null pointer, and what is not null in a test is
//! the address of something that lives long enough. All `unsafe` of these tests is in this file.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::os::fd::RawFd;
use std::ptr;
use std::sync::OnceLock;

use libloading::os::unix::Library;

use crate::batch::Batch;
use crate::build;
use crate::collective::{Comm, TensorList};

/// A handle, or whatever a test passes for one.
pub type Handle = u64;
/// A C string, or null.
pub type Text = *const c_char;
/// The place of an output.
pub type Out<T> = *mut T;

/// `nrt_tensor_info_t`.
#[repr(C)]
struct RawInfo {
    name: [c_char; 256],
    usage: u32,
    size: usize,
    dtype: u32,
    shape: *const u32,
    ndim: u32,
}

/// What `nrt_get_model_tensor_info` says of one tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of nrt_tensor_info_t")]
pub struct Info {
    pub name: String,
    pub usage: u32,
    pub size: usize,
    pub dtype: u32,
    pub shape: Vec<u32>,
}

/// Declares the functions and finds them: `field = symbol version (arguments) -> result;`.
macro_rules! functions {
    ($($field:ident = $name:ident $version:ident ($($argument:ty),* $(,)?) $(-> $result:ty)?;)*) => {
        /// The functions of the library.
        #[expect(missing_docs, reason = "the names are the header's")]
        pub struct Nrt { $(pub $field: extern "C" fn($($argument),*) $(-> $result)?,)* }

        impl Nrt {
            fn find(library: *mut c_void) -> Nrt {
                Nrt { $($field: {
                    let address = address(library, stringify!($name), concat!(stringify!($version), ".0.0"));
                    // SAFETY: the function at this address has this type, as in our headers, and takes
                    // every argument that tests pass (see above).
                    unsafe {
                        std::mem::transmute::<*mut c_void, extern "C" fn($($argument),*) $(-> $result)?>(address)
                    }
                },)* }
            }
        }
    };
}

functions! {
    // Life, topology, version.
    init = nrt_init NRT_2(c_int, Text, Text) -> u32;
    close = nrt_close NRT_2();
    total_nc_count = nrt_get_total_nc_count NRT_2(Out<u32>) -> u32;
    total_vnc_count = nrt_get_total_vnc_count NRT_2(Out<u32>) -> u32;
    visible_nc_count = nrt_get_visible_nc_count NRT_2(Out<u32>) -> u32;
    visible_vnc_count = nrt_get_visible_vnc_count NRT_2(Out<u32>) -> u32;
    instance_info = nrt_get_instance_info NRT_2(Out<u8>, usize) -> u32;
    version = nrt_get_version NRT_2(Out<u8>, usize) -> u32;
    host_device_id = nrt_host_device_id_get NRT_2(c_int, Out<u32>) -> u32;
    device_id = nrt_get_device_id NRT_2(c_int, Out<c_int>) -> u32;
    virtual_core_size = nec_get_virtual_core_size NRT_2(Out<u32>) -> u32;

    // Memory.
    memory_stats = nrt_get_vnc_memory_stats NRT_2(u32, Out<u8>, usize, Out<usize>) -> u32;
    log_oom_report = nrt_debug_log_oom_report NRT_2(c_int) -> u32;
    hbm_mmap_va = nrt_get_hbm_mmap_va NRT_2(c_int, c_int, Out<u64>, Out<usize>) -> u32;
    dmabuf_fd = nrt_get_dmabuf_fd NRT_2(u64, u64, Out<c_int>) -> u32;
    dmabuf_fd_v2 = nrt_get_dmabuf_fd_v2 NRT_2(u64, u64, Out<c_int>, Out<u64>) -> u32;
    memcpy_to_device = nrt_memcpy_to_device NRT_2(Out<u8>, *const u8, usize) -> u32;
    pinned_malloc = nrt_pinned_malloc NRT_2(usize, c_int) -> u64;
    pinned_free = nrt_pinned_free NRT_2(u64);

    // Tensors.
    tensor_allocate = nrt_tensor_allocate NRT_2(c_int, c_int, usize, Text, Out<Handle>) -> u32;
    tensor_allocate_empty = nrt_tensor_allocate_empty NRT_2(Text, Out<Handle>) -> u32;
    tensor_allocate_slice = nrt_tensor_allocate_slice NRT_2(Handle, usize, usize, Text, Out<Handle>) -> u32;
    tensor_attach_buffer = nrt_tensor_attach_buffer NRT_2(Handle, Out<u8>, usize) -> u32;
    tensor_free = nrt_tensor_free NRT_2(Out<Handle>);
    tensor_read = nrt_tensor_read NRT_2(Handle, Out<u8>, usize, usize) -> u32;
    tensor_write = nrt_tensor_write NRT_2(Handle, *const u8, usize, usize) -> u32;
    tensor_read_batch = nrt_tensor_read_batch NRT_2(*const Batch, u64, bool) -> u32;
    tensor_write_batch = nrt_tensor_write_batch NRT_2(*const Batch, u64, bool) -> u32;
    tensor_copy = nrt_tensor_copy NRT_2(Handle, usize, Handle, usize, usize) -> u32;
    tensor_memset = nrt_tensor_memset NRT_2(Handle, u64, c_int, usize) -> u32;
    tensor_va = nrt_tensor_get_va NRT_2(Handle) -> u64;
    tensor_size = nrt_tensor_get_size NRT_2(Handle) -> usize;
    allocation_info = nrt_tensor_get_device_allocation_info NRT_2(Handle, Out<[u64; 3]>) -> u32;
    lnc_index = nrt_tensor_get_lnc_index NRT_2(Handle, Out<c_int>) -> u32;
    check_output = nrt_tensor_check_output_completion NRT_2(Handle, i64, u64) -> u32;
    reset_output = nrt_tensor_reset_output_completion NRT_2(Handle) -> u32;

    // Sets.
    set_allocate = nrt_allocate_tensor_set NRT_2(Out<Handle>) -> u32;
    set_destroy = nrt_destroy_tensor_set NRT_2(Out<Handle>);
    set_add = nrt_add_tensor_to_tensor_set NRT_2(Handle, Text, Handle) -> u32;
    set_get = nrt_get_tensor_from_tensor_set NRT_2(Handle, Text, Out<Handle>) -> u32;

    // Models.
    load = nrt_load NRT_2(*const u8, usize, i32, i32, Out<Handle>) -> u32;
    load_collectives = nrt_load_collectives NRT_2(*const u8, usize, i32, i32, u32, u32, Out<Handle>) -> u32;
    unload = nrt_unload NRT_2(Handle) -> u32;
    model_info = nrt_get_model_info NRT_2(Handle, Out<u8>, usize, Out<usize>) -> u32;
    model_instance_count = nrt_get_model_instance_count NRT_2(Handle, Out<u32>) -> u32;
    model_nc_count = nrt_get_model_nc_count NRT_2(Handle, Out<u32>) -> u32;
    model_vnc_count = nrt_get_model_vnc_count NRT_2(Handle, Out<u32>) -> u32;
    model_tensor_info = nrt_get_model_tensor_info NRT_2(Handle, Out<u64>) -> u32;
    free_tensor_info = nrt_free_model_tensor_info NRT_2(u64) -> u32;

    // Runs that block.
    execute = nrt_execute NRT_2(Handle, Handle, Handle) -> u32;
    execute_repeat = nrt_execute_repeat NRT_2(Handle, Handle, Handle, c_int) -> u32;
    drain = nrt_async_drain_queued_execs NRT_2(i32) -> u32;
    register_callback = nrt_register_async_exec_callback NRT_2(u64, u64) -> u32;

    // Collectives.
    build_global_comm = nrt_build_global_comm NRT_2(i32, u32, u32) -> u32;
    cc_global_comm_init = nrt_cc_global_comm_init NRT_2(u32, u32, u32) -> u32;
    barrier = nrt_barrier NRT_2(i32, u32, u32) -> u32;
    all_gather = nrt_all_gather NRT_2(i32, u32, u32, u32, *const u8, Out<u8>) -> u32;
    cc_prepare = nrta_cc_prepare NRT_3(
        *const Comm, *const TensorList, *const TensorList, u32, u32, u32, Out<Handle>) -> u32;
    cc_schedule = nrta_cc_schedule NRT_3(Out<Handle>, c_int, Out<u32>, Out<u64>) -> u32;
    old_cc_prepare = nrta_cc_prepare NRT_2(
        *const Comm, *const TensorList, *const TensorList, u32, u32, u32, Out<Handle>) -> u32;
    old_cc_schedule = nrta_cc_schedule NRT_2(Out<Handle>, c_int, Handle, Out<u64>) -> u32;

    // Requests, since SDK 2.29.
    schedule = nrta_execute_schedule NRT_3(Handle, Handle, Handle, c_int, Out<u32>, Out<u64>) -> u32;
    write = nrta_tensor_write NRT_3(Handle, *const u8, u64, u64, c_int, c_int, Out<u32>, Out<u64>) -> u32;
    read = nrta_tensor_read NRT_3(Out<u8>, Handle, u64, u64, c_int, c_int, Out<u32>, Out<u64>) -> u32;
    copy = nrta_tensor_copy NRT_3(
        Handle, u64, Handle, u64, u64, c_int, c_int, Out<u32>, Out<u64>) -> u32;
    is_completed = nrta_is_completed NRT_3(u64, Out<bool>) -> u32;
    get_sequence = nrta_get_sequence NRT_3(u32, c_int, c_int, Out<u64>) -> u32;
    register_seq = nrta_event_register_seq_id_completion NRT_3(u64, c_int) -> u32;
    register_xu = nrta_event_register_xu_completion NRT_3(c_int, c_int, c_int, c_int) -> u32;

    // Requests of SDK 2.28.
    old_schedule = nrta_execute_schedule NRT_2(Handle, Handle, Handle, c_int, Handle, Out<u64>) -> u32;
    old_write = nrta_tensor_write NRT_2(Handle, *const u8, u64, u64, c_int, Handle, Out<u64>) -> u32;
    old_read = nrta_tensor_read NRT_2(Out<u8>, Handle, u64, u64, c_int, Handle, Out<u64>) -> u32;
    old_copy = nrta_tensor_copy NRT_2(Handle, u64, Handle, u64, u64, c_int, Handle, Out<u64>) -> u32;
    old_is_completed = nrta_is_completed NRT_2(u64, Out<bool>) -> u32;
    old_get_sequence = nrta_get_sequence NRT_2(u32, c_int, c_int, Out<u64>) -> u32;
    completion_handle = nrta_get_completion_handle NRT_2(u64, Out<c_int>) -> u32;
    tracker_create = nrta_error_tracker_create NRT_2(u32, Out<Handle>) -> u32;
    tracker_destroy = nrta_error_tracker_destroy NRT_2(Handle);
    tracker_list = nrta_error_tracker_get_list NRT_2(Handle, Out<u64>, Out<usize>) -> u32;

    // The system trace.
    trace_config_allocate = nrt_sys_trace_config_allocate NRT_2(Out<Handle>) -> u32;
    trace_config_free = nrt_sys_trace_config_free NRT_2(Handle);
    trace_config_set_defaults = nrt_sys_trace_config_set_defaults NRT_2(Handle);
    trace_config_set_max_events = nrt_sys_trace_config_set_max_events_per_nc NRT_2(Handle, u64);
    trace_config_set_nc = nrt_sys_trace_config_set_capture_enabled_for_nc NRT_2(Handle, u32, bool);
    trace_config_set_type = nrt_sys_trace_config_set_capture_enabled_for_event_type NRT_2(Handle, Text, bool) -> u32;
    trace_config_types = nrt_sys_trace_config_get_enabled_event_types NRT_2(Handle, Out<u64>, Out<usize>) -> u32;
    trace_types = nrt_sys_trace_get_event_types NRT_2(Out<u64>, Out<usize>) -> u32;
    trace_free_types = nrt_sys_trace_free_event_types NRT_2(u64, usize);
    trace_start = nrt_sys_trace_start NRT_2(Handle) -> u32;
    trace_stop = nrt_sys_trace_stop NRT_2() -> u32;
    trace_options_allocate = nrt_sys_trace_fetch_options_allocate NRT_2(Out<Handle>) -> u32;
    trace_options_free = nrt_sys_trace_fetch_options_free NRT_2(Handle);
    trace_options_set_defaults = nrt_sys_trace_fetch_options_set_defaults NRT_2(Handle);
    trace_options_set_max_events = nrt_sys_trace_fetch_options_set_max_events_per_nc NRT_2(Handle, u64);
    trace_options_set_nc = nrt_sys_trace_fetch_options_set_nc_idx NRT_2(Handle, u64);
    trace_fetch = nrt_sys_trace_fetch_events NRT_2(Out<u64>, Out<usize>, Handle) -> u32;
    trace_buffer_free = nrt_sys_trace_buffer_free NRT_2(u64);
}

fn address(library: *mut c_void, name: &str, version: &str) -> *mut c_void {
    let [symbol, node] = [name, version].map(|text| CString::new(text).expect("names have no zeros"));
    // SAFETY: the library is open for good, and both texts end with a zero byte.
    let found = unsafe { libc::dlvsym(library, symbol.as_ptr(), node.as_ptr()) };
    assert!(!found.is_null(), "{name}@{version} is not exported");
    found
}

impl Nrt {
    /// The library that cargo has built, opened once in the process.
    pub fn open() -> &'static Nrt {
        static OPENED: OnceLock<Nrt> = OnceLock::new();
        OPENED.get_or_init(|| {
            // SAFETY: what it runs when it is loaded is our own code.
            let library = unsafe { Library::new(build::library()) };
            Nrt::find(library.expect("the library was built").into_raw())
        })
    }

    /// The library, with the runtime initialised.
    pub fn start() -> &'static Nrt {
        let nrt = Nrt::open();
        assert_eq!((nrt.init)(0, ptr::null(), ptr::null()), 0, "nrt_init");
        nrt
    }

    /// The number that `ask` writes.
    #[track_caller]
    pub fn get<T: Default>(ask: impl FnOnce(Out<T>) -> u32) -> T {
        let mut answer = T::default();
        assert_eq!(ask(&raw mut answer), 0);
        answer
    }

    /// A tensor of `size` bytes on `core`.
    #[track_caller]
    pub fn tensor(&self, core: c_int, size: usize) -> Handle {
        Nrt::get(|tensor| (self.tensor_allocate)(0, core, size, ptr::null(), tensor))
    }

    /// A set of these tensors.
    #[track_caller]
    pub fn set(&self, tensors: &[(&CStr, Handle)]) -> Handle {
        let set = Nrt::get(|set| (self.set_allocate)(set));
        for (name, tensor) in tensors {
            assert_eq!((self.set_add)(set, name.as_ptr(), *tensor), 0);
        }
        set
    }

    /// The status of loading `neff` on `core`, and the model.
    pub fn try_load(&self, neff: &[u8], core: i32) -> (u32, Handle) {
        let mut model = 0;
        let status = (self.load)(neff.as_ptr(), neff.len(), core, -1, &raw mut model);
        (status, model)
    }

    /// The model of `neff`, loaded on `core`.
    #[track_caller]
    pub fn model(&self, neff: &[u8], core: i32) -> Handle {
        let (status, model) = self.try_load(neff, core);
        assert_eq!(status, 0, "nrt_load");
        model
    }

    /// The first `len` bytes of a tensor.
    #[track_caller]
    pub fn contents(&self, tensor: Handle, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        assert_eq!((self.tensor_read)(tensor, bytes.as_mut_ptr(), 0, len), 0);
        bytes
    }

    /// The bytes in use on `core`, and all there are.
    #[track_caller]
    pub fn memory(&self, core: u32) -> (u64, u64) {
        let mut size = 0;
        let [used, limit] =
            Nrt::get(|stats: Out<[u64; 2]>| (self.memory_stats)(core, stats.cast(), 16, &raw mut size));
        assert_eq!(size, 16);
        (used, limit)
    }

    /// Begins to record all events of the system trace.
    #[track_caller]
    pub fn start_trace(&self) {
        let config = Nrt::get(|config| (self.trace_config_allocate)(config));
        (self.trace_config_set_defaults)(config);
        assert_eq!((self.trace_start)(config), 0);
        (self.trace_config_free)(config);
    }

    /// The events of the system trace so far, as JSON, which are gone from it then.
    #[track_caller]
    pub fn take_trace(&self) -> String {
        let mut size = 0;
        let buffer = Nrt::get(|buffer| (self.trace_fetch)(buffer, &raw mut size, 0));
        let text: *const c_char = ptr::with_exposed_provenance(usize::try_from(buffer).expect("64 bits"));
        // SAFETY: the text ends with a zero byte and was not freed yet.
        let json = unsafe { CStr::from_ptr(text) }.to_str().expect("JSON is UTF-8").to_owned();
        (self.trace_buffer_free)(buffer);
        assert_eq!(json.len(), size);
        json
    }

    /// The requests whose errors went to a tracker, and their statuses.
    #[track_caller]
    pub fn errors(&self, tracker: Handle) -> Vec<(u64, u64)> {
        let mut count = 0;
        let list = Nrt::get(|list| (self.tracker_list)(tracker, list, &raw mut count));
        let list: *const [u64; 2] = ptr::with_exposed_provenance(usize::try_from(list).expect("64 bits"));
        // SAFETY: so many entries are there until the next call.
        let errors = unsafe { std::slice::from_raw_parts(list, count) };
        errors.iter().map(|[seq, code]| (*seq, *code)).collect()
    }

    /// The tensors of a model. The array is freed.
    #[track_caller]
    pub fn tensor_infos(&self, model: Handle) -> Vec<Info> {
        let array = Nrt::get(|array| (self.model_tensor_info)(model, array));
        let infos = infos(array);
        assert_eq!((self.free_tensor_info)(array), 0);
        infos
    }
}

/// Copies an array that `nrt_get_model_tensor_info` gave.
fn infos(array: u64) -> Vec<Info> {
    let array = usize::try_from(array).expect("64 bits");
    let count: *const u64 = ptr::with_exposed_provenance(array);
    // SAFETY: the array begins with its count and was not freed yet.
    let count = usize::try_from(unsafe { count.read() }).expect("64 bits");
    let first: *const RawInfo = ptr::with_exposed_provenance(array + size_of::<u64>());
    // SAFETY: so many entries follow the count.
    let entries = unsafe { std::slice::from_raw_parts(first, count) };
    let info = |raw: &RawInfo| {
        // SAFETY: the name ends with a zero byte.
        let name = unsafe { CStr::from_ptr(raw.name.as_ptr()) };
        // SAFETY: each shape has so many dimensions.
        let shape = unsafe { std::slice::from_raw_parts(raw.shape, raw.ndim as usize) };
        Info {
            name: name.to_str().expect("UTF-8").to_owned(),
            usage: raw.usage,
            size: raw.size,
            dtype: raw.dtype,
            shape: shape.to_vec(),
        }
    };
    entries.iter().map(info).collect()
}

/// Runs `body` in a forked child and returns the child's exit code, or minus the signal that ended it.
///
/// The child has no other thread: `body` must not panic and not take locks that others may hold.
pub fn in_forked_child(body: impl FnOnce() -> u8) -> c_int {
    // SAFETY: the child calls only `body` and leaves without running what other threads have set up.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork failed");
    if child == 0 {
        let code = body();
        // SAFETY: always.
        unsafe { libc::_exit(code.into()) };
    }
    let mut status = 0;
    // SAFETY: the place is ours.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(waited, child);
    if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { -libc::WTERMSIG(status) }
}

/// The `count` words at the address that the library gave.
pub fn words(address: u64, count: usize) -> Vec<u64> {
    let first: *const u64 = ptr::with_exposed_provenance(usize::try_from(address).expect("64 bits"));
    // SAFETY: the library says that there are so many.
    (0..count).map(|at| unsafe { first.wrapping_add(at).read() }).collect()
}

/// Sets `len` bytes at an address that the library gave: the memory of a tensor, past the runtime.
pub fn fill(address: u64, value: u8, len: usize) {
    let first: *mut u8 = ptr::with_exposed_provenance_mut(usize::try_from(address).expect("64 bits"));
    // SAFETY: a tensor of so many bytes is there, and no request writes it now.
    unsafe { first.write_bytes(value, len) }
}

/// Whether a descriptor can be read from, by its number.
pub fn is_readable(fd: RawFd) -> bool {
    let mut wanted = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: the one entry is ours.
    let ready = unsafe { libc::poll(&raw mut wanted, 1, 0) };
    ready == 1 && wanted.revents & libc::POLLIN != 0
}

/// Closes a descriptor by its number.
pub fn close_number(fd: RawFd) {
    // SAFETY: the test gave the number up to this function.
    let closed = unsafe { libc::close(fd) };
    assert_eq!(closed, 0, "{fd} was open");
}
