//! What `nrt-sim run` learns of the process: that it loaded the library, and the ledger of each init.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use rustix::fs::FallocateFlags;
use sim_core::ledger::Ledger;

use crate::log::{self, Level};

/// Names the folder for reports; not set, there are none.
const FOLDER: &str = "NRT_SIM_REPORT_DIR";
/// Inits of this process so far.
static INITS: AtomicU32 = AtomicU32::new(0);

/// The folder for reports, if there is one.
fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// A new file for a ledger: the next number that no init of this process, or of a program that it was
/// before an `exec`, has used.
fn ledger_file(folder: &Path) -> io::Result<File> {
    loop {
        let number = INITS.fetch_add(1, Relaxed) + 1;
        let path = folder.join(format!("{}-{number}.ledger", std::process::id()));
        match OpenOptions::new().read(true).write(true).create_new(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => return other,
        }
    }
}

/// A ledger for `cores` cores, in the folder for reports if there is one.
pub(crate) fn ledger(cores: usize) -> io::Result<Ledger> {
    let Some(folder) = folder() else { return Ledger::new(cores) };
    let shared = ledger_file(&folder).and_then(|file| {
        // Not sparse: a full disk is to be noticed here, not at the first write to the mapping.
        rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, Ledger::bytes(cores) as u64)?;
        Ledger::in_file(&file, cores)
    });
    shared.or_else(|error| {
        log::write(Level::Warn, "nrt_init", format!("no summary will be shown: {FOLDER}: {error}"));
        Ledger::new(cores)
    })
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
