//! The vocabulary of plans.

/// The keys of a rule, each with what it means.
pub const KEYS: [(&str, &str); 35] = [
    ("name", "the rule's name in reports, of its own; its luck follows from it"),
    ("place", "where it is asked: at submit, start, finish, …; follows from the verdict if left out"),
    ("core", "only on this logical core, counted within the process"),
    ("unit", "only on this kind of unit"),
    ("queue", "only on this queue of the unit"),
    ("model", "only runs and loads of models with this name or uuid; * and ? stand for other characters"),
    ("tensor", "only what is done with tensors of this name; * and ? stand for other characters"),
    ("operation", "only this operation"),
    ("size", "only so many bytes, or from min to max"),
    ("rank", "only in the process of this rank"),
    ("nth", "only the so-manieth on each queue, from 1"),
    ("every", "only each so-manieth on each queue"),
    ("after", "none of the first so many on each queue; nth, every and first count from there"),
    ("first", "only the first so many on each queue"),
    ("sequence", "only this sequence number of a queue, or from min to max"),
    ("at", "only from this simulated time on"),
    ("probability", "only by chance, above 0 and at most 1"),
    ("until", "only until the rule of this name has struck on the same queue"),
    ("depth", "only while at least so many requests are on the queue, the new one included"),
    ("status", "it ends with this error, by number or name"),
    ("hang", "it hangs until the time limit, then ends with this fatal error (true: NRT_TIMEOUT)"),
    ("late", "it takes so much longer"),
    ("slow", "it takes so many times as long"),
    ("never", "it does its work, but its completion never comes"),
    ("stuck", "it never begins"),
    ("full", "the queue is full: once (true), for so many attempts, or from a capacity on"),
    ("nan", "so many numbers of its outputs are NaN (true: one)"),
    ("flip", "so many bits of its bytes are wrong (true: one)"),
    ("torn", "only a first part of its bytes arrives"),
    ("signal", "listeners are told late, twice, or for nothing as well"),
    ("core-busy", "nrt_init finds that another process has the cores"),
    ("times", "at most so many strikes on each queue"),
    ("lifetime", "for so much simulated time from when the rule was added"),
    ("require_fired", "a run in which the rule never fired has failed"),
    ("persist", "later processes find the queue as the rule left it"),
];

/// The keys that say what becomes of a request or call. A rule has exactly one.
pub const VERDICTS: [&str; 12] = [
    "status",
    "hang",
    "late",
    "slow",
    "never",
    "stuck",
    "full",
    "nan",
    "flip",
    "torn",
    "signal",
    "core-busy",
];

/// The keys of `[scenario]`, each with what it means.
pub const SCENARIO_KEYS: [(&str, &str); 4] = [
    ("about", "what happens, in a sentence"),
    ("source", "the public document or issue it reproduces"),
    ("correct", "what a correct application does"),
    ("environment", "variables NEURON_* of the runtime that the program is run with"),
];

/// The most letters of a word in which it can differ from another and still be taken for it.
const fn tolerance(length: usize) -> usize {
    1 + length / 4
}

/// Which of `names` somebody who wrote `word` may have meant.
///
/// Letters' case and the prefix of all statuses do not count. A part of a name stands for the first name
/// that has it.
pub(super) fn nearest<'n>(word: &str, names: impl IntoIterator<Item = &'n str> + Clone) -> Option<String> {
    let plain = |name: &str| {
        let name = name.to_ascii_lowercase().replace('_', "-");
        name.strip_prefix("nrt-").unwrap_or(&name).to_owned()
    };
    // No name is as long as this, and the distance of long texts takes long to find.
    let word = plain(word);
    if word.len() > 64 {
        return None;
    }
    let distance = |name: &str| strsim::damerau_levenshtein(&word, &plain(name));
    let closest = names.clone().into_iter().min_by_key(|name| distance(name));
    let closest = closest.filter(|name| distance(name) <= tolerance(word.len().min(name.len())));
    let has_part = |name: &&str| word.len() >= 3 && plain(name).contains(&word);
    closest.or_else(|| names.into_iter().find(has_part)).map(str::to_owned)
}

/// `words` as an enumeration in a sentence.
pub(super) fn list<'n>(words: impl IntoIterator<Item = &'n str>) -> String {
    words.into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{KEYS, VERDICTS, nearest};

    #[test]
    fn a_word_stands_for_what_it_nearly_is_or_is_a_part_of() {
        let names = ["nth", "probability", "require_fired", "NRT_TIMEOUT", "NRT_EXEC_HW_ERR_DMA_ABORT"];
        for (word, name) in [
            ("nht", Some("nth")),
            ("prbability", Some("probability")),
            ("Require-Fired", Some("require_fired")),
            ("timeout", Some("NRT_TIMEOUT")),
            ("TIMEUOT", Some("NRT_TIMEOUT")),
            ("DMA_ABORT", Some("NRT_EXEC_HW_ERR_DMA_ABORT")),
            ("gpu", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, names).as_deref(), name, "{word}");
        }
        assert_eq!(nearest(&"nth".repeat(100), names), None);
    }

    #[test]
    fn each_key_is_told_of_once_and_the_verdicts_are_keys() {
        let mut keys = KEYS.map(|(key, _)| key);
        assert!(VERDICTS.iter().all(|verdict| keys.contains(verdict)));
        keys.sort_unstable();
        assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
