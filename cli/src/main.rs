//! `nrt-sim`: runs programs that use `libnrt.so.1` on a simulated Neuron device.
//!
//! ```text
//! run.rs      one run: environment, program, summary    info.rs       what the simulated machine has
//! machine.rs  --instance and --lnc                      demo.rs       a C example, built and run
//! library.rs  where libnrt.so.1 is                      signals.rs    what is passed on to the program
//! report.rs   what the library left behind              summary.rs    that, as text
//! program.rs  what a program file is                    diagnosis.rs  why a program did not use the library
//! models.rs   --models, --default-kernel and --strict   neff/         NEFFs made, looked into, checked
//! exec/       a NEFF, run without a program             file.rs       reading and replacing files
//! faults.rs   --faults, and plans explained             scenarios.rs  plans that come with nrt-sim
//! reset.rs    what faults have left broken              ctl.rs        a running program, controlled
//! check.rs    --check, and what becomes of findings
//! swarm/      programs and plans drawn from seeds       lint/         the variable of implicit mode, found
//! migration/  a program held against the guide's checklist
//! ```

mod check;
mod ctl;
mod demo;
mod diagnosis;
mod exec;
mod faults;
mod file;
mod info;
mod library;
mod lint;
mod machine;
mod migration;
mod models;
mod neff;
mod program;
mod report;
mod reset;
mod run;
mod scenarios;
mod signals;
mod summary;
mod swarm;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The exit code when nrt-sim itself fails, as `env` and `timeout` have it; 126 and 127 are in `run`.
const OWN_FAILURE: u8 = 125;

const EXAMPLES: &str = "\
Examples:
  nrt-sim demo                                     see what it does, step by step
  nrt-sim run -- ./infer model.neff                run a program on one trn1.2xlarge
  nrt-sim run --instance trn2.48xlarge --lnc 1 -- python3 serve.py
  nrt-sim run --seed 7 --faults plan.toml -- ./infer model.neff
  nrt-sim run --scenario hang -- ./infer model.neff   a program that meets a known fault
  nrt-sim faults check plan.toml                   what a fault plan says
  nrt-sim ctl status                               what a program does that was run with --ctl
  nrt-sim info --instance trn2 --lnc 1             what that machine has
  nrt-sim info --list                              all machines
  nrt-sim neff inspect model.neff                  what is in a compiled model

A program needs no change and no recompilation: `nrt-sim run` sets LD_PRELOAD and LD_LIBRARY_PATH, so\nthat its libnrt.so.1 is the simulated one, whether linked or opened with dlopen.";

/// Runs programs that use the AWS Neuron Runtime (libnrt.so.1) on a simulated device: no hardware, no driver.
#[derive(Debug, Parser)]
#[command(name = "nrt-sim", version, after_help = EXAMPLES, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Options),
    Info(info::Options),
    Neff(neff::Options),
    Faults(faults::Command),
    Scenarios(scenarios::Options),
    Reset(reset::Options),
    Ctl(ctl::Options),
    Demo(demo::Options),
    Swarm(swarm::Options),
    Lint(lint::Options),
    CheckMigration(migration::Options),
}

fn main() -> ExitCode {
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command,
        Err(error) => {
            // There is no one left to tell if this cannot be printed.
            let _ = error.print();
            let is_lint = std::env::args_os().nth(1).is_some_and(|word| word == "lint");
            let failure = if is_lint { lint::UNREADABLE } else { OWN_FAILURE };
            return if error.use_stderr() { ExitCode::from(failure) } else { ExitCode::SUCCESS };
        }
    };
    let (code, failure) = match command {
        Command::Run(options) => (run::run(&options), OWN_FAILURE),
        Command::Info(options) => (info::info(&options), OWN_FAILURE),
        Command::Neff(options) => (neff::neff(&options), OWN_FAILURE),
        Command::Faults(command) => (faults::faults(&command), OWN_FAILURE),
        Command::Scenarios(options) => (scenarios::scenarios(&options), OWN_FAILURE),
        Command::Reset(options) => (reset::reset(&options), OWN_FAILURE),
        Command::Ctl(options) => (ctl::ctl(&options), OWN_FAILURE),
        Command::Demo(options) => (demo::demo(&options), 1),
        Command::Swarm(options) => (swarm::swarm(&options), OWN_FAILURE),
        Command::CheckMigration(options) => (migration::check(&options), OWN_FAILURE),
        Command::Lint(options) => (lint::lint(&options), lint::UNREADABLE),
    };
    ExitCode::from(code.unwrap_or_else(|error| {
        note(&format!("{error:#}"));
        failure
    }))
}

/// Writes a message of ours to stderr. That it may be closed is no reason to fail.
fn note(message: &str) {
    let _ = writeln!(std::io::stderr(), "nrt-sim: {message}");
}
