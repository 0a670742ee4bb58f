//! `docs/control.md` tells of all commands and functions, and of no others.

use std::collections::BTreeSet;
use std::fs;

use nrt_tests::build;
use sim_models::command::Command;

use super::steered::Stage;

fn page() -> String {
    fs::read_to_string(build::root().join("docs/control.md")).expect("the page is there")
}

/// What begins with `nrt_sim_` in `text`.
fn functions(text: &str) -> BTreeSet<&str> {
    let words = text.split(|char: char| !char.is_ascii_alphanumeric() && char != '_');
    words.filter(|word| word.starts_with("nrt_sim_") && !word.ends_with("_t")).collect()
}

#[test]
fn every_function_of_the_header_is_exported_and_told() {
    let header = fs::read_to_string(build::root().join("include/nrt_sim/nrt_sim.h")).expect("it is there");
    let declared: Vec<&str> = header.lines().filter(|line| line.starts_with("NRT_STATUS nrt_sim_")).collect();
    let declared = declared.join("\n");
    let symbols = fs::read_to_string(build::root().join("docs/symbols.txt")).expect("it is there");
    let exported: BTreeSet<&str> =
        symbols.lines().filter_map(|line| line.strip_suffix("@@NRT_SIM_1.0")).collect();
    let names: BTreeSet<&str> =
        functions(&declared).into_iter().filter(|name| declared.contains(&format!(" {name}("))).collect();
    assert_eq!(names, exported);
    assert_eq!(functions(&page()), exported, "docs/control.md");
}

#[test]
fn every_line_of_the_protocol_is_a_command_and_every_command_has_one() {
    let page = page();
    let lines: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("    {")).collect();
    let mut kinds = BTreeSet::new();
    for line in lines {
        let command: Command = serde_json::from_str(&format!("{{{line}")).expect(line);
        let json = serde_json::to_value(command).expect("a value");
        kinds.insert(json["do"].as_str().expect("text").to_owned());
    }
    // The error of serde lists what there is.
    let error = serde_json::from_str::<Command>(r#"{"do":"fly"}"#).expect_err("none").to_string();
    let known: BTreeSet<String> = error.split('`').skip(3).step_by(2).map(str::to_owned).collect();
    assert_eq!(kinds, known);
}

#[test]
fn every_command_of_the_table_is_one_of_nrt_sim_ctl() {
    let page = page();
    let table = page.split_once("| command |").expect("a table of commands").1;
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let told: BTreeSet<&str> = rows.filter_map(|row| row.split(['`', ' ']).nth(2)).collect();
    let help = Stage::new().ctl(&["--help"]);
    let listed = help.split_once("Commands:\n").expect("a list").1;
    let listed = listed.lines().take_while(|line| !line.is_empty() && !line.trim().is_empty());
    // Longer descriptions go on in lines that are further in.
    let names = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let known: BTreeSet<&str> = names.filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(told, known.into_iter().filter(|name| *name != "help").collect());
}
