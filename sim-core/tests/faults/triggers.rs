//! Which requests rules choose, where everything is known beforehand: in manual time.

use sim_core::config::Config;
use sim_core::fault::{Matcher, Operation, Place, Rule, Trigger, Verdict};
use sim_core::seq::UnitKind;
use sim_core::status::Status;
use sim_core::time::Nanos;
use wildmatch::WildMatch;

use crate::kit::{COLLECTIVES, COMPUTE, RUN, Scene, at, config, rule};

const SOFT: Verdict = Verdict::Status(Status::ExecBadInput);

/// Which of `count` runs, submitted one after the other, `rule` strikes.
fn struck(rule: Rule, count: u64) -> Vec<u64> {
    let scene = Scene::open(vec![rule]);
    for _ in 0..count {
        scene.run(1);
        scene.finish();
    }
    let bad = scene.history().into_iter().filter(|done| done.1 == Status::ExecBadInput);
    let bad: Vec<u64> = bad.map(|done| done.0).collect();
    let told: Vec<u64> = scene.journal().iter().map(|entry| entry.1).collect();
    assert_eq!(told, bad, "the journal tells of each");
    let counts = scene.counts()[0];
    assert_eq!((counts.1, counts.2), (bad.len() as u64, bad.len() as u64), "and so does the tally");
    bad
}

fn when(trigger: Trigger) -> Rule {
    Rule { trigger, ..rule(Place::Finish, SOFT) }
}

#[test]
fn each_trigger_chooses_what_it_says() {
    let none = Trigger::default;
    for (trigger, expected) in [
        (none(), vec![1, 2, 3, 4, 5, 6]),
        (Trigger { nth: Some(3), ..none() }, vec![3]),
        (Trigger { every: Some(2), ..none() }, vec![2, 4, 6]),
        (Trigger { after: Some(4), ..none() }, vec![5, 6]),
        (Trigger { first: Some(2), ..none() }, vec![1, 2]),
        (Trigger { after: Some(1), every: Some(2), first: Some(4), ..none() }, vec![3, 5]),
        (Trigger { after: Some(2), nth: Some(2), ..none() }, vec![4]),
        (Trigger { sequence: Some(2..=3), ..none() }, vec![2, 3]),
        (Trigger { at: Some(Nanos(2 * RUN)), ..none() }, vec![3, 4, 5, 6]),
        (Trigger { probability: Some(1.0), ..none() }, vec![1, 2, 3, 4, 5, 6]),
        (Trigger { depth: Some(2), ..none() }, vec![]),
    ] {
        assert_eq!(struck(when(trigger.clone()), 6), expected, "{trigger:?}");
    }
}

#[test]
fn limits_end_a_rule() {
    assert_eq!(struck(Rule { times: Some(2), ..when(Trigger::default()) }, 5), [1, 2]);
    let lifetime = Some(Nanos(2 * RUN));
    assert_eq!(struck(Rule { lifetime, ..when(Trigger::default()) }, 5), [1, 2], "those that begin before");
}

#[test]
fn a_lifetime_begins_when_the_rule_is_added() {
    let scene = Scene::open(vec![]);
    scene.device.advance(Nanos(10 * RUN));
    let short = Rule { lifetime: Some(Nanos(RUN)), ..rule(Place::Finish, SOFT) };
    scene.device.faults().inject(&short, scene.device.now()).expect("a free name");
    scene.run(3);
    scene.finish();
    let statuses: Vec<_> = scene.history().iter().map(|done| done.1).collect();
    assert_eq!(statuses, [Status::ExecBadInput, Status::Success, Status::Success]);
    assert!(!scene.device.faults().standings()[0].counts.is_armed);
}

#[test]
fn chance_strikes_about_as_often_as_it_says() {
    let half = when(Trigger { probability: Some(0.5), ..Trigger::default() });
    let count = struck(half, 400).len();
    assert!((140..=260).contains(&count), "{count} of 400");
}

#[test]
fn depth_counts_the_request_itself_at_submission() {
    let trigger = Trigger { depth: Some(3), ..Trigger::default() };
    let refusal = Verdict::Status(Status::Resource);
    let scene = Scene::open(vec![Rule { trigger, ..rule(Place::Submit, refusal) }]);
    scene.run(2);
    assert!(scene.try_run().is_err(), "it would be the third");
    assert_eq!(scene.try_run(), Ok(3), "it was refused once");
    assert!(scene.try_run().is_err());
    scene.finish();
    assert_eq!(scene.try_run(), Ok(4));
}

#[test]
fn counts_are_each_queues_own() {
    let scene = Scene::open(vec![at(2, Place::Finish, SOFT)]);
    for unit in [COMPUTE, COLLECTIVES, COMPUTE, COLLECTIVES] {
        scene.try_run_on(unit).expect("room");
    }
    scene.finish();
    let bad = scene.history().into_iter().filter(|done| done.1 == Status::ExecBadInput);
    assert_eq!(bad.map(|done| done.0).collect::<Vec<_>>(), [2, 2], "the second of each");
}

#[test]
fn each_matcher_leaves_out_what_it_is_not_for() {
    let none = Matcher::default;
    for (matcher, expected) in [
        (Matcher { core: Some(1), ..none() }, 0),
        (Matcher { core: Some(0), ..none() }, 2),
        (Matcher { kind: Some(UnitKind::TensorOp), ..none() }, 0),
        (Matcher { kind: Some(UnitKind::Compute), queue: Some(0), ..none() }, 2),
        (Matcher { queue: Some(1), ..none() }, 0),
        (Matcher { model: Some(WildMatch::new("mod?l")), ..none() }, 2),
        (Matcher { model: Some(WildMatch::new("other*")), ..none() }, 0),
        (Matcher { tensor: Some(WildMatch::new("y")), ..none() }, 2),
        (Matcher { tensor: Some(WildMatch::new("z")), ..none() }, 0),
        (Matcher { operation: Some(Operation::Execute), ..none() }, 2),
        (Matcher { operation: Some(Operation::Copy), ..none() }, 0),
        (Matcher { size: Some(512..=512), ..none() }, 2),
        (Matcher { size: Some(0..=511), ..none() }, 0),
        (Matcher { rank: Some(3), ..none() }, 2),
        (Matcher { rank: Some(4), ..none() }, 0),
    ] {
        let rule = Rule { matcher: matcher.clone(), ..rule(Place::Finish, SOFT) };
        let scene = Scene::with(Config { rank: Some(3), ..config(vec![rule]) });
        scene.run(2);
        scene.finish();
        assert_eq!(scene.counts()[0].0, expected, "{matcher:?}");
    }
}

#[test]
fn a_rule_lasts_until_another_has_struck_and_no_longer_when_that_one_is_cleared() {
    let until = Trigger { until: Some("end".into()), ..Trigger::default() };
    let end = Rule { name: "end".into(), ..at(3, Place::Finish, Verdict::Status(Status::ExecNcBusy)) };
    let scene = Scene::open(vec![when(until), end]);
    scene.run(4);
    scene.finish();
    scene.device.faults().clear(Some("end"));
    scene.run(1);
    scene.finish();
    let statuses: Vec<_> = scene.history().iter().map(|done| done.1).collect();
    let bad = Status::ExecBadInput;
    assert_eq!(statuses, [bad, bad, bad, Status::Success, Status::Success]);
}
