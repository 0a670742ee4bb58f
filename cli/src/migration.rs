//! `nrt-sim check-migration`: a program put through other orders and faults, and held against the guide's checklist.
//!
//! ```text
//! plan.rs        which runs are made          attempt.rs   one run, which ends by a deadline
//! story.rs       what the library left of it  checklist/   what the runs show
//! text.rs        that, for people             document.rs  that, for programs
//! page.rs        that, as a page              timeline.rs  a run as a picture
//! ```

mod attempt;
mod checklist;
mod document;
mod page;
mod plan;
mod story;
mod text;
mod timeline;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use clap::builder::PossibleValuesParser;
use tempfile::TempDir;

use crate::check::suppressions;
use crate::library::Library;
use crate::lint::VARIABLE;
use crate::machine::{self, Machine, variable};
use crate::{file, models, note};
use attempt::{Attempt, attempt};
use checklist::{Evidence, Line, Verdict};
use plan::{Purpose, Run};
use story::Story;

/// The exit code when a line has failed.
const FAILED: u8 = 1;
/// The exit code when none has failed, but not all is known.
const UNKNOWN: u8 = 2;
/// Requests in flight of the program before its migration, as the guide advises, unless the variable says so.
const INFLIGHT: &str = "3";
/// The release in which a program is run before its migration, unless --sdk names one that has implicit mode.
const IMPLICIT_SDK: &str = "2.30";

const HELP: &str = "\
Examples:
  nrt-sim check-migration -- ./infer model.neff
  nrt-sim check-migration --before './infer_old model.neff' --html report.html -- ./infer model.neff
  nrt-sim check-migration --json --seeds 20 --timeout 120s -- python3 serve.py --once

The program is run about a dozen times, without input, and must end by itself each time. Exit code: 0 if every line of
the checklist is PASS, 1 if one is FAIL, 2 if none is but one is UNKNOWN, 125 if nrt-sim itself failed. See
docs/migration.md.";

/// Runs a program in other legal orders, on slow units, with a full queue, a failing request and a lost unit, and says for
/// each line of the migration guide's checklist whether it holds, with evidence.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Options {
    #[command(flatten)]
    machine: machine::Options,

    /// The SDK release whose behaviour is simulated.
    ///
    /// Sets NRT_SIM_SDK. Default: what that variable says, else 2.30.
    #[arg(long, value_name = "VERSION", value_parser = PossibleValuesParser::new(["2.28", "2.29", "2.30", "2.31", "2.32", "2.33"]))]
    sdk: Option<String>,

    #[command(flatten)]
    models: models::Choice,

    /// The seed of the runs that are not shuffled.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// In how many other orders of completions the program is run, each drawn from a seed from 1 on.
    #[arg(long, value_name = "N", default_value_t = 5)]
    seeds: u64,

    /// How long a run may take, in real time.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
    timeout: Duration,

    /// The program before its migration, to be run in implicit async mode: its outputs must be the same. Words are
    /// separated by spaces; a single word is a program that gets the arguments of PROGRAM.
    #[arg(long, value_name = "PROGRAM")]
    before: Option<String>,

    /// Findings that are known, each with a reason (docs/hazards.md): the path of a TOML file, or its text. One that
    /// covers nothing in any run is told on stderr.
    ///
    /// Sets NRT_SIM_CHECK_SUPPRESS.
    #[arg(long, value_name = "FILE", value_parser = suppressions)]
    check_suppress: Option<String>,

    /// Print one JSON object instead of the checklist.
    #[arg(long)]
    json: bool,

    /// Write the whole report to FILE, as one page of HTML.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// The simulated library. Default: as for `nrt-sim run`.
    #[arg(long, value_name = "PATH")]
    lib: Option<PathBuf>,

    /// The program, as a path or to be found in PATH, and its arguments.
    #[arg(required = true, trailing_var_arg = true, value_name = "PROGRAM")]
    command: Vec<OsString>,
}

/// A run that was made.
struct Done {
    run: Run,
    ended: Attempt,
    story: Story,
}

/// The whole report.
struct Report {
    /// The program and its arguments.
    program: Vec<String>,
    lines: Vec<Line>,
    runs: Vec<Done>,
    before: Option<Done>,
}

/// Makes the runs, tells what they show, and returns the exit code.
///
/// # Errors
/// What is wrong with the flags, what the system refuses, and an interruption by the user.
pub(crate) fn check(options: &Options) -> Result<u8> {
    options.html.iter().try_for_each(|path| file::check_replaceable(path))?;
    let stage = Stage::new(options)?;
    let plain = stage.make(Run::plain("alone", options.seed), &options.command)?;
    let again = Run::plain("alone again", options.seed);
    let others = plan::runs(&plain.story, options.seed, 1..=options.seeds);
    let mut runs = vec![plain];
    // What goes wrong with nothing in the way goes wrong each time, and may last to the deadline.
    if runs[0].ended.exit.is_orderly() && runs[0].story.is_open() {
        runs.push(stage.make(again, &options.command)?);
        stage.make_all(others, &options.command, &mut runs)?;
    }
    for suppression in unused(&runs) {
        note(&format!("in no run is there a finding for {suppression}"));
    }
    let before = options.before.as_ref().map(|words| stage.before(words)).transpose()?;
    let evidence = Evidence { runs: &runs, before: before.as_ref(), inherited: variable(VARIABLE) };
    let lines = evidence.lines();
    let program = options.command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let report = Report { program, lines, runs, before };
    if let Some(path) = &options.html {
        file::replace(path, page::page(&report).as_bytes())?;
    }
    let printed = if options.json { document::document(&report)? } else { text::text(&report) };
    file::print(printed.as_bytes())?;
    let has = |verdict| report.lines.iter().any(|line| line.verdict == verdict);
    Ok(match (has(Verdict::Fail), has(Verdict::Unknown)) {
        (true, _) => FAILED,
        (false, true) => UNKNOWN,
        (false, false) => 0,
    })
}

/// The suppressions that cover nothing in any of `runs` that came to its end.
fn unused(runs: &[Done]) -> Vec<&str> {
    let mut ended = runs.iter().filter(|done| done.ended.exit.is_orderly()).map(|done| done.story.unused());
    let first = ended.next().unwrap_or_default();
    ended.fold(first, |common, unused| common.into_iter().filter(|one| unused.contains(one)).collect())
}

/// What all runs have in common.
struct Stage<'a> {
    options: &'a Options,
    machine: Machine,
    library: Library,
    folder: TempDir,
    interrupted: Arc<AtomicBool>,
}

impl Stage<'_> {
    fn new(options: &Options) -> Result<Stage<'_>> {
        let machine = Machine::choose(&options.machine)?;
        let folder = tempfile::Builder::new().prefix("nrt-sim-check-").tempdir();
        let folder = folder.context("cannot make a temporary folder (see TMPDIR)")?;
        let library = Library::find(options.lib.as_deref())?.expressible(folder.path())?;
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP]
        {
            let taken = signal_hook::flag::register(signal, Arc::clone(&interrupted));
            taken.context("cannot take over signals")?;
        }
        Ok(Stage { options, machine, library, folder, interrupted })
    }

    /// Makes `runs`. Where a program does not end in manual time, which only its looks move, the other orders are made in
    /// free time.
    fn make_all(&self, runs: Vec<Run>, command: &[OsString], done: &mut Vec<Done>) -> Result<()> {
        let mut is_manual = true;
        for mut run in runs {
            if run.time == "manual" && !is_manual {
                run.time = "free";
            }
            let made = self.make(run, command)?;
            let sleeps =
                made.run.time == "manual" && !made.ended.exit.is_orderly() && done[0].ended.exit.is_orderly();
            if sleeps {
                is_manual = false;
                let name = format!("{}, in free time", made.run.name);
                let again = Run { name, time: "free", ..made.run };
                done.push(self.make(again, command)?);
            } else {
                done.push(made);
            }
        }
        Ok(())
    }

    fn before(&self, words: &str) -> Result<Done> {
        let mut words: Vec<OsString> = words.split_whitespace().map(OsString::from).collect();
        if words.len() == 1 {
            words.extend_from_slice(&self.options.command[1..]);
        }
        self.make(Run::before(self.options.seed), &words)
    }

    fn make(&self, run: Run, command: &[OsString]) -> Result<Done> {
        let folder = tempfile::tempdir_in(self.folder.path()).context("cannot make a temporary folder")?;
        let command = self.command(&run, command, folder.path());
        let ended = attempt(command, folder.path(), self.options.timeout, &self.interrupted)?;
        let story = Story::read(folder.path());
        Ok(Done { run, ended, story })
    }

    /// The program in the environment of `run`. What no flag and no run sets is inherited, but for other faults.
    fn command(&self, run: &Run, words: &[OsString], folder: &Path) -> Command {
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        command.env("LD_PRELOAD", self.library.preload()).env("LD_LIBRARY_PATH", self.library.search_path());
        command.env("NRT_SIM_INSTANCE", &self.machine.instance);
        if let Some(lnc) = self.options.machine.lnc {
            command.env("NEURON_LOGICAL_NC_CONFIG", lnc.to_string());
        }
        if let Some(sdk) = &self.options.sdk {
            command.env("NRT_SIM_SDK", sdk);
        }
        command.envs(self.options.models.variables(&words[1..]));
        for name in ["NRT_SIM_FAULTS", "NRT_SIM_SHUFFLE", "NRT_SIM_JOURNAL", "NRT_SIM_CTL"] {
            command.env_remove(name);
        }
        command.env("NRT_SIM_REPORT_DIR", folder).env("NRT_SIM_TRAIL", "1");
        if run.purpose == Purpose::Before {
            command.env(VARIABLE, variable(VARIABLE).unwrap_or_else(|| INFLIGHT.into()));
            let has_mode = |sdk: &String| matches!(sdk.as_str(), "2.28" | "2.29" | "2.30");
            let sdk = self.options.sdk.clone().or_else(|| variable("NRT_SIM_SDK")).filter(has_mode);
            command.env("NRT_SIM_SDK", sdk.unwrap_or_else(|| IMPLICIT_SDK.into()));
        } else {
            command.env("NRT_SIM_CHECK", "report");
            command.envs(self.options.check_suppress.iter().map(|text| ("NRT_SIM_CHECK_SUPPRESS", text)));
        }
        command.envs(run.variables());
        command
    }
}
