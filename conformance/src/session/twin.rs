use std::ptr;
use std::sync::atomic::{AtomicU8, AtomicU32};

use rustix::fd::{AsRawFd, OwnedFd};
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};

use super::Session;
use crate::verdict::{Outcome, Stop};

/// The same memory at two addresses: the library writes to one, observers read at the other.
///
/// The first can be taken out of the page table. Who writes there then is in the kernel for a while, between the
/// stores before and those after, which the observers do not wait for.
#[derive(Debug, Clone, Copy)]
pub struct Twin {
    written: usize,
    seen: usize,
}

/// The bytes of a place.
const PAGE: usize = 4096;

impl Session {
    /// Memory of so many pages, zero at first.
    ///
    /// # Errors
    /// Stops the case if the system has none left.
    pub fn twin(&self, pages: usize) -> Outcome<Twin> {
        Twin::new(pages * PAGE).ok_or_else(|| Stop::blocked("there is no memory left"))
    }
}

impl Twin {
    fn new(size: usize) -> Option<Twin> {
        let memory = memfd_create("twin", MemfdFlags::CLOEXEC).ok()?;
        ftruncate(&memory, size as u64).ok()?;
        Some(Twin { written: map(&memory, size)?, seen: map(&memory, size)? })
    }

    /// Where the library writes page `index`.
    #[must_use]
    pub fn written(self, index: u64) -> u64 {
        (self.written + index as usize * PAGE) as u64
    }

    /// Where observers read page `index`.
    #[must_use]
    pub fn seen(self, index: u64) -> u64 {
        (self.seen + index as usize * PAGE) as u64
    }

    /// The number at the beginning of a page.
    #[must_use]
    pub fn word(self, index: u64) -> &'static AtomicU32 {
        // SAFETY: memory that stays for good, and every access here is atomic.
        unsafe { AtomicU32::from_ptr(self.seen(index) as *mut u32) }
    }

    /// The bytes of a page.
    #[must_use]
    pub fn byte(self, index: u64, at: usize) -> &'static AtomicU8 {
        // SAFETY: memory that stays for good, and every access here is atomic.
        unsafe { AtomicU8::from_ptr((self.seen(index) as usize + at % PAGE) as *mut u8) }
    }

    /// Takes a page out of the table at the address where it is written. What it holds stays.
    pub fn forget(self, index: u64) {
        // SAFETY: a page of the mapping, which is shared: its memory belongs to the file.
        unsafe { libc::madvise(self.written(index) as *mut libc::c_void, PAGE, libc::MADV_DONTNEED) };
    }
}

fn map(memory: &OwnedFd, size: usize) -> Option<usize> {
    let (rights, fd) = (libc::PROT_READ | libc::PROT_WRITE, memory.as_raw_fd());
    // SAFETY: new memory, which stays for good.
    let start = unsafe { libc::mmap(ptr::null_mut(), size, rights, libc::MAP_SHARED, fd, 0) };
    (start != libc::MAP_FAILED).then_some(start as usize)
}
