//! A simulated Neuron device, without C, files, environment variables or clocks of its own.
#![warn(clippy::pedantic)]
#![allow(clippy::pedantic, reason = "placeholder while the crate is laid out")]

pub mod neff;
