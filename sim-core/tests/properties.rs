//! Random programs against a reference model, on one thread: the model is counters and byte arrays.
//!
//! A program is a list of operations whose numbers are taken modulo what exists, so each shrunk list is a
//! program too. A failure prints the seed, the faults and the operations: all that a replay needs.
#![expect(clippy::disallowed_methods, reason = "one test runs this binary again, told by a variable")]

#[path = "properties/order.rs"]
mod order;
#[path = "properties/program.rs"]
mod program;
#[path = "properties/world.rs"]
mod world;

use std::process::Command;
use std::sync::Arc;

use program::{DEPTH, FATAL, Fault, LEN, Op, UNITS, What, any_faults, any_op, script};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, prop_oneof};
use proptest::sample::select;
use proptest::{prop_assert, prop_assert_eq, prop_assert_ne, proptest};
use sim_core::port::SubmitError;
use sim_core::recorder::Record;
use sim_core::request::{Answer, Work};
use sim_core::seq::{Seq, UnitId};
use sim_core::status::Status;
use sim_core::time::Tick;
use world::World;

fn trace(seed: u64, faults: &[Fault], ops: &[Op]) -> [Vec<Record>; 2] {
    World::run(seed, faults, ops).records()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_device_does_what_the_model_says(seed: u64, faults in any_faults(), ops in vec(any_op(), 0..80)) {
        World::run(seed, &faults, &ops);
    }

    #[test]
    fn each_queue_completes_in_the_order_of_submission(seed: u64, ops in vec(any_op(), 0..80)) {
        let world = World::run(seed, &[], &ops);
        for unit in UNITS {
            let nums = world.history.iter().map(|(seq, ..)| Seq::decode(seq.raw()).expect("ours"));
            let nums: Vec<u64> = nums.filter(|(id, _)| *id == unit).map(|(_, num)| num).collect();
            prop_assert_eq!(nums, (1..=world.device.issued(unit)).collect::<Vec<_>>(), "{:?}", unit);
        }
    }

    #[test]
    fn numbers_rise_by_one_on_each_queue(seed: u64, faults in any_faults(), ops in vec(any_op(), 0..80)) {
        let world = World::run(seed, &faults, &ops);
        for unit in UNITS {
            let accepted = world.accepted.iter().filter(|(at, _)| *at == unit).map(|(_, seq)| *seq);
            let expected: Vec<Seq> = (1..=world.device.issued(unit)).map(|num| Seq::new(unit, num)).collect();
            prop_assert_eq!(accepted.collect::<Vec<_>>(), expected, "{:?}", unit);
        }
    }

    #[test]
    fn records_tell_what_completed_and_no_unit_does_two_things_at_once(
        seed: u64, faults in any_faults(), ops in vec(any_op(), 0..80),
    ) {
        let world = World::run(seed, &faults, &ops);
        let records = world.records();
        for (core, records) in (0_u8..).zip(&records) {
            let told: Vec<_> = records.iter().map(|record| (record.seq, record.status, record.bytes)).collect();
            let of_core = |(seq, ..): &&(Seq, Status, u64)| Seq::decode(seq.raw()).expect("ours").0.core == core;
            let happened: Vec<_> = world.history.iter().filter(of_core).copied().collect();
            prop_assert_eq!(told, happened);
            prop_assert!(records.is_sorted_by_key(|record| record.ends), "in the order of time: {:?}", records);
            for unit in UNITS {
                let of_unit = records.iter().filter(|record| Seq::decode(record.seq.raw()).expect("ours").0 == unit);
                let free_at = of_unit.clone().map(|record| record.ends);
                for (record, free_at) in of_unit.skip(1).zip(free_at) {
                    prop_assert!(free_at <= record.begins && record.begins <= record.ends, "{:?}", record);
                }
            }
        }
        let last = records.iter().flatten().map(|record| record.ends).max();
        prop_assert_eq!(world.device.now(), last.unwrap_or(Tick::ZERO));
    }

    #[test]
    fn a_full_answer_changes_nothing(seed: u64, before in 0_u64..DEPTH, refused in 1_usize..5) {
        let mut world = World::new(seed, &[]);
        let unit = UNITS[0];
        let submit = Op::Submit { unit: 0, what: What::Write, from: 0, to: 0, at: [0; 2], len: LEN };
        for _ in 0..before + DEPTH {
            world.apply(&submit);
            if world.device.issued(unit) <= before {
                world.apply(&Op::Wait { unit: 0, num: world.device.issued(unit) });
            }
            world.settle();
        }
        world.apply(&Op::Listen { unit: 0, num: before + DEPTH });
        let counts = || {
            let queue = world.device.ledger().queue(unit);
            (queue.accepted(), queue.deepest(), Status::ALL.map(|status| queue.completed(status)))
        };
        let first = (world.device.issued(unit), world.device.now(), counts());
        prop_assert_eq!(first.0, before + DEPTH);
        for times in 1..=refused as u64 {
            let used = Arc::new(());
            let held = Arc::clone(&used);
            let answer = Answer::Call(Box::new(move |_, _| drop(held)));
            let span = world.memories[0].clone();
            let refused = world.device.submit(unit, Work::Copy { from: span.clone(), to: span }, answer);
            prop_assert_eq!(refused, Err(SubmitError::Full { depth: DEPTH }));
            prop_assert_eq!(Arc::strong_count(&used), 1, "the answer was dropped");
            prop_assert_eq!((world.device.issued(unit), world.device.now(), counts()), first);
            prop_assert_eq!(world.device.ledger().queue(unit).full(), times);
            prop_assert!(world.log.lock().is_empty(), "nobody was told of anything");
        }
        world.device.step();
        let span = world.memories[0].clone();
        let accepted = world.device.submit(unit, Work::Copy { from: span.clone(), to: span }, Answer::Nobody);
        prop_assert_eq!(accepted, Ok(Seq::new(unit, before + DEPTH + 1)), "a completion frees one place");
    }

    #[test]
    fn a_fatal_status_answers_what_follows_with_101_in_order(
        seed: u64,
        nth in 1_u64..=DEPTH,
        status in select(Status::ALL.into_iter().filter(|s| FATAL.contains(&s.code())).collect::<Vec<_>>()),
        what in prop_oneof![Just(What::Write), Just(What::Copy), Just(What::Execute)],
    ) {
        let mut world = World::new(seed, &[(0, nth, status)]);
        for _ in 0..DEPTH {
            for unit in 0..UNITS.len() {
                world.apply(&Op::Submit { unit, what, from: 0, to: 1, at: [0; 2], len: LEN });
            }
        }
        world.apply(&Op::ListenToEach { unit: 0, on: true });
        for (unit, id) in UNITS.into_iter().enumerate() {
            world.apply(&Op::Wait { unit, num: DEPTH });
            world.settle();
            prop_assert_eq!(world.device.completed(id), DEPTH);
        }
        let of = |unit: UnitId| {
            let seqs = (1..=DEPTH).map(move |num| Seq::new(unit, num));
            seqs.map(|seq| world.history.iter().find(|done| done.0 == seq).expect("completed").1)
        };
        for (num, told) in (1..).zip(of(UNITS[0])) {
            let expected = match num {
                num if num < nth => Status::Success,
                num if num == nth => status,
                _ => Status::ExecUnitUnrecoverable,
            };
            prop_assert_eq!(told, expected, "request {}", num);
        }
        for &unit in &UNITS[1..] {
            prop_assert!(of(unit).all(|status| status == Status::Success), "{:?} lives on", unit);
        }
        let submit = |unit| {
            let span = world.memories[0].clone();
            world.device.submit(unit, Work::Copy { from: span.clone(), to: span }, Answer::Nobody)
        };
        prop_assert_eq!(submit(UNITS[0]), Err(SubmitError::Dead));
        prop_assert_eq!(submit(UNITS[3]), Ok(Seq::new(UNITS[3], DEPTH + 1)));
    }

    #[test]
    fn the_same_seed_gives_the_same_trace(seed: u64, faults in any_faults(), ops in vec(any_op(), 0..60)) {
        prop_assert_eq!(trace(seed, &faults, &ops), trace(seed, &faults, &ops));
    }

    #[test]
    fn whether_somebody_listens_does_not_change_the_trace(seed: u64, ops in vec(any_op(), 0..60)) {
        let listens = |op: &Op| matches!(op, Op::Listen { .. } | Op::ListenToEach { .. } | Op::Forget { .. });
        let deaf: Vec<Op> = ops.iter().filter(|op| !listens(op)).cloned().collect();
        prop_assert_eq!(trace(seed, &[], &ops), trace(seed, &[], &deaf));
    }

    #[test]
    fn a_different_seed_gives_a_different_trace(seed: u64, differ in 1_u64..) {
        let ops = script();
        prop_assert_ne!(trace(seed, &[], &ops), trace(seed ^ differ, &[], &ops));
    }

    #[test]
    fn the_status_is_written_before_the_number_is_published_before_the_signal(
        seed: u64, count in 1_u64..12, wanted in vec(1_u64..12, 0..6),
    ) {
        let order = order::watch(seed, count, &wanted);
        let mut expected = Vec::new();
        for num in 1..=count {
            // What each saw of the published number: the status the one before, the signals this one.
            expected.push(("status", num, num - 1));
            expected.push(("each", num, num));
            expected.extend(wanted.iter().filter(|&&wanted| wanted == num).map(|_| ("once", num, num)));
        }
        prop_assert_eq!(order, expected);
    }
}

/// Tells the second process which seed to print the trace of.
const SEED: &str = "SIM_CORE_TRACE_OF_SEED";

#[test]
fn the_same_seed_gives_the_same_trace_in_two_processes() {
    let hash = |seed| {
        let records = format!("{:?}", trace(seed, &[(3, 5, Status::ExecCompletedWithErr)], &script()));
        xxhash_rust::xxh3::xxh3_64(records.as_bytes())
    };
    if let Ok(seed) = std::env::var(SEED) {
        println!("trace {:016x}", hash(seed.parse().expect("a number"))); // we are the second process
        return;
    }
    let elsewhere = |seed: u64| {
        let name = "the_same_seed_gives_the_same_trace_in_two_processes";
        let mut again = Command::new(std::env::current_exe().expect("the system knows"));
        let output = again.args(["--exact", name, "--nocapture"]).env(SEED, seed.to_string()).output();
        let output = output.expect("this binary can be run");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}");
        let at = text.find("trace ").unwrap_or_else(|| panic!("no trace in {text}")) + "trace ".len();
        text[at..][..16].to_owned()
    };
    for seed in [0, 1, 0xdead_beef] {
        assert_eq!(format!("{:016x}", hash(seed)), elsewhere(seed), "seed {seed}");
    }
    assert_ne!(hash(0), hash(1), "different seeds differ");
}
