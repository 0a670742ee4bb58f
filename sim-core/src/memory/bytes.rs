//! Raw memory: mappings, and extents of bytes that others may read and write at any time.
//!
//! The program holds addresses of tensors and of its own buffers and may touch them whenever it likes,
//! as it may on hardware. So bytes are never borrowed as Rust slices: they are copied in and out here,
//! and a program that races with the device gets mixed bytes, as it would there.

use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicU64;

use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, mmap_anonymous, munmap};

/// Size of a page: what mappings and device allocations are rounded up to.
pub const PAGE: usize = 4096;

const READ_WRITE: ProtFlags = ProtFlags::READ.union(ProtFlags::WRITE);

/// A range of this process's address space: zero at first, committed on touch, unmapped on drop.
#[derive(Debug)]
pub struct Mapping {
    whole: Extent,
}

impl Mapping {
    /// Maps `len` bytes (rounded up to a page, at least one); no memory is used until it is touched.
    ///
    /// # Errors
    /// The system's, when it has no such range.
    pub fn reserve(len: usize) -> io::Result<Mapping> {
        Mapping::anonymous(len, READ_WRITE)
    }

    /// The same, but nothing can be touched before [`Mapping::open`] allows it.
    ///
    /// # Errors
    /// The system's, when it has no such range.
    pub fn closed(len: usize) -> io::Result<Mapping> {
        Mapping::anonymous(len, ProtFlags::empty())
    }

    fn anonymous(len: usize, protection: ProtFlags) -> io::Result<Mapping> {
        let len = len.max(1).checked_next_multiple_of(PAGE).ok_or(io::ErrorKind::OutOfMemory)?;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: no address is asked for, so the mapping overlaps nothing that exists.
        let at = unsafe { mmap_anonymous(ptr::null_mut(), len, protection, flags) }?;
        Ok(Mapping { whole: Extent::mapped(at.cast(), len) })
    }

    /// Allows `pages`, which were closed, to be read and written from now on.
    ///
    /// # Errors
    /// The system's, when it will not promise so much memory.
    pub fn open(&self, pages: Range<usize>) -> io::Result<()> {
        self.renew(pages)
    }

    /// Maps the first `len` bytes of `file`, shared with whoever else maps it.
    ///
    /// # Errors
    /// The system's, when the file cannot be mapped.
    pub fn of_file(file: impl AsFd, len: usize) -> io::Result<Mapping> {
        // SAFETY: no address is asked for, so the mapping overlaps nothing that exists.
        let at = unsafe { mmap(ptr::null_mut(), len, READ_WRITE, MapFlags::SHARED, file, 0) }?;
        Ok(Mapping { whole: Extent::mapped(at.cast(), len) })
    }

    /// All of its bytes.
    pub fn extent(&self) -> Extent {
        self.whole
    }

    /// Gives the memory of `pages` back; the range stays mapped and reads as zero.
    pub fn discard(&self, pages: Range<usize>) {
        let part = self.pages(&pages);
        // SAFETY: the pages are ours, and nobody borrows them: all access goes through copies.
        let discarded = unsafe { madvise(part.at.as_ptr().cast(), part.len, Advice::LinuxDontNeed) };
        if discarded.is_err() {
            part.fill(0); // the program has locked them into memory
        }
    }

    /// Moves the contents of `pages` into a memory file, in place, and returns it.
    ///
    /// The addresses stay valid and from now on show the file, so whoever maps the file sees the same
    /// bytes. Writes of other threads during the call may be lost.
    ///
    /// # Errors
    /// The system's, when it has no file descriptor or memory left; nothing has changed then.
    pub fn share(&self, pages: Range<usize>) -> io::Result<OwnedFd> {
        let part = self.pages(&pages);
        let file = memfd_create("nrt-sim-tensor", MemfdFlags::CLOEXEC)?;
        ftruncate(&file, part.len as u64)?;
        Mapping::of_file(&file, part.len)?.whole.copy_from(part);
        // SAFETY: the pages are ours, and their contents have just been copied to what replaces them.
        unsafe {
            mmap(part.at.as_ptr().cast(), part.len, READ_WRITE, MapFlags::SHARED | MapFlags::FIXED, &file, 0)
        }?;
        Ok(file)
    }

    /// Undoes [`Mapping::share`]: `pages` are private and zero again.
    pub fn unshare(&self, pages: Range<usize>) {
        if self.renew(pages.clone()).is_err() {
            self.pages(&pages).fill(0); // they stay shared, for want of memory
        }
    }

    /// Replaces `pages` by new ones, which are zero.
    fn renew(&self, pages: Range<usize>) -> io::Result<()> {
        let part = self.pages(&pages);
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED;
        // SAFETY: the pages are ours, and nobody borrows them: all access goes through copies.
        unsafe { mmap_anonymous(part.at.as_ptr().cast(), part.len, READ_WRITE, flags) }?;
        Ok(())
    }

    /// The word at `index`, counted in words of eight bytes.
    pub(crate) fn word(&self, index: usize) -> &AtomicU64 {
        let word = self.whole.part(index * 8, 8).at.as_ptr().cast();
        // SAFETY: the eight bytes are mapped while `self` is borrowed, aligned as mappings are to pages,
        // and used as numbers only.
        unsafe { AtomicU64::from_ptr(word) }
    }

    fn pages(&self, pages: &Range<usize>) -> Extent {
        assert!(pages.start.is_multiple_of(PAGE) && pages.end.is_multiple_of(PAGE), "whole pages");
        self.whole.part(pages.start, pages.len())
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and every `Extent` of it is used only while its owner lives.
        let unmapped = unsafe { munmap(self.whole.at.as_ptr().cast(), self.whole.len) };
        debug_assert!(unmapped.is_ok(), "a live mapping can be unmapped");
    }
}

/// Some bytes in memory, ours or the program's, that others may read and write at any time.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    at: NonNull<u8>,
    len: usize,
}

// SAFETY: an extent is a place and a length. Its bytes are only ever copied, and whoever made it has
// promised that they stay mapped while it is used, on whatever thread.
unsafe impl Send for Extent {}
// SAFETY: as above; there is no interior state.
unsafe impl Sync for Extent {}

impl Extent {
    /// The `len` bytes at `at`. An empty extent may be anywhere, null included.
    ///
    /// # Safety
    /// The bytes stay readable, and writable where they are a destination, for as long as the extent
    /// and its copies are used.
    pub unsafe fn new(at: *mut u8, len: usize) -> Extent {
        Extent { at: NonNull::new(at).unwrap_or(NonNull::dangling()), len }
    }

    fn mapped(at: *mut u8, len: usize) -> Extent {
        Extent { at: NonNull::new(at).expect("the system maps nothing at zero"), len }
    }

    /// Where it begins.
    pub fn address(self) -> usize {
        self.at.addr().get()
    }

    /// How many bytes it has.
    pub fn len(self) -> usize {
        self.len
    }

    /// Whether it has no bytes.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The `len` bytes from `offset` on, which must lie within.
    #[must_use]
    pub fn part(self, offset: usize, len: usize) -> Extent {
        assert!(offset.checked_add(len).is_some_and(|end| end <= self.len), "a part lies within its whole");
        // SAFETY: the offset lies within the bytes, as just checked.
        Extent { at: unsafe { self.at.add(offset) }, len }
    }

    /// Copies all bytes of `source`, which is as long; the two may overlap.
    pub fn copy_from(self, source: Extent) {
        assert_eq!(self.len, source.len, "a copy has one length");
        // SAFETY: both are mapped for as long as they are used, by the promise of `Extent::new`.
        unsafe { ptr::copy(source.at.as_ptr(), self.at.as_ptr(), self.len) }
    }

    /// Copies the first bytes out, as many as `target` has.
    pub fn load(self, target: &mut [u8]) {
        assert!(target.len() <= self.len, "there are so many bytes");
        // SAFETY: as in `copy_from`; and a borrowed slice overlaps no mapping, and no program knows it.
        unsafe { ptr::copy_nonoverlapping(self.at.as_ptr(), target.as_mut_ptr(), target.len()) }
    }

    /// Replaces the first bytes, as many as `source` has.
    pub fn store(self, source: &[u8]) {
        assert!(source.len() <= self.len, "there is room for so many bytes");
        // SAFETY: as in `load`.
        unsafe { ptr::copy_nonoverlapping(source.as_ptr(), self.at.as_ptr(), source.len()) }
    }

    /// Sets every byte to `value`.
    pub fn fill(self, value: u8) {
        // SAFETY: as in `copy_from`.
        unsafe { ptr::write_bytes(self.at.as_ptr(), value, self.len) }
    }
}

/// The program's status word of one request: written once, when the request completes.
#[derive(Debug)]
pub struct StatusWord {
    at: NonNull<u32>,
}

// SAFETY: whoever made it promised that the word stays writable until the request completes.
unsafe impl Send for StatusWord {}

impl StatusWord {
    /// The word at `at`.
    ///
    /// # Safety
    /// It stays writable until [`StatusWord::write`] has been called or `self` is dropped.
    pub unsafe fn new(at: NonNull<u32>) -> StatusWord {
        StatusWord { at }
    }

    /// Where it is.
    pub fn address(&self) -> usize {
        self.at.addr().get()
    }

    /// What stands there now.
    pub fn look(&self) -> u32 {
        // SAFETY: readable, since writable, by the promise of `new`. Unaligned, since C promises us nothing.
        unsafe { self.at.read_unaligned() }
    }

    /// Writes the status. The publication of the sequence number that follows orders it for observers.
    pub fn write(self, code: u32) {
        // SAFETY: writable, by the promise of `new`. Unaligned, since C promises us nothing.
        unsafe { self.at.write_unaligned(code) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Mapping, PAGE};

    #[test]
    fn a_mapping_far_larger_than_the_machine_costs_nothing_until_touched() {
        let mapping = Mapping::reserve(96 << 30).expect("address space is plenty");
        let last = mapping.extent().part((96 << 30) - 4, 4);
        last.store(&[1, 2, 3, 4]);
        let mut bytes = [0; 4];
        last.load(&mut bytes);
        assert_eq!(bytes, [1, 2, 3, 4]);
    }

    #[test]
    fn shared_pages_show_the_same_bytes_and_are_private_again_afterwards() {
        let mapping = Mapping::reserve(4 * PAGE).expect("small");
        let two = mapping.extent().part(PAGE, 2 * PAGE);
        two.fill(7);
        let file = mapping.share(PAGE..3 * PAGE).expect("small");
        let elsewhere = Mapping::of_file(&file, 2 * PAGE).expect("just made");
        two.part(5, 1).fill(9);
        let mut seen = [0; 6];
        elsewhere.extent().load(&mut seen);
        assert_eq!(seen, [7, 7, 7, 7, 7, 9]);

        mapping.unshare(PAGE..3 * PAGE);
        two.fill(1);
        elsewhere.extent().load(&mut seen);
        assert_eq!(seen, [7, 7, 7, 7, 7, 9]);
    }

    #[test]
    #[should_panic(expected = "a part lies within its whole")]
    fn a_part_cannot_reach_outside() {
        let mapping = Mapping::reserve(PAGE).expect("small");
        let _ = mapping.extent().part(PAGE, 1);
    }
}
