//! Tensor sets: names of tensors.

use std::collections::BTreeMap;

/// A tensor set. The name of a tensor in it is the set's, and one tensor may have several.
#[derive(Debug, Clone, Default)]
pub struct Set(BTreeMap<String, usize>);

impl Set {
    /// Gives a tensor a name. What had that name before loses it.
    pub fn add(&mut self, name: &str, tensor: usize) {
        self.0.insert(name.to_owned(), tensor);
    }

    /// The tensor of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<usize> {
        self.0.get(name).copied()
    }

    /// Whether some name in it is this tensor's.
    #[must_use]
    pub fn holds(&self, tensor: usize) -> bool {
        self.0.values().any(|held| *held == tensor)
    }
}

#[cfg(test)]
mod tests {
    use super::Set;

    #[test]
    fn a_name_is_the_tensor_that_got_it_last() {
        let mut set = Set::default();
        assert_eq!((set.get("a"), set.holds(1)), (None, false));
        set.add("a", 1);
        set.add("b", 1);
        assert_eq!((set.get("a"), set.get("b"), set.get("c")), (Some(1), Some(1), None));
        set.add("a", 2);
        assert_eq!((set.get("a"), set.get("b")), (Some(2), Some(1)));
        assert!(set.holds(1) && set.holds(2) && !set.holds(3));
        set.add("b", 2);
        assert!(!set.holds(1));
    }
}
