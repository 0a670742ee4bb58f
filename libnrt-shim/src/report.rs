//! What `nrt-sim run` learns of the process: that it loaded the library, the ledger of each init, and its models.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use rustix::fs::FallocateFlags;
use sim_core::ledger::Ledger;
use sim_models::placement::Placement;

use crate::log::{self, Level};

/// Names the folder for reports; not set, there are none.
const FOLDER: &str = "NRT_SIM_REPORT_DIR";
/// Inits of this process so far.
static INITS: AtomicU32 = AtomicU32::new(0);

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

impl Report {
    /// The report of an init, and the ledger for its `cores` cores.
    pub(crate) fn begin(cores: usize) -> io::Result<(Report, Ledger)> {
        let Some(folder) = folder() else { return Ok((Report::default(), Ledger::new(cores)?)) };
        let shared = ledger_file(&folder).and_then(|(path, file)| {
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
        let file = OpenOptions::new().append(true).create(true).open(ledger.with_extension("models"));
        // One write a line keeps lines of threads apart.
        let written = file.and_then(|mut file| {
            let mut line = serde_json::to_string(placement)?;
            line.push('\n');
            file.write_all(line.as_bytes())
        });
        if let Err(error) = written {
            log::write(Level::Warn, "nrt_load", format!("the summary will lack a model: {error}"));
        }
    }
}

/// A new file for a ledger: the next number that no init of this process, or of a program that it was
/// before an `exec`, has used.
fn ledger_file(folder: &Path) -> io::Result<(PathBuf, File)> {
    loop {
        let number = INITS.fetch_add(1, Relaxed) + 1;
        let path = folder.join(format!("{}-{number}.ledger", std::process::id()));
        match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => return Ok((path, other?)),
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
