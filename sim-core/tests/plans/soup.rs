//! No text makes the reader panic, and what it lets in can be explained.

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof};
use proptest::proptest;
use proptest::sample::{Index, select};
use sim_core::fault::{KEYS, Plan, Rule};

/// A plan in which most keys occur.
const PLAN: &str = r#"[scenario]
about = "é"
environment = { NEURON_FAIL_ON_NAN = "1" }
[[rule]]
name = "a"
core = 0
unit = "compute"
nth = 3
status = 1202
persist = true
[[rule]]
place = "tensor-read"
size = { min = "1MiB", max = "4GiB" }
tensor = "w?*"
until = "a"
probability = 0.1
flip = 8
[[rule]]
every = 4
first = 5
late = { median = "2ms", sigma = 0.3 }
lifetime = "10ms"
"#;

const VALUES: [&str; 26] = [
    "0",
    "1",
    "3",
    "1202",
    "-1",
    "0.5",
    "nan",
    "inf",
    "99999999999999999999",
    "true",
    "false",
    "\"\"",
    "\"*\"",
    "\"1ms\"",
    "\"64KiB\"",
    "\"compute\"",
    "\"tensor-read\"",
    "\"execute\"",
    "\"submit\"",
    "\"twice\"",
    "\"collective\"",
    "\"NRT_TIMEOUT\"",
    "{ min = 1, max = 9 }",
    "{ min = \"1ms\", max = \"9ms\" }",
    "[]",
    "{ late = \"1ms\" }",
];

fn look(text: &str) -> Result<(), String> {
    let told = |rule: &Rule| {
        let sentence = rule.to_string();
        let is_good = sentence.ends_with('.') && !sentence.contains("  ") && !rule.name.is_empty();
        if is_good { Ok(()) } else { Err(format!("{rule:?}: {sentence}")) }
    };
    if let Ok(rule) = Rule::parse(text) {
        told(&rule)?;
    }
    match Plan::parse(text) {
        Ok(plan) => plan.rules.iter().try_for_each(told),
        Err(error) => {
            let lines = error.to_string().lines().count();
            let is_good = lines == error.problems.len() && lines > 0;
            if is_good { Ok(()) } else { Err(format!("{error}")) }
        }
    }
}

fn entry() -> impl Strategy<Value = String> {
    (select(&KEYS[..]), select(&VALUES[..])).prop_map(|((key, _), value)| format!("{key} = {value}\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>(), braces in any::<bool>()) {
        let text = if braces { format!("{{{text}}}") } else { text };
        look(&text).map_err(proptest::test_runner::TestCaseError::fail)?;
    }

    #[test]
    fn no_mutation_of_a_plan_makes_the_reader_panic(
        edits in vec((any::<Index>(), 0_usize..4, prop_oneof![any::<u8>(), Just(b'\n'), Just(b'"')]), 1..6),
    ) {
        let mut bytes = PLAN.as_bytes().to_vec();
        for (at, removed, byte) in edits {
            let at = at.index(bytes.len());
            let end = bytes.len().min(at + removed);
            bytes.splice(at..end, [byte]);
        }
        look(&String::from_utf8_lossy(&bytes)).map_err(proptest::test_runner::TestCaseError::fail)?;
    }

    #[test]
    fn no_combination_of_keys_makes_the_reader_panic(rules in vec(vec(entry(), 1..5), 1..4)) {
        let text: String = rules.iter().map(|entries| format!("[[rule]]\n{}", entries.concat())).collect();
        look(&text).map_err(proptest::test_runner::TestCaseError::fail)?;
    }
}

#[test]
fn nesting_without_end_is_an_error() {
    for text in ["[".repeat(100_000), "{a=".repeat(100_000), "a.".repeat(100_000)] {
        assert!(Plan::parse(&text).is_err() && Rule::parse(&text).is_err());
    }
}

#[test]
fn names_differ_within_a_plan() {
    let rule = "[[rule]]\nnth = 3\nstatus = 5\n";
    let plan = Plan::parse(&rule.repeat(200)).expect("valid");
    let mut names: Vec<&str> = plan.rules.iter().map(|rule| rule.name.as_str()).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] < pair[1]));
}
