//! Fault plans that are read anew while the program runs.

use std::fs;
use std::path::Path;

use super::steered::{Stage, Steered};

const FIRST: &str = "[[rule]]\nname = 'first'\nunit = 'compute'\nstatus = 1003\n";
const SECOND: &str = "[[rule]]\nname = 'second'\nunit = 'compute'\nstatus = 1004\n";

/// A program that has its plan from a file.
fn begin(stage: &Stage, text: &str) -> (Steered, std::path::PathBuf) {
    let path = stage.file("plan.toml");
    fs::write(&path, text).expect("writable");
    (stage.run(&[("NRT_SIM_FAULTS", path.to_str().expect("plain"))]), path)
}

#[track_caller]
fn next_status(program: &mut Steered) -> String {
    assert_eq!(program.says("submit 1"), "accepted 1");
    program.says("drain")
}

/// Puts another file in the place of `path`, as editors do.
fn replace(path: &Path, text: &str) {
    let other = path.with_extension("new");
    fs::write(&other, text).expect("writable");
    fs::rename(other, path).expect("one folder");
}

#[test]
fn a_plan_counts_as_soon_as_its_file_is_written_or_replaced() {
    let stage = Stage::new();
    let (mut program, path) = begin(&stage, FIRST);
    assert_eq!(next_status(&mut program), "statuses 1003");
    replace(&path, SECOND);
    program.expect_line("read anew: 1 rules");
    assert_eq!(next_status(&mut program), "statuses 1004");
    fs::write(&path, "").expect("writable");
    program.expect_line("read anew: 0 rules");
    assert_eq!(next_status(&mut program), "statuses 0");
    fs::write(&path, format!("{FIRST}first = 1\n{SECOND}")).expect("writable");
    program.expect_line("read anew: 2 rules");
    assert_eq!(next_status(&mut program), "statuses 1003");
    assert_eq!(next_status(&mut program), "statuses 1004");
    program.ends_well();
}

#[test]
fn a_plan_that_is_not_valid_is_refused_and_the_old_one_stays() {
    let stage = Stage::new();
    let (mut program, path) = begin(&stage, FIRST);
    for wrong in ["[[rule]]\nstatus = 0\n", "rule", "[[rule]]\nunit = 'gpu'\nstatus = 5\n", "\u{0}"] {
        replace(&path, wrong);
        let line = program.expect_line("was not read anew");
        assert!(line.contains("plan.toml") && line.contains("ERROR"), "{line}");
        assert_eq!(next_status(&mut program), "statuses 1003", "{wrong:?}");
        let (done, said) = stage.try_ctl(&["reload"]);
        assert!(!done && said.contains("the rules stay as they are"), "{said}");
    }
    fs::remove_file(&path).expect("ours");
    let (done, said) = stage.try_ctl(&["reload"]);
    assert!(!done && said.contains("cannot be read"), "{said}");
    assert_eq!(next_status(&mut program), "statuses 1003");
    replace(&path, SECOND);
    program.expect_line("read anew: 1 rules");
    assert_eq!(next_status(&mut program), "statuses 1004");
    program.ends_well();
}

#[test]
fn injected_rules_and_what_was_broken_before_stay_when_the_plan_is_read_anew() {
    let stage = Stage::new();
    // Makes the folder, in which another process could have left this.
    assert!(stage.ctl_fails(&["status"]));
    let broken = "[[rule]]\nname = 'broken'\nplace = 'start'\ncore = 0\nunit = 'tensor-op'\nqueue = 1\nstatus = 1203\n";
    fs::write(stage.user_folder().join("broken-trn1.2xlarge.toml"), broken).expect("writable");
    let (mut program, path) = begin(&stage, FIRST);
    stage.ctl(&["inject", "name = 'third'\nunit = 'compute'\nfirst = 1\nstatus = 1002"]);
    replace(&path, SECOND);
    program.expect_line("read anew: 1 rules");
    let status = stage.json(&["status"]);
    let rules = status["rules"].as_array().expect("an array").iter();
    let names: Vec<&str> = rules.map(|rule| rule["name"].as_str().expect("text")).collect();
    assert_eq!(names, ["third", "broken", "second"]);
    assert_eq!(next_status(&mut program), "statuses 1002");
    assert_eq!(next_status(&mut program), "statuses 1004");
    program.ends_well();
}

#[test]
fn a_plan_is_read_anew_on_request_and_only_if_it_is_a_file() {
    let stage = Stage::new();
    let (mut program, _) = begin(&stage, FIRST);
    assert!(stage.ctl(&["reload"]).contains("1 in the plan"));
    stage.ctl(&["clear"]);
    assert_eq!(next_status(&mut program), "statuses 0");
    stage.ctl(&["reload"]);
    assert_eq!(next_status(&mut program), "statuses 1003");
    program.ends_well();
    let program = stage.run(&[("NRT_SIM_FAULTS", "rule=[{unit='compute',status=1003}]")]);
    let (done, said) = stage.try_ctl(&["reload"]);
    assert!(!done && said.contains("names no file"), "{said}");
    program.ends_well();
}
