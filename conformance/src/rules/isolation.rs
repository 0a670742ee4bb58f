//! Isolation between queues, units and cores.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
