use std::collections::BTreeMap;
use std::fmt::Write;

use super::{RuleReport, RunReport};
use crate::verdict::Verdict;

/// A table by group, what went wrong with its reproducers, and a last line that says it all.
#[must_use]
pub fn table(run: &RunReport) -> String {
    let mut text = String::new();
    let bad: Vec<&RuleReport> = run.rules.iter().filter(|rule| rule.verdict.is_bad()).collect();
    // One library that does not begin blocks all rules alike; saying it once is enough.
    let trouble = run.trouble.as_deref().unwrap_or_default();
    let same = |rule: &&&RuleReport| rule.finding.is_none() && rule.verdict.why() == trouble;
    for rule in bad.iter().filter(|rule| !same(rule)) {
        describe(&mut text, rule);
    }
    if !trouble.is_empty() {
        let blocked = bad.iter().filter(same).count();
        let _ =
            writeln!(text, "the library does not begin: {trouble}; {blocked} rules could not be looked at\n");
    }
    let version = run.version.as_deref().unwrap_or("unknown");
    let _ = writeln!(text, "{}: version {version}, judged as SDK {}", run.library.display(), run.sdk);
    let _ = writeln!(
        text,
        "{:12} {:>7} {:>7} {:>15} {:>10}",
        "group", "passed", "failed", "not applicable", "undecided"
    );
    let mut groups: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    let mut all = [0; 4];
    for rule in &run.rules {
        let group = rule.id.split('-').nth(1).unwrap_or(&rule.id);
        let column = match rule.verdict {
            Verdict::Passed => 0,
            Verdict::Failed(_) | Verdict::Blocked(_) => 1,
            Verdict::NotApplicable(_) => 2,
            Verdict::Undecided(_) | Verdict::Exhausted => 3,
        };
        groups.entry(group).or_default()[column] += 1;
        all[column] += 1;
    }
    for (group, counts) in groups.into_iter().chain([("all", all)]) {
        let [passed, failed, not_applicable, undecided] = counts;
        let _ = writeln!(text, "{group:12} {passed:>7} {failed:>7} {not_applicable:>15} {undecided:>10}");
    }
    for rule in &run.rules {
        if let Verdict::Undecided(why) = &rule.verdict {
            let _ = writeln!(text, "undecided: {}: {why}", rule.id);
        }
    }
    let looked: u64 = run.rules.iter().map(|rule| rule.looked).sum();
    let _ = writeln!(
        text,
        "{} cases in {:.1} s, {:.0} cases/s, {looked} observations, seed {}",
        run.cases, run.seconds, run.cases_per_second, run.seed
    );
    if run.interrupted {
        text.push_str("interrupted: not all cases were run\n");
    }
    let _ = match (run.held(), bad.len()) {
        (true, _) => writeln!(text, "every applicable rule held"),
        (false, 0) if run.interrupted => Ok(()),
        (false, 0) => writeln!(text, "nothing could be checked"),
        (false, 1) => writeln!(text, "1 rule did not hold"),
        (false, count) => writeln!(text, "{count} rules did not hold"),
    };
    text
}

fn describe(text: &mut String, rule: &RuleReport) {
    let _ = writeln!(text, "{} {}: {}", rule.verdict, rule.id, rule.says);
    let _ = writeln!(text, "  source: {}, {}", rule.source, rule.place);
    let Some(finding) = &rule.finding else {
        let _ = writeln!(text, "  {}\n", rule.verdict.why());
        return;
    };
    let _ = writeln!(text, "  seen: {}", finding.what);
    for line in finding.output.lines().rev().take(3).collect::<Vec<_>>().into_iter().rev() {
        let _ = writeln!(text, "  library: {line}");
    }
    let _ = writeln!(text, "  again: {}", finding.replay);
    if let Some(program) = &finding.program {
        let _ = match &finding.confirmed {
            Ok(()) => writeln!(text, "  a program that fails in the same way, compiled and run:"),
            Err(why) => writeln!(text, "  as a program ({why}):"),
        };
        for line in program.lines() {
            let _ = writeln!(text, "    {line}");
        }
    }
    text.push('\n');
}
