//! The first form of `nrta_*`, of SDK 2.28.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
