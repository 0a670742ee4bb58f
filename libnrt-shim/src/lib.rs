//! `libnrt.so.1` over the simulated device: parse, call, translate, and nothing else.
//!
//! Each exported function is defined with `export!`, which contains panics and gives the symbol its ELF
//! version. The bodies are in [`api`], a file for each family; what they share is here. No rule of the
//! device lives in this crate.

mod abi;
mod api;
mod armed;
mod boundary;
mod callback;
mod check;
mod claim;
mod collective;
mod control;
mod cores;
mod environment;
mod error;
mod eventfd;
mod handle;
mod implicit;
mod incident;
mod leftover;
mod loaded;
mod log;
mod place;
mod report;
mod runtime;
mod sdk;
mod tensor_set;
mod trace_json;
mod trace_types;
mod tracker;
mod trail;
