//! Runs a case in a process of its own, so that a crash or a hang is a finding and not the end of the run.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::script::{self, Line};
use crate::session::Settings;
use crate::verdict::Verdict;

/// The word after which the command runs one case instead of the suite.
pub const CASE_WORD: &str = "__case";

/// What became of a case.
#[derive(Debug, Clone)]
pub struct Report {
    /// How it ended.
    pub verdict: Verdict,
    /// What it did.
    pub lines: Vec<Line>,
    /// The end of what the library printed.
    pub output: String,
    /// How the process ended, if not by itself.
    pub death: Option<Death>,
    /// How long it took.
    pub time: Duration,
}

/// How a process ended that did not end by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// By this signal.
    Signal(i32),
    /// It called `exit`, with this code.
    Exit(i32),
    /// It was ended, because its time was over.
    Deadline,
}

/// Starts processes, one after the other; its files are its own.
#[derive(Debug)]
pub struct Worker {
    program: PathBuf,
    script: PathBuf,
    output: PathBuf,
    environment: Vec<(String, String)>,
}

/// How much of the output of a library is kept.
const OUTPUT_KEPT: usize = 2000;

impl Worker {
    /// A worker that keeps its files in `folder`, told from others by `number`. Its cases find `environment` in
    /// theirs.
    ///
    /// # Errors
    /// If the command cannot find itself.
    pub fn new(folder: &Path, number: usize, environment: Vec<(String, String)>) -> io::Result<Worker> {
        Ok(Worker {
            program: std::env::current_exe()?,
            script: folder.join(format!("case-{number}.jsonl")),
            output: folder.join(format!("case-{number}.txt")),
            environment,
        })
    }

    /// Runs the case that `settings` name, with `environment` added to the variables of this process.
    ///
    /// # Errors
    /// If no process can be started.
    pub fn run(&self, settings: &Settings, environment: &[(&str, &str)]) -> io::Result<Report> {
        File::create(&self.script)?;
        let output = File::create(&self.output)?;
        let begin = Instant::now();
        let mut child = Command::new(&self.program)
            .arg(CASE_WORD)
            .arg(serde_json::to_string(settings)?)
            .arg(&self.script)
            .env_remove("NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS") // rules that want it set it
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .envs(environment.iter().copied())
            // Of its own, so that Ctrl-C does not look like a crash of the library.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()?;
        let ended = wait(&mut child, settings.timeout)?;
        let time = begin.elapsed();
        let lines = script::read(&fs::read_to_string(&self.script)?);
        let output = tail(&fs::read(&self.output)?);
        let death = match ended {
            None => Some(Death::Deadline),
            Some(status) if status.success() => None,
            Some(status) => Some(match status.signal() {
                Some(signal) => Death::Signal(signal),
                None => Death::Exit(status.code().unwrap_or_default()),
            }),
        };
        let verdict = verdict(&lines, death, settings.timeout);
        Ok(Report { verdict, lines, output, death, time })
    }
}

/// Waits for a process, and ends it if that takes too long.
fn wait(child: &mut Child, timeout: Duration) -> io::Result<Option<ExitStatus>> {
    let pid = Pid::from_child(child);
    let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
    let timeout = Timespec::try_from(timeout).unwrap_or(Timespec { tv_sec: 3600, tv_nsec: 0 });
    let mut fds = [PollFd::new(&pidfd, PollFlags::IN)];
    let ready = loop {
        match poll(&mut fds, Some(&timeout)) {
            Err(rustix::io::Errno::INTR) => {}
            other => break other?,
        }
    };
    if ready == 0 {
        child.kill()?;
        child.wait()?;
        return Ok(None);
    }
    child.wait().map(Some)
}

/// How a case ended that wrote these lines and whose process ended like this.
fn verdict(lines: &[Line], death: Option<Death>, timeout: Duration) -> Verdict {
    let end = lines.iter().rev().find_map(|line| match line {
        Line::End(verdict) => Some(verdict.clone()),
        _ => None,
    });
    let at = lines.iter().rev().find_map(|line| match line {
        Line::Call(text) | Line::Statement(text) | Line::Check(text, _) => Some(text.as_str()),
        _ => None,
    });
    let at = at.map_or("while the library was loaded".to_owned(), |text| format!("in or after {text}"));
    match (death, end) {
        (None, Some(verdict)) | (Some(_), Some(verdict @ Verdict::Failed(_))) => verdict,
        (Some(Death::Signal(libc::SIGABRT)), _) if may_abort(lines) => Verdict::Passed,
        (None, None) => Verdict::Failed(format!("the process ended with status 0, {at}")),
        (Some(Death::Deadline), _) => {
            let seconds = humantime::format_duration(timeout);
            Verdict::Failed(format!("the case had not ended after {seconds}, {at}"))
        }
        (Some(Death::Signal(signal)), _) => Verdict::Failed(format!("{}, {at}", describe(signal))),
        (Some(Death::Exit(code)), _) => {
            Verdict::Failed(format!("the process ended with status {code}, {at}"))
        }
    }
}

/// Whether the call that came last is one that may end the process.
fn may_abort(lines: &[Line]) -> bool {
    matches!(lines, [.., Line::MayAbort, Line::Call(_)])
}

/// What a signal says of a process.
#[must_use]
pub fn describe(signal: i32) -> String {
    match signal {
        libc::SIGSEGV => "crashed (SIGSEGV)".to_owned(),
        libc::SIGBUS => "crashed (SIGBUS)".to_owned(),
        libc::SIGILL => "crashed (SIGILL)".to_owned(),
        libc::SIGFPE => "crashed (SIGFPE)".to_owned(),
        libc::SIGABRT => "aborted (SIGABRT)".to_owned(),
        other => format!("ended by signal {other}"),
    }
}

/// The end of an output, as text.
fn tail(output: &[u8]) -> String {
    let start = output.len().saturating_sub(OUTPUT_KEPT);
    String::from_utf8_lossy(&output[start..]).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Death, verdict};
    use crate::script::Line;
    use crate::verdict::Verdict;

    #[test]
    fn only_a_call_that_may_abort_may() {
        let call = || Line::Call("nrt_tensor_read(t0, b0, 1, 1)".to_owned());
        let ends = |lines: &[Line], signal| verdict(lines, Some(Death::Signal(signal)), Duration::ZERO);
        let may = [Line::MayAbort, call()];
        assert_eq!(ends(&may, libc::SIGABRT), Verdict::Passed);
        assert!(matches!(ends(&may, libc::SIGSEGV), Verdict::Failed(_)));
        assert!(matches!(ends(&[call()], libc::SIGABRT), Verdict::Failed(_)));
        let later = [Line::MayAbort, call(), call()];
        assert!(matches!(ends(&later, libc::SIGABRT), Verdict::Failed(_)));
        let checked = [Line::MayAbort, call(), Line::Check("i0 != 0".to_owned(), true)];
        assert!(matches!(ends(&checked, libc::SIGABRT), Verdict::Failed(_)));
    }
}
