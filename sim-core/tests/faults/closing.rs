//! Closing a device whose queues are held up or paused.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;

use sim_core::config::{Config, Time};
use sim_core::fault::{Effect, Place, Signalling, Verdict};
use sim_core::port::SubmitError;
use sim_core::status::Status;
use sim_core::time::Nanos;

use crate::kit::{COLLECTIVES, COMPUTE, Event, PATIENCE, Scene, at, config, rule};

const TIMES: [Time; 3] = [Time::Manual, Time::Free, Time::Wall(0.001)];

/// Closes the device, which must end; returns how many requests were given up.
fn close(scene: &Scene) -> u64 {
    let (tell, told) = channel();
    let device = Arc::clone(&scene.device);
    thread::spawn(move || tell.send(device.close()).ok());
    told.recv_timeout(PATIENCE).expect("closing ends")
}

fn statuses(scene: &Scene) -> Vec<(u64, Status)> {
    let status = |event| match event {
        Event::Status(num, status) => Some((num, status)),
        Event::Signal(..) => None,
    };
    scene.told().into_iter().filter_map(status).collect()
}

#[test]
fn what_is_held_up_ends_with_a_timeout_and_what_is_behind_it_with_101() {
    for time in TIMES {
        for (verdict, effect) in [(Verdict::Stuck, Effect::Stuck), (Verdict::Never, Effect::Unannounced)] {
            let place = if verdict == Verdict::Stuck { Place::Start } else { Place::Finish };
            let rules = vec![at(2, place, verdict.clone())];
            let scene = Scene::with(Config { time, ..config(rules) });
            scene.run(3);
            assert_eq!(close(&scene), 1, "{verdict:?} in {time:?}");
            let expected = [(1, Status::Success), (2, Status::Timeout), (3, Status::ExecUnitUnrecoverable)];
            assert_eq!(statuses(&scene), expected, "{verdict:?} in {time:?}");
            let effects: Vec<_> = scene.entries().iter().map(|entry| entry.effect).collect();
            assert_eq!(effects, [effect], "{verdict:?} in {time:?}");
            assert!(scene.device.ledger().is_closed());
        }
    }
}

#[test]
fn paused_queues_go_on() {
    for time in TIMES {
        let scene = Scene::with(Config { time, ..config(vec![]) });
        scene.device.pause(COMPUTE);
        scene.run(3);
        assert_eq!(close(&scene), 0);
        assert_eq!(statuses(&scene), [1, 2, 3].map(|num| (num, Status::Success)), "{time:?}");
        assert_eq!(scene.try_run(), Err(SubmitError::Closed));
    }
}

#[test]
fn a_hang_without_a_limit_is_given_up_as_well() {
    for time in TIMES {
        let rules = vec![rule(Place::Start, Verdict::Hang(Status::ExecHwErrCollectives))];
        let scene = Scene::with(Config { time, ..config(rules) });
        scene.try_run_on(COLLECTIVES).expect("accepted");
        assert_eq!(close(&scene), 1, "{time:?}");
        assert_eq!(statuses(&scene), [(1, Status::Timeout)], "{time:?}");
        let effects: Vec<_> = scene.entries().iter().map(|entry| entry.effect).collect();
        assert_eq!(effects, [Effect::Stuck], "{time:?}: the rule did that and no more");
    }
}

#[test]
fn a_device_that_is_closed_cannot_be_paused() {
    for time in TIMES {
        let scene = Scene::with(Config { time, ..config(vec![]) });
        scene.run(1);
        assert_eq!(close(&scene), 0);
        scene.device.pause(COMPUTE); // as a thread might that comes while others are waited for
        assert!(!scene.device.queue_state(COMPUTE).is_paused, "{time:?}");
    }
}

#[test]
fn who_is_to_be_told_late_is_told_before_the_device_is_gone() {
    let signalling = Signalling::Late(Nanos(3_600_000_000_000)); // an hour
    for time in TIMES {
        let rules = vec![rule(Place::Event, Verdict::Signal(signalling))];
        let scene = Scene::with(Config { time, ..config(rules) });
        scene.device.listen(COMPUTE, 1, scene.ear("once"));
        scene.run(1);
        assert_eq!(close(&scene), 0);
        let told = scene.told();
        let success = Event::Status(1, Status::Success);
        assert_eq!(told, [success, Event::Signal("once", 1)], "{time:?}");
    }
}
