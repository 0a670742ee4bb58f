//! What a rule can strike at all, as far as its place, its verdict and its matcher tell.

use std::ops::RangeInclusive;

use wildmatch::WildMatch;

use super::rule::{Operation, Place, Rule, Side, Verdict};
use crate::seq::UnitKind;

use Operation::{Allocate, Collective, Copy, Execute, Init, Load, Read, Write};

/// One thing that a rule says, with the operations that this leaves.
pub(super) struct Limit {
    /// The key that says it.
    pub(super) key: &'static str,
    /// What is written, as it is written.
    pub(super) words: String,
    pub(super) operations: Vec<Operation>,
}

/// The operations of which rules of a place are asked.
pub(super) fn of_place(place: Place) -> &'static [Operation] {
    match place {
        Place::Submit | Place::Start | Place::Finish | Place::Event => {
            &[Read, Write, Copy, Execute, Collective]
        }
        Place::Collective => &[Collective],
        Place::TensorRead => &[Read],
        Place::TensorWrite => &[Write],
        Place::TensorCopy => &[Copy],
        Place::Allocate => &[Allocate],
        Place::Load => &[Load],
        Place::Init => &[Init],
    }
}

/// What units of a kind do.
pub(super) fn of_unit(kind: UnitKind) -> &'static [Operation] {
    match kind {
        UnitKind::TensorOp => &[Read, Write, Copy],
        UnitKind::Compute => &[Execute],
        UnitKind::Collectives => &[Collective],
        UnitKind::TensorRead => &[Read],
        UnitKind::TensorWrite => &[Write],
    }
}

/// What units that have a queue of this number do.
fn of_queue(queue: u8) -> Vec<Operation> {
    let kinds = UnitKind::ALL.into_iter().filter(|kind| queue < kind.queues());
    kinds.flat_map(of_unit).copied().collect()
}

/// All that narrows a rule to some operations, what weighs most first.
pub(super) fn limits(rule: &Rule) -> Vec<Limit> {
    let matcher = &rule.matcher;
    let mut limits = Vec::new();
    let mut limit = |key, words: String, operations: &[Operation]| {
        limits.push(Limit { key, words: format!("{key} = {words}"), operations: operations.to_vec() });
    };
    limit("place", format!("{:?}", rule.place.name()), of_place(rule.place));
    if let Verdict::Nan(count) = rule.verdict {
        limit("nan", count.to_string(), &[Execute]);
    }
    if let Some(kind) = matcher.kind {
        limit("unit", format!("{:?}", kind.name()), of_unit(kind));
    }
    if let Some(operation) = matcher.operation {
        limit("operation", format!("{:?}", operation.name()), &[operation]);
    }
    if let Some(queue) = matcher.queue
        && matcher.kind.is_none()
    {
        limit("queue", queue.to_string(), &of_queue(queue));
    }
    if let Some(model) = &matcher.model {
        limit("model", format!("{:?}", model.to_string()), &[Execute, Load]);
    }
    if let Some(tensor) = &matcher.tensor {
        let operations = [Read, Write, Copy, Execute, Collective, Allocate];
        limit("tensor", format!("{:?}", tensor.to_string()), &operations);
    }
    let but_init = [Read, Write, Copy, Execute, Collective, Allocate, Load];
    if let Some(core) = matcher.core {
        limit("core", core.to_string(), &but_init);
    }
    if matcher.size.is_some() {
        limit("size", "…".into(), &but_init);
    }
    if rule.trigger.sequence.is_some() {
        limit("sequence", "…".into(), &but_init[..5]);
    }
    limits
}

/// The operations that a rule can strike.
fn operations(rule: &Rule) -> Vec<Operation> {
    let limits = limits(rule);
    let fits = |operation: &Operation| limits.iter().all(|limit| limit.operations.contains(operation));
    Operation::ALL.into_iter().filter(fits).collect()
}

/// The kinds of units whose requests a rule can strike.
pub(super) fn kinds(rule: &Rule) -> Vec<UnitKind> {
    let operations = operations(rule);
    let fits = |kind: &UnitKind| {
        rule.matcher.kind.is_none_or(|own| own == *kind)
            && rule.matcher.queue.is_none_or(|queue| queue < kind.queues())
            && of_unit(*kind).iter().any(|operation| operations.contains(operation))
    };
    UnitKind::ALL.into_iter().filter(fits).collect()
}

/// Whether a rule is asked about calls that have no queue.
fn is_for_calls(rule: &Rule) -> bool {
    match rule.place {
        Place::TensorRead | Place::TensorWrite | Place::TensorCopy => {
            rule.matcher.kind.is_none() && rule.matcher.queue.is_none() && rule.trigger.sequence.is_none()
        }
        place => place.side() == Side::Call,
    }
}

/// Whether everything that `rule` is for is something that `wide` is for, too.
pub(super) fn covers(wide: &Rule, rule: &Rule) -> bool {
    let (matcher, other) = (&wide.matcher, &rule.matcher);
    let is_within = |size: &RangeInclusive<u64>| {
        other.size.as_ref().is_some_and(|part| size.contains(part.start()) && size.contains(part.end()))
    };
    let is_same_or_wider = matcher.core.is_none_or(|core| other.core == Some(core))
        && matcher.rank.is_none_or(|rank| other.rank == Some(rank))
        && matcher.size.as_ref().is_none_or(is_within)
        && is_part(matcher.model.as_ref(), other.model.as_ref())
        && is_part(matcher.tensor.as_ref(), other.tensor.as_ref())
        && (is_for_calls(wide) || !is_for_calls(rule));
    if !is_same_or_wider {
        return false; // the rest takes longer to find out
    }
    let (allowed, kinds) = (operations(wide), kinds(rule));
    let have_one_queue = || kinds.iter().all(|kind| kind.queues() == 1);
    operations(rule).iter().all(|operation| allowed.contains(operation))
        && matcher.kind.is_none_or(|kind| kinds.iter().all(|other| *other == kind))
        && matcher.queue.is_none_or(|queue| other.queue == Some(queue) || queue == 0 && have_one_queue())
}

/// Whether all that `narrow` matches is matched by `wide`. Says no where that is hard to tell.
fn is_part(wide: Option<&WildMatch>, narrow: Option<&WildMatch>) -> bool {
    let Some(wide) = wide else { return true };
    narrow.is_some_and(|narrow| {
        // A `?` would take the `*` of the other pattern for a character.
        let is_plain = !wide.pattern_chars().contains(&'?') || !narrow.pattern_chars().contains(&'*');
        wide == narrow || is_plain && wide.matches(&narrow.to_string())
    })
}

#[cfg(test)]
mod tests {
    use wildmatch::WildMatch;

    use super::is_part;

    #[test]
    fn a_pattern_is_part_of_one_that_matches_more() {
        for (wide, narrow, expected) in [
            ("*", "a?*", true),
            ("mlp*", "mlp-2", true),
            ("mlp*", "mlp?*", true),
            ("a?", "ab", true),
            ("a?", "a?", true),
            ("a?", "a*", false),
            ("mlp-2", "mlp*", false),
            ("b*", "a*", false),
        ] {
            let [wide, narrow] = [wide, narrow].map(WildMatch::new);
            assert_eq!(is_part(Some(&wide), Some(&narrow)), expected, "{wide} {narrow}");
            assert!(is_part(None, Some(&narrow)) && !is_part(Some(&wide), None));
        }
    }
}
