//! Random operations against a reference model; concurrent histories.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
