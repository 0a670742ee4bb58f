//! The same seed and plan strike the same requests, whatever threads and other rules there are.

use std::collections::BTreeMap;
use std::process::Command;

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use proptest::{prop_assert, prop_assert_eq, prop_assume, proptest};
use sim_core::config::Time;
use sim_core::fault::faults::Circumstances;
use sim_core::fault::tally::Tally;
use sim_core::fault::watch::{Site, Subject, Watch};
use sim_core::fault::{Faults, Operation, Plan, Rule, Side};
use sim_core::seq::{UnitId, UnitKind};
use sim_core::time::{Nanos, Tick};

use crate::plans::{Kind, any_rules};
use crate::programs::{Program, any_program, run};

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_becomes_of_requests_does_not_depend_on_how_many_threads_submit_them(
        seed: u64, rules in any_rules(Kind::Mild, 6), program in any_program(),
    ) {
        let expected = run(seed, &rules, &program, Time::Manual, 1, false);
        for threads in [1, 2, 8] {
            let outcome = run(seed, &rules, &program, Time::Free, threads, false);
            prop_assert_eq!(&outcome, &expected, "{} threads", threads);
        }
    }

    #[test]
    fn nor_where_units_die_and_queues_are_full_if_each_batch_waits_until_it_is_complete(
        seed: u64, rules in any_rules(Kind::Any, 6), program in any_program(),
    ) {
        let expected = run(seed, &rules, &program, Time::Manual, 1, true);
        for threads in [1, 2, 8] {
            let outcome = run(seed, &rules, &program, Time::Free, threads, true);
            prop_assert_eq!(&outcome, &expected, "{} threads", threads);
        }
    }
}

/// The requests of one queue: what each does, and how many bytes that are.
type Requests = Vec<(Operation, u64)>;

fn any_requests() -> impl Strategy<Value = Requests> {
    let operation = prop_oneof![Just(Operation::Read), Just(Operation::Write), Just(Operation::Copy)];
    vec((operation, 1_u64..5_000), 1..60)
}

/// Which requests of a queue each rule strikes, and how late those are that are.
type Strikes = BTreeMap<String, Vec<u64>>;

fn strikes(seed: u64, rules: &[Rule], requests: &Requests) -> (Strikes, Vec<(u64, String, Nanos)>) {
    let circumstances = Circumstances { seed, ..Circumstances::default() };
    let faults = Faults::new(circumstances, Tally::new().expect("small"));
    let plan = Plan { rules: rules.to_vec(), scenario: None };
    faults.set_plan(&plan, Tick::ZERO).expect("few rules");
    let unit = UnitId { core: 0, kind: UnitKind::TensorOp, queue: 0 };
    let (mut strikes, mut delays) = (Strikes::new(), Vec::new());
    for side in [Side::Submitting, Side::Unit] {
        let mut watch = Watch::new(Site::Queue(unit, side));
        for (num, &(operation, bytes)) in (1..).zip(requests) {
            let before: Vec<u64> = faults.standings().iter().map(|one| one.counts.struck).collect();
            let at = Tick::ZERO;
            let subject =
                Subject { num, at, operation, bytes, depth: 1, model: None, names: &[], tensors: &[] };
            watch.is_watching(&faults);
            watch.ask(&faults, &subject, false, |_, strike| {
                delays.push((num, strike.rule().name.clone(), strike.delay(Nanos(1_000))));
            });
            for (standing, before) in faults.standings().iter().zip(before) {
                if standing.counts.struck > before {
                    strikes.entry(standing.armed.rule.name.clone()).or_default().push(num);
                }
            }
        }
    }
    (strikes, delays)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_rule_that_is_removed_leaves_the_strikes_of_all_others_as_they_were(
        seed: u64, rules in any_rules(Kind::Any, 8), requests in any_requests(), which: usize,
    ) {
        prop_assume!(!rules.is_empty());
        let gone = which % rules.len();
        let name = &rules[gone].name;
        prop_assume!(rules.iter().all(|rule| rule.trigger.until.as_ref() != Some(name)));
        let (mut all, delays) = strikes(seed, &rules, &requests);
        let fewer = [&rules[..gone], &rules[gone + 1..]].concat();
        let (left, left_delays) = strikes(seed, &fewer, &requests);
        all.remove(name);
        prop_assert_eq!(&all, &left);
        // Where the removed rule came first others now decide, but none decides otherwise than it did.
        let is_same = |told: &&(u64, String, Nanos)| !delays.contains(told);
        let new: Vec<_> = left_delays.iter().filter(is_same).collect();
        let came_first = |num: u64| delays.iter().any(|told| (told.0, &told.1) == (num, name));
        prop_assert!(new.iter().all(|told| came_first(told.0)), "{:?}", new);
    }

    #[test]
    fn the_order_of_rules_decides_who_answers_not_whom_they_strike(
        seed: u64, rules in any_rules(Kind::Any, 8), requests in any_requests(),
    ) {
        let backwards: Vec<Rule> = rules.iter().rev().cloned().collect();
        prop_assert_eq!(strikes(seed, &rules, &requests).0, strikes(seed, &backwards, &requests).0);
    }

    #[test]
    fn requests_that_come_later_change_nothing_for_those_before(
        seed: u64, rules in any_rules(Kind::Any, 8), requests in any_requests(), keep: usize,
    ) {
        let keep = keep % requests.len();
        let (mut all, _) = strikes(seed, &rules, &requests);
        let (first, _) = strikes(seed, &rules, &requests[..keep].to_vec());
        all.values_mut().for_each(|nums| nums.retain(|num| *num <= keep as u64));
        all.retain(|_, nums| !nums.is_empty());
        prop_assert_eq!(all, first);
    }
}

/// Tells the second process which seed to print the outcome of.
const SEED: &str = "SIM_CORE_FAULTS_OF_SEED";

/// A plan and a program that follow from `seed`.
fn drawn(seed: u64) -> (Vec<Rule>, Program) {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = proptest::test_runner::Config::default();
    let algorithm = proptest::test_runner::RngAlgorithm::ChaCha;
    let rng = proptest::test_runner::TestRng::from_seed(algorithm, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let tree = (any_rules(Kind::Any, 6), any_program()).new_tree(&mut runner);
    tree.expect("nothing is filtered").current()
}

#[test]
fn another_process_finds_the_same() {
    let outcome = |seed| {
        let (rules, program) = drawn(seed);
        let outcome = run(seed, &rules, &program, Time::Free, 2, true);
        xxhash_rust::xxh3::xxh3_64(format!("{outcome:?}").as_bytes())
    };
    if let Ok(seeds) = std::env::var(SEED) {
        let seeds: u64 = seeds.parse().expect("a number");
        (0..seeds).for_each(|seed| println!("outcome {:016x}", outcome(seed))); // we are the second process
        return;
    }
    let seeds = 20;
    let mut again = Command::new(std::env::current_exe().expect("the system knows"));
    let name = "replay::another_process_finds_the_same";
    let output = again.args(["--exact", name, "--nocapture"]).env(SEED, seeds.to_string()).output();
    let output = output.expect("this binary can be run");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    let theirs: Vec<&str> = text.split("outcome ").skip(1).map(|rest| &rest[..16]).collect();
    let ours: Vec<String> = (0..seeds).map(|seed| format!("{:016x}", outcome(seed))).collect();
    assert_eq!(ours, theirs);
    let different: std::collections::BTreeSet<_> = ours.iter().collect();
    assert!(different.len() > 15, "programs and plans differ");
}
