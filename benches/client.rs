//! Compiles `client.c` and runs it on the library of this build, on a machine with 64 cores.
//!
//! `cargo bench -p nrt-benches --bench client` prints the table of `docs/performance.md`.

use std::process::Command;

use nrt_tests::{build, neff};

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return; // `cargo test --benches` is not the place to measure
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = folder.path().join("client");
    let mut compile = Command::new("cc");
    compile.args(["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-I"]);
    compile.arg(build::root().join("include")).arg(build::root().join("benches/client.c"));
    compile.arg("-o").arg(&program).arg("-L").arg(build::products()).arg("-lnrt");
    assert!(compile.status().expect("a C compiler").success(), "client.c does not compile");
    let mut run = Command::new(&program);
    run.arg(neff::write_small(folder.path())).env("LD_LIBRARY_PATH", build::products());
    run.env("NRT_SIM_INSTANCE", "trn2.48xlarge").env("NEURON_LOGICAL_NC_CONFIG", "1");
    run.env("NRT_SIM_SHARE_CORES", "1");
    assert!(run.status().expect("just compiled").success(), "client.c failed");
}
