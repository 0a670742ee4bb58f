//! What has been done already, in a file that only grows.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};

/// The first line: what a seed stands for may change from one version to the next.
const HEAD: &str = concat!("nrt-sim swarm ", env!("CARGO_PKG_VERSION"));

/// The file of a run that can be interrupted.
pub(super) struct Record(File);

impl Record {
    /// Opens or makes the file at `path`, and returns the seeds that have passed.
    ///
    /// # Errors
    /// When it is another kind of file, of another version, or cannot be read or written.
    pub(super) fn open(path: &Path) -> Result<(Record, BTreeSet<u64>)> {
        let shown = path.display();
        let file = OpenOptions::new().read(true).append(true).create(true).open(path);
        let mut file = file.with_context(|| format!("cannot open {shown}"))?;
        let mut text = String::new();
        file.read_to_string(&mut text).with_context(|| format!("cannot read {shown}"))?;
        if text.is_empty() {
            writeln!(file, "{HEAD}").with_context(|| format!("cannot write {shown}"))?;
        } else if text.lines().next() != Some(HEAD) {
            bail!("{shown} is not a record of `{HEAD}`; name another file, or remove it");
        } else if !text.ends_with('\n') {
            writeln!(file).with_context(|| format!("cannot write {shown}"))?; // it was cut off
        }
        Ok((Record(file), passed(&text)))
    }

    /// Notes that the case of `seed` has ended. One write, so that it is there as a whole or not at all.
    pub(super) fn note(&mut self, seed: u64, has_passed: bool) -> Result<()> {
        let line = format!("{seed} {}\n", if has_passed { "passed" } else { "failed" });
        self.0.write_all(line.as_bytes()).context("cannot write the record")
    }
}

/// The seeds that have passed. Those that have failed are run again, and so is one whose line was cut off.
fn passed(text: &str) -> BTreeSet<u64> {
    let lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix(" passed\n"));
    lines.filter_map(|seed| seed.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::{HEAD, Record};

    #[test]
    fn what_has_passed_is_known_again_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("record");
        let (mut record, none) = Record::open(&path).expect("a new file");
        assert!(none.is_empty());
        for (seed, has_passed) in [(3, true), (4, false), (12, true)] {
            record.note(seed, has_passed).expect("room");
        }
        let mut text = fs::read_to_string(&path).expect("written");
        text.push_str("13 pas"); // cut off in the midst of a line
        fs::write(&path, text).expect("room");
        let (mut record, known) = Record::open(&path).expect("ours");
        assert_eq!(known, BTreeSet::from([3, 12]));
        record.note(4, true).expect("room");
        assert_eq!(Record::open(&path).expect("ours").1, BTreeSet::from([3, 4, 12]));
    }

    #[test]
    fn other_files_are_left_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("notes");
        for text in ["my notes\n", "nrt-sim swarm 0.0.0\n3 passed\n"] {
            fs::write(&path, text).expect("room");
            assert!(Record::open(&path).is_err(), "{text} is not {HEAD}");
            assert_eq!(fs::read_to_string(&path).expect("there"), text);
        }
    }
}
