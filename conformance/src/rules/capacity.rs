//! Capacity: full queues.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
