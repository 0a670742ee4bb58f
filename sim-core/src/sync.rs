//! The locks and atomics of [`crate::port`] and [`crate::shard`]: real ones, or loom's under `--cfg loom`.

#[cfg(not(loom))]
pub(crate) use parking_lot::Mutex;
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64};

/// An atomic number that nothing depends on being fresh: loom need not explore its values.
pub(crate) use std::sync::atomic::AtomicU64 as HintU64;

#[cfg(loom)]
pub(crate) use checked::Mutex;
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64};

#[cfg(loom)]
mod checked {
    use std::ops::{Deref, DerefMut};
    use std::sync::atomic::Ordering::Relaxed;

    use loom::sync::atomic::AtomicU64;

    /// loom's mutex with the face of `parking_lot`'s.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T> {
        inner: loom::sync::Mutex<T>,
        /// Touched by each try and before each release. loom takes a release for something that nobody
        /// can come before, which is true of those who wait for the lock, but not of those who only try.
        turn: AtomicU64,
    }

    pub(crate) struct MutexGuard<'a, T> {
        inner: loom::sync::MutexGuard<'a, T>,
        turn: &'a AtomicU64,
    }

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Mutex<T> {
            Mutex { inner: loom::sync::Mutex::new(value), turn: AtomicU64::new(0) }
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            let inner = self.inner.lock().expect("a model thread does not panic with a lock held");
            MutexGuard { inner, turn: &self.turn }
        }

        pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            self.turn.fetch_add(1, Relaxed); // Relaxed: it orders nothing, it only has an order
            Some(MutexGuard { inner: self.inner.try_lock().ok()?, turn: &self.turn })
        }
    }

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.inner
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            &mut self.inner
        }
    }

    impl<T> Drop for MutexGuard<'_, T> {
        fn drop(&mut self) {
            self.turn.fetch_add(1, Relaxed); // as in `try_lock`
        }
    }
}
