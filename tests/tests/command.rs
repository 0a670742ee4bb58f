//! `nrt-sim` with the library it is made for, and what the README promises of it.

use std::fs;
use std::process::{Command, Output};

use nrt_tests::build;
use nrt_tests::neff::write_small;
use nrt_tests::program::{Program, Way, text};

/// `nrt-sim`, with none of the caller's settings for the runtime.
fn nrt_sim(words: &[&str]) -> Output {
    let mut command = Command::new(build::products().join("nrt-sim"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("NEURON_") || name.starts_with("NRT_") {
            command.env_remove(&*name);
        }
    }
    command.env("NRT_SIM_SHARE_CORES", "1").args(words).output().expect("just built")
}

/// Runs `tests/c/command/counts.c` under `nrt-sim`; gives the exit code and the summary without its process
/// line, which names the process.
fn counts(flags: &[&str], end: &str) -> (Option<i32>, Vec<String>) {
    let program = Program::compile("tests/c/command/counts.c", Way::Preloaded);
    let neff = write_small(program.folder());
    let path = program.path().to_str().expect("temporary folders have plain names").to_owned();
    let output = nrt_sim(&[&["run"], flags, &["--", &path, &neff, end]].concat());
    let summary = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(summary.contains(&path), "the process is named\n{summary}");
    let lines = summary.lines().filter(|line| !line.starts_with("process ")).map(str::to_owned);
    (output.status.code(), lines.collect())
}

const QUEUES: [&str; 3] = [
    "  core  unit          queue   submitted   completed  deepest",
    "     0  tensor-op         1           1           1        1",
    "     0  compute           0           3           3        1",
];

#[test]
fn the_summary_counts_what_the_program_did() {
    let (code, summary) = counts(&["--seed", "5"], "close");
    assert_eq!(code, Some(0), "{summary:#?}");
    assert_eq!(summary[0], "nrt-sim: simulated trn1.2xlarge, LNC 1, seed 5");
    assert_eq!(summary[1..4], QUEUES);
    assert!(summary[4].starts_with("  simulated time at the last end: "), "{}", summary[4]);
    assert_eq!(summary[5], "  model mix on core 0: mix (by default)");
    assert!(summary[6].starts_with("  memory of core 0: peak 96"), "{}", summary[6]);
    assert_eq!(summary.len(), 7, "nothing was left: {summary:#?}");
}

#[test]
fn the_summary_is_there_however_the_program_ended() {
    for (end, expected) in [("exit", 7), ("kill", 128 + 9)] {
        let (code, summary) = counts(&[], end);
        assert_eq!(code, Some(expected), "{summary:#?}");
        for line in QUEUES {
            assert!(summary.iter().any(|said| said == line), "{end}: {line}\n{summary:#?}");
        }
        let left = summary.last().expect("lines");
        assert_eq!(left, "  ended without nrt_close; not freed: 3 tensors, 2 tensor sets, 1 model", "{end}");
    }
}

#[test]
fn flags_reach_the_library() {
    let (code, summary) =
        counts(&["--instance", "trn2.48xlarge", "--lnc", "1", "--time", "wall:0.1"], "close");
    assert_eq!(code, Some(0), "{summary:#?}");
    assert_eq!(summary[0], "nrt-sim: simulated trn2.48xlarge, LNC 1, seed 0");

    let plan = "rule=[{unit=\"compute\",core=0,nth=2,status=1202}]";
    let (code, summary) = counts(&["--faults", plan], "close");
    assert_eq!(code, Some(1), "the program expects success");
    assert!(summary.iter().any(|line| line.ends_with("1 × NRT_EXEC_HW_ERR_NC_UE (1202)")), "{summary:#?}");
}

#[test]
fn a_binding_decides_and_one_that_is_for_no_model_is_told_of() {
    let (code, summary) = counts(&["--models", "model=[{name='m?x',kernel='zeros'}]", "--strict"], "close");
    assert_eq!(code, Some(0), "{summary:#?}");
    assert_eq!(summary[5], "  model mix on core 0: zeros (NRT_SIM_MODELS, model 1)");

    let missing = "model=[{name='no-such',kernel='zeros'}]";
    let told = "nrt-sim: NRT_SIM_MODELS, model 1: no model was loaded that it is for";
    for (flags, expected) in [(&["--models", missing][..], 0), (&["--models", missing, "--strict"], 125)] {
        let (code, summary) = counts(flags, "close");
        assert_eq!((code, summary.last().map(String::as_str)), (Some(expected), Some(told)), "{flags:?}");
    }

    let (code, summary) = counts(&["--default-kernel", "error"], "close");
    assert_eq!(code, Some(1), "the program cannot load its model");
    assert!(summary.iter().any(|line| line.contains("no kernel is bound to this model")), "{summary:#?}");
}

#[test]
fn the_demo_finishes_with_its_summary() {
    let output = nrt_sim(&["demo"]);
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    for part in
        ["$ cc ", "checksum", "compute           0          16          16", "NRT_EXEC_HW_ERR_NC_UE (1202)"]
    {
        assert!(said.contains(part), "{part}\n{said}");
    }
}

/// The first is run above, what is built before it by all tests; the second is what runs this.
#[test]
fn the_readme_names_the_commands_that_are_tested() {
    let readme = fs::read_to_string(build::root().join("README.md")).expect("a README");
    let commands: Vec<&str> = readme.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    assert!(commands.contains(&"cargo build && target/debug/nrt-sim demo"), "{commands:#?}");
    assert!(commands.contains(&"cargo test --workspace"), "{commands:#?}");
    let ci = fs::read_to_string(build::root().join(".ci/run")).expect("a CI script");
    assert!(ci.contains("cargo test --workspace"));
}

#[test]
fn the_machines_that_the_readme_and_the_help_name_exist() {
    let output = nrt_sim(&["info", "--list"]);
    let list = text(&output);
    for name in ["trn1.2xlarge", "trn2.48xlarge"] {
        assert!(list.contains(name), "{list}");
    }
}
