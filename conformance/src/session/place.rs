use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

use super::Argument;
use crate::script::Kind;

/// A variable whose address a library may keep: it lives until the process ends.
///
/// The library may write at any time, from any thread. So it is read and written with atomic operations of
/// the width that its kind has.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Its name in the C program.
    pub name: &'static str,
    kind: Kind,
    cell: &'static AtomicU64,
}

impl Place {
    /// What a place for 32 bits holds before anybody has written to it.
    pub const UNTOUCHED: u32 = 0x7fff_ffff;

    pub(super) fn new(name: &'static str, kind: Kind, value: u64) -> Place {
        Place { name, kind, cell: Box::leak(Box::new(AtomicU64::new(value))) }
    }

    /// Its address, as an argument.
    #[must_use]
    pub fn at(self) -> Argument {
        Argument { text: format!("&{}", self.name), value: self.address() }
    }

    /// Its address.
    #[must_use]
    pub fn address(self) -> u64 {
        self.cell.as_ptr() as u64
    }

    /// What it holds.
    #[must_use]
    pub fn value(self) -> u64 {
        let address = self.cell.as_ptr();
        match self.kind {
            Kind::Pointer | Kind::Long | Kind::Bytes(_) => self.cell.load(Ordering::Acquire),
            // SAFETY: the first four bytes of a place that is never freed.
            Kind::Int => unsafe { AtomicU32::from_ptr(address.cast()) }.load(Ordering::Acquire).into(),
            // SAFETY: its first byte.
            Kind::Flag => unsafe { AtomicU8::from_ptr(address.cast()) }.load(Ordering::Acquire).into(),
        }
    }

    /// Changes what it holds.
    pub fn set(self, value: u64) {
        self.cell.store(value, Ordering::Release);
    }

    /// What it holds as a signed number of 32 bits, as statuses are.
    #[must_use]
    pub fn signed(self) -> i32 {
        (self.value() as u32).cast_signed()
    }

    /// Whether nobody has written to this place for 32 bits.
    #[must_use]
    pub fn is_untouched(self) -> bool {
        self.value() == u64::from(Place::UNTOUCHED)
    }
}

/// Memory that a library may read and write at any time: it lives until the process ends.
#[derive(Debug, Clone, Copy)]
pub struct Buffer {
    /// Its name in the C program.
    pub name: &'static str,
    start: &'static [AtomicU8],
}

impl Buffer {
    /// Alignment, a page: what the strictest transfer asks for.
    const ALIGNMENT: usize = 4096;

    pub(super) fn new(name: &'static str, size: usize) -> Buffer {
        let layout = Layout::from_size_align(size.max(1), Buffer::ALIGNMENT).expect("a size that fits");
        // SAFETY: the size is not zero.
        let start = unsafe { alloc_zeroed(layout) };
        if start.is_null() {
            handle_alloc_error(layout);
        }
        // SAFETY: so many zeroed bytes, never freed, and every access to them here is atomic.
        let start = unsafe { std::slice::from_raw_parts(start.cast::<AtomicU8>(), size) };
        Buffer { name, start }
    }

    /// Its address.
    #[must_use]
    pub fn address(self) -> u64 {
        self.start.as_ptr() as u64
    }

    /// The address of the byte at `offset`, as an argument.
    #[must_use]
    pub fn from(self, offset: usize) -> Argument {
        Argument { text: format!("{} + {offset}", self.name), value: self.address() + offset as u64 }
    }

    /// Its size in bytes.
    #[must_use]
    pub fn len(self) -> usize {
        self.start.len()
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start.is_empty()
    }

    /// The byte at `offset`.
    #[must_use]
    pub fn byte(self, offset: usize) -> u8 {
        self.start[offset].load(Ordering::Relaxed)
    }

    /// All bytes, as they are now.
    #[must_use]
    pub fn bytes(self) -> Vec<u8> {
        self.start.iter().map(|byte| byte.load(Ordering::Relaxed)).collect()
    }

    /// The number of 32 bits at `offset`.
    #[must_use]
    pub fn u32(self, offset: usize) -> u32 {
        u32::from_le_bytes(std::array::from_fn(|index| self.byte(offset + index)))
    }

    /// The number of 64 bits at `offset`.
    #[must_use]
    pub fn u64(self, offset: usize) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|index| self.byte(offset + index)))
    }

    /// Writes bytes at `offset`.
    pub fn write(self, offset: usize, bytes: &[u8]) {
        for (cell, byte) in self.start[offset..].iter().zip(bytes) {
            cell.store(*byte, Ordering::Relaxed);
        }
    }

    /// Fills it with the pattern that `seed` names.
    pub fn fill(self, seed: u8) {
        for (index, cell) in self.start.iter().enumerate() {
            cell.store(Buffer::pattern(seed, index), Ordering::Relaxed);
        }
    }

    /// The byte at `index` of the pattern that `seed` names: neighbours differ, and so do equal places of
    /// two patterns, and pages.
    #[must_use]
    pub fn pattern(seed: u8, index: usize) -> u8 {
        seed.wrapping_mul(37).wrapping_add((index * 7 + index / 251) as u8)
    }

    /// The first byte at which `size` bytes from `offset` differ from the pattern `seed` from its byte
    /// `from`.
    #[must_use]
    pub fn differs(self, offset: usize, size: usize, seed: u8, from: usize) -> Option<usize> {
        (0..size).find(|index| self.byte(offset + index) != Buffer::pattern(seed, from + index))
    }
}
