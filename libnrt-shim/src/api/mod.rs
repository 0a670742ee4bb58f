//! The exported functions, a file for each family.

mod collectives;
mod completion;
mod control;
mod error_tracker;
mod execute;
mod implicit;
mod lifecycle;
mod memory;
mod model;
mod outputs;
mod schedule;
mod sys_trace;
mod tensor;
mod tensor_set;
mod topology;
mod transfer;
mod unsupported;
mod version;
