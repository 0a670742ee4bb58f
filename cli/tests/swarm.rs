//! `nrt-sim swarm`, and through it the engine: thousands of programs that meet faults.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn swarm(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nrt-sim"));
    command.arg("swarm").args(words).stdin(Stdio::null()).output().expect("it is built")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

#[test]
fn ten_thousand_cases_pass_and_meet_every_fault() {
    let output = swarm(&["--seeds", "0..10000", "--jobs", "2"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("10000 cases in ") && said.contains(" cases/s"), "{said}");
    assert!(
        said.contains("nrt-sim: 5000 of 10000 cases, 0 failed\n"),
        "lines where there is no terminal: {said}"
    );
    for fault in [
        "call-failed",
        "failed",
        "fatal",
        "flipped",
        "hung",
        "late",
        "nan",
        "never",
        "refused",
        "retried",
        "signal-late",
        "signal-spurious",
        "signal-twice",
        "stuck",
        "torn",
    ] {
        // The end of the line, or a comma: `late` is not `signal-late`.
        let is_told = said.split([',', '\n']).any(|part| part.trim().split(' ').nth(1) == Some(fault));
        assert!(is_told, "no {fault} in {said}");
    }
}

/// How many cases a run with these words had.
fn cases(words: &[&str]) -> u64 {
    let output = swarm(words);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.split(' ')
        .next()
        .and_then(|count| count.parse().ok())
        .unwrap_or_else(|| panic!("no number in {said}"))
}

#[test]
fn parts_share_the_seeds_among_them() {
    let part = |part: u64| cases(&["--seeds", "100..200", "--shard", &format!("{part}/3")]);
    assert_eq!([1, 2, 3].map(part), [33, 34, 33]);
}

#[test]
fn a_run_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("done");
    let file = path.to_str().expect("plain");
    assert_eq!(cases(&["--seeds", "0..40", "--resume", file]), 40);
    assert_eq!(cases(&["--seeds", "0..60", "--resume", file]), 20);
    assert_eq!(cases(&["--seeds", "0..60", "--resume", file]), 0);
    // What an earlier run could not note, or what has failed, is run again.
    let noted = fs::read_to_string(&path).expect("written");
    fs::write(&path, noted.replace("\n7 passed", "\n7 failed").replace("\n9 passed", "")).expect("room");
    assert_eq!(cases(&["--seeds", "0..60", "--resume", file]), 2);
}

#[test]
fn a_run_that_is_killed_keeps_what_it_has_done() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("done");
    let file = path.to_str().expect("plain");
    let mut command = Command::new(env!("CARGO_BIN_EXE_nrt-sim"));
    command.args(["swarm", "--seeds", "0..1000000", "--resume", file]);
    let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it is built");
    let passed =
        |path: &Path| fs::read_to_string(path).unwrap_or_default().matches(" passed\n").count() as u64;
    while passed(&path) < 20 {
        assert!(run.try_wait().expect("ours").is_none(), "a million cases take longer");
        std::thread::yield_now();
    }
    run.kill().expect("it runs");
    run.wait().expect("ours");
    let done = passed(&path);
    let noted = fs::read_to_string(&path).expect("written");
    let last =
        noted.lines().filter_map(|line| line.split(' ').next()?.parse::<u64>().ok()).max().expect("some");
    let all = format!("0..{}", last + 1);
    assert_eq!(cases(&["--seeds", &all, "--resume", file]), last + 1 - done);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (words, says) in [
        (&[][..], "--seeds"),
        (&["--seeds", "7..7"], "there is no seed from 7 to before 7"),
        (&["--seeds", "9..3"], "there is no seed"),
        (&["--seeds", "some"], "two numbers, as in 0..1000"),
        (&["--seeds", "0..9", "--shard", "0/0"], "parts are counted from 1/1"),
        (&["--seeds", "0..9", "--shard", "9/8"], "parts are counted from 1/8 to 8/8"),
        (&["--seeds", "0..9", "--shard", "half"], "as in 2/8"),
        (&["--seeds", "0..9", "--jobs", "0"], "--jobs"),
        (&["--seeds", "0..9", "--resume", "/"], "cannot open /"),
    ] {
        let output = swarm(words);
        assert_eq!(output.status.code(), Some(125), "{words:?}");
        assert!(text(&output).contains(says), "{words:?}: {}", text(&output));
    }
}
