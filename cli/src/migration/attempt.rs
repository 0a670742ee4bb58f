//! One run of a program that must end: in a process group of its own, without input, by a deadline.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use serde::Serialize;

/// How long is slept between two looks at what else may end a run.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
/// A program that has written more than so many bytes is stopped.
const OUTPUT_MAX: u64 = 64 << 20;
/// Of what it has written so much is kept then.
const FLOOD_KEPT: u64 = 64 << 10;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Exit {
    /// With this exit code.
    Code(i32),
    /// By this signal, of its own.
    Signal(i32),
    /// It was stopped at the deadline.
    TimedOut,
    /// It was stopped because it wrote without end.
    Flooded,
    /// It was never started.
    NotStarted(String),
}

/// What is left of a run.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) exit: Exit,
    pub(super) took: Duration,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
    /// Processes of its group that were there when it had ended, and were stopped.
    pub(super) left: usize,
}

impl Exit {
    /// In words.
    pub(super) fn sentence(&self) -> String {
        match self {
            Exit::Code(code) => format!("exit code {code}"),
            Exit::Signal(signal) => {
                let name = signal_hook::low_level::signal_name(*signal).unwrap_or("no name");
                format!("died of signal {signal} ({name})")
            }
            Exit::TimedOut => "did not end by the deadline, and was stopped".into(),
            Exit::Flooded => format!("wrote more than {} MiB, and was stopped", OUTPUT_MAX >> 20),
            Exit::NotStarted(why) => format!("was not started: {why}"),
        }
    }

    /// Whether the program ended by itself, other than by crashing.
    pub(super) fn is_orderly(&self) -> bool {
        matches!(self, Exit::Code(_))
    }
}

/// Runs `command`, with its outputs in `folder`, for no longer than `limit`.
///
/// # Errors
/// The system's; and when the user has interrupted us.
pub(super) fn attempt(
    mut command: Command,
    folder: &Path,
    limit: Duration,
    interrupted: &AtomicBool,
) -> Result<Attempt> {
    let [out, err] = ["stdout", "stderr"].map(|name| folder.join(name));
    let create = |path: &Path| File::create(path).with_context(|| format!("cannot write {}", path.display()));
    command.stdin(Stdio::null()).stdout(create(&out)?).stderr(create(&err)?).process_group(0);
    let begun = Instant::now();
    let exit_and_left = match command.spawn() {
        Err(error) => (Exit::NotStarted(error.to_string()), 0),
        Ok(program) => watch(program, begun + limit, [&out, &err], interrupted)?,
    };
    let took = begun.elapsed();
    let (exit, left) = exit_and_left;
    let kept = if exit == Exit::Flooded { FLOOD_KEPT } else { OUTPUT_MAX };
    Ok(Attempt { exit, took, stdout: beginning(&out, kept)?, stderr: beginning(&err, kept)?, left })
}

fn watch(
    mut program: Child,
    deadline: Instant,
    outputs: [&Path; 2],
    interrupted: &AtomicBool,
) -> Result<(Exit, usize)> {
    let pid = Pid::from_child(&program);
    let watched = pidfd_open(pid, PidfdFlags::empty()).context("cannot watch the program");
    let stopped = watched.and_then(|end| {
        loop {
            let mut ends = [PollFd::new(&end, PollFlags::IN)];
            if poll(&mut ends, Some(&LOOK)).is_ok_and(|ready| ready > 0) {
                break Ok(None);
            }
            if interrupted.load(Relaxed) {
                break Err(anyhow::anyhow!("interrupted"));
            }
            if Instant::now() >= deadline {
                break Ok(Some(Exit::TimedOut));
            }
            let sizes = outputs.map(|path| fs::metadata(path).map_or(0, |about| about.len()));
            if sizes.iter().any(|size| *size > OUTPUT_MAX) {
                break Ok(Some(Exit::Flooded));
            }
        }
    });
    let left = members(pid);
    // Before the program is waited for, so that the number of the group is still its own.
    let _ = kill_process_group(pid, Signal::KILL);
    let status = program.wait().context("cannot wait for the program")?;
    let exit = match (stopped?, status.code(), status.signal()) {
        (Some(stopped), ..) => stopped,
        (None, Some(code), _) => Exit::Code(code),
        (None, None, signal) => Exit::Signal(signal.unwrap_or(0)),
    };
    Ok((exit, left))
}

/// How many processes but the leader are alive in the group.
fn members(group: Pid) -> usize {
    let group = group.as_raw_nonzero().get();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let is_member = |name: &str| {
        let pid: i32 = name.parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // What stands in brackets may hold anything.
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        let (state, of) = (fields.next()?, fields.nth(1)?.parse::<i32>().ok()?);
        Some(pid != group && of == group && state != "Z")
    };
    processes.filter(|entry| entry.file_name().to_str().and_then(is_member) == Some(true)).count()
}

fn beginning(path: &Path, len: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    file.take(len).read_to_end(&mut bytes).context("cannot read what the program wrote")?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::atomic::AtomicBool;
    use std::time::{Duration, Instant};

    use super::{Attempt, Exit, attempt};

    fn shell(line: &str, limit: Duration) -> Attempt {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new("sh");
        command.args(["-c", line]);
        attempt(command, folder.path(), limit, &AtomicBool::new(false)).expect("it can be watched")
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_run_ends_as_the_program_does() {
        let ended = shell("echo said; echo wrong >&2; exit 3", LONG);
        assert_eq!(
            (ended.exit, &*ended.stdout, &*ended.stderr),
            (Exit::Code(3), &b"said\n"[..], &b"wrong\n"[..])
        );
        assert_eq!(shell("kill -SEGV $$", LONG).exit, Exit::Signal(11));
    }

    #[test]
    fn who_waits_for_input_gets_none() {
        assert_eq!(shell("cat; exit 4", LONG).exit, Exit::Code(4));
    }

    #[test]
    fn the_deadline_ends_all_of_the_group() {
        let begun = Instant::now();
        let ended = shell("sh -c 'echo $$; exec sleep 1000' & wait", Duration::from_millis(300));
        assert_eq!((ended.exit, ended.left), (Exit::TimedOut, 1));
        assert!(begun.elapsed() < LONG);
    }

    #[test]
    fn what_a_program_leaves_behind_is_stopped() {
        let ended = shell("sleep 1000 & exit 0", LONG);
        assert_eq!((ended.exit, ended.left), (Exit::Code(0), 1));
    }

    #[test]
    fn a_program_that_is_not_there_is_told() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let command = Command::new("/no/such/program");
        let ended = attempt(command, folder.path(), LONG, &AtomicBool::new(false)).expect("told");
        assert!(matches!(ended.exit, Exit::NotStarted(_)));
    }
}
