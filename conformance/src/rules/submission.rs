//! Submission: what is checked in which order, and what is left alone.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
