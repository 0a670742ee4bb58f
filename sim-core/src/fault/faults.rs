//! The rules of one device, which may change while it runs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

use parking_lot::{Mutex, RwLock};
use xxhash_rust::xxh3::xxh3_64;

use super::journal::{Effect, Entry, Journal, Victim};
use super::rule::{Operation, Plan, Rule};
use super::tally::{Counts, RULES_MAX, Tally};
use super::watch::{Site, Strike, Subject, Watch};
use crate::sync::HintU64;
use crate::time::{Nanos, Tick};

/// A rule that requests and calls are held against.
pub struct Armed {
    /// What it says.
    pub rule: Rule,
    /// Its name, to be shared with the journal.
    pub(crate) name: Arc<str>,
    /// Where the tally counts for it; no other rule of the device has the same.
    pub(crate) slot: usize,
    /// What its luck follows from.
    pub(crate) key: u64,
    since: Tick,
    is_injected: bool,
    is_removed: AtomicBool,
}

/// What is the same for all rules of a device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// The source of all luck.
    pub seed: u64,
    /// Rank of the process among those of its job, if it has one.
    pub rank: Option<u32>,
    /// Whether the runtime looks for NaN in outputs.
    pub sees_nan: bool,
}

/// The rules of a device with what they have done. All methods may be called from any thread.
pub struct Faults {
    circumstances: Circumstances,
    /// Rises with each change of `rules`; 0 as long as there has been none.
    epoch: HintU64,
    rules: RwLock<Arc<[Arc<Armed>]>>,
    /// Whether one of them asks for the names of tensors.
    wants_tensors: AtomicBool,
    calls: Mutex<BTreeMap<(Operation, Option<u8>), Calls>>,
    tally: Tally,
    journal: Journal,
}

/// The calls of one kind on one core.
struct Calls {
    made: u64,
    watch: Watch,
}

/// Why a rule was not added. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddError {
    /// Another has its name.
    #[error("there is a rule {0:?} already; clear it, or choose another name")]
    Taken(String),
    /// It ends with a rule that does not exist.
    #[error("it is to last until {0:?} strikes, but there is no such rule")]
    NoSuchEnd(String),
    /// The tally is full.
    #[error("{RULES_MAX} rules have been added since the device was opened; it takes no more")]
    TooMany,
}

/// A rule and what it has done.
#[derive(Clone)]
pub struct Standing {
    /// The rule.
    pub armed: Arc<Armed>,
    /// Where the tally counts for it.
    pub slot: usize,
    /// What was counted.
    pub counts: Counts,
}

impl Armed {
    /// Whether its lifetime has not passed at the instant `at`.
    pub(crate) fn is_alive(&self, at: Tick) -> bool {
        self.rule.lifetime.is_none_or(|span| at < self.since + span)
    }

    /// Whether what it has decided still counts: it has not been removed since.
    pub(crate) fn is_armed(&self, at: Tick) -> bool {
        self.is_alive(at) && !self.is_removed.load(Relaxed)
    }
}

impl Faults {
    /// No rules yet; `tally` counts for those to come.
    pub fn new(circumstances: Circumstances, tally: Tally) -> Faults {
        Faults {
            circumstances,
            epoch: HintU64::new(0),
            rules: RwLock::new(Arc::new([])),
            wants_tensors: AtomicBool::new(false),
            calls: Mutex::default(),
            tally,
            journal: Journal::default(),
        }
    }

    /// What is the same for all rules.
    pub fn circumstances(&self) -> &Circumstances {
        &self.circumstances
    }

    pub(crate) fn seed(&self) -> u64 {
        self.circumstances.seed
    }

    pub(crate) fn sees_nan(&self) -> bool {
        self.circumstances.sees_nan
    }

    pub(crate) fn rank(&self) -> Option<u32> {
        self.circumstances.rank
    }

    /// How often each rule fired.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What fired when.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Acquire pairs with the change: whoever sees the number finds the rules.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Acquire)
    }

    pub(crate) fn rules(&self) -> Arc<[Arc<Armed>]> {
        Arc::clone(&self.rules.read())
    }

    /// Whether rules want to know the tensors of reads, writes and copies.
    pub fn wants_tensors(&self) -> bool {
        self.wants_tensors.load(Relaxed) // a rule that comes this moment may miss a request
    }

    /// Makes `plan` the rules of the plan at the instant `at`. Those it had already go on counting; injected rules stay,
    /// and are asked first.
    ///
    /// # Errors
    /// When there are too many, or an injected rule has the name of one of them.
    pub fn set_plan(&self, plan: &Plan, at: Tick) -> Result<(), AddError> {
        self.change(|rules| {
            let (injected, old): (Vec<_>, Vec<_>) =
                rules.iter().cloned().partition(|armed| armed.is_injected);
            if let Some(taken) =
                injected.iter().find(|armed| plan.rules.iter().any(|rule| rule.name == armed.rule.name))
            {
                return Err(AddError::Taken(taken.rule.name.clone()));
            }
            let is_new = |rule: &&Rule| old.iter().all(|armed| armed.rule != **rule);
            if plan.rules.iter().filter(is_new).count() > RULES_MAX - self.tally.len() {
                return Err(AddError::TooMany);
            }
            let mut wanted = injected;
            for rule in &plan.rules {
                wanted.push(match old.iter().find(|armed| armed.rule == *rule) {
                    Some(same) => Arc::clone(same),
                    None => self.arm(rule, at, false).ok_or(AddError::TooMany)?,
                });
            }
            Ok(wanted)
        })
    }

    /// Adds `rule` at the instant `at`; it is asked before all others. Returns its place in the tally.
    ///
    /// # Errors
    /// When its name is taken, it is to end with a rule that does not exist, or there are too many.
    pub fn inject(&self, rule: &Rule, at: Tick) -> Result<usize, AddError> {
        let mut slot = 0;
        self.change(|rules| {
            if rules.iter().any(|armed| armed.rule.name == rule.name) {
                return Err(AddError::Taken(rule.name.clone()));
            }
            if let Some(until) = &rule.trigger.until
                && rules.iter().all(|armed| armed.rule.name != *until)
            {
                return Err(AddError::NoSuchEnd(until.clone()));
            }
            let armed = self.arm(rule, at, true).ok_or(AddError::TooMany)?;
            slot = armed.slot;
            Ok(std::iter::once(armed).chain(rules.iter().cloned()).collect())
        })?;
        Ok(slot)
    }

    /// Removes the rule called `name`, or all of them. Returns how many there were.
    pub fn clear(&self, name: Option<&str>) -> usize {
        let mut gone = 0;
        let changed = self.change(|rules| {
            let stays = |armed: &&Arc<Armed>| name.is_some_and(|name| *armed.name != *name);
            let kept: Vec<_> = rules.iter().filter(stays).cloned().collect();
            gone = rules.len() - kept.len();
            Ok(kept)
        });
        debug_assert!(changed.is_ok(), "removing adds nothing");
        gone
    }

    fn arm(&self, rule: &Rule, since: Tick, is_injected: bool) -> Option<Arc<Armed>> {
        let slot = self.tally.add()?;
        let name: Arc<str> = rule.name.as_str().into();
        // 48 bits are left beside those of the queue; 0 is how long requests take.
        let key = (xxh3_64(name.as_bytes()) >> 16).max(1);
        Some(Arc::new(Armed {
            rule: rule.clone(),
            name,
            slot,
            key,
            since,
            is_injected,
            is_removed: AtomicBool::new(false),
        }))
    }

    fn change(
        &self,
        to: impl FnOnce(&[Arc<Armed>]) -> Result<Vec<Arc<Armed>>, AddError>,
    ) -> Result<(), AddError> {
        let mut rules = self.rules.write();
        let wanted = to(&rules)?;
        if wanted.is_empty() && rules.is_empty() {
            return Ok(()); // as if nobody had asked: no plan costs nothing
        }
        let is_gone = |armed: &&Arc<Armed>| wanted.iter().all(|other| other.slot != armed.slot);
        for armed in rules.iter().filter(is_gone) {
            self.tally.disarm(armed.slot);
            armed.is_removed.store(true, Relaxed);
        }
        let wants_tensors = wanted.iter().any(|armed| armed.rule.matcher.tensor.is_some());
        self.wants_tensors.store(wants_tensors, Relaxed);
        *rules = wanted.into();
        let next = self.epoch.load(Acquire) + 1; // only under the lock is it changed
        self.epoch.store(next, Release);
        Ok(())
    }

    /// The rules, in the order in which they are asked, with what was counted.
    pub fn standings(&self) -> Vec<Standing> {
        let standing = |armed: &Arc<Armed>| Standing {
            armed: Arc::clone(armed),
            slot: armed.slot,
            counts: self.tally.counts(armed.slot),
        };
        self.rules.read().iter().map(standing).collect()
    }

    /// Asks about a call that blocks, on `core` if it has to do with one; `subject` need not know its number.
    pub fn call(&self, core: Option<u8>, mut subject: Subject<'_>) -> Option<(Strike, Victim)> {
        if self.epoch() == 0 {
            return None;
        }
        let operation = subject.operation;
        let mut struck = None;
        let mut calls = self.calls.lock();
        let calls = calls
            .entry((operation, core))
            .or_insert_with(|| Calls { made: 0, watch: Watch::new(Site::Calls(operation, core)) });
        calls.made += 1;
        subject.num = calls.made;
        if calls.watch.is_watching(self) {
            calls.watch.ask(self, &subject, false, |_, strike| struck = struck.take().or(Some(strike)));
        }
        let model = subject.names.first().filter(|_| operation == Operation::Load).map(|name| (*name).into());
        let victim = Victim { core, unit: None, num: subject.num, operation, model };
        Some((struck?, victim))
    }

    /// Notes that `strike` had an effect.
    pub fn fired(&self, strike: &Strike, victim: Victim, at: Tick, effect: Effect) {
        let Armed { rule, name, slot, .. } = &*strike.armed;
        self.tally.fired(*slot);
        let (rule, place, persists) = (Arc::clone(name), rule.place, rule.persist);
        self.journal.write(Entry { at, rule, place, victim, effect, persists });
    }

    /// Whether something can be held up for good, so that waiting for it may have no end.
    pub(crate) fn can_hold(&self) -> bool {
        self.epoch() > 0
    }
}

impl Default for Faults {
    /// No rules, and seed 0.
    fn default() -> Faults {
        Faults::new(Circumstances::default(), Tally::new().expect("a few pages"))
    }
}

/// How long a completion may take before the runtime gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// Of runs, reads, writes and copies (guide: `NEURON_RT_EXEC_TIMEOUT`).
    pub run: Nanos,
    /// Of collective operations; none from SDK 2.31 on (release notes).
    pub collective: Option<Nanos>,
}
