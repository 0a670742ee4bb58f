//! Programs with one planted mistake each, and their twins without: the checker finds the one, and nothing in the other.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

use nrt_tests::program::{self, Program, Way, directives, settle, text};
use nrt_tests::{build, neff};
use serde_json::Value;
use sim_check::kind::{Class, Kind};
use sim_check::record::Record;

/// The programs, by the name of their file.
fn programs() -> Vec<String> {
    let entries = fs::read_dir(build::root().join("tests/hazards")).expect("it is there");
    let names = entries.map(|entry| entry.expect("readable").file_name().into_string().expect("plain"));
    let mut names: Vec<String> =
        names.filter_map(|name| name.strip_suffix(".c").map(str::to_owned)).collect();
    names.sort();
    names
}

fn source(name: &str) -> String {
    format!("tests/hazards/{name}.c")
}

fn directive(name: &str, what: &str) -> Vec<String> {
    let values = directives(&build::root().join(source(name)), what);
    values.iter().flat_map(|value| value.split_whitespace().map(str::to_owned)).collect()
}

/// A command that runs `program` with the settings that `name` asks for and the checker on.
fn command(program: &Program, name: &str) -> Command {
    let neff = neff::write_small(program.folder());
    let mut command = program.command();
    command.arg(neff).env("NRT_SIM_CHECK", "report");
    for setting in directive(name, "with") {
        let (variable, value) = setting.split_once('=').expect("NAME=VALUE");
        command.env(variable, value);
    }
    command
}

/// What is found in `name`, with these macros.
fn found(name: &str, macros: &[&str]) -> (Vec<Record>, Output) {
    let program = Program::compile_with(&source(name), Way::Found, macros);
    let file = program.folder().join("findings.json");
    let output = command(&program, name).env("NRT_SIM_CHECK_JSON", &file).output().expect("just compiled");
    let lines = fs::read_to_string(&file).unwrap_or_default();
    (lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect(), output)
}

/// Each mistake is found with its kind and both sides, and no other error; in the twin nothing is.
fn check(class: Class) {
    let mut checked = 0;
    for name in programs() {
        let finds = directive(&name, "finds").join(" ");
        let (kind, sides) =
            finds.split_once(' ').unwrap_or_else(|| panic!("{name} does not say what it finds"));
        let sides = sides.split_once(" -> ").unwrap_or_else(|| panic!("{name}: {sides}"));
        let about =
            Kind::ALL.iter().find(|known| known.id() == kind).unwrap_or_else(|| panic!("{name}: {kind}"));
        if about.class() != class {
            continue;
        }
        checked += 1;
        let (records, output) = found(&name, &[]);
        let said = text(&output);
        assert!(output.status.success(), "{name}: {}\n{said}", output.status);
        let call = |side: &Option<sim_check::record::RecordSide>| {
            side.as_ref().map_or("-".to_owned(), |side| side.call.clone())
        };
        let planted: Vec<&Record> = records.iter().filter(|record| record.kind == kind).collect();
        assert_eq!(planted.len(), 1, "{name} finds {kind} once\n{said}");
        assert_eq!((&*call(&planted[0].first), &*call(&planted[0].second)), sides, "{name}\n{said}");
        for side in [&planted[0].first, &planted[0].second].into_iter().flatten() {
            let is_placed = side
                .stack
                .iter()
                .any(|frame| frame.file.as_ref().is_some_and(|file| file.contains("hazards")));
            let has_no_place = ["looks without news", "exit", "nrt_close"].contains(&&*side.call);
            assert!(is_placed || has_no_place, "{name} says where\n{said}");
        }
        let also = directive(&name, "also");
        let other = records.iter().find(|record| record.kind != kind && !also.contains(&record.kind));
        assert!(other.is_none(), "{name} finds {other:#?}");

        let (records, output) = found(&name, &["FIXED"]);
        let said = text(&output);
        assert!(output.status.success(), "{name}, fixed: {}\n{said}", output.status);
        assert!(records.is_empty() && !said.contains("nrt-sim check"), "{name}, fixed, is right\n{said}");
    }
    assert!(checked > 0);
}

#[test]
fn each_planted_error_is_found_and_nothing_in_its_twin() {
    check(Class::Error);
}

#[test]
fn each_planted_cause_for_a_warning_is_found_and_nothing_in_its_twin() {
    check(Class::Warning);
}

#[test]
fn each_planted_cause_for_advice_is_found_and_nothing_in_its_twin() {
    check(Class::Advice);
}

#[test]
fn there_is_a_program_for_each_kind() {
    let planted: BTreeSet<String> =
        programs().iter().map(|name| directive(name, "finds")[0].clone()).collect();
    let missing = Kind::ALL.iter().filter(|kind| **kind != Kind::Unmatched && !planted.contains(kind.id()));
    assert_eq!(missing.count(), 0, "{planted:?}");
    assert!(programs().len() >= 40);
}

/// Whether the device was fast, slow or idle does not matter: what counts is what the host has observed.
#[test]
fn a_stale_read_is_found_at_once_however_fast_the_device_is() {
    let program = Program::compile(&source("host_raw"), Way::Found);
    for time in ["free", "manual", "wall", "wall:0.001"] {
        for seed in ["1", "2", "3"] {
            let mut command = command(&program, "host_raw");
            let output =
                command.env("NRT_SIM_TIME", time).env("NRT_SIM_SEED", seed).output().expect("compiled");
            assert!(text(&output).contains("error SIM-HOST-RAW"), "{time} {seed}\n{}", text(&output));
        }
    }
}

/// `nrt-sim run` with these flags, of `program`.
fn nrt_sim(flags: &[&str], program: &Program) -> Output {
    let mut command = Command::new(build::products().join("nrt-sim"));
    settle(&mut command);
    command.args(["run", "--quiet"]).args(flags).arg("--").arg(program.path());
    command
        .arg(neff::write_small(program.folder()))
        .current_dir(program.folder())
        .output()
        .expect("it is built")
}

#[test]
fn a_run_fails_for_errors_if_that_is_wanted() {
    let (wrong, right) = (Program::compile(&source("host_raw"), Way::Found), &["FIXED"]);
    let right = Program::compile_with(&source("host_raw"), Way::Found, right);
    for (flags, program, code) in [
        (&["--check"][..], &wrong, Some(0)),
        (&["--check=fail"], &wrong, Some(125)),
        (&["--check=fail,poison"], &wrong, Some(125)),
        (&["--check=fail,poison"], &right, Some(0)),
        (&[], &wrong, Some(0)),
        (&["--check=abort"], &wrong, Some(128 + 6)),
        (&["--check=loud"], &right, Some(125)),
    ] {
        let output = nrt_sim(flags, program);
        assert_eq!(output.status.code(), code, "{flags:?}\n{}", text(&output));
    }
}

#[test]
fn suppressions_cover_what_they_name_and_those_for_nothing_are_told() {
    let program = Program::compile(&source("host_raw"), Way::Found);
    let suppress = |text: &str| nrt_sim(&["--check=fail", "--check-suppress", text], &program);
    let covered = "[[suppress]]\nkind='SIM-HOST-*'\ntensor='o*'\nframe='ma?n'\nreason='known'";
    let output = suppress(covered);
    assert!(output.status.success() && !text(&output).contains("SIM-HOST-RAW"), "{}", text(&output));
    let missed = "[[suppress]]\nkind='SIM-HOST-RAW'\ntensor='x'\nreason='of another tensor'";
    let output = suppress(missed);
    assert_eq!(output.status.code(), Some(125), "{}", text(&output));
    assert!(text(&output).contains("SIM-SUPPRESSION-UNUSED"), "{}", text(&output));
    assert!(text(&output).contains("of another tensor"), "{}", text(&output));
    let mistyped = "[[suppress]]\nkind='SIM-NONE'\nreason='x'";
    for (text, wrong) in
        [(mistyped, "suppression 1: no kind"), ("missing.toml", "cannot be read: No such file")]
    {
        let output = suppress(text);
        let said = program::text(&output);
        assert!(output.status.code() == Some(125) && said.contains(wrong), "{said}");
    }
    let mut command = command(&program, "host_raw");
    let output = command.env("NRT_SIM_CHECK_SUPPRESS", mistyped).output().expect("compiled");
    let said = text(&output);
    assert!(said.contains("NRT_SIM_CHECK_SUPPRESS: suppression 1: no kind"), "{said}");
}

#[test]
fn findings_are_left_as_lines_of_json_and_as_sarif() {
    let program = Program::compile(&source("queue_raw"), Way::Found);
    let flags = ["--check", "--check-json", "found.json", "--check-sarif", "found.sarif"];
    assert!(nrt_sim(&flags, &program).status.success());
    let read = |name: &str| fs::read_to_string(program.folder().join(name)).expect("it was written");
    let lines = read("found.json");
    let record: Record = serde_json::from_str(lines.lines().next().expect("a line")).expect("a record");
    assert_eq!((record.kind.as_str(), record.class), ("SIM-QUEUE-RAW", Class::Error));
    let first = record.first.expect("two sides");
    assert_eq!((first.unit.as_deref(), first.core, first.queue), (Some("compute"), Some(0), Some(0)));
    assert_eq!((first.memory.as_deref(), first.bytes), (Some("tensor \"out\""), Some([0, 64])));
    assert_eq!(first.sequence.as_deref(), Some("0x0001000000000001"));
    let sarif: Value = serde_json::from_str(&read("found.sarif")).expect("JSON");
    assert_eq!(sarif["version"], "2.1.0");
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!((&result["ruleId"], &result["level"]), (&"SIM-QUEUE-RAW".into(), &"error".into()));
    let place = &result["locations"][0]["physicalLocation"];
    assert!(
        place["artifactLocation"]["uri"].as_str().expect("a file").ends_with("queue_raw.c"),
        "{result:#}"
    );
    assert!(place["region"]["startLine"].as_u64().expect("a line") > 1);
    assert_eq!(result["stacks"].as_array().map(Vec::len), Some(2));
}

/// The same place a thousand times is one finding with a count.
#[test]
fn what_is_found_again_is_counted() {
    let (_, output) = found("host_war", &[]);
    let said = text(&output);
    assert_eq!(said.matches("error SIM-HOST-WAR").count(), 1, "{said}");
    assert!(said.contains("1 errors, 0 warnings, 0 pieces of advice; 2 more of the same"), "{said}");
}

#[test]
fn poison_shows_where_a_program_is_wrong_and_only_there() {
    Program::compile("tests/hazards/poison/poison.c", Way::Found).run();
}
