//! Help, version, info, and the demo as far as it needs no library.

use std::process::{Command, Output};

fn nrt_sim(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nrt-sim"));
    command.args(words).env_remove("NRT_SIM_INSTANCE").env_remove("NEURON_LOGICAL_NC_CONFIG");
    command.output().expect("it is built")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn help_teaches_by_example() {
    for words in [&["--help"][..], &["run", "--help"]] {
        let output = nrt_sim(words);
        assert!(output.status.success() && stdout(&output).contains("-- ./infer model.neff"), "{words:?}");
    }
    let help = stdout(&nrt_sim(&["run", "--help"]));
    let variables = [
        "NRT_SIM_INSTANCE",
        "NEURON_LOGICAL_NC_CONFIG",
        "NRT_SIM_SEED",
        "NRT_SIM_TIME",
        "NRT_SIM_SDK",
        "NRT_SIM_FAULTS",
        "NRT_SIM_SHARE_CORES",
        "NRT_SIM_CTL",
        "NRT_SIM_LIB",
    ];
    for variable in variables {
        assert!(help.contains(variable), "{variable}");
    }
}

#[test]
fn the_version_is_the_packages() {
    assert_eq!(stdout(&nrt_sim(&["--version"])), format!("nrt-sim {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn an_unknown_command_is_refused() {
    let output = nrt_sim(&["fly"]);
    assert_eq!(output.status.code(), Some(125));
}

#[test]
fn wrong_words_of_ctl_are_refused_before_any_program_is_looked_for() {
    for (words, said) in [
        (&[][..], "Usage"),
        (&["fly"], "fly"),
        (&["pause", "--unit", "gpu"], "tensor-op"),
        (&["pause", "--core=-1"], "--core"),
        (&["step", "many"], "many"),
        (&["advance", "soon"], "5ms"),
        (&["advance", "600years"], "longer than simulated time is"),
        (&["inject"], "RULE"),
        (&["inject", "status"], "neither a file nor"),
        (&["inject", "status=0"], "is not a valid rule"),
        (&["inject", "unit='gpu'\nstatus=5"], "tensor-op"),
        (&["status", "--pid", "x"], "--pid"),
    ] {
        let output = nrt_sim(&[&["ctl"], words].concat());
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(125), "{words:?}: {text}");
        assert!(text.contains(said) && !text.contains("socket"), "{words:?}: {text}");
    }
}

#[test]
fn without_a_program_ctl_says_how_to_run_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for words in [&["ctl", "status"][..], &["ctl", "idle", "--pid", "4194303", "--json"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nrt-sim"));
        let output = command.args(words).env("XDG_RUNTIME_DIR", folder.path()).output().expect("it is built");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(125), 0), "{words:?}: {text}");
        assert!(text.contains("nrt-sim run --ctl -- PROGRAM"), "{text}");
        assert!(text.contains(folder.path().to_str().expect("plain")), "where it was looked for: {text}");
    }
}

#[test]
fn info_speaks_json() {
    let output = nrt_sim(&["info", "--instance", "trn2", "--lnc", "1", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&json["instance"], &json["logical_cores"]), (&"trn2.3xlarge".into(), &8.into()));
    let list: serde_json::Value =
        serde_json::from_slice(&nrt_sim(&["info", "--list", "--json"]).stdout).expect("JSON");
    assert_eq!(list.as_array().map(Vec::len), Some(11));
}

#[test]
fn without_a_library_the_way_to_one_is_told() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    let alone = folder.path().join("nrt-sim");
    // No copy: a process that another test starts meanwhile would keep it open for writing, and it could not be run.
    std::fs::hard_link(env!("CARGO_BIN_EXE_nrt-sim"), &alone).expect("on the same file system");
    for words in [&["run", "true"][..], &["demo"]] {
        let output = Command::new(&alone).args(words).env_remove("NRT_SIM_LIB").output().expect("a copy");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains("cargo build") && text.contains("--lib"), "{text}");
    }
}

#[test]
fn without_a_compiler_the_demo_says_what_to_install() {
    let library = std::fs::read_to_string("/proc/self/maps").expect("Linux has it");
    let library = library
        .lines()
        .find_map(|line| line.find('/').map(|at| &line[at..]).filter(|p| p.ends_with("libc.so.6")));
    let output = Command::new(env!("CARGO_BIN_EXE_nrt-sim"))
        .args(["demo", "--lib", library.expect("tests are linked dynamically")])
        .env("CC", "no-such-compiler -O1")
        .output()
        .expect("it is built");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("no C compiler `no-such-compiler`") && text.contains("apt install"), "{text}");
    assert!(stdout(&output).contains("$ no-such-compiler -O1 -std=gnu11"), "{}", stdout(&output));
}
