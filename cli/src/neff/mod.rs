//! `nrt-sim neff`: makes NEFF files, looks into them, checks them and unpacks them.
//!
//! ```text
//! build.rs    from flags to a file          spec.rs     the same from a file in TOML
//! tensor.rs   x:f16[128,256]                target.rs   trn2, v3, cayman
//! inspect.rs  what is in a NEFF             report.rs   that, as text and JSON
//! problems.rs what looks wrong in it        verify.rs   what a load would say
//! unpack.rs   its files                     attachments.rs  those for the simulator
//! ../exec     one run of it
//! ```

mod attachments;
pub(crate) mod build;
mod inspect;
mod problems;
mod report;
mod spec;
mod target;
mod tensor;
mod unpack;
mod verify;

#[cfg(test)]
mod round_trip;

use anyhow::Result;
use clap::{Args, Subcommand};

/// Makes NEFF files (compiled models), looks into them, checks them, runs them and unpacks them.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Build(build::Options),
    Inspect(inspect::Options),
    Verify(verify::Options),
    Run(crate::exec::Options),
    Unpack(unpack::Options),
}

/// Does what is asked for, and returns the exit code.
///
/// # Errors
/// What is wrong with the file or the flags, and what to do.
pub(crate) fn neff(options: &Options) -> Result<u8> {
    match &options.command {
        Command::Build(options) => build::build(options),
        Command::Inspect(options) => inspect::inspect(options),
        Command::Verify(options) => verify::verify(options),
        Command::Run(options) => crate::exec::run(options),
        Command::Unpack(options) => unpack::unpack(options),
    }
}
