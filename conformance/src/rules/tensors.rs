//! Tensors: bounds, slices, attached memory, copies, accounting.

pub(super) mod accounting;
pub(super) mod addresses;
pub(super) mod bounds;
pub(super) mod copies;
pub(super) mod counters;
pub(super) mod life;
pub(super) mod slices;
pub(super) mod transfers;
