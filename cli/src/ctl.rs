//! `nrt-sim ctl`: control of a program that runs on the simulated device.

mod connection;
mod text;

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sim_core::fault::Rule;
use sim_core::seq::UnitKind;
use sim_models::command::{Command, Idle, Lines, QueueName, QueueStatus, Status, Step, Steps};
use sim_models::written::Written;

use crate::summary::span;
use connection::Connection;

/// How often `journal --follow` asks for more.
const FOLLOW: Duration = Duration::from_millis(200);

const CTL_HELP: &str = "\
Examples:
  nrt-sim run --ctl -- ./infer model.neff          in one terminal; in another:
  nrt-sim ctl status                               what its device does
  nrt-sim ctl inject 'unit=\"compute\", nth=3, status=1202'
  nrt-sim ctl pause --core 1                       no run on core 1 completes
  nrt-sim ctl step 2 --core 1                      but two of them
  nrt-sim ctl heal                                 a dead unit lives again
  nrt-sim ctl journal --follow                     each fault as it fires

Exit code: 0 if it was done, 125 if not.";

/// Controls a program that runs on the simulated device: faults, queues, time.
///
/// The program has to be run with `nrt-sim run --ctl`, or with NRT_SIM_CTL=1, by the same user.
#[derive(Debug, Args)]
#[command(after_help = CTL_HELP)]
pub(crate) struct Options {
    /// The process. Default: the one that can be controlled, if there is one.
    #[arg(long, value_name = "PID", global = true)]
    pid: Option<u32>,

    /// Print the answer as JSON; for `journal`, a line for each entry.
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Shows the rules with what they have done, and the queues.
    Status,
    /// Adds a rule, which is asked before all others (see docs/faults.md).
    Inject {
        /// The rule in TOML, or the path of a file with it.
        #[arg(value_name = "RULE", value_parser = rule)]
        rule: String,
    },
    /// Removes a rule, or all of them. What they have done stays done.
    Clear {
        /// The rule's name.
        #[arg(value_name = "NAME")]
        name: Option<String>,
    },
    /// Lets no further request of a queue complete; what is submitted is accepted while there is room.
    Pause(Queue),
    /// Ends a pause.
    Resume(Queue),
    /// Lets the next requests of a paused queue complete, and waits for them.
    Step {
        /// How many.
        #[arg(value_name = "N", default_value_t = 1)]
        requests: u64,

        #[command(flatten)]
        queue: Queue,
    },
    /// Undoes what faults have done to a queue: a dead unit lives, and what is held up goes on.
    Heal(Queue),
    /// Moves simulated time on, where it does not pass by itself.
    Advance {
        /// How far, such as 5ms or 1s.
        #[arg(value_name = "DURATION", value_parser = nanos)]
        duration: u64,
    },
    /// Shows each fault that has fired.
    Journal {
        /// Go on until the program ends.
        #[arg(long, short)]
        follow: bool,
    },
    /// Reads the file with the fault plan anew, which happens by itself when it changes.
    Reload,
    /// Waits until everything that was accepted has completed.
    Idle,
}

/// The flags that name a queue.
#[derive(Debug, Clone, Args)]
#[group(skip)] // as in `machine`
struct Queue {
    /// Logical core of the process.
    #[arg(long, value_name = "N", default_value_t = 0)]
    core: u32,

    /// Kind of unit.
    #[arg(long, value_name = "KIND", default_value = UnitKind::Compute.name(),
          value_parser = PossibleValuesParser::new(UnitKind::ALL.map(UnitKind::name)))]
    unit: String,

    /// Number of the queue.
    #[arg(long, value_name = "N", default_value_t = 0)]
    queue: i32,
}

impl Queue {
    fn name(&self) -> QueueName {
        QueueName { core: self.core, unit: self.unit.clone(), queue: self.queue }
    }
}

/// Does what the options say, and returns the exit code.
///
/// # Errors
/// When there is no such program, it does not answer, or it refuses.
pub(crate) fn ctl(options: &Options) -> Result<u8> {
    let mut connection = Connection::to(options.pid)?;
    let done = match &options.what {
        What::Journal { follow } => journal(&mut connection, *follow, options.json),
        what => {
            let (answer, text) = ask(&mut connection, what)?;
            print(&if options.json { answer.to_string() } else { text }).map_err(Into::into)
        }
    };
    match done {
        // The reader has seen enough.
        Err(error) if is_broken_pipe(&error) => Ok(0),
        done => done.map(|()| 0),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// The answer to a command, and what it is for a person.
fn ask(connection: &mut Connection, what: &What) -> Result<(Value, String)> {
    let command = match what {
        What::Status => Command::Status {},
        What::Inject { rule } => Command::Inject { rule: rule.clone() },
        What::Clear { name } => Command::Clear { name: name.clone() },
        What::Pause(queue) => Command::Pause(queue.name()),
        What::Resume(queue) => Command::Resume(queue.name()),
        What::Heal(queue) => Command::Heal(queue.name()),
        What::Advance { duration } => Command::Advance { ns: *duration },
        What::Reload => Command::Reload {},
        What::Step { requests, queue } => return step(connection, *requests, queue.name()),
        What::Idle => return idle(connection),
        What::Journal { .. } => unreachable!("it has more than one answer"),
    };
    let answer = connection.ask(&command)?;
    let text = match what {
        What::Status => text::status(&read::<Status>(&answer)?),
        What::Pause(_) | What::Resume(_) | What::Heal(_) => text::queue(&read::<QueueStatus>(&answer)?),
        What::Inject { .. } => format!("added as rule number {answer}"),
        What::Clear { .. } => format!("{answer} removed"),
        What::Advance { .. } => format!("it is {} now", span(read(&answer)?)),
        _ => format!("read anew: {answer} in the plan"),
    };
    Ok((answer, text))
}

/// What an answer says, if it has the form that this release knows.
fn read<T: DeserializeOwned>(answer: &Value) -> Result<T> {
    T::deserialize(answer).context("the program answers in a form of another release")
}

/// Lets requests through, and asks until all of them have completed that do.
fn step(connection: &mut Connection, requests: u64, queue: QueueName) -> Result<(Value, String)> {
    let QueueName { core, unit, queue } = queue;
    let mut step = Step { core, unit, queue, requests };
    let mut stepped = 0;
    loop {
        let steps: Steps = read(&connection.ask(&Command::Step(step.clone()))?)?;
        stepped += steps.stepped;
        if !steps.waiting {
            let answer = serde_json::to_value(Steps { stepped, waiting: false })?;
            return Ok((answer, format!("{stepped} completed")));
        }
        step.requests = 0;
    }
}

/// Asks until everything has completed.
fn idle(connection: &mut Connection) -> Result<(Value, String)> {
    loop {
        let answer = connection.ask(&Command::Idle {})?;
        if !read::<Idle>(&answer)?.waiting {
            return Ok((answer, "everything has completed".into()));
        }
    }
}

fn journal(connection: &mut Connection, follow: bool, json: bool) -> Result<()> {
    let (mut from, mut has_begun) = (0, false);
    loop {
        let answer = connection.ask(&Command::Journal { from });
        if follow && has_begun && answer.is_err() {
            return Ok(()); // the program has ended
        }
        has_begun = true;
        let page: Lines = read(&answer?)?;
        if page.lost > 0 {
            crate::note(&format!("{} older entries are no longer kept", page.lost));
        }
        for entry in &page.entries {
            print(&if json { entry.to_string() } else { text::entry(entry) })?;
        }
        if page.entries.is_empty() && !follow {
            return Ok(());
        }
        if page.entries.is_empty() {
            thread::sleep(FOLLOW);
        }
        from = page.next;
    }
}

/// Prints a text and ends its line.
fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{}", text.trim_end())?;
    stdout.flush()
}

/// Checks a rule, as the program will read it.
fn rule(value: &str) -> Result<String, String> {
    let written = Written::find(value)
        .map_err(|error| format!("is neither a file nor the text of a rule, such as status=5: {error}"))?;
    Rule::parse(&written.text).map_err(|error| format!("is not a valid rule:\n{error}"))?;
    Ok(written.text)
}

/// Checks a duration, and gives its nanoseconds.
fn nanos(text: &str) -> Result<u64, String> {
    let span = humantime::parse_duration(text).map_err(|error| format!("{error}; write 5ms or 1s, say"))?;
    u64::try_from(span.as_nanos()).map_err(|_| "is longer than simulated time is".into())
}
