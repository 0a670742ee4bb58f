//! The migration example: before and after, in each language, is the same work with the same results.

use std::process::{Command, Output};

use nrt_tests::program::{Program, Way, has, settle, text};
use nrt_tests::{build, neff};
use tempfile::TempDir;

/// How a migrated program can wait.
const WAITS: [&str; 3] = ["--wait=poll", "--wait=sequence", "--wait=event"];
/// The plan of the examples' READMEs: the third run takes the unit down.
const PLAN: &str = "rule=[{unit=\"compute\",core=0,nth=3,status=1202}]";

fn c(name: &str) -> Program {
    Program::compile(&format!("examples/migration/c/{name}.c"), Way::Found)
}

/// A migrated program: how to start it.
type After = Box<dyn Fn() -> Command>;

/// The migrated programs by language; Python only where it is installed.
fn migrated() -> Vec<(&'static str, After)> {
    let after = c("after");
    let mut programs: Vec<(&str, After)> = vec![("C", Box::new(move || after.command()))];
    let rust = build::build(&["migration-example"]).join("migration-example");
    programs.push(("Rust", Box::new(move || on_the_library(Command::new(&rust)))));
    if has("python3") && python_has_eventfd() {
        let script = build::root().join("examples/migration/python/after.py");
        let python = move || {
            let mut python = on_the_library(Command::new("python3"));
            python.arg("-B").arg(&script);
            python
        };
        programs.push(("Python", Box::new(python)));
    }
    programs
}

fn python_has_eventfd() -> bool {
    let old = Command::new("python3").args(["-c", "import os; os.eventfd"]).output();
    let found = old.expect("it was found").status.success();
    if !found {
        eprintln!("skipped: python3 is older than 3.10");
    }
    found
}

fn on_the_library(mut command: Command) -> Command {
    settle(&mut command);
    command.env("LD_LIBRARY_PATH", build::products());
    command
}

fn ends_with(code: i32, mut command: Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert_eq!(output.status.code(), Some(code), "{command:?}: {}\n{}", output.status, text(&output));
    output
}

/// What a program prints that does all its work: a line for each batch.
fn table(output: &Output) -> String {
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    let is_table =
        table.lines().enumerate().all(|(batch, line)| line.starts_with(&format!("batch {batch:4} ")));
    assert!(is_table && !table.is_empty(), "not a table:\n{table}");
    table
}

/// The table of the program before its migration.
fn reference(neff: &str) -> String {
    let before = c("before");
    let mut command = before.command();
    command.env("NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS", "3").arg(neff);
    let table = table(&ends_with(0, command));
    assert_eq!(table.lines().count(), 16, "{table}");
    table
}

fn model() -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let neff = neff::write_small(folder.path());
    (folder, neff)
}

#[test]
fn every_migrated_program_prints_the_results_of_the_one_before() {
    let (_folder, neff) = model();
    let wanted = reference(&neff);
    for (language, after) in migrated() {
        for wait in WAITS {
            let mut command = after();
            command.args([wait, &neff]);
            assert_eq!(table(&ends_with(0, command)), wanted, "{language} {wait}");
        }
    }
}

#[test]
fn the_program_before_prints_the_same_without_its_variable() {
    let (_folder, neff) = model();
    let before = c("before");
    let mut command = before.command();
    command.arg(&neff);
    assert_eq!(table(&ends_with(0, command)), reference(&neff));
}

/// Runs that take their time, so that some are under way while the program goes on.
const SLOW: &str = "model=[{time='20ms'}]";

#[test]
fn the_program_before_prints_the_same_in_every_mode_of_time_and_release() {
    let (_folder, neff) = model();
    let (before, wanted) = (c("before"), reference(&neff));
    // From 2.31 on the variable has no effect.
    for (mode, sdk) in [("free", "2.29"), ("manual", "2.30"), ("wall:0.05", "2.30"), ("manual", "2.31")] {
        let mut command = before.command();
        command.env("NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS", "3").env("NRT_SIM_MODELS", SLOW);
        command.env("NRT_SIM_TIME", mode).env("NRT_SIM_SDK", sdk).arg(&neff);
        assert_eq!(table(&ends_with(0, command)), wanted, "{mode} {sdk}");
    }
}

/// The two batches that are queued behind the fault when it is told of cannot be told apart from it.
#[test]
fn the_program_before_learns_of_a_failure_at_the_call_that_blocks_next() {
    let (_folder, neff) = model();
    let before = c("before");
    let mut command = before.command();
    command.env("NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS", "3").env("NRT_SIM_MODELS", SLOW);
    command.env("NRT_SIM_TIME", "manual").env("NRT_SIM_FAULTS", PLAN).arg(&neff);
    let output = ends_with(1, command);
    assert_eq!(table(&output), reference(&neff).split_inclusive('\n').take(2).collect::<String>());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("nrt_tensor_read at batch 2: NRT_EXEC_HW_ERR_NC_UE (1202)"), "{said}");
}

#[test]
fn every_migrated_program_that_loses_its_unit_says_so_and_ends_with_3() {
    let (_folder, neff) = model();
    let reference = reference(&neff);
    for (language, after) in migrated() {
        for wait in WAITS {
            let mut command = after();
            command.args([wait, &neff]).env("NRT_SIM_FAULTS", PLAN);
            let output = ends_with(3, command);
            let done: String = reference.split_inclusive('\n').take(2).collect();
            assert_eq!(table(&output), done, "{language} {wait}: the batches before the fault");
            let said = String::from_utf8_lossy(&output.stderr);
            for sentence in [
                "batch 2 (request number 3) failed:",
                "The compute unit of core 0 is lost. Requests that failed by themselves: 1;",
                "Restart this program: only a fresh runtime brings the unit back.",
            ] {
                assert!(said.contains(sentence), "{language} {wait} did not say: {sentence}\n{said}");
            }
        }
    }
}
