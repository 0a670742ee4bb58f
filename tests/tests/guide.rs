//! Each step, sample and common issue of the migration guide, as a C program under `LD_PRELOAD`.

use std::fs;

use nrt_tests::build;
use nrt_tests::program::{Program, Way};

fn guide(name: &str) {
    Program::compile(&format!("tests/c/guide/{name}.c"), Way::Preloaded).run();
}

#[test]
fn confirm1_environment_variable_empty() {
    guide("confirm1_environment_variable_empty");
}

#[test]
fn confirm2_sequence_increments() {
    guide("confirm2_sequence_increments");
}

#[test]
fn confirm3_completion_tracking() {
    guide("confirm3_completion_tracking");
}

#[test]
fn issue_exec_ret_not_populated() {
    guide("issue_exec_ret_not_populated");
}

#[test]
fn issue_queue_full() {
    guide("issue_queue_full");
}

#[test]
fn issue_stale_data() {
    guide("issue_stale_data");
}

#[test]
fn issue_unrecoverable() {
    guide("issue_unrecoverable");
}

#[test]
fn step1_environment_variable_removed() {
    guide("step1_environment_variable_removed");
}

#[test]
fn step2_execute_schedule() {
    guide("step2_execute_schedule");
}

#[test]
fn step3_event() {
    guide("step3_event");
}

#[test]
fn step3_last_completed_sequence() {
    guide("step3_last_completed_sequence");
}

#[test]
fn step3_polling() {
    guide("step3_polling");
}

#[test]
fn step4_per_request_status() {
    guide("step4_per_request_status");
}

#[test]
fn step4_unrecoverable_unit() {
    guide("step4_unrecoverable_unit");
}

#[test]
fn step5_queue_full() {
    guide("step5_queue_full");
}

/// A device that takes its time makes the queue of the guide's fifth step full for certain.
#[test]
fn step5_the_queue_is_full_on_a_slow_device() {
    let program = Program::compile("tests/c/guide/step5_queue_full.c", Way::Preloaded);
    let neff = nrt_tests::neff::write_small(program.folder());
    let mut command = program.command();
    command.env("NRT_SIM_TIME", "wall:100").args([&neff, "must"]);
    let output = command.output().expect("just compiled");
    assert!(output.status.success(), "{}", nrt_tests::program::text(&output));
}

#[test]
fn every_program_of_the_folder_is_a_test_here() {
    let this = include_str!("guide.rs");
    for entry in fs::read_dir(build::root().join("tests/c/guide")).expect("it is there") {
        let name = entry.expect("readable").file_name().into_string().expect("plain");
        if let Some(name) = name.strip_suffix(".c") {
            assert!(this.contains(&format!("fn {name}()")), "{name} is not run");
        }
    }
}
