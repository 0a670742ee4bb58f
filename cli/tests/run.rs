//! The command as users call it. The library is played by one that every process has anyway, and what it
//! would report is written by the programs that are run, so that nothing of libnrt is needed.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use sim_core::ledger::Ledger;

/// A shared library that does no harm when it is loaded before others: the C library of this test.
fn library() -> PathBuf {
    let maps = fs::read_to_string("/proc/self/maps").expect("Linux has it");
    let paths = maps.lines().filter_map(|line| line.find('/').map(|at| &line[at..]));
    paths.map(PathBuf::from).find(|path| path.ends_with("libc.so.6")).expect("tests are linked dynamically")
}

/// `nrt-sim` with none of its variables set.
fn nrt_sim() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nrt-sim"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("NRT_SIM_") || text.starts_with("NEURON_") || text.starts_with("LD_") {
            command.env_remove(name);
        }
    }
    command.env("NRT_SIM_LIB", library());
    command
}

/// `nrt-sim run` with these words.
fn run(words: &[&str]) -> Output {
    nrt_sim().arg("run").args(words).output().expect("it is built")
}

/// `nrt-sim run` of a line for the shell.
fn shell(line: &str) -> Output {
    run(&["--", "sh", "-c", line])
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A program file with this text and these permissions.
fn program(folder: &Path, name: &str, text: &str, mode: u32) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(name);
    fs::write(&path, text).expect("writable");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("ours");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn the_exit_code_passes_through() {
    for code in [0, 1, 77, 255] {
        assert_eq!(shell(&format!("exit {code}")).status.code(), Some(code));
    }
}

#[test]
fn death_by_a_signal_gives_its_number() {
    let output = shell("kill -TERM $$");
    assert_eq!(output.status.code(), Some(143));
    assert!(stderr(&output).contains("died of signal 15 (SIGTERM)"), "{}", stderr(&output));
}

#[test]
fn arguments_and_streams_are_the_programs_own() {
    let output = run(&["--seed", "3", "printf", "%s|", "--seed", "a b", "--", ""]);
    assert_eq!(stdout(&output), "--seed|a b|--||");
}

#[test]
fn a_signal_sent_to_nrt_sim_reaches_the_program() {
    // The shell waits for `cat`, which ends with our end of the pipe; a trap ends the wait at once.
    let line =
        "exec 3<&0; trap 'exit 7' USR1; trap 'echo term' TERM; cat <&3 >/dev/null & echo ready; wait; wait";
    let mut child = nrt_sim()
        .args(["run", "--", "sh", "-c", line])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it is built");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut next = || lines.next().expect("more is to come").expect("text");
    assert_eq!(next(), "ready");
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::TERM).expect("it runs");
    assert_eq!(next(), "term");
    kill_process(pid, Signal::USR1).expect("it runs");
    let status = child.stdin.take().map(|stdin| (child.wait().expect("ours"), stdin)).expect("piped").0;
    assert_eq!(status.code(), Some(7));
}

#[test]
fn a_program_that_is_not_there_is_127() {
    let output = run(&["--", "no-such-program-anywhere"]);
    assert_eq!(output.status.code(), Some(127));
    assert!(stderr(&output).contains("it is in no folder of PATH"), "{}", stderr(&output));
    let output = run(&["--", "/no/such/program"]);
    assert_eq!(output.status.code(), Some(127));
    assert!(stderr(&output).contains("there is no such file"), "{}", stderr(&output));
}

#[test]
fn a_program_of_the_folder_is_pointed_out() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    program(folder.path(), "infer-here", "#!/bin/sh\n", 0o755);
    let output =
        nrt_sim().args(["run", "infer-here"]).current_dir(folder.path()).output().expect("it is built");
    assert_eq!(output.status.code(), Some(127));
    assert!(stderr(&output).contains("write ./infer-here"), "{}", stderr(&output));
}

#[test]
fn a_program_that_cannot_be_started_is_126_and_told_why() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cases = [
        (program(folder.path(), "orphan", "#!/no/such/interpreter\n", 0o755), "/no/such/interpreter"),
        (program(folder.path(), "plain", "", 0o644), "chmod +x"),
        (folder.path().to_str().expect("UTF-8").to_owned(), "is a folder"),
    ];
    for (program, said) in cases {
        let output = run(&["--", &program]);
        assert_eq!(output.status.code(), Some(126), "{program}");
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
}

#[test]
fn wrong_flags_are_125_and_told_what_is_right() {
    for (words, said) in [
        (&["--instance", "p5.48xlarge"][..], "trn1.2xlarge"),
        (&["--lnc", "3"], "1..=2"),
        (&["--lnc", "2", "--instance", "inf2.xlarge"], "LNC is always 1"),
        (&["--time", "slow"], "wall:SCALE"),
        (&["--seed", "x"], "--seed"),
        (&["--sdk", "2.27"], "2.28"),
        (&["--faults", "rule=[{unit=\"gpu\",status=5}]"], "tensor-op"),
        (&["--faults", "no/plan.toml"], "cannot be read"),
        (&["--lib", "/no/lib.so"], "/no/lib.so"),
        (&["--lib", "/etc/passwd"], "not a shared library"),
        (&["--lcn", "1"], "--lcn"),
    ] {
        let output = run(&[words, &["--", "echo", "started"]].concat());
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(125), ""), "{words:?}");
        assert!(stderr(&output).contains(said), "{words:?}: {}", stderr(&output));
    }
}

#[test]
fn flags_become_the_variables_that_the_library_reads() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let plan = program(folder.path(), "plan.toml", "[[rule]]\nstatus = 5\n", 0o644);
    let show = "echo $NRT_SIM_INSTANCE $NEURON_LOGICAL_NC_CONFIG $NRT_SIM_SEED $NRT_SIM_TIME $NRT_SIM_SDK \
                $NRT_SIM_FAULTS $NRT_SIM_SHARE_CORES; test -d $NRT_SIM_REPORT_DIR";
    let flags = ["--instance", "trn2", "--lnc", "1", "--seed", "9", "--time", "wall:0.5", "--sdk", "2.28"];
    let rest = ["--faults", "plan.toml", "--share-cores", "--", "sh", "-c", show];
    let output = nrt_sim().arg("run").args(flags).args(rest).current_dir(folder.path()).output();
    let output = output.expect("it is built");
    assert_eq!(output.status.code(), Some(0));
    let plan = Path::new(&plan).canonicalize().expect("it is there");
    assert_eq!(stdout(&output), format!("trn2 1 9 wall:0.5 2.28 {} 1\n", plan.display()));
}

#[test]
fn what_no_flag_sets_is_inherited() {
    let show = "echo $NRT_SIM_INSTANCE,$NEURON_LOGICAL_NC_CONFIG,$NRT_SIM_SEED,$NRT_SIM_TIME";
    let output = nrt_sim()
        .args(["run", "sh", "-c", show])
        .env("NRT_SIM_INSTANCE", "inf2.xlarge")
        .env("NRT_SIM_SEED", "4")
        .output()
        .expect("it is built");
    assert_eq!(stdout(&output), "inf2.xlarge,,4,\n");
    assert_eq!(stdout(&shell(show)), "trn1.2xlarge,,,\n");
}

#[test]
fn the_library_comes_before_what_is_preloaded_already() {
    let output = nrt_sim()
        .args(["run", "sh", "-c", "echo $LD_PRELOAD; echo $LD_LIBRARY_PATH"])
        .env("LD_PRELOAD", library())
        .env("LD_LIBRARY_PATH", "/some/folder")
        .output()
        .expect("it is built");
    let library = library();
    let (path, folder) = (library.display(), library.parent().expect("it has one").display());
    assert_eq!(stdout(&output), format!("{path}:{path}\n{folder}:/some/folder\n"));
}

#[test]
fn a_library_with_a_space_in_its_path_is_loaded_by_another() {
    let folder = tempfile::Builder::new().prefix("my projects").tempdir().expect("a temporary folder");
    let path = folder.path().join("libnrt.so");
    std::os::unix::fs::symlink(library(), &path).expect("writable");
    let output =
        run(&["--lib", path.to_str().expect("UTF-8"), "sh", "-c", "echo $LD_PRELOAD; ls $LD_LIBRARY_PATH"]);
    let text = stdout(&output);
    assert!(!text.contains(' ') && text.ends_with("libnrt.so\nlibnrt.so.1\n"), "{text}{}", stderr(&output));
}

#[test]
fn a_program_that_did_not_load_the_library_is_explained() {
    let output = run(&["--", "true"]);
    assert_eq!(output.status.code(), Some(0));
    let text = stderr(&output);
    assert!(
        text.contains("no process initialised the runtime") && text.contains("/true did not load"),
        "{text}"
    );
    assert_eq!(stderr(&run(&["--quiet", "--", "true"])), "");
}

#[test]
fn a_program_that_loaded_the_library_and_did_nothing_is_explained() {
    let output = shell("printf /bin/sh > $NRT_SIM_REPORT_DIR/$$.loaded");
    let text = stderr(&output);
    assert!(text.contains("/bin/sh loaded the simulated library, but did not call nrt_init"), "{text}");
    assert!(text.contains("dlopen an absolute path such as /opt/aws/neuron/lib/libnrt.so.1"), "{text}");
}

#[test]
fn the_ledgers_of_all_processes_are_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("ledger");
    let file = File::options().read(true).write(true).create_new(true).open(&path).expect("writable");
    file.set_len(Ledger::bytes(2) as u64).expect("writable");
    let ledger = Ledger::in_file(&file, 2).expect("mapped");
    ledger.objects(sim_core::ledger::Object::Tensor).store(3, std::sync::atomic::Ordering::Relaxed);

    let line = format!(
        "cd $NRT_SIM_REPORT_DIR; printf /bin/infer > 11.loaded; cp {0} 11-1.ledger; cp {0} 12-2.ledger",
        path.display()
    );
    let output = run(&["--instance", "trn2", "--seed", "5", "sh", "-c", &line]);
    let expected = "\
nrt-sim: simulated trn2.3xlarge, LNC 2, seed 5
process 11, /bin/infer: no requests
  ended without nrt_close; not freed: 3 tensors
process 12, init number 2: no requests
  ended without nrt_close; not freed: 3 tensors
";
    assert_eq!(stderr(&output), expected);
}

#[test]
fn the_folder_for_reports_is_gone_afterwards() {
    let folder = stdout(&shell("echo $NRT_SIM_REPORT_DIR"));
    assert!(folder.starts_with('/') && !Path::new(folder.trim()).exists(), "{folder}");
}
