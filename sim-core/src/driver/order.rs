//! The order in which a program sees completions in free-running time.
//!
//! There a request can be completed as soon as it is submitted. A program that was shown each completion at
//! its first look would see a late end of one queue before an early end of another, and what it submits
//! upon the early one would come too late: nothing would overlap. So a look moves time to the next end at
//! most, whichever queue it is on, as a look on hardware finds what has ended by then.
//!
//! That holds among the queues that one thread of the program uses. What other threads do it does not
//! wait for, so that threads with queues of their own do not slow each other down.

#![expect(clippy::disallowed_methods, reason = "patience is real time")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

use crate::shard::{Next, Shard};
use crate::time::Tick;

/// How often in a row the program is told "not yet" of what has completed: more than a program that goes round
/// its queues meets, few enough for one that sleeps between two looks.
const HELD_MAX: u32 = 32;

/// How long the program is told "not yet" because of what ends before and is still computed: far longer than most
/// kernels take, but no queue waits for ever for a kernel of another.
const PATIENCE: Duration = Duration::from_secs(1);

/// Which queues have requests that end later than what the program has seen, and who uses them.
///
/// Relaxed throughout: a mark that is lost in a race of threads lets one completion be seen early.
pub(crate) struct Order {
    shards: Vec<Arc<Shard>>,
    /// A bit for each shard, in the order of their places.
    open: Vec<AtomicU64>,
    /// For each shard, the thread that submitted last and the one that looked last.
    users: Vec<[AtomicU64; 2]>,
    held: CachePadded<Held>,
    origin: Instant,
}

/// What was held back from the program since something was shown to it.
#[derive(Default)]
struct Held {
    /// How often, for the sake of what ends before.
    times: AtomicU32,
    /// Since when, for the sake of what is not done yet; nanoseconds, 0 if it is not.
    since: AtomicU64,
}

/// What a thread does with a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Submit,
    Look,
}

/// A number for the calling thread, never 0.
fn me() -> u64 {
    static THREADS: AtomicU64 = AtomicU64::new(1);
    thread_local!(static ME: u64 = THREADS.fetch_add(1, Relaxed));
    ME.try_with(|me| *me).unwrap_or(0) // a thread that is ending is nobody
}

impl Order {
    /// The order of `shards`, which stand at their places.
    pub(crate) fn new(shards: Vec<Arc<Shard>>) -> Order {
        let open = (0..shards.len().div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        let users = shards.iter().map(|_| Default::default()).collect();
        Order { shards, open, users, held: CachePadded::default(), origin: Instant::now() }
    }

    /// The queues in question.
    pub(crate) fn shards(&self) -> &[Arc<Shard>] {
        &self.shards
    }

    /// The calling thread uses `shard`; if it submits, there is a new request.
    pub(crate) fn mark(&self, shard: &Shard, how: Use) {
        let place = shard.port.unit().place();
        let (user, me) = (&self.users[place][how as usize], me());
        if user.load(Relaxed) != me {
            user.store(me, Relaxed);
        }
        let (word, bit) = (&self.open[place / 64], 1 << (place % 64));
        if how == Use::Submit && word.load(Relaxed) & bit == 0 {
            word.fetch_or(bit, Relaxed);
        }
    }

    /// Whether to hold back what has completed, since `next` may be seen first.
    pub(crate) fn holds(&self, next: Next) -> bool {
        let Held { times, since } = &*self.held;
        let holds = match next {
            Next::None => false,
            Next::At(_) => times.fetch_add(1, Relaxed) < HELD_MAX,
            Next::Unknown => {
                let now = u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1);
                let begun = since.load(Relaxed);
                if begun == 0 {
                    since.store(now, Relaxed);
                }
                begun == 0 || Duration::from_nanos(now.saturating_sub(begun)) < PATIENCE
            }
        };
        if !holds && times.load(Relaxed) > 0 {
            times.store(0, Relaxed);
        }
        // Patience is for one wait: where it is known what ends next, the wait is over.
        if next != Next::Unknown && since.load(Relaxed) > 0 {
            since.store(0, Relaxed);
        }
        holds
    }

    /// The first end after `now` and before `until` on another queue than `but` that the calling thread uses.
    pub(crate) fn next_end(&self, but: &Shard, now: Tick, until: Tick, reach: &dyn Fn(Tick)) -> Next {
        let me = me();
        let mut next = Next::None;
        for (at, word) in self.open.iter().enumerate() {
            let mut bits = word.load(Relaxed);
            while bits != 0 {
                let bit = bits & bits.wrapping_neg();
                bits ^= bit;
                let place = at * 64 + bit.trailing_zeros() as usize;
                let shard = &self.shards[place];
                let is_ours = self.users[place].iter().any(|user| user.load(Relaxed) == me);
                if !is_ours || std::ptr::eq(&**shard, but) {
                    continue;
                }
                match shard.end_after(now, until, reach) {
                    Next::Unknown => return Next::Unknown,
                    Next::At(end) if Next::At(end).is_before(next) => next = Next::At(end),
                    Next::At(_) => {}
                    Next::None if shard.is_all_seen() => {
                        word.fetch_and(!bit, Relaxed);
                    }
                    Next::None => {}
                }
            }
        }
        next
    }
}
