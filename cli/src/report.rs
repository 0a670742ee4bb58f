//! What the library leaves in the folder for reports: who loaded it, and a ledger of each init.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use sim_core::fault::tally::Tally;
use sim_core::ledger::Ledger;
use sim_models::armed_rule::ArmedRule;
use sim_models::placement::Placement;

use crate::summary::RuleOutcome;

/// Everything that was left.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The executable of each process that loaded the library.
    pub(crate) programs: BTreeMap<u32, PathBuf>,
    /// The ledgers by process and number of the init within it, from 1.
    pub(crate) ledgers: BTreeMap<(u32, u32), Ledger>,
    /// The models that each of these inits loaded, in order.
    pub(crate) models: BTreeMap<(u32, u32), Vec<Placement>>,
    /// What was counted of the rules of fault plans, by process and number within it.
    tallies: BTreeMap<(u32, u32), Tally>,
    /// The rules that are counted there.
    rules: BTreeMap<(u32, u32), Vec<ArmedRule>>,
}

impl Report {
    /// Reads `folder`. What is damaged is left out: a process may have been killed at any point.
    pub(crate) fn read(folder: &Path) -> Report {
        let mut report = Report::default();
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            report.add(&entry.path());
        }
        report
    }

    fn add(&mut self, path: &Path) -> Option<()> {
        let stem = path.file_stem()?.to_str()?;
        match path.extension().and_then(OsStr::to_str)? {
            "loaded" => {
                let program = OsString::from_vec(fs::read(path).ok()?);
                self.programs.insert(stem.parse().ok()?, program.into());
            }
            "ledger" => {
                let id = id(stem)?;
                let file = File::options().read(true).write(true).open(path).ok()?;
                let len = usize::try_from(file.metadata().ok()?.len()).ok()?;
                self.ledgers.insert(id, Ledger::read(&file, len)?);
            }
            "models" => {
                let text = fs::read_to_string(path).ok()?;
                let placements = text.lines().filter_map(|line| serde_json::from_str(line).ok());
                self.models.insert(id(stem)?, placements.collect());
            }
            "tally" => {
                let file = File::options().read(true).write(true).open(path).ok()?;
                let len = usize::try_from(file.metadata().ok()?.len()).ok()?;
                self.tallies.insert(id(stem)?, Tally::read(&file, len)?);
            }
            "rules" => {
                let text = fs::read_to_string(path).ok()?;
                let rules = text.lines().filter_map(|line| serde_json::from_str(line).ok());
                self.rules.insert(id(stem)?, rules.collect());
            }
            _ => {}
        }
        Some(())
    }

    /// What the rules of fault plans have done.
    pub(crate) fn outcomes(&self) -> Vec<RuleOutcome> {
        let rules = |(id, tally)| Some((tally, self.rules.get(id)?.as_slice()));
        RuleOutcome::all(self.tallies.iter().filter_map(rules))
    }
}

/// The process and the init that a file is of.
fn id(stem: &str) -> Option<(u32, u32)> {
    let (pid, init) = stem.split_once('-')?;
    Some((pid.parse().ok()?, init.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::path::PathBuf;

    use sim_core::ledger::Ledger;

    use super::Report;

    #[test]
    fn ledgers_are_read_in_order_and_what_is_damaged_is_left_out() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ledger = |name: &str, cores| {
            let file = File::create_new(folder.path().join(name)).expect("writable");
            file.set_len(Ledger::bytes(cores) as u64).expect("writable");
            let file = File::options().read(true).write(true).open(folder.path().join(name));
            Ledger::in_file(file.expect("readable"), cores).expect("mapped")
        };
        ledger("100-2.ledger", 2).close();
        ledger("100-1.ledger", 1);
        ledger("20-1.ledger", 4);
        fs::write(folder.path().join("100.loaded"), "/usr/bin/python3").expect("writable");
        fs::write(folder.path().join("7-1.ledger"), "").expect("writable");
        fs::write(folder.path().join("x-1.ledger"), "").expect("writable");
        fs::write(folder.path().join("libnrt.so"), "").expect("writable");

        let report = Report::read(folder.path());
        let found: Vec<_> = report.ledgers.iter().map(|(id, ledger)| (*id, ledger.cores())).collect();
        assert_eq!(found, [((20, 1), 4), ((100, 1), 1), ((100, 2), 2)]);
        assert!(report.ledgers[&(100, 2)].is_closed() && !report.ledgers[&(100, 1)].is_closed());
        assert_eq!(
            report.programs.into_iter().collect::<Vec<_>>(),
            [(100, PathBuf::from("/usr/bin/python3"))]
        );
    }
}
