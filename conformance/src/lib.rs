//! Checks any `libnrt.so.1` against the documented contract of the Neuron Runtime, rule by rule.
//!
//! The suite loads a library and shares nothing with the one that it was written beside: no code, no table. A
//! [`rule`] is a sentence with a source and a check. A check has a [`session`]: it calls the library, and every
//! call is written down before it is made ([`script`]). Each case runs in a process of its own ([`worker`]), so
//! that a crash or a hang is a finding. A failing case is made small and turned into a C program that has been
//! seen to fail ([`reproducer`]).

pub mod abi;
pub mod case;
pub mod history;
pub mod library;
pub mod model;
pub mod neff;
pub mod probe;
pub mod program;
pub mod report;
pub mod reproducer;
pub mod rule;
pub mod rules;
pub mod script;
pub mod session;
pub mod suite;
pub mod verdict;
pub mod worker;
