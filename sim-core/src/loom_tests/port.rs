//! Submitting, observing, and being told.

use std::collections::VecDeque;
use std::sync::Arc as Plain;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, fence};
use loom::thread;

use super::{Tally, UNIT, complete_all, explore, explore_up_to, port, request};
use crate::ledger::Ledger;
use crate::port::{Listening, Port, Queued, SubmitError};
use crate::request::Answer;
use crate::seq::Seq;
use crate::status::Status;
use crate::time::Tick;

#[test]
fn numbers_and_places_agree_and_the_depth_is_never_exceeded() {
    const DEPTH: u64 = 2;
    // Without a bound it holds as well, but takes a minute.
    explore_up_to(Some(4), || {
        let ledger = Plain::new(Ledger::new(1).expect("small"));
        let port = Arc::new(Port::new(UNIT, DEPTH, Plain::clone(&ledger), Plain::default()));
        let submitter = || {
            let port = Arc::clone(&port);
            thread::spawn(move || {
                let mut accepted = Vec::new();
                for _ in 0..2 {
                    // The number that a request completes with is the one its submitter was given.
                    let completed = Arc::new(AtomicU64::new(0));
                    let note = Arc::clone(&completed);
                    let tell = move |seq: Seq, _| note.store(seq.raw() & Seq::NUM_MAX, Relaxed);
                    match port.submit(request(Answer::Call(Box::new(tell))), Tick::ZERO) {
                        Ok(place) => accepted.push((place.num, completed)),
                        Err((error, _)) => assert_eq!(error, SubmitError::Full { depth: DEPTH }),
                    }
                }
                accepted
            })
        };
        let submitters = [submitter(), submitter()];
        let mut completed = 0;
        complete_all(&port, &mut completed);
        complete_all(&port, &mut completed);
        let accepted = submitters.map(|thread| thread.join().expect("no panic")).concat();
        complete_all(&port, &mut completed);
        assert_eq!(accepted.len() as u64, completed, "each accepted request completes");
        for (num, told) in &accepted {
            assert_eq!(told.load(Relaxed), *num);
        }
        assert!(ledger.queue(UNIT).deepest() <= DEPTH);
    });
}

#[test]
fn a_listener_that_races_with_the_completion_is_signalled_exactly_once() {
    explore(|| {
        let port = Arc::new(port(8));
        port.submit(request(Answer::Nobody), Tick::ZERO).ok().expect("empty");
        let completer = {
            let port = Arc::clone(&port);
            thread::spawn(move || complete_all(&port, &mut 0))
        };
        let tally = Tally::new();
        let listening = port.listen(1, Box::new(tally.clone()), &|_| {});
        if listening == Listening::Signalled {
            assert_eq!((tally.count(), port.completed()), (1, 1), "the number is out before the signal");
        }
        completer.join().expect("no panic");
        assert_eq!(tally.count(), 1, "{listening:?}");
        assert!(!port.is_listened(), "the wish is fulfilled");
    });
}

#[test]
fn two_listeners_of_two_requests_are_signalled_once_each() {
    explore(|| {
        let port = Arc::new(port(8));
        for _ in 0..2 {
            port.submit(request(Answer::Nobody), Tick::ZERO).ok().expect("room");
        }
        let listener = |num| {
            let port = Arc::clone(&port);
            thread::spawn(move || {
                let tally = Tally::new();
                port.listen(num, Box::new(tally.clone()), &|_| {});
                tally
            })
        };
        let listeners = [listener(1), listener(2)];
        complete_all(&port, &mut 0);
        for listener in listeners {
            assert_eq!(listener.join().expect("no panic").count(), 1);
        }
    });
}

#[test]
fn after_forget_returns_no_signal_comes() {
    explore(|| {
        let port = Arc::new(port(8));
        port.submit(request(Answer::Nobody), Tick::ZERO).ok().expect("empty");
        let tally = Tally::new();
        let listening = port.listen(1, Box::new(tally.clone()), &|_| {});
        let Listening::Pending(key) = listening else { panic!("nobody completes yet: {listening:?}") };
        let completer = {
            let port = Arc::clone(&port);
            thread::spawn(move || complete_all(&port, &mut 0))
        };
        port.forget(key);
        let before = tally.count();
        completer.join().expect("no panic");
        assert_eq!(tally.count(), before, "no signal after forget has returned");
        assert!(before <= 1);
        assert!(!port.is_listened());
    });
}

#[test]
fn whoever_sees_the_number_sees_the_status() {
    explore(|| {
        let port = Arc::new(port(8));
        // Relaxed on both sides: only the number orders the two.
        let statuses = Arc::new([AtomicU64::new(9), AtomicU64::new(9)]);
        for place in 0..2 {
            let statuses = Arc::clone(&statuses);
            let tell = move |_, status: Status| statuses[place].store(status.code().into(), Relaxed);
            port.submit(request(Answer::Call(Box::new(tell))), Tick::ZERO).ok().expect("room");
        }
        let completer = {
            let port = Arc::clone(&port);
            thread::spawn(move || complete_all(&port, &mut 0))
        };
        let completed = port.completed();
        assert_eq!(port.ended(completed), (completed > 0).then_some(Tick(completed)), "the end is there");
        for (num, status) in (1..=completed).zip(statuses.iter()) {
            assert_eq!(status.load(Relaxed), 0, "request {num}");
        }
        completer.join().expect("no panic");
    });
}

#[test]
fn whoever_is_signalled_sees_the_number() {
    explore(|| {
        let port = Arc::new(port(8));
        port.submit(request(Answer::Nobody), Tick::ZERO).ok().expect("empty");
        let completer = {
            let port = Arc::clone(&port);
            thread::spawn(move || complete_all(&port, &mut 0))
        };
        let tally = Tally::new();
        port.listen_to_each(Some(Box::new(tally.clone())));
        if tally.count() == 1 {
            assert_eq!(port.completed(), 1, "the signal comes after the number");
        }
        completer.join().expect("no panic");
    });
}

/// Asks for each signal or for one, while the request completes, and looks at the time when it has come.
fn signalled_in_time(
    reach: impl Fn(&AtomicU64, u64) + Copy + Send + Sync + 'static,
    listen: fn(&Port, Tally, &dyn Fn(Tick)),
) {
    explore(move || {
        let port = Arc::new(port(8));
        port.submit(request(Answer::Nobody), Tick::ZERO).ok().expect("empty");
        let now = Arc::new(AtomicU64::new(0));
        let completer = {
            let (port, now) = (Arc::clone(&port), Arc::clone(&now));
            thread::spawn(move || {
                let mut taken = VecDeque::new();
                port.take(&mut taken);
                let Queued { num, request, .. } = taken.pop_front().expect("one was submitted");
                port.complete(num, request.answer, Status::Success, Tick(70), None, &|at| reach(&now, at.0));
            })
        };
        let tally = Tally::new();
        listen(&port, tally.clone(), &|at| reach(&now, at.0));
        if tally.count() == 1 {
            assert_eq!(now.load(Relaxed), 70, "it is not yet the end of what was signalled");
        }
        completer.join().expect("no panic");
    });
}

#[test]
fn whoever_is_signalled_finds_that_time_has_come() {
    let reach = |now: &AtomicU64, at| {
        now.fetch_max(at, Relaxed);
    };
    signalled_in_time(reach, |port, tally, _| port.listen_to_each(Some(Box::new(tally))));
    signalled_in_time(reach, |port, tally, reach| {
        port.listen(1, Box::new(tally), reach);
    });
    signalled_in_time(reach, |port, tally, reach| port.listen_by_number(1, Some(Box::new(tally)), reach));
}

#[test]
#[should_panic(expected = "not yet the end")]
fn time_that_is_not_moved_before_the_signal_comes_late() {
    signalled_in_time(|_, _| {}, |port, tally, _| port.listen_to_each(Some(Box::new(tally))));
}

#[test]
fn whoever_finds_a_free_place_sees_the_status_of_what_left_it() {
    explore(|| {
        let port = Arc::new(port(1));
        let status = Arc::new(AtomicU64::new(9));
        let word = Arc::clone(&status);
        let tell = move |_, status: Status| word.store(status.code().into(), Relaxed);
        port.submit(request(Answer::Call(Box::new(tell))), Tick::ZERO).ok().expect("empty");
        let completer = {
            let port = Arc::clone(&port);
            thread::spawn(move || complete_all(&port, &mut 0))
        };
        if port.submit(request(Answer::Nobody), Tick::ZERO).is_ok() {
            assert_eq!(status.load(Relaxed), 0, "the place is free because of the completion");
        }
        completer.join().expect("no panic");
    });
}

#[test]
fn each_completion_tells_whoever_listens_to_each_and_nobody_who_was_replaced() {
    explore(|| {
        let port = Arc::new(port(8));
        for _ in 0..2 {
            port.submit(request(Answer::Nobody), Tick::ZERO).ok().expect("room");
        }
        let (first, second) = (Tally::new(), Tally::new());
        port.listen_to_each(Some(Box::new(first.clone())));
        let completer = {
            let port = Arc::clone(&port);
            thread::spawn(move || complete_all(&port, &mut 0))
        };
        port.listen_to_each(Some(Box::new(second.clone())));
        let told_first = first.count();
        completer.join().expect("no panic");
        assert_eq!(first.count(), told_first, "who was replaced is not told any more");
        assert_eq!(first.count() + second.count(), 2, "each completion is told to one of the two");
    });
}

#[test]
fn nobody_is_told_after_nobody_listens_to_each() {
    explore(|| {
        let port = Arc::new(port(8));
        for _ in 0..2 {
            port.submit(request(Answer::Nobody), Tick::ZERO).ok().expect("room");
        }
        let tally = Tally::new();
        port.listen_to_each(Some(Box::new(tally.clone())));
        let completer = {
            let port = Arc::clone(&port);
            thread::spawn(move || complete_all(&port, &mut 0))
        };
        port.listen_to_each(None);
        let told = tally.count();
        completer.join().expect("no panic");
        assert_eq!(tally.count(), told);
        assert!(!port.is_listened());
    });
}

#[test]
fn whoever_closes_sees_the_last_number_that_is_accepted() {
    explore(|| {
        let port = Arc::new(port(8));
        let submitter = {
            let port = Arc::clone(&port);
            thread::spawn(move || {
                let submit = || port.submit(request(Answer::Nobody), Tick::ZERO);
                [submit(), submit()].map(|place| place.map(|place| place.num).map_err(|(error, _)| error))
            })
        };
        port.close();
        let last = port.issued();
        let submitted = submitter.join().expect("no panic");
        for (num, submitted) in (1..).zip(submitted) {
            let expected = if num <= last { Ok(num) } else { Err(SubmitError::Closed) };
            assert_eq!(submitted, expected, "{last} were accepted when the port was closed");
        }
    });
}

/// What a registry without a common lock would be: each side writes, then looks at the other's word.
struct Weak {
    completed: AtomicU64,
    listens: AtomicU64,
}

impl Weak {
    fn race(fence: bool) {
        explore(move || {
            let weak = Arc::new(Weak { completed: AtomicU64::new(0), listens: AtomicU64::new(0) });
            let completer = {
                let weak = Arc::clone(&weak);
                thread::spawn(move || {
                    weak.completed.store(1, Release);
                    fence_if(fence);
                    weak.listens.load(Acquire) == 1
                })
            };
            weak.listens.store(1, Release);
            fence_if(fence);
            let saw_completion = weak.completed.load(Acquire) == 1;
            let saw_listener = completer.join().expect("no panic");
            assert!(saw_completion || saw_listener, "the signal is lost");
        });
    }
}

fn fence_if(wanted: bool) {
    if wanted {
        fence(SeqCst);
    }
}

#[test]
#[should_panic(expected = "the signal is lost")]
fn listeners_looked_for_without_the_lock_lose_a_signal() {
    Weak::race(false);
}

#[test]
fn listeners_looked_for_without_the_lock_but_with_fences_lose_none() {
    Weak::race(true);
}
