//! Topology: cores, visible cores, what machine it is.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
