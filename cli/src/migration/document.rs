//! The report for programs: one JSON object.

use anyhow::Result;
use serde::Serialize;

use super::attempt::Exit;
use super::checklist::Line;
use super::{Done, Report};
use sim_check::record::Record;

#[derive(Serialize)]
struct Document<'a> {
    program: &'a [String],
    checklist: &'a [Line],
    runs: Vec<Told<'a>>,
}

#[derive(Serialize)]
struct Told<'a> {
    name: &'a str,
    /// What `nrt-sim run` is given to repeat it.
    flags: String,
    exit: &'a Exit,
    took_ms: u128,
    processes_left: usize,
    inits: usize,
    requests: usize,
    queue_full: u64,
    faults_fired: u64,
    reads: usize,
    findings: &'a [Record],
}

/// The report as JSON.
pub(super) fn document(report: &Report) -> Result<String> {
    let Report { program, lines, runs, before } = report;
    let runs = runs.iter().chain(before).map(told).collect();
    let mut text = serde_json::to_string_pretty(&Document { program, checklist: lines, runs })?;
    text.push('\n');
    Ok(text)
}

fn told(done: &Done) -> Told<'_> {
    let Done { run, ended, story } = done;
    Told {
        name: &run.name,
        flags: run.flags(),
        exit: &ended.exit,
        took_ms: ended.took.as_millis(),
        processes_left: ended.left,
        inits: story.sessions.len(),
        requests: story.accepted(),
        queue_full: story.refused(7),
        faults_fired: story.fired,
        reads: story.reads().len(),
        findings: &story.findings,
    }
}
