//! The hand-over of a queue between threads that pump it.

use std::sync::Arc as Plain;

use loom::sync::Arc;
use loom::thread;

use super::{Tally, UNIT, complete_all, explore, port, request};
use crate::port::{Port, Signal};
use crate::profile::Profile;
use crate::rates::Rates;
use crate::recorder::Recorder;
use crate::request::Answer;
use crate::shard::{Bounds, Effort, Pumped, Shard};
use crate::sync::Mutex;
use crate::time::Tick;
use crate::unit::Unit;

fn shard(port: Port, rates: &Plain<Rates>) -> Shard {
    let recorder = Plain::new(Recorder::new(1));
    Shard::new(port, Unit::new(UNIT, 0, None), Plain::clone(rates), recorder, Plain::default())
}

fn pump(shard: &Shard, horizon: Tick, effort: Effort) -> Pumped {
    shard.pump(Bounds { horizon, effort, last: u64::MAX }, &|_| {})
}

fn rates() -> Plain<Rates> {
    Plain::new(Profile::named("trn1").expect("built in").rates(1))
}

#[test]
fn no_request_is_stranded_when_whoever_submits_pumps() {
    let rates = rates();
    explore(move || {
        let shard = Arc::new(shard(port(8), &rates));
        let told = Tally::new();
        let submit_and_pump = |shard: &Shard, told: &Tally| {
            let told = told.clone();
            let answer = Answer::Call(Box::new(move |_, _| told.signal()));
            let num = shard.port.submit(request(answer), Tick::ZERO).ok().expect("room").num;
            if pump(shard, Tick::END, Effort::Any) == Pumped::Idle {
                assert!(shard.port.completed() >= num, "nothing was left, so {num} is not");
            }
        };
        let other = {
            let (shard, told) = (Arc::clone(&shard), told.clone());
            thread::spawn(move || submit_and_pump(&shard, &told))
        };
        submit_and_pump(&shard, &told);
        other.join().expect("no panic");
        // Both have pumped and nobody will any more. Each found nothing left, or the other busy.
        assert_eq!((shard.port.completed(), told.count()), (2, 2), "no request is left");
    });
}

#[test]
fn no_request_is_stranded_when_somebody_else_pumps_at_the_same_time() {
    let rates = rates();
    explore(move || {
        let shard = Arc::new(shard(port(8), &rates));
        let looks = {
            let shard = Arc::clone(&shard);
            thread::spawn(move || pump(&shard, Tick::END, Effort::Light))
        };
        for _ in 0..2 {
            shard.port.submit(request(Answer::Nobody), Tick::ZERO).ok().expect("room");
        }
        let ours = pump(&shard, Tick::END, Effort::Light);
        let theirs = looks.join().expect("no panic");
        assert_eq!(shard.port.completed(), 2, "we stopped {ours:?}, they stopped {theirs:?}");
    });
}

#[test]
fn who_finds_the_queue_busy_leaves_it_to_somebody_who_knows_that_work_is_left() {
    let rates = rates();
    explore(move || {
        // Time stands still, so nothing completes: somebody must come back with the instant to wait for.
        let shard = Arc::new(shard(port(8), &rates));
        let submit_and_pump = |shard: &Shard| {
            shard.port.submit(request(Answer::Nobody), Tick(1)).ok().expect("room");
            pump(shard, Tick::ZERO, Effort::Any)
        };
        let other = {
            let shard = Arc::clone(&shard);
            thread::spawn(move || submit_and_pump(&shard))
        };
        let stopped = [submit_and_pump(&shard), other.join().expect("no panic")];
        assert!(stopped.iter().any(|pumped| matches!(pumped, Pumped::Until(_))), "{stopped:?}");
        assert!(!stopped.contains(&Pumped::Idle), "something is left: {stopped:?}");
    });
}

#[test]
#[should_panic(expected = "a request is stranded")]
fn a_pump_that_does_not_look_again_after_the_release_strands_a_request() {
    explore(|| {
        let port = Arc::new(port(8));
        let owner = Arc::new(Mutex::new(0));
        let submit_and_pump = |port: &Port, owner: &Mutex<u64>| {
            port.submit(request(Answer::Nobody), Tick::ZERO).ok().expect("room");
            if let Some(mut completed) = owner.try_lock() {
                while port.has_waiting() {
                    complete_all(port, &mut completed);
                }
            }
        };
        let other = {
            let (port, owner) = (Arc::clone(&port), Arc::clone(&owner));
            thread::spawn(move || submit_and_pump(&port, &owner))
        };
        submit_and_pump(&port, &owner);
        other.join().expect("no panic");
        assert_eq!(port.completed(), 2, "a request is stranded");
    });
}
