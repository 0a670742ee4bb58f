//! Storages: the memory behind tensors, wherever it is; and spans, the parts that requests use.

use std::sync::Arc;

use super::bank::{Allocation, Bank, Full};
use super::bytes::{Extent, Mapping};
use crate::ledger::Ledger;

/// The memory of one or more tensors. It lives as long as the last tensor or request that uses it.
#[derive(Debug)]
pub struct Storage {
    extent: Extent,
    home: Home,
}

#[derive(Debug)]
enum Home {
    Bank { allocation: Allocation, core: u8, ledger: Arc<Ledger> },
    Host { _mapping: Mapping },
    Program,
}

impl Storage {
    /// `len` bytes of `bank` for logical core `core`, booked in `ledger`.
    ///
    /// # Errors
    /// When the bank has no room.
    pub fn on_device(bank: &Arc<Bank>, core: u8, len: u64, ledger: &Arc<Ledger>) -> Result<Storage, Full> {
        let allocation = bank.take(len)?;
        ledger.memory(core).take(allocation.extent().len() as u64);
        let extent = allocation.extent().part(0, usize::try_from(len).expect("less than was allocated"));
        Ok(Storage { extent, home: Home::Bank { allocation, core, ledger: Arc::clone(ledger) } })
    }

    /// `len` bytes of host memory, page-aligned.
    ///
    /// # Errors
    /// The system's, when it has none.
    pub fn on_host(len: usize) -> std::io::Result<Storage> {
        let mapping = Mapping::reserve(len)?;
        Ok(Storage { extent: mapping.extent().part(0, len), home: Home::Host { _mapping: mapping } })
    }

    /// Memory of the program, which stays its own.
    pub fn of_program(extent: Extent) -> Storage {
        Storage { extent, home: Home::Program }
    }

    /// Its bytes.
    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// The part of a bank it occupies, if it is on the device.
    pub fn allocation(&self) -> Option<&Allocation> {
        match &self.home {
            Home::Bank { allocation, .. } => Some(allocation),
            Home::Host { .. } | Home::Program => None,
        }
    }

    /// The logical core it was allocated for, if it is on the device.
    pub fn core(&self) -> Option<u8> {
        match self.home {
            Home::Bank { core, .. } => Some(core),
            Home::Host { .. } | Home::Program => None,
        }
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        if let Home::Bank { allocation, core, ledger } = &self.home {
            ledger.memory(*core).give_back(allocation.extent().len() as u64);
        }
    }
}

/// A part of a storage, which it keeps alive.
#[derive(Debug, Clone)]
pub struct Span {
    storage: Arc<Storage>,
    offset: usize,
    len: usize,
}

impl Span {
    /// All of `storage`.
    pub fn whole(storage: Arc<Storage>) -> Span {
        let len = storage.extent().len();
        Span { storage, offset: 0, len }
    }

    /// The `len` bytes from `offset` on, or `None` where they would reach outside.
    pub fn part(&self, offset: u64, len: u64) -> Option<Span> {
        let (offset, len) = (usize::try_from(offset).ok()?, usize::try_from(len).ok()?);
        let within = offset.checked_add(len).is_some_and(|end| end <= self.len);
        within.then(|| Span { storage: Arc::clone(&self.storage), offset: self.offset + offset, len })
    }

    /// The memory it is a part of.
    pub fn storage(&self) -> &Arc<Storage> {
        &self.storage
    }

    /// Its distance from the beginning of the storage.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Its bytes, to be used while the span lives.
    pub fn extent(&self) -> Extent {
        self.storage.extent().part(self.offset, self.len)
    }
}
