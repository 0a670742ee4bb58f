//! The guide's checklist: what the runs show about each line of it.

mod reaction;
mod sameness;

use std::collections::BTreeMap;

use serde::Serialize;
use sim_core::seq::UnitId;
use sim_core::status::Status;
use sim_models::trail::Means;

use super::Done;
use super::plan::Purpose;
use crate::lint::VARIABLE;
use sim_check::kind::Class;
use sim_check::record::Record;

/// What is known about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Verdict {
    Pass,
    Fail,
    /// The runs do not show it.
    Unknown,
}

impl Verdict {
    pub(super) fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "PASS",
            Verdict::Fail => "FAIL",
            Verdict::Unknown => "UNKNOWN",
        }
    }
}

/// A line of the checklist.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Line {
    /// What it is called, for programs; never changes.
    pub(super) id: &'static str,
    /// What is to be true.
    pub(super) claim: &'static str,
    pub(super) verdict: Verdict,
    /// What was seen.
    pub(super) evidence: String,
    /// The run that shows it, where one does.
    pub(super) run: Option<String>,
    /// What to do if it has failed.
    pub(super) fix: &'static str,
}

/// What is known about a line, before it is put on the list: verdict, evidence, run.
type Known = (Verdict, String, Option<String>);

/// All that was learned.
pub(super) struct Evidence<'a> {
    /// The runs of the program, the plain one first.
    pub(super) runs: &'a [Done],
    /// The run of the program before its migration, if that was asked for.
    pub(super) before: Option<&'a Done>,
    /// The value of the variable in our own environment.
    pub(super) inherited: Option<String>,
}

fn pass(evidence: impl Into<String>) -> Known {
    (Verdict::Pass, evidence.into(), None)
}

fn fail(evidence: impl Into<String>, run: &Done) -> Known {
    (Verdict::Fail, evidence.into(), Some(run.run.name.clone()))
}

fn unknown(evidence: impl Into<String>) -> Known {
    (Verdict::Unknown, evidence.into(), None)
}

impl Evidence<'_> {
    /// The checklist.
    pub(super) fn lines(&self) -> Vec<Line> {
        let line =
            |id, claim, fix, (verdict, evidence, run): Known| Line { id, claim, verdict, evidence, run, fix };
        let mut lines = vec![
            line("variable-unset", "the variable of implicit mode is unset", FIX_VARIABLE, self.variable()),
            line("explicit-only", "only the explicit API runs models", FIX_EXPLICIT, self.explicit()),
            line("schedule", "schedule calls succeed, sequence numbers rise", FIX_SCHEDULE, self.schedule()),
            line(
                "completion",
                "the completion of every request is tracked",
                FIX_COMPLETION,
                self.completion(),
            ),
            line("data", "data is used only after completion", FIX_DATA, self.found(&DATA)),
            line(
                "lifetime",
                "what a request needs stays until its completion",
                FIX_LIFETIME,
                self.found(&LIFETIME),
            ),
            line(
                "status",
                "the status of each request is acted on",
                FIX_STATUS,
                self.reaction(Purpose::Failing),
            ),
            line("backpressure", "a full queue is waited for", FIX_FULL, self.backpressure()),
            line("dead-unit", "a lost execution unit ends the work", FIX_DEAD, self.reaction(Purpose::Dead)),
            line("ends", "every run ends by itself", FIX_ENDS, self.ends()),
            line("order", "outputs are the same in every legal order", FIX_ORDER, self.same_in_all_orders()),
        ];
        if let Some(before) = self.before {
            lines.push(line(
                "before",
                "outputs are those of the implicit version",
                FIX_BEFORE,
                self.same_as(before),
            ));
        }
        lines
    }

    fn plain(&self) -> &Done {
        &self.runs[0]
    }

    fn of(&self, purpose: Purpose) -> impl Iterator<Item = &Done> {
        self.runs.iter().filter(move |done| done.run.purpose == purpose)
    }

    /// Runs in which nothing was made to fail.
    fn clean(&self) -> impl Iterator<Item = &Done> {
        self.runs.iter().filter(|done| matches!(done.run.purpose, Purpose::Plain | Purpose::Order))
    }

    /// The first finding of one of `kinds` in `runs`.
    fn first<'a>(
        &self,
        runs: impl Iterator<Item = &'a Done>,
        is_meant: impl Fn(&Record) -> bool,
    ) -> Option<(&'a Done, &'a Record)> {
        runs.into_iter()
            .find_map(|done| Some((done, done.story.findings.iter().find(|finding| is_meant(finding))?)))
    }

    fn variable(&self) -> Known {
        if let Some(value) = &self.inherited {
            let said = format!("{VARIABLE}={value} is in the environment in which nrt-sim was started");
            return (Verdict::Fail, said, None);
        }
        let mut inits = 0;
        for done in self.runs {
            for session in &done.story.sessions {
                inits += 1;
                if let Some(value) = &session.variable {
                    let said =
                        format!("the program, or what starts it, has set {VARIABLE}={value} before nrt_init");
                    return fail(said, done);
                }
            }
        }
        match inits {
            0 => unknown("not in the environment; no run came to nrt_init"),
            _ => pass(format!("not in the environment, and not set at nrt_init, {inits} times looked at")),
        }
    }

    fn explicit(&self) -> Known {
        let runs = |done: &&Done| done.story.sessions.iter().map(|session| session.runs).sum::<u64>();
        if let Some(done) = self.runs.iter().find(|done| runs(done) > 0) {
            return fail(format!("nrt_execute was called {} times", runs(&done)), done);
        }
        match self.plain().story.accepted() {
            0 => unknown("neither nrt_execute nor a schedule call was seen"),
            count => pass(format!("{count} requests by the explicit API, nrt_execute never called")),
        }
    }

    fn schedule(&self) -> Known {
        for done in self.clean() {
            for session in &done.story.sessions {
                if let Some((call, status, _)) =
                    session.refused.iter().find(|(_, status, _)| *status != QUEUE_FULL)
                {
                    return fail(
                        format!("{call} answered {} with no fault injected", status_name(*status)),
                        done,
                    );
                }
                for (unit, queue) in &session.queues {
                    // Nothing is told of what was cut off; the first number is 1, and each is one more.
                    let gap =
                        queue.keys().zip(1..).find(|(num, expected)| **num != *expected && !session.is_cut);
                    if let Some((num, expected)) = gap {
                        let unit = place(*unit);
                        return fail(
                            format!("{unit}: number {num} came where {expected} was expected"),
                            done,
                        );
                    }
                }
            }
        }
        let Some(busiest) = self.plain().story.requests().last() else {
            return unknown("no schedule call was seen");
        };
        let (unit, num, _) = busiest;
        let count = self.plain().story.accepted();
        let full = self.plain().story.refused(QUEUE_FULL);
        let full = if full > 0 { format!(", {full} times NRT_QUEUE_FULL before") } else { String::new() };
        pass(format!("{count} accepted{full}; numbers 1 to {num} on {}", place(unit)))
    }

    fn completion(&self) -> Known {
        let mut means: BTreeMap<Means, usize> = BTreeMap::new();
        for done in self.clean() {
            let mut unseen = done.story.requests().filter(|(.., request)| request.seen.is_none());
            let stopped =
                !done.ended.exit.is_orderly() || done.story.sessions.iter().any(|session| session.is_cut);
            if let Some((unit, num, _)) = unseen.next().filter(|_| !stopped) {
                let count = unseen.count() + 1;
                let said = format!(
                    "nobody asked for the completion of {count} requests, the first number {num} on {}",
                    place(unit)
                );
                return fail(said, done);
            }
        }
        if let Some((done, finding)) =
            self.first(self.clean(), |finding| COMPLETION.contains(&&*finding.kind))
        {
            return fail(told(finding), done);
        }
        for (.., request) in self.plain().story.requests() {
            request.seen.iter().for_each(|(by, _)| *means.entry(*by).or_default() += 1);
        }
        if means.is_empty() {
            return unknown("no request was seen");
        }
        if !self.plain().ended.exit.is_orderly() {
            return unknown("the program did not come to its end");
        }
        let words: Vec<String> =
            means.iter().map(|(by, count)| format!("{count} by {}", means_name(*by))).collect();
        pass(words.join(", "))
    }

    /// A line that only the checker can answer.
    fn found(&self, kinds: &[&str]) -> Known {
        let is_meant = |finding: &Record| {
            finding.class == Class::Error && kinds.iter().any(|kind| finding.kind.starts_with(kind))
        };
        if let Some((done, finding)) = self.first(self.runs.iter(), is_meant) {
            return fail(told(finding), done);
        }
        match self.plain().story.accepted() {
            0 => unknown("no request was seen"),
            _ if !self.plain().ended.exit.is_orderly() => unknown("the program did not come to its end"),
            _ => pass(format!("no finding of the checker in {} runs", self.runs.len())),
        }
    }

    fn ends(&self) -> Known {
        if let Some(done) = self.runs.iter().find(|done| !done.ended.exit.is_orderly()) {
            return fail(done.ended.exit.sentence(), done);
        }
        if let Some(done) = self.clean().find(|done| done.ended.exit != self.plain().ended.exit) {
            let (this, plain) = (done.ended.exit.sentence(), self.plain().ended.exit.sentence());
            return fail(format!("{this}, with no fault injected; alone it has {plain}"), done);
        }
        if !self.plain().story.is_open() {
            return unknown(format!("{} runs ended, and none initialised the runtime", self.runs.len()));
        }
        let longest = self.runs.iter().map(|done| done.ended.took).max().unwrap_or_default();
        pass(format!("{} runs, the longest {:.1} s", self.runs.len(), longest.as_secs_f64()))
    }
}

/// The status of a full queue.
const QUEUE_FULL: u32 = 7;

const DATA: [&str; 3] = ["SIM-HOST-", "SIM-QUEUE-", "SIM-BUFFER-"];
const LIFETIME: [&str; 8] = [
    "SIM-STATUS-SHARED",
    "SIM-STATUS-CHANGED",
    "SIM-STATUS-SCOPE",
    "SIM-STATUS-FREED",
    "SIM-TENSOR-",
    "SIM-SET-",
    "SIM-MODEL-",
    "SIM-EVENT-",
];
const COMPLETION: [&str; 6] = [
    "SIM-STATUS-UNSEEN",
    "SIM-SEQ-UNISSUED",
    "SIM-SEQ-FOREIGN",
    "SIM-SEQ-ZERO",
    "SIM-SEQ-OTHER-UNIT",
    "SIM-ORDER-BY-DEPTH",
];

const FIX_VARIABLE: &str = "guide, step 1: unset it; `nrt-sim lint` finds where it is set";
const FIX_EXPLICIT: &str = "guide, step 2: replace nrt_execute with nrta_execute_schedule";
const FIX_SCHEDULE: &str = "guide, step 2: look at what each schedule call returns";
const FIX_COMPLETION: &str =
    "guide, step 3: ask for each request, or for the last of its queue, by polling or by an eventfd";
const FIX_DATA: &str =
    "guide, step 3: confirm the completion of a request before its tensors and buffers are read or written";
const FIX_LIFETIME: &str =
    "guide, steps 2 and 3: keep status, buffers, tensors and eventfd until the completion is confirmed";
const FIX_STATUS: &str =
    "guide, step 4: look at the status of each request after its completion, and at no other time";
const FIX_FULL: &str =
    "guide, step 5: on NRT_QUEUE_FULL wait for a completion, then submit the same request again";
const FIX_DEAD: &str =
    "guide, step 4: after a fatal status stop submitting, and end or initialise the runtime anew";
const FIX_ENDS: &str = "repeat that run with its command, below, and look what the program waits for";
const FIX_ORDER: &str = "guide, step 3: something is used that is not confirmed; the seed repeats the order";
const FIX_BEFORE: &str = "guide, step 3: what implicit mode waited for by itself must be waited for now";

/// A queue in words.
fn place(unit: UnitId) -> String {
    format!("{} queue {} of core {}", unit.kind.name(), unit.queue, unit.core)
}

fn means_name(by: Means) -> &'static str {
    match by {
        Means::Polling => "polling",
        Means::Sequence => "sequence number",
        Means::Event => "event",
        Means::Blocking => "a blocking call",
    }
}

/// A finding in a sentence, with where in the program it is.
fn told(finding: &Record) -> String {
    let sides = [&finding.second, &finding.first].into_iter().flatten();
    let frames = sides.flat_map(|side| &side.stack);
    let place =
        frames.filter_map(|frame| Some((frame.file.as_deref()?, frame.line?, &frame.function))).next();
    let place = place.map_or_else(String::new, |(file, line, function)| {
        let file = file.rsplit('/').next().unwrap_or(file);
        format!(", in {function} ({file}:{line})")
    });
    let detail = if finding.detail.is_empty() { String::new() } else { format!(" ({})", finding.detail) };
    format!("{}: {}{detail}{place}", finding.kind, finding.message)
}

pub(super) fn status_name(code: u32) -> String {
    Status::from_code(code)
        .map_or_else(|| format!("status {code}"), |status| format!("{} ({code})", status.name()))
}
