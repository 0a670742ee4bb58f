use std::fmt::{self, Display};

use super::element::{Kind, Number};

/// How far an output may be from what was expected: `absolute + relative × |expected|`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tolerance {
    pub(super) absolute: f64,
    pub(super) relative: f64,
}

/// An output beside what was expected.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Comparison {
    elements: usize,
    error_max: f64,
    relative_error_max: f64,
    mismatches: usize,
    first: Option<Mismatch>,
}

#[derive(Debug, Clone, PartialEq)]
struct Mismatch {
    index: Vec<usize>,
    found: f64,
    expected: f64,
}

impl Comparison {
    /// Compares two tensors of this `shape`. NaN is as good as NaN.
    pub(super) fn of(
        found: (Kind, &[u8]),
        expected: (Kind, &[u8]),
        shape: &[usize],
        tolerance: Tolerance,
    ) -> Comparison {
        let mut comparison =
            Comparison { elements: 0, error_max: 0.0, relative_error_max: 0.0, mismatches: 0, first: None };
        let pairs = found.0.numbers(found.1).zip(expected.0.numbers(expected.1));
        for (found, expected) in pairs {
            comparison.add(found, expected, shape, tolerance);
        }
        comparison
    }

    fn add(&mut self, found: Number, expected: Number, shape: &[usize], tolerance: Tolerance) {
        let error = found.distance(expected);
        let size = expected.value().abs();
        self.error_max = larger(self.error_max, error);
        let relative = if error == 0.0 { 0.0 } else { error / size };
        self.relative_error_max = larger(self.relative_error_max, relative);
        let allowed = tolerance.absolute + tolerance.relative * size;
        // An infinity allows nothing but itself, and NaN is no error at all or one that no tolerance covers.
        let is_within = error == 0.0 || error.is_finite() && error <= allowed;
        if !is_within {
            self.mismatches += 1;
            self.first.get_or_insert_with(|| Mismatch {
                index: index(self.elements, shape),
                found: found.value(),
                expected: expected.value(),
            });
        }
        self.elements += 1;
    }

    /// Whether all is within the tolerance.
    pub(super) fn is_equal(&self) -> bool {
        self.mismatches == 0
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Comparison { elements, error_max, relative_error_max, mismatches, first } = self;
        write!(f, "max abs error {error_max:.3e}, max rel error {relative_error_max:.3e}")?;
        match first {
            None => f.write_str(": as expected"),
            Some(Mismatch { index, found, expected }) => write!(
                f,
                ": {mismatches} of {elements} elements differ, first at {index:?}: {found:?}, expected {expected:?}"
            ),
        }
    }
}

/// The larger of two errors; NaN is larger than any.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

/// The index of the element at `place`, the last dimension running fastest.
fn index(place: usize, shape: &[usize]) -> Vec<usize> {
    let mut left = place;
    let mut index: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&dim| {
            let at = left % dim.max(1);
            left /= dim.max(1);
            at
        })
        .collect();
    index.reverse();
    index
}

#[cfg(test)]
mod tests {
    use safetensors::Dtype as Stored;

    use super::{Comparison, Kind, Tolerance};

    fn compare(found: &[f32], expected: &[f64], absolute: f64, relative: f64) -> Comparison {
        let found: Vec<u8> = found.iter().flat_map(|value| value.to_le_bytes()).collect();
        let expected: Vec<u8> = expected.iter().flat_map(|value| value.to_le_bytes()).collect();
        let [single, double] = [Stored::F32, Stored::F64].map(|dtype| Kind::of_file(dtype).expect("known"));
        let tolerance = Tolerance { absolute, relative };
        Comparison::of((single, &found), (double, &expected), &[2, 2], tolerance)
    }

    #[test]
    fn equal_numbers_are_equal_whatever_their_type() {
        let infinite = f64::INFINITY;
        let same = compare(&[1.0, -0.0, f32::NAN, f32::INFINITY], &[1.0, 0.0, f64::NAN, infinite], 0.0, 0.0);
        assert!(same.is_equal());
        assert_eq!(same.to_string(), "max abs error 0.000e0, max rel error 0.000e0: as expected");
    }

    #[test]
    fn the_first_mismatch_is_told_with_its_index() {
        let other = compare(&[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 2.5, 5.0], 0.0, 0.0);
        assert!(!other.is_equal());
        assert_eq!(
            other.to_string(),
            "max abs error 1.000e0, max rel error 2.000e-1: 2 of 4 elements differ, first at [1, 0]: 3.0, expected 2.5"
        );
    }

    #[test]
    fn either_tolerance_is_enough_but_not_for_nan_and_infinity() {
        let (found, expected) = ([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 5.0]);
        assert!(compare(&found, &expected, 1.0, 0.0).is_equal());
        assert!(!compare(&found, &expected, 0.9, 0.0).is_equal());
        assert!(compare(&found, &expected, 0.0, 0.2).is_equal());
        assert!(!compare(&found, &expected, 0.0, 0.19).is_equal());
        for odd in [f64::NAN, f64::INFINITY] {
            assert!(!compare(&found, &[1.0, 2.0, 3.0, odd], 1e9, 1e9).is_equal());
        }
        assert!(!compare(&[f32::INFINITY, 0.0, 0.0, 0.0], &[0.0; 4], 1e9, 1e9).is_equal());
    }
}
