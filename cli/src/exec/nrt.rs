use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;

use anyhow::{Context, Result};
use libloading::os::unix::Library;
use sim_core::neff::{Dtype, TensorSpec, Usage};

/// What the library calls an object: an address, or whatever it likes.
pub(super) type Handle = *mut c_void;

/// `NRT_TENSOR_PLACEMENT_DEVICE`.
const ON_DEVICE: c_int = 0;
/// `NRT_FRAMEWORK_TYPE_NO_FW`.
const NO_FRAMEWORK: c_int = 1;
/// Bytes of `nrt_version_t`, of its numbers, and of the text after them; a git hash follows.
const VERSION_BYTES: usize = 224;
const VERSION_DETAIL: std::ops::Range<usize> = 32..160;
/// The git hash that the simulated library reports.
const SIMULATED: &[u8] = b"nrt-sim\0";

/// `nrt_tensor_info_t` (header).
#[repr(C)]
struct RawInfo {
    name: [c_char; 256],
    usage: u32,
    size: usize,
    dtype: u32,
    shape: *const u32,
    ndim: u32,
}

/// Declares the functions and finds them: `field = symbol(arguments) -> result;`.
macro_rules! functions {
    ($($field:ident = $name:ident ($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// The functions that are used. Those of all releases have these types (header), and one version each.
        struct Functions { $($field: unsafe extern "C" fn($($argument),*) $(-> $result)?,)* }

        impl Functions {
            fn find(library: &Library) -> Result<Functions> {
                Ok(Functions { $($field: {
                    // SAFETY: the function of this name has this type in the header.
                    let found = unsafe {
                        library.get::<unsafe extern "C" fn($($argument),*) $(-> $result)?>(stringify!($name))
                    };
                    *found.context(concat!("it has no function ", stringify!($name)))?
                },)* })
            }
        }
    };
}

functions! {
    init = nrt_init(c_int, *const c_char, *const c_char) -> u32;
    close = nrt_close();
    version = nrt_get_version(*mut u8, usize) -> u32;
    load = nrt_load(*const u8, usize, i32, i32, *mut Handle) -> u32;
    unload = nrt_unload(Handle) -> u32;
    tensor_infos = nrt_get_model_tensor_info(Handle, *mut *mut u64) -> u32;
    free_tensor_infos = nrt_free_model_tensor_info(*mut u64) -> u32;
    tensor_allocate = nrt_tensor_allocate(c_int, c_int, usize, *const c_char, *mut Handle) -> u32;
    tensor_free = nrt_tensor_free(*mut Handle);
    tensor_write = nrt_tensor_write(Handle, *const u8, usize, usize) -> u32;
    tensor_read = nrt_tensor_read(Handle, *mut u8, usize, usize) -> u32;
    set_allocate = nrt_allocate_tensor_set(*mut Handle) -> u32;
    set_destroy = nrt_destroy_tensor_set(*mut Handle);
    set_add = nrt_add_tensor_to_tensor_set(Handle, *const c_char, Handle) -> u32;
    execute = nrt_execute(Handle, Handle, Handle) -> u32;
}

/// A library, opened for good. Every method is the function of that name; numbers are statuses.
///
/// A handle that a method takes is one that the library gave and that is still in use: `session.rs`, the
/// only caller, sees to that.
pub(super) struct Nrt(Functions);

impl Nrt {
    /// Opens the library at `path`.
    ///
    /// # Errors
    /// When the system cannot load it, or it lacks a function that every libnrt.so.1 has.
    pub(super) fn open(path: &Path) -> Result<Nrt> {
        // SAFETY: a user who names a library wants the code run that it runs when it is loaded.
        let library = unsafe { Library::new(path) };
        let library = library.with_context(|| format!("cannot load the library {}", path.display()))?;
        let functions = Functions::find(&library)
            .with_context(|| format!("{} is no libnrt.so.1; give one with --lib", path.display()))?;
        // The functions are called to the end of the process, and real ones have threads of their own.
        let _ = library.into_raw();
        Ok(Nrt(functions))
    }

    pub(super) fn init(&self) -> u32 {
        // SAFETY: the texts are empty and last for ever.
        unsafe { (self.0.init)(NO_FRAMEWORK, c"".as_ptr(), c"".as_ptr()) }
    }

    pub(super) fn close(&self) {
        // SAFETY: no call is under way, and nothing of the library is used afterwards.
        unsafe { (self.0.close)() }
    }

    /// What the library calls itself, and whether it is the simulated one.
    pub(super) fn version(&self) -> Option<(String, bool)> {
        let mut bytes = [0_u64; VERSION_BYTES / 8];
        // SAFETY: as many bytes as are told, aligned as the numbers in it.
        let status = unsafe { (self.0.version)(bytes.as_mut_ptr().cast(), VERSION_BYTES) };
        let bytes: Vec<u8> = bytes.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let detail = CStr::from_bytes_until_nul(&bytes[VERSION_DETAIL]).ok()?;
        let is_simulated = bytes[VERSION_DETAIL.end..].starts_with(SIMULATED);
        (status == 0).then(|| (detail.to_string_lossy().into_owned(), is_simulated))
    }

    pub(super) fn load(&self, neff: &[u8], core: i32, model: &mut Handle) -> u32 {
        // SAFETY: the bytes and the place last through the call.
        unsafe { (self.0.load)(neff.as_ptr(), neff.len(), core, 1, model) }
    }

    pub(super) fn unload(&self, model: Handle) -> u32 {
        // SAFETY: the model is loaded, and no run of it is under way.
        unsafe { (self.0.unload)(model) }
    }

    /// The inputs and outputs of a model, as the library sees them.
    pub(super) fn tensor_infos(&self, model: Handle, specs: &mut Vec<TensorSpec>) -> u32 {
        let mut array = ptr::null_mut();
        // SAFETY: the model is loaded, the place lasts through the call.
        let status = unsafe { (self.0.tensor_infos)(model, &raw mut array) };
        if status != 0 || array.is_null() {
            return status;
        }
        // SAFETY: the array begins with its count.
        let count = usize::try_from(unsafe { array.read() }).expect("an array in memory");
        // SAFETY: the entries follow the count.
        let first = unsafe { array.add(1) }.cast::<RawInfo>();
        // SAFETY: there are as many entries as counted, until the array is freed.
        let entries = unsafe { std::slice::from_raw_parts(first, count) };
        specs.extend(entries.iter().map(spec));
        // SAFETY: it is the array that the library gave, freed once.
        unsafe { (self.0.free_tensor_infos)(array) }
    }

    pub(super) fn tensor_allocate(&self, core: i32, bytes: usize, name: &CStr, tensor: &mut Handle) -> u32 {
        // SAFETY: name and place last through the call.
        unsafe { (self.0.tensor_allocate)(ON_DEVICE, core, bytes, name.as_ptr(), tensor) }
    }

    pub(super) fn tensor_free(&self, mut tensor: Handle) {
        // SAFETY: the tensor is allocated, and no run uses it.
        unsafe { (self.0.tensor_free)(&raw mut tensor) }
    }

    pub(super) fn tensor_write(&self, tensor: Handle, bytes: &[u8]) -> u32 {
        // SAFETY: the tensor is allocated, the bytes last through the call.
        unsafe { (self.0.tensor_write)(tensor, bytes.as_ptr(), 0, bytes.len()) }
    }

    pub(super) fn tensor_read(&self, tensor: Handle, bytes: &mut [u8]) -> u32 {
        // SAFETY: the tensor is allocated, the bytes last through the call.
        unsafe { (self.0.tensor_read)(tensor, bytes.as_mut_ptr(), 0, bytes.len()) }
    }

    pub(super) fn set_allocate(&self, set: &mut Handle) -> u32 {
        // SAFETY: the place lasts through the call.
        unsafe { (self.0.set_allocate)(set) }
    }

    pub(super) fn set_destroy(&self, mut set: Handle) {
        // SAFETY: the set is allocated, and no run uses it.
        unsafe { (self.0.set_destroy)(&raw mut set) }
    }

    pub(super) fn set_add(&self, set: Handle, name: &CStr, tensor: Handle) -> u32 {
        // SAFETY: set and tensor are allocated, the name lasts through the call.
        unsafe { (self.0.set_add)(set, name.as_ptr(), tensor) }
    }

    pub(super) fn execute(&self, model: Handle, inputs: Handle, outputs: Handle) -> u32 {
        // SAFETY: the model is loaded, the sets and what is in them are allocated.
        unsafe { (self.0.execute)(model, inputs, outputs) }
    }
}

/// A name as the library takes it. One with a zero byte ends there, as it would in C.
pub(super) fn c_name(name: &str) -> CString {
    CString::new(name.split('\0').next().unwrap_or_default()).expect("it has no zero byte")
}

fn spec(raw: &RawInfo) -> TensorSpec {
    let name: Vec<u8> =
        raw.name.iter().map(|char| char.cast_unsigned()).take_while(|&byte| byte != 0).collect();
    let shape: &[u32] = if raw.shape.is_null() {
        &[]
    } else {
        // SAFETY: a shape has so many dimensions, until the array is freed.
        unsafe { std::slice::from_raw_parts(raw.shape, raw.ndim as usize) }
    };
    TensorSpec {
        name: String::from_utf8_lossy(&name).into_owned(),
        usage: if raw.usage == 0 { Usage::Input } else { Usage::Output },
        dtype: Dtype::ALL.into_iter().find(|dtype| dtype.code() == raw.dtype).unwrap_or_default(),
        shape: shape.iter().map(|&dim| dim.into()).collect(),
        size: raw.size as u64,
    }
}
