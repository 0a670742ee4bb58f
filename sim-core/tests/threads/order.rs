//! What a program may conclude in free-running time, where a look shows no more than the next end: what it was told
//! of, or could only have because of a completion, it sees at its first look.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;

use sim_core::config::Time;
use sim_core::device::Device;
use sim_core::port::SubmitError;
use sim_core::request::Answer;
use sim_core::seq::{Seq, UnitId, UnitKind};
use sim_core::status::Status;
use sim_core::time::Tick;

use crate::kit::{
    COMPUTE, Does, HEAVY, LIGHT, TENSOR, bell, copy, expect, gated, letter, number, open, poll, run,
};

/// Another queue's request ends earlier, so that looks could show that one first.
#[test]
fn a_program_that_got_a_place_sees_that_the_one_before_has_ended() {
    let device = open(Time::Free, "");
    for round in 1..=20 {
        device.submit(TENSOR[0], copy(&device, 0, LIGHT), Answer::Nobody).expect("no bound");
        let last = loop {
            // Whoever looks on the way sees one end at a time, far behind the workers.
            match device.submit(COMPUTE[0], run(&device, 0, LIGHT, Does(|| Status::Success)), Answer::Nobody)
            {
                Ok(seq) => break number(seq),
                Err(SubmitError::Full { .. }) => drop(device.completed(COMPUTE[0])),
                Err(error) => panic!("{error}"),
            }
        };
        let seen = device.completed(COMPUTE[0]);
        assert!(last - seen <= device.config().compute_depth, "round {round}: {last} accepted, {seen} seen");
    }
}

/// A device on which `count` runs are done, at which nobody has looked, and a copy that ends before them.
fn unseen(count: u64) -> (Arc<Device>, Vec<Receiver<(Seq, Status)>>) {
    let device = open(Time::Free, "");
    device.submit(TENSOR[0], copy(&device, 0, LIGHT), Answer::Nobody).expect("no bound");
    let submit = |_| {
        let (answer, arrives) = letter();
        let work = run(&device, 0, LIGHT, Does(|| Status::Success));
        device.submit(COMPUTE[0], work, answer).expect("room");
        arrives
    };
    let letters: Vec<_> = (0..count).map(submit).collect();
    for arrives in &letters {
        expect("a run", arrives);
    }
    (device, letters)
}

#[test]
fn whoever_is_signalled_sees_it_completed() {
    for by_number in [true, false] {
        let (device, _letters) = unseen(3);
        let (signal, rung) = bell();
        if by_number {
            device.listen_by_number(COMPUTE[0], 3, Some(signal));
        } else {
            device.listen(COMPUTE[0], 3, signal);
        }
        expect("the signal", &rung);
        assert!(device.is_completed(COMPUTE[0], 3), "by number: {by_number}");
        assert_eq!(device.completed(COMPUTE[0]), 3);
    }
}

/// It may be the last of them that is told of; those before never will be.
#[test]
fn whoever_begins_to_listen_sees_all_that_it_is_not_told_of() {
    let (device, _letters) = unseen(5);
    let (signal, rung) = bell();
    device.listen_to_each(COMPUTE[0], Some(signal));
    for missing in (device.completed(COMPUTE[0])..5).rev() {
        expect("a completion that was not seen", &rung);
        assert!(device.completed(COMPUTE[0]) >= 5 - missing);
    }
}

#[test]
fn what_other_threads_do_holds_nothing_back() {
    let device = open(Time::Free, "");
    let other = Arc::clone(&device);
    let copies = move || {
        let (answer, arrives) = letter();
        other.submit(TENSOR[0], copy(&other, 0, LIGHT), answer).expect("no bound");
        expect("a copy", &arrives);
    };
    thread::spawn(copies).join().expect("no panic");
    let work = run(&device, 0, LIGHT, Does(|| Status::Success));
    let seq = device.submit(COMPUTE[0], work, Answer::Nobody).expect("room");
    while !device.is_completed(COMPUTE[0], number(seq)) {
        // A worker is at it. Had we been held back, it would be the end of the copy.
        assert_eq!(device.now(), Tick::ZERO);
    }
}

#[test]
fn a_program_that_keeps_looking_at_one_request_is_not_held_for_long() {
    let device = open(Time::Free, "");
    let queue = |(core, kind, queue)| UnitId { core, kind, queue };
    let tensor = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(core, at)| queue((core, UnitKind::TensorOp, at)));
    let collectives = [0, 1, 2].map(|at| queue((0, UnitKind::Collectives, at)));
    for unit in [tensor.as_slice(), &collectives].concat().repeat(12) {
        device.submit(unit, copy(&device, 0, LIGHT), Answer::Nobody).expect("no bound");
    }
    let runs = [(); 2].map(|()| run(&device, 0, LIGHT, Does(|| Status::Success)));
    let seqs = runs.map(|work| device.submit(COMPUTE[0], work, Answer::Nobody).expect("room"));
    // Looks that find a worker at it do not count: they move nothing.
    let mut instants = BTreeSet::new();
    while !device.is_completed(COMPUTE[0], number(seqs[1])) {
        instants.insert(device.now());
    }
    let steps = instants.len();
    assert!((20..=40).contains(&steps), "{steps} steps, with sixty copies that end before");
}

#[test]
fn a_kernel_that_does_not_end_holds_nothing_back_for_ever() {
    let device = open(Time::Free, "");
    let (kernel, begun, gate) = gated();
    device.submit(COMPUTE[0], run(&device, 0, HEAVY, kernel), Answer::Nobody).expect("room");
    expect("the kernel", &begun);
    for _ in 0..3 {
        let work = run(&device, 1, LIGHT, Does(|| Status::Success));
        device.submit(COMPUTE[1], work, Answer::Nobody).expect("room");
    }
    poll(&device, COMPUTE[1], 3); // it ends after the kernel, which is not done
    gate.send(()).expect("it waits");
    poll(&device, COMPUTE[0], 1);
}
