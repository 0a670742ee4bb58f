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

    /// A run has shown what these inputs give.
    pub fn learn(&mut self, inputs: Bytes, outputs: Bytes) {
        self.0.insert(inputs, outputs);
    }
}

#[cfg(test)]
mod tests {
    use super::Function;

    #[test]
    fn what_was_shown_is_known_by_its_inputs() {
        let mut function = Function::default();
        let [one, two, three] = [1, 2, 3].map(|byte| vec![vec![byte]]);
        assert_eq!(function.of(&one), None);
        function.learn(one.clone(), two.clone());
        assert_eq!((function.of(&one), function.of(&two)), (Some(&two), None));
        function.learn(two.clone(), three.clone());
        assert_eq!((function.of(&one), function.of(&two)), (Some(&two), Some(&three)));
    }
}
