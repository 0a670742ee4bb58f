//! Models through `nrt_load`: each gate with its status, what a model declares, and its end.

mod forge;
mod gates;
mod models;
