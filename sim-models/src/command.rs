//! What `nrt-sim ctl` tells a program that runs on the simulated device, and what it is answered: a line of JSON each,
//! over a socket in the user's folder.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sim_core::seq::UnitKind;

/// Bytes of a line with a command; longer ones are refused.
pub const LINE_MAX: usize = 64 << 10;

/// A command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// What the device does: a [`Status`].
    Status {},
    /// Add a rule.
    Inject {
        /// It, in TOML.
        rule: String,
    },
    /// Remove a rule, or all of them.
    Clear {
        /// Its name.
        #[serde(default)]
        name: Option<String>,
    },
    /// Let no request of a queue complete.
    Pause(QueueName),
    /// End a pause.
    Resume(QueueName),
    /// Let some requests of a paused queue complete, and wait a while for them: a [`Steps`].
    Step(Step),
    /// Undo what faults have done to a queue.
    Heal(QueueName),
    /// Move simulated time on.
    Advance {
        /// By so many nanoseconds.
        ns: u64,
    },
    /// Read the journal of faults: a [`Lines`].
    Journal {
        /// From this entry on.
        #[serde(default)]
        from: u64,
    },
    /// Read the file with the fault plan anew.
    Reload {},
    /// Wait a while until everything that was accepted has completed: whether it has.
    Idle {},
}

/// A queue; what is left out is as for the first compute queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueueName {
    /// Logical core of the process.
    pub core: u32,
    /// Kind of unit, by its name.
    pub unit: String,
    /// Number of the queue.
    pub queue: i32,
}

/// A queue, and how many of its requests are let through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// Logical core of the process.
    pub core: u32,
    /// Kind of unit, by its name.
    pub unit: String,
    /// Number of the queue.
    pub queue: i32,
    /// How many; with 0, those that were let through before are waited for.
    pub requests: u64,
}

impl Default for QueueName {
    fn default() -> QueueName {
        QueueName { core: 0, unit: UnitKind::Compute.name().to_owned(), queue: 0 }
    }
}

impl Default for Step {
    fn default() -> Step {
        let QueueName { core, unit, queue } = QueueName::default();
        Step { core, unit, queue, requests: 1 }
    }
}

/// The answer to a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It was done.
    Ok(Value),
    /// It was not, and nothing has changed.
    Error(String),
}

/// What the device of a process does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The process.
    pub pid: u32,
    /// The file it runs.
    pub program: PathBuf,
    /// The machine.
    pub instance: String,
    /// The release that is simulated.
    pub sdk: String,
    /// The source of all luck.
    pub seed: u64,
    /// How time passes: free, manual, or wall with a scale.
    pub time: String,
    /// The simulated instant.
    pub now_ns: u64,
    /// The file with the fault plan, if it is one that can be read anew.
    pub plan: Option<PathBuf>,
    /// The rules, in the order in which they are asked.
    pub rules: Vec<RuleStatus>,
    /// The queues that have had a request, or are in a state of their own.
    pub queues: Vec<QueueStatus>,
}

/// A rule and what it has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleStatus {
    /// Its number since `nrt_init`.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// What it says.
    pub sentence: String,
    /// Requests and calls that it was for.
    pub matched: u64,
    /// Those that its trigger chose.
    pub struck: u64,
    /// Those on which it had an effect.
    pub fired: u64,
    /// Whether it can still fire.
    pub armed: bool,
}

/// What a queue does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueStatus {
    /// Logical core.
    pub core: u8,
    /// Kind of unit.
    pub unit: String,
    /// Number of the queue.
    pub queue: u8,
    /// Number of the last request that was accepted.
    pub submitted: u64,
    /// Number of the last request that has completed.
    pub completed: u64,
    /// How many requests fit; none if there is no bound.
    pub capacity: Option<u64>,
    /// Number of the request that has begun.
    pub running: Option<u64>,
    /// When it ends, if it does by itself.
    pub running_ends_ns: Option<u64>,
    /// Whether a fatal status has ended the unit.
    pub dead: bool,
    /// Whether it is paused.
    pub paused: bool,
    /// Whether a fault holds the first request up.
    pub held: bool,
}

/// What came of [`Command::Step`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steps {
    /// How many requests have completed meanwhile.
    pub stepped: u64,
    /// Whether others were let through that are still under way.
    pub waiting: bool,
}

/// What came of [`Command::Idle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idle {
    /// Whether there is still something to wait for.
    pub waiting: bool,
}

/// A part of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lines {
    /// Its entries.
    pub entries: Vec<Value>,
    /// Where to go on reading; there is no more now if that is where this was read from.
    pub next: u64,
    /// How many of those that were asked for are no longer kept.
    pub lost: u64,
}

/// The socket of the process `pid` in the user's folder.
pub fn socket(folder: &Path, pid: u32) -> PathBuf {
    folder.join(format!("ctl-{pid}.sock"))
}

/// The process whose socket has this file name.
pub fn owner(name: &str) -> Option<u32> {
    name.strip_prefix("ctl-")?.strip_suffix(".sock")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Answer, Command, QueueName, Step, owner, socket};

    fn command(json: &str) -> Option<Command> {
        serde_json::from_str(json).ok()
    }

    #[test]
    fn what_is_left_out_of_a_queue_is_the_first_compute_queue() {
        assert_eq!(command(r#"{"do":"pause"}"#), Some(Command::Pause(QueueName::default())));
        let name = QueueName { core: 1, unit: "tensor-op".into(), queue: 1 };
        let json = r#"{"do":"heal","core":1,"unit":"tensor-op","queue":1}"#;
        assert_eq!(command(json), Some(Command::Heal(name)));
        let step = Step { requests: 3, ..Step::default() };
        assert_eq!(command(r#"{"requests":3,"do":"step"}"#), Some(Command::Step(step)));
    }

    #[test]
    fn what_is_no_command_is_not_taken_for_one() {
        for json in [
            r#"{"do":"fly"}"#,
            r#"{"do":"status","core":0}"#,
            r#"{"do":"pause","cor":0}"#,
            r#"{"do":"pause","core":-1}"#,
            r#"{"do":"step","number":1}"#,
            r#"{"do":"inject"}"#,
            r#"{"core":0}"#,
            "[]",
            "",
        ] {
            assert_eq!(command(json), None, "{json}");
        }
    }

    #[test]
    fn an_answer_says_which_of_two_it_is() {
        let json = |answer: &Answer| serde_json::to_string(answer).expect("a string");
        assert_eq!(json(&Answer::Ok(5.into())), r#"{"ok":5}"#);
        assert_eq!(json(&Answer::Error("no".into())), r#"{"error":"no"}"#);
    }

    #[test]
    fn a_socket_names_its_process() {
        let path = socket(Path::new("/run"), 4711);
        assert_eq!(path.file_name().and_then(|name| owner(name.to_str()?)), Some(4711));
        assert_eq!((owner("ctl-.sock"), owner("cores-trn1.lock")), (None, None));
    }
}
