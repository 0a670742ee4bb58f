//! Shuffled durations: any order of completions between queues, and no other.

use std::collections::BTreeSet;
use std::sync::Arc;

use sim_core::config::{Config, Time};
use sim_core::memory::storage::Span;
use sim_core::request::{Answer, Work};
use sim_core::seq::{Seq, UnitId, UnitKind};

use crate::kit::{COMPUTE, OTHER, Scene, config};

const COPIES: UnitId = UnitId { core: 0, kind: UnitKind::TensorOp, queue: 0 };
/// How many requests each queue gets.
const QUEUES: [(UnitId, u64); 3] = [(COMPUTE, 3), (OTHER, 2), (COPIES, 1)];

/// A device with requests on three queues, all submitted at one instant.
fn scene(time: Time, seed: u64) -> Scene {
    let scene = Scene::with(Config { shuffle: true, seed, ..config(time) });
    scene.run(COMPUTE, 3);
    scene.run(OTHER, 2);
    let span = || Span::whole(Arc::new(scene.device.allocate(0, 64).expect("small")));
    let log = Arc::clone(&scene.log);
    let answer = Answer::Call(Box::new(move |seq, status| log.lock().push((seq, status))));
    let copy = Work::Copy { from: span(), to: span() };
    scene.device.submit(COPIES, copy, answer).expect("no bound");
    scene
}

/// The order in which the device completes them, event by event.
fn stepped(seed: u64) -> Vec<(UnitId, u64)> {
    let scene = scene(Time::Manual, seed);
    while scene.device.step().is_some() {}
    scene.log.lock().iter().map(|(seq, _)| Seq::decode(seq.raw()).expect("ours")).collect()
}

/// The order in which a program that goes round its queues learns of them.
fn seen(time: Time, seed: u64) -> Vec<(UnitId, u64)> {
    let Scene { device, .. } = scene(time, seed);
    let mut order = Vec::new();
    let mut next = QUEUES.map(|(unit, count)| (unit, 1, count));
    while next.iter().any(|(_, num, count)| num <= count) {
        for (unit, num, count) in &mut next {
            if *num <= *count && device.is_completed(*unit, *num) {
                order.push((*unit, *num));
                *num += 1;
            }
        }
    }
    order
}

fn is_legal(order: &[(UnitId, u64)]) -> bool {
    QUEUES.iter().all(|(unit, count)| {
        let nums: Vec<u64> = order.iter().filter(|(of, _)| of == unit).map(|(_, num)| *num).collect();
        nums == (1..=*count).collect::<Vec<_>>()
    })
}

#[test]
fn every_legal_order_occurs_and_no_other() {
    let orders: BTreeSet<_> = (0..2000).map(stepped).collect();
    assert!(orders.iter().all(|order| is_legal(order)));
    assert_eq!(orders.len(), 60, "6! / (3! 2! 1!)");
}

#[test]
fn a_seed_is_an_order() {
    for seed in 0..50 {
        assert_eq!(stepped(seed), stepped(seed), "seed {seed}");
        assert_eq!(seen(Time::Manual, seed), seen(Time::Manual, seed), "seed {seed}, looked at");
    }
    assert_ne!(stepped(1), stepped(2));
}

/// Which of several that are done a look finds first is a matter of threads there; that it is legal is not.
#[test]
fn in_free_time_orders_are_many_and_legal() {
    let mut orders = BTreeSet::new();
    for seed in 0..100 {
        let order = seen(Time::Free, seed);
        assert!(is_legal(&order), "seed {seed}: {order:?}");
        orders.insert(order);
    }
    assert!(orders.len() > 10, "{}", orders.len());
}

#[test]
fn off_durations_are_those_of_the_requests() {
    let scene = Scene::with(config(Time::Manual));
    scene.run(COMPUTE, 1);
    assert_eq!(scene.device.step(), Some(sim_core::time::Tick(crate::kit::RUN)));
}
