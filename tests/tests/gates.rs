//! The repository's gates that are commands of cargo or scripts: each must end well.

use std::process::Command;

use nrt_tests::build;
use nrt_tests::program::{has, text};

/// Where `sim-core` has its loom tests: what selects them in `cargo test`.
const LOOM_TESTS: [&str; 2] = ["--lib", "loom_tests"];

/// Runs `command` and returns what it printed.
fn passes(mut command: Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = text(&output);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    said
}

#[test]
fn the_code_is_formatted() {
    let mut fmt = build::cargo("fmt", build::target());
    fmt.args(["--all", "--check"]);
    passes(fmt);
}

#[test]
fn clippy_finds_nothing() {
    let mut clippy = build::cargo("clippy", build::target());
    clippy.args(["--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]);
    passes(clippy);
}

#[test]
fn the_documentation_builds_without_warnings() {
    let mut doc = build::cargo("doc", build::target());
    doc.args(["--workspace", "--no-deps", "--document-private-items", "--locked"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    passes(doc);
}

/// In a target folder of its own: other flags for the compiler would have everything built anew.
#[test]
fn loom_finds_no_race() {
    let mut loom = build::cargo("test", &build::target().join("loom"));
    loom.args(["--package", "sim-core", "--profile", "loom", "--locked"]).args(LOOM_TESTS);
    loom.env("RUSTFLAGS", "--cfg loom");
    let said = passes(loom);
    assert!(!said.contains("running 0 tests"), "{LOOM_TESTS:?} selects no test\n{said}");
}

#[test]
fn the_abi_agrees_with_the_specification() {
    let Some(specification) = build::specification() else { return };
    if ["python3", "readelf", "gcc"].iter().any(|tool| !has(tool)) {
        return;
    }
    let mut check = Command::new("python3");
    check.arg(specification.join("check/abi_check.py"));
    check.arg("--lib").arg(build::library()).arg("--include").arg(build::root().join("include"));
    let said = passes(check);
    assert!(said.contains(" passed, 0 failed"), "{said}");
}
