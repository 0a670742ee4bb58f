//! Instances, cores and memory, and the processes that share a machine.

mod claims;
mod instances;
mod memory;
mod visible;
