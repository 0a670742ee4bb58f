//! Fault plans that come with nrt-sim: each reproduces something that is publicly known.

use anyhow::Result;
use clap::Args;
use sim_core::fault::Plan;

/// A plan that comes with nrt-sim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scenario {
    /// What it is called.
    pub(crate) name: &'static str,
    /// The plan as TOML.
    pub(crate) text: &'static str,
}

/// A scenario by the name of its file.
macro_rules! scenario {
    ($name:literal) => {
        Scenario { name: $name, text: include_str!(concat!("../scenarios/", $name, ".toml")) }
    };
}

/// All of them, in the order in which a user may want to try them.
pub(crate) const ALL: [Scenario; 9] = [
    scenario!("backpressure-storm"),
    scenario!("one-bad-request"),
    scenario!("unrecoverable-unit"),
    scenario!("hang"),
    scenario!("nan-output"),
    scenario!("slow-unit"),
    scenario!("out-of-memory"),
    scenario!("late-events"),
    scenario!("dma-abort"),
];

impl Scenario {
    /// The scenario called `name`.
    ///
    /// # Errors
    /// The names that there are.
    pub(crate) fn named(name: &str) -> Result<Scenario, String> {
        let names = || ALL.map(|scenario| scenario.name).join(", ");
        ALL.into_iter()
            .find(|scenario| scenario.name == name)
            .ok_or_else(|| format!("must be one of {}", names()))
    }

    /// Its plan.
    pub(crate) fn plan(&self) -> Plan {
        Plan::parse(self.text).expect("the plans that come with nrt-sim are tested")
    }
}

const HELP: &str = "\
Examples:
  nrt-sim scenarios                                  all of them
  nrt-sim scenarios hang                             one of them, with its plan
  nrt-sim run --scenario hang -- ./app model.neff    a program that meets it";

/// Lists the fault plans that come with nrt-sim, or shows one.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Options {
    /// The scenario to show.
    #[arg(value_parser = Scenario::named)]
    name: Option<Scenario>,
}

/// Prints what was asked for, and returns the exit code.
pub(crate) fn scenarios(options: &Options) -> Result<u8> {
    match options.name {
        Some(scenario) => show(scenario),
        None => ALL.iter().for_each(list),
    }
    Ok(0)
}

fn list(scenario: &Scenario) {
    let plan = scenario.plan();
    let about = plan.scenario.as_ref().map_or("", |scenario| scenario.about.as_str());
    println!("{:<20} {about}", scenario.name);
}

fn show(scenario: Scenario) {
    let plan = scenario.plan();
    if let Some(told) = &plan.scenario {
        println!("{}\n\nReproduces:             {}", told.about, told.source);
        println!("A correct application:  {}", told.correct);
        for (name, value) in &told.environment {
            println!("Environment:            {name}={value}");
        }
        println!();
    }
    for rule in &plan.rules {
        println!("{}: {rule}", rule.name);
    }
    println!("\nThe plan, to be copied and changed:\n\n{}", scenario.text.trim_end());
}

#[cfg(test)]
mod tests {
    use super::{ALL, Scenario};

    #[test]
    fn every_scenario_tells_what_it_reproduces_and_must_fire() {
        for scenario in ALL {
            let plan = scenario.plan();
            let told = plan.scenario.unwrap_or_else(|| panic!("{} says nothing", scenario.name));
            assert!(told.source.contains("https://"), "{}: {}", scenario.name, told.source);
            assert!(!told.about.is_empty() && !told.correct.is_empty(), "{}", scenario.name);
            assert!(plan.rules.iter().all(|rule| rule.require_fired), "{}", scenario.name);
        }
    }

    #[test]
    fn every_file_of_the_folder_is_a_scenario() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
        for entry in std::fs::read_dir(folder).expect("it is there") {
            let name = entry.expect("readable").file_name().into_string().expect("plain");
            assert!(Scenario::named(name.trim_end_matches(".toml")).is_ok(), "{name} is not listed");
        }
    }
}
