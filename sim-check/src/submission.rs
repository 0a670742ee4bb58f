//! Requests as they were accepted.

use sim_core::seq::UnitId;

use crate::conduct::Attempt;
use crate::finding::Site;
use crate::memory::{Access, Accesses};
use crate::queues::Proof;

/// A request that was accepted.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The function of the API.
    pub call: &'static str,
    /// Its queue.
    pub unit: UnitId,
    /// The thread that called.
    pub thread: u32,
    /// Where it called from.
    pub site: Site,
    /// What it uses.
    pub accesses: Accesses,
    /// The address of its status variable; 0 if it has none.
    pub status: usize,
    /// Whether that is on the stack of the thread.
    pub is_local: bool,
    /// The model it runs; 0 if none.
    pub model: u64,
    /// The sets it was submitted with; 0 if none.
    pub sets: [u64; 2],
    /// What is to be looked at again.
    pub proof: Proof,
}

impl Submission {
    /// What names the request before it has a number.
    pub fn attempt(&self) -> Attempt {
        let at = |access: Option<&Access>| access.map_or(0, |access| access.bytes.start as u64);
        let what = match self.model {
            0 => [at(self.accesses.first()), at(self.accesses.last())],
            _ => self.sets,
        };
        Attempt { unit: self.unit, model: self.model, what, status: self.status }
    }
}
