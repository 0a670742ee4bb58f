//! Values that the environment cannot have.

use std::ptr;

use nrt_tests::child::{self, Log, in_child};
use nrt_tests::nrt::Nrt;

const INVALID: u32 = 2;

/// Each variable with values that are refused.
const BAD: [(&str, &[&str]); 17] = [
    ("NRT_SIM_INSTANCE", &["p5.48xlarge"]),
    ("NRT_SIM_SDK", &["2.27", "3.0"]),
    ("NRT_SIM_SEED", &["-1"]),
    ("NRT_SIM_TIME", &["slow", "wall:0", "wall:inf", "wall:NaN"]),
    ("NRT_SIM_FAULTS", &["/nowhere/plan.toml", "[[rule]]\nstatus = 0"]),
    ("NRT_SIM_AFTER_CLOSE", &["open"]),
    ("NRT_SIM_SHARE_CORES", &["yes"]),
    ("NEURON_RT_NUM_CORES", &["-1", "257", "2x", "1.5"]),
    ("NEURON_RT_VISIBLE_CORES", &["banana", "1-0", "0-4294967295", "0,,1"]),
    ("NEURON_LOGICAL_NC_CONFIG", &["0", "3", "4"]),
    ("NEURON_RT_EXEC_TIMEOUT", &["-1", "2147483648"]),
    ("NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS", &["0", "many"]),
    ("NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS", &["-3"]),
    ("NEURON_RT_VALIDATE_HASH", &["2"]),
    ("NEURON_RT_ALLOW_LEGACY_NEFF", &["on"]),
    ("NEURON_RT_MAP_HBM", &["on"]),
    ("NEURON_RT_ENABLE_P2P", &["\u{fc}\nforged"]),
];

/// `nrt_init` answers 2, and one line of its own names each of `variables`.
fn assert_refused(variables: &[&str]) {
    let (nrt, mut log) = (Nrt::open(), Log::open());
    assert_eq!((nrt.init)(0, ptr::null(), ptr::null()), INVALID, "{variables:?}");
    let lines = log.lines();
    assert_eq!(lines.len(), variables.len(), "{lines:#?}");
    for variable in variables {
        let named = |line: &&child::Line| line.message.starts_with(variable);
        let line = lines.iter().find(named).unwrap_or_else(|| panic!("{variable}: {lines:#?}"));
        assert_eq!((line.level.as_str(), line.function.as_str()), ("ERROR", "nrt_init"));
        assert!(!line.message.contains("bug"), "{line:?}");
    }
}

#[test]
fn a_bad_value_is_refused_with_the_name_of_its_variable() {
    for (variable, values) in BAD {
        for value in values {
            if child::folder().is_some() && std::env::var(variable).as_deref() != Ok(*value) {
                continue; // this child is for another
            }
            in_child(&[(variable, *value)], || assert_refused(&[variable]));
        }
    }
}

#[test]
fn all_bad_values_are_named_at_once() {
    let all = BAD.map(|(variable, values)| (variable, values[0]));
    in_child(&all, || assert_refused(&BAD.map(|(variable, _)| variable)));
}

#[test]
fn empty_values_count_as_not_set() {
    let all = BAD.map(|(variable, _)| (variable, ""));
    in_child(&all, || {
        let nrt = Nrt::start();
        assert_eq!(Nrt::get(|count| (nrt.visible_nc_count)(count)), 2_u32);
    });
}
