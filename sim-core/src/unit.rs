//! One in-order execution unit as a state machine without threads, clocks or data.

use std::sync::Arc;

use crate::draw::Draws;
use crate::fault::Plan;
use crate::rates::Rates;
use crate::seq::UnitId;
use crate::status::Status;
use crate::time::Tick;
use crate::timing::Cost;

/// Decides when each request of a queue begins and ends, and what a fault makes of it.
///
/// Requests are handed in one at a time, in the order of their numbers: [`Unit::start`], and at or after
/// the instant it returns, [`Unit::finish`]. Instants follow from earlier instants, never from when the
/// methods are called.
#[derive(Debug)]
pub struct Unit {
    id: UnitId,
    plan: Arc<Plan>,
    draws: Draws,
    free_at: Tick,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Running(Running),
    Dead,
}

/// A request that has started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running {
    /// Its number.
    pub num: u64,
    /// When it began.
    pub begins: Tick,
    /// When it ends.
    pub ends: Tick,
    /// What a fault makes it end with; if none does, the work itself decides.
    pub verdict: Option<Status>,
}

impl Unit {
    /// An idle unit.
    pub fn new(id: UnitId, seed: u64, plan: Arc<Plan>) -> Unit {
        Unit { id, plan, draws: Draws::new(seed, id), free_at: Tick::ZERO, state: State::Idle }
    }

    /// Begins request `num`, which was submitted at `submitted` and takes what `cost` says.
    ///
    /// On a dead unit it ends where it begins, with the status of dead units (observed: queued requests
    /// are answered one by one, in order).
    pub fn start(&mut self, num: u64, submitted: Tick, cost: Cost, rates: &Rates) -> Running {
        let begins = submitted.max(self.free_at);
        match self.state {
            State::Running(other) => unreachable!("request {} is still running", other.num),
            State::Dead => {
                Running { num, begins, ends: begins, verdict: Some(Status::ExecUnitUnrecoverable) }
            }
            State::Idle => {
                let ends = begins + cost.draw(rates, self.draws.at(num));
                let running = Running { num, begins, ends, verdict: self.plan.verdict(self.id, num) };
                self.state = State::Running(running);
                running
            }
        }
    }

    /// Ends the request that was started, with `status`.
    pub fn finish(&mut self, running: Running, status: Status) {
        self.free_at = running.ends;
        self.state = match self.state {
            State::Running(same) => {
                assert_eq!(same, running, "the request that was started is the one that ends");
                if status.is_fatal() { State::Dead } else { State::Idle }
            }
            State::Dead => State::Dead,
            State::Idle => unreachable!("request {} was never started", running.num),
        };
    }

    /// Whether a fatal status has ended it.
    pub fn is_dead(&self) -> bool {
        self.state == State::Dead
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Unit;
    use crate::fault::Plan;
    use crate::profile::Profile;
    use crate::rates::Rates;
    use crate::seq::{UnitId, UnitKind};
    use crate::status::Status;
    use crate::time::{Nanos, Tick};
    use crate::timing::{Cost, Timing};

    const ID: UnitId = UnitId { core: 0, kind: UnitKind::Compute, queue: 0 };

    fn rates() -> Rates {
        Profile::named("trn1").expect("built in").rates(1)
    }

    fn exactly(ns: u64) -> Cost {
        Cost::Stated(Timing::Fixed(Nanos(ns)))
    }

    #[test]
    fn a_seed_decides_how_long_requests_take() {
        let spans = |seed, cost| -> Vec<u64> {
            let mut unit = Unit::new(ID, seed, Arc::default());
            let mut span = |num| {
                let running = unit.start(num, Tick(0), cost, &rates());
                unit.finish(running, Status::Success);
                running.ends.0 - running.begins.0
            };
            (1..20).map(&mut span).collect()
        };
        let range = Timing::Range { min: Nanos(1_000), max: Nanos(2_000) };
        for cost in [Cost::About(Nanos(100_000)), Cost::Stated(range)] {
            assert_eq!(spans(7, cost), spans(7, cost));
            assert_ne!(spans(7, cost), spans(8, cost));
        }
        assert_eq!(spans(7, exactly(5)), spans(8, exactly(5)));
    }

    #[test]
    fn a_request_begins_when_it_is_there_and_the_one_before_has_ended() {
        let mut unit = Unit::new(ID, 0, Arc::default());
        let first = unit.start(1, Tick(100), exactly(50), &rates());
        assert_eq!((first.begins, first.ends), (Tick(100), Tick(150)));
        unit.finish(first, Status::Success);
        let second = unit.start(2, Tick(110), exactly(50), &rates());
        assert_eq!((second.begins, second.ends), (Tick(150), Tick(200)));
        unit.finish(second, Status::Success);
        assert_eq!(unit.start(3, Tick(500), exactly(1), &rates()).begins, Tick(500));
    }

    #[test]
    fn a_fatal_status_kills_and_what_follows_is_unrecoverable() {
        let plan = Plan::parse("[[rule]]\nnth = 1\nstatus = 1203").expect("valid");
        let mut unit = Unit::new(ID, 0, Arc::new(plan));
        let first = unit.start(1, Tick(0), exactly(50), &rates());
        assert_eq!(first.verdict, Some(Status::ExecHwErrDmaAbort));
        unit.finish(first, Status::ExecHwErrDmaAbort);
        assert!(unit.is_dead());
        let second = unit.start(2, Tick(0), exactly(50), &rates());
        assert_eq!(second.verdict, Some(Status::ExecUnitUnrecoverable));
        assert_eq!(second.begins, second.ends);
        unit.finish(second, Status::ExecUnitUnrecoverable);
        assert!(unit.is_dead());
    }

    #[test]
    fn a_soft_status_leaves_the_unit_alive() {
        let mut unit = Unit::new(ID, 0, Arc::default());
        let first = unit.start(1, Tick(0), exactly(50), &rates());
        unit.finish(first, Status::ExecCompletedWithNumErr);
        assert!(!unit.is_dead());
    }
}
