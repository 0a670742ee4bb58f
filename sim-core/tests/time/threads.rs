//! Free-running time and that of a clock: what a time limit is there, and what time it is afterwards.

use std::time::{Duration, Instant};

use sim_core::config::{Config, Time};
use sim_core::driver::Waited;
use sim_core::fault::Verdict;
use sim_core::fault::faults::TimeLimits;
use sim_core::memory::tensor::Counting;
use sim_core::status::Status;
use sim_core::time::{Nanos, Tick};

use crate::kit::{COMPUTE, LIMIT, OTHER, RUN, Scene, config, struck};

/// A limit that can be waited for.
const SHORT: u64 = 10_000_000;

fn short(config: Config) -> Config {
    Config { limits: TimeLimits { run: Nanos(SHORT), collective: None }, ..config }
}

/// How long `act` takes on the clock of the machine.
fn real(act: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    act();
    begin.elapsed()
}

#[test]
fn in_free_time_a_hang_is_over_at_once_and_half_a_minute_later() {
    let scene = Scene::with(struck(Time::Free, 2, Verdict::Hang(Status::Timeout)));
    scene.run(COMPUTE, 2);
    assert_eq!(scene.device.wait_patiently(COMPUTE, 2), Waited::Completed);
    let statuses: Vec<Status> = scene.log.lock().iter().map(|told| told.1).collect();
    assert_eq!(statuses, [Status::Success, Status::Timeout]);
    scene.assert_now(RUN + LIMIT);
}

#[test]
fn in_free_time_a_wait_that_has_no_end_ends_at_once_and_half_a_minute_later() {
    for (verdict, since) in [(Verdict::Stuck, RUN), (Verdict::Never, 2 * RUN)] {
        let scene = Scene::with(struck(Time::Free, 2, verdict.clone()));
        scene.run(COMPUTE, 8);
        assert_eq!(scene.device.wait(COMPUTE, 2, None), Waited::Stuck, "{verdict:?}");
        scene.assert_now(0); // nothing was seen yet
        assert_eq!(scene.device.wait_patiently(COMPUTE, 8), Waited::Stuck);
        scene.assert_now(since + LIMIT);
        let until = Tick(since + 3 * LIMIT);
        assert_eq!(scene.device.wait_for_place(COMPUTE, until), Waited::Stuck);
        assert_eq!(scene.device.now(), until);
    }
}

#[test]
fn in_free_time_who_waits_for_outputs_has_seen_the_run_that_made_the_count() {
    let scene = Scene::open(Time::Free);
    scene.run(COMPUTE, 5);
    assert_eq!(scene.device.wait_for_outputs(scene.outputs(), 5, None), Counting::Reached);
    scene.assert_now(5 * RUN);
    scene.outputs().reset();
    scene.run(OTHER, 3);
    assert_eq!(scene.device.wait(OTHER, 1, None), Waited::Completed);
    let now = scene.device.now();
    assert_eq!(scene.device.wait_for_outputs(scene.outputs(), 1, None), Counting::Reached);
    assert_eq!(scene.device.now(), now, "the first of three, which had been seen");
}

#[test]
fn a_limit_for_outputs_is_real_in_free_time_and_on_a_clock() {
    for time in [Time::Free, Time::Wall(1.0), Time::Wall(2.0)] {
        let scene = Scene::open(time);
        let scale = if time == Time::Wall(2.0) { 2 } else { 1 };
        let begun = scene.device.now();
        let wait = || scene.device.wait_for_outputs(scene.outputs(), 1, Some(Nanos(SHORT)));
        let took = real(|| assert_eq!(wait(), Counting::TimedOut));
        assert!(took >= Duration::from_nanos(scale * SHORT), "{took:?} in {time:?}");
        assert!(scene.device.now() >= begun + Nanos(SHORT), "{time:?}");
    }
}

#[test]
fn on_a_clock_hangs_and_waits_without_end_take_the_limit() {
    for verdict in [Verdict::Hang(Status::Timeout), Verdict::Stuck, Verdict::Never] {
        let scene = Scene::with(short(struck(Time::Wall(1.0), 1, verdict.clone())));
        let ends = matches!(verdict, Verdict::Hang(_));
        let expected = if ends { Waited::Completed } else { Waited::Stuck };
        let took = real(|| {
            scene.run(COMPUTE, 1);
            assert_eq!(scene.device.wait_patiently(COMPUTE, 1), expected);
        });
        assert!(took >= Duration::from_nanos(SHORT), "{took:?} for {verdict:?}");
        assert!(scene.device.now() >= Tick(SHORT));
    }
}

#[test]
fn on_a_clock_a_place_is_waited_for_until_its_instant_has_come() {
    let scene = Scene::with(config(Time::Wall(1.0)));
    scene.device.pause(COMPUTE);
    scene.run(COMPUTE, 8);
    let until = scene.device.now() + Nanos(SHORT);
    assert_eq!(scene.device.wait_for_place(COMPUTE, until), Waited::TimedOut);
    assert!(scene.device.now() >= until);
    scene.device.resume(COMPUTE);
    // Also when all of them have completed, so that there is nothing to wait for.
    for _ in 0..9 {
        assert_eq!(scene.device.wait_for_place(COMPUTE, Tick::END), Waited::Completed);
    }
}
