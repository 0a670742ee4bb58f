//! Who uses which bytes: the uses of requests whose completion the host has not observed.
//!
//! Bytes are addresses of this process, so that slices, aliases, attached buffers and the program's own use of
//! `nrt_tensor_get_va` need no rule of their own.

use std::collections::BTreeSet;
use std::ops::Range;

use rustc_hash::FxHashMap;
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

/// Memory that nothing else shares, and who uses what of it.
struct Region {
    end: usize,
    /// By where they begin.
    open: Vec<Open>,
    /// No use is longer; whether that is more than need be.
    longest: usize,
    is_loose: bool,
    /// How many uses the last sweep left.
    left: usize,
}

/// So many regions are kept at least, before those are looked for that nobody uses any more.
const FEW: usize = 1024;
/// The same for the uses of a region.
const FEW_USES: usize = 64;

/// All open uses, by memory.
#[derive(Default)]
pub(crate) struct Memory {
    /// By where they begin, in no order: most uses are of memory that was used before.
    regions: FxHashMap<usize, Region>,
    /// Where they begin, in order.
    starts: BTreeSet<usize>,
    /// How many regions the last sweep left.
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

impl Region {
    /// Where in the list those are that may overlap `bytes`.
    fn near(&self, bytes: &Range<usize>) -> Range<usize> {
        let is_before = |open: &Open| open.bytes.start.saturating_add(self.longest) <= bytes.start;
        let first = self.open.partition_point(is_before);
        first..first + self.open[first..].partition_point(|open| open.bytes.start < bytes.end)
    }

    /// Drops those near `bytes` that are not to be kept, and says from where to where there is room in the list.
    fn clear(&mut self, bytes: &Range<usize>, mut is_kept: impl FnMut(&Open) -> bool) -> Range<usize> {
        let near = self.near(bytes);
        let mut kept = near.start;
        for index in near.clone() {
            let open = &self.open[index];
            if is_kept(open) {
                self.open.swap(kept, index);
                kept += 1;
            } else {
                self.is_loose |= open.bytes.len() == self.longest;
            }
        }
        if self.is_loose && near.len() > FEW_USES / 4 {
            self.longest = self.open.iter().map(|open| open.bytes.len()).max().unwrap_or_default();
            self.is_loose = false;
        }
        kept..near.end
    }

    fn retain(&mut self, bytes: &Range<usize>, is_kept: impl FnMut(&Open) -> bool) {
        let room = self.clear(bytes, is_kept);
        self.open.drain(room);
    }

    /// The same, and enters `open`, most often in the place of one that is dropped.
    fn replace(&mut self, open: Open, is_kept: impl FnMut(&Open) -> bool) {
        let room = self.clear(&open.bytes, is_kept);
        self.longest = self.longest.max(open.bytes.len());
        let place = self.open[..room.start].partition_point(|other| other.bytes.start <= open.bytes.start);
        if room.is_empty() {
            self.open.insert(place, open);
            return;
        }
        self.open[room.start] = open;
        self.open[place..=room.start].rotate_right(1);
        self.open.drain(room.start + 1..room.end);
    }

    fn sweep(&mut self, queues: &Queues) {
        self.open.retain(|open| !queues.is_over(open.place, open.num));
        self.left = self.open.len();
        self.is_loose = true;
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
        if region.open.len() > FEW_USES.max(2 * region.left) {
            region.sweep(queues);
        }
        let Access { bytes, writes, owner, .. } = access;
        let open = Open { bytes: bytes.clone(), writes: *writes, owner: *owner, place, num };
        region.replace(open, |open| {
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
        if self.regions.len() > FEW.max(2 * self.left) {
            self.sweep(queues);
        }
    }

    /// Calls `meets` with each open use of the same bytes; enters nothing.
    pub(crate) fn look(&self, bytes: &Range<usize>, queues: &Queues, mut meets: impl FnMut(&Open)) {
        for region in self.starts.range(..bytes.end).rev().map(|start| &self.regions[start]) {
            region.open[region.near(bytes)].iter().filter(|open| open.overlaps(bytes)).for_each(|open| {
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
            self.region(access).retain(&access.bytes, |open| (open.place, open.num) != (place, num));
        }
    }

    /// New memory is at `whole`: what was there before is gone, with all who used it.
    pub(crate) fn forget(&mut self, whole: &Range<usize>) {
        for start in self.starts.range(..whole.end).rev() {
            let region = self.regions.get_mut(start).expect("it begins there");
            if region.end <= whole.start {
                break;
            }
            region.retain(whole, |open| !open.overlaps(whole));
        }
    }

    /// The region that holds the memory of `access`; what overlaps it becomes one.
    fn region(&mut self, access: &Access) -> &mut Region {
        let whole = &access.whole;
        let start = match self.regions.get(&whole.start) {
            Some(region) if whole.end <= region.end => whole.start, // as most are
            _ => self.join(whole.clone()),
        };
        self.regions.get_mut(&start).expect("it begins there")
    }

    /// Makes one region of `whole` and all that overlaps it; returns where it begins.
    fn join(&mut self, whole: Range<usize>) -> usize {
        let Range { mut start, mut end } = whole;
        let (mut open, mut longest) = (Vec::new(), 0);
        while let Some(&at) = self.starts.range(..end).next_back()
            && let Some(region) = self.regions.get_mut(&at)
            && region.end > start
        {
            if at <= start && end <= region.end {
                return at;
            }
            (start, end) = (start.min(at), end.max(region.end));
            open.append(&mut region.open);
            longest = longest.max(region.longest);
            self.regions.remove(&at);
            self.starts.remove(&at);
        }
        open.sort_by_key(|open: &Open| open.bytes.start);
        self.starts.insert(start);
        self.regions.insert(start, Region { end, open, longest, is_loose: true, left: 0 });
        start
    }

    fn sweep(&mut self, queues: &Queues) {
        self.regions.retain(|_, region| {
            region.sweep(queues);
            !region.open.is_empty()
        });
        self.starts.retain(|start| self.regions.contains_key(start));
        self.left = self.regions.len();
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
