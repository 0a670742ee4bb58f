//! `nrt-sim neff verify`: what a load would say.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use sim_core::neff::{self, Limits, Neff, NeffError, Policy};
use sim_core::status::Status;
use sim_models::compute::Watch;
use sim_models::models::Chosen;

use crate::file;
use crate::machine::{self, Machine, variable};
use crate::models::Choice;

const VERIFY_HELP: &str = "\
Examples:
  nrt-sim neff verify model.neff --instance trn2
  nrt-sim neff verify model.neff --instance trn1 --allow-legacy

Exit code: 0 if nrt_load would take it, 1 if it would refuse it, 125 if nrt-sim itself failed.
What a load also needs, a free core and memory, is not looked at. The last line says what a run would compute.
A plug-in that --models or NRT_SIM_MODELS binds to the model is loaded for that, and its code runs.";

/// The checks of a load that look at the file, with their numbers; 1, 2 and 8 look at the program and the cores.
const GATES: [(u32, &str); 10] = [
    (3, "header"),
    (4, "format version and feature bits"),
    (5, "data is complete"),
    (6, "package version"),
    (7, "hash"),
    (9, "archive, graph and inputs and outputs"),
    (10, "list of binaries and its target"),
    (11, "generation of the device"),
    (12, "a binary and a core for each physical core"),
    (13, "LNC of the runtime"),
];

/// Checks a NEFF as nrt_load does on the simulated machine, and says what would be refused and why.
#[derive(Debug, Args)]
#[command(after_help = VERIFY_HELP)]
pub(crate) struct Options {
    /// The NEFF; `-` is stdin.
    file: PathBuf,

    #[command(flatten)]
    machine: machine::Options,

    #[command(flatten)]
    choice: Choice,

    /// Take models of other generations, as with NEURON_RT_ALLOW_LEGACY_NEFF=1, which counts as well.
    #[arg(long)]
    allow_legacy: bool,

    /// Compare the hash, as with NEURON_RT_VALIDATE_HASH=1, which counts as well.
    #[arg(long)]
    validate_hash: bool,
}

/// Prints each gate, and returns the exit code.
///
/// # Errors
/// When the file cannot be read, or there is no such machine.
pub(super) fn verify(options: &Options) -> Result<u8> {
    let Machine { profile, lnc, .. } = Machine::choose(&options.machine)?;
    let machine = neff::Machine {
        arch: profile.arch,
        lnc,
        cores_per_device: profile.cores_per_device,
        allow_legacy: options.allow_legacy || is_on("NEURON_RT_ALLOW_LEGACY_NEFF"),
    };
    let validate_hash = options.validate_hash || is_on("NEURON_RT_VALIDATE_HASH");
    let bytes = file::read(&options.file)?;
    let title = format!("{} on {}, LNC {lnc}\n", options.file.display(), profile.name);
    let (refusal, mut text) = verdict(&bytes, validate_hash, &machine);
    let mut is_refused = refusal.is_some();
    if let (false, Ok(neff)) = (is_refused, Neff::parse(&bytes, &Policy::default())) {
        let chosen = options.choice.models(&options.file)?.choose(&neff, &bytes, Watch::silent());
        is_refused = chosen.is_err();
        // Writing to a string cannot fail.
        _ = match chosen {
            Ok(Chosen { name, origin, .. }) => writeln!(text, "computes {name} ({origin})"),
            Err(refusal) => {
                text.truncate(text.trim_end().rfind('\n').map_or(0, |end| end + 1)); // it does not load
                let status = Status::Invalid;
                writeln!(text, "refused with {} ({}): {refusal}", status.name(), status as u32)
            }
        };
    }
    file::print((title + &text).as_bytes())?;
    Ok(u8::from(is_refused))
}

/// Whether a flag of the runtime is set, as the library reads it.
fn is_on(name: &str) -> bool {
    variable(name).is_some_and(|text| text == "1" || text.eq_ignore_ascii_case("true"))
}

/// What a load of `bytes` is refused with, if it is, and a line for each gate.
pub(crate) fn verdict(
    bytes: &[u8],
    validate_hash: bool,
    machine: &neff::Machine,
) -> (Option<NeffError>, String) {
    let parsed = Neff::parse(bytes, &Policy { validate_hash, limits: Limits::default() });
    let refusal = match &parsed {
        Ok(neff) => neff.check_against(machine).err(),
        Err(error) => Some(error.clone()),
    };
    let closed = refusal.as_ref().map(NeffError::gate);
    let mut text = String::new();
    for (gate, title) in GATES {
        let outcome = match closed {
            Some(closed) if closed == gate => "refused",
            Some(closed) if closed < gate => "not reached",
            _ if gate == 7 && !validate_hash => "not compared (--validate-hash)",
            _ => "passed",
        };
        // Writing to a string cannot fail.
        _ = writeln!(text, "  {gate:>2}  {title:<42}  {outcome}");
    }
    match (&refusal, &parsed) {
        (Some(error), _) => {
            let status = error.status();
            _ = writeln!(
                text,
                "refused with {} ({}): {error}\n{}",
                status.name(),
                status as u32,
                advice(error)
            );
        }
        (None, Ok(neff)) if !neff.target.runs_on(machine.arch) => {
            _ = writeln!(
                text,
                "loads with a warning: it was compiled for {}, the device is {}",
                neff.target, machine.arch
            );
        }
        _ => text.push_str("loads\n"),
    }
    (refusal, text)
}

/// What to do about a refusal.
fn advice(error: &NeffError) -> &'static str {
    match error {
        NeffError::TooShort { .. } | NeffError::HeaderSize { .. } => {
            "Is this a NEFF at all? If it is, copy it again."
        }
        NeffError::DataSize { .. } => "The end of the file is missing: copy it again.",
        NeffError::Version { .. } | NeffError::Features { .. } | NeffError::PackageVersion(_) => {
            "Compile it with an older compiler, or use a newer runtime."
        }
        NeffError::Hash { .. } => {
            "The file was changed or damaged: copy it again, or leave --validate-hash out."
        }
        NeffError::Archive(_) => "The archive is damaged: copy it again.",
        NeffError::Path(_) => "No compiler writes this: do not trust the file.",
        NeffError::TooLarge { .. } => {
            "This is a limit of the simulator's, not the runtime's: see Limits in the documentation of sim-core."
        }
        NeffError::NoGraph
        | NeffError::Json { .. }
        | NeffError::NoKelf
        | NeffError::MissingFile(_)
        | NeffError::KelfVersion(_) => {
            "The file is incomplete or from an unknown compiler: compile the model again."
        }
        NeffError::Target(_) => "Compile it for a known generation, such as trn2.",
        NeffError::WrongTarget { .. } => {
            "Compile it for this device, choose another with --instance, or try --allow-legacy."
        }
        NeffError::Binaries { .. } => "The file is inconsistent: compile the model again.",
        NeffError::NotEnoughCores { .. } => "Choose a machine with more cores with --instance.",
        NeffError::Lnc { .. } => {
            "Set --lnc (NEURON_LOGICAL_NC_CONFIG) to that of the model, or compile it for this one."
        }
    }
}
