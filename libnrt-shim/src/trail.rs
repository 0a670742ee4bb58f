//! The trail of a program, for `nrt-sim check-migration`: what it asked, in lines of JSON beside the other reports.
//!
//! Off, each hook is one load of a flag. It belongs to the process, so that an `nrt_init` that fails leaves one as well.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use parking_lot::Mutex;
use sim_core::memory::bytes::Extent;
use sim_core::memory::tensor::Tensor;
use sim_core::recorder::Record;
use sim_core::request::Work;
use sim_core::seq::{Seq, UnitId};
use sim_core::status::Status;
use sim_models::trail::{Event, Means};
use xxhash_rust::xxh3::Xxh3;

use crate::handle::Handle;
use crate::log::{self, Level};
use crate::report;
use crate::runtime::Runtime;

/// Asks for a trail.
const WISH: &str = "NRT_SIM_TRAIL";
/// The variable of which the trail tells whether the program was started with it, or has set it.
const VARIABLE: &str = "NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS";
/// Lines of a trail; what happens after that is not told.
const LINES_MAX: u64 = 100_000;
/// Bytes that are summed at a time.
const PIECE: usize = 64 << 10;

static IS_ON: AtomicBool = AtomicBool::new(false);
static TRAIL: Mutex<Option<Trail>> = Mutex::new(None);

struct Trail {
    file: File,
    lines: u64,
    /// Up to which number the requests of each queue have ended, and up to which the program knows it.
    ended: BTreeMap<UnitId, u64>,
    seen: BTreeMap<UnitId, u64>,
    /// The call that was refused last, with what, and how often since anything else happened.
    refused: Option<(&'static str, u32, u64)>,
}

/// `nrt_init` begins.
pub(crate) fn begin() {
    if std::env::var_os(WISH).is_none_or(|wish| wish != "1") {
        return;
    }
    let Some(file) = report::trail() else { return };
    *TRAIL.lock() =
        Some(Trail { file, lines: 0, ended: BTreeMap::new(), seen: BTreeMap::new(), refused: None });
    IS_ON.store(true, Relaxed);
    let variable = std::env::var_os(VARIABLE).map(|value| value.to_string_lossy().into_owned());
    note(Event::Init { variable: variable.filter(|value| !value.is_empty()) });
}

/// Whether there is a trail.
pub(crate) fn is_on() -> bool {
    IS_ON.load(Relaxed)
}

/// `nrt_init` has succeeded.
pub(crate) fn opened(is_implicit: bool) {
    if is_on() {
        note(Event::Open { is_implicit });
    }
}

/// A request has ended, which the program cannot see yet.
pub(crate) fn ended(record: &Record, work: &Work) {
    if !is_on() {
        return;
    }
    if let (Work::Read { to, .. }, Status::Success) = (work, record.status) {
        let (bytes, sum, at) = (to.len() as u64, sum(*to), record.ends.0);
        note(Event::Read { tensor: String::new(), bytes, sum, at });
    }
    let (begins, ends, status) = (record.begins.0, record.ends.0, record.status.code());
    let (unit, num) = Seq::decode(record.seq.raw()).expect("an id of ours");
    if let Some(trail) = &mut *TRAIL.lock() {
        trail.ended.insert(unit, num);
        trail.tell(&Event::End { seq: record.seq.raw(), begins, ends, status });
    }
}

/// A request was accepted.
pub(crate) fn submitted(runtime: &Runtime, seq: Seq) {
    if is_on() {
        note(Event::Submit { seq: seq.raw(), at: runtime.device.now().0 });
    }
}

/// A function of the API has answered an error.
pub(crate) fn refused(call: &'static str, status: u32) {
    if !is_on() || !(call.starts_with("nrta_") || call == "nrt_init") {
        return;
    }
    let mut trail = TRAIL.lock();
    let Some(trail) = &mut *trail else { return };
    let times = match trail.refused {
        Some((same, with, times)) if (same, with) == (call, status) => times + 1,
        _ => 1,
    };
    trail.refused = Some((call, status, times));
    if times.is_power_of_two() {
        trail.write(&Event::Refused { call: call.into(), status, times });
    }
}

/// The program has learned that all requests of `unit` up to `num` are completed.
pub(crate) fn seen(runtime: &Runtime, unit: UnitId, num: u64, by: Means) {
    if !is_on() {
        return;
    }
    let at = runtime.device.now().0;
    if let Some(trail) = &mut *TRAIL.lock() {
        trail.see(unit, num, by, at);
    }
}

/// The program has learned that everything is completed that is.
pub(crate) fn seen_all(runtime: &Runtime, by: Means) {
    if !is_on() {
        return;
    }
    let at = runtime.device.now().0;
    if let Some(trail) = &mut *TRAIL.lock() {
        let ended: Vec<(UnitId, u64)> = trail.ended.iter().map(|(unit, num)| (*unit, *num)).collect();
        ended.into_iter().for_each(|(unit, num)| trail.see(unit, num, by, at));
    }
}

/// An eventfd is to be signalled, for request `num` of `unit` or, if there is none, for each.
pub(crate) fn listens(unit: UnitId, num: Option<u64>) {
    if is_on() {
        note(Event::Listen { seq: Seq::new(unit, num.unwrap_or(0)).raw(), is_for_all: num.is_none() });
    }
}

/// `nrt_execute` was called.
pub(crate) fn ran(runtime: &Runtime) {
    if is_on() {
        note(Event::Run { at: runtime.device.now().0 });
    }
}

/// The program was given `bytes` of `tensor`.
pub(crate) fn read(runtime: &Runtime, tensor: Handle<Tensor>, bytes: Extent) {
    if is_on() {
        let tensor = runtime.tensors.get(tensor).map(|tensor| tensor.name().to_owned()).unwrap_or_default();
        let (len, sum, at) = (bytes.len() as u64, sum(bytes), runtime.device.now().0);
        note(Event::Read { tensor, bytes: len, sum, at });
    }
}

/// `nrt_close` was called.
pub(crate) fn closes(runtime: &Runtime) {
    if is_on() {
        note(Event::Close { at: runtime.device.now().0 });
    }
}

fn note(event: Event) {
    if let Some(trail) = &mut *TRAIL.lock() {
        trail.tell(&event);
    }
}

/// The XXH3-64 of `bytes`.
fn sum(bytes: Extent) -> u64 {
    let mut hasher = Xxh3::new();
    let mut piece = vec![0; PIECE.min(bytes.len())];
    let mut at = 0;
    while at < bytes.len() {
        let len = PIECE.min(bytes.len() - at);
        bytes.part(at, len).load(&mut piece[..len]);
        hasher.update(&piece[..len]);
        at += len;
    }
    hasher.digest()
}

impl Trail {
    fn see(&mut self, unit: UnitId, num: u64, by: Means, at: u64) {
        let seen = self.seen.entry(unit).or_default();
        if *seen < num {
            *seen = num;
            self.tell(&Event::Seen { seq: Seq::new(unit, num).raw(), by, at });
        }
    }

    fn tell(&mut self, event: &Event) {
        self.refused = None;
        self.write(event);
    }

    /// Writes a line at once: the process may be killed at any time.
    fn write(&mut self, event: &Event) {
        self.lines += 1;
        let event = match self.lines {
            ..LINES_MAX => event,
            LINES_MAX => &Event::Cut,
            _ => return,
        };
        let line = serde_json::to_string(event).map(|line| line + "\n").unwrap_or_default();
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            self.lines = LINES_MAX;
            log::write(Level::Warn, "nrt_sim", format!("the trail ends here: {error}"));
        }
    }
}
