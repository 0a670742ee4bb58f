//! The functions of `nrt_sim.h`, from C.

use nrt_tests::program::{Program, Way};

const API: &str = "tests/c/control/api.c";

#[test]
fn each_function_does_what_the_header_says_in_every_mode_of_time() {
    Program::compile(API, Way::Preloaded).run();
}

#[test]
fn no_function_writes_where_it_may_not() {
    Program::compile(API, Way::Sanitized).run();
}
