//! What faults make of the request that a shard is at, and what the journal is told of that.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;

use super::{Current, Shard};
use crate::fault::fate::{Course, Hold};
use crate::fault::journal::Victim;
use crate::fault::{Effect, Signalling, Strike, Verdict, damage};
use crate::port::Queued;
use crate::status::Status;
use crate::time::{Nanos, Tick};
use crate::unit::Running;

impl Shard {
    pub(super) fn note(&self, queued: &Queued, strike: &Strike, at: Tick, effect: Effect) {
        self.faults.fired(strike, self.victim(queued), at, effect);
    }

    /// A request of this queue, as the journal calls it.
    pub(super) fn victim(&self, queued: &Queued) -> Victim {
        let Queued { num, request, .. } = queued;
        let unit = self.port.unit();
        Victim {
            core: Some(unit.core),
            unit: Some(unit),
            num: *num,
            operation: request.work.operation(),
            model: request.work.model().map(|model| model.name.as_str().into()),
        }
    }

    /// Tells those who listen for a request that has only begun, where a fault wants that.
    pub(super) fn signal_early(&self, queued: &Queued, current: &Current) {
        let Some(strike) = current.fate.as_ref().and_then(|fate| fate.event.as_ref()) else { return };
        let signalling = Signalling::Spurious;
        if strike.verdict() == &Verdict::Signal(signalling) && self.port.signal_early(queued.num) {
            self.note(queued, strike, current.running.begins, Effect::Signalled(signalling));
        }
    }

    /// Notes, once, that a request is held up.
    fn note_hold(&self, queued: &Queued, current: &mut Current) {
        if std::mem::replace(&mut current.is_noted, true) {
            return;
        }
        let Running { begins, ends, course, .. } = current.running;
        let (at, effect) = match course.hold {
            Some(Hold::After) => (ends, Effect::Unannounced),
            Some(Hold::Before) | None => (begins, Effect::Stuck),
        };
        if let Some(strike) = current.holder() {
            self.note(queued, strike, at, effect);
        }
    }

    /// Does the work of the current request, which ends at the instant `at`, as far as its course has any.
    pub(super) fn work(&self, queued: &Queued, current: &mut Current, at: Tick) {
        let running = &current.running;
        let work = &queued.request.work;
        if current.fate.is_none() && running.works() {
            // Most requests: no rule has anything to say.
            let status = catch_unwind(AssertUnwindSafe(|| work.perform())).unwrap_or(Status::Failure);
            if status.has_run() {
                work.count(at);
            }
            current.done = Some(status);
            return;
        }
        let strike = current.fate.as_ref().and_then(|fate| fate.finish());
        let (status, damage) = if running.works() {
            // A panic in a kernel is a bug of the kernel's; nobody may wait forever for its sake.
            let perform = AssertUnwindSafe(|| match strike {
                Some(strike) => {
                    damage::perform(strike, self.faults.sees_nan(), &work.targets(), work.run(), || {
                        work.perform()
                    })
                }
                None => (work.perform(), None),
            });
            let (ended, damage) = catch_unwind(perform).unwrap_or((Status::Failure, None));
            if ended.has_run() {
                work.count(at);
            }
            match ended {
                Status::Success => (running.course.status.unwrap_or(Status::Success), damage),
                other => (other, damage),
            }
        } else {
            (running.course.status.expect("only what fails does no work"), None)
        };
        current.done = Some(status);
        if current.fate.is_some() {
            self.note_course(queued, current, status, damage, at);
        }
    }

    /// Tells the journal what rules have made of a request that has ended with `status`.
    fn note_course(
        &self,
        queued: &Queued,
        current: &Current,
        status: Status,
        damage: Option<Effect>,
        at: Tick,
    ) {
        let Some(fate) = &current.fate else { return };
        let Running { begins, ends, span, course, .. } = current.running;
        for strike in fate.start.iter().chain(fate.finish()) {
            let effect = match *strike.verdict() {
                Verdict::Status(Status::CollPending) => Effect::Retried(span),
                // What the work itself ends with comes before what a rule wanted.
                Verdict::Status(wanted) if course.status == Some(wanted) && status == wanted => {
                    Effect::Ended(status)
                }
                Verdict::Hang(status) => Effect::TimedOut(status, Nanos(ends.0 - begins.0)),
                Verdict::Late(_) => Effect::Delayed(strike.delay(span)),
                Verdict::Nan(_) | Verdict::Flip(_) | Verdict::Torn => match damage {
                    Some(effect) => effect,
                    None => continue,
                },
                _ => continue,
            };
            self.note(queued, strike, at, effect);
        }
    }

    /// Whether no fault holds the current request up. One that is held up ends with a timeout if the device is closing.
    pub(super) fn gets_on(&self, queued: &Queued, current: &mut Current) -> bool {
        if !current.is_held() {
            return true;
        }
        self.note_hold(queued, current);
        let is_closing = self.is_closing.load(Relaxed);
        if is_closing {
            self.abandoned.fetch_add(1, Relaxed);
            current.running.course =
                Course { status: Some(Status::Timeout), is_idle: true, ..Course::default() };
            current.fate = None; // the rule that holds it up is through with it: this is the runtime's doing
            current.done = None;
        }
        is_closing
    }
}
