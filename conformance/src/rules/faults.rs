//! Faults: dead units and what survives.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
