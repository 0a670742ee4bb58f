//! Models: what is loaded, what is refused, what a model says of itself.

pub(super) mod archive;
pub(super) mod getters;
pub(super) mod load;
pub(super) mod refused;
pub(super) mod unload;
