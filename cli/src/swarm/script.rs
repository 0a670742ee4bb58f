//! What one case does: a configuration, a plan, and a script for each thread of the program.

use std::fmt::{self, Display, Formatter};

use sim_core::config::Time;
use sim_core::fault::{Operation, Rule};
use sim_core::seq::{UnitId, UnitKind};
use sim_core::time::Nanos;

use super::luck::Luck;
use super::rules;

/// A case. Everything in it follows from its seed.
#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) seed: u64,
    pub(super) time: Time,
    pub(super) cores: u32,
    /// Requests that a compute queue takes.
    pub(super) depth: u64,
    pub(super) sees_nan: bool,
    pub(super) rank: Option<u32>,
    /// How long a collective operation may take.
    pub(super) collective: Option<Nanos>,
    /// The rules from the beginning.
    pub(super) rules: Vec<Rule>,
    /// What each thread does.
    pub(super) threads: Vec<Vec<Op>>,
    /// Whether the device is closed with all its faults, in place of being healed.
    pub(super) closes: bool,
}

/// What a thread of the program does next. Units are places among [`Script::units`].
#[derive(Debug, Clone)]
pub(super) enum Op {
    Submit {
        unit: usize,
        what: What,
    },
    /// Asks for the last number.
    Look(usize),
    /// Asks whether a request has completed: so many before the one after the last.
    Ask(usize, u64),
    Wait(usize, u64),
    Listen(usize, u64),
    ListenByNumber {
        unit: usize,
        back: u64,
        on: bool,
    },
    ListenToEach {
        unit: usize,
        on: bool,
    },
    /// Takes back one of the wishes.
    Forget {
        unit: usize,
        which: usize,
    },
    Pause(usize),
    Resume(usize),
    /// Lets so many requests through a pause.
    Step(usize, u64),
    Heal(usize),
    Inject(Box<Rule>),
    /// Removes the rule of this name, or all.
    Clear(Option<String>),
    Advance(Nanos),
    /// Moves bytes on this thread.
    Transfer {
        unit: usize,
        operation: Operation,
    },
    /// Asks for a call that is not a transfer.
    Call {
        unit: usize,
        operation: Operation,
    },
    State(usize),
}

/// What a request does, with memory of its queue or of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct What {
    pub(super) deed: Deed,
    /// Whether it allocates what it works with, and holds the only reference.
    pub(super) is_fresh: bool,
    /// Whether no thread may do it that only looks.
    pub(super) is_heavy: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Deed {
    Read,
    Write,
    Copy,
    /// On compute queues; on those of collectives it is one, elsewhere a copy.
    Run,
}

/// The queues of each core that cases use.
const QUEUES: [(UnitKind, u8); 5] = [
    (UnitKind::Compute, 0),
    (UnitKind::TensorOp, 0),
    (UnitKind::TensorOp, 1),
    (UnitKind::Collectives, 0),
    (UnitKind::TensorRead, 0),
];

impl Script {
    /// The case of `seed`.
    pub(super) fn draw(seed: u64) -> Script {
        let luck = &mut Luck::of(seed);
        let time = if luck.one_in(2) { Time::Free } else { Time::Manual };
        let names: Vec<String> = (0..luck.below(9)).map(|at| format!("rule {at}")).collect();
        let mut script = Script {
            seed,
            time,
            cores: u32::try_from(luck.from(1, 2)).expect("one or two"),
            depth: luck.pick(&[8, 8, 1, 2, 3, 63]),
            sees_nan: luck.one_in(2),
            rank: luck.one_in(2).then(|| u32::from(luck.one_in(2))),
            collective: luck.one_in(2).then(|| Nanos(luck.from(1_000, 1_000_000))),
            rules: names.iter().map(|name| rules::draw(luck, name.clone(), &names)).collect(),
            threads: Vec::new(),
            closes: luck.one_in(5),
        };
        let threads = luck.pick(&[1, 1, 2, 3, 4]);
        let units = script.units().len();
        script.threads = (0..threads)
            .map(|thread| {
                let ops = luck.from(10, 80);
                (0..ops)
                    .map(|at| draw(luck, units, threads == 1, &format!("{thread}/{at}"), &names))
                    .collect()
            })
            .collect();
        script
    }

    /// The queues it uses.
    pub(super) fn units(&self) -> Vec<UnitId> {
        let cores = 0..u8::try_from(self.cores).expect("one or two");
        let unit = |core| QUEUES.map(|(kind, queue)| UnitId { core, kind, queue });
        cores.flat_map(unit).collect()
    }

    /// Whether a thread heals queues.
    pub(super) fn heals(&self) -> bool {
        self.threads.iter().flatten().any(|op| matches!(op, Op::Heal(_)))
    }
}

fn draw(luck: &mut Luck, units: usize, is_alone: bool, name: &str, names: &[String]) -> Op {
    let unit = luck.place(units);
    // Whether something is on or off, more often on.
    let is_on = |luck: &mut Luck| !luck.one_in(3);
    match luck.below(50) {
        0..20 => Op::Submit { unit, what: what(luck) },
        20..24 => Op::Look(unit),
        24..26 => Op::Ask(unit, luck.below(6)),
        26..29 => Op::Wait(unit, luck.below(6)),
        29..32 => Op::Listen(unit, luck.below(6)),
        32 => Op::ListenByNumber { unit, back: luck.below(6), on: is_on(luck) },
        33..35 => Op::ListenToEach { unit, on: is_on(luck) },
        35 => Op::Forget { unit, which: luck.place(100) },
        36 => Op::Pause(unit),
        37..39 => Op::Resume(unit),
        // It waits: nobody would end a pause that another thread begins anew.
        39 if is_alone => Op::Step(unit, luck.below(4)),
        39..42 => Op::Heal(unit),
        42 => Op::Inject(Box::new(rules::draw(luck, format!("injected {name}"), names))),
        43 if luck.one_in(4) => Op::Clear(None),
        43 => Op::Clear((!names.is_empty()).then(|| names[luck.place(names.len())].clone())),
        44 => Op::Advance(Nanos(luck.below(100_000))),
        45..47 => {
            let operation = luck.pick(&[Operation::Read, Operation::Write, Operation::Copy]);
            Op::Transfer { unit, operation }
        }
        47 => {
            Op::Call { unit, operation: luck.pick(&[Operation::Allocate, Operation::Load, Operation::Init]) }
        }
        _ => Op::State(unit),
    }
}

fn what(luck: &mut Luck) -> What {
    let deed = luck.pick(&[Deed::Read, Deed::Write, Deed::Copy, Deed::Run, Deed::Run]);
    What { deed, is_fresh: luck.one_in(3), is_heavy: luck.one_in(12) }
}

impl Display for Script {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Script { time, cores, depth, sees_nan, rank, collective, rules, threads, closes, .. } = self;
        writeln!(f, "{time:?} time, {cores} cores, depth {depth}, sees NaN: {sees_nan}, rank {rank:?},")?;
        writeln!(f, "limit of collectives {collective:?}, closed with its faults: {closes}")?;
        rules.iter().try_for_each(|rule| writeln!(f, "{}: {rule}", rule.name))?;
        for (thread, ops) in threads.iter().enumerate() {
            writeln!(f, "thread {thread}:")?;
            ops.iter().try_for_each(|op| writeln!(f, "  {op:?}"))?;
        }
        Ok(())
    }
}
