//! Findings: what was found, on which two sides, and where in the program.

use std::fmt::Write;
use std::ops::Range;

use sim_core::seq::{Seq, UnitId};

use crate::kind::Kind;

/// A place in the program's code: where a call came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Site {
    /// Not known.
    Unknown,
    /// The call that is under way on this thread.
    Here,
    /// The stack that was kept under this number.
    Kept(u32),
}

/// What a side does with bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The tensor's name, or what the memory is.
    pub what: String,
    /// The bytes, counted from the beginning of the tensor or, for host memory, as addresses.
    pub bytes: Range<usize>,
    /// Whether it writes them.
    pub writes: bool,
}

/// One of the two sides of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The function of the API.
    pub call: &'static str,
    /// Queue and number of the request, if it is one.
    pub request: Option<(UnitId, u64)>,
    /// The bytes that matter.
    pub uses: Option<Use>,
    /// The thread that called.
    pub thread: u32,
    /// Where it called from.
    pub site: Site,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub kind: Kind,
    /// The earlier side.
    pub first: Option<Side>,
    /// The later side, which brought it to light.
    pub second: Option<Side>,
    /// What only this one has; may be empty.
    pub detail: String,
}

/// The findings of one call; most often none.
pub type Findings = Vec<Finding>;

impl Side {
    /// The side in words, without its stack.
    pub fn sentence(&self) -> String {
        let mut text = self.call.to_owned();
        if let Some((unit, num)) = self.request {
            let (core, kind, queue) = (unit.core, unit.kind.name(), unit.queue);
            let _ = write!(text, ", {kind} unit of core {core}, queue {queue}");
            if (1..=Seq::NUM_MAX).contains(&num) {
                let _ = write!(text, ", sequence {:#018x} (number {num})", Seq::new(unit, num).raw());
            }
        }
        if let Some(Use { what, bytes, writes }) = &self.uses {
            let verb = if *writes { "writes" } else { "reads" };
            let _ = match bytes.start > 1 << 32 {
                true => write!(text, ", {verb} {what} at {:#x}, {} bytes", bytes.start, bytes.len()),
                false => write!(text, ", {verb} {what}, bytes {} to {}", bytes.start, bytes.end),
            };
        }
        let _ = write!(text, ", thread {}", self.thread);
        text
    }
}
