//! What the migration guide says, in its words.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
