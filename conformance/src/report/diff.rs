use std::collections::BTreeMap;
use std::fmt::Write;

use super::{RuleReport, RunReport};

/// What differs between two runs, and whether anything does: rules that ended differently, and rules that only
/// one of them knew.
#[must_use]
pub fn diff(first: &RunReport, second: &RunReport) -> (String, bool) {
    let mut text = String::new();
    for (name, run) in [("A", first), ("B", second)] {
        let version = run.version.as_deref().unwrap_or("unknown");
        let _ = writeln!(text, "{name}: {}, version {version}, SDK {}", run.library.display(), run.sdk);
    }
    let mut pairs: BTreeMap<&str, [Option<&RuleReport>; 2]> = BTreeMap::new();
    for (side, run) in [first, second].into_iter().enumerate() {
        for rule in &run.rules {
            pairs.entry(&rule.id).or_default()[side] = Some(rule);
        }
    }
    let mut count = 0;
    for (id, sides) in pairs {
        let ends = sides.map(|side| side.map_or("absent".to_owned(), |rule| rule.verdict.to_string()));
        if ends[0] == ends[1] {
            continue;
        }
        count += 1;
        let says = sides.iter().flatten().next().map_or("", |rule| rule.says.as_str());
        let _ = writeln!(text, "{id}: A {}, B {}: {says}", ends[0], ends[1]);
        for (name, side) in ["A", "B"].into_iter().zip(sides) {
            let why = side.map_or("", |rule| rule.verdict.why());
            if !why.is_empty() {
                let _ = writeln!(text, "  {name}: {why}");
            }
        }
    }
    let _ = match count {
        0 => writeln!(text, "both ended alike in every rule"),
        1 => writeln!(text, "1 rule ended differently"),
        count => writeln!(text, "{count} rules ended differently"),
    };
    (text, count > 0)
}
