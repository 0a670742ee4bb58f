//! Requests that a fault plan refuses.

use super::{Asked, Intake, Port, SubmitError};
use crate::fault::journal::Victim;
use crate::fault::watch::Subject;
use crate::fault::{Effect, Verdict};
use crate::request::Request;
use crate::status::Status;
use crate::time::Tick;

impl Port {
    /// Whether a rule refuses `request`, which would come after `queued` others.
    ///
    /// The rules are asked once for each number, so that it plays no part how often a program tries.
    pub(super) fn refusal(
        &self,
        intake: &mut Intake,
        request: &Request,
        queued: u64,
        now: Tick,
    ) -> Option<SubmitError> {
        let num = intake.issued + 1;
        let work = &request.work;
        if intake.asked.as_ref().is_none_or(|asked| asked.num != num) {
            let subject = Subject {
                num,
                at: now,
                operation: work.operation(),
                bytes: work.bytes(),
                depth: queued + 1,
                model: work.model(),
                names: &[],
                tensors: request.tensors.as_deref().unwrap_or_default(),
            };
            let mut strike = None;
            intake.watch.ask(&self.faults, &subject, false, |_, struck| strike = Some(struck));
            intake.asked = Some(Asked { num, strike, refused: 0 });
        }
        let asked = intake.asked.as_mut()?;
        let strike = asked.strike.as_ref().filter(|strike| strike.armed.is_armed(now))?;
        let (error, status) = match *strike.verdict() {
            // A queue with nothing on it is never full: whoever waits for a completion then would wait for ever.
            Verdict::Full { capacity: Some(capacity), .. } if queued >= capacity.max(1) => {
                (SubmitError::Full { depth: capacity.max(1) }, Status::QueueFull)
            }
            Verdict::Full { capacity: None, attempts } if queued > 0 && asked.refused < attempts => {
                (SubmitError::Full { depth: queued }, Status::QueueFull)
            }
            Verdict::Status(status) if asked.refused == 0 => (SubmitError::Fault(status), status),
            _ => return None,
        };
        asked.refused += 1;
        if asked.refused == 1 {
            let model = work.model().map(|model| model.name.as_str().into());
            let unit = self.unit;
            let victim =
                Victim { core: Some(unit.core), unit: Some(unit), num, operation: work.operation(), model };
            self.faults.fired(strike, victim, now, Effect::Refused(status));
        }
        if status.is_fatal() {
            self.die(); // what was accepted before is not touched by that
        }
        Some(error)
    }
}
