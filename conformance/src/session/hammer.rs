use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
use std::thread;
use std::time::{Duration, Instant};

use super::{Direct, Place, Queue, Session, Twin};
use crate::abi::{Status, number};
use crate::verdict::{Outcome, Stop};

/// Where a request leaves its status and its id.
#[derive(Debug)]
pub struct Slot {
    index: u64,
    words: Twin,
    id: AtomicU64,
}

/// How many slots there are, one request after the other in each.
const SLOTS: u64 = 64;

/// Many requests on one queue, submitted and polled by one thread, while others look for the completion of each
/// and then, at once, for what has to be there by then.
pub struct Hammer<'a> {
    /// The queue.
    pub queue: Queue,
    /// How many requests are in flight at most.
    pub depth: u64,
    /// How many requests there are, if there is time.
    pub rounds: u64,
    /// How many places there are for the data of requests, one after the other in each.
    pub places: u64,
    /// Whether observers look at the status itself, and not only for completion.
    pub by_words: bool,
    /// Submits the request of this number, which leaves its marks there.
    pub submit: &'a (dyn Fn(u64, &Slot) -> Status + Sync),
    /// Whether the data of the request of this number are there.
    pub is_there: &'a (dyn Fn(u64) -> bool + Sync),
}

/// What the threads share.
struct Scene<'a> {
    hammer: &'a Hammer<'a>,
    slots: &'static [Slot],
    base: u64,
    /// What ids have above the number.
    bits: u64,
    /// The last request whose slot may be in use.
    begun: AtomicU64,
    /// The last request whose slot has been made ready.
    ready: AtomicU64,
    over: AtomicBool,
    looked: AtomicU64,
    finding: OnceLock<String>,
    is_completed: Direct,
    get_sequence: Direct,
}

impl Slot {
    /// Where the status comes.
    #[must_use]
    pub fn word(&self) -> u64 {
        self.words.written(self.index)
    }

    /// The status, as observers see it.
    fn status(&self) -> &'static AtomicU32 {
        self.words.word(self.index)
    }

    /// Where the id comes.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id.as_ptr() as u64
    }
}

impl Hammer<'_> {
    /// Runs it.
    ///
    /// # Errors
    /// Stops the case if something was not there that had to be.
    pub fn run(&self, session: &Session) -> Outcome {
        let last = session.last_of(self.queue)?.value();
        let base = number(last);
        let words = session.twin(SLOTS as usize)?;
        let slots = (0..SLOTS).map(|index| Slot { index, words, id: AtomicU64::new(0) });
        let scene = Scene {
            hammer: self,
            slots: slots.collect::<Vec<_>>().leak(),
            base,
            bits: last - base,
            begun: AtomicU64::new(base),
            ready: AtomicU64::new(base),
            over: AtomicBool::new(false),
            looked: AtomicU64::new(0),
            finding: OnceLock::new(),
            is_completed: session.direct("nrta_is_completed")?,
            get_sequence: session.direct("nrta_get_sequence")?,
        };
        let time = Duration::from_millis(session.effort(300));
        let patience = session.patience();
        thread::scope(|scope| {
            scope.spawn(|| scene.watch_numbers());
            scope.spawn(|| if self.by_words { scene.watch_words() } else { scene.watch_requests() });
            scene.drive(time, patience);
            scene.over.store(true, Ordering::SeqCst);
        });
        session.looked(scene.looked.into_inner());
        scene.finding.into_inner().map_or(Ok(()), |what| Err(Stop::failed(what)))
    }
}

impl Scene<'_> {
    fn slot(&self, number: u64) -> &'static Slot {
        &self.slots[(number % SLOTS) as usize]
    }

    fn broken(&self, what: String) {
        let _ = self.finding.set(what);
        self.over.store(true, Ordering::SeqCst);
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Submits and polls.
    fn drive(&self, time: Duration, patience: Duration) {
        let begin = Instant::now();
        let (first, last) = (self.base + 1, self.base + self.hammer.rounds);
        let mut oldest = first;
        for number in first..=last {
            if self.is_over() || number % 16 == 0 && begin.elapsed() > time {
                break;
            }
            while number - oldest >= self.hammer.depth && self.finish(oldest, patience) {
                oldest += 1;
            }
            let slot = self.slot(number);
            self.begun.store(number, Ordering::SeqCst);
            slot.status().store(Place::UNTOUCHED, Ordering::SeqCst);
            slot.words.forget(slot.index);
            self.ready.store(number, Ordering::SeqCst);
            let mut status = (self.hammer.submit)(number, slot);
            while status == Status::QUEUE_FULL && oldest < number && self.finish(oldest, patience) {
                oldest += 1;
                status = (self.hammer.submit)(number, slot);
            }
            let (id, wanted) = (slot.id.load(Ordering::SeqCst), self.bits + number);
            if status != Status::SUCCESS {
                return self.broken(format!("request {number} was refused with {status}"));
            }
            if id != wanted {
                return self.broken(format!("request {number} got the id {id:#018x}, not {wanted:#018x}"));
            }
        }
        while oldest <= self.begun.load(Ordering::SeqCst) && !self.is_over() {
            self.finish(oldest, patience);
            oldest += 1;
        }
    }

    /// Polls until this request has completed; false if there is no point in going on.
    fn finish(&self, number: u64, patience: Duration) -> bool {
        let mut since = None;
        for attempt in 1_u64.. {
            if self.is_completed(number) {
                self.look(number);
                return !self.is_over();
            }
            if self.is_over() {
                return false;
            }
            if attempt % 64 == 0 {
                thread::yield_now();
                if since.get_or_insert_with(Instant::now).elapsed() > patience {
                    self.broken(format!("request {number} did not complete"));
                }
            }
        }
        false
    }

    fn is_completed(&self, number: u64) -> bool {
        let done = AtomicU32::new(0);
        let status = self.is_completed.status(&[self.bits + number, done.as_ptr() as u64]);
        status == Status::SUCCESS && done.load(Ordering::Acquire) & 1 == 1
    }

    /// Looks at the last number of the queue, again and again.
    fn watch_numbers(&self) {
        let Queue { core, xu, index } = self.hammer.queue;
        let mut seen = self.base;
        while !self.is_over() {
            let last = AtomicU64::new(0);
            let arguments = [core.into(), xu.into(), index.into(), last.as_ptr() as u64];
            let status = self.get_sequence.status(&arguments);
            let last = number(last.load(Ordering::Acquire));
            if status != Status::SUCCESS || last < seen {
                return self.broken(format!("nrta_get_sequence answered {status}, {last} after {seen}"));
            }
            if last > seen {
                self.look(last);
                let begun = self.begun.load(Ordering::SeqCst);
                if last > begun {
                    return self.broken(format!("number {last} had completed, and {begun} were submitted"));
                }
            }
            seen = last;
        }
    }

    /// Asks for one request after the other.
    fn watch_requests(&self) {
        let mut next = self.base + 1;
        while !self.is_over() {
            if self.is_completed(next) {
                self.look(next);
                next = (next + 1).max(self.begun.load(Ordering::Relaxed));
            }
        }
    }

    /// Waits for one status after the other.
    fn watch_words(&self) {
        let mut next = self.base + 1;
        while !self.is_over() {
            let slot = self.slot(next);
            if self.ready.load(Ordering::SeqCst) < next {
                std::hint::spin_loop();
            } else if slot.status().load(Ordering::Acquire) != Place::UNTOUCHED {
                self.look(next);
                next = (next + 1).max(self.begun.load(Ordering::Relaxed));
            }
        }
    }

    /// The request has completed: its status and its data have to be there, unless the slot has been used again.
    fn look(&self, number: u64) {
        let status = self.slot(number).status().load(Ordering::Acquire);
        let is_there = (self.hammer.is_there)(number);
        fence(Ordering::SeqCst);
        if number <= self.base || self.begun.load(Ordering::SeqCst) >= number + self.hammer.places.min(SLOTS)
        {
            return;
        }
        self.looked.fetch_add(1, Ordering::Relaxed);
        if status == Place::UNTOUCHED {
            self.broken(format!("request {number} had completed, and its status was not written"));
        } else if status != 0 {
            let status = Status(status.cast_signed());
            self.broken(format!("request {number} ended with {status}"));
        } else if !is_there {
            self.broken(format!("request {number} had completed, and its data were not there"));
        }
    }
}
