//! `nrt-sim faults`, `scenarios` and `reset`, and the flags of a run that have to do with faults, as far as they need no
//! library.

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

fn nrt_sim(words: &[&str], folder: &TempDir) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nrt-sim"));
    command.args(words).env("XDG_RUNTIME_DIR", folder.path()).env_remove("NRT_SIM_FAULTS");
    command.output().expect("it is built")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn a_plan_is_explained_rule_by_rule() {
    let folder = folder();
    let plan = folder.path().join("plan.toml");
    fs::write(&plan, "[[rule]]\nname = 'slow'\nslow = 2\n[[rule]]\nplace = 'load'\nfirst = 1\nstatus = 4\n")
        .expect("writable");
    let output = nrt_sim(&["faults", "check", plan.to_str().expect("UTF-8")], &folder);
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("plan.toml: 2 rules; at each place the first that strikes decides"), "{said}");
    assert!(said.contains("  1. slow: Every request takes 2 times as long."), "{said}");
    assert!(said.contains("fails with NRT_RESOURCE (4)."), "{said}");
}

#[test]
fn everything_that_is_wrong_with_a_plan_is_told_with_its_line() {
    let folder = folder();
    let plan = folder.path().join("plan.toml");
    fs::write(&plan, "[[rule]]\nstatsu = 5\n\n[[rule]]\nunit = 'computer'\nhang = true\n").expect("writable");
    let path = plan.to_str().expect("UTF-8");
    for words in [&["faults", "check", path][..], &["run", "--faults", path, "--", "true"]] {
        let output = nrt_sim(words, &folder);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(125), "{said}");
        for problem in [
            "line 2: rule 1: unknown key \"statsu\"; did you mean \"status\"?",
            "line 5: rule 2:",
            "did you mean \"compute\"?",
        ] {
            assert!(said.contains(problem), "{words:?} does not say {problem}\n{said}");
        }
    }
}

#[test]
fn what_is_no_plan_is_told_apart_from_what_cannot_be_read() {
    let folder = folder();
    for (plan, what) in [
        ("no/such.toml", "neither a file nor the text of a plan"),
        ("rule = 5", "cannot be used"),
        (".", "not a regular file"),
    ] {
        let output = nrt_sim(&["faults", "check", plan], &folder);
        assert_eq!(output.status.code(), Some(125), "{plan}");
        assert!(said(&output).contains(what), "{plan}: {}", said(&output));
    }
    assert_eq!(nrt_sim(&["faults"], &folder).status.code(), Some(125));
}

#[test]
fn scenarios_are_listed_and_shown_and_no_others_are_known() {
    let folder = folder();
    let list = said(&nrt_sim(&["scenarios"], &folder));
    assert!(list.lines().count() >= 8 && list.contains("dma-abort"), "{list}");
    let shown = said(&nrt_sim(&["scenarios", "dma-abort"], &folder));
    for part in ["Reproduces:", "https://", "A correct application:", "persist = true", "later processes"] {
        assert!(shown.contains(part), "{part} is missing\n{shown}");
    }
    for words in [&["scenarios", "dma-abrt"][..], &["run", "--scenario", "dma-abrt", "--", "true"]] {
        let output = nrt_sim(words, &folder);
        assert_eq!(output.status.code(), Some(125));
        assert!(said(&output).contains("must be one of backpressure-storm, "), "{}", said(&output));
    }
    let both =
        nrt_sim(&["run", "--scenario", "hang", "--faults", "rule=[{status=5}]", "--", "true"], &folder);
    assert!(said(&both).contains("cannot be used with"), "{}", said(&both));
}

#[test]
fn a_reset_tells_what_was_broken_even_where_the_note_is_damaged() {
    let folder = folder();
    assert_eq!(said(&nrt_sim(&["reset"], &folder)), "nothing is broken\n");
    let notes =
        fs::read_dir(folder.path()).expect("ours").next().expect("made by the command").expect("readable");
    let note = notes.path().join("broken-trn1.2xlarge.toml");
    fs::write(&note, "[[rule]\n").expect("writable");
    let listed = said(&nrt_sim(&["reset", "--list"], &folder));
    assert!(listed.contains("trn1.2xlarge: ") && listed.contains("is damaged") && note.exists(), "{listed}");
    let reset = said(&nrt_sim(&["reset"], &folder));
    assert!(reset.ends_with("trn1.2xlarge: whole again\n") && !note.exists(), "{reset}");
}

#[test]
fn a_run_that_must_have_faults_and_has_no_plan_has_failed() {
    let folder = folder();
    let maps = fs::read_to_string("/proc/self/maps").expect("Linux has it");
    let library = maps.lines().filter_map(|line| line.find('/').map(|at| &line[at..]));
    let library = { library }.find(|path| path.ends_with("libc.so.6")).expect("tests are linked dynamically");
    let output = nrt_sim(&["run", "--lib", library, "--require-fired", "--", "true"], &folder);
    assert_eq!(output.status.code(), Some(125), "{}", said(&output));
    assert!(
        said(&output).contains("no program with a fault plan has initialised the runtime"),
        "{}",
        said(&output)
    );
}
