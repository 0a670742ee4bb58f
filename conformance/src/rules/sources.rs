//! Rules about today's form of `nrta_*`, by where they come from.

use crate::rule::Source::{ClientCode, Documented, Observed};
use crate::rule::{Rule, SINCE_2_29, Source};
use crate::session::Session;
use crate::verdict::Outcome;

/// Seen in the vendor's library.
pub(super) const fn observed(id: &'static str, says: &'static str, check: fn(&Session) -> Outcome) -> Rule {
    Rule::new(id, says, Observed, "observed in 2.31.24", check).sdks(SINCE_2_29)
}

/// Real programs rely on it.
pub(super) const fn relied_on(id: &'static str, says: &'static str, check: fn(&Session) -> Outcome) -> Rule {
    Rule::new(id, says, ClientCode, "asynchronous runtimes rely on it", check).sdks(SINCE_2_29)
}

/// Written down by the vendor, at `place`.
pub(super) const fn documented(
    id: &'static str,
    place: &'static str,
    says: &'static str,
    check: fn(&Session) -> Outcome,
) -> Rule {
    Rule::new(id, says, Documented, place, check).sdks(SINCE_2_29)
}

/// From `source`, at `place`.
pub(super) const fn sourced(
    id: &'static str,
    says: &'static str,
    source: Source,
    place: &'static str,
    check: fn(&Session) -> Outcome,
) -> Rule {
    Rule::new(id, says, source, place, check).sdks(SINCE_2_29)
}
