//! Programs that are right, with the checker on: it finds no error in them.

use std::fs;

use nrt_tests::program::{FINDINGS, Program, Way, text};
use nrt_tests::{build, neff};
use sim_check::kind::Class;
use sim_check::record::{Record, RecordSide};

/// The tests whose programs use the explicit API: in C, alone and with the sanitizers, in C++, Rust and Python, and those
/// in processes of their own. The others are about programs that are wrong, or use other interfaces.
const TESTS: [&str; 12] = [
    "clients",
    "collectives",
    "control",
    "control_examples",
    "determinism",
    "examples",
    "guide",
    "lifecycle",
    "pipeline",
    "statuses",
    "threads",
    "time",
];

/// Programs that make mistakes on purpose, with what is found and why they do.
const ON_PURPOSE: [(&str, &str, &str); 1] = [(
    "clients/sequence_rules.c",
    "SIM-QUEUE-WAR",
    "what counts there is which numbers two queues give, not what they do to the same tensor",
)];

/// Whether a side of `record` is in the source `file`.
fn is_in(record: &Record, file: &str) -> bool {
    let sides: [&Option<RecordSide>; 2] = [&record.first, &record.second];
    let frames = sides.into_iter().flatten().flat_map(|side| &side.stack);
    frames.filter_map(|frame| frame.file.as_deref()).any(|path| path.ends_with(file))
}

/// Runs all programs of [`TESTS`] once more, with the checker on; what the tests expect of them stays the same.
#[test]
fn no_error_is_found_in_the_programs_of_the_tests() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let findings = folder.path().join("findings.json");
    let mut cargo = build::again("test");
    // The whole workspace, so that what is built is what the tests were built from.
    cargo.args(["--workspace", "--no-fail-fast"]).args(TESTS.map(|test| format!("--test={test}")));
    let output = cargo.env(FINDINGS, &findings).output().expect("cargo is there, it runs the tests");
    assert!(output.status.success(), "with the checker on\n{}", text(&output));

    let lines = fs::read_to_string(&findings).expect("some of them do not close the runtime, which is told");
    let found: Vec<Record> = lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let is_known = |record: &Record| {
        ON_PURPOSE.iter().any(|(file, kind, _)| record.kind == *kind && is_in(record, file))
    };
    let wrong: Vec<_> =
        found.iter().filter(|record| record.class == Class::Error && !is_known(record)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (file, kind, _) in ON_PURPOSE {
        let is_found = found.iter().any(|record| record.kind == kind && is_in(record, file));
        assert!(is_found, "{file} does not make the mistake {kind} any more");
    }
}

#[test]
fn nothing_is_found_in_the_migrated_example() {
    let program = Program::compile("examples/migration/c/after.c", Way::Found);
    let neff = neff::write_small(program.folder());
    for wait in ["--wait=poll", "--wait=sequence", "--wait=event"] {
        let mut command = program.command();
        let output =
            command.args([wait, &neff]).env("NRT_SIM_CHECK", "report,poison").output().expect("compiled");
        let said = text(&output);
        assert!(output.status.success() && !said.contains("nrt-sim check"), "{wait}\n{said}");
    }
}

/// Knowledge that goes from thread to thread by queues, condition variables and eventfds.
#[test]
fn no_error_is_found_where_threads_tell_each_other() {
    let entries = fs::read_dir(build::root().join("tests/hazards/threads")).expect("it is there");
    for entry in entries {
        let name = entry.expect("readable").file_name().into_string().expect("plain");
        let program = Program::compile(&format!("tests/hazards/threads/{name}"), Way::Found);
        let file = program.folder().join("findings.json");
        let file = file.to_str().expect("plain");
        program.run_with(&[("NRT_SIM_CHECK", "report"), ("NRT_SIM_CHECK_JSON", file)]);
        let lines = fs::read_to_string(file).unwrap_or_default();
        let errors: Vec<Record> = lines
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .filter(|record: &Record| record.class == Class::Error)
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}
