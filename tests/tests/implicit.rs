//! Implicit async mode, the side that programs migrate from: a C program for each part of it, in all modes of time.

use std::fs;
use std::ptr;

use nrt_tests::child::{Line, Log, in_child};
use nrt_tests::nrt::Nrt;
use nrt_tests::program::{Program, Way, text};
use nrt_tests::{build, neff};

const FAILURE: u32 = 1;
const NAME: &str = "NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS";

fn implicit(file: &str) {
    let source = format!("tests/c/implicit/{file}");
    Program::compile(&source, Way::Found).run();
    Program::compile(&source, Way::Sanitized).run();
}

#[test]
fn callbacks() {
    implicit("callbacks.c");
}

#[test]
fn errors() {
    implicit("errors.c");
}

#[test]
fn limit() {
    implicit("limit.c");
}

#[test]
fn reenters() {
    implicit("reenters.c");
}

#[test]
fn waits() {
    implicit("waits.c");
}

#[test]
fn every_program_of_the_folder_is_a_test_here() {
    let this = include_str!("implicit.rs");
    for entry in fs::read_dir(build::root().join("tests/c/implicit")).expect("it is there") {
        let name = entry.expect("readable").file_name().into_string().expect("plain");
        if name.ends_with(".c") {
            assert!(this.contains(&format!("implicit(\"{name}\")")), "{name} is not run");
        }
    }
}

/// The functions of the explicit interface, under all their versions, that answer a status. Called with nothing: the mode
/// is looked at before the arguments.
fn explicit(nrt: &Nrt) -> Vec<(&'static str, u32)> {
    let no: *mut u64 = ptr::null_mut();
    vec![
        ("nrta_cc_prepare", (nrt.cc_prepare)(ptr::null(), ptr::null(), ptr::null(), 0, 0, 0, no)),
        ("nrta_cc_prepare", (nrt.old_cc_prepare)(ptr::null(), ptr::null(), ptr::null(), 0, 0, 0, no)),
        ("nrta_cc_schedule", (nrt.cc_schedule)(no, 0, no.cast(), no)),
        ("nrta_cc_schedule", (nrt.old_cc_schedule)(no, 0, 0, no)),
        ("nrta_error_tracker_create", (nrt.tracker_create)(0, no)),
        ("nrta_error_tracker_get_list", (nrt.tracker_list)(0, no, no.cast())),
        ("nrta_event_register_seq_id_completion", (nrt.register_seq)(0, -1)),
        ("nrta_event_register_xu_completion", (nrt.register_xu)(0, 0, 0, -1)),
        ("nrta_execute_schedule", (nrt.schedule)(0, 0, 0, 0, no.cast(), no)),
        ("nrta_execute_schedule", (nrt.old_schedule)(0, 0, 0, 0, 0, no)),
        ("nrta_get_completion_handle", (nrt.completion_handle)(0, no.cast())),
        ("nrta_get_sequence", (nrt.get_sequence)(0, 0, 0, no)),
        ("nrta_get_sequence", (nrt.old_get_sequence)(0, 0, 0, no)),
        ("nrta_is_completed", (nrt.is_completed)(0, no.cast())),
        ("nrta_is_completed", (nrt.old_is_completed)(0, no.cast())),
        ("nrta_tensor_copy", (nrt.copy)(0, 0, 0, 0, 0, 0, 0, no.cast(), no)),
        ("nrta_tensor_copy", (nrt.old_copy)(0, 0, 0, 0, 0, 0, 0, no)),
        ("nrta_tensor_read", (nrt.read)(no.cast(), 0, 0, 0, 0, 0, no.cast(), no)),
        ("nrta_tensor_read", (nrt.old_read)(no.cast(), 0, 0, 0, 0, 0, no)),
        ("nrta_tensor_write", (nrt.write)(0, no.cast(), 0, 0, 0, 0, no.cast(), no)),
        ("nrta_tensor_write", (nrt.old_write)(0, no.cast(), 0, 0, 0, 0, no)),
    ]
}

/// Those that are exported, with their versions, but for what is not simulated and fails in every mode.
fn exported() -> Vec<String> {
    let unsupported = include_str!("../../libnrt-shim/src/api/unsupported.rs");
    let is_simulated = |name: &&str| !unsupported.split_whitespace().any(|word| word == *name);
    let list = fs::read_to_string(build::root().join("docs/symbols.txt")).expect("it is there");
    let names =
        list.lines().filter_map(|line| line.split('@').next()).filter(|name| name.starts_with("nrta_"));
    let has_status = |name: &&str| *name != "nrta_error_tracker_destroy";
    names.filter(is_simulated).filter(has_status).map(str::to_owned).collect()
}

#[test]
fn every_function_of_the_explicit_interface_is_refused_with_a_line() {
    in_child(&[(NAME, "3"), ("NRT_SIM_SDK", "2.29")], || {
        let (nrt, mut log) = (Nrt::start(), Log::open());
        let answers = explicit(nrt);
        let names: Vec<&str> = answers.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, exported());
        assert!(answers.iter().all(|(_, answer)| *answer == FAILURE), "{answers:?}");
        let lines = log.lines();
        let is_told = |line: &Line| {
            line.message.starts_with("Explicit async API cannot be used in implicit async mode")
        };
        assert!(lines.iter().all(is_told), "{lines:#?}");
        assert_eq!(lines.iter().map(|line| &*line.function).collect::<Vec<_>>(), names);
    });
}

/// What `nrt_init` says of the variable, and whether the mode is on then.
fn assert_release(remarks: &[&str], is_on: bool) {
    let mut log = Log::open();
    let nrt = Nrt::start();
    let lines = log.lines();
    let said: Vec<&str> = lines.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(said.len(), remarks.len(), "{said:?}");
    for (said, remark) in said.iter().zip(remarks) {
        assert!(said.starts_with(NAME) && said.contains(remark), "{said}");
    }
    // Without an argument the mode refuses, and else the missing pointer.
    let answer = (nrt.is_completed)(0, ptr::null_mut());
    assert_eq!(answer, if is_on { FAILURE } else { 2 });
    assert_eq!((nrt.register_callback)(0, 0), if is_on { 0 } else { FAILURE });
}

#[test]
fn until_2_29_the_mode_works() {
    for sdk in ["2.28", "2.29"] {
        if std::env::var("NRT_SIM_SDK").is_ok_and(|other| other != sdk) {
            continue; // this child is for another
        }
        in_child(&[(NAME, "63"), ("NRT_SIM_SDK", sdk)], || assert_release(&[], true));
    }
}

#[test]
fn more_than_there_can_be_is_clamped_with_a_line() {
    in_child(&[(NAME, "64"), ("NRT_SIM_SDK", "2.29")], || assert_release(&["63 is used"], true));
}

#[test]
fn in_2_30_it_works_with_a_warning() {
    in_child(&[(NAME, "3"), ("NRT_SIM_SDK", "2.30")], || assert_release(&["is deprecated"], true));
}

#[test]
fn from_2_31_on_the_variable_has_no_effect() {
    for sdk in ["2.31", "2.32", "2.33"] {
        if std::env::var("NRT_SIM_SDK").is_ok_and(|other| other != sdk) {
            continue; // this child is for another
        }
        in_child(&[(NAME, "3"), ("NRT_SIM_SDK", sdk)], || {
            assert_release(&["has no effect: implicit async mode was removed"], false);
            let nrt = Nrt::open();
            let model = nrt.model(&neff::small(), 0);
            let tensor = nrt.tensor(0, 64);
            let (inputs, outputs) =
                (nrt.set(&[(c"x", tensor), (c"y", tensor)]), nrt.set(&[(c"out", tensor)]));
            let mut log = Log::open();
            assert_eq!((nrt.execute)(model, inputs, outputs), 0);
            assert_eq!((nrt.check_output)(tensor, 0, 1), 0, "it has waited for the run");
            let (mut status, mut seq) = (77, 0);
            assert_eq!((nrt.schedule)(model, inputs, outputs, 0, &raw mut status, &raw mut seq), 0);
            assert_eq!(log.lines(), []);
            (nrt.close)();
            assert_eq!(status, 0);
        });
    }
}

/// In manual time a run that nobody waits for has not happened.
#[test]
fn a_tensor_is_waited_for_by_whatever_core_it_is_used() {
    let settings = [
        (NAME, "3"),
        ("NRT_SIM_TIME", "manual"),
        ("NRT_SIM_INSTANCE", "trn2.3xlarge"),
        ("NEURON_LOGICAL_NC_CONFIG", "1"),
        ("NRT_SIM_FAULTS", "rule=[{unit='compute',core=1,nth=2,status=1003}]"),
    ];
    in_child(&settings, || {
        let nrt = Nrt::start();
        let model = nrt.model(&neff::small(), 1);
        let [input, output] = [64, 64].map(|size| nrt.tensor(0, size)); // on the bank of both cores
        let (inputs, outputs) = (nrt.set(&[(c"x", input), (c"y", input)]), nrt.set(&[(c"out", output)]));
        assert_eq!((nrt.execute)(model, inputs, outputs), 0);
        let first = nrt.contents(output, 64);
        assert_ne!(first, [0; 64]);
        assert_eq!((nrt.execute)(model, inputs, outputs), 0);
        let mut byte = 0;
        assert_eq!((nrt.tensor_read)(nrt.tensor(0, 64), &raw mut byte, 0, 1), 0, "another tensor");
        assert_eq!((nrt.drain)(0), 0, "another core");
        assert_eq!((nrt.tensor_write)(input, first.as_ptr(), 0, 64), 1003);
    });
}

#[test]
fn a_callback_that_no_run_can_call_is_remarked_upon() {
    in_child(&[(NAME, "0")], || {
        let (nrt, mut log) = (Nrt::start(), Log::open());
        assert_eq!((nrt.register_callback)(0, 0), 0);
        assert_eq!((nrt.register_callback)(0, 0), 0);
        let lines = log.lines();
        assert_eq!(lines.len(), 1, "{lines:#?}");
        assert!(lines[0].message.contains(NAME), "{lines:#?}");
    });
}

/// What `program` says with three runs at most under way.
fn said(program: &Program, arguments: &[&str], settings: &[(&str, &str)]) -> String {
    let mut command = program.command();
    command.arg(neff::write_small(program.folder())).args(arguments);
    let output = command.env(NAME, "3").envs(settings.iter().copied()).output().expect("just compiled");
    assert!(output.status.success(), "{command:?}: {}", text(&output));
    text(&output)
}

#[test]
fn the_default_callback_is_a_line() {
    let program = Program::compile("tests/c/implicit/errors.c", Way::Found);
    let plan = "rule=[{unit='compute',nth=2,status=1003}]";
    let said = said(&program, &["silent"], &[("NRT_SIM_FAULTS", plan)]);
    assert_eq!(said.matches("Failed to execute model mix with status 1003").count(), 1, "{said}");
    assert_eq!(
        said.matches("run 2 on core 0 ended with NRT_EXEC_COMPLETED_WITH_NUM_ERR").count(),
        1,
        "{said}"
    );
}

/// In manual time a program that only sleeps sleeps for ever. It says so once.
#[test]
fn in_manual_time_who_registers_a_callback_is_warned() {
    let program = Program::compile("tests/c/implicit/callbacks.c", Way::Found);
    let settings = [("NRT_SIM_TIME", "manual"), ("NEURON_RT_LOG_LEVEL", "WARN")];
    let settings = [&settings[..], &[("NRT_SIM_MODELS", "model=[{time='50ms'}]")]].concat();
    let said = said(&program, &[], &settings);
    assert_eq!(said.matches("a callback comes only when some thread waits or steps").count(), 1, "{said}");
}
