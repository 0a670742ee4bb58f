//! Which requests of one queue, or calls of one core, the rules strike.

use std::sync::Arc;

use super::faults::{Armed, Faults};
use super::rule::{Operation, Phase, Place, Rule, Side, Verdict};
use crate::draw::Draws;
use crate::memory::tensor::Tensor;
use crate::model::Model;
use crate::seq::{UnitId, UnitKind};
use crate::time::Tick;

/// A place where rules are asked, one question after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// One side of a queue.
    Queue(UnitId, Side),
    /// Calls that do this, on this core if it has to do with one.
    Calls(Operation, Option<u8>),
}

/// A request or a call, as rules see it.
pub struct Subject<'a> {
    /// Its number on the queue; of calls, the number of the call at its site.
    pub num: u64,
    /// When it begins.
    pub at: Tick,
    /// What it does.
    pub operation: Operation,
    /// Bytes it moves, computes with, or allocates.
    pub bytes: u64,
    /// How many requests are on the queue with it.
    pub depth: u64,
    /// The model it runs.
    pub model: Option<&'a Model>,
    /// Names, where there is no model to have them: of a model that is being loaded, its own and the uuid.
    pub names: &'a [&'a str],
    /// The tensors it moves, where a rule wants to know.
    pub tensors: &'a [Arc<Tensor>],
}

/// The rules of one site, with what each has counted there. Used by one thread at a time.
pub struct Watch {
    site: Site,
    /// The state of [`Faults`] that `rules` are from.
    epoch: u64,
    rules: Vec<Watched>,
    /// Whether one of them lasts until another strikes.
    has_ends: bool,
    /// The model that ran last.
    model: Option<u64>,
    /// The places of the rules that can be for its runs: the patterns of all are looked up once for each model in a row,
    /// since most queues run one.
    fitting: Vec<usize>,
}

/// Small, since all of a site are gone through for each request.
struct Watched {
    armed: Arc<Armed>,
    matched: u64,
    strikes: u64,
    /// Made when it is first asked for.
    luck: Option<Box<Draws>>,
    /// The seed, and the upper bits of ids at the site, from which it is made.
    seed: u64,
    bits: u16,
    /// The rule, among `rules`, that ends this one when it strikes.
    until: Option<usize>,
    /// Whether it has, though it may have been removed since.
    is_over: bool,
}

/// A rule that strikes.
pub struct Strike {
    pub(crate) armed: Arc<Armed>,
    /// What follows from chance besides: how late, which bits.
    pub(crate) luck: u64,
}

impl Site {
    /// The upper bits of ids, or what no queue's ids have.
    fn bits(self) -> u16 {
        match self {
            Site::Queue(unit, _) => unit.bits(),
            Site::Calls(operation, core) => u16::from(core.unwrap_or(0)) << 8 | 0x80 | operation as u16,
        }
    }

    /// Whether `rule`, by what is always the same here, can be for anything at this site.
    fn can_have(self, rule: &Rule, rank: Option<u32>) -> bool {
        let matcher = &rule.matcher;
        let is_for = |core: Option<u8>| matcher.core.is_none() || matcher.core == core;
        if matcher.rank.is_some() && matcher.rank != rank {
            return false;
        }
        match self {
            Site::Queue(unit, side) => {
                rule.place.side() == side
                    && is_for(Some(unit.core))
                    && matcher.kind.is_none_or(|kind| kind == unit.kind)
                    && matcher.queue.is_none_or(|queue| queue == unit.queue)
                    && (rule.place != Place::Collective || unit.kind == UnitKind::Collectives)
            }
            Site::Calls(operation, core) => {
                rule.place.operation() == Some(operation)
                    && operation != Operation::Collective
                    && is_for(core)
                    && matcher.kind.is_none()
                    && matcher.queue.is_none()
            }
        }
    }
}

impl Watch {
    /// The watch at `site`.
    pub fn new(site: Site) -> Watch {
        Watch { site, epoch: 0, rules: Vec::new(), has_ends: false, model: None, fitting: Vec::new() }
    }

    /// Whether any rule is to be asked here: if not, nothing has to be counted.
    #[inline]
    pub fn is_watching(&mut self, faults: &Faults) -> bool {
        let epoch = faults.epoch();
        if epoch != self.epoch {
            self.renew(faults, epoch);
        }
        !self.rules.is_empty()
    }

    /// Takes the rules as they are now; those that stay go on counting.
    fn renew(&mut self, faults: &Faults, epoch: u64) {
        let mut old = std::mem::take(&mut self.rules);
        for armed in faults.rules().iter().filter(|armed| self.site.can_have(&armed.rule, faults.rank())) {
            let known = old.iter().position(|watched| watched.armed.slot == armed.slot);
            self.rules.push(match known {
                Some(place) => old.swap_remove(place),
                None => Watched::new(armed, self.site, faults.seed()),
            });
        }
        let names: Vec<String> = self.rules.iter().map(|watched| watched.armed.rule.name.clone()).collect();
        for watched in &mut self.rules {
            let until = watched.armed.rule.trigger.until.as_ref();
            watched.until = until.and_then(|until| names.iter().position(|name| name == until));
        }
        self.has_ends = self.rules.iter().any(|watched| watched.until.is_some());
        self.end_rules();
        (self.model, self.fitting) = (None, (0..self.rules.len()).collect());
        self.epoch = epoch;
    }

    /// Ends the rules that last until another strikes which has.
    fn end_rules(&mut self) {
        if !self.has_ends {
            return;
        }
        for place in 0..self.rules.len() {
            let until = self.rules[place].until;
            self.rules[place].is_over |= until.is_some_and(|other| self.rules[other].strikes > 0);
        }
    }

    /// Finds the rules that can be for `subject`, as far as its model decides.
    fn fit(&mut self, subject: &Subject<'_>) {
        let model = subject.model.map(|model| model.id);
        if model != self.model {
            let fits = |place: &usize| {
                let rule = &self.rules[*place].armed.rule;
                subject.model.is_none() || is_for_model(rule, subject) && is_for_tensors(rule, subject)
            };
            self.fitting = (0..self.rules.len()).filter(fits).collect();
            self.model = model;
        }
    }

    /// Asks every rule about `subject`, and calls `answer` with the first that strikes of each phase.
    ///
    /// Subjects come in the order of their numbers. One that is `doomed` whatever the rules say is counted here, so
    /// that those after it fare as they would anyway, but is no proof that a rule works.
    pub fn ask(
        &mut self,
        faults: &Faults,
        subject: &Subject<'_>,
        doomed: bool,
        mut answer: impl FnMut(Phase, Strike),
    ) {
        self.fit(subject);
        let mut answered = [false; 7];
        for place in &self.fitting {
            let watched = &mut self.rules[*place];
            if !watched.is_for(subject) {
                continue;
            }
            watched.matched += 1;
            let strikes = !watched.is_over && watched.strikes_at(subject);
            watched.strikes += u64::from(strikes);
            let slot = watched.armed.slot;
            if watched.is_used_up(self.site, subject) {
                faults.tally().disarm(slot);
            }
            if doomed {
                continue;
            }
            faults.tally().matched(slot);
            if !strikes {
                continue;
            }
            faults.tally().struck(slot);
            let phase = watched.armed.rule.phase();
            if !std::mem::replace(&mut answered[phase as usize], true) {
                answer(
                    phase,
                    Strike { armed: Arc::clone(&watched.armed), luck: watched.details(subject.num) },
                );
            }
        }
        self.end_rules(); // not before: the request that ends a rule is the last that it strikes
    }
}

impl Watched {
    fn new(armed: &Arc<Armed>, site: Site, seed: u64) -> Watched {
        Watched {
            armed: Arc::clone(armed),
            matched: 0,
            strikes: 0,
            luck: None,
            seed,
            bits: site.bits(),
            until: None,
            is_over: false,
        }
    }

    fn is_for(&self, subject: &Subject<'_>) -> bool {
        let rule = &self.armed.rule;
        let matcher = &rule.matcher;
        // Nothing but a run of a model computes numbers that could be NaN.
        let computes = !matches!(rule.verdict, Verdict::Nan(_)) || subject.operation == Operation::Execute;
        // Of a run that was looked up with its model.
        let is_named =
            subject.model.is_some() || is_for_model(rule, subject) && is_for_tensors(rule, subject);
        computes
            && is_named
            && rule.place.operation().is_none_or(|operation| operation == subject.operation)
            && matcher.operation.is_none_or(|operation| operation == subject.operation)
            && matcher.size.as_ref().is_none_or(|size| size.contains(&subject.bytes))
    }

    /// Whether the trigger chooses `subject`, the latest of those that the rule is for.
    fn strikes_at(&mut self, subject: &Subject<'_>) -> bool {
        let (rule, trigger) = (&self.armed.rule, &self.armed.rule.trigger);
        let place = (self.seed, self.armed.key, self.bits);
        let Some(count) = self.matched.checked_sub(trigger.after.unwrap_or(0)).filter(|count| *count > 0)
        else {
            return false;
        };
        trigger.nth.is_none_or(|nth| nth == count)
            && trigger.every.is_none_or(|every| count.is_multiple_of(every))
            && trigger.first.is_none_or(|first| count <= first)
            && trigger.sequence.as_ref().is_none_or(|range| range.contains(&subject.num))
            && trigger.depth.is_none_or(|depth| subject.depth >= depth)
            && trigger.at.is_none_or(|at| subject.at >= Tick::ZERO + at)
            && rule.times.is_none_or(|times| self.strikes < times)
            && self.armed.is_alive(subject.at)
            && trigger
                .probability
                .is_none_or(|odds| share(luck(&mut self.luck, place).at(subject.num * 2)) < odds)
    }

    /// Whether the rule is for this queue alone, and has nothing left to strike.
    fn is_used_up(&self, site: Site, subject: &Subject<'_>) -> bool {
        let Site::Queue(unit, _) = site else { return false };
        let (rule, trigger) = (&self.armed.rule, &self.armed.rule.trigger);
        let matcher = &rule.matcher;
        let is_alone = matcher.core.is_some()
            && matcher.kind.is_some()
            && (matcher.queue.is_some() || unit.kind.queues() == 1);
        let count = self.matched.saturating_sub(trigger.after.unwrap_or(0));
        let is_through = trigger.nth.is_some_and(|nth| count >= nth)
            || trigger.first.is_some_and(|first| count >= first)
            || trigger.sequence.as_ref().is_some_and(|range| subject.num >= *range.end())
            || rule.times.is_some_and(|times| self.strikes >= times);
        is_alone && is_through || !self.armed.is_alive(subject.at)
    }

    /// The luck for how late, or which bits: another than the one that decided whether to strike.
    fn details(&mut self, num: u64) -> u64 {
        let place = (self.seed, self.armed.key, self.bits);
        if self.armed.rule.has_details() { luck(&mut self.luck, place).at(num * 2 + 1) } else { 0 }
    }
}

/// The luck of a rule at a place, made if it is not there yet.
fn luck(made: &mut Option<Box<Draws>>, (seed, key, bits): (u64, u64, u16)) -> &mut Draws {
    made.get_or_insert_with(|| Box::new(Draws::of(seed, key, bits)))
}

/// `luck` as a share of all there is: at least 0, below 1.
fn share(luck: u64) -> f64 {
    (luck >> 11) as f64 / (1_u64 << 53) as f64
}

/// Whether `rule` is for the model of `subject`.
fn is_for_model(rule: &Rule, subject: &Subject<'_>) -> bool {
    let Some(pattern) = &rule.matcher.model else { return true };
    match subject.model {
        Some(model) => pattern.matches(&model.name) || pattern.matches(&model.uuid),
        None => subject.names.iter().any(|name| pattern.matches(name)),
    }
}

/// Whether `rule` is for the tensors of `subject`; of a run, the names in its sets.
fn is_for_tensors(rule: &Rule, subject: &Subject<'_>) -> bool {
    let Some(pattern) = &rule.matcher.tensor else { return true };
    let slots = subject.model.into_iter().flat_map(|model| model.inputs.iter().chain(&model.outputs));
    slots.map(|slot| slot.name.as_str()).any(|name| pattern.matches(name))
        || subject.tensors.iter().any(|tensor| pattern.matches(tensor.name()))
        || subject.operation == Operation::Allocate && subject.names.iter().any(|name| pattern.matches(name))
}
