//! What a fault plan says: rules, each with a place, a matcher, a trigger, a verdict and limits.

use std::ops::RangeInclusive;

use wildmatch::WildMatch;

use crate::seq::UnitKind;
use crate::status::Status;
use crate::time::Nanos;
use crate::timing::Timing;

/// A list of rules; at each place the first that strikes decides.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The rules, in the order in which they are asked.
    pub rules: Vec<Rule>,
    /// What the plan is for, if it says so.
    pub scenario: Option<Scenario>,
}

/// What a plan that reproduces something known says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// What happens, in a sentence.
    pub about: String,
    /// The public document or issue it reproduces.
    pub source: String,
    /// What a correct application does.
    pub correct: String,
    /// Variables of the runtime (`NEURON_*`) that the program is run with.
    pub environment: Vec<(String, String)>,
}

impl Plan {
    /// The variables of the runtime that the program is to be run with.
    pub fn environment(&self) -> &[(String, String)] {
        self.scenario.as_ref().map_or(&[], |scenario| &scenario.environment)
    }
}

/// One fault: where, for whom, when, what, and how often.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name, which no other rule of the plan has. All its luck follows from it.
    pub name: String,
    /// Where in the life of a request or call it is asked.
    pub place: Place,
    /// Which requests and calls it is for.
    pub matcher: Matcher,
    /// Which of those it strikes.
    pub trigger: Trigger,
    /// What becomes of them.
    pub verdict: Verdict,
    /// The most that it strikes on each queue (on each core, for calls without a queue).
    pub times: Option<u64>,
    /// For how long it is armed: so much simulated time from when it was added.
    pub lifetime: Option<Nanos>,
    /// Whether a run in which it never fired has failed.
    pub require_fired: bool,
    /// Whether what it did outlives the process: later ones find the queue as it left it.
    pub persist: bool,
}

/// Where a rule is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Before a request is accepted.
    Submit,
    /// When a request begins.
    Start,
    /// When a request ends.
    Finish,
    /// When a collective operation ends.
    Collective,
    /// When bytes of a tensor are read, by a request or by a call that blocks.
    TensorRead,
    /// When bytes of a tensor are written, by a request or by a call that blocks.
    TensorWrite,
    /// When tensors are copied, by a request or by a call that blocks.
    TensorCopy,
    /// When somebody is to be told of a completion.
    Event,
    /// When a tensor is allocated.
    Allocate,
    /// When a model is loaded.
    Load,
    /// At `nrt_init`.
    Init,
}

/// Who asks: rules that are asked by one side of a queue count there, whichever place they name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The thread that submits.
    Submitting,
    /// The unit, once for each request.
    Unit,
    /// A call that blocks and has no queue.
    Call,
}

/// The questions that are asked of a plan: to each, the first rule that strikes is the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Is the request accepted?
    Submit,
    /// When does it begin and end?
    Start,
    /// What does it do, and what does it end with?
    Finish,
    /// How are those told who wait for it?
    Event,
    /// Is the tensor allocated?
    Allocate,
    /// Is the model loaded?
    Load,
    /// Is the runtime initialised?
    Init,
}

impl Rule {
    /// The question it answers.
    pub fn phase(&self) -> Phase {
        match (self.place, &self.verdict) {
            (Place::Submit, _) => Phase::Submit,
            (Place::Event, _) => Phase::Event,
            (Place::Allocate, _) => Phase::Allocate,
            (Place::Load, _) => Phase::Load,
            (Place::Init, _) => Phase::Init,
            (_, Verdict::Hang(_) | Verdict::Late(_) | Verdict::Stuck) | (Place::Start, _) => Phase::Start,
            _ => Phase::Finish,
        }
    }
}

impl Rule {
    /// Whether chance decides more than whether it strikes.
    pub(crate) fn has_details(&self) -> bool {
        matches!(
            self.verdict,
            Verdict::Late(Delay::By(_)) | Verdict::Nan(_) | Verdict::Flip(_) | Verdict::Torn
        )
    }
}

impl Place {
    /// Every place.
    pub const ALL: [Place; 11] = [
        Place::Submit,
        Place::Start,
        Place::Finish,
        Place::Collective,
        Place::TensorRead,
        Place::TensorWrite,
        Place::TensorCopy,
        Place::Event,
        Place::Allocate,
        Place::Load,
        Place::Init,
    ];

    /// The word for it in plans and journals.
    pub const fn name(self) -> &'static str {
        match self {
            Place::Submit => "submit",
            Place::Start => "start",
            Place::Finish => "finish",
            Place::Collective => "collective",
            Place::TensorRead => "tensor-read",
            Place::TensorWrite => "tensor-write",
            Place::TensorCopy => "tensor-copy",
            Place::Event => "event",
            Place::Allocate => "allocate",
            Place::Load => "load",
            Place::Init => "init",
        }
    }

    /// What alone is done there, if it is one thing.
    pub const fn operation(self) -> Option<Operation> {
        match self {
            Place::Submit | Place::Start | Place::Finish | Place::Event => None,
            Place::Collective => Some(Operation::Collective),
            Place::TensorRead => Some(Operation::Read),
            Place::TensorWrite => Some(Operation::Write),
            Place::TensorCopy => Some(Operation::Copy),
            Place::Allocate => Some(Operation::Allocate),
            Place::Load => Some(Operation::Load),
            Place::Init => Some(Operation::Init),
        }
    }

    /// Which side asks rules of this place. Those of tensors are asked by calls, too.
    pub const fn side(self) -> Side {
        match self {
            Place::Submit => Side::Submitting,
            Place::Start
            | Place::Finish
            | Place::Collective
            | Place::TensorRead
            | Place::TensorWrite
            | Place::TensorCopy
            | Place::Event => Side::Unit,
            Place::Allocate | Place::Load | Place::Init => Side::Call,
        }
    }
}

/// What a request or a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Reads a tensor.
    Read,
    /// Writes a tensor.
    Write,
    /// Copies between tensors.
    Copy,
    /// Runs a model.
    Execute,
    /// A collective operation.
    Collective,
    /// Allocates a tensor.
    Allocate,
    /// Loads a model.
    Load,
    /// Initialises the runtime.
    Init,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Operation; 8] = [
        Operation::Read,
        Operation::Write,
        Operation::Copy,
        Operation::Execute,
        Operation::Collective,
        Operation::Allocate,
        Operation::Load,
        Operation::Init,
    ];

    /// The word for it in plans and journals.
    pub const fn name(self) -> &'static str {
        match self {
            Operation::Read => "read",
            Operation::Write => "write",
            Operation::Copy => "copy",
            Operation::Execute => "execute",
            Operation::Collective => "collective",
            Operation::Allocate => "allocate",
            Operation::Load => "load",
            Operation::Init => "init",
        }
    }
}

/// Which requests and calls a rule is for: all that is given must fit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matcher {
    /// Logical core, counted within the process.
    pub core: Option<u8>,
    /// Kind of unit. Calls without a queue have none.
    pub kind: Option<UnitKind>,
    /// Queue. Calls without a queue have none.
    pub queue: Option<u8>,
    /// A pattern (`*`, `?`) for the model's name or uuid.
    pub model: Option<WildMatch>,
    /// A pattern for the name of a tensor: of a run, the names in its sets.
    pub tensor: Option<WildMatch>,
    /// What is done.
    pub operation: Option<Operation>,
    /// Bytes that are moved, computed with, or allocated.
    pub size: Option<RangeInclusive<u64>>,
    /// Rank of the process among those of a job.
    pub rank: Option<u32>,
}

/// Which of the requests it is for a rule strikes: all that is given must hold.
///
/// Counts are kept for each queue by itself (for each core, for calls without one), so that no race of threads decides.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trigger {
    /// The so-manieth, from 1.
    pub nth: Option<u64>,
    /// Each so-manieth.
    pub every: Option<u64>,
    /// None of the first so many; `nth`, `every` and `first` count from there.
    pub after: Option<u64>,
    /// Only the first so many.
    pub first: Option<u64>,
    /// Sequence numbers on the queue.
    pub sequence: Option<RangeInclusive<u64>>,
    /// From this simulated instant on: so long after the device was opened.
    pub at: Option<Nanos>,
    /// By chance, above 0 and at most 1.
    pub probability: Option<f64>,
    /// Until the rule of this name has struck on the same queue.
    pub until: Option<String>,
    /// While at least so many requests are on the queue, the new one included.
    pub depth: Option<u64>,
}

/// What becomes of what a rule strikes.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It ends with this status, which means for the unit what it means on the device.
    Status(Status),
    /// No completion comes until the time limit of a run; then it ends with this status and the unit is dead.
    Hang(Status),
    /// It takes longer.
    Late(Delay),
    /// The work is done, but nobody is ever told, and what is behind waits.
    Never,
    /// It does not begin, and what is behind waits.
    Stuck,
    /// The queue is full though it has room: if it holds `capacity` requests or more, or, for none given, for the
    /// first `attempts` attempts to submit.
    Full {
        /// The number of requests that fit for now.
        capacity: Option<u64>,
        /// How often each request is refused before it is let in.
        attempts: u64,
    },
    /// So many numbers of the outputs are NaN.
    Nan(u32),
    /// So many bits of the bytes that were moved or computed are wrong.
    Flip(u32),
    /// Only a first part of the bytes arrives.
    Torn,
    /// Whoever listens is told wrongly. Goes beyond what is documented of the device.
    Signal(Signalling),
    /// Another process has the cores.
    CoreBusy,
}

/// How much longer a request takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Delay {
    /// By so much.
    By(Timing),
    /// This many times as long.
    Factor(f64),
}

/// What is wrong with a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signalling {
    /// It comes so long after the completion.
    Late(Nanos),
    /// It comes twice.
    Twice,
    /// It comes when the request begins, and again when it ends.
    Spurious,
}

impl Verdict {
    /// The key that gives it in a plan.
    pub const fn key(&self) -> &'static str {
        match self {
            Verdict::Status(_) => "status",
            Verdict::Hang(_) => "hang",
            Verdict::Late(Delay::By(_)) => "late",
            Verdict::Late(Delay::Factor(_)) => "slow",
            Verdict::Never => "never",
            Verdict::Stuck => "stuck",
            Verdict::Full { .. } => "full",
            Verdict::Nan(_) => "nan",
            Verdict::Flip(_) => "flip",
            Verdict::Torn => "torn",
            Verdict::Signal(_) => "signal",
            Verdict::CoreBusy => "core-busy",
        }
    }
}
