//! Submissions that a rule refuses.

use sim_core::fault::{Effect, Place, Verdict};
use sim_core::port::SubmitError;
use sim_core::status::Status;

use crate::kit::{COMPUTE, RUN, Scene, at, rule};

const FULL: Effect = Effect::Refused(Status::QueueFull);

#[test]
fn a_queue_of_less_capacity_is_full_earlier_and_takes_more_when_one_has_completed() {
    let scene = Scene::open(vec![rule(Place::Submit, Verdict::Full { capacity: Some(2), attempts: 0 })]);
    scene.run(2);
    for _ in 0..3 {
        assert_eq!(scene.try_run(), Err(SubmitError::Full { depth: 2 }));
    }
    assert_eq!(scene.device.ledger().queue(COMPUTE).full(), 3);
    scene.device.step();
    assert_eq!(scene.try_run(), Ok(3));
    assert_eq!(scene.try_run(), Err(SubmitError::Full { depth: 2 }));
    assert_eq!(scene.journal(), [(0, 3, FULL), (RUN, 4, FULL)], "once for each request");
    assert_eq!(scene.counts(), [(4, 4, 2)]);
}

#[test]
fn a_queue_that_says_full_so_often_then_takes_the_request() {
    let scene = Scene::open(vec![at(2, Place::Submit, Verdict::Full { capacity: None, attempts: 3 })]);
    scene.run(1);
    for _ in 0..3 {
        assert_eq!(scene.try_run(), Err(SubmitError::Full { depth: 1 }));
    }
    assert_eq!(scene.try_run(), Ok(2));
    assert_eq!(scene.try_run(), Ok(3));
    assert_eq!(scene.journal(), [(0, 2, FULL)]);
}

#[test]
fn a_capacity_above_that_of_the_queue_makes_it_no_deeper() {
    let scene = Scene::open(vec![rule(Place::Submit, Verdict::Full { capacity: Some(100), attempts: 0 })]);
    scene.run(8);
    assert_eq!(scene.try_run(), Err(SubmitError::Full { depth: 8 }));
    assert_eq!(scene.counts(), [(8, 8, 0)]);
}

#[test]
fn a_soft_status_refuses_one_attempt_and_changes_nothing_else() {
    let status = Status::Resource;
    let scene = Scene::open(vec![at(2, Place::Submit, Verdict::Status(status))]);
    scene.run(1);
    assert_eq!(scene.try_run(), Err(SubmitError::Fault(status)));
    let state = scene.device.queue_state(COMPUTE);
    assert_eq!((state.accepted, state.is_dead), (1, false));
    assert_eq!(scene.try_run(), Ok(2), "the number was not used up");
    assert_eq!(scene.try_run(), Ok(3));
    scene.finish();
    let expected = [1, 2, 3].map(|num| (num, Status::Success, num * RUN));
    assert_eq!(scene.history(), expected);
    assert_eq!(scene.journal(), [(0, 2, Effect::Refused(status))]);
}

#[test]
fn a_fatal_status_at_submission_closes_the_unit_but_not_to_what_was_accepted() {
    let status = Status::ExecHwErrHbmUe;
    let scene = Scene::open(vec![at(3, Place::Submit, Verdict::Status(status))]);
    scene.run(2);
    assert_eq!(scene.try_run(), Err(SubmitError::Fault(status)));
    assert_eq!(scene.try_run(), Err(SubmitError::Dead));
    assert!(scene.is_dead());
    scene.finish();
    assert_eq!(scene.history(), [(1, Status::Success, RUN), (2, Status::Success, 2 * RUN)]);

    scene.device.heal(COMPUTE);
    assert_eq!(scene.try_run(), Ok(3), "the rule has had its say on this number");
    scene.finish();
    assert_eq!(scene.history(), [(3, Status::Success, 3 * RUN)]);
}

#[test]
fn a_rule_that_is_cleared_refuses_nothing_any_more() {
    let scene = Scene::open(vec![rule(Place::Submit, Verdict::Full { capacity: None, attempts: 1000 })]);
    scene.run(1);
    assert_eq!(scene.try_run(), Err(SubmitError::Full { depth: 1 }));
    assert_eq!(scene.device.faults().clear(None), 1);
    assert_eq!(scene.try_run(), Ok(2));
}

#[test]
fn an_empty_queue_is_never_full() {
    for capacity in [None, Some(0)] {
        let scene = Scene::open(vec![rule(Place::Submit, Verdict::Full { capacity, attempts: 9 })]);
        for num in 1..4 {
            assert_eq!(scene.try_run(), Ok(num), "{capacity:?}");
            assert_eq!(scene.try_run(), Err(SubmitError::Full { depth: capacity.unwrap_or(1).max(1) }));
            scene.finish();
        }
    }
}
