//! The scenarios that come with nrt-sim: each fires, and the migrated example survives it as a correct application does.

use std::process::{Command, Output};

use nrt_tests::build;
use nrt_tests::neff;
use nrt_tests::program::{Program, Way, settle, text};
use tempfile::TempDir;

/// The migrated example with a model, and a folder in which its simulated machine is alone.
struct Stage {
    program: Program,
    neff: String,
    folder: TempDir,
}

impl Stage {
    fn new() -> Stage {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = Program::compile("examples/migration/c/after.c", Way::Preloaded);
        Stage { program, neff: neff::write_small(folder.path()), folder }
    }

    fn nrt_sim(&self, words: &[&str]) -> Command {
        let mut command = Command::new(build::products().join("nrt-sim"));
        settle(&mut command);
        command.args(words).env("XDG_RUNTIME_DIR", self.folder.path());
        command
    }

    /// Runs the example under these flags of `nrt-sim run`, waiting in this way.
    fn run(&self, flags: &[&str], wait: &str) -> Output {
        let mut command = self.nrt_sim(&["run"]);
        command.args(flags).arg("--").arg(self.program.path()).args([wait, &self.neff]);
        command.output().expect("nrt-sim is built")
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// `table` without the lines of `batches`.
fn without(table: &str, batches: &[usize]) -> String {
    let lines = table.split_inclusive('\n').enumerate();
    lines.filter(|(batch, _)| !batches.contains(batch)).map(|(_, line)| line).collect()
}

/// What becomes of the example.
struct Survival {
    scenario: &'static str,
    code: i32,
    /// The batches whose results it does not have.
    lost: &'static [usize],
    /// What it or the runtime says.
    says: &'static [&'static str],
}

const AFTER_THIRD: &[usize] = &[2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const ALL: &[usize] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

const SURVIVALS: [Survival; 9] = [
    Survival { scenario: "backpressure-storm", code: 0, lost: &[], says: &["QUEUE_FULL"] },
    Survival {
        scenario: "one-bad-request",
        code: 1,
        lost: &[4],
        says: &[
            "batch 4 (request number 5) failed: NRT_EXEC_COMPLETED_WITH_ERR (1004)",
            "Inference completed with err: 1004",
        ],
    },
    Survival {
        scenario: "unrecoverable-unit",
        code: 3,
        lost: AFTER_THIRD,
        says: &[
            "The compute unit of core 0 is lost.",
            "Uncorrectable memory error is detected, metadata: 0x16",
        ],
    },
    Survival {
        scenario: "hang",
        code: 3,
        lost: AFTER_THIRD,
        says: &[
            "batch 2 (request number 3) failed: NRT_TIMEOUT (5)",
            "(FATAL-RT-UNDEFINED-STATE) [ND 0][NC 0] execution timeout (30000 ms) on model mix, waiting for execution \
             completion notification",
        ],
    },
    Survival {
        scenario: "nan-output",
        code: 1,
        lost: &[3],
        says: &["batch 3 (request number 4) failed: NRT_EXEC_COMPLETED_WITH_NUM_ERR (1003)"],
    },
    Survival { scenario: "slow-unit", code: 0, lost: &[], says: &["simulated time at the last end: 3."] },
    Survival {
        scenario: "out-of-memory",
        code: 1,
        lost: ALL,
        says: &[
            "nrt_tensor_allocate: NRT_RESOURCE (4)",
            "Failed to allocate 0.000GB (alignment: none, usage: tensors) on ND 0:NC 0",
        ],
    },
    Survival { scenario: "late-events", code: 0, lost: &[], says: &[] },
    Survival {
        scenario: "dma-abort",
        code: 3,
        lost: AFTER_THIRD,
        says: &["NRT_EXEC_HW_ERR_DMA_ABORT (1203)", "[MLA 0][NC 0] DMA TX engine 0 is in an abort state"],
    },
];

#[test]
fn the_migrated_example_survives_each_scenario() {
    let stage = Stage::new();
    let healthy = stdout(&stage.run(&[], "--wait=event"));
    assert_eq!(healthy.lines().count(), 16, "{healthy}");
    for Survival { scenario, code, lost, says } in SURVIVALS {
        for wait in ["--wait=event", "--wait=poll", "--wait=sequence"] {
            let is_about_events = scenario == "late-events";
            if is_about_events && wait != "--wait=event" {
                continue; // nobody listens, so nothing fires
            }
            let output = stage.run(&["--scenario", scenario], wait);
            let said = text(&output);
            assert_eq!(output.status.code(), Some(code), "{scenario} {wait}\n{said}");
            assert_eq!(stdout(&output), without(&healthy, lost), "{scenario} {wait}\n{said}");
            for what in says {
                assert!(said.contains(what), "{scenario} {wait} did not say: {what}\n{said}");
            }
            assert!(!said.contains("never fired"), "{scenario} {wait}\n{said}");
            let reset = stage.nrt_sim(&["reset"]).output().expect("nrt-sim is built");
            assert!(reset.status.success(), "{}", text(&reset));
        }
    }
}

#[test]
fn every_scenario_is_survived_here() {
    let listed = Stage::new().nrt_sim(&["scenarios"]).output().expect("nrt-sim is built");
    let listed = stdout(&listed);
    let names: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, SURVIVALS.map(|survival| survival.scenario));
}

#[test]
fn what_a_fault_has_broken_stays_so_for_later_processes_until_the_reset() {
    let stage = Stage::new();
    let list = |words: &[&str]| stdout(&stage.nrt_sim(words).output().expect("nrt-sim is built"));
    assert_eq!(list(&["reset", "--list"]), "nothing is broken\n");
    let first = stage.run(&["--scenario", "dma-abort"], "--wait=poll");
    assert_eq!((first.status.code(), stdout(&first).lines().count()), (Some(3), 2), "{}", text(&first));
    let later = stage.run(&[], "--wait=poll");
    assert_eq!((later.status.code(), stdout(&later).as_str()), (Some(3), ""), "{}", text(&later));
    let other = stage.run(&["--instance", "inf2.xlarge"], "--wait=poll");
    assert_eq!(other.status.code(), Some(0), "another machine is whole: {}", text(&other));
    let listed = list(&["reset", "--list"]);
    assert!(listed.starts_with("trn1.2xlarge: compute 0 of core 0, broken by process "), "{listed}");
    assert!(list(&["reset"]).ends_with("trn1.2xlarge: whole again\n"));
    let whole = stage.run(&[], "--wait=poll");
    assert_eq!(whole.status.code(), Some(0), "{}", text(&whole));
}

#[test]
fn a_fault_that_never_fires_fails_a_run_that_asks_for_it_and_one_that_fires_is_in_the_journal() {
    let stage = Stage::new();
    let journal = stage.folder.path().join("journal.jsonl");
    let path = journal.to_str().expect("plain");
    let (third, hundredth) = (
        "rule=[{name='a',unit='compute',nth=3,status=1004}]",
        "rule=[{name='b',unit='compute',nth=100,status=1004}]",
    );
    let output = stage.run(&["--faults", hundredth, "--require-fired", "--journal", path], "--wait=poll");
    let said = text(&output);
    assert_eq!(output.status.code(), Some(125), "{said}");
    assert!(
        said.contains(
            "rule \"b\" never fired: it was for 16 requests or calls, and its trigger chose none (seed 0)"
        ),
        "{said}"
    );
    assert_eq!(std::fs::read_to_string(&journal).expect("made at init"), "");

    let output = stage.run(&["--faults", hundredth], "--wait=poll");
    assert_eq!(output.status.code(), Some(0), "nobody asked: {}", text(&output));

    let output =
        stage.run(&["--faults", third, "--require-fired", "--seed", "9", "--journal", path], "--wait=poll");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let lines = std::fs::read_to_string(&journal).expect("made at init");
    let entry: serde_json::Value = serde_json::from_str(lines.trim()).expect("one line of JSON");
    for (key, value) in [
        ("rule", "a".into()),
        ("place", "finish".into()),
        ("unit", "compute".into()),
        ("seq", "0x0001000000000003".into()),
        ("num", serde_json::Value::from(3)),
        ("status", 1004.into()),
        ("seed", 9.into()),
        ("operation", "execute".into()),
        ("model", "mix".into()),
    ] {
        assert_eq!(entry[key], value, "{key} of {entry}");
    }
}

#[test]
fn a_plan_that_cannot_be_used_stops_the_program_before_it_runs_without_its_faults() {
    let stage = Stage::new();
    let plan = stage.folder.path().join("plan.toml");
    std::fs::write(&plan, "[[rule]]\nunit = \"compute\"\nstatsu = 5\n").expect("writable");
    // Not through nrt-sim, which looks at the plan before: by the variable, as in CI.
    let mut command = stage.program.command();
    command.env("NRT_SIM_FAULTS", &plan).arg(&stage.neff);
    let output = command.output().expect("just compiled");
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let line = format!(
        "NRT_SIM_FAULTS: {}, line 3: rule 1: unknown key \"statsu\"; did you mean \"status\"?",
        plan.display()
    );
    assert!(said.contains(&line), "{said}");
    for unreadable in ["no/such/plan.toml", "."] {
        let mut command = stage.program.command();
        command.env("NRT_SIM_FAULTS", unreadable).arg(&stage.neff);
        let output = command.output().expect("just compiled");
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        assert!(
            text(&output).contains(&format!("NRT_SIM_FAULTS={unreadable} is not valid")),
            "{}",
            text(&output)
        );
    }
}
