//! Places of the caller's and of the mutants' own.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What stands at an address.
pub(crate) fn load<T: Copy>(address: u64) -> T {
    // SAFETY: the library has taken the same address for such a value, or it is one of `place`.
    unsafe { (address as *const T).read_unaligned() }
}

/// Writes to an address, if it is one.
pub(crate) fn store<T>(address: u64, value: T) {
    if address != 0 {
        // SAFETY: as above.
        unsafe { (address as *mut T).write_unaligned(value) }
    }
}

/// Copies bytes from an address to another.
pub(crate) fn copy(from: u64, to: u64, size: u64) {
    // SAFETY: the caller of the library said that so many bytes are there, or they are those of `bytes`.
    unsafe { std::ptr::copy(from as *const u8, to as *mut u8, size as usize) }
}

/// A place that lasts, with a value.
pub(crate) fn place<T>(value: T) -> u64 {
    Box::into_raw(Box::new(value)) as u64
}

/// So many bytes that last.
pub(crate) fn bytes(size: u64) -> u64 {
    vec![0_u8; (size as usize).max(1)].leak().as_ptr() as u64
}

/// What a mutex guards, whatever happened to who held it before.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
