//! Many threads that submit, look, wait and listen, and the account of it afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Instant;

use parking_lot::Mutex;
use sim_core::config::Time;
use sim_core::device::Device;
use sim_core::port::{Signal, SubmitError};
use sim_core::request::Answer;
use sim_core::seq::{Seq, UnitId, UnitKind};
use sim_core::status::Status;

use crate::kit::{LIGHT, PATIENCE, UNITS, attend, copy, number, open};

/// Counts signals.
struct Tally(Arc<AtomicU64>);

impl Signal for Tally {
    fn signal(&self) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Four threads submit to all units and await now and then, each in its way, while a fifth looks at everything.
pub(crate) fn stress(time: Time, rounds: u64) {
    let device = open(time, "");
    let told: [Arc<Mutex<Vec<u64>>>; UNITS.len()] = Default::default();
    let tallies: [Arc<AtomicU64>; UNITS.len()] = Default::default();
    for (unit, tally) in UNITS.into_iter().zip(&tallies) {
        device.listen_to_each(unit, Some(Box::new(Tally(Arc::clone(tally)))));
    }
    let accepted: Mutex<Vec<Seq>> = Mutex::default();
    let over = AtomicBool::new(false);
    let submitter = |who: usize| {
        let mut mine = Vec::new();
        for round in 0..rounds {
            for place in 0..UNITS.len() {
                let place = (place + who) % UNITS.len();
                let unit = UNITS[place];
                let status = Arc::new(AtomicU32::new(u32::MAX));
                let num = number(submit_until_accepted(&device, unit, &told[place], &status));
                mine.push(Seq::new(unit, num));
                if round % 8 == who as u64 {
                    attend(&device, unit, num, who);
                    assert_eq!(status.load(Relaxed), 0, "{unit:?} {num}: the number shows the status");
                }
            }
        }
        accepted.lock().extend(mine);
    };
    thread::scope(|scope| {
        let looks = scope.spawn(|| {
            let mut seen = [0; UNITS.len()];
            while !over.load(Relaxed) {
                for (unit, seen) in UNITS.into_iter().zip(&mut seen) {
                    let now = device.completed(unit);
                    assert!(*seen <= now, "{unit:?} went back from {seen} to {now}");
                    *seen = now;
                }
                thread::yield_now();
            }
        });
        let submitters: Vec<_> = (0..4).map(|who| scope.spawn(move || submitter(who))).collect();
        let ended: Vec<_> = submitters.into_iter().map(thread::ScopedJoinHandle::join).collect();
        over.store(true, Relaxed);
        looks.join().expect("it has said what is wrong");
        assert!(ended.iter().all(Result::is_ok), "they have said what is wrong");
    });
    device.close();
    let mut accepted = accepted.into_inner();
    accepted.sort();
    for (place, unit) in UNITS.into_iter().enumerate() {
        let all: Vec<u64> = (1..=4 * rounds).collect();
        let of_unit = accepted.iter().map(|seq| Seq::decode(seq.raw()).expect("ours"));
        let nums: Vec<u64> = of_unit.filter(|(id, _)| *id == unit).map(|(_, num)| num).collect();
        assert_eq!(nums, all, "{unit:?}: each number was given to one submission");
        assert_eq!(*told[place].lock(), all, "{unit:?}: each request completed once, in order");
        assert_eq!(tallies[place].load(Relaxed), 4 * rounds, "{unit:?}: each completion was signalled");
        let counts = device.ledger().queue(unit);
        assert_eq!((counts.accepted(), counts.completed(Status::Success)), (4 * rounds, 4 * rounds));
        assert!(unit.kind != UnitKind::Compute || counts.deepest() <= 8, "{unit:?}: {}", counts.deepest());
    }
}

/// Submits to `unit`, whether it is full or not at first. Notes the completion in `told` and the status.
pub(crate) fn submit_until_accepted(
    device: &Device,
    unit: UnitId,
    told: &Arc<Mutex<Vec<u64>>>,
    status: &Arc<AtomicU32>,
) -> Seq {
    let begin = Instant::now();
    loop {
        let (told, status) = (Arc::clone(told), Arc::clone(status));
        let answer = Answer::Call(Box::new(move |seq, with| {
            told.lock().push(number(seq));
            status.store(with.code(), Relaxed);
        }));
        match device.submit(unit, copy(device, unit.core, LIGHT), answer) {
            Ok(seq) => return seq,
            Err(SubmitError::Full { .. }) => thread::yield_now(),
            Err(error) => panic!("{unit:?}: {error}"),
        }
        assert!(begin.elapsed() < PATIENCE, "{unit:?} stays full at {}", device.issued(unit));
    }
}
