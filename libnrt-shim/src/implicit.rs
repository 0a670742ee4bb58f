//! Implicit async mode: `nrt_execute` leaves runs behind, of which calls on tensors and callbacks tell.

use std::sync::Arc;

use parking_lot::Mutex;
use sim_core::inflight::Inflight;
use sim_core::model::Model;
use sim_core::request::{Answer, Observer};
use sim_core::seq::{Seq, UnitId, UnitKind};
use sim_core::status::Status;

use crate::callback::{Callback, Desk, End, Registered};
use crate::error::ApiError;

/// The mode, while it is on.
pub(crate) struct Implicit {
    /// How many runs of a core may be under way.
    pub(crate) limit: u64,
    lanes: Vec<Lane>,
    callback: Registered,
}

/// The runs of one core.
pub(crate) struct Lane {
    pub(crate) unit: UnitId,
    pub(crate) inflight: Arc<Inflight>,
    pub(crate) desk: Arc<Desk>,
}

impl Implicit {
    /// The mode for so many cores, with at most `limit` runs under way on each.
    pub(crate) fn new(cores: u32, limit: u64) -> Implicit {
        let lane = |core| Lane {
            unit: UnitId { core, kind: UnitKind::Compute, queue: 0 },
            inflight: Arc::default(),
            desk: Arc::default(),
        };
        let lanes = (0..=u8::MAX).take(cores as usize).map(lane).collect();
        Implicit { limit, lanes, callback: Arc::new(Mutex::new(None)) }
    }

    /// The runs of each core.
    pub(crate) fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// The runs of `core`, which the process has.
    pub(crate) fn lane(&self, core: u8) -> &Lane {
        &self.lanes[usize::from(core)]
    }

    /// Calls `callback` from now on, in place of the one before. `is_busy` says of which cores runs may be under way:
    /// theirs are told of as well.
    pub(crate) fn register(
        &self,
        callback: Option<Callback>,
        is_busy: impl Fn(&Lane) -> bool,
    ) -> Result<(), ApiError> {
        if callback.is_some() {
            self.lanes.iter().filter(|lane| is_busy(lane)).try_for_each(|lane| self.staff(lane))?;
        }
        *self.callback.lock() = callback;
        Ok(())
    }

    /// Gets a lane ready for a run, whose end may have to be told.
    pub(crate) fn prepare(&self, lane: &Lane) -> Result<(), ApiError> {
        if self.callback.lock().is_none() {
            return Ok(());
        }
        self.staff(lane)
    }

    fn staff(&self, lane: &Lane) -> Result<(), ApiError> {
        let staffed = lane.desk.staff(&self.callback);
        staffed.map_err(|error| ApiError::Resource(format!("no thread for callbacks: {error}")))
    }

    /// Tells of everything that is over, once the device is closed, and ends the threads.
    pub(crate) fn close(&self) {
        self.lanes.iter().for_each(|lane| lane.desk.close());
        self.lanes.iter().for_each(|lane| lane.desk.join());
    }
}

impl Lane {
    /// The answer of a run of `model`.
    pub(crate) fn answer(&self, model: &Model) -> Answer {
        Answer::Observer(Box::new(Told {
            inflight: Arc::clone(&self.inflight),
            desk: Arc::clone(&self.desk),
            core: self.unit.core,
            model: u32::try_from(model.id).unwrap_or(u32::MAX),
            name: model.name.clone(),
        }))
    }

    /// Tells of the first run that ended badly, among those that the program has waited for and has not been told of.
    pub(crate) fn tell(&self) -> Result<(), ApiError> {
        match self.inflight.take_failure() {
            Some(failure) => Err(ApiError::EarlierRun { core: self.unit.core, failure }),
            None => Ok(()),
        }
    }
}

/// Sees to it that the program is told of a run.
struct Told {
    inflight: Arc<Inflight>,
    desk: Arc<Desk>,
    core: u8,
    model: u32,
    name: String,
}

impl Observer for Told {
    fn ended(&self, seq: Seq, status: Status) {
        if status != Status::Success {
            self.inflight.fail(seq.num(), status);
        }
    }

    fn published(self: Box<Self>, seq: Seq, status: Status, reach: &dyn Fn()) {
        let Told { desk, core, model, name, .. } = *self;
        desk.hand_in(End { core, num: seq.num(), model, name, status }, reach);
    }
}
