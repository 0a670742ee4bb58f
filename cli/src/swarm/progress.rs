//! How far a run is: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::stats::Stats;
use crate::note;

/// Without a terminal, so many lines are written in all.
const LINES: u64 = 10;

/// What has been done of a run.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    since: Instant,
    all: u64,
    done: u64,
    failed: u64,
    pub(super) stats: Stats,
}

impl Progress {
    /// Nothing of so many cases.
    pub(super) fn new(all: u64) -> Progress {
        let is_shown = std::io::stderr().is_terminal();
        let style = "{bar:30} {pos}/{len} cases, {per_sec}, {eta} left {msg}";
        let style = ProgressStyle::with_template(style).expect("a template without mistakes");
        let bar = is_shown.then(|| ProgressBar::new(all).with_style(style));
        Progress { bar, since: Instant::now(), all, done: 0, failed: 0, stats: Stats::default() }
    }

    /// One more case has ended.
    pub(super) fn step(&mut self, outcome: &Result<Stats, String>) {
        self.done += 1;
        match outcome {
            Ok(stats) => self.stats.add(stats),
            Err(_) => self.failed += 1,
        }
        match &self.bar {
            Some(bar) => {
                bar.inc(1);
                if outcome.is_err() {
                    bar.set_message(format!("({} failed)", self.failed));
                }
            }
            None if self.is_line_due() => {
                note(&format!("{} of {} cases, {} failed", self.done, self.all, self.failed));
            }
            None => {}
        }
    }

    /// Whether another share of the cases is done.
    fn is_line_due(&self) -> bool {
        let lines = |done: u64| u128::from(done) * u128::from(LINES) / u128::from(self.all.max(1));
        self.all >= LINES * LINES && lines(self.done) > lines(self.done - 1)
    }

    /// Removes the bar, and says what was done.
    pub(super) fn end(&self) -> String {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
        let took = self.since.elapsed().max(Duration::from_micros(1));
        let rate = self.done as f64 / took.as_secs_f64();
        let Progress { done, stats, .. } = self;
        format!("{done} cases in {:.1} s, {rate:.0} cases/s\n{stats}", took.as_secs_f64())
    }
}
