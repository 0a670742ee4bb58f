//! What rules of a plan do to each other: equal names, waits for what never comes, rules that hide others.

use super::keys::nearest;
use super::problem::Objection;
use super::reach::{covers, kinds};
use super::rule::{Rule, Side, Trigger, Verdict};
use super::text::Written;

/// All that speaks against rules because of others, with the rule's index.
pub(super) fn objections(written: &[Written]) -> Vec<(usize, Objection)> {
    let mut objections = Vec::new();
    for (index, one) in written.iter().enumerate() {
        let before = &written[..index];
        if let Some(name) = &one.name
            && let Some(same) = before.iter().position(|other| other.name.as_ref() == Some(name))
        {
            let wrong = format!("rule {} has the same name", same + 1);
            objections.push((index, Objection::new("name", wrong, "give each its own")));
        }
        let Some(rule) = &one.rule else { continue };
        objections.extend(until(rule, written).map(|objection| (index, objection)));
        let hides = |other: &&Written| {
            one.is_whole && other.is_whole && other.rule.as_ref().is_some_and(|other| hides(other, rule))
        };
        if let Some(other) = before.iter().find(hides) {
            let wrong = format!("it is never asked, because rule {} before it always strikes", other.label);
            let expected = "exchange them, or give that one a trigger or times";
            objections.push((index, Objection::new("", wrong, expected)));
        }
    }
    objections
}

/// Whether a rule waits for one that cannot end the wait.
fn until(rule: &Rule, written: &[Written]) -> Option<Objection> {
    let name = rule.trigger.until.as_ref()?;
    let object = |wrong: String, expected: &str| Some(Objection::new("until", wrong, expected));
    if *name == rule.name {
        return object(format!("until = {name:?} is the rule itself"), "write times = 1 for one strike");
    }
    let rules = || written.iter().filter_map(|written| written.rule.as_ref());
    let Some(other) = rules().find(|other| other.name == *name) else {
        // A rule that could not be read is there nevertheless.
        if written.iter().any(|written| written.name.as_ref() == Some(name)) {
            return None;
        }
        let names = rules().map(|other| other.name.as_str()).filter(|other| *other != rule.name);
        let mut objection = object(format!("until = {name:?} is no rule"), "write the name of another rule")?;
        objection.nearest = nearest(name, names);
        return Some(objection);
    };
    let side = |rule: &Rule| match rule.place.side() {
        Side::Submitting => "by who submits",
        Side::Unit => "by the unit",
        Side::Call => "by calls without a queue",
    };
    if rule.place.side() != other.place.side() {
        let wrong = format!("until = {name:?} is asked {}, and this rule {}", side(other), side(rule));
        return object(wrong, "name a rule that is asked on the same side");
    }
    let differ = |one: Option<u8>, other: Option<u8>| one.is_some() && other.is_some() && one != other;
    let (one, two) = (&rule.matcher, &other.matcher);
    let (own, others) = (kinds(rule), kinds(other));
    let is_apart = rule.place.side() == Side::Unit && !own.iter().any(|kind| others.contains(kind));
    if is_apart || differ(one.core, two.core) || differ(one.queue, two.queue) {
        let wrong = format!("until = {name:?} never strikes on a queue of this rule");
        return object(wrong, "name a rule for the same core, unit and queue");
    }
    None
}

/// Whether `other` strikes whatever `rule` is asked about.
fn hides(other: &Rule, rule: &Rule) -> bool {
    let is_sure = match other.verdict {
        Verdict::Full { capacity, .. } => capacity == Some(0),
        _ => true,
    };
    let is_endless = other.times.is_none() && other.lifetime.is_none();
    other.phase() == rule.phase()
        && is_sure
        && is_endless
        && has_no_condition(&other.trigger)
        && covers(other, rule)
}

/// Whether a trigger always holds.
fn has_no_condition(trigger: &Trigger) -> bool {
    let Trigger { nth, every, after, first, sequence, at, probability, until, depth } = trigger;
    nth.is_none()
        && every.is_none_or(|every| every == 1)
        && after.is_none_or(|after| after == 0)
        && first.is_none()
        && sequence.as_ref().is_none_or(|sequence| *sequence == (1..=u64::MAX))
        && at.is_none_or(|at| at.0 == 0)
        && probability.is_none_or(|probability| probability >= 1.0)
        && until.is_none()
        && depth.is_none_or(|depth| depth <= 1)
}
