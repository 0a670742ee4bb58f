//! `nrt-conformance`: checks any `libnrt.so.1` against the documented contract.
//!
//! A skeleton: the package stands where the suite will, apart from the crates it will judge. It has no
//! rules yet, says so, and fails, so that nobody takes its silence for a pass.

use std::process::ExitCode;

fn main() -> ExitCode {
    eprintln!("nrt-conformance: there are no rules yet, so nothing was checked");
    ExitCode::from(2)
}
