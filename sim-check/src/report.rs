//! Telling: what was found, once, with both stacks; and how often.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use parking_lot::Mutex;
use serde::Serialize;
use sim_core::seq::Seq;

use crate::finding::{Finding, Side, Site};
use crate::kind::{Class, Kind};
use crate::record::{Frame, Record, RecordSide, Summary};
use crate::suppress::Suppressions;

/// Findings that differ and are told; of further ones only the number is.
const TOLD_MAX: usize = 256;

/// How many threads look up names for findings at the moment. That takes a while, and a request may have to wait for it.
static NAMING: AtomicUsize = AtomicUsize::new(0);

/// Whether the device may be held up by findings that are told, so that a program cannot be blamed for looking often.
pub(crate) fn is_holding_up() -> bool {
    NAMING.load(Relaxed) > 0
}

/// Where findings go.
pub struct Report {
    suppressions: Suppressions,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    told: HashMap<Key, Told>,
    untold: u64,
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    kind: Kind,
    sites: [Option<(Site, &'static str)>; 2],
    place: Option<usize>,
}

struct Told {
    fingerprint: String,
    class: Class,
    is_suppressed: bool,
    count: u64,
}

/// What is to be written of a finding that is new.
pub struct News {
    /// For people.
    pub text: String,
    /// For programs: one line of JSON.
    pub line: String,
    /// How sure it is.
    pub class: Class,
}

impl Report {
    /// A report that leaves out what `suppressions` name.
    pub fn new(suppressions: Suppressions) -> Report {
        Report { suppressions, state: Mutex::default() }
    }

    /// Counts `finding`; what is to be written of it, if it is new and not suppressed. `frames` finds the functions
    /// of a place, `caller` first.
    pub fn tell(&self, finding: &Finding, frames: impl Fn(Site) -> Vec<Frame>) -> Option<News> {
        let part = |side: &Option<Side>| side.as_ref().map(|side| (side.site, side.call));
        let place = finding.first.as_ref().and_then(|side| side.request).map(|(unit, _)| unit.place());
        let key = Key { kind: finding.kind, sites: [part(&finding.first), part(&finding.second)], place };
        let mut state = self.state.lock();
        if let Some(told) = state.told.get_mut(&key) {
            told.count += 1;
            return None;
        }
        if state.told.len() >= TOLD_MAX {
            state.untold += 1;
            return None;
        }
        drop(state); // names are looked up in files, which may take a while
        NAMING.fetch_add(1, Relaxed);
        let record = record(finding, &frames);
        NAMING.fetch_sub(1, Relaxed);
        let is_suppressed = self.suppressions.covers(&record);
        let fingerprint = record.fingerprint.clone();
        let told = Told { fingerprint, class: record.class, is_suppressed, count: 1 };
        if let Some(told) = self.state.lock().told.insert(key, told) {
            let mut state = self.state.lock();
            state.untold += told.count; // another thread was faster
        }
        (!is_suppressed).then(|| News { text: text(&record), line: line(&record), class: record.class })
    }

    /// What there is to say at the end: how often each was found, and which suppressions were for nothing.
    pub fn end(&self) -> Vec<News> {
        let mut news = Vec::new();
        for unused in self.suppressions.take_unused() {
            let finding = Finding { kind: Kind::Unmatched, first: None, second: None, detail: unused };
            let record = record(&finding, &|_| Vec::new());
            news.push(News { text: text(&record), line: line(&record), class: record.class });
        }
        let state = self.state.lock();
        if state.told.is_empty() && news.is_empty() {
            return news;
        }
        let mut summary = Summary { process: std::process::id(), ..Summary::default() };
        for told in state.told.values() {
            if told.is_suppressed {
                summary.suppressed += told.count;
                continue;
            }
            *summary.counts.entry(told.fingerprint.clone()).or_default() += told.count;
            *match told.class {
                Class::Error => &mut summary.errors,
                Class::Warning => &mut summary.warnings,
                Class::Advice => &mut summary.advice,
            } += 1;
        }
        summary.warnings += news.len() as u64;
        summary.untold = state.untold;
        let repeated: u64 = summary.counts.values().map(|count| count - 1).sum();
        let text = format!(
            "nrt-sim check: {} errors, {} warnings, {} pieces of advice; {repeated} more of the same, {} suppressed, {} \
             left out\n",
            summary.errors, summary.warnings, summary.advice, summary.suppressed, summary.untold
        );
        news.push(News { text, line: line(&summary), class: Class::Advice });
        news
    }
}

fn line(value: &impl Serialize) -> String {
    let mut line = serde_json::to_string(value).unwrap_or_default();
    line.push('\n');
    line
}

fn record(finding: &Finding, frames: &dyn Fn(Site) -> Vec<Frame>) -> Record {
    let about = finding.kind.about();
    let side = |side: &Side| RecordSide {
        call: side.call.into(),
        unit: side.request.map(|(unit, _)| unit.kind.name().into()),
        core: side.request.map(|(unit, _)| unit.core),
        queue: side.request.map(|(unit, _)| unit.queue),
        sequence: side
            .request
            .filter(|(_, num)| (1..=Seq::NUM_MAX).contains(num))
            .map(|(unit, num)| format!("{:#018x}", Seq::new(unit, num).raw())),
        memory: side.uses.as_ref().map(|uses| uses.what.clone()),
        bytes: side.uses.as_ref().map(|uses| [uses.bytes.start, uses.bytes.end]),
        writes: side.uses.as_ref().map(|uses| uses.writes),
        thread: side.thread,
        stack: frames(side.site),
        sentence: side.sentence(),
    };
    let mut record = Record {
        kind: about.id.into(),
        class: about.class,
        process: std::process::id(),
        message: about.title.into(),
        missing: about.missing.into(),
        fix: about.fix.into(),
        clause: about.clause.into(),
        section: finding.kind.section(),
        detail: finding.detail.clone(),
        first: finding.first.as_ref().map(side),
        second: finding.second.as_ref().map(side),
        fingerprint: String::new(),
    };
    record.fingerprint = record.identity();
    record
}

fn text(record: &Record) -> String {
    let Record { kind, class, message, missing, fix, clause, section, detail, first, second, .. } = record;
    let mut text = format!("nrt-sim check: {} {kind}: {message}\n", class.name());
    let mut write = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<9}{value}");
    };
    for (name, side) in [("first:", first), ("second:", second)] {
        let Some(side) = side else { continue };
        write(name, &side.sentence);
        side.stack.iter().for_each(|frame| write("", &format!("  at {frame}")));
    }
    if !detail.is_empty() {
        write("detail:", detail);
    }
    write("missing:", missing);
    write("fix:", fix);
    write("see:", &format!("{section}; {clause}"));
    text
}
