//! Tests in processes of their own: the state of the library is the process's.

use std::any::type_name;
use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::program;

/// Names the folder of a child; set only there.
const FOLDER: &str = "TEST_CHILD_FOLDER";
/// A file in that folder when a child has done its part.
const DONE: &str = "done";

/// Whether this process was started by [`in_child`] or [`command`], and its folder.
pub fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// Runs `body`, the whole of the calling test, in a child process with `environment`.
///
/// In values, `{folder}` stands for the child's temporary folder. The child has none of the caller's
/// settings for the runtime, and cores of its own.
pub fn in_child<B: FnOnce()>(environment: &[(&str, &str)], body: B) {
    if let Some(folder) = folder() {
        body();
        File::create(folder.join(DONE)).expect("the folder is writable");
        return;
    }
    let test = type_name::<B>().trim_end_matches("::{{closure}}");
    let (_, test) = test.split_once("::").expect("a test is in a crate");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = command(test, &folder);
    for (name, value) in environment {
        command.env(name, value.replace("{folder}", folder.path().to_str().expect("plain")));
    }
    let output = command.output().expect("this program can be run again");
    let said = program::text(&output);
    let log = fs::read_to_string(folder.path().join("stderr")).unwrap_or_default();
    assert!(output.status.success(), "{test} in a child: {}\n{said}\n{log}", output.status);
    assert!(folder.path().join(DONE).exists(), "the child has not done its part in {test}\n{said}");
}

/// A command that runs `test` of this program in a child, with `folder` for its files.
///
/// What the child writes to stderr goes to the file `stderr` there: the log lines of the library, since
/// the test harness itself writes to stdout.
pub fn command(test: &str, folder: &TempDir) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a running test has a file"));
    command.args([test, "--exact", "--test-threads=1"]);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        let is_setting = name.starts_with("NEURON_") || name.starts_with("NRT_");
        if is_setting && name != "NRT_SPEC_DIR" {
            command.env_remove(&*name);
        }
    }
    let log = File::create(folder.path().join("stderr")).expect("the folder is writable");
    program::watch(&mut command);
    command.env(FOLDER, folder.path()).env("XDG_RUNTIME_DIR", folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
    command
}

/// What the library has written to stderr, read as it grows.
pub struct Log {
    file: File,
}

/// One line in the layout of the runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// `ERROR`, say.
    pub level: String,
    /// The function of the API.
    pub function: String,
    /// The rest.
    pub message: String,
}

impl Log {
    /// The log of this child from now on.
    pub fn open() -> Log {
        let folder = folder().expect("only a child has a log");
        let mut log = Log { file: File::open(folder.join("stderr")).expect("made with the child") };
        log.text();
        log
    }

    /// The lines since the last call.
    #[track_caller]
    pub fn lines(&mut self) -> Vec<Line> {
        self.text().lines().map(Line::parse).collect()
    }

    fn text(&mut self) -> String {
        let mut text = String::new();
        self.file.read_to_string(&mut text).expect("the log is text");
        text
    }
}

impl Line {
    /// Takes `YYYY-Mon-DD HH:MM:SS.uuuuuu pid:tid LEVEL MODULE:function message` apart.
    #[track_caller]
    fn parse(line: &str) -> Line {
        let form = |text: &str| {
            let class = |c: char| match c {
                '0'..='9' => '0',
                'a'..='z' => 'a',
                'A'..='Z' => 'A',
                other => other,
            };
            text.chars().map(class).collect::<String>()
        };
        assert_eq!(form(line.get(..28).unwrap_or(line)), "0000-Aaa-00 00:00:00.000000 ", "{line}");
        let mut rest = line[28..].split_whitespace();
        let mut word = || rest.next().unwrap_or_else(|| panic!("cut short: {line}"));
        let (ids, level, place) = (word(), word(), word());
        let (pid, thread) = ids.split_once(':').expect("pid:tid");
        assert_eq!(pid, std::process::id().to_string(), "{line}");
        assert!(thread.parse::<u32>().is_ok(), "{line}");
        let (module, function) = place.split_once(':').expect("MODULE:function");
        assert_eq!(module, "NRT", "{line}");
        let at = line.find(place).expect("just found") + place.len();
        Line {
            level: level.to_owned(),
            function: function.to_owned(),
            message: line[at..].trim_start().to_owned(),
        }
    }
}

/// Bytes of memory that this process uses.
pub fn resident_bytes() -> usize {
    let text = fs::read_to_string("/proc/self/statm").expect("there is /proc");
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.expect("a number of pages") * 4096
}

/// How many descriptors this process has open.
pub fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").expect("there is /proc").count()
}
