//! Manual time: it moves when the program looks, waits or steps, and only to the next event.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use sim_core::config::{Config, Time};
use sim_core::driver::Waited;
use sim_core::fault::Verdict;
use sim_core::memory::tensor::Counting;
use sim_core::port::{Listening, SubmitError};
use sim_core::request::Answer;
use sim_core::shard::Cause;
use sim_core::status::Status;
use sim_core::time::{Nanos, Tick};

use crate::kit::{Bell, COMPUTE, LIMIT, OTHER, RUN, Scene, struck};

#[test]
fn submitting_and_registering_move_nothing() {
    let scene = Scene::open(Time::Manual);
    let bell = Bell::default();
    scene.device.listen_to_each(COMPUTE, Some(Box::new(bell.clone())));
    scene.run(COMPUTE, 8);
    for _ in 0..3 {
        let refused = scene.device.submit(COMPUTE, scene.work(COMPUTE), Answer::Nobody);
        assert_eq!(refused, Err(SubmitError::Full { depth: 8 }), "refused as often as it is tried");
    }
    assert!(matches!(scene.device.listen(COMPUTE, 1, Box::new(bell.clone())), Listening::Pending(_)));
    scene.device.listen_by_number(COMPUTE, 2, Some(Box::new(bell.clone())));
    scene.assert_now(0);
    assert_eq!((bell.rung(), scene.log.lock().len()), (0, 0));
    assert_eq!(scene.device.step(), Some(Tick(RUN)));
    assert_eq!((bell.rung(), scene.log.lock().len()), (2, 1));
}

#[test]
fn a_look_that_finds_nothing_new_moves_time_to_the_next_event() {
    let scene = Scene::open(Time::Manual);
    scene.run(COMPUTE, 3);
    scene.device.advance(Nanos(RUN / 2));
    scene.run(OTHER, 1);
    assert!(!scene.device.is_completed(COMPUTE, 2));
    scene.assert_now(RUN);
    assert!(!scene.device.is_completed(COMPUTE, 2), "the next event is on the other queue");
    scene.assert_now(RUN + RUN / 2);
    for _ in 0..3 {
        assert!(scene.device.is_completed(OTHER, 1), "that is known already");
        assert!(scene.device.is_completed(COMPUTE, 1));
    }
    scene.assert_now(RUN + RUN / 2);
    assert!(scene.device.is_completed(COMPUTE, 2), "a look that moves time shows what came of it");
    scene.assert_now(2 * RUN);
}

#[test]
fn the_last_number_is_news_once() {
    let scene = Scene::open(Time::Manual);
    scene.run(COMPUTE, 5);
    assert_eq!(scene.device.completed(COMPUTE), 1);
    scene.device.advance(Nanos(2 * RUN));
    scene.assert_now(3 * RUN);
    assert_eq!(scene.device.completed(COMPUTE), 3, "which is news");
    scene.assert_now(3 * RUN);
    assert_eq!(scene.device.completed(COMPUTE), 4, "three would be none");
    scene.assert_now(4 * RUN);
    assert!(scene.device.is_completed(COMPUTE, 4));
    assert!(scene.device.is_completed(COMPUTE, 5));
    assert_eq!(scene.device.completed(COMPUTE), 5);
    scene.assert_now(5 * RUN);
    scene.run(COMPUTE, 1);
    assert!(scene.device.is_completed(COMPUTE, 5));
    scene.assert_now(5 * RUN);
}

#[test]
fn with_nothing_to_do_a_look_moves_nothing() {
    let scene = Scene::open(Time::Manual);
    assert_eq!((scene.device.completed(COMPUTE), scene.device.is_completed(COMPUTE, 1)), (0, false));
    scene.assert_now(0);
    assert_eq!(scene.device.step(), None);
    assert_eq!(scene.device.wait(COMPUTE, 1, None), Waited::Stuck, "nobody has submitted it");
    scene.assert_now(0);
}

#[test]
fn a_wait_that_has_no_end_ends_when_the_runtime_gives_up() {
    for (verdict, since) in [(Verdict::Stuck, RUN), (Verdict::Never, 2 * RUN)] {
        let scene = Scene::with(struck(Time::Manual, 2, verdict.clone()));
        scene.run(COMPUTE, 3);
        scene.run(OTHER, 4);
        assert_eq!(scene.device.wait(COMPUTE, 3, None), Waited::Stuck);
        scene.assert_now(since);
        assert_eq!(scene.device.wait_patiently(COMPUTE, 3), Waited::Stuck, "{verdict:?}");
        scene.assert_now(since + LIMIT);
        assert!(scene.device.is_completed(OTHER, 4), "time has passed for others as well");
        let obstacle = scene.device.obstacle(COMPUTE).expect("it is still there");
        assert_eq!((obstacle.num, obstacle.since), (2, Tick(since)));
        let rule = Some("the rule".into());
        let cause = if verdict == Verdict::Stuck { Cause::Stuck(rule) } else { Cause::Unannounced(rule) };
        assert_eq!(obstacle.cause, cause);
        assert!(obstacle.to_string().contains("request 2 of compute queue 0 on core 0"), "{obstacle}");
        scene.device.heal(COMPUTE);
        assert_eq!(scene.device.obstacle(COMPUTE), None);
        assert_eq!(scene.device.wait_patiently(COMPUTE, 3), Waited::Completed);
    }
}

#[test]
fn a_wait_for_a_paused_queue_ends_as_well_and_what_goes_on_ends_later() {
    let scene = Scene::open(Time::Manual);
    scene.device.pause(COMPUTE);
    scene.run(COMPUTE, 3);
    assert_eq!(scene.device.wait_patiently(COMPUTE, 1), Waited::Stuck);
    scene.assert_now(LIMIT);
    assert_eq!(scene.device.obstacle(COMPUTE).map(|obstacle| obstacle.cause), Some(Cause::Paused));
    assert_eq!(scene.device.step_queue(COMPUTE, 1), Some(1));
    scene.assert_now(LIMIT);
    scene.device.advance(Nanos(7));
    scene.device.resume(COMPUTE);
    assert_eq!(scene.device.wait_patiently(COMPUTE, 3), Waited::Completed);
    let ends: Vec<u64> = scene.ends().iter().map(|(at, _)| at.0).collect();
    assert_eq!(ends, [LIMIT, LIMIT + RUN, LIMIT + 2 * RUN], "nothing ends before it could be seen");
}

#[test]
fn a_hang_takes_its_time_limit() {
    let scene = Scene::with(struck(Time::Manual, 1, Verdict::Hang(Status::Timeout)));
    scene.run(COMPUTE, 1);
    scene.run(OTHER, 1);
    assert!(!scene.device.is_completed(COMPUTE, 1));
    scene.assert_now(RUN);
    assert!(scene.device.is_completed(COMPUTE, 1));
    scene.assert_now(LIMIT);
    assert_eq!(scene.log.lock().last().map(|told| told.1), Some(Status::Timeout));
}

#[test]
fn a_place_in_a_full_queue_is_waited_for_until_an_instant() {
    let scene = Scene::open(Time::Manual);
    scene.run(COMPUTE, 8);
    assert_eq!(scene.device.wait_for_place(COMPUTE, Tick(RUN - 1)), Waited::TimedOut);
    scene.assert_now(RUN - 1);
    assert_eq!(scene.device.wait_for_place(COMPUTE, Tick(RUN)), Waited::Completed, "at the last moment");
    scene.assert_now(RUN);
    scene.run(COMPUTE, 1);
    scene.device.pause(COMPUTE);
    assert_eq!(scene.device.wait_for_place(COMPUTE, Tick(5 * RUN)), Waited::Stuck);
    scene.assert_now(5 * RUN);
}

#[test]
fn outputs_are_waited_for_in_simulated_time() {
    let scene = Scene::open(Time::Manual);
    scene.run(COMPUTE, 3);
    let wait = |expected, limit: Option<u64>| {
        scene.device.wait_for_outputs(scene.outputs(), expected, limit.map(Nanos))
    };
    assert_eq!(wait(1, Some(RUN - 1)), Counting::TimedOut);
    scene.assert_now(RUN - 1);
    assert_eq!(wait(1, Some(1)), Counting::Reached);
    assert_eq!(wait(1, Some(LIMIT)), Counting::Reached);
    scene.assert_now(RUN);
    assert_eq!(wait(2, Some(0)), Counting::Reached, "a limit of nothing is a look, which moves time");
    assert_eq!(wait(4, Some(0)), Counting::TimedOut);
    scene.assert_now(3 * RUN);
    assert_eq!(wait(4, None), Counting::Stuck, "nothing is left that could count");
    scene.assert_now(3 * RUN);
    assert_eq!(wait(4, Some(LIMIT)), Counting::TimedOut);
    scene.assert_now(3 * RUN + LIMIT);
    scene.run(OTHER, 1);
    assert_eq!(wait(4, None), Counting::Reached);
    scene.outputs().end();
    assert_eq!(wait(5, None), Counting::Ended);
}

/// Everybody looks at every queue, so that threads meet at each event.
#[test]
fn the_order_of_events_is_total_however_many_threads_look() {
    let alone = Scene::open(Time::Manual);
    let many = Scene::open(Time::Manual);
    for scene in [&alone, &many] {
        scene.run(COMPUTE, 8);
        scene.run(OTHER, 8);
    }
    while alone.device.step().is_some() {}
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !(many.device.is_completed(COMPUTE, 8) & many.device.is_completed(OTHER, 8)) {}
            });
        }
    });
    let ends = alone.ends();
    assert_eq!(many.ends(), ends);
    assert!(ends.is_sorted_by_key(|(at, unit)| (*at, unit.place())), "units come in their order");
}

#[test]
fn nothing_happens_in_the_past_though_threads_submit_while_others_look() {
    let scene = Scene::open(Time::Manual);
    let is_over = AtomicBool::new(false);
    let submit = |unit| {
        for num in 1..=300 {
            scene.run(unit, 1);
            if num % 4 == 0 {
                while !scene.device.is_completed(unit, num) {}
            }
        }
    };
    thread::scope(|scope| {
        let submitters = [COMPUTE, OTHER].map(|unit| scope.spawn(move || submit(unit)));
        let looker = scope.spawn(|| {
            while !is_over.load(Relaxed) {
                scene.device.step();
            }
        });
        let ended = submitters.map(|thread| thread.join().is_ok());
        is_over.store(true, Relaxed);
        assert!(looker.join().is_ok() && ended == [true; 2], "they have said what is wrong");
    });
    let ends = scene.ends();
    assert_eq!(ends.len(), 600);
    assert!(ends.is_sorted_by_key(|(at, _)| *at), "the order of events is that of time");
}

#[test]
fn a_device_that_closes_gives_up_what_is_held_up_at_the_instant_of_closing() {
    let config = Config { compute_depth: 16, ..struck(Time::Manual, 2, Verdict::Stuck) };
    let scene = Scene::with(config);
    scene.run(COMPUTE, 3);
    scene.run(OTHER, 10);
    scene.device.advance(Nanos(10 * RUN));
    assert_eq!(scene.device.close(), 1);
    let statuses: Vec<Status> =
        scene.log.lock().iter().filter(|(seq, _)| seq.raw() >> 56 == 0).map(|(_, status)| *status).collect();
    assert_eq!(statuses, [Status::Success, Status::Timeout, Status::ExecUnitUnrecoverable]);
    let ends = scene.ends();
    assert!(ends.is_sorted_by_key(|(at, _)| *at), "{ends:?}");
}
