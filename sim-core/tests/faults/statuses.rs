//! Requests that end with an error, or take longer.

use sim_core::fault::{Delay, Effect, Place, Verdict};
use sim_core::port::SubmitError;
use sim_core::status::Status;
use sim_core::time::Nanos;
use sim_core::timing::Timing;

use crate::kit::{COMPUTE, RUN, Scene, at, rule};

/// What three runs end with, if the second is struck.
fn three(scene: &Scene) -> Vec<(u64, Status, u64)> {
    scene.run(3);
    scene.finish();
    scene.history()
}

#[test]
fn a_soft_status_at_the_end_is_that_of_one_run_whose_outputs_are_there() {
    let scene = Scene::open(vec![at(1, Place::Finish, Verdict::Status(Status::ExecCompletedWithErr))]);
    scene.run(1);
    scene.finish();
    assert_eq!(scene.history(), [(1, Status::ExecCompletedWithErr, RUN)]);
    assert!(scene.is_written() && !scene.is_dead());
    scene.run(1);
    scene.finish();
    assert_eq!(scene.history(), [(2, Status::Success, 2 * RUN)]);
    assert_eq!(scene.journal(), [(RUN, 1, Effect::Ended(Status::ExecCompletedWithErr))]);
    assert_eq!(scene.counts(), [(2, 1, 1)]);
}

#[test]
fn a_status_at_the_beginning_keeps_the_work_from_being_done_whatever_it_says() {
    let status = Status::ExecCompletedWithNumErr; // at the end it would mean that the outputs are there
    let scene = Scene::open(vec![at(1, Place::Start, Verdict::Status(status))]);
    scene.run(1);
    scene.finish();
    assert_eq!(scene.history(), [(1, status, RUN)]);
    assert!(!scene.is_written() && !scene.is_dead());
    assert_eq!(scene.journal(), [(RUN, 1, Effect::Ended(status))]);
}

#[test]
fn a_status_that_refuses_work_leaves_the_outputs_alone_and_the_unit_alive() {
    let scene = Scene::open(vec![at(1, Place::Finish, Verdict::Status(Status::ExecBadInput))]);
    scene.run(1);
    scene.finish();
    assert!(!scene.is_written() && !scene.is_dead());
    assert_eq!(scene.history(), [(1, Status::ExecBadInput, RUN)]);
}

#[test]
fn a_fatal_status_ends_the_unit_where_it_ends_and_what_is_queued_gets_101_there() {
    for place in [Place::Start, Place::Finish] {
        let scene = Scene::open(vec![at(2, place, Verdict::Status(Status::ExecHwErrNcUe))]);
        let [dead, late] = [Status::ExecHwErrNcUe, Status::ExecUnitUnrecoverable];
        assert_eq!(three(&scene), [(1, Status::Success, RUN), (2, dead, 2 * RUN), (3, late, 2 * RUN)]);
        assert_eq!(scene.journal(), [(2 * RUN, 2, Effect::Ended(dead))]);
        assert_eq!(scene.try_run(), Err(SubmitError::Dead));
        assert_eq!(scene.counts(), [(2, 1, 1)], "a request on a dead unit proves nothing");
    }
}

#[test]
fn a_pending_collective_is_tried_again_by_the_device_and_takes_twice_as_long() {
    let scene = Scene::open(vec![at(2, Place::Finish, Verdict::Status(Status::CollPending))]);
    let success = Status::Success;
    assert_eq!(three(&scene), [(1, success, RUN), (2, success, 3 * RUN), (3, success, 4 * RUN)]);
    assert!(scene.is_written());
    assert_eq!(scene.journal(), [(3 * RUN, 2, Effect::Retried(Nanos(RUN)))]);
}

#[test]
fn a_late_request_ends_late_and_so_does_what_follows() {
    let by = |ns| Verdict::Late(Delay::By(Timing::Fixed(Nanos(ns))));
    for (verdict, extra) in [(by(500), 500), (Verdict::Late(Delay::Factor(3.0)), 2 * RUN)] {
        for place in [Place::Start, Place::Finish] {
            let scene = Scene::open(vec![at(2, place, verdict.clone())]);
            let ends = [RUN, 2 * RUN + extra, 3 * RUN + extra];
            let expected: Vec<_> = (1..).zip(ends).map(|(num, end)| (num, Status::Success, end)).collect();
            assert_eq!(three(&scene), expected, "{verdict:?} at {place:?}");
            assert_eq!(scene.journal(), [(ends[1], 2, Effect::Delayed(Nanos(extra)))]);
        }
    }
}

#[test]
fn a_delay_that_is_drawn_is_the_same_for_the_same_seed_and_not_for_each_request() {
    let range = Timing::Range { min: Nanos(10), max: Nanos(1_000_000) };
    let ends = || {
        let scene = Scene::open(vec![rule(Place::Finish, Verdict::Late(Delay::By(range)))]);
        three(&scene)
    };
    let first = ends();
    assert_eq!(first, ends());
    let delays: Vec<u64> = std::iter::once(0)
        .chain(first.iter().map(|done| done.2))
        .collect::<Vec<_>>()
        .windows(2)
        .map(|pair| pair[1] - pair[0] - RUN)
        .collect();
    assert!(delays.iter().all(|delay| (10..=1_000_000).contains(delay)), "{delays:?}");
    assert!(delays[0] != delays[1] && delays[1] != delays[2], "{delays:?}");
}

#[test]
fn late_and_status_are_two_questions_and_the_first_rule_answers_each() {
    let late = Verdict::Late(Delay::By(Timing::Fixed(Nanos(70))));
    let scene = Scene::open(vec![
        rule(Place::Finish, Verdict::Status(Status::ExecNcBusy)),
        rule(Place::Finish, Verdict::Status(Status::ExecBadInput)),
        rule(Place::Start, late.clone()),
        rule(Place::Finish, late),
    ]);
    scene.run(1);
    scene.finish();
    assert_eq!(scene.history(), [(1, Status::ExecNcBusy, RUN + 70)]);
    assert_eq!(scene.counts(), [(1, 1, 1), (1, 1, 0), (1, 1, 1), (1, 1, 0)]);
    assert!(!scene.device.queue_state(COMPUTE).is_dead);
}
