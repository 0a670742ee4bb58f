//! One connection: commands come in, a line each, and for each a line goes out.
//!
//! The next command is looked at when the answer to the one before has gone out, so that who sends and never reads
//! costs nothing but a place.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};
use sim_models::command::{Answer, LINE_MAX};

/// How long a connection is kept on which nothing moves.
const QUIET_MAX: Duration = Duration::from_secs(10);

/// A connection.
pub(super) struct Client {
    socket: OwnedFd,
    heard: Vec<u8>,
    unsaid: Vec<u8>,
    /// Nothing more will be heard.
    has_ended: bool,
    /// Until when something has to move.
    pub(super) deadline: Instant,
}

/// Why a connection is over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Gone {
    /// The other side has said all and heard all.
    #[error("it is over")]
    Done,
    /// It hung up within a line.
    #[error("it hung up in the midst of a command")]
    Half,
    /// It sent too much at once.
    #[error("a command is longer than {LINE_MAX} bytes")]
    Long,
    /// It does not read, or does not go on.
    #[error("it was silent for {} seconds", QUIET_MAX.as_secs())]
    Silent,
    /// The system says so.
    #[error("{0}")]
    Broken(Errno),
}

impl Client {
    pub(super) fn new(socket: OwnedFd) -> Client {
        let deadline = Instant::now() + QUIET_MAX;
        Client { socket, heard: Vec::new(), unsaid: Vec::new(), has_ended: false, deadline }
    }

    /// What it waits for.
    pub(super) fn wants(&self) -> PollFlags {
        if self.unsaid.is_empty() { PollFlags::IN } else { PollFlags::OUT }
    }

    /// Whether there is a command to look at, with no need to wait.
    pub(super) fn is_ready(&self) -> bool {
        self.unsaid.is_empty() && self.line_end().is_some()
    }

    fn line_end(&self) -> Option<usize> {
        self.heard.iter().position(|byte| *byte == b'\n')
    }

    /// Goes on as far as that needs no waiting, by one command at most, which `execute` answers.
    pub(super) fn go_on(&mut self, execute: impl FnOnce(&[u8]) -> Answer) -> Result<(), Gone> {
        self.say()?;
        if !self.unsaid.is_empty() {
            return Ok(());
        }
        if self.line_end().is_none() {
            self.listen()?;
        }
        match self.line_end() {
            Some(end) if end <= LINE_MAX => {
                let line: Vec<u8> = self.heard.drain(..=end).collect();
                self.answer(&execute(&line[..end]));
                self.say()
            }
            None if self.heard.len() <= LINE_MAX => match (self.has_ended, self.heard.is_empty()) {
                (false, _) => Ok(()),
                (true, true) => Err(Gone::Done),
                (true, false) => Err(Gone::Half),
            },
            _ => {
                self.refuse(&Gone::Long.to_string());
                Err(Gone::Long)
            }
        }
    }

    /// Says why nothing will be done, if that needs no waiting.
    pub(super) fn refuse(&mut self, why: &str) {
        self.answer(&Answer::Error(why.to_owned()));
        let _ = self.say(); // whoever does not hear it sees the connection end
    }

    fn answer(&mut self, answer: &Answer) {
        let line = serde_json::to_vec(answer);
        self.unsaid.extend(line.expect("an answer has no maps with keys that are not text"));
        self.unsaid.push(b'\n');
    }

    /// Reads what is there, up to what a command can have.
    fn listen(&mut self) -> Result<(), Gone> {
        let room = LINE_MAX + 1 - self.heard.len();
        self.heard.reserve_exact(room);
        match recv(&self.socket, spare_capacity(&mut self.heard), RecvFlags::DONTWAIT) {
            Ok((0, _)) => self.has_ended = true,
            Ok(_) => self.has_moved(),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(Gone::Broken(error)),
        }
        Ok(())
    }

    fn say(&mut self) -> Result<(), Gone> {
        while !self.unsaid.is_empty() {
            // A reader that is gone must not end the program with a signal.
            match send(&self.socket, &self.unsaid, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(count) => {
                    self.unsaid.drain(..count);
                    self.has_moved();
                }
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(error) => return Err(Gone::Broken(error)),
            }
        }
        Ok(())
    }

    fn has_moved(&mut self) {
        self.deadline = Instant::now() + QUIET_MAX;
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // A forked child may still have the socket: this ends the connection all the same.
        let _ = shutdown(&self.socket, Shutdown::Both);
    }
}
