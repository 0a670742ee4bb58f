//! What `nrt-sim run` learns of the process: that it loaded the library, the ledger of each init, and its models.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use rustix::fs::FallocateFlags;
use serde::Serialize;
use sim_core::fault::Faults;
use sim_core::fault::tally::Tally;
use sim_core::ledger::Ledger;
use sim_models::armed_rule::ArmedRule;
use sim_models::placement::Placement;

use crate::log::{self, Level};

/// Names the folder for reports; not set, there are none.
const FOLDER: &str = "NRT_SIM_REPORT_DIR";

/// The folder for reports, if there is one.
fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// Where the open runtime leaves its reports: nowhere, if nobody asked for them.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The ledger's file.
    ledger: Option<PathBuf>,
}

/// Where the rules of a fault plan are told of: nowhere, if nobody asked for reports.
#[derive(Debug, Default)]
pub(crate) struct RuleReport {
    tally: Option<PathBuf>,
    told: Mutex<BTreeSet<usize>>,
}

impl RuleReport {
    /// A tally for the rules of an init, and the report on them.
    pub(crate) fn begin() -> io::Result<(RuleReport, Tally)> {
        let Some(folder) = folder() else { return Ok((RuleReport::default(), Tally::new()?)) };
        let shared = new_file(&folder, "tally").and_then(|(path, file)| {
            rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, Tally::BYTES as u64)?;
            Ok((RuleReport { tally: Some(path), told: Mutex::default() }, Tally::in_file(&file)?))
        });
        shared.or_else(|error| {
            log::write(Level::Warn, "nrt_init", format!("no faults will be told of: {FOLDER}: {error}"));
            Ok((RuleReport::default(), Tally::new()?))
        })
    }

    /// Leaves a line on each rule that `faults` has and that has none yet.
    pub(crate) fn tell(&self, faults: &Faults) {
        let Some(tally) = &self.tally else { return };
        let mut told = self.told.lock();
        for standing in faults.standings() {
            let rule = &standing.armed.rule;
            if told.insert(standing.slot) {
                let (slot, name, sentence) = (standing.slot, rule.name.clone(), rule.to_string());
                append(
                    &tally.with_extension("rules"),
                    &ArmedRule { slot, name, sentence, require_fired: rule.require_fired },
                    "a rule",
                );
            }
        }
    }
}

impl Report {
    /// The report of an init, and the ledger for its `cores` cores.
    pub(crate) fn begin(cores: usize) -> io::Result<(Report, Ledger)> {
        let Some(folder) = folder() else { return Ok((Report::default(), Ledger::new(cores)?)) };
        let shared = new_file(&folder, "ledger").and_then(|(path, file)| {
            // Not sparse: a full disk is to be noticed here, not at the first write to the mapping.
            rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, Ledger::bytes(cores) as u64)?;
            Ok((Report { ledger: Some(path) }, Ledger::in_file(&file, cores)?))
        });
        shared.or_else(|error| {
            log::write(Level::Warn, "nrt_init", format!("no summary will be shown: {FOLDER}: {error}"));
            Ok((Report::default(), Ledger::new(cores)?))
        })
    }

    /// Leaves a line on a model that was loaded.
    pub(crate) fn loaded(&self, placement: &Placement) {
        let Some(ledger) = &self.ledger else { return };
        append(&ledger.with_extension("models"), placement, "a model");
    }
}

/// Adds a line of JSON to the file at `path`; without it the summary lacks `what`.
fn append(path: &Path, line: &impl Serialize, what: &str) {
    let file = OpenOptions::new().append(true).create(true).open(path);
    // One write a line keeps lines of threads apart.
    let written = file.and_then(|mut file| {
        let mut line = serde_json::to_string(line)?;
        line.push('\n');
        file.write_all(line.as_bytes())
    });
    if let Err(error) = written {
        log::write(Level::Warn, "nrt_sim", format!("the summary will lack {what}: {error}"));
    }
}

/// A new file for a ledger or a tally: the next number that no init of this process, or of a program that it was
/// before an `exec`, has used for one.
fn new_file(folder: &Path, kind: &str) -> io::Result<(PathBuf, File)> {
    for number in 1.. {
        let path = folder.join(format!("{}-{number}.{kind}", std::process::id()));
        match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => return Ok((path, other?)),
        }
    }
    Err(io::ErrorKind::QuotaExceeded.into())
}

/// A new file for a trail, if there is a folder for reports.
pub(crate) fn trail() -> Option<File> {
    match new_file(&folder()?, "trail") {
        Ok((_, file)) => Some(file),
        Err(error) => {
            log::write(Level::Warn, "nrt_init", format!("there will be no trail: {FOLDER}: {error}"));
            None
        }
    }
}

/// Runs when the library is loaded: leaves a note for `nrt-sim run`.
extern "C" fn loaded() {
    let Some(folder) = folder() else { return };
    let program = fs::read_link("/proc/self/exe").unwrap_or_default();
    let note = folder.join(format!("{}.loaded", std::process::id()));
    // Without the note the summary knows less; the program is not to notice.
    let _ = fs::write(note, program.as_os_str().as_encoded_bytes());
}

#[used]
// SAFETY: the loader calls each entry of this section once, as a C function; further arguments do no harm.
#[unsafe(link_section = ".init_array")]
static LOADED: extern "C" fn() = loaded;
