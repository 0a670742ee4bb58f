//! The simulator keeps the contract, as every release, in every mode of time, on a small and a large machine.

use std::path::Path;
use std::process::Command;

use nrt_tests::{build, program};
use serde_json::Value;

/// Releases that differ, with all modes of time and both machines among them. All combinations take minutes.
const SETTINGS: [(&str, &str, &str); 4] = [
    ("2.28", "manual", "trn2.48xlarge"),
    ("2.29", "wall", "trn1.2xlarge"),
    ("2.30", "free", "trn2.48xlarge"),
    ("2.33", "manual", "trn1.2xlarge"),
];

/// Runs the suite on the simulator and returns what it printed, and what it wrote as JSON.
fn suite(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (String, Value) {
    let json = folder.join("report.json");
    let mut command = Command::new(build::build(&["nrt-conformance"]).join("nrt-conformance"));
    program::settle(&mut command);
    command.arg("--lib").arg(build::library()).arg("--json").arg(&json).args(arguments);
    let output = command.envs(variables.iter().copied()).output().expect("just built");
    let said = program::text(&output);
    assert_eq!(output.status.code(), Some(0), "{arguments:?} {variables:?}\n{said}");
    let report = std::fs::read_to_string(&json).expect("it was written");
    (said, serde_json::from_str(&report).expect("it is JSON"))
}

/// How many rules ended in this way.
fn count(report: &Value, end: &str) -> usize {
    let rules = report["rules"].as_array().expect("a list of rules");
    rules.iter().filter(|rule| rule["end"] == end).count()
}

#[test]
fn every_applicable_rule_holds() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (sdk, time, instance) in SETTINGS {
        let variables = [("NRT_SIM_TIME", time), ("NRT_SIM_INSTANCE", instance)];
        let (said, report) = suite(folder.path(), &["--quick", "--cases", "3", "--sdk", sdk], &variables);
        let passed = count(&report, "passed");
        assert!(passed >= 100, "{passed} passed with {sdk}, {time}, {instance}\n{said}");
        assert_eq!(report["sdk"], sdk, "{said}");
    }
}
