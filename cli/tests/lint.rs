//! `nrt-sim lint` as users call it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const VARIABLE: &str = "NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS";

fn lint(words: &[&str], folder: &Path) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nrt-sim"));
    let Output { status, stdout, stderr } =
        command.arg("lint").args(words).current_dir(folder).output().expect("it is built");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn the_exit_code_tells_what_was_found() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &[u8]| fs::write(folder.path().join(name), text).expect("writable");
    write("clean.sh", format!("unset {VARIABLE}\n# {VARIABLE}=3\n").as_bytes());
    write("program", format!("\x7fELF\0\0{VARIABLE}=3").as_bytes());
    let (code, stdout, _) = lint(&["."], folder.path());
    assert_eq!(
        (code, stdout.as_str()),
        (Some(0), "0 places to change in 1 files; 2 that unset, read or only name it (--notes)\n")
    );

    write("Dockerfile", format!("FROM base\nENV {VARIABLE}=3\x1b[31m\n").as_bytes());
    let (code, stdout, _) = lint(&[".", "--notes"], folder.path());
    assert_eq!(code, Some(1));
    assert!(stdout.contains("./Dockerfile:2:5: sets the variable: ENV"), "{stdout}");
    assert!(
        stdout.contains("build the image again") && stdout.contains("clean.sh:1:7: note: unsets"),
        "{stdout}"
    );
    assert!(!stdout.contains('\u{1b}'), "a terminal is not to obey a file");

    let (code, stdout, _) = lint(&["--json", "Dockerfile"], folder.path());
    let report: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!((code, &report["findings"][0]["line"]), (Some(1), &2.into()));
    assert_eq!(report["findings"][0]["meaning"], "sets");
}

#[test]
fn what_cannot_be_read_or_asked_ends_with_2() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (code, _, stderr) = lint(&["no-such-folder"], folder.path());
    assert!(code == Some(2) && stderr.contains("no-such-folder"), "{stderr}");
    assert_eq!(lint(&[], folder.path()).0, Some(2), "without a path");
    assert_eq!(lint(&["--no-such-flag", "."], folder.path()).0, Some(2));
}
