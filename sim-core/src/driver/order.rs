//! The order in which a program sees completions in free-running time.
//!
//! There a request can be completed as soon as it is submitted. A program that was shown each completion at
//! its first look would see a late end of one queue before an early end of another, and what it submits
//! upon the early one would come too late: nothing would overlap. So a look moves time to the next end at
//! most, whichever queue it is on, as a look on hardware finds what has ended by then.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::shard::{Next, Shard};
use crate::time::Tick;

/// Which queues have requests that end later than what the program has seen.
///
/// Relaxed throughout: a mark that is lost in a race of threads lets one completion be seen early.
pub(crate) struct Order {
    shards: Vec<Arc<Shard>>,
    /// A bit for each shard, in the order of their places.
    open: Vec<AtomicU64>,
}

impl Order {
    /// The order of `shards`, which stand at their places.
    pub(crate) fn new(shards: Vec<Arc<Shard>>) -> Order {
        let open = (0..shards.len().div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        Order { shards, open }
    }

    /// `shard` has a new request.
    pub(crate) fn mark(&self, shard: &Shard) {
        let place = shard.port.unit().place();
        let (word, bit) = (&self.open[place / 64], 1 << (place % 64));
        if word.load(Relaxed) & bit == 0 {
            word.fetch_or(bit, Relaxed);
        }
    }

    /// The first end after `now` and before `until` on another queue than `but`.
    ///
    /// What a worker still computes is passed over: no queue waits for a long kernel of another.
    pub(crate) fn next_end(&self, but: &Shard, now: Tick, until: Tick, reach: &dyn Fn(Tick)) -> Next {
        let mut next = Next::None;
        for (at, word) in self.open.iter().enumerate() {
            let mut bits = word.load(Relaxed);
            while bits != 0 {
                let bit = bits & bits.wrapping_neg();
                bits ^= bit;
                let shard = &self.shards[at * 64 + bit.trailing_zeros() as usize];
                if std::ptr::eq(&**shard, but) {
                    continue;
                }
                match shard.end_after(now, reach) {
                    Next::Unknown => return Next::Unknown,
                    Next::At(end) if end < until && Next::At(end).is_before(next) => next = Next::At(end),
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
