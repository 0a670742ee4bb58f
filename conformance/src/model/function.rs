//! A model: a function of the bytes of its inputs that nobody knows but the library.

use std::collections::BTreeMap;

/// The bytes of the inputs of a run, or of its outputs.
pub type Bytes = Vec<Vec<u8>>;

/// What runs of one file have shown.
#[derive(Debug, Clone, Default)]
pub struct Function(BTreeMap<Bytes, Bytes>);

impl Function {
    /// What these inputs give, if a run has shown it.
    #[must_use]
    pub fn of(&self, inputs: &Bytes) -> Option<&Bytes> {
        self.0.get(inputs)
    }

    /// A run has shown this. False if an earlier one has shown something else, which stays.
    #[must_use]
    pub fn shown(&mut self, inputs: Bytes, outputs: Bytes) -> bool {
        *self.0.entry(inputs).or_insert_with(|| outputs.clone()) == outputs
    }
}

#[cfg(test)]
mod tests {
    use super::Function;

    #[test]
    fn equal_inputs_give_equal_outputs() {
        let mut function = Function::default();
        let [one, two, three] = [1, 2, 3].map(|byte| vec![vec![byte]]);
        assert_eq!(function.of(&one), None);
        assert!(function.shown(one.clone(), two.clone()));
        assert!(function.shown(one.clone(), two.clone()));
        assert!(!function.shown(one.clone(), three.clone()));
        assert_eq!(function.of(&one), Some(&two));
        assert!(function.shown(two.clone(), three.clone()));
        assert_eq!((function.of(&two), function.of(&three)), (Some(&three), None));
    }
}
