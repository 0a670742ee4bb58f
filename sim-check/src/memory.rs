//! Who uses which bytes: the uses of requests whose completion the host has not observed.
//!
//! Bytes are addresses of this process, so that slices, aliases, attached buffers and the program's own use of
//! `nrt_tensor_get_va` need no rule of their own.

use std::collections::BTreeMap;
use std::ops::Range;

use smallvec::SmallVec;

use crate::queues::Queues;

/// Whose bytes a use is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The tensor with this id.
    Tensor(u64),
    /// The program: a buffer of the host.
    Host,
}

/// One use of some bytes by a request or a blocking call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The bytes, as addresses.
    pub bytes: Range<usize>,
    /// The memory that they are part of, which nothing else shares.
    pub whole: Range<usize>,
    /// Whether it writes them.
    pub writes: bool,
    /// Whose they are.
    pub owner: Owner,
}

/// The uses of one request.
pub type Accesses = SmallVec<[Access; 4]>;

/// A use by a request that is not known to be over.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    pub(crate) bytes: Range<usize>,
    pub(crate) writes: bool,
    pub(crate) owner: Owner,
    /// The place of the queue.
    pub(crate) place: usize,
    /// The number on it; that of a blocking call is above all numbers.
    pub(crate) num: u64,
}

struct Region {
    end: usize,
    open: SmallVec<[Open; 4]>,
}

/// All open uses, by memory.
#[derive(Default)]
pub(crate) struct Memory {
    regions: BTreeMap<usize, Region>,
    /// How many uses were entered since the last sweep.
    entered: usize,
    /// How many were left by it.
    left: usize,
}

impl Open {
    fn overlaps(&self, bytes: &Range<usize>) -> bool {
        self.bytes.start < bytes.end && bytes.start < self.bytes.end
    }

    /// Whether a later use of the same queue says all that this one says.
    fn is_covered_by(&self, later: &Access) -> bool {
        (later.writes || !self.writes)
            && later.bytes.start <= self.bytes.start
            && self.bytes.end <= later.bytes.end
    }
}

impl Memory {
    /// Enters `access` of request `num` on the queue at `place`, and calls `meets` with each open use of the same
    /// bytes of which one of the two is a write.
    pub(crate) fn enter(
        &mut self,
        (place, num): (usize, u64),
        access: &Access,
        queues: &Queues,
        mut meets: impl FnMut(&Open),
    ) {
        if access.bytes.is_empty() {
            return;
        }
        let region = self.region(access);
        region.open.retain(|open| {
            if queues.is_over(open.place, open.num) {
                return false;
            }
            if !open.overlaps(&access.bytes) {
                return true;
            }
            if open.writes || access.writes {
                meets(open);
            }
            (open.place, open.num) == (place, num) || open.place != place || !open.is_covered_by(access)
        });
        let Access { bytes, writes, owner, .. } = access;
        region.open.push(Open { bytes: bytes.clone(), writes: *writes, owner: *owner, place, num });
        self.entered += 1;
        if self.entered > 1024.max(2 * self.left) {
            self.sweep(queues);
        }
    }

    /// Calls `meets` with each open use of the same bytes; enters nothing.
    pub(crate) fn look(&self, bytes: &Range<usize>, queues: &Queues, mut meets: impl FnMut(&Open)) {
        for (_, region) in self.regions.range(..bytes.end).rev() {
            region.open.iter().filter(|open| open.overlaps(bytes)).for_each(|open| {
                if !queues.is_over(open.place, open.num) {
                    meets(open);
                }
            });
            if region.end <= bytes.start {
                break; // regions do not overlap: all before end before
            }
        }
    }

    /// All open uses that `wanted` picks.
    pub(crate) fn find(&self, queues: &Queues, wanted: impl Fn(&Open) -> bool) -> Vec<Open> {
        let all = self.regions.values().flat_map(|region| &region.open);
        all.filter(|open| !queues.is_over(open.place, open.num) && wanted(open)).cloned().collect()
    }

    /// A blocking call is over.
    pub(crate) fn leave(&mut self, place: usize, num: u64, accesses: &[Access]) {
        for access in accesses.iter().filter(|access| !access.bytes.is_empty()) {
            self.region(access).open.retain(|open| (open.place, open.num) != (place, num));
        }
    }

    /// New memory is at `whole`: what was there before is gone, with all who used it.
    pub(crate) fn forget(&mut self, whole: &Range<usize>) {
        for (_, region) in self.regions.range_mut(..whole.end).rev() {
            if region.end <= whole.start {
                break;
            }
            region.open.retain(|open| !open.overlaps(whole));
        }
    }

    /// The region that holds the memory of `access`; what overlaps it becomes one.
    fn region(&mut self, access: &Access) -> &mut Region {
        let (mut start, mut end) = (access.whole.start, access.whole.end);
        let known = self.regions.range(..=start).next_back();
        if let Some((&at, region)) = known
            && end <= region.end
        {
            return self.regions.get_mut(&at).expect("just found");
        }
        let mut open = SmallVec::new();
        while let Some((&at, region)) = self.regions.range(..end).next_back()
            && region.end > start
        {
            (start, end) = (start.min(at), end.max(region.end));
            open.extend(self.regions.remove(&at).expect("just found").open);
        }
        self.regions.entry(start).or_insert(Region { end, open })
    }

    fn sweep(&mut self, queues: &Queues) {
        self.regions.retain(|_, region| {
            region.open.retain(|open| !queues.is_over(open.place, open.num));
            !region.open.is_empty()
        });
        self.left = self.regions.values().map(|region| region.open.len()).sum();
        self.entered = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, Memory, Owner};
    use crate::queues::Queues;

    fn access(bytes: std::ops::Range<usize>, writes: bool) -> Access {
        Access { whole: bytes.clone(), bytes, writes, owner: Owner::Host }
    }

    #[test]
    fn uses_meet_where_bytes_overlap_and_one_writes() {
        let (mut memory, queues) = (Memory::default(), Queues::new(2, |_| u64::MAX));
        let mut met = Vec::new();
        let mut enter = |place, num, bytes, writes| {
            met.clear();
            memory.enter((place, num), &access(bytes, writes), &queues, |open| {
                met.push((open.place, open.num));
            });
            met.sort_unstable();
            met.clone()
        };
        assert_eq!(enter(0, 1, 100..200, true), []);
        assert_eq!(enter(1, 1, 200..300, true), []);
        assert_eq!(enter(1, 2, 150..250, false), [(0, 1), (1, 1)]);
        assert_eq!(enter(0, 2, 240..260, false), [(1, 1)]);
        assert_eq!(enter(0, 3, 50..100, true), []);
    }

    #[test]
    fn a_blocking_call_leaves_nothing_behind() {
        let (mut memory, queues) = (Memory::default(), Queues::new(1, |_| u64::MAX));
        let mine = access(0x1000..0x2000, true);
        memory.enter((0, u64::MAX), &mine, &queues, |_| panic!("nothing is there"));
        memory.leave(0, u64::MAX, std::slice::from_ref(&mine));
        memory.enter((1, 1), &mine, &queues, |_| panic!("nothing is left"));
    }
}
