//! Handles: what C holds for our objects. Never an address, never valid after the object is gone.
//!
//! A handle is the place of its object in a table and the epoch of that place. The bits are chosen so that
//! a handle is no canonical address, negative as an `int` and odd: it cannot be followed, and where a
//! caller mixes up two versions of a function it passes for neither a queue number nor an aligned pointer.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::error::ApiError;

/// Bits of the place in a table: 1 to 30. Bit 0 and bit 31 are always set.
const PLACE_MAX: usize = (1 << 30) - 1;
/// Bits of the epoch: 32 to 58. Bits 59 to 61 are the kind; bit 62 is set and bit 63 is not.
const EPOCH_MAX: u32 = (1 << 27) - 1;
const FIXED: u64 = 1 << 62 | 1 << 31 | 1;

/// A kind of object that C can hold.
pub(crate) trait Kind {
    /// Distinguishes the handles of kinds; below 8.
    const TAG: u64;
    /// The word for it in log lines.
    const NAME: &'static str;
}

/// What C holds for a `T`. Any bits may come in; only a [`Table`] says what they mean.
#[repr(transparent)]
pub(crate) struct Handle<T> {
    raw: u64,
    kind: PhantomData<fn() -> T>,
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Handle<T> {
        *self
    }
}

impl<T> Copy for Handle<T> {}

impl<T> PartialEq for Handle<T> {
    fn eq(&self, other: &Handle<T>) -> bool {
        self.raw == other.raw
    }
}

impl<T> Handle<T> {
    /// No object.
    pub(crate) const NULL: Handle<T> = Handle { raw: 0, kind: PhantomData };

    /// A handle that stands in a C struct.
    pub(crate) fn of_bits(raw: u64) -> Handle<T> {
        Handle { raw, kind: PhantomData }
    }

    /// What C holds.
    pub(crate) fn bits(self) -> u64 {
        self.raw
    }

    /// Whether C passed a null pointer.
    pub(crate) fn is_null(self) -> bool {
        self.raw == 0
    }
}

impl<T: Kind> Handle<T> {
    fn new(place: usize, epoch: u32) -> Handle<T> {
        let raw = FIXED | T::TAG << 59 | u64::from(epoch) << 32 | (place as u64) << 1;
        Handle { raw, kind: PhantomData }
    }

    /// The place and epoch it claims, if it has the form of a handle for a `T`.
    fn claims(self) -> Option<(usize, u32)> {
        let place = usize::try_from(self.raw >> 1).ok()? & PLACE_MAX;
        let epoch = u32::try_from(self.raw >> 32).ok()? & EPOCH_MAX;
        (Handle::<T>::new(place, epoch).raw == self.raw).then_some((place, epoch))
    }
}

/// The live objects of one kind.
pub(crate) struct Table<T> {
    slots: RwLock<Slots<T>>,
}

struct Slots<T> {
    all: Vec<Slot<T>>,
    free: VecDeque<usize>,
}

struct Slot<T> {
    epoch: u32,
    tenant: Option<Arc<T>>,
}

impl<T> Slots<T> {
    fn tenant(&self, place: usize, epoch: u32) -> Option<&Arc<T>> {
        let slot = self.all.get(place).filter(|slot| slot.epoch == epoch)?;
        slot.tenant.as_ref()
    }
}

impl<T: Kind> Table<T> {
    pub(crate) const fn new() -> Table<T> {
        Table { slots: RwLock::new(Slots { all: Vec::new(), free: VecDeque::new() }) }
    }

    /// Makes `object` known to C.
    pub(crate) fn insert(&self, object: Arc<T>) -> Result<Handle<T>, ApiError> {
        let mut slots = self.slots.write();
        if let Some(place) = slots.free.pop_front() {
            let slot = &mut slots.all[place];
            slot.tenant = Some(object);
            return Ok(Handle::new(place, slot.epoch));
        }
        let place = slots.all.len();
        if place > PLACE_MAX {
            return Err(ApiError::HostMemory(format!(
                "more than {PLACE_MAX} live objects of kind {}",
                T::NAME
            )));
        }
        slots.all.push(Slot { epoch: 0, tenant: Some(object) });
        Ok(Handle::new(place, 0))
    }

    /// The object that `handle` stands for.
    pub(crate) fn get(&self, handle: Handle<T>) -> Result<Arc<T>, ApiError> {
        self.look(handle, Arc::clone)
    }

    /// What `look` sees of the object that `handle` stands for, at the price of no reference: it must be short, and use no
    /// table.
    pub(crate) fn with<R>(&self, handle: Handle<T>, look: impl FnOnce(&T) -> R) -> Result<R, ApiError> {
        self.look(handle, |object| look(object))
    }

    fn look<R>(&self, handle: Handle<T>, look: impl FnOnce(&Arc<T>) -> R) -> Result<R, ApiError> {
        if handle.is_null() {
            return Err(ApiError::Null(T::NAME));
        }
        let seen =
            handle.claims().and_then(|(place, epoch)| self.slots.read().tenant(place, epoch).map(look));
        // Not `ok_or`: an error that is made and dropped on each call can be seen in what a request costs.
        match seen {
            Some(seen) => Ok(seen),
            None => Err(ApiError::StaleHandle(T::NAME)),
        }
    }

    /// Makes `handle` stale and returns the object.
    pub(crate) fn remove(&self, handle: Handle<T>) -> Result<Arc<T>, ApiError> {
        if handle.is_null() {
            return Err(ApiError::Null(T::NAME));
        }
        let (place, epoch) = handle.claims().ok_or(ApiError::StaleHandle(T::NAME))?;
        let mut slots = self.slots.write();
        let slot = slots.all.get_mut(place).filter(|slot| slot.epoch == epoch);
        let slot = slot.ok_or(ApiError::StaleHandle(T::NAME))?;
        let object = slot.tenant.take().ok_or(ApiError::StaleHandle(T::NAME))?;
        slot.epoch += 1;
        if slot.epoch <= EPOCH_MAX {
            slots.free.push_back(place); // else the place is never used again, so no old handle comes alive
        }
        Ok(object)
    }

    /// Makes all handles stale. Their places stay, so that no handle from before ever comes alive.
    pub(crate) fn clear(&self) {
        let mut slots = self.slots.write();
        let Slots { all, free } = &mut *slots;
        let mut objects = Vec::new();
        for (place, slot) in all.iter_mut().enumerate() {
            let Some(object) = slot.tenant.take() else { continue };
            objects.push(object);
            slot.epoch += 1;
            if slot.epoch <= EPOCH_MAX {
                free.push_back(place);
            }
        }
        drop(slots); // before the objects: memory may be given back
    }

    /// All live objects, in no useful order.
    pub(crate) fn all(&self) -> Vec<Arc<T>> {
        self.slots.read().all.iter().filter_map(|slot| slot.tenant.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Handle, Kind, Table};

    struct Thing(u32);
    struct Other;

    impl Kind for Thing {
        const TAG: u64 = 1;
        const NAME: &'static str = "thing";
    }

    impl Kind for Other {
        const TAG: u64 = 2;
        const NAME: &'static str = "other";
    }

    #[test]
    fn a_freed_handle_stays_stale_when_its_place_is_used_again() {
        let table = Table::new();
        let first = table.insert(Arc::new(Thing(1))).expect("room");
        assert_eq!(table.get(first).expect("live").0, 1);
        table.remove(first).expect("live");
        let second = table.insert(Arc::new(Thing(2))).expect("room");
        assert!(table.get(first).is_err() && table.remove(first).is_err());
        assert_eq!(table.get(second).expect("live").0, 2);
    }

    #[test]
    fn handles_from_before_a_clear_stay_stale() {
        let table = Table::new();
        let before = [1, 2].map(|number| table.insert(Arc::new(Thing(number))).expect("room"));
        table.remove(before[0]).expect("live");
        table.clear();
        let after = [3, 4].map(|number| table.insert(Arc::new(Thing(number))).expect("room"));
        assert!(before.into_iter().all(|handle| table.get(handle).is_err()));
        assert_eq!(after.map(|handle| table.get(handle).expect("live").0), [3, 4]);
    }

    #[test]
    fn a_handle_is_no_address_no_queue_and_no_aligned_pointer() {
        let table = Table::new();
        for _ in 0..1000 {
            let raw = table.insert(Arc::new(Thing(0))).expect("room").raw;
            assert_eq!(raw & 1, 1);
            assert!((raw as u32).cast_signed() < 0);
            assert!(raw >> 47 != 0 && raw >> 47 != (1 << 17) - 1, "not canonical");
        }
    }

    #[test]
    fn other_kinds_null_and_random_bits_are_refused() {
        let (things, others) = (Table::<Thing>::new(), Table::<Other>::new());
        let thing = things.insert(Arc::new(Thing(1))).expect("room");
        others.insert(Arc::new(Other)).expect("room");
        let disguised = Handle::<Other> { raw: thing.raw, kind: std::marker::PhantomData };
        assert!(others.get(disguised).is_err());
        for bit in 0..64 {
            let bent = Handle::<Thing> { raw: thing.raw ^ 1 << bit, kind: std::marker::PhantomData };
            assert!(things.get(bent).is_err(), "bit {bit}");
        }
        assert!(things.get(Handle::NULL).is_err());
    }
}
