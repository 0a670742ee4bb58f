//! Programs of several threads that use the same queues, and what each of them saw.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};

use super::text;
use crate::abi::{COMPUTE, Status, number};
use crate::history::{History, Operation, Seen};
use crate::session::{Io, Model, Place, Raw, Session, Stretch};
use crate::verdict::{Outcome, Stop};

/// Bytes of a transfer.
const SIZE: usize = 64;
/// How often the threads of a case meet and go through their steps.
const ROUNDS: u64 = 4;

/// What a thread does next, on one of the queues.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    Submit,
    Last,
    /// About a number that is so many below the highest that any thread is known to have got.
    Ask(u8),
}

/// What each thread does: with which queue, and what.
pub(super) type Plan = Vec<Vec<(u8, Act)>>;

/// A queue that threads share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shared {
    pub(super) core: u32,
    pub(super) xu: u32,
    pub(super) index: u32,
    pub(super) capacity: Option<u64>,
}

/// What one thread needs: a tensor and bytes for each queue, and places for its answers.
struct Hand {
    stretches: Vec<(Stretch, u64)>,
    /// A status and an id for each step.
    places: Vec<(Place, Place)>,
    answer: Place,
    flag: Place,
}

/// The models of compute queues, in the order of the queues.
type Models = Vec<Option<(Model, Io)>>;

/// Two to four threads; of ten steps so many submit, look and ask.
pub(super) fn plans(submit: u32, last: u32, ask: u32) -> impl Strategy<Value = Plan> {
    let act = (0..submit + last + ask, any::<u8>()).prop_map(move |(way, back)| match way {
        way if way < submit => Act::Submit,
        way if way < submit + last => Act::Last,
        _ => Act::Ask(back % 8),
    });
    vec(vec((any::<u8>(), act), 4..24), 2..5)
}

/// Has threads do what the plan says, several times, and judges what they saw of each queue.
pub(super) fn judge(session: &Session, shared: &[Shared], plan: &Plan) -> Outcome {
    session.init()?;
    let cores = session.cores()?;
    if let Some(far) = shared.iter().find(|queue| queue.core >= cores) {
        return Err(Stop::not_applicable(format!("it needs {} logical cores", far.core + 1)));
    }
    let raw = session.raw()?;
    let mut models = Models::new();
    for queue in shared {
        models.push(if queue.xu == COMPUTE { Some(model(session, queue.core)?) } else { None });
    }
    let mut hands = Vec::new();
    for steps in plan {
        hands.push(hand(session, shared, steps.len())?);
    }
    session.program(text::program(shared, &models, plan.len()));
    // The first request of each queue shows what is in front of its numbers.
    let mut first = Vec::new();
    for (queue, model) in models.iter().enumerate() {
        let (word, id) = hands[0].places[0];
        let status = submit(&raw, model.as_ref(), hands[0].stretches[queue], word, id);
        if status != Status::SUCCESS {
            return Err(Stop::blocked(format!("the first request answered {status}")));
        }
        session.completes(id)?;
        first.push(id.value());
    }
    let mut before: Vec<u64> = first.iter().map(|id| number(*id)).collect();
    for _ in 0..session.effort(ROUNDS) {
        for (word, _) in hands.iter().flat_map(|hand| &hand.places) {
            word.set(Place::UNTOUCHED.into());
        }
        let seen = play(&raw, shared, &models, &hands, plan, &first)?;
        for (index, (queue, operations)) in shared.iter().zip(seen).enumerate() {
            session.looked(operations.len() as u64);
            let highest = operations.iter().filter_map(|operation| match operation.seen {
                Seen::Accepted(number) => Some(number),
                _ => None,
            });
            let highest = highest.max().unwrap_or(before[index]);
            let history = History { before: before[index], capacity: queue.capacity, operations };
            if let Err(broken) = history.check() {
                return Err(Stop::failed(broken.to_string()));
            }
            let last = hands[0].answer;
            last.set(first[index] - number(first[index]) + highest);
            session.completes(last)?;
            before[index] = highest;
        }
    }
    Ok(())
}

fn model(session: &Session, core: u32) -> Outcome<(Model, Io)> {
    let model = session.model(core)?;
    let io = session.io(&model)?;
    session.fill_inputs(&io, 1)?;
    Ok((model, io))
}

fn hand(session: &Session, shared: &[Shared], steps: usize) -> Outcome<Hand> {
    let mut stretches = Vec::new();
    for queue in shared {
        let tensor = session.tensor(queue.core, SIZE)?.value();
        let stretch = Stretch { tensor, offset: 0, size: SIZE as u64, core: queue.core, queue: queue.index };
        stretches.push((stretch, session.buffer(SIZE).address()));
    }
    let places = (0..steps.max(1)).map(|_| (session.word(), session.sequence())).collect();
    Ok(Hand { stretches, places, answer: session.long(), flag: session.flag() })
}

fn submit(raw: &Raw, model: Option<&(Model, Io)>, to: (Stretch, u64), word: Place, id: Place) -> Status {
    match model {
        Some((model, io)) => raw.schedule(model, io, word, id),
        None => raw.write(to.0, to.1, word, id),
    }
}

/// One round: the operations of all threads, by queue.
fn play(
    raw: &Raw,
    shared: &[Shared],
    models: &Models,
    hands: &[Hand],
    plan: &Plan,
    first: &[u64],
) -> Outcome<Vec<Vec<Operation>>> {
    let clock = AtomicU64::new(0);
    let start = Barrier::new(plan.len());
    let issued: Vec<AtomicU64> = first.iter().map(|id| AtomicU64::new(number(*id))).collect();
    let now = || clock.fetch_add(1, Ordering::SeqCst);
    let run = |hand: &Hand, steps: &[(u8, Act)]| -> Outcome<Vec<(usize, Operation)>> {
        let mut operations = Vec::new();
        // The requests of this thread: queue, number and status.
        let mut own: Vec<(usize, u64, Place)> = Vec::new();
        start.wait();
        for ((queue, act), (word, id)) in steps.iter().zip(&hand.places) {
            let queue = usize::from(*queue) % shared.len();
            let Shared { core, xu, index, .. } = shared[queue];
            let highest = issued[queue].load(Ordering::SeqCst);
            let begin = now();
            let seen = match act {
                Act::Submit => match submit(raw, models[queue].as_ref(), hand.stretches[queue], *word, *id) {
                    Status::SUCCESS => {
                        own.push((queue, number(id.value()), *word));
                        issued[queue].fetch_max(number(id.value()), Ordering::SeqCst);
                        Seen::Accepted(number(id.value()))
                    }
                    Status::QUEUE_FULL => Seen::Full,
                    other => return Err(Stop::failed(format!("a submission answered {other}"))),
                },
                Act::Last => match raw.get_sequence(core, xu, index, hand.answer) {
                    Status::SUCCESS => Seen::Last(number(hand.answer.value())),
                    other => return Err(Stop::failed(format!("nrta_get_sequence answered {other}"))),
                },
                Act::Ask(back) => {
                    let asked = highest.saturating_sub(u64::from(*back)).max(1);
                    let asked_id = first[queue] - number(first[queue]) + asked;
                    match raw.is_completed(asked_id, hand.flag) {
                        Status::SUCCESS => Seen::Completed(asked, hand.flag.value() != 0),
                        other => return Err(Stop::failed(format!("nrta_is_completed answered {other}"))),
                    }
                }
            };
            operations.push((queue, Operation { begin, end: now(), seen }));
            let (Seen::Last(done) | Seen::Completed(done, true)) = seen else { continue };
            let silent =
                own.iter().find(|(of, number, word)| *of == queue && *number <= done && word.is_untouched());
            if let Some((_, number, _)) = silent {
                return Err(Stop::failed(format!(
                    "request {number} has completed, and its status is not there"
                )));
            }
        }
        Ok(operations)
    };
    let results: Vec<_> = thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> =
            hands.iter().zip(plan).map(|(hand, steps)| scope.spawn(move || run(hand, steps))).collect();
        threads.into_iter().map(|thread| thread.join().expect("threads do not panic")).collect()
    });
    let mut seen = vec![Vec::new(); shared.len()];
    for result in results {
        for (queue, operation) in result? {
            seen[queue].push(operation);
        }
    }
    Ok(seen)
}
