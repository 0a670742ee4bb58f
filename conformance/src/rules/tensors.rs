//! Tensors: bounds, slices, attached memory, copies, accounting.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
