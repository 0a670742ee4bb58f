//! What models compute: which kernel a model gets, what it is refused for, and what a run does with it.

mod bindings;
mod matmul;
mod networks;
mod runs;
