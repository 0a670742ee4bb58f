//! What each mode of time promises, through the C interface: the same programs in all modes.

use std::process::Command;

use nrt_tests::neff;
use nrt_tests::program::{Program, Way, text};

/// Every mode, the last so that the limit of a run, a second, takes 20 ms.
const MODES: [&str; 3] = ["manual", "free", "wall:0.02"];

/// A command that runs `program` with `arguments` behind the path of a NEFF.
fn command(program: &Program, mode: &str, arguments: &[&str]) -> Command {
    let mut command = program.command();
    command.arg(neff::write_small(program.folder())).args(arguments).env("NRT_SIM_TIME", mode);
    command
}

/// What it prints, of which the last line of stdout is `ok`.
#[track_caller]
fn said(mut command: Command) -> String {
    let output = command.output().expect("just compiled");
    let said = text(&output);
    let is_ok = String::from_utf8_lossy(&output.stdout).lines().last() == Some("ok");
    assert!(output.status.success() && is_ok, "{command:?}: {}\n{said}", output.status);
    said
}

/// What `limits.c` says in the scene of its name.
fn limits(program: &Program, mode: &str, scene: &str, settings: &[(&str, &str)]) -> String {
    let mut command = command(program, mode, &[scene]);
    command
        .env("NEURON_RT_EXEC_TIMEOUT", "1")
        .env("NRT_SIM_MODELS", "model=[{time='10ms'}]")
        .envs(settings.iter().copied());
    said(command)
}

fn compile(file: &str) -> Program {
    Program::compile(&format!("tests/c/time/{file}"), Way::Found)
}

#[test]
fn each_mode_moves_time_as_it_says() {
    compile("modes.c").run();
    Program::compile("tests/c/time/modes.c", Way::Sanitized).run();
}

#[test]
fn a_hang_takes_the_time_limit_of_a_run() {
    let program = compile("limits.c");
    for mode in MODES {
        // A limit of 0 is one that passes at once.
        for (seconds, ms) in [("1", "(1000 ms)"), ("0", "(0 ms)")] {
            let plan = "rule=[{unit='compute',nth=3,hang=true}]";
            let settings = [("NRT_SIM_FAULTS", plan), ("NEURON_RT_EXEC_TIMEOUT", seconds)];
            let said = limits(&program, mode, "hang", &settings);
            assert!(said.contains(&format!("execution timeout {ms} on model mix")), "{mode}: {said}");
        }
    }
}

#[test]
fn a_wait_without_end_says_what_it_waits_for_what_holds_that_and_what_to_do() {
    let program = compile("limits.c");
    for mode in MODES {
        let plan = "rule=[{name='mud',unit='compute',nth=1,stuck=true}]";
        let said = limits(&program, mode, "stuck", &[("NRT_SIM_FAULTS", plan)]);
        let waits = ["nrt_execute", "nrt_async_drain_queued_execs", "nrt_unload"];
        let counts = (mode == "manual").then_some("nrt_tensor_check_output_completion");
        for function in waits.into_iter().chain(counts) {
            let line = said.lines().find(|line| line.contains(&format!("NRT:{function} ")));
            let line = line.unwrap_or_else(|| panic!("{function} says nothing\n{said}"));
            let what = "request 1 of compute queue 0 on core 0 is stuck, by rule \"mud\" of the fault plan";
            assert!(line.contains(what) && line.contains("nrt_sim_heal"), "{line}");
        }
        assert!(said.contains("1 requests that a fault held up were given up with NRT_TIMEOUT"), "{said}");
    }
}

#[test]
fn a_paused_queue_is_waited_for_until_it_is_resumed_but_not_in_manual_time() {
    let program = compile("limits.c");
    for mode in MODES {
        let said = limits(&program, mode, "paused", &[]);
        let line = "request 1 of compute queue 0 on core 0 cannot complete, since the queue is paused";
        assert_eq!(said.matches(line).count(), if mode == "manual" { 2 } else { 0 }, "{mode}: {said}");
    }
}

/// In free-running time nothing is waited for, so that no place comes too late.
#[test]
fn a_place_in_the_queue_is_waited_for_no_longer_than_the_limit() {
    let program = compile("limits.c");
    for mode in MODES {
        let said = limits(&program, mode, "full", &[("NRT_SIM_MODELS", "model=[{time='1000s'}]")]);
        assert_eq!(said.contains("no place within NEURON_RT_EXEC_TIMEOUT"), mode != "free", "{mode}: {said}");
    }
}

#[test]
fn who_sleeps_on_an_eventfd_is_woken_by_workers_or_in_manual_time_by_another_thread() {
    let program = compile("sleeps.c");
    for (mode, who) in [("free", "sleeps"), ("wall", "sleeps"), ("manual", "looks")] {
        let mut command = command(&program, mode, &[who]);
        command.env("NEURON_RT_LOG_LEVEL", "WARN");
        let said = said(command);
        let remarks = said.lines().filter(|line| line.contains(" WARN ") && line.contains("sleeps for ever"));
        assert_eq!(remarks.count(), usize::from(mode == "manual"), "{mode}: one line in manual time\n{said}");
    }
}
