//! The examples of control from a program do what their page says.

use std::process::{Command, Output};

use nrt_tests::build;
use nrt_tests::program::{has, settle, text};
use tempfile::TempDir;

fn nrt_sim(words: &[&str]) -> Command {
    let mut command = Command::new(build::products().join("nrt-sim"));
    settle(&mut command);
    command.args(words).current_dir(build::root());
    command
}

fn done(mut command: Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, text(&output));
    output
}

/// The model that the page builds.
fn model(folder: &TempDir) -> String {
    let path = folder.path().join("small.neff").into_os_string().into_string().expect("plain");
    let words =
        ["neff", "build", "-o", &path, "--input", "x:f32[64]", "--output", "y:f32[64]", "--op", "relu"];
    done(nrt_sim(&words));
    path
}

#[test]
fn the_rust_example_fills_a_paused_queue_and_heals_a_dead_unit() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = build::build(&["control-example"]).join("control-example");
    let mut command = nrt_sim(&["run", "--"]);
    command.arg(program).arg(model(&folder));
    let output = done(command);
    let expected = "\
paused: 8 requests fit, the next is refused with 7
resumed: 8 completed
fault \"parity\": fired 1 of 1, the run ended with 1202
healed: 10 completed
";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{}", text(&output));
}

#[test]
fn the_pytest_fixture_leaves_the_device_as_it_found_it() {
    if !has("python3") {
        return;
    }
    let pytest = Command::new("python3").args(["-c", "import pytest"]).output().expect("it was found");
    if !pytest.status.success() {
        eprintln!("skipped: pytest is not installed");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command =
        nrt_sim(&["run", "--", "python3", "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider"]);
    command.arg("examples/control/python").env("NEFF", model(&folder));
    let output = done(command);
    assert!(text(&output).contains("2 passed"), "{}", text(&output));
}

/// Without the simulator there is nothing to control, which is no failure.
#[test]
fn the_module_finds_no_simulator_in_another_library() {
    if !has("python3") {
        return;
    }
    let mut python = Command::new("python3");
    python.current_dir(build::root().join("examples/control/python"));
    python.args(["-B", "-c", "import nrt_sim; assert nrt_sim.Simulator.find('libc.so.6') is None"]);
    done(python);
}
