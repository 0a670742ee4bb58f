//! What real clients lean on, a C program for each: found in the library path, and sanitized.

use std::fs;

use nrt_tests::build;
use nrt_tests::program::{Program, Way};

fn client(file: &str) {
    let source = format!("tests/c/clients/{file}");
    Program::compile(&source, Way::Found).run();
    Program::compile(&source, Way::Sanitized).run();
}

#[test]
fn close_ends_waits() {
    client("close_ends_waits.c");
}

#[test]
fn collectives_of_one_rank() {
    client("collectives_of_one_rank.c");
}

#[test]
fn counts_before_init() {
    client("counts_before_init.c");
}

#[test]
fn crash_probe() {
    client("crash_probe.c");
}

#[test]
fn disjoint_addresses() {
    client("disjoint_addresses.c");
}

#[test]
fn dlclose_without_close() {
    client("dlclose_without_close.c");
}

#[test]
fn dlopen_names() {
    client("dlopen_names.c");
}

#[test]
fn epoll_many_units() {
    client("epoll_many_units.c");
}

#[test]
fn exit_without_close() {
    client("exit_without_close.c");
}

#[test]
fn fork_child() {
    client("fork_child.c");
}

#[test]
fn free_in_static_destructor() {
    client("free_in_static_destructor.cpp");
}

#[test]
fn free_while_in_set() {
    client("free_while_in_set.c");
}

#[test]
fn init_close_init() {
    client("init_close_init.c");
}

#[test]
fn null_names() {
    client("null_names.c");
}

#[test]
fn old_epoch_2_28() {
    client("old_epoch_2_28.c");
}

#[test]
fn old_epoch_2_28_linked() {
    client("old_epoch_2_28_linked.c");
}

#[test]
fn out_of_memory_retry() {
    client("out_of_memory_retry.c");
}

#[test]
fn sequence_rules() {
    client("sequence_rules.c");
}

#[test]
fn sys_trace_exec_pairs() {
    client("sys_trace_exec_pairs.c");
}

#[test]
fn tensor_semantics() {
    client("tensor_semantics.c");
}

#[test]
fn threads_on_cores() {
    client("threads_on_cores.c");
}

#[test]
fn two_epochs_dlvsym() {
    client("two_epochs_dlvsym.c");
}

#[test]
fn visible_cores() {
    client("visible_cores.c");
}

#[test]
fn every_program_of_the_folder_is_a_test_here() {
    let this = include_str!("clients.rs");
    for entry in fs::read_dir(build::root().join("tests/c/clients")).expect("it is there") {
        let name = entry.expect("readable").file_name().into_string().expect("plain");
        if name.ends_with(".c") || name.ends_with(".cpp") {
            assert!(this.contains(&format!("client(\"{name}\")")), "{name} is not run");
        }
    }
}
