//! Where findings go: to stderr, to a file of JSON lines, to `nrt-sim run`; and what happens at the end.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use parking_lot::Mutex;
use sim_check::finding::Finding;
use sim_check::kind::Class;
use sim_check::report::{News, Report};
use sim_check::suppress::Suppressions;
use std::sync::Arc;

use super::{Wish, stack};
use crate::log::{self, Level};
use crate::runtime;

/// The file in the folder for reports.
const FILE: &str = "findings";

/// What is told, over all runtimes of the process.
struct Told {
    report: Report,
    files: Vec<PathBuf>,
    aborts: bool,
}

static TOLD: Mutex<Option<Arc<Told>>> = Mutex::new(None);
/// The process that checks: a forked child has nothing to tell.
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// Findings are told from now on, as `wish` says at the first call of the process.
///
/// # Errors
/// What is wrong with the suppressions.
pub(crate) fn begin(wish: &Wish) -> Result<(), String> {
    let suppressions = Suppressions::parse(&wish.suppressions)?;
    let mut told = TOLD.lock();
    if !wish.is_on || told.is_some() {
        return Ok(());
    }
    let folder = std::env::var_os("NRT_SIM_REPORT_DIR").map(|folder| PathBuf::from(folder).join(FILE));
    let files = wish.json.iter().cloned().chain(folder).collect();
    *told = Some(Arc::new(Told { report: Report::new(suppressions), files, aborts: wish.aborts }));
    PROCESS.store(std::process::id(), Relaxed);
    // SAFETY: the function is C, takes nothing, and stays: the library is never unloaded.
    if unsafe { libc::atexit(ended) } != 0 {
        log::write(Level::Warn, "nrt_init", "no summary of findings will be written: no memory");
    }
    Ok(())
}

/// Tells of a finding.
pub(super) fn tell(finding: &Finding) {
    let Some(told) = TOLD.lock().clone() else { return };
    let Some(news) = told.report.tell(finding, stack::frames) else { return };
    told.write(&news);
    if told.aborts && news.class == Class::Error {
        std::process::abort();
    }
}

impl Told {
    fn write(&self, news: &News) {
        // One write each keeps those of threads and processes apart. Nobody could be told of a failure.
        let _ = rustix::io::write(rustix::stdio::stderr(), news.text.as_bytes());
        for path in &self.files {
            let file = OpenOptions::new().append(true).create(true).open(path);
            if let Err(error) = file.and_then(|mut file| file.write_all(news.line.as_bytes())) {
                log::write(Level::Error, "nrt_sim", format!("{}: {error}", path.display()));
            }
        }
    }
}

/// Runs when the process ends by `exit` or a return from `main`.
extern "C" fn ended() {
    if PROCESS.load(Relaxed) == std::process::id() {
        crate::boundary::contained("exit", at_exit);
    }
}

/// What is found when the process ends, and the summary.
fn at_exit() {
    runtime::at_exit();
    let Some(told) = TOLD.lock().clone() else { return };
    told.report.end().iter().for_each(|news| told.write(news));
}
