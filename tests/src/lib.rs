//! What the tests of this package share: the built library, NEFFs, and C programs.

pub mod build;
pub mod neff;
pub mod program;
