//! One in-order execution unit as a state machine without threads, clocks or data.

use crate::draw::Draws;
use crate::fault::fate::{Course, Fate, Hold};
use crate::rates::Rates;
use crate::seq::UnitId;
use crate::status::Status;
use crate::time::{Nanos, Tick};
use crate::timing::{Cost, shuffled};

/// What the luck of shuffled durations is about, among the [`Draws`] of a queue. Rules of fault plans have subjects that
/// are hashes of their names, far above.
const SHUFFLE: u64 = 1;

/// Decides when each request of a queue begins and ends, and what a fault makes of it.
///
/// Requests are handed in one at a time, in the order of their numbers: [`Unit::start`], and at or after
/// the instant it returns, [`Unit::finish`]. Instants follow from earlier instants, never from when the
/// methods are called.
#[derive(Debug)]
pub struct Unit {
    draws: Draws,
    /// Whether durations are drawn whatever requests cost.
    is_shuffled: bool,
    /// How long a completion may take before the runtime gives up; never, if there is no limit.
    limit: Option<Nanos>,
    free_at: Tick,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Running(u64),
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
    /// What it would have taken without a fault.
    pub span: Nanos,
    /// What a fault makes of it.
    pub course: Course,
}

impl Running {
    /// Whether its work is done.
    pub fn works(&self) -> bool {
        !self.course.is_idle && self.course.status.is_none_or(Status::has_run)
    }
}

impl Unit {
    /// An idle unit; `limit` is how long a completion may take before the runtime gives up.
    pub fn new(id: UnitId, seed: u64, limit: Option<Nanos>) -> Unit {
        let draws = Draws::new(seed, id);
        Unit { draws, is_shuffled: false, limit, free_at: Tick::ZERO, state: State::Idle }
    }

    /// The same, with durations that bring about any order of completions between units: [`shuffled`] ones.
    pub fn shuffled(id: UnitId, seed: u64, limit: Option<Nanos>) -> Unit {
        let draws = Draws::of(seed, SHUFFLE, id.bits());
        Unit { draws, is_shuffled: true, ..Unit::new(id, seed, limit) }
    }

    /// When a request begins that was submitted at `submitted`.
    pub fn begin(&self, submitted: Tick) -> Tick {
        submitted.max(self.free_at)
    }

    /// Begins request `num`, which was submitted at `submitted`, takes what `cost` says, and is struck by `fate`.
    ///
    /// On a dead unit it ends where it begins, with the status of dead units (observed: queued requests
    /// are answered one by one, in order).
    pub fn start(
        &mut self,
        num: u64,
        submitted: Tick,
        cost: Cost,
        rates: &Rates,
        fate: Option<&Fate>,
    ) -> Running {
        let begins = self.begin(submitted);
        match self.state {
            State::Running(other) => unreachable!("request {other} is still running"),
            State::Dead => {
                let course = Course { status: Some(Status::ExecUnitUnrecoverable), ..Course::default() };
                Running { num, begins, ends: begins, span: Nanos(0), course }
            }
            State::Idle => {
                let draw = self.draws.at(num);
                let span = if self.is_shuffled { shuffled(draw) } else { cost.draw(rates, draw) };
                let mut course = fate.map_or_else(Course::default, |fate| fate.course(span));
                let ends = match (course.hangs, self.limit) {
                    (false, _) => begins + span + course.extra,
                    (true, Some(limit)) => begins + limit,
                    (true, None) => {
                        course.hold = Some(Hold::Before);
                        begins
                    }
                };
                self.state = State::Running(num);
                Running { num, begins, ends, span, course }
            }
        }
    }

    /// Ends the request that was started, at the instant `at`, with `status`.
    pub fn finish(&mut self, num: u64, at: Tick, status: Status) {
        self.free_at = at;
        self.state = match self.state {
            State::Running(same) => {
                assert_eq!(same, num, "the request that was started is the one that ends");
                if status.is_fatal() { State::Dead } else { State::Idle }
            }
            State::Dead => State::Dead,
            State::Idle => unreachable!("request {num} was never started"),
        };
    }

    /// Whether a fatal status has ended it.
    pub fn is_dead(&self) -> bool {
        self.state == State::Dead
    }

    /// Brings it back to life, if it is dead, from the instant `at` on.
    pub fn heal(&mut self, at: Tick) {
        if self.is_dead() {
            self.state = State::Idle;
            self.free_at = self.free_at.max(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Unit;
    use crate::fault::fate::Course;
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
            let mut unit = Unit::new(ID, seed, None);
            let mut span = |num| {
                let running = unit.start(num, Tick(0), cost, &rates(), None);
                unit.finish(running.num, running.ends, Status::Success);
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
        let mut unit = Unit::new(ID, 0, None);
        let first = unit.start(1, Tick(100), exactly(50), &rates(), None);
        assert_eq!((first.begins, first.ends), (Tick(100), Tick(150)));
        unit.finish(1, first.ends, Status::Success);
        let second = unit.start(2, Tick(110), exactly(50), &rates(), None);
        assert_eq!((second.begins, second.ends), (Tick(150), Tick(200)));
        unit.finish(2, second.ends, Status::Success);
        assert_eq!(unit.start(3, Tick(500), exactly(1), &rates(), None).begins, Tick(500));
    }

    #[test]
    fn a_fatal_status_kills_until_the_unit_is_healed() {
        let mut unit = Unit::new(ID, 0, None);
        let first = unit.start(1, Tick(0), exactly(50), &rates(), None);
        unit.finish(1, first.ends, Status::ExecHwErrDmaAbort);
        assert!(unit.is_dead());
        let second = unit.start(2, Tick(0), exactly(50), &rates(), None);
        let unrecoverable = Course { status: Some(Status::ExecUnitUnrecoverable), ..Course::default() };
        assert_eq!((second.course, second.works()), (unrecoverable, false));
        assert_eq!((second.begins, second.ends), (Tick(50), Tick(50)));
        unit.finish(2, second.ends, Status::ExecUnitUnrecoverable);
        assert!(unit.is_dead());
        unit.heal(Tick(70));
        let third = unit.start(3, Tick(0), exactly(50), &rates(), None);
        assert_eq!((third.begins, third.works()), (Tick(70), true));
    }

    #[test]
    fn a_soft_status_leaves_the_unit_alive() {
        let mut unit = Unit::new(ID, 0, None);
        let first = unit.start(1, Tick(0), exactly(50), &rates(), None);
        unit.finish(1, first.ends, Status::ExecCompletedWithNumErr);
        assert!(!unit.is_dead());
    }
}
