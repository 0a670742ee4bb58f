//! The catalogue in the documentation is the one in the program.
//!
//! `UPDATE_CATALOGUE=1 cargo test -p nrt-conformance --test catalogue` writes it anew.

use std::fs;
use std::path::Path;

use nrt_conformance::report::catalogue;
use nrt_conformance::rules;

const MARKS: [&str; 2] = ["<!-- rules: begin -->\n", "<!-- rules: end -->"];

#[test]
fn the_documentation_has_every_rule() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/conformance.md");
    let page = fs::read_to_string(&path).expect("the page is there");
    let (before, rest) = page.split_once(MARKS[0]).expect("the catalogue begins");
    let (_, after) = rest.split_once(MARKS[1]).expect("the catalogue ends");
    let wanted = [before, MARKS[0], &catalogue(rules::all()), "\n", MARKS[1], after].concat();
    if std::env::var_os("UPDATE_CATALOGUE").is_some() {
        fs::write(&path, wanted).expect("the page is ours");
    } else {
        assert!(page == wanted, "docs/conformance.md is out of date: run with UPDATE_CATALOGUE=1");
    }
}

#[test]
fn there_are_enough_rules_to_speak_of_a_contract() {
    assert!(rules::all().len() >= 120, "{} rules", rules::all().len());
}
