use std::fmt::Write;

use crate::abi::Sdk;
use crate::rule::Rule;

/// The rules as Markdown, a table for each group.
#[must_use]
pub fn catalogue(rules: &[Rule]) -> String {
    let mut text = String::new();
    for group in rules.chunk_by(|a, b| a.group() == b.group()) {
        let _ = writeln!(text, "\n### {}\n", group[0].group());
        text.push_str("| rule | says | source | SDKs |\n|---|---|---|---|\n");
        for rule in group {
            let place = rule.place.replace('|', "\\|");
            let _ = writeln!(
                text,
                "| {} | {} | {}: {place} | {} |",
                rule.id,
                rule.says.replace('|', "\\|"),
                rule.source,
                releases(rule.sdks)
            );
        }
    }
    text
}

fn releases((first, last): (Sdk, Sdk)) -> String {
    let [oldest, newest] = [Sdk::ALL[0], Sdk::ALL[Sdk::ALL.len() - 1]];
    match (first == oldest, last == newest) {
        (true, true) => "all".to_owned(),
        (false, true) => format!("from {first}"),
        (true, false) => format!("to {last}"),
        (false, false) => format!("{first} to {last}"),
    }
}
