//! The connection to a program that can be controlled.

use std::fs;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;
use sim_models::command::{Answer, Command, owner, socket};
use sim_models::folder;

/// How long an answer may take: a program that computes a request has to finish that first.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection.
pub(super) struct Connection {
    pid: u32,
    stream: BufReader<UnixStream>,
}

impl Connection {
    /// To process `pid`, or to the one that can be controlled.
    ///
    /// # Errors
    /// What to do if there is none, or more than one.
    pub(super) fn to(pid: Option<u32>) -> Result<Connection> {
        let folder = folder::of_user().context("cannot find the folder of simulated devices")?;
        let (pid, stream) = match pid {
            Some(pid) => (pid, connect(&folder, pid)?.ok_or_else(|| none(&folder, Some(pid)))?),
            None => {
                let mut found = all(&folder)?;
                let last = found.pop().ok_or_else(|| none(&folder, None))?;
                if !found.is_empty() {
                    found.push(last);
                    bail!("{}", choice(&found));
                }
                last
            }
        };
        stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_write_timeout(Some(PATIENCE)))?;
        Ok(Connection { pid, stream: BufReader::new(stream) })
    }

    /// The answer to `command`.
    ///
    /// # Errors
    /// When the program refuses, has ended, or does not answer.
    pub(super) fn ask(&mut self, command: &Command) -> Result<Value> {
        let pid = self.pid;
        let mut line = serde_json::to_string(command)?;
        line.push('\n');
        let sent = self.stream.get_mut().write_all(line.as_bytes());
        let mut answer = String::new();
        // Who refuses to listen may have said why.
        let heard = self.stream.read_line(&mut answer);
        if answer.ends_with('\n') {
            return match serde_json::from_str(&answer) {
                Ok(Answer::Ok(value)) => Ok(value),
                Ok(Answer::Error(why)) => Err(anyhow!("process {pid}: {why}")),
                Err(_) => Err(anyhow!("process {pid} answers in a form of another release")),
            };
        }
        match sent.and(heard.map(drop)) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                bail!("process {pid} does not answer; is it stopped, or computing a long request?")
            }
            _ => bail!("process {pid} has ended, or has closed the runtime"),
        }
    }
}

/// A connection to `pid`; `None` if it has no socket. One that nobody serves is removed.
fn connect(folder: &Path, pid: u32) -> Result<Option<UnixStream>> {
    let path = socket(folder, pid);
    match UnixStream::connect(&path) {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            remove(&path)?;
            Ok(None)
        }
        Err(error) => Err(error).with_context(|| format!("cannot connect to {}", path.display())),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()), // another may have been faster
    }
}

/// Connections to all processes that can be controlled, by rising number.
fn all(folder: &Path) -> Result<Vec<(u32, UnixStream)>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut pids: Vec<u32> =
        entries.flatten().filter_map(|entry| owner(entry.file_name().to_str()?)).collect();
    pids.sort_unstable();
    let mut found = Vec::new();
    for pid in pids {
        found.extend(connect(folder, pid)?.map(|stream| (pid, stream)));
    }
    Ok(found)
}

/// Why there is nothing to connect to, and what to do.
fn none(folder: &Path, pid: Option<u32>) -> anyhow::Error {
    let whom = pid.map_or_else(|| "no program".to_owned(), |pid| format!("process {pid} is no program that"));
    let has = if pid.is_some() { "" } else { " that runs" };
    anyhow!(
        "{whom}{has} can be controlled (there is no socket for it in {}). Run it with `nrt-sim run --ctl -- PROGRAM`; \
         it can be controlled from nrt_init to nrt_close",
        folder.display()
    )
}

/// Which processes there are to choose from.
fn choice(found: &[(u32, UnixStream)]) -> String {
    let program = |pid: u32| fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_else(|_| PathBuf::from("?"));
    let lines = found.iter().map(|(pid, _)| format!("\n  --pid {pid}   {}", program(*pid).display()));
    format!("{} programs can be controlled; choose one:{}", found.len(), lines.collect::<String>())
}
