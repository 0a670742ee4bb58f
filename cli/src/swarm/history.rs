//! What was seen of a device, and whether it can have been so.

use std::collections::BTreeMap;

use sim_core::fault::{Effect, Entry, Signalling};
use sim_core::port::SubmitError;
use sim_core::seq::UnitId;
use sim_core::status::Status;

/// What was seen of one queue.
#[derive(Debug, Clone)]
pub(super) struct History {
    pub(super) unit: UnitId,
    /// The numbers that submitters were given, in any order.
    pub(super) accepted: Vec<u64>,
    /// Those that were refused.
    pub(super) refused: Vec<SubmitError>,
    /// The answers, as they were given.
    pub(super) answers: Vec<(u64, Status)>,
    /// The last number that had been accepted before the queue was healed and its faults were cleared.
    pub(super) settled: u64,
    /// Those who listened.
    pub(super) heard: Vec<Heard>,
    /// What the journal tells of it.
    pub(super) journal: Vec<Entry>,
}

/// What somebody who listened has heard.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    pub(super) wish: Wish,
    /// How often it was told in the end.
    pub(super) count: u64,
    /// How often when it was gone: it must not be told any more then.
    pub(super) gone: Option<u64>,
}

/// What somebody wants to be told of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wish {
    /// Of one request.
    Once(u64),
    /// Of each. With the last completed number before and after it came, and before and after it was replaced.
    Each { begun: [u64; 2], ended: Option<[u64; 2]> },
}

/// What is known of a case besides its queues.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Circumstances {
    /// Whether the runtime looks for NaN.
    pub(super) sees_nan: bool,
    /// Whether queues were healed while the program ran.
    pub(super) heals: bool,
    /// Whether the device was closed with its faults.
    pub(super) closes: bool,
}

impl History {
    /// Whether everything that was seen can have been so.
    ///
    /// # Errors
    /// What cannot.
    pub(super) fn check(&self, circumstances: Circumstances) -> Result<(), String> {
        self.check_numbers()?;
        self.check_answers()?;
        self.check_statuses(circumstances)?;
        self.check_dead(circumstances)?;
        self.check_refusals()?;
        self.heard.iter().try_for_each(|heard| self.check_signals(heard))
    }

    /// Numbers were given without gaps, each once.
    fn check_numbers(&self) -> Result<(), String> {
        let mut accepted = self.accepted.clone();
        accepted.sort_unstable();
        match (1..).zip(&accepted).find(|(num, given)| num != *given) {
            Some((num, given)) => Err(self.of(num, &format!("was not given, but {given}"))),
            None => Ok(()),
        }
    }

    /// Each accepted request was answered once, in order.
    fn check_answers(&self) -> Result<(), String> {
        for (num, (answered, _)) in (1..).zip(&self.answers) {
            if *answered < num {
                return Err(self.of(*answered, "was answered twice, or too late"));
            }
            if *answered > num {
                return Err(self.of(num, &format!("was not answered before {answered}")));
            }
        }
        let [answers, accepted] = [self.answers.len(), self.accepted.len()];
        if answers != accepted {
            return Err(self.of(answers as u64 + 1, &format!("of {accepted} is lost: it was never answered")));
        }
        Ok(())
    }

    /// Each status is the one that the journal tells of, or follows from another.
    fn check_statuses(&self, circumstances: Circumstances) -> Result<(), String> {
        let mut wanted = BTreeMap::new();
        for entry in &self.journal {
            if let Effect::Ended(status) | Effect::TimedOut(status, _) = entry.effect {
                wanted.insert(entry.victim.num, status);
            }
        }
        let has = |num: u64, is_it: fn(&Effect) -> bool| {
            self.journal.iter().any(|entry| entry.victim.num == num && is_it(&entry.effect))
        };
        let mut is_dead = false;
        for &(num, status) in &self.answers {
            let is_held = |effect: &Effect| matches!(effect, Effect::Stuck | Effect::Unannounced);
            let is_explained = match (wanted.get(&num), status) {
                (Some(wanted), _) => *wanted == status,
                (None, Status::Success) => true,
                (None, Status::ExecUnitUnrecoverable) => is_dead,
                (None, Status::ExecCompletedWithNumErr) => {
                    circumstances.sees_nan && has(num, |effect| matches!(effect, Effect::Nan(_)))
                }
                (None, Status::Timeout) => circumstances.closes && has(num, is_held),
                (None, _) => false,
            };
            if !is_explained {
                let wanted = wanted.get(&num).map_or("nothing of it", |status| status.name());
                return Err(self.of(num, &format!("ended with {}, the journal says {wanted}", status.name())));
            }
            is_dead |= status.is_fatal();
        }
        match wanted.keys().find(|num| **num > self.answers.len() as u64) {
            Some(num) => Err(self.of(*num, "is in the journal, but was never answered")),
            None => Ok(()),
        }
    }

    /// On a dead unit that nobody heals all end with 101.
    fn check_dead(&self, circumstances: Circumstances) -> Result<(), String> {
        if circumstances.heals {
            return Ok(());
        }
        let until = self.answers.iter().take_while(|(num, _)| *num <= self.settled);
        let on_dead = until.skip_while(|(_, status)| !status.is_fatal()).skip(1);
        match on_dead.clone().find(|(_, status)| *status != Status::ExecUnitUnrecoverable) {
            Some((num, status)) => Err(self.of(*num, &format!("ended with {status:?} on a dead unit"))),
            None => Ok(()),
        }
    }

    /// Each refusal by a rule is in the journal.
    fn check_refusals(&self) -> Result<(), String> {
        let refused = self.refused.iter().filter(|error| matches!(error, SubmitError::Fault(_))).count();
        let is_refusal = |entry: &&Entry| match entry.effect {
            Effect::Refused(status) => status != Status::QueueFull,
            _ => false,
        };
        let told = self.journal.iter().filter(is_refusal).count();
        if refused == told {
            return Ok(());
        }
        Err(format!("{:?}: {refused} requests were refused by a rule, the journal has {told}", self.unit))
    }

    /// Who listened was told as often as it should: once for each completion, unless a rule says otherwise.
    fn check_signals(&self, heard: &Heard) -> Result<(), String> {
        let completed = self.answers.len() as u64;
        let told = |num: Option<u64>, is_so: fn(Signalling) -> bool| {
            let is_it = |entry: &&Entry| match entry.effect {
                Effect::Signalled(how) => is_so(how) && num.is_none_or(|num| num == entry.victim.num),
                _ => false,
            };
            self.journal.iter().filter(is_it).count() as u64
        };
        let more = |num| told(num, |how| matches!(how, Signalling::Twice | Signalling::Spurious));
        let (least, most) = match heard.wish {
            Wish::Once(num) if num > completed => (0, more(Some(num))),
            Wish::Once(num) => (u64::from(heard.gone.is_none()), 1 + more(Some(num))),
            Wish::Each { begun, ended } => {
                let ended = ended.unwrap_or([completed; 2]);
                let late = told(None, |how| matches!(how, Signalling::Late(_)));
                (ended[0].saturating_sub(begun[1] + late), ended[1] - begun[0] + more(None))
            }
        };
        if heard.gone.is_some_and(|gone| gone != heard.count) {
            return Err(format!("{:?}: somebody was told after it had gone: {heard:?}", self.unit));
        }
        if (least..=most).contains(&heard.count) {
            return Ok(());
        }
        Err(format!("{:?}: {heard:?}, where {least} to {most} signals were due", self.unit))
    }

    fn of(&self, num: u64, what: &str) -> String {
        format!("{:?}: request {num} {what}", self.unit)
    }
}

/// Whether each rule fired as often as the journal tells.
///
/// # Errors
/// Which did not.
pub(super) fn check_tally(fired: &[(String, u64)], journal: &[Entry]) -> Result<(), String> {
    for (name, count) in fired {
        let told = journal.iter().filter(|entry| *entry.rule == **name).count() as u64;
        if told != *count {
            return Err(format!("{name:?} fired {count} times by the tally, {told} by the journal"));
        }
    }
    match journal.iter().find(|entry| fired.iter().all(|(name, _)| **name != *entry.rule)) {
        Some(entry) => Err(format!("{:?} is in the journal, but no rule", entry.rule)),
        None => Ok(()),
    }
}

/// Whether all memory was given back.
///
/// # Errors
/// On which core it was not.
pub(super) fn check_memory(before: &[u64], after: &[u64]) -> Result<(), String> {
    match (0..).zip(before.iter().zip(after)).find(|(_, (before, after))| before != after) {
        Some((core, (before, after))) => {
            Err(format!("core {core} had {before} bytes in use, and has {after} at the end"))
        }
        None => Ok(()),
    }
}
