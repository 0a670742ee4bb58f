//! Programs whose threads have queues of their own, and what becomes of their requests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use parking_lot::Mutex;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};
use sim_core::config::{Config, Time};
use sim_core::driver::Waited;
use sim_core::fault::{Effect, Operation, Place, Rule};
use sim_core::memory::storage::{Span, Storage};
use sim_core::memory::tensor::Tensor;
use sim_core::port::{Signal, SubmitError};
use sim_core::request::{Answer, Work};
use sim_core::seq::{UnitId, UnitKind};
use sim_core::status::Status;

use crate::kit::{LEN, Scene, config, number};

const fn queue(core: u8, kind: UnitKind, queue: u8) -> UnitId {
    UnitId { core, kind, queue }
}

/// The queues that programs use, more than any has threads.
const QUEUES: [UnitId; 8] = [
    queue(0, UnitKind::Compute, 0),
    queue(0, UnitKind::TensorOp, 0),
    queue(0, UnitKind::TensorOp, 1),
    queue(0, UnitKind::Collectives, 0),
    queue(1, UnitKind::Compute, 0),
    queue(1, UnitKind::TensorOp, 0),
    queue(1, UnitKind::Collectives, 1),
    queue(1, UnitKind::Collectives, 2),
];

/// For each queue, batches of requests; each batch waits for the one before.
pub(crate) type Program = Vec<Vec<Vec<What>>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Read,
    Write,
    Copy,
}

pub(crate) fn any_program() -> impl Strategy<Value = Program> {
    let what = prop_oneof![Just(What::Read), Just(What::Write), Just(What::Copy)];
    vec(vec(vec(what, 0..8), 0..4), QUEUES.len())
}

/// An entry of the journal, without its instant and its queue.
type Told = (String, Place, u64, Operation, Effect);

/// What can be told of one queue beforehand: all but instants.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Outcome {
    /// What each request ended with, in order.
    statuses: Vec<(u64, Status)>,
    /// What was refused: the number it would have had, and why.
    refused: Vec<(u64, SubmitError)>,
    /// What the journal tells of those who submit, and of the unit.
    journal: [Vec<Told>; 2],
    signals: u64,
    /// The queue's memory in the end.
    bytes: Vec<u8>,
}

/// That of each queue, and what was counted of each rule: matched, struck, fired.
pub(crate) type Outcomes = (Vec<Outcome>, BTreeMap<String, [u64; 3]>);

/// What one queue works with.
struct Desk {
    unit: UnitId,
    tensors: [Span; 2],
    buffer: Span,
    statuses: Arc<Mutex<Vec<(u64, Status)>>>,
    refused: Mutex<Vec<(u64, SubmitError)>>,
    signals: Arc<AtomicU64>,
}

struct Counter(Arc<AtomicU64>);

impl Signal for Counter {
    fn signal(&self) {
        self.0.fetch_add(1, Relaxed);
    }
}

impl Desk {
    fn new(scene: &Scene, unit: UnitId, fill: u8) -> Desk {
        let tensor = || Span::whole(Arc::new(scene.device.allocate(unit.core, LEN as u64).expect("room")));
        let tensors = [tensor(), tensor()];
        let buffer = Span::whole(Arc::new(Storage::on_host(LEN).expect("small")));
        buffer.extent().fill(fill);
        let (statuses, refused, signals) = Default::default();
        scene.device.listen_to_each(unit, Some(Box::new(Counter(Arc::clone(&signals)))));
        Desk { unit, tensors, buffer, statuses, refused, signals }
    }

    fn work(&self, scene: &Scene, what: What) -> Work {
        let [x, y] = &self.tensors;
        match what {
            _ if self.unit.kind == UnitKind::Compute => {
                let names = ["x", "y"].into_iter().zip([x, y]);
                let [x, y] = names
                    .map(|(name, span)| Arc::new(Tensor::new(name, Some(span.clone()))))
                    .collect::<Vec<_>>()
                    .try_into()
                    .expect("two");
                scene.work_on(self.unit.core, &[x, y])
            }
            What::Copy => Work::Copy { from: x.clone(), to: y.clone() },
            What::Read => Work::Read { from: y.clone(), to: self.buffer.extent() },
            What::Write => Work::Write { from: self.buffer.extent(), to: x.clone() },
        }
    }

    /// Submits one request, until it is accepted.
    fn submit(&self, scene: &Scene, what: What) -> u64 {
        for _ in 0..20 {
            let statuses = Arc::clone(&self.statuses);
            let tell = move |seq, status| statuses.lock().push((number(seq), status));
            let answer = Answer::Call(Box::new(tell));
            match scene.device.submit(self.unit, self.work(scene, what), answer) {
                Ok(seq) => return number(seq),
                Err(error) => {
                    self.refused.lock().push((scene.device.issued(self.unit) + 1, error));
                    if scene.device.queue_state(self.unit).is_dead {
                        scene.device.heal(self.unit);
                    }
                }
            }
        }
        panic!("{:?} takes no request: {:?}", self.unit, self.refused.lock());
    }

    /// Submits a batch and sees it through, whatever it takes.
    fn batch(&self, scene: &Scene, batch: &[What], pauses: bool) {
        let device = &scene.device;
        if pauses {
            device.pause(self.unit);
        }
        let last = batch.iter().map(|what| self.submit(scene, *what)).last();
        device.resume(self.unit);
        let Some(last) = last else { return };
        for _ in 0..=batch.len() {
            if device.wait(self.unit, last, None) == Waited::Completed {
                break;
            }
            device.heal(self.unit);
        }
        assert_eq!(device.queue_state(self.unit).completed, last, "{:?} does not get on", self.unit);
        if device.queue_state(self.unit).is_dead {
            device.heal(self.unit);
        }
    }

    fn outcome(&self, scene: &Scene) -> Outcome {
        let entries = scene.entries().into_iter().filter(|entry| entry.victim.unit == Some(self.unit));
        let (submit, unit) = entries.partition(|entry| entry.place == Place::Submit);
        let tell = |entries: Vec<sim_core::fault::Entry>| {
            let told = entries.into_iter().map(|entry| {
                let victim = entry.victim;
                (entry.rule.to_string(), entry.place, victim.num, victim.operation, entry.effect)
            });
            told.collect()
        };
        let mut bytes = vec![0; 3 * LEN];
        for (part, span) in bytes.chunks_mut(LEN).zip(self.tensors.iter().chain([&self.buffer])) {
            span.extent().load(part);
        }
        Outcome {
            statuses: self.statuses.lock().clone(),
            refused: self.refused.lock().clone(),
            journal: [tell(submit), tell(unit)],
            signals: self.signals.load(Relaxed),
            bytes,
        }
    }
}

/// Runs `program` with so many threads, which share the queues among them. If it `pauses`, nothing of a batch runs
/// before all of it is submitted.
pub(crate) fn run(
    seed: u64,
    rules: &[Rule],
    program: &Program,
    time: Time,
    threads: usize,
    pauses: bool,
) -> Outcomes {
    let scene = Scene::with(Config { seed, time, ..config(rules.to_vec()) });
    let desk = |(fill, unit)| Desk::new(&scene, unit, fill);
    let desks: Vec<Desk> = (1_u8..).zip(QUEUES).map(desk).collect();
    thread::scope(|scope| {
        for first in 0..threads {
            let (desks, scene) = (&desks, &scene);
            scope.spawn(move || {
                let most = program.iter().map(Vec::len).max().unwrap_or(0);
                for round in 0..most {
                    for place in (first..QUEUES.len()).step_by(threads) {
                        if let Some(batch) = program[place].get(round) {
                            desks[place].batch(scene, batch, pauses);
                        }
                    }
                }
            });
        }
    });
    if time == Time::Manual {
        scene.finish();
    }
    scene.device.close();
    let outcomes = desks.iter().map(|desk| desk.outcome(&scene)).collect();
    let counted = scene.device.faults().standings().into_iter().map(|one| {
        let counts = one.counts;
        (one.armed.rule.name.clone(), [counts.matched, counts.struck, counts.fired])
    });
    (outcomes, counted.collect())
}
