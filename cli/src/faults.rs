//! `nrt-sim run --faults` and what belongs to it, and `nrt-sim faults`: plans checked and explained.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use sim_core::fault::Plan;
use sim_models::written::Written;

use crate::models::absolute_if_file;
use crate::scenarios::Scenario;
use crate::summary::RuleOutcome;

/// The flags of a run that have to do with faults.
#[derive(Debug, Clone, Args)]
#[group(skip)] // as in `machine`
pub(crate) struct Options {
    /// Faults to inject: the path of a plan in TOML, or its text (see docs/faults.md; `nrt-sim faults check` explains
    /// a plan).
    ///
    /// Sets NRT_SIM_FAULTS. Default: what that variable says, else none.
    #[arg(long, value_name = "PLAN", value_parser = plan_value, conflicts_with = "scenario")]
    faults: Option<String>,

    /// A plan that comes with nrt-sim and reproduces something known; `nrt-sim scenarios` lists them.
    ///
    /// Sets NRT_SIM_FAULTS, and the variables of the runtime that the scenario names.
    #[arg(long, value_name = "NAME", value_parser = Scenario::named)]
    scenario: Option<Scenario>,

    /// Fail, with exit code 125, if a rule never fired in a program that ended well. Without this flag that goes for
    /// rules with `require_fired = true`.
    #[arg(long)]
    require_fired: bool,

    /// Where to leave a line of JSON for each fault that fires; added to what is there.
    ///
    /// Sets NRT_SIM_JOURNAL.
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
}

impl Options {
    /// The variables that say it to the library.
    ///
    /// # Errors
    /// When the journal has no path.
    pub(crate) fn variables(&self) -> Result<Vec<(String, String)>> {
        let mut variables = Vec::new();
        let mut set = |name: &str, value: &str| variables.push((name.to_owned(), value.to_owned()));
        if let Some(plan) = &self.faults {
            set("NRT_SIM_FAULTS", plan);
        }
        if let Some(scenario) = &self.scenario {
            set("NRT_SIM_FAULTS", scenario.text);
            for (name, value) in scenario.plan().environment() {
                if std::env::var_os(name).is_none() {
                    set(name, value); // what the user has set comes first
                }
            }
        }
        if let Some(journal) = &self.journal {
            let path = std::path::absolute(journal).context("--journal")?;
            set("NRT_SIM_JOURNAL", path.to_str().context("--journal: the path is not UTF-8")?);
        }
        Ok(variables)
    }

    /// What is to be said of rules that never fired, and whether the run has failed for that.
    pub(crate) fn unfired(&self, outcomes: &[RuleOutcome]) -> (Vec<String>, bool) {
        let wanted = outcomes.iter().filter(|outcome| outcome.require_fired || self.require_fired);
        let mut lines: Vec<String> = wanted.filter_map(RuleOutcome::never_fired).collect();
        if self.require_fired && outcomes.is_empty() {
            lines
                .push("--require-fired, but no program with a fault plan has initialised the runtime".into());
        }
        let failed = !lines.is_empty();
        (lines, failed)
    }
}

const CHECK_HELP: &str = "\
Examples:
  nrt-sim faults check plan.toml
  nrt-sim faults check 'rule=[{unit=\"compute\",core=0,nth=3,status=1202}]'

Exit code: 0 if the plan can be used, 125 if not.";

/// Checks and explains fault plans.
#[derive(Debug, Args)]
pub(crate) struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Says in a sentence what each rule of a plan does, or what is wrong with the plan.
    #[command(after_help = CHECK_HELP)]
    Check {
        /// The path of a plan in TOML, or its text.
        #[arg(value_name = "PLAN")]
        plan: String,
    },
}

/// Does what the command says, and returns the exit code.
///
/// # Errors
/// What is wrong with the plan.
pub(crate) fn faults(command: &Command) -> Result<u8> {
    let What::Check { plan } = &command.what;
    let (plan, name) = read(plan).map_err(|wrong| anyhow!(wrong))?;
    if let Some(scenario) = &plan.scenario {
        println!(
            "{}\nReproduces {}\nA correct application: {}\n",
            scenario.about, scenario.source, scenario.correct
        );
    }
    let count = plan.rules.len();
    println!(
        "{name}: {count} rule{}; at each place the first that strikes decides",
        if count == 1 { "" } else { "s" }
    );
    for (rule, number) in plan.rules.iter().zip(1..) {
        println!("{number:>3}. {}: {rule}", rule.name);
    }
    Ok(0)
}

/// The plan that `value` names or is, and what to call it.
fn read(value: &str) -> Result<(Plan, String), String> {
    let written = Written::find(value).map_err(|error| {
        format!("{value:?} is neither a file nor the text of a plan, such as rule=[{{status=5}}]: {error}")
    })?;
    let name = written.file.map_or_else(|| "the plan".to_owned(), |file| file.display().to_string());
    match Plan::parse(&written.text) {
        Ok(plan) => Ok((plan, name)),
        Err(error) => Err(format!("{name} cannot be used:\n{error}")),
    }
}

/// Checks `--faults`, and makes a path absolute.
fn plan_value(value: &str) -> Result<String, String> {
    read(value)?;
    absolute_if_file(value)
}

#[cfg(test)]
mod tests {
    use super::plan_value;

    #[test]
    fn a_plan_is_a_file_or_its_text() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), "[[rule]]\nstatus = 5\n").expect("writable");
        let path = file.path().to_str().expect("UTF-8");
        assert!(plan_value(path).is_ok_and(|value| value.starts_with('/')));
        assert_eq!(plan_value("rule=[{status=5}]").as_deref(), Ok("rule=[{status=5}]"));
        let error = plan_value("no/such/plan.toml").expect_err("no such file");
        assert!(error.contains("cannot be read"), "{error}");
        let error = plan_value("rule=[{status=0}]").expect_err("no error");
        assert!(error.contains("cannot be used"), "{error}");
    }
}
