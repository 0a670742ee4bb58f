//! `include/nrt_sim/kernel.h` in Rust, field by field; the explanations are there.
//!
//! A function that is missing is null in C, so each is optional here.

use std::ffi::{c_char, c_void};

/// The version of the interface that this simulator speaks; a plug-in of any other is refused.
pub const VERSION: u32 = 1;

/// The name of the one function that a plug-in exports.
pub const ENTRY: &str = "nrt_sim_kernel_plugin";

/// Bytes of room for the text of an error, with the zero at its end.
pub const ERROR_BYTES: usize = 1024;

/// The type of [`ENTRY`].
pub type Entry = unsafe extern "C" fn() -> *const Plugin;

/// `nrt_sim_tensor_t`
#[derive(Debug, Clone, Copy)]
#[repr(C)]
#[expect(missing_docs, reason = "explained in the header")]
pub struct Tensor {
    pub name: *const c_char,
    pub shape: *const u64,
    pub size: u64,
    pub dtype: u32,
    pub ndim: u32,
}

/// `nrt_sim_option_t`
#[derive(Debug, Clone, Copy)]
#[repr(C)]
#[expect(missing_docs, reason = "explained in the header")]
pub struct Setting {
    pub key: *const c_char,
    pub value: *const c_char,
}

/// `nrt_sim_model_t`
#[derive(Debug)]
#[repr(C)]
#[expect(missing_docs, reason = "explained in the header")]
pub struct Model {
    pub struct_size: u64,
    pub name: *const c_char,
    pub uuid: [u8; 16],
    pub inputs: *const Tensor,
    pub input_count: u64,
    pub outputs: *const Tensor,
    pub output_count: u64,
    pub options: *const Setting,
    pub option_count: u64,
    pub data: *const c_void,
    pub data_size: u64,
}

/// `create` of a plug-in.
pub type Create = unsafe extern "C" fn(*const Model, *mut *mut c_void, *mut c_char, usize) -> u32;

/// `run` of a plug-in.
pub type Run =
    unsafe extern "C" fn(*mut c_void, *const *const c_void, *const *mut c_void, *mut c_char, usize) -> u32;

/// `destroy` of a plug-in.
pub type Destroy = unsafe extern "C" fn(*mut c_void);

/// `nrt_sim_kernel_plugin_t`
#[derive(Debug, Clone, Copy)]
#[repr(C)]
#[expect(missing_docs, reason = "explained in the header")]
pub struct Plugin {
    pub abi_version: u32,
    pub struct_size: u32,
    pub name: *const c_char,
    pub create: Option<Create>,
    pub run: Option<Run>,
    pub destroy: Option<Destroy>,
}
