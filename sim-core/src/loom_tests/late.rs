//! Signals that a fault makes late, and listeners that go meanwhile.

use std::collections::VecDeque;

use loom::sync::Arc;
use loom::thread;

use super::{Tally, explore, port, request};
use crate::fault::Signalling;
use crate::port::{Listening, Port, Queued};
use crate::request::Answer;
use crate::status::Status;
use crate::time::{Nanos, Tick};

/// Completes the only request with a late signal, and gives that when it is due, as the owner of the unit does.
fn complete_late(port: &Port) {
    let mut taken = VecDeque::new();
    port.take(&mut taken);
    let Queued { num, request, .. } = taken.pop_front().expect("one was submitted");
    let late = Some(Signalling::Late(Nanos(5)));
    port.complete(num, request.answer, Status::Success, Tick(1), late, &|_| {});
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
