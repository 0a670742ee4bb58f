//! `nrt-conformance`: checks any `libnrt.so.1` against the documented contract.

use std::fs;
use std::io::{IsTerminal, stderr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Parser, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use nrt_conformance::abi::Sdk;
use nrt_conformance::report::{RunReport, diff, junit, table};
use nrt_conformance::rule::{Rule, Source};
use nrt_conformance::suite::{Progress, Suite};
use nrt_conformance::worker::CASE_WORD;
use nrt_conformance::{case, library, rules};
use wildmatch::WildMatch;

/// Exit status of a run that the user ended.
const INTERRUPTED: u8 = 130;

/// Checks any libnrt.so.1 against the documented contract, rule by rule
///
/// Exit status: 0 if every applicable rule held, 1 if not, 2 if there was nothing to check,
/// 130 if it was interrupted.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Action>,
    /// The library to check
    #[arg(long = "lib", value_name = "PATH", required_unless_present = "list")]
    library: Option<PathBuf>,
    /// A model for libraries that take only compiled ones; the first one is used
    #[arg(long = "neff", value_name = "FILE")]
    neffs: Vec<PathBuf>,
    /// Only rules whose name matches (* and ?); may be given several times
    #[arg(long, value_name = "GLOB")]
    rules: Vec<String>,
    /// Cases for each rule that draws its input
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    cases: u64,
    /// Only this case of each rule
    #[arg(long, value_name = "N")]
    case: Option<u64>,
    /// The source of all luck
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The release to judge the library as, 2.28 to 2.33 [default: what its version says]
    #[arg(long, value_name = "SDK")]
    sdk: Option<Sdk>,
    /// How sure rules must be
    #[arg(long, value_enum, default_value_t = Level::All)]
    level: Level,
    /// After which a case has failed
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = timeout)]
    timeout: Duration,
    /// Processes at a time [default: one, or one for each processor if the library is a simulator]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Do not make failing cases small, nor programs of them
    #[arg(long)]
    quick: bool,
    /// Writes programs of failing cases to this folder, with the model that they load
    #[arg(long, value_name = "FOLDER")]
    programs: Option<PathBuf>,
    /// Writes what was found as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes what was found as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Lists the rules and ends
    #[arg(long)]
    list: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Compares two runs, written with --json
    Diff {
        /// The first
        a: PathBuf,
        /// The second
        b: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Level {
    /// What the vendor's documents say
    Documented,
    /// That, and what was seen in the vendor's library
    Observed,
    /// That, and what real programs rely on
    All,
}

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == CASE_WORD) {
        let (Some(settings), Some(script)) = (words.next(), words.next()) else { return ExitCode::from(2) };
        let result = case::run(&settings.to_string_lossy(), Path::new(&script));
        if let Err(why) = &result {
            eprintln!("nrt-conformance: {why:#}");
        }
        leave(if result.is_ok() { 0 } else { 2 });
    }
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(why) => {
            eprintln!("nrt-conformance: {why:#}");
            ExitCode::from(2)
        }
    }
}

/// Ends the process of a case. Requests may be in flight: nothing is tidied up, no destructor runs.
fn leave(code: i32) -> ! {
    // SAFETY: takes a number.
    unsafe { libc::_exit(code) }
}

fn timeout(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|why| format!("{why}; for example 10s"))?;
    if time < Duration::from_millis(100) {
        return Err("a case needs 100ms at least".to_owned());
    }
    Ok(time)
}

fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if let Some(Action::Diff { a, b }) = &arguments.command {
        let (text, differs) = diff(&read(a)?, &read(b)?);
        print!("{text}");
        return Ok(ExitCode::from(u8::from(differs)));
    }
    let rules = choose(&arguments.rules)?;
    if arguments.list {
        for rule in rules {
            println!("{:16} {:12} {}", rule.id, rule.source.to_string(), rule.says);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let path = arguments.library.as_deref().context("pass the library to check with --lib")?;
    let library = library::examine(path)?;
    for neff in &arguments.neffs {
        fs::File::open(neff)
            .with_context(|| format!("{} cannot be read; pass a NEFF with --neff", neff.display()))?;
    }
    let neffs = arguments.neffs.iter().map(fs::canonicalize).collect::<Result<_, _>>()?;
    let folder = tempfile::tempdir()?;
    let suite = Suite {
        library,
        neffs,
        rules,
        level: match arguments.level {
            Level::Documented => Some(Source::Documented),
            Level::Observed => Some(Source::Observed),
            Level::All => None,
        },
        cases: arguments.cases,
        case: arguments.case,
        seed: arguments.seed,
        sdk: arguments.sdk,
        timeout: arguments.timeout,
        jobs: arguments.jobs.map(usize::from),
        reproduce: !arguments.quick,
        folder: folder.path().to_owned(),
        interrupted: interruptible()?,
    };
    let report = watched(&suite)?;
    print!("{}", table(&report));
    if let Some(path) = &arguments.json {
        write(path, &serde_json::to_string_pretty(&report)?)?;
    }
    if let Some(path) = &arguments.junit {
        write(path, &junit(&report)?)?;
    }
    if let Some(folder) = &arguments.programs {
        write_programs(folder, &report, suite.neff().as_deref())?;
    }
    let code = if report.interrupted { INTERRUPTED } else { u8::from(!report.held()) };
    Ok(ExitCode::from(code))
}

/// Ctrl-C ends the run after the cases that are under way, and says what was found till then; a second one
/// ends it at once.
fn interruptible() -> anyhow::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        let again = Arc::clone(&interrupted);
        signal_hook::flag::register_conditional_shutdown(signal, INTERRUPTED.into(), again)?;
        signal_hook::flag::register(signal, Arc::clone(&interrupted))?;
    }
    Ok(interrupted)
}

fn choose(globs: &[String]) -> anyhow::Result<Vec<&'static Rule>> {
    let mut chosen: Vec<&'static Rule> = Vec::new();
    for glob in globs {
        let pattern = WildMatch::new(glob);
        let before = chosen.len();
        chosen.extend(rules::all().iter().filter(|rule| pattern.matches(rule.id)));
        if chosen.len() == before {
            bail!("no rule is called {glob}; --list shows all");
        }
    }
    if globs.is_empty() {
        chosen.extend(rules::all());
    }
    Ok(chosen)
}

/// Runs the suite, with a bar where somebody is looking, and lines elsewhere.
fn watched(suite: &Suite) -> anyhow::Result<RunReport> {
    if stderr().is_terminal() {
        let bar = ProgressBar::no_length();
        bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")?);
        let report = suite.run(&|progress: Progress<'_>| {
            bar.set_length(progress.all as u64);
            bar.set_position(progress.done as u64);
            bar.set_message(progress.rule.id);
        });
        bar.finish_and_clear();
        return Ok(report?);
    }
    Ok(suite.run(&|progress: Progress<'_>| {
        let Progress { rule, verdict, done, all } = progress;
        if verdict.is_bad() {
            eprintln!("{verdict} {}: {}", rule.id, verdict.why());
        }
        if done * 4 / all > (done - 1) * 4 / all {
            eprintln!("{done} of {all} cases");
        }
    })?)
}

fn read(path: &Path) -> anyhow::Result<RunReport> {
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let what = || format!("{} is not what --json writes", path.display());
    serde_json::from_str(&text).with_context(what)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}

fn write_programs(folder: &Path, report: &RunReport, neff: Option<&Path>) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for rule in &report.rules {
        if let Some(program) = rule.finding.as_ref().and_then(|finding| finding.program.as_ref()) {
            write(&folder.join(format!("{}.c", rule.id)), program)?;
        }
    }
    if let Some(neff) = neff {
        fs::copy(neff, folder.join("model.neff"))?;
    }
    Ok(())
}
