//! Requests that do not get on: hanging, stuck, never announced. And healing.

use sim_core::fault::faults::TimeLimits;
use sim_core::fault::{Effect, Matcher, Place, Rule, Verdict};
use sim_core::port::SubmitError;
use sim_core::seq::UnitKind;
use sim_core::status::Status;
use sim_core::time::{Nanos, Tick};

use crate::kit::{COLLECTIVES, COMPUTE, Event, RUN, Scene, at, config};

const LIMIT: u64 = 30_000_000_000;
const SUCCESS: Status = Status::Success;
const LOST: Status = Status::ExecUnitUnrecoverable;

#[test]
fn a_hang_ends_at_the_time_limit_and_the_unit_with_it() {
    for place in [Place::Start, Place::Finish] {
        let scene = Scene::open(vec![at(2, place, Verdict::Hang(Status::Timeout))]);
        scene.run(3);
        scene.finish();
        let ends = RUN + LIMIT;
        assert_eq!(scene.history(), [(1, SUCCESS, RUN), (2, Status::Timeout, ends), (3, LOST, ends)]);
        assert_eq!(scene.journal(), [(ends, 2, Effect::TimedOut(Status::Timeout, Nanos(LIMIT)))]);
        assert!(scene.is_dead());
    }
}

#[test]
fn the_time_limit_is_the_configurations_and_a_hanging_run_writes_nothing() {
    let limits = TimeLimits { run: Nanos(5_000), collective: None };
    let hang = at(1, Place::Start, Verdict::Hang(Status::ExecHwErrDmaAbort));
    let scene = Scene::with(sim_core::config::Config { limits, ..config(vec![hang]) });
    scene.run(1);
    scene.finish();
    assert_eq!(scene.history(), [(1, Status::ExecHwErrDmaAbort, 5_000)]);
    assert!(!scene.is_written());
}

#[test]
fn a_collective_operation_with_a_limit_hangs_as_long_as_that() {
    let limits = TimeLimits { run: Nanos(LIMIT), collective: Some(Nanos(9_000)) };
    let hang = at(1, Place::Start, Verdict::Hang(Status::Timeout));
    let scene = Scene::with(sim_core::config::Config { limits, ..config(vec![hang]) });
    scene.try_run_on(COLLECTIVES).expect("accepted");
    scene.finish();
    assert_eq!(scene.history(), [(1, Status::Timeout, 9_000)]);
}

#[test]
fn a_stuck_request_does_not_begin_and_holds_up_what_is_behind_it() {
    let scene = Scene::open(vec![at(2, Place::Start, Verdict::Stuck)]);
    scene.run(3);
    scene.finish();
    assert_eq!(scene.told(), [Event::Status(1, SUCCESS)]);
    assert_eq!(scene.journal(), [(RUN, 2, Effect::Stuck)]);
    let state = scene.device.queue_state(COMPUTE);
    assert_eq!((state.accepted, state.completed, state.is_held, state.is_dead), (3, 1, true, false));

    scene.device.advance(Nanos(10 * RUN));
    scene.device.heal(COMPUTE);
    scene.finish();
    let ends = 11 * RUN + RUN;
    assert_eq!(scene.history(), [(1, SUCCESS, RUN), (2, SUCCESS, ends), (3, SUCCESS, ends + RUN)]);
    assert_eq!(scene.journal().len(), 1, "healing is no fault");
}

#[test]
fn of_a_request_that_is_never_announced_only_the_data_shows() {
    let scene = Scene::open(vec![at(1, Place::Finish, Verdict::Never)]);
    scene.device.listen(COMPUTE, 1, scene.ear("one"));
    scene.run(2);
    scene.finish();
    assert!(scene.is_written(), "the work is done");
    assert_eq!(scene.told(), []);
    assert_eq!(scene.device.completed(COMPUTE), 0);
    assert_eq!(scene.journal(), [(RUN, 1, Effect::Unannounced)]);
    assert_eq!(scene.device.now(), Tick(RUN));

    scene.device.advance(Nanos(500));
    scene.device.heal(COMPUTE);
    scene.finish();
    let ends = RUN + 500;
    assert_eq!(scene.history(), [(1, SUCCESS, ends), (2, SUCCESS, ends + RUN)]);
    assert_eq!(scene.told(), [Event::Status(1, SUCCESS), Event::Signal("one", 1), Event::Status(2, SUCCESS)]);
}

#[test]
fn a_healed_unit_works_again_and_its_numbers_go_on() {
    let scene = Scene::open(vec![at(1, Place::Finish, Verdict::Status(Status::ExecSwNqOverflow))]);
    scene.run(2);
    scene.finish();
    assert_eq!(scene.try_run(), Err(SubmitError::Dead));
    scene.device.advance(Nanos(50));
    scene.device.heal(COMPUTE);
    scene.run(1);
    scene.finish();
    let (dead, ends) = (Status::ExecSwNqOverflow, RUN + 50 + RUN);
    assert_eq!(scene.history(), [(1, dead, RUN), (2, LOST, RUN), (3, SUCCESS, ends)]);
    assert!(scene.is_written() && !scene.is_dead());
}

#[test]
fn healing_a_queue_that_nothing_ails_changes_nothing() {
    let scene = Scene::open(vec![]);
    scene.run(2);
    scene.device.heal(COMPUTE);
    scene.finish();
    assert_eq!(scene.history(), [(1, SUCCESS, RUN), (2, SUCCESS, 2 * RUN)]);
}

#[test]
fn a_collective_operation_without_a_limit_hangs_until_it_is_healed() {
    let matcher = Matcher { kind: Some(UnitKind::Collectives), ..Matcher::default() };
    let hang = Rule { matcher, ..at(1, Place::Start, Verdict::Hang(Status::Timeout)) };
    let scene = Scene::open(vec![hang]);
    scene.try_run_on(COLLECTIVES).expect("accepted");
    scene.finish();
    assert!(scene.device.queue_state(COLLECTIVES).is_held);
    assert_eq!(scene.journal(), [(0, 1, Effect::Stuck)]);
    scene.device.advance(Nanos(700));
    scene.device.heal(COLLECTIVES);
    scene.finish();
    assert_eq!(scene.history(), [(1, SUCCESS, 700 + RUN)]);
    assert!(scene.is_written());
}

#[test]
fn a_request_that_is_stuck_at_the_head_of_an_empty_queue_is_told_of_in_the_journal() {
    let scene = Scene::open(vec![at(1, Place::Start, Verdict::Stuck)]);
    scene.run(1);
    assert_eq!(scene.device.step(), None);
    assert_eq!(scene.journal(), [(0, 1, Effect::Stuck)]);
    assert_eq!(scene.counts(), [(1, 1, 1)]);
}

#[test]
fn what_was_queued_behind_a_fatal_request_gets_101_though_a_pause_keeps_it_past_the_healing() {
    let scene = Scene::open(vec![at(1, Place::Finish, Verdict::Status(Status::ExecHwErrNcUe))]);
    scene.device.pause(COMPUTE);
    scene.run(3);
    assert_eq!(scene.device.step_queue(COMPUTE, 1), Some(1));
    scene.device.heal(COMPUTE);
    scene.run(1); // the unit takes requests again
    scene.device.resume(COMPUTE);
    scene.finish();
    let dead = Status::ExecHwErrNcUe;
    let expected = [(1, dead, RUN), (2, LOST, RUN), (3, LOST, RUN), (4, SUCCESS, 2 * RUN)];
    assert_eq!(scene.history(), expected);
    assert!(!scene.is_dead());
}
