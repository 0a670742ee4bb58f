//! `nrt-sim swarm`: many programs at once at a simulated device with faults, each drawn from a seed.
//!
//! ```text
//! case.rs     one case from begin to end     crew.rs      threads that run cases, and their watch
//! script.rs   what it draws: a program       record.rs    what is done, for --resume
//! rules.rs    what it draws: a plan          progress.rs  a bar, or lines
//! luck.rs     how it draws                   seeds.rs     --seeds and --shard
//! stage.rs    the device, and its queues     stats.rs     what happened
//! actor.rs    a thread of the program        history.rs   what must not have happened
//! ears.rs     who listens
//! ```

mod actor;
mod case;
mod crew;
mod ears;
mod history;
mod luck;
mod progress;
mod record;
mod rules;
mod script;
mod seeds;
mod stage;
mod stats;

#[cfg(test)]
mod histories;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use progress::Progress;
use record::Record;
use script::Script;
use seeds::{Seeds, Shard};

/// How long a case may take. It takes milliseconds, but a machine may be busy.
const LIMIT: Duration = Duration::from_secs(60);
/// The exit code when a case has failed.
const FAILED: u8 = 1;

const HELP: &str = "\
Examples:
  nrt-sim swarm --seeds 0..10000
  nrt-sim swarm --seeds 0..1000000 --shard 2/8 --resume swarm.txt
  nrt-sim swarm --seeds 4711..4712                 one case again, with what it did if it fails

Exit code: 0 if all cases have passed, 1 if one has failed, 125 if nrt-sim itself failed.";

/// Tests the simulator itself: runs programs, plans of faults and threads that are drawn from seeds.
///
/// Each seed is a device, a fault plan and a program of up to four threads. After it has run, all faults are cleared,
/// all queues healed, and then everything must be in order: each request answered once, in order, each status
/// explained by the journal, no signal lost, all memory given back, and what is submitted afterwards successful.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Options {
    /// The seeds: from A on, to before B.
    #[arg(long, value_name = "A..B")]
    seeds: Seeds,

    /// How many cases are run at once. Default: as many as there are CPUs.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,

    /// Only the Ith of N parts of the seeds, for so many machines.
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,

    /// Note in FILE what has passed, and leave out what it says has passed before.
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
}

/// Runs the cases, and returns the exit code.
///
/// # Errors
/// When the record cannot be read or written, or no thread can be started.
pub(crate) fn swarm(options: &Options) -> Result<u8> {
    let Seeds(seeds) = options.seeds.clone();
    let shard = options.shard.unwrap_or(Shard::WHOLE);
    let record = options.resume.as_deref().map(Record::open).transpose()?;
    let (mut record, passed) = record.unzip();
    let passed: BTreeSet<u64> = passed.unwrap_or_default();
    let left = seeds.clone().filter(move |seed| shard.has(*seed) && !passed.contains(seed));
    let jobs = options.jobs.or_else(|| available_parallelism().ok()).map_or(1, NonZeroUsize::get);

    let mut progress = Progress::new(left.clone().count() as u64);
    let mut failed = Vec::new();
    let hangs = crew::run(left, jobs, case::case, LIMIT, |(seed, outcome)| {
        progress.step(&outcome);
        if let Some(record) = &mut record {
            record.note(seed, outcome.is_ok())?;
        }
        failed.extend(outcome.err().map(|error| (seed, error)));
        Ok(())
    })?;

    failed.extend(hangs.map(|seed| (seed, format!("it has not ended after {} s", LIMIT.as_secs()))));
    failed.sort();
    say(&progress.end());
    for (seed, error) in &failed {
        say(&format!(
            "seed {seed} failed: {error}\n    nrt-sim swarm --seeds {seed}..{}",
            seed.saturating_add(1)
        ));
    }
    if let [(seed, _)] = &failed[..]
        && seeds.end - seeds.start == 1
    {
        say(&Script::draw(*seed).to_string());
    }
    Ok(if failed.is_empty() { 0 } else { FAILED })
}

fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}"); // the exit code says it as well
}
