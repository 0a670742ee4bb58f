//! Symbols, versions, layouts.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
