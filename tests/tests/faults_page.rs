//! `docs/faults.md` tells what plans can say: each word of it is one, and each that there is stands in it.

use std::process::Command;

use nrt_tests::build;
use sim_core::fault::{KEYS, Operation, Place, Plan, Rule};
use sim_core::seq::UnitKind;

fn page() -> String {
    std::fs::read_to_string(build::root().join("docs/faults.md")).expect("the page is there")
}

/// What stands between backticks.
fn words(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The first column of the table whose heading begins so.
fn column<'a>(page: &'a str, heading: &str) -> Vec<&'a str> {
    let table =
        page.split_once(&format!("| {heading} |")).unwrap_or_else(|| panic!("no table of {heading}")).1;
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.split('|').nth(1).expect("a column").trim()).collect()
}

#[test]
fn every_key_place_unit_and_operation_is_told() {
    let page = page();
    let told = words(&page);
    let has = |word: &str| told.iter().any(|told| *told == word || told.starts_with(&format!("{word} = ")));
    let keys = KEYS.iter().map(|(key, _)| *key).filter(|key| !["name", "place"].contains(key));
    let names = Place::ALL.iter().map(|place| place.name());
    let names = names
        .chain(UnitKind::ALL.iter().map(|kind| kind.name()))
        .chain(Operation::ALL.iter().map(|one| one.name()));
    let missing: Vec<&str> = keys.chain(names).filter(|word| !has(word)).collect();
    assert!(missing.is_empty(), "docs/faults.md does not tell of {missing:?}");
}

#[test]
fn every_trigger_and_verdict_that_is_told_can_be_written() {
    let page = page();
    let triggers =
        column(&page, "trigger").into_iter().map(|cell| (cell, "\nstatus = 4\nplace = \"submit\""));
    let verdicts = column(&page, "verdict").into_iter().map(|cell| (cell, ""));
    let mut read = 0;
    for (cell, rest) in triggers.chain(verdicts) {
        // `full = true`, `{ attempts = 3 }` gives two: the second is another value of the same key.
        let mut key = "";
        for form in words(cell) {
            let text = match form.split_once(" = ").filter(|_| !form.starts_with(['{', '"'])) {
                Some((name, _)) => {
                    key = name;
                    form.to_owned()
                }
                None => format!("{key} = {form}"),
            };
            let other = if key == "until" {
                "\n[[rule]]\nname = \"other\"\nplace = \"submit\"\nnth = 1\nstatus = 4"
            } else {
                ""
            };
            let plan = format!("[[rule]]\n{text}{rest}{other}");
            assert!(Plan::parse(&plan).is_ok(), "{plan}\n{}", Plan::parse(&plan).expect_err("as said"));
            read += 1;
        }
    }
    assert!(read >= 25, "only {read} forms were found");
}

#[test]
fn the_first_example_says_what_the_page_says_it_says() {
    let page = page();
    let example = page.split_once("    [[rule]]").expect("an example").1;
    let lines = example.lines().take_while(|line| line.is_empty() || line.starts_with("    "));
    let rule: String = lines.map(|line| format!("{}\n", line.trim())).collect();
    let parsed = Rule::parse(&rule).expect("valid");
    let sentence = format!("1. {}: {parsed}", parsed.name);
    assert!(page.contains(&sentence), "{sentence}");
    let mut check = Command::new(build::products().join("nrt-sim"));
    let checked =
        check.args(["faults", "check", &format!("[[rule]]\n{rule}")]).output().expect("nrt-sim is built");
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(checked.status.success() && said.contains(&sentence), "{said}");
}
