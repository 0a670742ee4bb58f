//! What the device has done, kept per core while somebody wants to know.

use std::collections::VecDeque;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use parking_lot::Mutex;

use crate::request::Request;
use crate::seq::Seq;
use crate::status::Status;
use crate::time::Tick;

/// One completed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// The request.
    pub seq: Seq,
    /// What it did.
    pub deed: Deed,
    /// Bytes it moved or computed with.
    pub bytes: u64,
    /// When it began.
    pub begins: Tick,
    /// When it ended.
    pub ends: Tick,
    /// What it ended with.
    pub status: Status,
}

/// What a request did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Read a tensor.
    Read,
    /// Wrote a tensor.
    Write,
    /// Copied between tensors.
    Copy,
    /// A collective operation.
    Collective,
    /// Ran the model of this number.
    Run(u64),
}

/// Somebody who is told of each request as it ends, before the program can see that, and says whether the answer is to be
/// given. Called with the queue held: it must be short, and use no queue.
pub type Tap = Box<dyn Fn(&Record, &Request) -> bool + Send + Sync>;

/// A ring of records for each core; a full ring loses the oldest (observed).
pub struct Recorder {
    on: AtomicBool,
    /// Whether anybody wants a record.
    wanted: AtomicBool,
    /// Who is told of each record as it is made, whether rings are on or not.
    tap: OnceLock<Tap>,
    rings: Vec<Mutex<Ring>>,
}

#[derive(Debug, Default)]
struct Ring {
    room: usize,
    records: VecDeque<Record>,
}

impl Ring {
    fn push(&mut self, record: Record) {
        if self.room == 0 {
            return;
        }
        if self.records.len() == self.room {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }
}

impl Recorder {
    /// A recorder for `cores` cores that records nothing yet.
    pub fn new(cores: u32) -> Recorder {
        Recorder {
            on: AtomicBool::new(false),
            wanted: AtomicBool::new(false),
            tap: OnceLock::new(),
            rings: (0..cores).map(|_| Mutex::default()).collect(),
        }
    }

    /// Begins anew, with room for `room(core)` records of each core.
    pub fn start(&self, room: impl Fn(usize) -> usize) {
        for (core, ring) in self.rings.iter().enumerate() {
            *ring.lock() = Ring { room: room(core), records: VecDeque::new() };
        }
        self.on.store(true, Relaxed);
        self.wanted.store(true, Relaxed);
    }

    /// Ends recording and forgets everything. Says whether it was on.
    pub fn stop(&self) -> bool {
        // In this order, so that a start on another thread at this time leaves a recorder that is on and wanted.
        self.wanted.store(self.tap.get().is_some(), Relaxed);
        let was_on = self.on.swap(false, Relaxed);
        self.rings.iter().for_each(|ring| *ring.lock() = Ring::default());
        was_on
    }

    /// Whether it records.
    pub fn is_on(&self) -> bool {
        self.on.load(Relaxed)
    }

    /// Tells `tap` of each record of a request that is submitted from now on; of several, the first.
    pub fn tap(&self, tap: Tap) {
        let _ = self.tap.set(tap);
        self.wanted.store(true, Relaxed);
    }

    /// Whether anybody wants a record.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted.load(Relaxed)
    }

    /// Records a request that has ended; says whether its answer is to be given.
    pub(crate) fn record(&self, core: u8, request: &Request, record: Record) -> bool {
        if self.is_on() {
            self.rings[usize::from(core)].lock().push(record);
        }
        self.tap.get().is_none_or(|tap| tap(&record, request))
    }

    /// Takes the oldest records of `core` out, at most `most`.
    pub fn fetch(&self, core: usize, most: usize) -> Vec<Record> {
        let Some(ring) = self.rings.get(core) else { return Vec::new() };
        let mut ring = ring.lock();
        let count = most.min(ring.records.len());
        ring.records.drain(..count).collect()
    }
}
