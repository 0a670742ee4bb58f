//! The catalogue: every rule, by group.

mod abi;
mod capacity;
mod completion;
mod epoch;
mod events;
mod execution;
mod faults;
mod guide;
mod histories;
mod implicit;
mod isolation;
mod lifecycle;
mod models;
mod order;
mod sets;
mod sources;
mod submission;
mod tensors;
mod threads;
mod topology;

use std::sync::LazyLock;

use crate::rule::Rule;

/// All rules, in the order of the catalogue.
pub fn all() -> &'static [Rule] {
    static ALL: LazyLock<Vec<Rule>> = LazyLock::new(|| {
        [
            abi::RULES,
            lifecycle::RULES,
            topology::RULES,
            tensors::transfers::RULES,
            tensors::bounds::RULES,
            tensors::slices::RULES,
            tensors::life::RULES,
            tensors::addresses::RULES,
            tensors::copies::RULES,
            tensors::accounting::RULES,
            tensors::counters::RULES,
            sets::RULES,
            sets::queued::RULES,
            models::load::RULES,
            models::refused::RULES,
            models::archive::RULES,
            models::getters::RULES,
            models::unload::RULES,
            execution::RULES,
            submission::RULES,
            capacity::RULES,
            faults::RULES,
            guide::RULES,
            order::RULES,
            completion::RULES,
            events::RULES,
            isolation::RULES,
            threads::RULES,
            epoch::RULES,
            implicit::RULES,
            histories::RULES,
        ]
        .concat()
    });
    &ALL
}

/// The rule of that name.
#[must_use]
pub fn find(id: &str) -> Option<&'static Rule> {
    all().iter().find(|rule| rule.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::all;

    #[test]
    fn names_are_stable_and_told_apart() {
        let mut seen = BTreeSet::new();
        for rule in all() {
            let parts: Vec<&str> = rule.id.split('-').collect();
            let [family, group, number] = parts[..] else { panic!("{} has three parts", rule.id) };
            assert!(matches!(family, "NRT" | "NRTA"), "{}", rule.id);
            assert!(group.chars().all(|letter| letter.is_ascii_uppercase()), "{}", rule.id);
            assert!(number.len() == 3 && number.chars().all(|digit| digit.is_ascii_digit()), "{}", rule.id);
            assert!(seen.insert(rule.id), "{} is there twice", rule.id);
            assert!(rule.says.ends_with('.') && !rule.place.is_empty(), "{}", rule.id);
        }
    }
}
