//! What `nrt-sim run` learns of the process: that it loaded the library, and the ledger of each init.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use sim_core::ledger::Ledger;

use crate::log::{self, Level};

/// Names the folder for reports; not set, there are none.
const FOLDER: &str = "NRT_SIM_REPORT_DIR";
/// Inits of this process so far.
static INITS: AtomicU32 = AtomicU32::new(0);

fn create(name: &str) -> io::Result<Option<File>> {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return Ok(None) };
    OpenOptions::new().read(true).write(true).create_new(true).open(folder.join(name)).map(Some)
}

/// A ledger for `cores` cores, in the folder for reports if there is one.
pub(crate) fn ledger(cores: usize) -> io::Result<Ledger> {
    let number = INITS.fetch_add(1, Relaxed) + 1;
    let file = create(&format!("{}-{number}.ledger", std::process::id())).and_then(|file| {
        let Some(file) = file else { return Ok(None) };
        file.set_len(Ledger::bytes(cores) as u64)?;
        Ledger::in_file(&file, cores).map(Some)
    });
    match file {
        Ok(Some(ledger)) => Ok(ledger),
        Ok(None) => Ledger::new(cores),
        Err(error) => {
            log::write(Level::Warn, "nrt_init", format!("no summary will be shown: {FOLDER}: {error}"));
            Ledger::new(cores)
        }
    }
}

/// Runs when the library is loaded: leaves a note for `nrt-sim run`.
extern "C" fn loaded() {
    let program = std::fs::read_link("/proc/self/exe").unwrap_or_default();
    if let Ok(Some(mut file)) = create(&format!("{}.loaded", std::process::id())) {
        // Without the note the summary knows less; the program is not to notice.
        let _ = file.write_all(program.as_os_str().as_encoded_bytes());
    }
}

#[used]
// SAFETY: the loader calls each entry of this section once, as a C function; further arguments do no harm.
#[unsafe(link_section = ".init_array")]
static LOADED: extern "C" fn() = loaded;
