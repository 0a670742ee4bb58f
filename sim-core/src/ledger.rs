//! The ledger: what each queue and each core has done, in one block of memory.
//!
//! The block can be a shared file, so that another process reads it while this one runs and after it
//! has ended, however it ended. All numbers are plain counters; a reader may see them slightly apart.

use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::memory::bytes::Mapping;
use crate::seq::UnitId;
use crate::status::Status;
use crate::time::Tick;

/// Marks a ledger of this layout: "NRTLDG" and a version.
const MAGIC: u64 = 0x4e52_544c_4447_0002;
/// Words before the first core: magic, cores, objects, state.
const HEAD: usize = 8;
/// Words of one core's memory: used, peak, limit, one spare.
const MEMORY: usize = 4;
/// Words of one queue: accepted, full answers, deepest, the last end, and one for each status.
const QUEUE: usize = 4 + Status::ALL.len();

/// Counters of all queues and cores of one device.
#[derive(Debug)]
pub struct Ledger {
    mapping: Mapping,
    cores: usize,
}

/// Kinds of objects that a program must free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// A tensor.
    Tensor = 0,
    /// A tensor set.
    TensorSet = 1,
    /// A loaded model.
    Model = 2,
}

impl Ledger {
    /// Bytes of a ledger for `cores` logical cores.
    pub const fn bytes(cores: usize) -> usize {
        (HEAD + cores * (MEMORY + UnitId::PER_CORE * QUEUE)) * 8
    }

    /// An empty ledger in memory of its own.
    ///
    /// # Errors
    /// The system's, when it has no memory.
    pub fn new(cores: usize) -> std::io::Result<Ledger> {
        Ok(Ledger::begin(Mapping::reserve(Ledger::bytes(cores))?, cores))
    }

    /// An empty ledger in `file`, which must have [`Ledger::bytes`] bytes, all zero.
    ///
    /// # Errors
    /// The system's, when the file cannot be mapped.
    pub fn in_file(file: impl AsFd, cores: usize) -> std::io::Result<Ledger> {
        Ok(Ledger::begin(Mapping::of_file(file, Ledger::bytes(cores))?, cores))
    }

    /// A ledger that another process wrote, or `None` if the `len` bytes of `file` are not one.
    pub fn read(file: impl AsFd, len: usize) -> Option<Ledger> {
        if len < HEAD * 8 {
            return None;
        }
        let mapping = Mapping::of_file(file, len).ok()?;
        let cores = usize::try_from(mapping.word(1).load(Relaxed)).ok()?;
        let known = mapping.word(0).load(Relaxed) == MAGIC && cores <= 256 && Ledger::bytes(cores) <= len;
        known.then_some(Ledger { mapping, cores })
    }

    fn begin(mapping: Mapping, cores: usize) -> Ledger {
        let ledger = Ledger { mapping, cores };
        ledger.word(1).store(cores as u64, Relaxed);
        ledger.word(0).store(MAGIC, Relaxed);
        ledger
    }

    fn word(&self, index: usize) -> &AtomicU64 {
        self.mapping.word(index)
    }

    /// Logical cores it has counters for.
    pub fn cores(&self) -> usize {
        self.cores
    }

    /// Notes that the device was closed in good order.
    pub fn close(&self) {
        self.word(2).store(1, Relaxed);
    }

    /// Whether the device was closed in good order.
    pub fn is_closed(&self) -> bool {
        self.word(2).load(Relaxed) == 1
    }

    /// How many objects of a kind are alive.
    pub fn objects(&self, kind: Object) -> &AtomicU64 {
        self.word(3 + kind as usize)
    }

    /// The memory of `core`.
    pub fn memory(&self, core: u8) -> Memory<'_> {
        assert!(usize::from(core) < self.cores, "core {core} of {}", self.cores);
        Memory { ledger: self, first: HEAD + usize::from(core) * MEMORY }
    }

    /// The counters of the queue `unit`.
    pub fn queue(&self, unit: UnitId) -> Queue<'_> {
        assert!(usize::from(unit.core) < self.cores, "core {} of {}", unit.core, self.cores);
        Queue { ledger: self, first: HEAD + self.cores * MEMORY + unit.place() * QUEUE }
    }
}

/// The device memory of one core, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Memory<'a> {
    ledger: &'a Ledger,
    first: usize,
}

impl Memory<'_> {
    pub(crate) fn take(self, bytes: u64) {
        let used = self.ledger.word(self.first).fetch_add(bytes, Relaxed) + bytes;
        self.ledger.word(self.first + 1).fetch_max(used, Relaxed);
    }

    pub(crate) fn give_back(self, bytes: u64) {
        self.ledger.word(self.first).fetch_sub(bytes, Relaxed);
    }

    pub(crate) fn set_limit(self, bytes: u64) {
        self.ledger.word(self.first + 2).store(bytes, Relaxed);
    }

    /// In use now.
    pub fn used(self) -> u64 {
        self.ledger.word(self.first).load(Relaxed)
    }

    /// The most that was in use at once.
    pub fn peak(self) -> u64 {
        self.ledger.word(self.first + 1).load(Relaxed)
    }

    /// The size of the core's bank.
    pub fn limit(self) -> u64 {
        self.ledger.word(self.first + 2).load(Relaxed)
    }
}

/// The counters of one queue.
#[derive(Debug, Clone, Copy)]
pub struct Queue<'a> {
    ledger: &'a Ledger,
    first: usize,
}

impl Queue<'_> {
    /// Notes an accepted request: its number, and how many are in the queue with it.
    ///
    /// Called by one thread at a time, so that plain stores are enough.
    pub(crate) fn accept(self, num: u64, depth: u64) {
        self.ledger.word(self.first).store(num, Relaxed);
        let deepest = self.ledger.word(self.first + 2);
        if depth > deepest.load(Relaxed) {
            deepest.store(depth, Relaxed);
        }
    }

    pub(crate) fn refuse(self) {
        self.ledger.word(self.first + 1).fetch_add(1, Relaxed);
    }

    /// Notes a completion at the instant `at`. Called by one thread at a time.
    pub(crate) fn complete(self, status: Status, at: Tick) {
        self.ledger.word(self.first + 3).store(at.0, Relaxed);
        let word = self.ledger.word(self.first + 4 + status.rank());
        word.store(word.load(Relaxed) + 1, Relaxed);
    }

    /// Requests accepted.
    pub fn accepted(self) -> u64 {
        self.ledger.word(self.first).load(Relaxed)
    }

    /// Submissions refused because the queue was full.
    pub fn full(self) -> u64 {
        self.ledger.word(self.first + 1).load(Relaxed)
    }

    /// The most requests that were in the queue at once.
    pub fn deepest(self) -> u64 {
        self.ledger.word(self.first + 2).load(Relaxed)
    }

    /// When the last request that has completed ended.
    pub fn last_end(self) -> Tick {
        Tick(self.ledger.word(self.first + 3).load(Relaxed))
    }

    /// Requests completed with `status`.
    pub fn completed(self, status: Status) -> u64 {
        self.ledger.word(self.first + 4 + status.rank()).load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::{Ledger, Object};
    use crate::seq::{UnitId, UnitKind};
    use crate::status::Status;
    use crate::time::Tick;

    #[test]
    fn another_reader_of_the_file_sees_the_counters() {
        let file = rustix::fs::memfd_create("ledger", rustix::fs::MemfdFlags::CLOEXEC).expect("small");
        let len = Ledger::bytes(2);
        rustix::fs::ftruncate(&file, len as u64).expect("small");
        let ours = Ledger::in_file(&file, 2).expect("small");
        let unit = UnitId { core: 1, kind: UnitKind::TensorWrite, queue: 0 };
        ours.queue(unit).accept(1, 1);
        ours.queue(unit).complete(Status::NetworkProxyFailure, Tick(70));
        ours.memory(1).take(4096);
        ours.memory(1).give_back(4096);
        ours.objects(Object::Model).store(3, std::sync::atomic::Ordering::Relaxed);

        let theirs = Ledger::read(&file, len).expect("a ledger");
        assert_eq!((theirs.cores(), theirs.is_closed()), (2, false));
        assert_eq!(theirs.queue(unit).accepted(), 1);
        assert_eq!(theirs.queue(unit).last_end(), Tick(70));
        assert_eq!(theirs.queue(unit).completed(Status::NetworkProxyFailure), 1);
        assert_eq!((theirs.memory(1).used(), theirs.memory(1).peak()), (0, 4096));
        assert_eq!(theirs.objects(Object::Model).load(std::sync::atomic::Ordering::Relaxed), 3);
    }

    #[test]
    fn what_is_no_ledger_is_not_read_as_one() {
        let file = rustix::fs::memfd_create("ledger", rustix::fs::MemfdFlags::CLOEXEC).expect("small");
        rustix::fs::ftruncate(&file, 4096).expect("small");
        assert!(Ledger::read(&file, 4096).is_none());
        assert!(Ledger::read(&file, 8).is_none());
    }
}
