//! The report for people.

use std::fmt::Write;

use super::Report;
use super::checklist::Verdict;
use super::plan::Purpose;

/// The report as text.
pub(super) fn text(report: &Report) -> String {
    let mut text = String::new();
    let Report { program, lines, runs, before } = report;
    let _ = writeln!(text, "{}\n", program.join(" "));
    for line in lines {
        let run = line.run.as_ref().map_or_else(String::new, |run| format!(" [{run}]"));
        let _ = writeln!(text, "{:<8} {}{run}", line.verdict.name(), line.claim);
        let _ = writeln!(text, "         {}", line.evidence);
        if line.verdict == Verdict::Fail {
            let _ = writeln!(text, "         {}", line.fix);
        }
    }
    let _ = writeln!(text, "\nruns");
    for done in runs.iter().chain(before) {
        let left = match done.ended.left {
            0 => String::new(),
            count => format!("; {count} processes it had started were stopped"),
        };
        let (name, exit) = (&done.run.name, done.ended.exit.sentence());
        let _ = writeln!(text, "  {name:<20} {exit}, {} requests{left}{}", done.story.accepted(), saw(done));
    }
    let shown =
        lines.iter().filter(|line| line.verdict == Verdict::Fail).filter_map(|line| line.run.as_ref());
    let mut shown: Vec<_> =
        runs.iter().filter(|done| shown.clone().any(|name| *name == done.run.name)).collect();
    shown.dedup_by_key(|done| &done.run.name);
    if !shown.is_empty() {
        let _ = writeln!(text, "\nto see one again");
        for done in shown {
            let _ = writeln!(
                text,
                "  {:<20} nrt-sim run {} -- {}",
                done.run.name,
                done.run.flags(),
                program.join(" ")
            );
        }
    }
    text
}

/// What stands out about a run in which nothing was done with the device.
fn saw(done: &super::Done) -> &'static str {
    let story = &done.story;
    match (story.processes, story.sessions.len(), story.is_open()) {
        (0, ..) => "; the library was never loaded",
        (_, 0, _) => "; nrt_init was never called",
        (_, _, false) => "; nrt_init failed",
        _ if done.run.purpose == Purpose::Before
            && !story.sessions.iter().any(|session| session.is_implicit) =>
        {
            "; implicit mode was not on"
        }
        _ => "",
    }
}
