//! Order and sequence ids.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
