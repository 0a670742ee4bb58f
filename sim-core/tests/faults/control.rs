//! Queues under control from outside: paused, stepped, resumed, while rules come and go.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use sim_core::config::{Config, Time};
use sim_core::control::Stepped;
use sim_core::driver::Waited;
use sim_core::fault::{Effect, Place, Verdict};
use sim_core::seq::UnitId;
use sim_core::status::Status;
use sim_core::time::Nanos;

use crate::kit::{COMPUTE, RUN, Scene, at, config, rule};

const SUCCESS: Status = Status::Success;

#[test]
fn a_paused_queue_accepts_until_it_is_full_and_completes_nothing() {
    let scene = Scene::open(vec![]);
    scene.device.pause(COMPUTE);
    scene.run(8);
    assert!(scene.try_run().is_err(), "eight are queued");
    assert_eq!((scene.device.step(), scene.device.completed(COMPUTE)), (None, 0));
    assert!(scene.device.queue_state(COMPUTE).is_paused);
    scene.device.advance(Nanos(10 * RUN));
    scene.device.resume(COMPUTE);
    scene.finish();
    let ends: Vec<u64> = scene.history().iter().map(|done| done.2).collect();
    assert_eq!(ends, (0..8).map(|num| (10 + num) * RUN).collect::<Vec<_>>(), "the first had long been done");
}

#[test]
fn so_many_are_let_through_and_no_more() {
    let scene = Scene::open(vec![]);
    assert_eq!(scene.device.step_queue(COMPUTE, 1), None, "it is not paused");
    scene.device.pause(COMPUTE);
    scene.run(4);
    assert_eq!(scene.device.step_queue(COMPUTE, 0), Some(0));
    assert_eq!(scene.device.step_queue(COMPUTE, 2), Some(2));
    assert_eq!(scene.device.completed(COMPUTE), 2);
    assert_eq!(scene.device.step_queue(COMPUTE, 99), Some(2), "there are no more");
    scene.run(1);
    assert_eq!(scene.device.step(), None);
    scene.device.resume(COMPUTE);
    scene.finish();
    assert_eq!(scene.device.completed(COMPUTE), 5);
}

#[test]
fn what_is_let_through_stops_at_a_request_that_is_held_up() {
    let scene = Scene::open(vec![at(2, Place::Start, Verdict::Stuck)]);
    scene.device.pause(COMPUTE);
    scene.run(3);
    assert_eq!(scene.device.step_queue(COMPUTE, 3), Some(1));
    scene.device.heal(COMPUTE);
    scene.device.resume(COMPUTE);
    assert_eq!(scene.device.wait(COMPUTE, 3, None), Waited::Completed);
}

#[test]
fn injected_rules_are_asked_first_and_count_from_then_on() {
    let scene = Scene::open(vec![rule(Place::Finish, Verdict::Status(Status::ExecBadInput))]);
    scene.run(1);
    scene.finish();
    let ours = at(2, Place::Finish, Verdict::Status(Status::ExecNcBusy));
    scene.device.faults().inject(&ours, scene.device.now()).expect("a free name");
    scene.run(3);
    scene.finish();
    let statuses: Vec<_> = scene.history().iter().map(|done| done.1).collect();
    let plan = Status::ExecBadInput;
    assert_eq!(statuses, [plan, plan, Status::ExecNcBusy, plan]);
    assert_eq!(scene.counts(), [(3, 1, 1), (4, 4, 3)], "injected rules come first");
}

#[test]
fn a_rule_that_is_cleared_while_its_request_runs_has_decided() {
    let scene = Scene::open(vec![at(1, Place::Finish, Verdict::Status(Status::ExecBadInput))]);
    scene.run(2);
    scene.device.advance(Nanos(RUN / 2));
    scene.device.faults().clear(None);
    scene.finish();
    assert_eq!(scene.history(), [(1, Status::ExecBadInput, RUN), (2, SUCCESS, 2 * RUN)]);
    assert_eq!(scene.journal(), [(RUN, 1, Effect::Ended(Status::ExecBadInput))]);
}

#[test]
fn pausing_twice_is_one_pause() {
    let scene = Scene::open(vec![]);
    scene.device.pause(COMPUTE);
    scene.device.pause(COMPUTE);
    scene.run(1);
    scene.device.resume(COMPUTE);
    scene.finish();
    assert_eq!(scene.device.completed(COMPUTE), 1);
}

#[test]
fn a_rule_injected_while_a_queue_is_paused_strikes_what_waits_there() {
    let scene = Scene::open(vec![]);
    scene.device.pause(COMPUTE);
    scene.run(2);
    assert_eq!(scene.device.step(), None);
    let soft = at(1, Place::Finish, Verdict::Status(Status::ExecBadInput));
    scene.device.faults().inject(&soft, scene.device.now()).expect("a free name");
    scene.device.resume(COMPUTE);
    scene.finish();
    assert_eq!(scene.history(), [(1, Status::ExecBadInput, RUN), (2, SUCCESS, 2 * RUN)]);
}

/// A device on the clock of the wall, whose run takes longer than any test.
fn endless() -> Scene {
    Scene::with(Config { time: Time::Wall(1e12), ..config(vec![]) })
}

#[test]
fn who_controls_waits_no_longer_than_he_wants() {
    let scene = endless();
    scene.run(2);
    assert_eq!(scene.device.wait_idle_within(Duration::from_millis(7)), Waited::TimedOut);
    scene.device.pause(COMPUTE);
    let stepped = scene.device.step_queue_within(COMPUTE, 1, Duration::from_millis(7));
    assert_eq!(stepped, Some(Stepped { completed: 0, waited: Waited::TimedOut }));
    let stepped = scene.device.step_queue_within(COMPUTE, 0, Duration::ZERO);
    assert_eq!(
        stepped,
        Some(Stepped { completed: 0, waited: Waited::TimedOut }),
        "the first is still let through"
    );
    assert_eq!(scene.device.queue_state(COMPUTE).completed, 0);
    std::mem::forget(scene); // closing would wait for the runs
}

#[test]
fn a_wait_ends_when_the_queue_is_paused_meanwhile() {
    let scene = endless();
    scene.run(1);
    let device = Arc::clone(&scene.device);
    let waiting = thread::spawn(move || device.wait_idle());
    scene.device.pause(COMPUTE);
    assert!(!waiting.join().expect("it comes back"), "whether it had begun or not");
    std::mem::forget(scene);
}

#[test]
fn to_be_idle_is_asked_of_every_queue() {
    let scene = Scene::open(vec![at(2, Place::Start, Verdict::Stuck)]);
    let other = UnitId { core: 1, ..COMPUTE };
    scene.device.pause(other);
    scene.try_run_on(other).expect("room");
    scene.run(1);
    assert_eq!(scene.device.wait_idle_within(Duration::MAX), Waited::Stuck, "the other is paused");
    assert_eq!(scene.device.queue_state(COMPUTE).completed, 1, "this one was waited for");
    scene.run(1);
    scene.device.resume(other);
    assert_eq!(scene.device.wait_idle_within(Duration::MAX), Waited::Stuck, "now this one is held up");
    assert_eq!(scene.device.queue_state(other).completed, 1);
    scene.device.heal(COMPUTE);
    assert_eq!(scene.device.wait_idle_within(Duration::MAX), Waited::Completed);
}
