//! What rules of one plan do to each other.

use sim_core::fault::Plan;

use crate::assert_refused;

/// A plan of rules, each written as the inside of an inline table on a line of its own.
fn plan(rules: &[&str]) -> String {
    let lines: Vec<String> = rules.iter().map(|rule| format!("{{ {rule} }},\n")).collect();
    format!("rule = [\n{}]", lines.concat())
}

#[test]
fn names_are_given_once() {
    let text = plan(&[r#"name = "a", nth = 1, status = 5"#, r#"name = "a", nth = 2, status = 5"#]);
    assert_refused(&text, "line 3: rule \"a\": rule 1 has the same name", "give each its own");
}

#[test]
fn a_rule_waits_for_another_that_can_strike() {
    let other = r#"name = "other", nth = 1, status = 1003"#;
    for (rule, said) in [
        (r#"until = "otter", flip = 1"#, "until = \"otter\" is no rule; did you mean \"other\"?"),
        (r#"name = "me", until = "me", flip = 1"#, "until = \"me\" is the rule itself; write times = 1"),
        (
            r#"until = "other", full = true"#,
            "until = \"other\" is asked by the unit, and this rule by who submits; name a rule",
        ),
        (r#"until = "other", place = "load", status = 4"#, "and this rule by calls without a queue"),
        (r#"until = "core 1", core = 0, flip = 1"#, "never strikes on a queue of this rule"),
        (r#"until = "core 1", unit = "compute", flip = 1"#, "never strikes on a queue of this rule"),
    ] {
        let one = r#"name = "core 1", core = 1, unit = "tensor-op", nth = 1, status = 1003"#;
        assert_refused(&plan(&[other, one, rule]), "line 4: rule ", said);
    }
    for rule in [
        r#"until = "other", flip = 1"#,
        r#"until = "other", slow = 2.0"#,
        r#"until = "other", place = "collective", status = 1200"#,
        r#"until = "last", flip = 1"#,
        r#"until = "NRT_TIMEOUT at finish, nth 7", flip = 1"#,
    ] {
        let last = r#"name = "last", nth = 9, status = 1003"#;
        let text = plan(&[other, rule, last, "nth = 7, status = 5"]);
        assert!(Plan::parse(&text).is_ok(), "{rule}: {:?}", Plan::parse(&text));
    }
    let lost = plan(&[r#"name = "lost", status = 8"#, r#"until = "lost", flip = 1"#]);
    assert_refused(&lost, "line 2: rule \"lost\": status = 8", "");
}

/// Whether the second rule is found to be hidden by the first.
fn is_hidden(first: &str, second: &str) -> bool {
    match Plan::parse(&plan(&[first, second])) {
        Ok(_) => false,
        Err(error) => {
            let error = error.to_string();
            let said =
                "line 3: rule 2: it is never asked, because rule 1 before it always strikes; exchange them";
            assert!(error.starts_with(said) && !error.contains('\n'), "{first}; {second}: {error}");
            true
        }
    }
}

#[test]
fn a_rule_that_always_strikes_hides_those_after_it() {
    for (first, second) in [
        ("status = 5", "nth = 3, flip = 1"),
        ("status = 5", "place = \"collective\", never = true"),
        ("never = true", "nan = 1"),
        ("status = 5, core = 0", "status = 6, core = 0, queue = 0"),
        ("status = 5, unit = \"compute\"", "status = 6, model = \"m\""),
        ("status = 5, unit = \"compute\", queue = 0", "nan = 1"),
        ("nan = 1", "status = 1003, operation = \"execute\""),
        ("slow = 2.0", "hang = true"),
        ("slow = 2.0", "place = \"start\", status = 1, nth = 1"),
        ("status = 5, model = \"m*\"", "status = 6, model = \"mlp\""),
        ("status = 5, tensor = \"w?\"", "status = 6, tensor = \"w1\""),
        ("status = 5, size = { min = 4 }", "status = 6, size = { min = 8, max = 16 }"),
        ("place = \"tensor-read\", flip = 1", "place = \"tensor-read\", torn = true, nth = 2"),
        ("status = 5", "place = \"tensor-read\", unit = \"tensor-op\", flip = 1"),
        ("status = 5, every = 1, after = 0, probability = 1.0", "status = 6"),
        ("full = { capacity = 0 }", "place = \"submit\", status = 4"),
        ("place = \"load\", status = 4", "place = \"load\", status = 10, model = \"m\""),
        ("core-busy = true", "place = \"init\", status = 4"),
        ("signal = \"twice\"", "signal = \"spurious\", core = 0"),
    ] {
        assert!(is_hidden(first, second), "{first}; {second}");
    }
}

#[test]
fn a_rule_that_can_let_something_pass_hides_none() {
    for (first, second) in [
        ("status = 5, nth = 1", "status = 6"),
        ("status = 5, after = 1", "status = 6"),
        ("status = 5, first = 1", "status = 6"),
        ("status = 5, every = 2", "status = 6"),
        ("status = 5, sequence = 1", "status = 6"),
        ("status = 5, at = \"1ms\"", "status = 6"),
        ("status = 5, probability = 0.5", "status = 6"),
        ("status = 5, times = 1", "status = 6"),
        ("status = 5, lifetime = \"1s\"", "status = 6"),
        ("status = 5, core = 0", "status = 6"),
        ("status = 5, core = 0", "status = 6, core = 1"),
        ("status = 5, rank = 0", "status = 6"),
        ("status = 5, unit = \"compute\"", "status = 6, operation = \"read\""),
        ("status = 5, unit = \"tensor-op\"", "status = 6, operation = \"read\""),
        ("status = 5, queue = 0", "status = 6"),
        ("status = 5, queue = 0", "status = 6, unit = \"tensor-op\""),
        ("status = 5, model = \"a*\"", "status = 6, model = \"b\""),
        ("status = 5, size = { min = 4 }", "status = 6, size = { min = 2, max = 16 }"),
        ("nan = 1", "status = 1003"),
        ("place = \"collective\", flip = 1", "flip = 2"),
        ("status = 5", "slow = 2.0"),
        ("status = 5", "place = \"tensor-read\", flip = 1"),
        ("full = true", "place = \"submit\", status = 4"),
        ("full = { capacity = 2 }", "place = \"submit\", status = 4"),
        ("place = \"submit\", status = 4, depth = 2", "full = true"),
        ("place = \"allocate\", status = 4", "place = \"load\", status = 4"),
    ] {
        assert!(!is_hidden(first, second), "{first}; {second}");
    }
}
