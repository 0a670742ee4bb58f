//! Collectives of the explicit interface as a program prepares them, with every field open to a test.

use std::ptr;

use crate::nrt::{Handle, Nrt, Out};

/// `nrt_cc_comm_t`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the fields of nrt_cc_comm_t")]
pub struct Comm {
    pub replica_group: *const u32,
    pub rank: u32,
    pub rank_n: u32,
    pub ctx_device_id: u32,
    pub ctx_device_count: u32,
    pub vnc: u32,
}

/// `nrt_tensor_list_t`.
#[repr(C)]
#[derive(Debug)]
pub struct TensorList {
    /// Its tensors.
    pub tensors: *const Handle,
    /// How many.
    pub num_tensors: usize,
}

/// `nrta_cc_prepare`, which has one type in both releases.
pub type Prepare =
    extern "C" fn(*const Comm, *const TensorList, *const TensorList, u32, u32, u32, Out<Handle>) -> u32;

/// What is handed to `nrta_cc_prepare`.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the arguments of nrta_cc_prepare")]
pub struct Collective {
    /// Its `replica_group` is that of the next field.
    pub comm: Comm,
    pub group: Vec<u32>,
    pub input: Vec<Handle>,
    pub output: Vec<Handle>,
    pub dtype: u32,
    pub op: u32,
    pub cc_op: u32,
}

impl Collective {
    /// An all-reduce of float32 by addition, in a world of one rank on `core`.
    pub fn alone(core: u32, input: Handle, output: Handle) -> Collective {
        let comm = Comm {
            replica_group: ptr::null(),
            rank: 0,
            rank_n: 1,
            ctx_device_id: 0,
            ctx_device_count: 1,
            vnc: core,
        };
        Collective {
            comm,
            group: vec![0],
            input: vec![input],
            output: vec![output],
            dtype: 10,
            op: 0,
            cc_op: 1,
        }
    }

    /// Calls `prepare` with it. What is empty is passed as null.
    pub fn prepare(&self, prepare: Prepare, context: Out<Handle>) -> u32 {
        let comm = Comm { replica_group: address(&self.group), ..self.comm };
        let list =
            |tensors: &Vec<Handle>| TensorList { tensors: address(tensors), num_tensors: tensors.len() };
        let (input, output) = (list(&self.input), list(&self.output));
        prepare(
            &raw const comm,
            &raw const input,
            &raw const output,
            self.dtype,
            self.op,
            self.cc_op,
            context,
        )
    }

    /// The context of it.
    #[track_caller]
    pub fn context(&self, nrt: &Nrt) -> Handle {
        Nrt::get(|context| self.prepare(nrt.cc_prepare, context))
    }
}

fn address<T>(items: &[T]) -> *const T {
    if items.is_empty() { ptr::null() } else { items.as_ptr() }
}
