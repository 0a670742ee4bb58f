//! Completion: status, sequence, event, polling.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
