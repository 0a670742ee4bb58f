//! Waiting for what a fault holds up, or a pause: it does not last for ever.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use sim_core::config::{Config, Time};
use sim_core::driver::Waited;
use sim_core::fault::faults::TimeLimits;
use sim_core::fault::{Matcher, Place, Rule, Verdict};
use sim_core::request::{Answer, Work};
use sim_core::seq::{UnitId, UnitKind};
use sim_core::time::Nanos;

use crate::kit::{COMPUTE, PATIENCE, Scene, at, config};

const TIMES: [Time; 3] = [Time::Manual, Time::Free, Time::Wall(1.0)];

/// A short limit, so that a wait on the clock is short too.
fn scene(time: Time, verdict: Verdict) -> Scene {
    let place = if verdict == Verdict::Stuck { Place::Start } else { Place::Finish };
    let limits = TimeLimits { run: Nanos(20_000_000), collective: None };
    let matcher = Matcher { kind: Some(UnitKind::Compute), ..Matcher::default() };
    let rule = Rule { matcher, ..at(2, place, verdict) };
    Scene::with(Config { time, limits, ..config(vec![rule]) })
}

/// Waits on another thread, which must come back.
fn wait(scene: &Scene, num: u64, limit: Option<Duration>) -> Waited {
    let (tell, told) = channel();
    let device = Arc::clone(&scene.device);
    thread::spawn(move || tell.send(device.wait(COMPUTE, num, limit)).ok());
    told.recv_timeout(PATIENCE).expect("the wait ends")
}

#[test]
fn a_wait_for_what_is_held_up_ends_and_says_so() {
    for time in TIMES {
        for verdict in [Verdict::Stuck, Verdict::Never] {
            let scene = scene(time, verdict.clone());
            scene.run(3);
            for num in [1, 2, 3] {
                let expected = if num == 1 { Waited::Completed } else { Waited::Stuck };
                assert_eq!(wait(&scene, num, None), expected, "{verdict:?} {num} in {time:?}");
            }
            assert!(!scene.device.wait_idle(), "{verdict:?} in {time:?}");
            scene.device.heal(COMPUTE);
            assert_eq!(wait(&scene, 3, None), Waited::Completed, "{verdict:?} in {time:?}");
            assert!(scene.device.wait_idle(), "{verdict:?} in {time:?}");
        }
    }
}

#[test]
fn several_who_wait_for_what_is_held_up_all_come_back() {
    for time in TIMES {
        let scene = scene(time, Verdict::Never);
        scene.run(3);
        let (tell, told) = channel();
        for num in [2, 3, 2, 3] {
            let (tell, device) = (tell.clone(), Arc::clone(&scene.device));
            thread::spawn(move || tell.send(device.wait(COMPUTE, num, None)).ok());
        }
        for _ in 0..4 {
            assert_eq!(told.recv_timeout(PATIENCE), Ok(Waited::Stuck), "{time:?}");
        }
    }
}

#[test]
fn a_limit_ends_a_wait_for_what_is_held_up_before_that() {
    // The wait's own limit is shorter than that of the device, which would say that it is stuck.
    let scene =
        Scene::with(Config { time: Time::Wall(1.0), ..config(vec![at(1, Place::Start, Verdict::Stuck)]) });
    scene.run(1);
    assert_eq!(wait(&scene, 1, Some(Duration::from_millis(5))), Waited::TimedOut);
}

#[test]
fn who_waits_for_a_paused_queue_is_let_go_when_it_is_resumed() {
    for time in [Time::Free, Time::Wall(0.001)] {
        let scene = Scene::with(Config { time, ..config(vec![]) });
        scene.device.pause(COMPUTE);
        scene.run(2);
        assert!(!scene.device.wait_idle(), "it is paused");
        assert_eq!(wait(&scene, 1, Some(Duration::from_millis(1))), Waited::TimedOut);
        let (tell, told) = channel();
        let device = Arc::clone(&scene.device);
        thread::spawn(move || tell.send(device.wait(COMPUTE, 2, None)).ok());
        assert!(told.recv_timeout(Duration::from_millis(5)).is_err(), "it waits");
        scene.device.resume(COMPUTE);
        assert_eq!(told.recv_timeout(PATIENCE), Ok(Waited::Completed), "{time:?}");
    }
}

#[test]
fn a_wait_for_a_paused_queue_in_manual_time_has_no_end_to_wait_for() {
    let scene = scene(Time::Manual, Verdict::Never);
    scene.device.pause(COMPUTE);
    scene.run(1);
    assert_eq!(wait(&scene, 1, None), Waited::Stuck);
}

#[test]
fn who_waits_is_let_go_when_another_thread_heals() {
    // The device would wait for an hour before it says that it is stuck.
    let limits = TimeLimits { run: Nanos(3_600_000_000_000), collective: None };
    let stuck = at(1, Place::Start, Verdict::Stuck);
    let scene = Scene::with(Config { time: Time::Wall(1.0), limits, ..config(vec![stuck]) });
    scene.run(2);
    let (tell, told) = channel();
    let device = Arc::clone(&scene.device);
    thread::spawn(move || tell.send(device.wait(COMPUTE, 2, None)).ok());
    while scene.entries().is_empty() {
        thread::yield_now();
    }
    scene.device.heal(COMPUTE);
    assert_eq!(told.recv_timeout(PATIENCE), Ok(Waited::Completed));
}

#[test]
fn what_is_held_up_on_one_queue_holds_no_look_at_another_back() {
    let scene = scene(Time::Free, Verdict::Never);
    scene.run(3);
    assert_eq!(wait(&scene, 3, None), Waited::Stuck);
    let other = UnitId { core: 0, kind: UnitKind::TensorOp, queue: 1 };
    for num in 1..=3 {
        let (from, to) = (scene.input.clone(), scene.output.clone());
        scene.device.submit(other, Work::Copy { from, to }, Answer::Nobody).expect("no bound");
        let begin = Instant::now();
        while !scene.device.is_completed(other, num) {
            assert!(begin.elapsed() < PATIENCE, "{num} is not completed");
            thread::yield_now();
        }
    }
}

#[test]
fn who_waited_before_there_were_rules_learns_that_one_holds_its_request_up() {
    let limits = TimeLimits { run: Nanos(20_000_000), collective: None };
    for time in [Time::Free, Time::Wall(1.0)] {
        let scene = Scene::with(Config { time, limits, ..config(vec![]) });
        scene.device.pause(COMPUTE);
        scene.run(1);
        let (tell, told) = channel();
        let device = Arc::clone(&scene.device);
        thread::spawn(move || tell.send(device.wait(COMPUTE, 1, None)).ok());
        assert!(told.recv_timeout(Duration::from_millis(5)).is_err(), "it waits");
        let stuck = at(1, Place::Start, Verdict::Stuck);
        scene.device.faults().inject(&stuck, scene.device.now()).expect("a free name");
        scene.device.resume(COMPUTE);
        assert_eq!(told.recv_timeout(PATIENCE), Ok(Waited::Stuck), "{time:?}");
    }
}
