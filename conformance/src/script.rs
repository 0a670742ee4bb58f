//! What a case does, line by line, written down before it is done: so it is known how far a case came whose
//! process died, and a C program can be made of it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::verdict::Verdict;

/// The kinds of variables that a C program needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `void *`: handles and addresses.
    Pointer,
    /// `uint64_t`: sequence ids, sizes.
    Long,
    /// `int`: statuses, file descriptors, counts of 32 bits.
    Int,
    /// `bool`.
    Flag,
    /// `uint8_t[]`, of so many bytes.
    Bytes(usize),
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// A variable.
    Declare(String, Kind),
    /// A call of the library that is about to be made, in C. Its functions are known by their names.
    Call(String),
    /// The next call may end the process by aborting, and if it does, the rule holds.
    MayAbort,
    /// The status of the call before had to be one of these.
    Wanted(Vec<i32>),
    /// Something else to do, in C.
    Statement(String),
    /// A condition that has to hold, in C, and whether it did.
    Check(String, bool),
    /// The whole program, for cases that are more than a list of calls.
    Program(String),
    /// An input was drawn; false if the last step towards a smaller one led nowhere.
    Drawn(bool),
    /// So many things were looked at.
    Looked(u64),
    /// A fact about the library, by name.
    Found(String, String),
    /// How it ended.
    End(Verdict),
}

/// The file to which a case writes its lines.
#[derive(Debug)]
pub struct Script(File);

impl Script {
    /// Writes to the end of `path`.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn append(path: &Path) -> io::Result<Script> {
        Ok(Script(OpenOptions::new().append(true).create(true).open(path)?))
    }

    /// Adds a line. The file is there for good once this returns, whatever happens to the process.
    ///
    /// # Panics
    /// If the file cannot be written: without it nothing that follows would be known.
    pub fn write(&self, line: &Line) {
        let mut text = serde_json::to_vec(line).expect("lines are plain data");
        text.push(b'\n');
        (&self.0).write_all(&text).expect("the script of a case can be written");
    }
}

/// Reads what was written. A last line that was cut off is left out.
#[must_use]
pub fn read(text: &str) -> Vec<Line> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
