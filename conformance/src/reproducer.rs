//! Makes a failing case small, and a C program of it that has been seen to fail.

use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::program::Program;
use crate::rule::Rule;
use crate::script::Line;
use crate::session::Settings;
use crate::verdict::Verdict;
use crate::worker::{Report, Worker};

/// How often a program is run before it counts as one that does not fail: some failures need luck.
const ATTEMPTS: usize = 20;
/// How many smaller inputs are tried.
const STEPS_MAX: usize = 400;

/// A failing case, as small as it got.
#[derive(Debug, Clone)]
pub struct Reproducer {
    /// The case with that input.
    pub report: Report,
    /// The program, if there is one.
    pub program: Option<String>,
    /// Whether the program was seen to fail, and why it could not be, if not.
    pub confirmed: Result<(), String>,
}

/// Looks for the smallest input of a case that fails, in the way of proptest: a step to something simpler, and
/// where that passes, a step back to something a bit less simple.
///
/// # Errors
/// If no process can be started.
pub fn shrink(worker: &Worker, settings: &Settings, rule: &Rule, report: Report) -> io::Result<Report> {
    let mut smallest = report;
    if !smallest.lines.contains(&Line::Drawn(true)) {
        return Ok(smallest);
    }
    let mut path = String::new();
    let mut step = 'S';
    for _ in 0..STEPS_MAX {
        path.push(step);
        let settings = Settings { path: path.clone(), ..settings.clone() };
        let report = worker.run(&settings, rule.environment)?;
        step = match report.verdict {
            Verdict::Exhausted => break,
            Verdict::Failed(_) => {
                smallest = report;
                'S'
            }
            _ => 'C',
        };
    }
    Ok(smallest)
}

/// Where programs are compiled, against which library.
#[derive(Debug)]
pub struct Bench<'a> {
    /// The library.
    pub library: &'a Path,
    /// The model that programs load.
    pub neff: Option<&'a Path>,
    /// Where to put files.
    pub folder: PathBuf,
    /// Variables that programs find in their environment.
    pub environment: &'a [(String, String)],
    /// After which a program that hangs is ended.
    pub timeout: Duration,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    /// With 0.
    Held,
    /// With 1, and this line.
    Broken(String),
    /// By this signal.
    Signal(i32),
    /// It could not be compiled or started.
    Unusable(String),
}

impl Bench<'_> {
    /// Makes the program of a case, leaves out what it does not need, and sees it fail.
    ///
    /// # Errors
    /// If files cannot be written.
    pub fn reproduce(&self, rule: &Rule, report: Report) -> io::Result<Reproducer> {
        let program = Program::new(&report.lines);
        if program.is_empty() {
            let why = "the case did nothing that a program could do".to_owned();
            return Ok(Reproducer { report, program: None, confirmed: Err(why) });
        }
        let command = self.command(rule);
        let seconds = self.timeout.as_secs() + 1;
        let alarm = format!("alarm({seconds})");
        let text = |program: &Program| program.text(rule, &command).replace("alarm(20)", &alarm);
        let [whole, slice] = [&program, &program.slice()].map(text);
        let fails = |end: &End| matches!(end, End::Broken(_) | End::Signal(_));
        let wanted = self.run(&whole, ATTEMPTS)?;
        let text = if slice != whole && fails(&wanted) && self.run(&slice, ATTEMPTS)? == wanted {
            slice
        } else {
            whole
        };
        let confirmed = match wanted {
            End::Held => Err(format!("it did not fail in {ATTEMPTS} runs")),
            End::Unusable(why) => Err(why),
            End::Broken(_) | End::Signal(_) => Ok(()),
        };
        Ok(Reproducer { report, program: Some(text), confirmed })
    }

    /// How to compile and run the program, in a line.
    fn command(&self, rule: &Rule) -> String {
        let library = self.library.display();
        let neff = self.neff.map_or(String::new(), |neff| format!(" {}", neff.display()));
        let variables: String =
            self.environment.iter().map(|(name, value)| format!("{name}={value} ")).collect();
        format!(
            "cc -pthread {}.c {library} -o repro && {variables}LD_PRELOAD={library} ./repro{neff}; echo $?",
            rule.id
        )
    }

    /// Compiles and runs a program, up to `attempts` times, until it fails.
    fn run(&self, text: &str, attempts: usize) -> io::Result<End> {
        let [source, binary] = ["repro.c", "repro"].map(|name| self.folder.join(name));
        fs::write(&source, text)?;
        let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
        let compiled = Command::new(&compiler)
            .args(["-w", "-pthread", "-o"])
            .arg(&binary)
            .arg(&source)
            .arg(self.library)
            .arg("-Wl,--unresolved-symbols=ignore-in-shared-libs")
            .output();
        let compiled = match compiled {
            Ok(output) => output,
            Err(why) => {
                return Ok(End::Unusable(format!("there is no C compiler ({compiler}: {why}); set CC")));
            }
        };
        if !compiled.status.success() {
            let errors = String::from_utf8_lossy(&compiled.stderr);
            return Ok(End::Unusable(format!(
                "it does not compile: {}",
                errors.lines().take(3).collect::<Vec<_>>().join("; ")
            )));
        }
        let mut end = End::Held;
        for _ in 0..attempts {
            let output = Command::new(&binary)
                .args(self.neff)
                .envs(self.environment.iter().map(|(name, value)| (name, value)))
                .env("LD_PRELOAD", self.library)
                .stdin(Stdio::null())
                .output()?;
            end = match (output.status.code(), output.status.signal()) {
                (Some(0), _) => End::Held,
                (Some(1), _) => {
                    let printed = String::from_utf8_lossy(&output.stdout);
                    let broken = printed.lines().rev().find(|line| line.starts_with("broken: "));
                    End::Broken(broken.unwrap_or_default().to_owned())
                }
                (Some(code), _) => End::Unusable(format!("it ends with status {code}")),
                (None, signal) => End::Signal(signal.unwrap_or_default()),
            };
            if end != End::Held {
                break;
            }
        }
        Ok(end)
    }
}
