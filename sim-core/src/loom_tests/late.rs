//! Signals that a fault makes late, and listeners that go meanwhile.

use std::collections::VecDeque;
use std::sync::Arc as Plain;

use loom::sync::Arc;
use loom::thread;

use super::{Tally, UNIT, explore, port, request};
use crate::fault::journal::Victim;
use crate::fault::{Faults, Matcher, Operation, Place, Rule, Signalling, Strike, Trigger, Verdict};
use crate::port::{Listening, Port, Queued, Spoilt};
use crate::request::Answer;
use crate::status::Status;
use crate::time::{Nanos, Tick};

/// What makes a signal late by 5 ns, of the request that ended at 1.
fn late() -> Spoilt {
    let signalling = Signalling::Late(Nanos(5));
    let rule = Rule {
        name: "late".into(),
        place: Place::Event,
        matcher: Matcher::default(),
        trigger: Trigger::default(),
        verdict: Verdict::Signal(signalling),
        times: None,
        lifetime: None,
        require_fired: false,
        persist: false,
    };
    let faults = Faults::default();
    faults.inject(&rule, Tick::ZERO).expect("the only one");
    let strike = Strike { armed: Plain::clone(&faults.rules()[0]), luck: 0 };
    let victim = Victim { core: Some(0), unit: Some(UNIT), num: 1, operation: Operation::Copy, model: None };
    Spoilt { signalling, strike, victim, end: Tick(1) }
}

/// Completes the only request with a late signal.
fn complete_late(port: &Port) {
    let mut taken = VecDeque::new();
    port.take(&mut taken);
    let Queued { num, request, .. } = taken.pop_front().expect("one was submitted");
    port.complete(num, request.answer, Status::Success, Tick(1), Some(Box::new(late())), &|_| {});
    port.ring(Tick(5), &|_| panic!("nothing is due before 6"));
    port.ring(Tick(6), &|_| {});
}

/// Has `listen` come and go while the request completes; it returns how often it was told when it was gone.
fn come_and_go(listen: fn(&Port, &Tally) -> Option<usize>) {
    explore(move || {
        let port = Arc::new(port(8));
        port.submit(request(Answer::Nobody), Tick::ZERO).ok().expect("empty");
        let completer = {
            let port = Arc::clone(&port);
            thread::spawn(move || complete_late(&port))
        };
        let tally = Tally::new();
        let gone = listen(&port, &tally);
        completer.join().expect("no panic");
        port.ring(Tick(6), &|_| {}); // for who has asked afterwards
        match gone {
            Some(told) => assert_eq!(tally.count(), told, "told after it had gone"),
            None => assert_eq!(tally.count(), 1, "told once, now or late"),
        }
        assert_eq!(port.next_ring(), None, "nothing is left to be told");
    });
}

#[test]
fn a_listener_that_stays_is_told_once_whether_late_or_because_it_was_late_itself() {
    come_and_go(|port, tally| {
        port.listen(1, Box::new(tally.clone()), &|_| {});
        None
    });
    come_and_go(|port, tally| {
        port.listen_by_number(1, Some(Box::new(tally.clone())), &|_| {});
        None
    });
}

#[test]
fn a_listener_that_has_gone_is_not_told_late() {
    come_and_go(|port, tally| {
        match port.listen(1, Box::new(tally.clone()), &|_| {}) {
            Listening::Pending(key) => port.forget(key),
            Listening::Signalled => {}
        }
        Some(tally.count())
    });
    come_and_go(|port, tally| {
        port.listen_by_number(1, Some(Box::new(tally.clone())), &|_| {});
        port.listen_by_number(1, None, &|_| {});
        Some(tally.count())
    });
    come_and_go(|port, tally| {
        port.listen_to_each(Some(Box::new(tally.clone())));
        port.listen_to_each(None);
        Some(tally.count())
    });
}
