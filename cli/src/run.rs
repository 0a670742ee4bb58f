//! `nrt-sim run`: a program with the simulated library in place of the real one.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result};
use clap::Args;
use clap::builder::PossibleValuesParser;
use sim_core::config::{NoTime, Time};

use crate::diagnosis::Diagnosis;
use crate::library::Library;
use crate::machine::{self, Machine, variable};
use crate::models;
use crate::program::{Kind, locate};
use crate::report::Report;
use crate::signals::Signals;
use crate::summary::{Session, Summary};
use crate::{OWN_FAILURE, check, faults, note};

/// The exit code when the program is there but cannot be started, as shells have it.
const NOT_EXECUTABLE: u8 = 126;
/// The exit code when there is no such program, as shells have it.
const NOT_FOUND: u8 = 127;
/// Added to the number of the signal of which the program died, as shells do.
const DIED: u8 = 128;

const RUN_HELP: &str = "\
Examples:
  nrt-sim run -- ./infer model.neff
  nrt-sim run --instance trn2.48xlarge --lnc 1 --seed 7 -- python3 serve.py --port 8080
  nrt-sim run --check=fail,poison -- ./infer model.neff
  nrt-sim run --faults 'rule=[{unit=\"compute\",core=0,nth=3,status=1202}]' -- ./infer model.neff

Exit code: that of PROGRAM; 128+N if it died of signal N; 127 if it was not found, 126 if it could not be
started, 125 if nrt-sim itself, --strict, --require-fired or --check=fail failed. All other settings are the real runtime's variables (NEURON_RT_*).";

/// Runs a program with the simulated libnrt.so.1 in place of the real one.
///
/// Its exit code is passed on. At the end, a summary of what it did on the device is printed on stderr.
#[derive(Debug, Args)]
#[command(after_help = RUN_HELP)]
pub(crate) struct Options {
    #[command(flatten)]
    machine: machine::Options,

    /// What all luck follows from, such as the jitter of durations: the same seed, the same results.
    ///
    /// Sets NRT_SIM_SEED. Default: what that variable says, else 0.
    #[arg(long, value_name = "N", value_parser = seed)]
    seed: Option<u64>,

    /// How time passes on the device: `free` (it jumps to the next event, nothing is waited for), `manual`
    /// (it moves only when the program looks, waits or steps; not for one that only sleeps on eventfds),
    /// `wall` (as long as on hardware), or `wall:SCALE` (a simulated second takes SCALE seconds).
    ///
    /// Sets NRT_SIM_TIME. Default: what that variable says, else free.
    #[arg(long, value_name = "free|manual|wall|wall:SCALE", value_parser = time)]
    time: Option<String>,

    /// Let completions of different queues come in any order that is legal, drawn from the seed: each request takes
    /// anything from a microsecond to a second of simulated time, whatever it does. A queue's own order stays.
    ///
    /// Sets NRT_SIM_SHUFFLE=1.
    #[arg(long)]
    shuffle: bool,

    /// The SDK release whose behaviour is simulated.
    ///
    /// Sets NRT_SIM_SDK. Default: what that variable says, else 2.30.
    #[arg(long, value_name = "VERSION", value_parser = PossibleValuesParser::new(["2.28", "2.29", "2.30", "2.31", "2.32", "2.33"]))]
    sdk: Option<String>,

    #[command(flatten)]
    faults: faults::Options,

    #[command(flatten)]
    check: check::Options,

    #[command(flatten)]
    models: models::Options,

    /// Let processes have the same cores at the same time. Otherwise, as on hardware, a core belongs to
    /// the process that initialised it first.
    ///
    /// Sets NRT_SIM_SHARE_CORES=1.
    #[arg(long)]
    share_cores: bool,

    /// Let `nrt-sim ctl` control the program while it runs: faults, queues, time (docs/control.md).
    ///
    /// Sets NRT_SIM_CTL=1.
    #[arg(long)]
    ctl: bool,

    /// The simulated library.
    ///
    /// Default: NRT_SIM_LIB, else libnrt.so.1 or libnrt.so in the folder of nrt-sim or in ../lib.
    #[arg(long, value_name = "PATH")]
    lib: Option<PathBuf>,

    /// Print nothing at the end.
    #[arg(long, short)]
    quiet: bool,

    /// The program, as a path or to be found in PATH, and its arguments.
    #[arg(required = true, trailing_var_arg = true, value_name = "PROGRAM")]
    command: Vec<OsString>,
}

/// Runs the program, and returns the exit code.
///
/// # Errors
/// What is wrong with the flags, or what the system refuses; the program has not been started then.
pub(crate) fn run(options: &Options) -> Result<u8> {
    let machine = Machine::choose(&options.machine)?;
    let reports = tempfile::Builder::new().prefix("nrt-sim-run-").tempdir();
    let reports = reports.context("cannot make a temporary folder (see TMPDIR)")?;
    let library = Library::find(options.lib.as_deref())?.expressible(reports.path())?;
    let mut command = command(options, &machine, &library);
    command.envs(options.faults.variables()?).envs(options.check.variables()?);
    command.env("NRT_SIM_REPORT_DIR", reports.path());

    let signals = Signals::take_over()?;
    let mut program = match command.spawn() {
        Ok(program) => program,
        Err(error) => return Ok(not_started(Path::new(&options.command[0]), &error)),
    };
    let passing = signals.pass_on_to(&program);
    let status = program.wait().context("cannot wait for the program")?;
    passing?.close();

    let report = Report::read(reports.path());
    if !options.quiet {
        tell(options, &machine, &report, status);
    }
    let missed = options.models.unmatched(report.models.values().flatten());
    if options.models.strict || !options.quiet {
        missed.iter().for_each(|binding| note(binding));
    }
    let (unfired, has_failed) = options.faults.unfired(&report.outcomes());
    unfired.iter().for_each(|line| note(&format!("{line} (seed {})", seed_of(options))));
    let has_failed = options.check.conclude(reports.path())? || has_failed;
    let has_failed = has_failed || options.models.strict && !missed.is_empty();
    if has_failed && status.success() {
        return Ok(OWN_FAILURE);
    }
    Ok(exit_code(status))
}

/// The program with its environment. What no flag sets is inherited.
fn command(options: &Options, machine: &Machine, library: &Library) -> Command {
    let mut command = Command::new(&options.command[0]);
    command.args(&options.command[1..]);
    command.env("LD_PRELOAD", library.preload()).env("LD_LIBRARY_PATH", library.search_path());
    command.env("NRT_SIM_INSTANCE", &machine.instance);
    let flags = [
        ("NEURON_LOGICAL_NC_CONFIG", options.machine.lnc.map(|lnc| lnc.to_string())),
        ("NRT_SIM_SEED", options.seed.map(|seed| seed.to_string())),
        ("NRT_SIM_TIME", options.time.clone()),
        ("NRT_SIM_SHUFFLE", options.shuffle.then(|| "1".to_owned())),
        ("NRT_SIM_SDK", options.sdk.clone()),
        ("NRT_SIM_SHARE_CORES", options.share_cores.then(|| "1".to_owned())),
        ("NRT_SIM_CTL", options.ctl.then(|| "1".to_owned())),
    ];
    command.envs(flags.into_iter().filter_map(|(name, value)| Some((name, value?))));
    command.envs(options.models.variables(&options.command[1..]));
    command
}

fn tell(options: &Options, machine: &Machine, report: &Report, status: ExitStatus) {
    if let Some(signal) = status.signal() {
        let name = signal_hook::low_level::signal_name(signal).unwrap_or("no name");
        note(&format!("the program died of signal {signal} ({name})"));
    }
    if report.ledgers.is_empty() && status.signal().is_some() {
        return; // it may not have come so far
    }
    if report.ledgers.is_empty() {
        let command: Vec<PathBuf> = options.command.iter().map(PathBuf::from).collect();
        let loaded: BTreeSet<PathBuf> = report.programs.values().cloned().collect();
        return note(&Diagnosis::of(&command, loaded).to_string());
    }
    let session = |(&(pid, init), ledger)| {
        let session =
            Session::read((pid, init), report.programs.get(&pid).cloned(), ledger, machine.taken_at_init());
        Session { models: report.models.get(&(pid, init)).cloned().unwrap_or_default(), ..session }
    };
    let summary = Summary {
        instance: machine.profile.name.clone(),
        lnc: machine.lnc,
        seed: seed_of(options),
        sessions: report.ledgers.iter().map(session).collect(),
        rules: report.outcomes(),
    };
    note(summary.to_string().trim_end());
}

/// The seed that the library was given, as text.
fn seed_of(options: &Options) -> String {
    let seed = options.seed.map(|seed| seed.to_string()).or_else(|| variable("NRT_SIM_SEED"));
    seed.unwrap_or_else(|| "0".into())
}

fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| i32::from(DIED) + signal));
    code.and_then(|code| u8::try_from(code).ok()).expect("a code of 8 bits, or a signal below 65")
}

/// Says why `program` was not started and what to do, and returns the exit code.
fn not_started(program: &Path, error: &io::Error) -> u8 {
    let name = program.display();
    let Some(file) = locate(program) else {
        let is_here = !program.is_absolute() && Path::new(".").join(program).is_file();
        let advice = match (is_here, program.components().count()) {
            (true, 1) => format!("; there is one in this folder: write ./{name}"),
            (_, 1) => "; it is in no folder of PATH".to_owned(),
            _ => "; there is no such file".to_owned(),
        };
        note(&format!("{name}: not found{advice}"));
        return NOT_FOUND;
    };
    let reason = match (error.kind(), Kind::of(&file)) {
        _ if file.is_dir() => "it is a folder".to_owned(),
        (io::ErrorKind::NotFound, Ok(Kind::Script { interpreter, .. })) => {
            format!("its first line asks for {}, which is not there", interpreter.display())
        }
        (io::ErrorKind::NotFound, Ok(Kind::Elf(elf))) => {
            let loader = elf.loader.unwrap_or_default();
            format!("its loader {} is not there", loader.display())
        }
        (io::ErrorKind::PermissionDenied, _) => {
            format!("it is not executable; `chmod +x {}` makes it so", file.display())
        }
        (_, Ok(Kind::Other)) => {
            "it is neither an ELF program nor a script with #!; name what is to run it, as \
                                 in `nrt-sim run -- sh FILE`"
                .to_owned()
        }
        _ => error.to_string(),
    };
    note(&format!("{name}: cannot be started: {reason}"));
    NOT_EXECUTABLE
}

/// Checks `--seed`.
fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("must be a whole number from 0 to {}", u64::MAX))
}

/// Checks `--time`, as the library will read it.
pub(crate) fn time(text: &str) -> Result<String, String> {
    let known: Result<Time, NoTime> = text.parse();
    known.map(|_| text.to_owned()).map_err(|expected| format!("must be {expected}"))
}
