//! Memory of the simulated machine and of the program: mappings, banks, storages and tensors.

pub mod bank;
pub mod bytes;
pub mod storage;
pub mod tensor;
