//! Lifecycle: what may be called when, fork, close.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
