//! Models: what is loaded, what is refused, what a model says of itself.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
