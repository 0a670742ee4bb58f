//! What the tests of this package share: the built library, NEFFs, C programs, and child processes.

pub mod batch;
pub mod build;
pub mod child;
pub mod collective;
pub mod neff;
pub mod nrt;
pub mod page;
pub mod program;
