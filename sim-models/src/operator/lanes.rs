//! The view of a tensor along one of its axes.

use super::layout::{Layout, refuse};
use crate::recipe::Refusal;

/// A tensor as `outer` blocks of `len` rows of `inner` elements: along the axis lie `len` elements, `inner`
/// apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lanes {
    pub(super) outer: usize,
    pub(super) len: usize,
    pub(super) inner: usize,
}

impl Lanes {
    /// `tensor` along `axis`, which is counted from the last if negative.
    pub(super) fn along(axis: i64, tensor: &Layout) -> Result<(usize, Lanes), Refusal> {
        let dims = &tensor.dims;
        let count = i64::try_from(dims.len()).unwrap_or(i64::MAX);
        let from_first = if axis < 0 { axis.saturating_add(count) } else { axis };
        let axis = match usize::try_from(from_first) {
            Ok(place) if place < dims.len() => place,
            _ => {
                let range = if count == 0 {
                    "it has none".to_owned()
                } else {
                    format!("it has {} to {}", -count, count - 1)
                };
                return refuse(format!("{} has no axis {axis}; {range}", tensor.text));
            }
        };
        // The product of some dimensions is larger than that of all if another is 0.
        let product = |dims: &[usize]| dims.iter().fold(1_usize, |all, dim| all.saturating_mul(*dim));
        let lanes =
            Lanes { outer: product(&dims[..axis]), len: dims[axis], inner: product(&dims[axis + 1..]) };
        Ok((axis, lanes))
    }

    /// `tensor` as a single lane.
    pub(super) fn all(tensor: &Layout) -> Lanes {
        Lanes { outer: 1, len: tensor.count, inner: 1 }
    }
}
