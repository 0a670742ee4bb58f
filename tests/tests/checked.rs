//! Programs that are right, with the checker on: it finds no error in them.

use std::fs;
use std::path::Path;

use nrt_tests::program::{Program, Way, text};
use nrt_tests::{build, neff};
use sim_check::kind::Class;
use sim_check::record::Record;

/// Programs that make mistakes on purpose, with what is found and why they do.
const ON_PURPOSE: [(&str, &[&str], &str); 1] = [(
    "sequence_rules.c",
    &["SIM-QUEUE-WAR"],
    "what counts there is which numbers two queues give, not what they do to the same tensor",
)];

/// The C programs of a folder.
fn sources(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(build::root().join(folder)).expect("it is there");
    let names = entries.map(|entry| entry.expect("readable").file_name().into_string().expect("plain"));
    let mut sources: Vec<String> =
        names.filter(|name| name.ends_with(".c")).map(|name| format!("{folder}/{name}")).collect();
    sources.sort();
    sources
}

/// The findings of `source` in all its runs.
fn findings(source: &str) -> Vec<Record> {
    let program = Program::compile(source, Way::Found);
    let file = program.folder().join("findings.json");
    program.run_with(&[("NRT_SIM_CHECK", "report"), ("NRT_SIM_CHECK_JSON", file.to_str().expect("plain"))]);
    let lines = fs::read_to_string(&file).unwrap_or_default();
    lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn no_error(folder: &str) {
    let mut wrong = String::new();
    for source in sources(folder) {
        let name = Path::new(&source).file_name().and_then(|name| name.to_str()).expect("plain");
        let known =
            ON_PURPOSE.iter().find(|(other, ..)| *other == name).map_or(&[][..], |(_, kinds, _)| kinds);
        let found = findings(&source);
        for record in found.iter().filter(|record| record.class == Class::Error) {
            if !known.contains(&&*record.kind) {
                wrong += &format!("{source}: {record:#?}\n");
            }
        }
        for kind in known.iter().filter(|kind| found.iter().all(|record| record.kind != **kind)) {
            wrong += &format!("{source} does not make the mistake {kind} any more\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn no_error_is_found_in_the_programs_of_the_guide() {
    no_error("tests/c/guide");
}

#[test]
fn no_error_is_found_in_the_clients() {
    no_error("tests/c/clients");
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

#[test]
fn no_error_is_found_in_programs_of_many_threads() {
    no_error("tests/hazards/threads");
    no_error("tests/c/threads");
}
