//! `nrt-sim check-migration` passes programs that are migrated, and says of each half-migrated one what is left to do.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nrt_tests::program::{settle, text};
use nrt_tests::{build, neff};
use serde_json::Value;
use tempfile::TempDir;

/// A compiled program and a model for it.
struct Subject {
    folder: TempDir,
    program: PathBuf,
    neff: String,
}

impl Subject {
    /// The program of the migration example.
    fn example(name: &str) -> Subject {
        Subject::compile(&format!("examples/migration/c/{name}.c"), &[])
    }

    /// The half-migrated program that leaves these things undone.
    fn half(macros: &[&str]) -> Subject {
        Subject::compile("tests/migration/half.c", macros)
    }

    fn compile(source: &str, macros: &[&str]) -> Subject {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = folder.path().join("program");
        let root = build::root();
        let mut compile = Command::new("cc");
        compile.args(["-std=gnu11", "-g", "-O1", "-Wall", "-Werror", "-Wno-unused-function"]);
        compile.args(macros.iter().map(|name| format!("-D{name}")));
        for include in ["include", "examples/migration/c"] {
            compile.arg("-I").arg(root.join(include));
        }
        compile.arg(root.join(source)).arg("-o").arg(&program).arg("-L").arg(build::products()).arg("-lnrt");
        let output = compile.output().expect("a C compiler");
        assert!(output.status.success(), "{compile:?}\n{}", text(&output));
        let neff = neff::write_small(folder.path());
        Subject { folder, program, neff }
    }

    fn path(&self) -> &str {
        self.program.to_str().expect("UTF-8")
    }

    /// What `nrt-sim check-migration --json` says of it, and its exit code.
    fn check(&self, flags: &[&str]) -> Checked {
        Checked::read(&check(&[&["--json"], flags, &["--", self.path(), &self.neff]].concat()))
    }
}

fn check(words: &[&str]) -> Output {
    let mut command = Command::new(build::products().join("nrt-sim"));
    settle(&mut command);
    command.arg("check-migration").args(["--seeds", "2"]).args(words).output().expect("it is built")
}

struct Checked {
    code: Option<i32>,
    report: Value,
}

impl Checked {
    fn read(output: &Output) -> Checked {
        let report = serde_json::from_slice(&output.stdout);
        let report = report.unwrap_or_else(|error| panic!("{error}: {}", text(output)));
        Checked { code: output.status.code(), report }
    }

    fn line(&self, id: &str) -> &Value {
        let lines = self.report["checklist"].as_array().expect("a list");
        lines.iter().find(|line| line["id"] == id).unwrap_or_else(|| panic!("no line {id}"))
    }

    #[track_caller]
    fn assert(&self, id: &str, verdict: &str, evidence: &str) {
        let line = self.line(id);
        let said = line["evidence"].as_str().expect("text");
        assert!(line["verdict"] == verdict && said.contains(evidence), "{id}: {line:#}\n{:#}", self.report);
    }

    /// All lines hold.
    #[track_caller]
    fn assert_passed(&self) {
        let lines = self.report["checklist"].as_array().expect("a list");
        let left: Vec<_> = lines.iter().filter(|line| line["verdict"] != "PASS").collect();
        assert!(left.is_empty() && self.code == Some(0), "{left:#?}");
    }
}

/// The half-migrated program fails at the line `id`, which says `evidence`.
#[track_caller]
fn assert_fails(macros: &[&str], id: &str, evidence: &str) -> Checked {
    let checked = Subject::half(macros).check(&["--timeout", "20s"]);
    checked.assert(id, "FAIL", evidence);
    assert_eq!(checked.code, Some(1));
    checked
}

#[test]
fn the_migrated_example_passes_and_is_the_same_as_before() {
    let (after, before) = (Subject::example("after"), Subject::example("before"));
    let page = after.folder.path().join("report.html");
    let before = format!("{} {}", before.path(), after.neff);
    let checked = after.check(&["--before", &before, "--html", page.to_str().expect("UTF-8")]);
    checked.assert_passed();
    checked.assert("completion", "PASS", "16 by event");
    checked.assert("status", "PASS", "failed: NRT_FAILURE (1)");
    checked.assert("before", "PASS", "the same text");
    assert_is_self_contained(&page);
}

fn assert_is_self_contained(page: &Path) {
    let page = std::fs::read_to_string(page).expect("it was written");
    for part in ["<svg", "compute 0, core 0", "lost unit", "nrt-sim run --seed 1 --time free --shuffle"] {
        assert!(page.contains(part), "{part}");
    }
    for outside in ["http:", "https:", "<script", "src=", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn a_program_that_polls_is_tried_in_manual_time() {
    let checked = Subject::half(&[]).check(&[]);
    checked.assert_passed();
    checked.assert("completion", "PASS", "16 by polling");
    let runs = checked.report["runs"].as_array().expect("a list");
    let orders = runs.iter().filter(|run| run["flags"] == format!("--seed {} --time manual --shuffle", 1));
    assert_eq!(orders.count(), 1, "{runs:#?}");
}

#[test]
fn the_variable_may_be_set_by_the_program_or_around_it() {
    assert_fails(&["VARIABLE_SET"], "variable-unset", "the program, or what starts it, has set");
    let subject = Subject::half(&[]);
    let mut command = Command::new(build::products().join("nrt-sim"));
    settle(&mut command);
    command.env("NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS", "3");
    command.args(["check-migration", "--json", "--seeds", "0", "--", subject.path(), &subject.neff]);
    let checked = Checked::read(&command.output().expect("it is built"));
    checked.assert("variable-unset", "FAIL", "=3 is in the environment");
    checked.assert("schedule", "FAIL", "NRT_FAILURE (1)");
}

#[test]
fn runs_that_block_are_not_migrated() {
    let checked = assert_fails(&["RUNS_BLOCKING"], "explicit-only", "nrt_execute was called 16 times");
    checked.assert("completion", "UNKNOWN", "no request");
}

#[test]
fn completions_that_nobody_asks_for_are_told() {
    let checked =
        assert_fails(&["NO_COMPLETION"], "completion", "nobody asked for the completion of 8 requests");
    checked.assert("data", "FAIL", "SIM-HOST-");
}

#[test]
fn statuses_that_nobody_looks_at_are_told() {
    let checked = assert_fails(&["STATUS_IGNORED"], "status", "SIM-RESULT-FAILED");
    checked.assert("data", "PASS", "");
}

#[test]
fn reads_before_the_completion_are_told_and_change_the_outputs() {
    let checked = assert_fails(&["READS_EARLY"], "data", "SIM-HOST-RAW");
    checked.assert("order", "FAIL", "");
}

#[test]
fn findings_that_are_known_are_left_out_and_suppressions_for_nothing_are_told() {
    let subject = Subject::half(&["READS_EARLY"]);
    let file = subject.folder.path().join("known.toml");
    let suppressions = "[[suppress]]\nkind = 'SIM-HOST-RAW'\nframe = 'print_outputs'\nreason = 'known'\n\
                        [[suppress]]\nkind = 'SIM-LEAK-CLOSE'\nreason = 'there is none'\n";
    std::fs::write(&file, suppressions).expect("writable");
    let words =
        ["--check-suppress", file.to_str().expect("UTF-8"), "--json", "--", subject.path(), &subject.neff];
    let output = check(&words);
    let checked = Checked::read(&output);
    checked.assert("data", "PASS", "");
    let said = String::from_utf8_lossy(&output.stderr);
    let told =
        "nrt-sim: in no run is there a finding for suppression 2, for SIM-LEAK-CLOSE (there is none)\n";
    assert_eq!(said, told);
}

/// A read that nothing orders after the run it wants to see: which is first is the seed's, and so are the outputs.
#[test]
fn an_order_that_fails_is_repeated_by_its_seed() {
    let subject = Subject::half(&["READS_QUEUED"]);
    subject.check(&[]).assert("data", "FAIL", "SIM-QUEUE-RAW");
    let run = |seed: &str| {
        let mut command = Command::new(build::products().join("nrt-sim"));
        settle(&mut command);
        command.args(["run", "--quiet", "--shuffle", "--time", "manual", "--seed", seed, "--"]);
        let output = command.args([subject.path(), &subject.neff]).output().expect("it is built");
        assert!(output.status.success(), "{}", text(&output));
        output.stdout
    };
    let outputs = ["1", "2", "3"].map(|seed| (run(seed), run(seed)));
    assert!(outputs.iter().all(|(one, again)| one == again), "a seed is an order");
    assert!(outputs.iter().any(|(one, _)| *one != outputs[0].0), "seeds are different orders");
}

#[test]
fn a_status_for_all_requests_is_told() {
    assert_fails(&["STATUS_SHARED"], "lifetime", "SIM-STATUS-SHARED");
}

#[test]
fn a_full_queue_that_is_tried_again_at_once_is_told() {
    assert_fails(&["SPINS"], "backpressure", "SIM-FULL-SPIN");
}

#[test]
fn requests_that_a_full_queue_makes_a_program_forget_are_told() {
    assert_fails(&["DROPS"], "backpressure", "");
}

#[test]
fn an_eventfd_that_is_closed_early_is_told() {
    assert_fails(&["EVENT_CLOSED"], "lifetime", "SIM-EVENT-CLOSED");
}

#[test]
fn a_lost_unit_that_is_not_noticed_is_told() {
    let checked = Subject::half(&["UNIT_IGNORED"]).check(&["--timeout", "5s"]);
    checked.assert("dead-unit", "FAIL", "");
    // At the deadline, or before for all that is logged.
    checked.assert("ends", "FAIL", "was stopped");
    assert_eq!((checked.code, &checked.line("ends")["run"]), (Some(1), &"lost unit".into()));
}

#[test]
fn what_a_program_leaves_behind_is_stopped_and_told() {
    let checked = Subject::half(&["FORKS"]).check(&[]);
    let runs = checked.report["runs"].as_array().expect("a list");
    assert!(runs.iter().all(|run| run["processes_left"] == 1), "{runs:#?}");
}

#[test]
fn a_crash_is_told_at_once() {
    let checked = assert_fails(&["CRASHES"], "ends", "died of signal 6 (SIGABRT)");
    assert_eq!(checked.report["runs"].as_array().map(Vec::len), Some(1), "it would crash each time");
}

#[test]
fn a_program_that_writes_for_ever_is_stopped() {
    assert_fails(&["FLOODS"], "ends", "wrote more than 64 MiB");
}

/// Programs that never come to the device: what is said of their run.
#[test]
fn programs_that_do_nothing_with_the_device_are_told() {
    for (words, verdict, evidence, saw) in [
        (
            &["sh", "-c", "cat; exit 0"][..],
            "UNKNOWN",
            "none initialised the runtime",
            "nrt_init was never called",
        ),
        (&["sh", "-c", "read line || exit 9"], "UNKNOWN", "none initialised the runtime", "exit code 9"),
        (&["sleep", "1000"], "FAIL", "did not end by the deadline", "was stopped"),
        (&["./no-such-program"], "FAIL", "was not started", "was not started"),
    ] {
        let output = check(&[&["--timeout", "1s", "--json", "--"], words].concat());
        let checked = Checked::read(&output);
        checked.assert("ends", verdict, evidence);
        checked.assert("variable-unset", "UNKNOWN", "no run came to nrt_init");
        let said = text(&check(&[&["--timeout", "1s", "--"], words].concat()));
        assert!(said.contains(saw), "{said}");
    }
}
