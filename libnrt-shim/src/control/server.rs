//! The thread that serves the socket, and reads the fault plan anew when its file changes.
//!
//! It is there only if `NRT_SIM_CTL` asks for it, from `nrt_init` to `nrt_close`, and sleeps while nothing happens.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;
use sim_models::command::{Answer, Command};

use super::client::{Client, Gone};
use super::listener::{self, Listener};
use super::plan_file::PlanFile;
use super::{execute, one_line, quiet};
use crate::environment::Settings;
use crate::error::ApiError;
use crate::log::{self, Level};
use crate::{armed, boundary, runtime};

/// Connections at a time.
const CLIENTS_MAX: usize = 8;

/// How long no connection is accepted after the system had no descriptor for one.
const SHORTAGE: Duration = Duration::from_secs(1);

/// What its lines in the log are called.
const NAME: &str = "nrt_sim_ctl";

/// The thread, and how to end it.
struct Server {
    thread: JoinHandle<()>,
    end: Arc<OwnedFd>,
}

static SERVER: Mutex<Option<Server>> = Mutex::new(None);

/// What the settings want of a server.
pub(crate) struct Wish {
    is_wanted: bool,
    plan: Option<PathBuf>,
}

impl Wish {
    pub(crate) fn of(settings: &Settings) -> Wish {
        Wish { is_wanted: settings.is_controlled, plan: settings.plan_file.clone() }
    }
}

/// Starts the server, if it is wanted. Without it the program runs as well, so a failure is only told of.
pub(crate) fn start(wish: Wish) {
    if !wish.is_wanted {
        return;
    }
    match serve(wish.plan) {
        Ok(server) => *SERVER.lock() = Some(server),
        Err(error) => log::write(Level::Error, NAME, format!("NRT_SIM_CTL: no control: {error}")),
    }
}

/// Ends the server, if there is one. What it is at is waited for, which is no more than a command may take.
pub(crate) fn stop() {
    let Some(Server { thread, end }) = SERVER.lock().take() else { return };
    let told = rustix::io::write(&*end, &1_u64.to_ne_bytes());
    if told.is_ok() && thread.join().is_err() {
        log::write(Level::Error, NAME, "simulator bug: panic, see the message above; please report it");
    }
}

/// Runs in a forked child, which is not controlled.
pub(crate) fn leave_to_parent() {
    listener::leave_to_parent();
}

fn serve(plan: Option<PathBuf>) -> std::io::Result<Server> {
    let listener = Listener::open()?;
    let watched = plan.as_deref().map(PlanFile::watch).transpose();
    let plan = watched.unwrap_or_else(|error| {
        let what = format!("the fault plan is not watched: {error}; `nrt-sim ctl reload` reads it anew");
        log::write(Level::Error, NAME, what);
        None
    });
    let end = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
    let mut desk = Desk { listener, plan, clients: Vec::new(), closed_until: None, end: Arc::clone(&end) };
    let thread = quiet::spawn(move || while desk.turn() {})?;
    Ok(Server { thread, end })
}

/// What the thread has.
struct Desk {
    listener: Listener,
    plan: Option<PlanFile>,
    clients: Vec<Client>,
    /// When connections are accepted again.
    closed_until: Option<Instant>,
    end: Arc<OwnedFd>,
}

/// Which of its descriptors something has happened on.
struct News {
    is_over: bool,
    has_caller: bool,
    plan: bool,
    clients: Vec<bool>,
}

impl Desk {
    /// Waits until something happens, and does what is to be done. Whether there is a next turn.
    fn turn(&mut self) -> bool {
        let Some(news) = self.wait() else { return false };
        if news.is_over {
            return false;
        }
        if news.plan && self.plan.as_ref().is_some_and(PlanFile::has_changed) {
            reload();
        }
        self.serve(&news.clients);
        if news.has_caller {
            self.accept();
        }
        true
    }

    fn wait(&mut self) -> Option<News> {
        let now = Instant::now();
        self.closed_until = self.closed_until.filter(|until| *until > now);
        let callers = if self.closed_until.is_some() { PollFlags::empty() } else { PollFlags::IN };
        let mut fds = vec![PollFd::new(&self.end, PollFlags::IN), PollFd::new(&self.listener, callers)];
        fds.extend(self.clients.iter().map(|client| PollFd::new(client, client.wants())));
        fds.extend(self.plan.iter().map(|plan| PollFd::new(plan, PollFlags::IN)));
        let deadline = self.clients.iter().map(|client| client.deadline).chain(self.closed_until).min();
        let is_ready = self.clients.iter().any(Client::is_ready);
        let left =
            deadline.map(|at| if is_ready { Duration::ZERO } else { at.saturating_duration_since(now) });
        let timeout = left.map(|left| Timespec::try_from(left).unwrap_or_default());
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => {
                log::write(Level::Error, NAME, format!("control has ended: {error}"));
                return None;
            }
        }
        let mut happened = fds.iter().map(|fd| !fd.revents().is_empty());
        let (is_over, has_caller) = (happened.next()?, happened.next()?);
        let clients: Vec<bool> = happened.by_ref().take(self.clients.len()).collect();
        let plan = happened.next().unwrap_or(false);
        Some(News { is_over, has_caller: has_caller && self.closed_until.is_none(), plan, clients })
    }

    /// Goes on with those clients with whom that is possible.
    fn serve(&mut self, news: &[bool]) {
        let now = Instant::now();
        let mut news = news.iter();
        self.clients.retain_mut(|client| {
            let is_due = news.next().is_some_and(|news| *news) || client.is_ready();
            let went = match is_due {
                true => client.go_on(answer),
                false if client.deadline <= now => Err(Gone::Silent),
                false => Ok(()),
            };
            if let Err(gone) = &went
                && *gone != Gone::Done
            {
                log::write(Level::Warn, NAME, format!("a client is gone: {gone}"));
            }
            went.is_ok()
        });
    }

    fn accept(&mut self) {
        let (socket, user) = match self.listener.accept() {
            Ok(caller) => caller,
            Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                self.closed_until = Some(Instant::now() + SHORTAGE);
                return;
            }
            Err(_) => return, // the caller has gone again
        };
        let mut client = Client::new(socket);
        if user != rustix::process::getuid().as_raw() {
            client.refuse("this program belongs to another user");
            log::write(Level::Error, NAME, format!("a process of user {user} was refused"));
        } else if self.clients.len() == CLIENTS_MAX {
            client.refuse(&format!("{CLIENTS_MAX} clients are connected already"));
            log::write(Level::Warn, NAME, format!("a client beyond {CLIENTS_MAX} was refused"));
        } else {
            self.clients.push(client);
        }
    }
}

/// Does what a line says.
fn answer(line: &[u8]) -> Answer {
    let command: Command = match serde_json::from_slice(line) {
        Ok(command) => command,
        Err(error) => {
            let error = one_line(&error.to_string());
            log::write(Level::Warn, NAME, format!("a line is not a command: {error}"));
            return Answer::Error(format!("not a command: {error}; docs/control.md has them"));
        }
    };
    let done = boundary::contained(NAME, || execute(&*runtime::open()?, &command));
    match done.unwrap_or_else(|| Err(ApiError::Failure("simulator bug, see the log".into()))) {
        Ok(value) => {
            let level = if is_a_question(&command) { Level::Debug } else { Level::Info };
            log::write(level, NAME, format!("done: {}", String::from_utf8_lossy(line)));
            Answer::Ok(value)
        }
        Err(error) => {
            let what = format!("refused: {}: {error}", String::from_utf8_lossy(line));
            log::write(Level::Warn, NAME, what);
            Answer::Error(error.to_string())
        }
    }
}

/// Whether a command changes nothing.
fn is_a_question(command: &Command) -> bool {
    matches!(command, Command::Status {} | Command::Journal { .. } | Command::Idle {})
}

/// Reads the plan anew, because its file has changed.
fn reload() {
    let count = boundary::contained(NAME, || armed::reload(&*runtime::open()?));
    match count {
        Some(Ok(count)) => {
            log::write(Level::Info, NAME, format!("the fault plan was read anew: {count} rules"));
        }
        Some(Err(ApiError::Closed)) | None => {}
        Some(Err(error)) => {
            log::write(Level::Error, NAME, format!("the fault plan was not read anew: {error}"));
        }
    }
}
