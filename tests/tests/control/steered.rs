//! A program that does one thing at a time, and `nrt-sim ctl` between any two.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use nrt_tests::program::{Program, Way, settle};
use nrt_tests::{build, neff};
use rustix::process::{Pid, Signal, kill_process};

/// How long a test waits for what should happen within milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What begins the answers of the program; other lines are the library's.
const ANSWER: &str = "> ";

/// `tests/c/control/steered.c`, compiled, with a folder of its own for sockets.
pub(crate) struct Stage {
    program: Program,
}

impl Stage {
    pub(crate) fn new() -> Stage {
        Stage { program: Program::compile("tests/c/control/steered.c", Way::Found) }
    }

    /// Runs the program, which is ready when this returns: with control, and more variables.
    pub(crate) fn run(&self, variables: &[(&str, &str)]) -> Steered {
        self.run_as_it_is(&[&[("NRT_SIM_CTL", "1")], variables].concat())
    }

    /// The same without control.
    pub(crate) fn run_as_it_is(&self, variables: &[(&str, &str)]) -> Steered {
        let mut command = self.program.command();
        command.arg(neff::write_small(self.program.folder()));
        command.env("XDG_RUNTIME_DIR", self.program.folder()).env("NEURON_RT_LOG_LEVEL", "INFO");
        command.envs(variables.iter().copied()).stdin(Stdio::piped());
        let (said, writer) = std::io::pipe().expect("descriptors");
        command.stdout(writer.try_clone().expect("descriptors")).stderr(writer);
        let mut child = command.spawn().expect("just compiled");
        drop(command); // it has the end of the pipe that is the program's
        let (send, lines) = channel();
        thread::spawn(move || {
            BufReader::new(said).lines().map_while(Result::ok).all(|line| send.send(line).is_ok())
        });
        let stdin = child.stdin.take();
        let mut steered = Steered { child, stdin, lines, log: Vec::new() };
        steered.expect_line("> ready ");
        steered
    }

    /// What `nrt-sim ctl` with these words says, and whether it was done.
    pub(crate) fn try_ctl(&self, words: &[&str]) -> (bool, String) {
        let Output { status, stdout, stderr } = self.ctl_command(words).output().expect("just built");
        (status.success(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned())
    }

    /// Whether it was not done.
    pub(crate) fn ctl_fails(&self, words: &[&str]) -> bool {
        !self.try_ctl(words).0
    }

    /// The same, which has to be done.
    #[track_caller]
    pub(crate) fn ctl(&self, words: &[&str]) -> String {
        let (done, said) = self.try_ctl(words);
        assert!(done, "{words:?}: {said}");
        said
    }

    /// The same as JSON.
    #[track_caller]
    pub(crate) fn json(&self, words: &[&str]) -> serde_json::Value {
        let said = self.ctl(&[words, &["--json"]].concat());
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{words:?}: {error}: {said}"))
    }

    pub(crate) fn ctl_command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(build::products().join("nrt-sim"));
        settle(&mut command);
        command.env("XDG_RUNTIME_DIR", self.program.folder()).arg("ctl").args(words);
        command
    }

    /// `nrt-sim run` with these flags, of the program.
    pub(crate) fn run_command(&self, flags: &[&str]) -> Command {
        let mut command = Command::new(build::products().join("nrt-sim"));
        settle(&mut command);
        command.env("XDG_RUNTIME_DIR", self.program.folder()).arg("run").args(flags);
        command.arg("--").arg(self.program.path()).arg(neff::write_small(self.program.folder()));
        command
    }

    /// The compute queue of core 0.
    #[track_caller]
    pub(crate) fn compute(&self) -> serde_json::Value {
        let status = self.json(&["status"]);
        let queues = status["queues"].as_array().expect("an array").iter();
        let mut found = queues.filter(|queue| queue["unit"] == "compute" && queue["core"] == 0);
        found.next().unwrap_or_else(|| panic!("it is not there: {status}")).clone()
    }

    /// A file for the test.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.program.folder().join(name)
    }

    /// The folder of the user's, in which sockets are.
    pub(crate) fn user_folder(&self) -> PathBuf {
        let entries = fs::read_dir(self.program.folder()).expect("it is there");
        let mut folders = entries.map(|entry| entry.expect("readable").path()).filter(|path| path.is_dir());
        folders.next().expect("made by the library or by nrt-sim")
    }

    /// Lets anybody into the folders and at the socket of `steered`, as no user would.
    pub(crate) fn open_to_all(&self, steered: &Steered) -> PathBuf {
        let socket = self.socket_of(steered);
        for (path, mode) in [(self.program.folder(), 0o711), (&self.user_folder(), 0o711), (&socket, 0o666)] {
            fs::set_permissions(path, Permissions::from_mode(mode)).expect("ours");
        }
        socket
    }

    pub(crate) fn socket_of(&self, steered: &Steered) -> PathBuf {
        self.user_folder().join(format!("ctl-{}.sock", steered.pid()))
    }

    /// A connection of the test's own.
    #[track_caller]
    pub(crate) fn connect(&self, steered: &Steered) -> UnixStream {
        let stream = UnixStream::connect(self.socket_of(steered)).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream
    }
}

/// The program while it runs.
pub(crate) struct Steered {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    log: Vec<String>,
}

impl Steered {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Has it do what `line` says, and gives its answer.
    #[track_caller]
    pub(crate) fn says(&mut self, line: &str) -> String {
        writeln!(self.stdin.as_mut().expect("still open"), "{line}").expect("it reads");
        let answer = self.expect_line(ANSWER);
        answer.trim_start_matches(ANSWER).to_owned()
    }

    /// The next line with `part`.
    #[track_caller]
    pub(crate) fn expect_line(&mut self, part: &str) -> String {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(part) => return line,
                Ok(line) => self.log.push(line),
                Err(error) => panic!("no line with {part:?}: {error}\n{}", self.log.join("\n")),
            }
        }
    }

    /// That it does its work as if nothing had happened.
    #[track_caller]
    pub(crate) fn works(&mut self) {
        assert_eq!(self.says("submit 2"), "accepted 2");
        assert_eq!(self.says("drain"), "statuses 0 0");
    }

    /// Ends it at once, as nobody can prevent.
    pub(crate) fn kill(&mut self) {
        kill_process(Pid::from_child(&self.child), Signal::KILL).expect("it runs");
        self.child.wait().expect("ours");
    }

    /// Lets it end by itself, which must go well.
    #[track_caller]
    pub(crate) fn ends_well(mut self) {
        self.stdin = None;
        let status = self.child.wait().expect("ours");
        assert!(status.success(), "{status}\n{}", self.log.join("\n"));
    }
}

impl Drop for Steered {
    fn drop(&mut self) {
        // Only if the test has failed does it still run.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
