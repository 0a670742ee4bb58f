//! The C programs once more, under valgrind: no access to memory that is not there or was never written,
//! in the program or in the library, and nothing lost.
//!
//! A program that valgrind would misjudge names an option in its first lines, and why.

use std::fs;

use nrt_tests::build;
use nrt_tests::program::{Program, Way, has};

/// Runs the programs of a folder below `tests/c` whose names `wanted` accepts.
fn is_clean(folder: &str, wanted: impl Fn(&str) -> bool) {
    if !has("valgrind") {
        return;
    }
    let folder = format!("tests/c/{folder}");
    let names = fs::read_dir(build::root().join(&folder))
        .expect("it is there")
        .map(|entry| entry.expect("readable").file_name().into_string().expect("plain"));
    let mut names: Vec<String> = names.filter(|name| !name.ends_with(".h") && wanted(name)).collect();
    names.sort();
    assert!(!names.is_empty(), "no program in {folder}");
    for name in names {
        Program::compile(&format!("{folder}/{name}"), Way::Valgrind).run();
    }
}

#[test]
fn memory_stays_clean_in_the_steps_of_the_guide() {
    is_clean("guide", |name| name.starts_with("step"));
}

#[test]
fn memory_stays_clean_in_the_checks_and_issues_of_the_guide() {
    is_clean("guide", |name| !name.starts_with("step"));
}

#[test]
fn memory_stays_clean_in_the_programs_of_clients_a_to_e() {
    is_clean("clients", |name| name < "f");
}

#[test]
fn memory_stays_clean_in_implicit_async_mode() {
    is_clean("implicit", |_| true);
}

/// Without `visible_cores`, whose nine runs differ in what `nrt_init` reads and take long.
#[test]
fn memory_stays_clean_in_the_programs_of_clients_f_to_z() {
    is_clean("clients", |name| name >= "f" && name != "visible_cores.c");
}
