//! What becomes of one request.

use super::rule::{Delay, Phase, Verdict};
use super::watch::Strike;
use crate::status::Status;
use crate::time::Nanos;
use crate::timing::Timing;

/// The rules that strike one request, one for each question.
#[derive(Default)]
pub struct Fate {
    pub(crate) start: Option<Strike>,
    pub(crate) finish: Option<Strike>,
    pub(crate) event: Option<Strike>,
}

/// What a request does other than it would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Course {
    /// How much longer it takes.
    pub extra: Nanos,
    /// What it ends with, if not with what its work says.
    pub status: Option<Status>,
    /// That it does no work, whatever its status says.
    pub is_idle: bool,
    /// That its end is the time limit.
    pub hangs: bool,
    /// What holds it up until it is released.
    pub hold: Option<Hold>,
}

/// A request that does not get on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// It does not begin.
    Before,
    /// Its work is done, but its completion is not published.
    After,
}

impl Fate {
    pub(crate) fn set(&mut self, phase: Phase, strike: Strike) {
        match phase {
            Phase::Start => self.start = Some(strike),
            Phase::Finish => self.finish = Some(strike),
            Phase::Event => self.event = Some(strike),
            // Asked by others, of whom no request is made.
            Phase::Submit | Phase::Allocate | Phase::Load | Phase::Init => {}
        }
    }

    /// The course of a request that would take `span`.
    pub(crate) fn course(&self, span: Nanos) -> Course {
        let mut course = Course::default();
        if let Some(strike) = &self.start {
            course.follow(strike, span);
            course.is_idle = course.status.is_some();
        }
        if let Some(strike) = &self.finish
            && !course.is_over()
        {
            course.follow(strike, span);
        }
        course
    }

    /// Whether the rule for the end of the request has anything to say, or the one for its beginning was enough.
    pub(crate) fn finish(&self) -> Option<&Strike> {
        let starts = self.start.as_ref().is_some_and(|strike| {
            matches!(strike.verdict(), Verdict::Hang(_) | Verdict::Stuck)
                || matches!(strike.verdict(), Verdict::Status(status) if *status != Status::CollPending)
        });
        self.finish.as_ref().filter(|_| !starts)
    }
}

impl Course {
    /// Whether nothing more can happen to it.
    fn is_over(&self) -> bool {
        self.status.is_some() || self.hold.is_some()
    }

    fn follow(&mut self, strike: &Strike, span: Nanos) {
        match *strike.verdict() {
            // Not seen by programs: the runtime tries again by itself (observed).
            Verdict::Status(Status::CollPending) => self.extra = self.extra + span,
            Verdict::Status(status) => self.status = Some(status),
            Verdict::Hang(status) => {
                self.status = Some(status);
                self.hangs = true;
            }
            Verdict::Late(_) => self.extra = self.extra + strike.delay(span),
            Verdict::Stuck => self.hold = Some(Hold::Before),
            Verdict::Never => self.hold = Some(Hold::After),
            Verdict::Full { .. }
            | Verdict::Nan(_)
            | Verdict::Flip(_)
            | Verdict::Torn
            | Verdict::Signal(_)
            | Verdict::CoreBusy => {}
        }
    }
}

impl Strike {
    pub(crate) fn verdict(&self) -> &Verdict {
        &self.armed.rule.verdict
    }

    /// How much longer something takes that would take `span`.
    pub fn delay(&self, span: Nanos) -> Nanos {
        match *self.verdict() {
            Verdict::Late(Delay::By(timing)) => timing.draw(self.luck),
            Verdict::Late(Delay::Factor(factor)) => Timing::scaled(span, factor - 1.0),
            _ => Nanos(0),
        }
    }

    /// The rule that strikes.
    pub fn rule(&self) -> &super::Rule {
        &self.armed.rule
    }
}
