//! `nrt-sim run --check`: what is checked of the program, and what becomes of the findings.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use sim_check::kind::Class;
use sim_check::record::Record;
use sim_check::sarif;
use sim_check::suppress::Suppressions;

use crate::machine::variable;
use crate::models::absolute_if_file;
use crate::note;

/// The words of `--check`, as the library reads them.
const WORDS: [&str; 4] = ["report", "fail", "abort", "poison"];
/// The file in the folder for reports.
const FINDINGS: &str = "findings";

/// The flags of a run that have to do with the checker.
#[derive(Debug, Clone, Args)]
#[group(skip)] // as in `machine`
pub(crate) struct Options {
    /// Find the hazards of the program: what it does without having observed a completion (docs/hazards.md). One or more
    /// words with commas between them. `report`: say what was found; `fail`: exit code 125 if an error was; `abort`: the
    /// program ends at the first error; `poison`: outputs that are not there yet, and freed tensors, hold a pattern.
    ///
    /// Sets NRT_SIM_CHECK. Without a word: report.
    #[arg(long, value_name = "WORDS", num_args = 0..=1, require_equals = true, default_missing_value = "report",
          value_parser = words)]
    check: Option<String>,

    /// Where to leave a line of JSON for each finding; added to what is there.
    ///
    /// Sets NRT_SIM_CHECK_JSON.
    #[arg(long, value_name = "FILE", requires = "check")]
    check_json: Option<PathBuf>,

    /// Where to leave the findings as SARIF, for code review.
    #[arg(long, value_name = "FILE", requires = "check")]
    check_sarif: Option<PathBuf>,

    /// Findings that are known, each with a reason: the path of a TOML file, or its text.
    ///
    /// Sets NRT_SIM_CHECK_SUPPRESS.
    #[arg(long, value_name = "FILE", requires = "check", value_parser = suppressions)]
    check_suppress: Option<String>,
}

/// Checks suppressions, and makes a path absolute.
pub(crate) fn suppressions(value: &str) -> Result<String, String> {
    let path = Path::new(value);
    // A text has its keys in it; what has not is the path of a file.
    let text = if path.is_file() || !value.contains('=') {
        fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?
    } else {
        value.to_owned()
    };
    Suppressions::parse(&text)?;
    absolute_if_file(value)
}

impl Options {
    /// The variables that say it to the library.
    ///
    /// # Errors
    /// When the file for JSON has no path.
    pub(crate) fn variables(&self) -> Result<Vec<(&'static str, String)>> {
        let mut variables = Vec::new();
        variables.extend(self.check.iter().map(|words| ("NRT_SIM_CHECK", words.clone())));
        let suppressions = self.check_suppress.as_ref();
        variables.extend(suppressions.map(|text| ("NRT_SIM_CHECK_SUPPRESS", text.clone())));
        if let Some(json) = &self.check_json {
            let path = std::path::absolute(json).context("--check-json")?;
            let path = path.to_str().context("--check-json: the path is not UTF-8")?;
            variables.push(("NRT_SIM_CHECK_JSON", path.to_owned()));
        }
        Ok(variables)
    }

    /// Does with the findings in the folder `reports` what is wanted; whether the run has failed for them.
    ///
    /// # Errors
    /// When the file for SARIF cannot be written.
    pub(crate) fn conclude(&self, reports: &Path) -> Result<bool> {
        let lines = fs::read_to_string(reports.join(FINDINGS)).unwrap_or_default();
        if let Some(path) = &self.check_sarif {
            let text = serde_json::to_string_pretty(&sarif::of_lines(&lines))?;
            fs::write(path, text).with_context(|| format!("--check-sarif {}", path.display()))?;
        }
        let wish = self.check.clone().or_else(|| variable("NRT_SIM_CHECK")).unwrap_or_default();
        let records = lines.lines().filter_map(|line| serde_json::from_str::<Record>(line).ok());
        let errors = records.filter(|record| record.class == Class::Error).count();
        let has_failed = errors > 0 && wish.split(',').any(|word| word.trim() == "fail");
        if has_failed {
            note(&format!("--check=fail, and {errors} different errors were found"));
        }
        Ok(has_failed)
    }
}

/// Checks `--check`, as the library will read it.
fn words(text: &str) -> Result<String, String> {
    match text.split(',').find(|word| !WORDS.contains(&word.trim())) {
        None => Ok(text.to_owned()),
        Some(word) => Err(format!("{word:?} is none of {}", WORDS.join(", "))),
    }
}
