//! Error trackers, which SDK 2.28 had instead of a status for each request.

use std::sync::Arc;

use crate::abi::AsyncError;
use crate::boundary::{Out, export};
use crate::error::ApiError;
use crate::handle::Handle;
use crate::log::{self, Level};
use crate::runtime::{self, explicit};
use crate::tracker::Tracker;

export! {
    /// Makes a tracker. It takes the errors of any queue; the core plays no part.
    "NRT_2.0.0"
    fn nrta_error_tracker_create(core: u32, tracker: Out<Handle<Tracker>>) {
        let runtime = explicit()?;
        let tracker = tracker.place("error_tracker")?;
        runtime.core("lnc_idx", core.into())?;
        tracker.set(runtime.trackers.insert(Arc::default())?);
        Ok(())
    }
}

export! {
    /// Ends a tracker. Requests under way may still report to it, unseen.
    "NRT_2.0.0"
    fn nrta_error_tracker_destroy(tracker: Handle<Tracker>) -> (), else (), {
        let ended = runtime::open().and_then(|runtime| runtime.trackers.remove(tracker));
        if let Err(error) = ended {
            log::write(Level::Error, "nrta_error_tracker_destroy", error);
        }
    }
}

export! {
    /// The errors since the last call, in an array that stays until the next call or the end of the
    /// tracker (client code takes it to read and clear).
    "NRT_2.0.0"
    fn nrta_error_tracker_get_list(
        tracker: Handle<Tracker>, list: Out<*const AsyncError>, count: Out<usize>,
    ) {
        let runtime = explicit()?;
        let (list, count) = (list.place("list")?, count.place("error_count")?);
        let tracker = runtime.trackers.get(tracker)?;
        let (errors, len) = tracker.show();
        if let Some(check) = &runtime.check {
            tracker.shown().into_iter().for_each(|(unit, num)| check.seen(unit, num, "nrta_error_tracker_get_list"));
        }
        list.set(errors);
        count.set(len);
        Ok::<(), ApiError>(())
    }
}
