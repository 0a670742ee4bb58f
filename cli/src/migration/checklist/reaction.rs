//! What the program makes of what goes wrong: a failed request, a full queue, a lost unit.

use std::collections::BTreeSet;

use super::super::Done;
use super::super::attempt::Exit;
use super::super::plan::Purpose;
use super::{Evidence, Known, QUEUE_FULL, fail, pass, status_name, told, unknown};
use sim_check::record::Record;

/// The status of a dead unit.
const UNRECOVERABLE: u32 = 101;

impl Evidence<'_> {
    /// What the program makes of a request that failed, or of a unit that is lost.
    pub(super) fn reaction(&self, purpose: Purpose) -> Known {
        let Some(done) = self.of(purpose).next() else {
            return unknown("no run of a model was seen that could be made to fail");
        };
        let kinds: &[&str] = match purpose {
            Purpose::Dead => &["SIM-UNIT-DEAD", "SIM-STATUS-IGNORED", "SIM-RESULT-FAILED"],
            _ => &["SIM-STATUS-IGNORED", "SIM-RESULT-FAILED"],
        };
        if let Some((done, finding)) = self.first(self.of(purpose), |finding| kinds.contains(&&*finding.kind))
        {
            return fail(told(finding), done);
        }
        if done.story.fired == 0 {
            return unknown("the run ended before the request came that was to fail");
        }
        match &done.ended.exit {
            Exit::Code(code) if done.ended.exit != self.plain().ended.exit => {
                return pass(format!("the program ends with exit code {code}{}", self.news(done)));
            }
            Exit::Signal(libc_abort)
                if *libc_abort == signal_hook::consts::SIGABRT && purpose == Purpose::Dead =>
            {
                return pass("the program aborts");
            }
            Exit::Code(_) => {}
            exit => return fail(format!("the program {}{}", exit.sentence(), self.refusals(done)), done),
        }
        if done.story.sessions.len() > self.plain().story.sessions.len() {
            return pass(format!("the program initialises the runtime anew{}", self.news(done)));
        }
        let (accepted, usual) = (done.story.accepted(), self.plain().story.accepted());
        if accepted > usual && purpose == Purpose::Failing {
            return pass(format!("the program submits again: {accepted} requests instead of {usual}"));
        }
        if purpose == Purpose::Failing {
            if let Some(line) = new_line(self.plain(), done) {
                return pass(format!("the program says: {line}"));
            }
            let (reads, usual) = (done.story.reads().len(), self.plain().story.reads().len());
            if reads < usual {
                return pass(format!(
                    "the program leaves the results of that request unread: {reads} reads instead of {usual}"
                ));
            }
        }
        fail("the program goes on as if nothing had happened, and ends with the usual exit code", done)
    }

    /// What the program has said that it does not say otherwise.
    fn news(&self, done: &Done) -> String {
        new_line(self.plain(), done).map_or_else(String::new, |line| format!(", and says: {line}"))
    }

    fn refusals(&self, done: &Done) -> String {
        match done.story.refused(UNRECOVERABLE) {
            0 => String::new(),
            times => format!("; it was told {} at least {times} times", status_name(UNRECOVERABLE)),
        }
    }

    pub(super) fn backpressure(&self) -> Known {
        let Some(done) = self.of(Purpose::Storm).next() else { return unknown("no run of a model was seen") };
        let is_meant = |finding: &Record| finding.kind.starts_with("SIM-FULL-");
        if let Some((done, finding)) = self.first(self.runs.iter(), is_meant) {
            return fail(told(finding), done);
        }
        let full = done.story.refused(QUEUE_FULL);
        if full == 0 {
            let deepest = done.story.in_flight();
            return match deepest {
                0 | 1 => {
                    pass("the program never has more than one request in flight, so that no queue is full")
                }
                _ => unknown("no schedule call met a full queue, though requests were in flight"),
            };
        }
        if !done.ended.exit.is_orderly() {
            let exit = done.ended.exit.sentence();
            return fail(format!("told NRT_QUEUE_FULL {full} times, the program {exit}"), done);
        }
        let (accepted, usual) = (done.story.accepted(), self.plain().story.accepted());
        if accepted < usual {
            let said = format!(
                "told NRT_QUEUE_FULL {full} times, the program submitted {accepted} requests instead of {usual}"
            );
            return fail(said, done);
        }
        if done.ended.exit != self.plain().ended.exit {
            return fail(
                format!("told NRT_QUEUE_FULL {full} times, the program has {}", done.ended.exit.sentence()),
                done,
            );
        }
        pass(format!(
            "told NRT_QUEUE_FULL {full} times, the program submitted all {accepted} requests in the end"
        ))
    }
}

/// A line that `done` has on its outputs and `plain` does not, and that is the program's own.
fn new_line(plain: &Done, done: &Done) -> Option<String> {
    let usual: BTreeSet<String> = own_lines(&plain.ended.stderr).collect();
    let said = own_lines(&done.ended.stderr).find(|line| !usual.contains(line))?;
    Some(said.chars().filter(|char| !char.is_control()).take(160).collect())
}

/// The lines on stderr that neither the library nor its checker has written.
fn own_lines(stderr: &[u8]) -> impl Iterator<Item = String> {
    let text = String::from_utf8_lossy(stderr).into_owned();
    let mut is_finding = false;
    let mut own = Vec::new();
    for line in text.lines() {
        is_finding = line.starts_with("nrt-sim check") || is_finding && line.starts_with("  ");
        if !is_finding && !is_logged(line) && !line.trim().is_empty() {
            own.push(line.to_owned());
        }
    }
    own.into_iter()
}

/// Whether `line` is one of the library's log: it begins with a date such as 2026-Nov-27.
fn is_logged(line: &str) -> bool {
    let bytes = line.as_bytes();
    let is = |range: std::ops::Range<usize>, of: fn(&u8) -> bool| {
        bytes.get(range).is_some_and(|part| part.iter().all(of))
    };
    is(0..4, u8::is_ascii_digit)
        && is(5..8, u8::is_ascii_alphabetic)
        && is(9..11, u8::is_ascii_digit)
        && bytes[4] == b'-'
        && bytes[8] == b'-'
}

#[cfg(test)]
mod tests {
    use super::own_lines;

    #[test]
    fn the_librarys_lines_are_not_the_programs() {
        let text = b"2026-Nov-27 16:00:00.000001  7:7  ERROR   NRT:nrt_x  y\nnrt-sim check: error SIM-X: y\n  first:   z\nlost\n";
        assert_eq!(own_lines(text).collect::<Vec<_>>(), ["lost"]);
    }
}
