//! Findings as lines of JSON: what `NRT_SIM_CHECK_JSON` has, and `nrt-sim` reads.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::kind::Class;

/// A function on a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Its name, or the address if there are no symbols.
    pub function: String,
    /// The file of the source, if that is known.
    pub file: Option<String>,
    /// The line in it.
    pub line: Option<u32>,
    /// The program or library.
    pub module: Option<String>,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The id of its kind.
    pub kind: String,
    /// How sure it is.
    pub class: Class,
    /// The process.
    pub process: u32,
    /// What is wrong.
    pub message: String,
    /// What was missing.
    pub missing: String,
    /// What to do.
    pub fix: String,
    /// The clause of the guide or header.
    pub clause: String,
    /// The section of our documentation.
    pub section: String,
    /// What only this one has.
    pub detail: String,
    /// The earlier side.
    pub first: Option<RecordSide>,
    /// The later side.
    pub second: Option<RecordSide>,
    /// The same for the same mistake in another run.
    pub fingerprint: String,
}

/// A side of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct RecordSide {
    pub call: String,
    pub unit: Option<String>,
    pub core: Option<u8>,
    pub queue: Option<u8>,
    pub sequence: Option<String>,
    pub memory: Option<String>,
    pub bytes: Option<[usize; 2]>,
    pub writes: Option<bool>,
    pub thread: u32,
    pub stack: Vec<Frame>,
    pub sentence: String,
}

/// The last line of a process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The process.
    pub process: u32,
    /// Errors that differ.
    pub errors: u64,
    /// Warnings that differ.
    pub warnings: u64,
    /// Pieces of advice that differ.
    pub advice: u64,
    /// Findings that a suppression covers.
    pub suppressed: u64,
    /// Findings that were too many to be told.
    pub untold: u64,
    /// How often each was found, by fingerprint.
    pub counts: BTreeMap<String, u64>,
}

impl Record {
    /// What two runs agree on, if they have made the same mistake at the same place.
    pub(crate) fn identity(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.kind.hash(&mut hasher);
        for side in [&self.first, &self.second].into_iter().flatten() {
            (&side.call, &side.unit, &side.memory, side.writes).hash(&mut hasher);
            for frame in side.stack.iter().filter(|frame| frame.file.is_some()) {
                (&frame.function, frame.line).hash(&mut hasher);
            }
        }
        format!("{:016x}", hasher.finish())
    }
}

impl Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.function)?;
        match (&self.file, self.line, &self.module) {
            (Some(file), Some(line), _) => write!(f, " ({file}:{line})"),
            (_, _, Some(module)) => write!(f, " (in {module})"),
            _ => Ok(()),
        }
    }
}
