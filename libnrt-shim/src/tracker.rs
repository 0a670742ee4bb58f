//! Error trackers of SDK 2.28: the failed requests since the last look.

use std::sync::Arc;

use parking_lot::Mutex;
use sim_core::request::Answer;
use sim_core::seq::{Seq, UnitId};
use sim_core::status::Status;

use crate::abi::AsyncError;
use crate::handle::Kind;

/// Collects the errors of the requests it was given to.
#[derive(Default)]
pub(crate) struct Tracker {
    errors: Mutex<Vec<AsyncError>>,
    /// What the program was shown last; it stays until the next look (client code relies on it).
    shown: Mutex<Vec<AsyncError>>,
}

impl Kind for Tracker {
    const TAG: u64 = 4;
    const NAME: &'static str = "error tracker";
}

impl Tracker {
    /// The answer of a request whose error goes to this tracker.
    pub(crate) fn answer(self: Arc<Tracker>) -> Answer {
        Answer::Call(Box::new(move |seq, status| {
            if status != Status::Success {
                let code = u64::from(status.code());
                self.errors.lock().push(AsyncError { seq: seq.raw(), code });
            }
        }))
    }

    /// The requests that the program was shown last.
    pub(crate) fn shown(&self) -> Vec<(UnitId, u64)> {
        self.shown.lock().iter().filter_map(|error| Seq::decode(error.seq)).collect()
    }

    /// The errors since the last call, as an array that stays valid until the next call.
    pub(crate) fn show(&self) -> (*const AsyncError, usize) {
        let mut shown = self.shown.lock();
        *shown = std::mem::take(&mut *self.errors.lock());
        (shown.as_ptr(), shown.len())
    }
}
