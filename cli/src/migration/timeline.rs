//! A run as a picture: queues as lanes, requests as bars, in simulated time.

use std::collections::BTreeMap;
use std::fmt::Write;

use sim_core::seq::{Seq, UnitId};

use super::page::escaped;
use super::story::{Request, Session};
use crate::summary::span;
use sim_check::record::Record;

/// Requests of one queue that are drawn.
const BARS_MAX: usize = 200;
/// Width of the part with bars, and of the names beside it.
const WIDTH: f64 = 880.0;
const NAMES: f64 = 160.0;
/// Height of a row; a lane has so many, since requests wait while others run.
const ROW: u32 = 9;
const ROWS: u32 = 4;

/// The session as an SVG picture; nothing if it had no requests.
pub(super) fn timeline(session: &Session, findings: &[Record]) -> String {
    let requests = || session.queues.values().flat_map(|queue| queue.values().take(BARS_MAX));
    let last = |request: &Request| {
        [request.ends, request.submitted, request.seen.map(|(_, at)| at)].into_iter().flatten().max()
    };
    let Some(end) = requests().filter_map(last).max() else { return String::new() };
    let lanes = u32::try_from(session.queues.len()).unwrap_or(u32::MAX);
    let height = lanes * (ROWS * ROW + 8) + 24;
    let scale = WIDTH / end.max(1) as f64;
    let mut svg = format!("<svg viewBox=\"0 0 {} {height}\" role=\"img\">", NAMES + WIDTH + 20.0);
    let marks = marks(findings);
    for ((unit, queue), lane) in session.queues.iter().zip(0..) {
        let top = lane * (ROWS * ROW + 8) + 4;
        let (kind, number, core) = (unit.kind.name(), unit.queue, unit.core);
        let _ = write!(
            svg,
            "<rect class=\"lane\" x=\"{NAMES}\" y=\"{top}\" width=\"{WIDTH}\" height=\"{}\"/>\
             <text x=\"4\" y=\"{}\">{kind} {number}, core {core}</text>",
            ROWS * ROW,
            top + ROWS * ROW / 2 + 4
        );
        for ((num, request), row) in queue.iter().take(BARS_MAX).zip((0..ROWS).cycle()) {
            bar(
                &mut svg,
                (*unit, *num),
                request,
                (f64::from(top + row * ROW) + 1.0, scale, end),
                marks.get(&Seq::new(*unit, *num).raw()),
            );
        }
    }
    let _ = write!(
        svg,
        "<text x=\"{NAMES}\" y=\"{0}\">0</text><text x=\"{1}\" y=\"{0}\" text-anchor=\"end\">{2}</text></svg>",
        height - 6,
        NAMES + WIDTH,
        escaped(&span(end))
    );
    if session.queues.values().any(|queue| queue.len() > BARS_MAX) {
        let _ = write!(svg, "<p>Of each queue the first {BARS_MAX} requests are shown.</p>");
    }
    svg
}

/// The kinds of findings in which each request stands.
fn marks(findings: &[Record]) -> BTreeMap<u64, Vec<&str>> {
    let mut marks: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for finding in findings {
        let sides = [&finding.first, &finding.second].into_iter().flatten();
        for sequence in sides.filter_map(|side| side.sequence.as_deref()) {
            if let Ok(seq) = u64::from_str_radix(sequence.trim_start_matches("0x"), 16) {
                marks.entry(seq).or_default().push(&finding.kind);
            }
        }
    }
    marks
}

fn bar(
    svg: &mut String,
    (unit, num): (UnitId, u64),
    request: &Request,
    (y, scale, end): (f64, f64, u64),
    kinds: Option<&Vec<&str>>,
) {
    let x = |at: u64| NAMES + at as f64 * scale;
    let height = f64::from(ROW) - 2.0;
    let Request { submitted, begins, ends, status, seen } = *request;
    let instant = |at: Option<u64>| at.map_or("never".to_owned(), span);
    let (begins_at, ends_at) = (begins.unwrap_or(end), ends.unwrap_or(end));
    let status_word = status.map_or("none".to_owned(), super::checklist::status_name);
    let by = seen.map_or("never".to_owned(), |(by, at)| format!("{} ({by:?})", span(at)));
    let kinds = kinds.map_or_else(String::new, |kinds| format!("; {}", kinds.join(", ")));
    let title = format!(
        "number {num} on {} queue {} of core {}: submitted {}, began {}, ended {} with {status_word}, observed {by}{kinds}",
        unit.kind.name(),
        unit.queue,
        unit.core,
        instant(submitted),
        instant(begins),
        instant(ends)
    );
    let class = match (kinds.is_empty(), status) {
        (false, _) => "bar found",
        (true, Some(0)) => "bar",
        (true, _) => "bar failed",
    };
    let _ = write!(svg, "<g><title>{}</title>", escaped(&title));
    if let Some(submitted) = submitted {
        let middle = y + height / 2.0;
        let _ = write!(
            svg,
            "<line class=\"wait\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{middle}\" y2=\"{middle}\"/>",
            x(submitted),
            x(begins_at)
        );
    }
    let width = ((ends_at.saturating_sub(begins_at)) as f64 * scale).max(1.0);
    let _ = write!(
        svg,
        "<rect class=\"{class}\" x=\"{:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{height}\"/>",
        x(begins_at)
    );
    if let Some((_, at)) = seen {
        let _ = write!(
            svg,
            "<line class=\"seen\" x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{1}\" y2=\"{2}\"/>",
            x(at),
            y - 1.0,
            y + height + 1.0
        );
    }
    svg.push_str("</g>");
}
