//! Many threads on the same queues, through the C interface.

use nrt_tests::program::{Program, Way};

const SUBMITTERS: &str = "tests/c/threads/submitters.c";

#[test]
fn requests_of_many_threads_complete_once_and_in_order() {
    Program::compile(SUBMITTERS, Way::Found).run();
}

/// The sanitizers shift the timing, and would find a write that comes too late or goes elsewhere.
#[test]
fn requests_of_many_threads_write_only_where_they_may() {
    Program::compile(SUBMITTERS, Way::Sanitized).run();
}
