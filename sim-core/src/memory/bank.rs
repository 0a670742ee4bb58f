//! HBM banks: address space that is reserved lazily, and who has which part of it.

use std::ops::Range;
use std::os::fd::OwnedFd;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use range_alloc::RangeAllocator;

use super::bytes::{Extent, Mapping, PAGE};

/// One bank of a device's memory. Allocations are whole pages, so each has its own page-aligned address.
#[derive(Debug)]
pub struct Bank {
    /// Which of the machine's banks it is, counted over all devices.
    pub index: u32,
    limit: u64,
    mapping: OnceLock<Mapping>,
    space: Mutex<Space>,
}

#[derive(Debug)]
struct Space {
    free: RangeAllocator<u64>,
    /// So much of the mapping can be read and written.
    opened: u64,
}

/// By how much more of a bank is opened at a time. What is not open costs nothing, not even for tools that
/// look through all readable memory.
const STEP: u64 = 64 << 20;

/// Why a bank has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// No free range is long enough; so many bytes are free in all.
    #[error("{available} bytes are free, but no range that is long enough")]
    NoRange {
        /// Free bytes.
        available: u64,
    },
    /// This process has no address space for the bank.
    #[error(
        "the system refuses to reserve {0} bytes of address space (see `ulimit -v` and vm.overcommit_memory)"
    )]
    NoAddressSpace(u64),
}

impl Bank {
    /// Bank `index` of `limit` bytes, the first `taken` of which are in use from the start.
    pub fn new(index: u32, limit: u64, taken: u64) -> Bank {
        let space = Mutex::new(Space { free: RangeAllocator::new(taken..limit), opened: 0 });
        Bank { index, limit, mapping: OnceLock::new(), space }
    }

    /// Its size in bytes.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// All of its bytes, used or not.
    ///
    /// # Errors
    /// When the process has no address space left.
    pub fn whole(&self) -> Result<Extent, Full> {
        self.reserved()?;
        self.open(&mut self.space.lock(), self.limit)
    }

    /// Reserves its address space at the first call.
    fn reserved(&self) -> Result<&Mapping, Full> {
        if let Some(mapping) = self.mapping.get() {
            return Ok(mapping);
        }
        let mapping = usize::try_from(self.limit).ok().and_then(|len| Mapping::closed(len).ok());
        let mapping = mapping.ok_or(Full::NoAddressSpace(self.limit))?;
        // If another thread was faster its mapping stands and ours is dropped: nobody has seen it.
        Ok(self.mapping.get_or_init(|| mapping))
    }

    /// Makes the bytes up to `end` readable and writable, and returns all bytes.
    fn open(&self, space: &mut Space, end: u64) -> Result<Extent, Full> {
        let mapping = self.reserved()?;
        if space.opened < end {
            let opened = end.next_multiple_of(STEP).min(self.limit);
            let more = place(space.opened)..place(opened);
            mapping.open(more).map_err(|_| Full::NoAddressSpace(opened - space.opened))?;
            space.opened = opened;
        }
        Ok(mapping.extent())
    }

    /// Takes `len` bytes, rounded up to pages.
    ///
    /// # Errors
    /// When there is no such range; nothing has changed then.
    pub(super) fn take(self: &Arc<Bank>, len: u64) -> Result<Allocation, Full> {
        self.reserved()?; // outside the lock, for it takes a while
        let mut space = self.space.lock();
        // What cannot fit is refused here: the allocator's sums overflow with lengths of any size.
        let rounded = len.max(1).checked_next_multiple_of(PAGE as u64).filter(|len| *len <= self.limit);
        let range = rounded.and_then(|len| space.free.allocate_range(len).ok());
        let range = range.ok_or_else(|| Full::NoRange { available: space.free.total_available() })?;
        let whole = self.open(&mut space, range.end);
        if whole.is_err() {
            space.free.free_range(range.clone());
        }
        let range = place(range.start)..place(range.end);
        let extent = whole?.part(range.start, range.len());
        Ok(Allocation { bank: Arc::clone(self), range, extent, file: OnceLock::new() })
    }
}

/// An offset in a bank as an offset in memory.
fn place(offset: u64) -> usize {
    usize::try_from(offset).expect("a reserved bank fits the address space")
}

/// A part of a bank that is in use; given back on drop.
#[derive(Debug)]
pub struct Allocation {
    /// The bank it is part of.
    pub bank: Arc<Bank>,
    range: Range<usize>,
    extent: Extent,
    file: OnceLock<OwnedFd>,
}

impl Allocation {
    /// Its bytes.
    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// Its distance from the beginning of the bank.
    pub fn offset(&self) -> u64 {
        self.range.start as u64
    }

    /// A file through which the bytes can be mapped, made at the first call.
    ///
    /// # Errors
    /// The system's, when it has no file descriptor or memory left.
    pub fn file(&self) -> std::io::Result<&OwnedFd> {
        // The bank's lock keeps two threads from moving the pages at once; nobody waits for it in a hurry.
        let _alone = self.bank.space.lock();
        if self.file.get().is_none() {
            let made = self.mapping().share(self.range.clone())?;
            self.file.set(made).expect("set only here, under the lock");
        }
        Ok(self.file.get().expect("set above"))
    }

    fn mapping(&self) -> &Mapping {
        self.bank.mapping.get().expect("an allocation is part of a reserved bank")
    }
}

impl Drop for Allocation {
    fn drop(&mut self) {
        match self.file.get() {
            Some(_) => self.mapping().unshare(self.range.clone()),
            None => self.mapping().discard(self.range.clone()),
        }
        self.bank.space.lock().free.free_range(self.range.start as u64..self.range.end as u64);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Bank, Full};

    #[test]
    fn what_is_freed_can_be_taken_again_and_reads_as_zero() {
        let bank = Arc::new(Bank::new(0, 1 << 20, 0));
        let all = bank.take(1 << 20).expect("empty");
        all.extent().fill(9);
        assert_eq!(bank.take(1).expect_err("full"), Full::NoRange { available: 0 });
        drop(all);
        let again = bank.take(1 << 20).expect("empty again");
        let mut byte = [1];
        again.extent().load(&mut byte);
        assert_eq!(byte, [0]);
    }

    #[test]
    fn sizes_that_no_bank_has_are_refused() {
        let bank = Arc::new(Bank::new(0, 1 << 20, 4096));
        for len in [(1 << 20) - 4095, 1 << 20, u64::MAX / 2 + 1, u64::MAX - 4095, u64::MAX] {
            let available = (1 << 20) - 4096;
            assert_eq!(bank.take(len).expect_err("full"), Full::NoRange { available }, "{len}");
        }
    }

    #[test]
    fn allocations_are_disjoint_and_page_aligned() {
        let bank = Arc::new(Bank::new(0, 1 << 20, 4096));
        let taken: Vec<_> = (0..20).map(|size| bank.take(size).expect("room")).collect();
        for (place, one) in taken.iter().enumerate() {
            assert_eq!(one.extent().address() % 4096, 0);
            assert!(one.offset() >= 4096, "the first page was taken from the start");
            for other in &taken[place + 1..] {
                assert!(one.extent().address().abs_diff(other.extent().address()) >= 4096);
            }
        }
    }
}
