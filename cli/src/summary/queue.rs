//! The traffic of queues, as text.

use std::fmt;

use sim_core::ledger::Ledger;
use sim_core::seq::UnitId;
use sim_core::status::Status;
use sim_core::time::Tick;

/// Queues of one process that are shown one by one; of more, only those that stand out.
const ROWS_MAX: usize = 32;

/// The traffic of one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Queue {
    /// Which it is.
    pub(crate) unit: UnitId,
    /// Requests it took.
    pub(crate) submitted: u64,
    /// Requests that ended, with whatever status.
    pub(crate) completed: u64,
    /// Requests that ended with an error, by status.
    pub(crate) failed: Vec<(Status, u64)>,
    /// Submissions refused with `NRT_QUEUE_FULL`.
    pub(crate) full: u64,
    /// The most requests it held at once.
    pub(crate) deepest: u64,
    /// When the last of them ended.
    pub(crate) last_end: Tick,
}

impl Queue {
    /// Reads the counters of `unit`.
    pub(super) fn read(ledger: &Ledger, unit: UnitId) -> Queue {
        let queue = ledger.queue(unit);
        let counts = Status::ALL.map(|status| (status, queue.completed(status)));
        let failed = counts.into_iter().filter(|(status, count)| *status != Status::Success && *count > 0);
        Queue {
            unit,
            submitted: queue.accepted(),
            completed: counts.iter().map(|(_, count)| count).sum(),
            failed: failed.collect(),
            full: queue.full(),
            deepest: queue.deepest(),
            last_end: queue.last_end(),
        }
    }

    /// Whether not all went well.
    fn stands_out(&self) -> bool {
        !self.failed.is_empty() || self.full > 0 || self.completed < self.submitted
    }

    fn failed(&self) -> String {
        let each =
            |(status, count): &(Status, u64)| format!("{count} × {} ({})", status.name(), status.code());
        self.failed.iter().map(each).collect::<Vec<_>>().join(", ")
    }
}

/// One line for each queue; columns in which nothing would be are left out.
pub(super) fn table(f: &mut fmt::Formatter<'_>, queues: &[Queue]) -> fmt::Result {
    let (has_full, has_failed) =
        (queues.iter().any(|queue| queue.full > 0), queues.iter().any(|queue| !queue.failed.is_empty()));
    write!(f, "  core  unit          queue   submitted   completed  deepest")?;
    let full_title = if has_full { "  QUEUE_FULL" } else { "" };
    writeln!(f, "{full_title}{}", if has_failed { "  failed" } else { "" })?;
    let (shown, rest): (Vec<&Queue>, Vec<&Queue>) =
        queues.iter().partition(|queue| queues.len() <= ROWS_MAX || queue.stands_out());
    for queue in shown {
        let UnitId { core, kind, queue: number } = queue.unit;
        let (kind, Queue { submitted, completed, deepest, full, .. }) = (kind.name(), queue);
        write!(f, "  {core:>4}  {kind:<12}  {number:>5}  {submitted:>10}  {completed:>10}  {deepest:>7}")?;
        if has_full {
            write!(f, "  {full:>10}")?;
        }
        let failed = queue.failed();
        writeln!(f, "{}{failed}", if failed.is_empty() { "" } else { "  " })?;
    }
    if !rest.is_empty() {
        let total: u64 = rest.iter().map(|queue| queue.submitted).sum();
        writeln!(f, "  and {} queues more with {total} requests, all of them completed well", rest.len())?;
    }
    let unfinished: u64 = queues.iter().map(|queue| queue.submitted.saturating_sub(queue.completed)).sum();
    if unfinished > 0 {
        writeln!(f, "  not completed when it ended: {unfinished}")?;
    }
    let last_end = queues.iter().map(|queue| queue.last_end).max().unwrap_or(Tick::ZERO);
    if last_end > Tick::ZERO {
        writeln!(f, "  simulated time at the last end: {}", span(last_end.0))?;
    }
    Ok(())
}

/// A number of nanoseconds, as a person reads it.
pub(crate) fn span(nanos: u64) -> String {
    let thousandths = |unit: u64| format!("{}.{:03}", nanos / unit, nanos % unit * 1000 / unit);
    match nanos {
        0..1_000 => format!("{nanos} ns"),
        1_000..1_000_000 => format!("{} µs", thousandths(1_000)),
        1_000_000..1_000_000_000 => format!("{} ms", thousandths(1_000_000)),
        _ => format!("{} s", thousandths(1_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn spans_have_their_unit() {
        let expected =
            [(999, "999 ns"), (13_361, "13.361 µs"), (2_000_000, "2.000 ms"), (1 << 32, "4.294 s")];
        for (nanos, text) in expected {
            assert_eq!(span(nanos), text);
        }
        assert!(span(u64::MAX).ends_with(" s"));
    }
}
