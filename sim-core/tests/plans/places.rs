//! Which verdict is possible where, as a table of its own.

use sim_core::fault::{Place, Rule, VERDICTS};
use sim_core::status::Status;

/// A way to write each verdict, with a status that most places know.
fn written(key: &str) -> &'static str {
    match key {
        "status" => "status = 1",
        "hang" => "hang = true",
        "late" => "late = \"1ms\"",
        "slow" => "slow = 2.0",
        "never" => "never = true",
        "stuck" => "stuck = true",
        "full" => "full = true",
        "nan" => "nan = 1",
        "flip" => "flip = 1",
        "torn" => "torn = true",
        "signal" => "signal = \"twice\"",
        "core-busy" => "core-busy = true",
        _ => unreachable!("{key} is new"),
    }
}

const POSSIBLE: [(Place, &str); 11] = [
    (Place::Submit, "status full"),
    (Place::Start, "status hang late slow stuck"),
    (Place::Finish, "status never nan flip torn"),
    (Place::Collective, "status hang late slow stuck never flip torn"),
    (Place::TensorRead, "status late slow flip torn"),
    (Place::TensorWrite, "status late slow flip torn"),
    (Place::TensorCopy, "status late slow flip torn"),
    (Place::Event, "signal"),
    (Place::Allocate, "status"),
    (Place::Load, "status"),
    (Place::Init, "status core-busy"),
];

#[test]
fn a_verdict_is_possible_at_its_places_and_refused_at_all_others() {
    for (place, possible) in POSSIBLE {
        for verdict in VERDICTS {
            let read = Rule::parse(&format!("place = {:?}\n{}", place.name(), written(verdict)));
            if possible.split(' ').any(|possible| possible == verdict) {
                let rule = read.unwrap_or_else(|error| panic!("{verdict} at {place:?}: {error}"));
                assert_eq!((rule.place, rule.verdict.key()), (place, verdict));
                continue;
            }
            let error = read.expect_err(verdict).to_string();
            let said = format!("line 2: rule 1: {verdict} is not possible at place = {:?}", place.name());
            assert!(error.starts_with(&said), "{error}");
            assert!(error.contains(&format!("possible here: {}", possible.replace(' ', ", "))), "{error}");
        }
    }
}

#[test]
fn a_status_is_possible_at_its_places_and_refused_at_all_others() {
    let numbers = |place, possible: &[u32]| {
        for status in Status::ALL.into_iter().skip(1) {
            let read = Rule::parse(&format!("place = {place:?}\nstatus = {}", status.code()));
            match possible.contains(&status.code()) {
                true => assert!(read.is_ok(), "{status:?} at {place}: {read:?}"),
                false => {
                    let error = read.expect_err(place).to_string();
                    let said = format!("{} ({}) is not possible at place", status.name(), status.code());
                    assert!(error.contains(&said), "{error}");
                }
            }
        }
    };
    let fatal = [5, 6, 101, 1006, 1200, 1201, 1202, 1203, 1204, 1205, 1206];
    numbers("submit", &[&[1, 2, 4, 7], &fatal[..]].concat());
    numbers("allocate", &[1, 4, 11]);
    numbers("load", &[1, 2, 4, 9, 10, 11]);
    numbers("init", &[1, 2, 4, 11]);
    let all: Vec<u32> = Status::ALL.into_iter().skip(1).map(Status::code).collect();
    let unfinished: Vec<u32> = all.iter().copied().filter(|code| ![1003, 1004].contains(code)).collect();
    numbers("start", &unfinished);
    for place in ["finish", "collective", "tensor-read", "tensor-write", "tensor-copy"] {
        numbers(place, &all);
    }
    for status in Status::ALL.into_iter().skip(1) {
        let read = Rule::parse(&format!("hang = {}", status.code()));
        assert_eq!(read.is_ok(), fatal.contains(&status.code()), "{status:?}: {read:?}");
    }
}

#[test]
fn what_persists_is_a_queue_that_is_dead() {
    for (text, is_possible) in [
        ("status = 1202", true),
        ("place = \"start\"\nstatus = 1202", true),
        ("place = \"collective\"\nhang = true", true),
        ("hang = true", true),
        ("status = 1003", false),
        ("place = \"submit\"\nstatus = 1202", false),
        ("place = \"tensor-read\"\nstatus = 1202", false),
        ("stuck = true", false),
        ("flip = true", false),
        ("place = \"init\"\nstatus = 4", false),
    ] {
        let read = Rule::parse(&format!("{text}\npersist = true"));
        match is_possible {
            true => assert!(read.is_ok_and(|rule| rule.persist), "{text}"),
            false => {
                let error = read.expect_err(text).to_string();
                assert!(
                    error.contains("rule 1: persist without a queue that is dead; leave it out"),
                    "{error}"
                );
            }
        }
    }
}
