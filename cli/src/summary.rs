//! What programs did on the device, as text.

mod queue;
mod rules;

use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;

use sim_core::ledger::{Ledger, Object};
use sim_core::seq::UnitId;
use sim_models::placement::Placement;

pub(crate) use queue::span;
use queue::{Queue, table};

pub(crate) use rules::RuleOutcome;

/// Cores and models of one process that are shown one by one.
const ROWS_MAX: usize = 32;

/// All that is said at the end of a run in which the runtime was initialised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Name of the instance.
    pub(crate) instance: String,
    /// Physical cores to a logical core.
    pub(crate) lnc: u32,
    /// The seed, as it was given.
    pub(crate) seed: String,
    /// One for each init, in order.
    pub(crate) sessions: Vec<Session>,
    /// What the rules of fault plans have done.
    pub(crate) rules: Vec<RuleOutcome>,
}

/// What one process did from an init to the close that follows, or to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// The process.
    pub(crate) pid: u32,
    /// Its program, if it was the process that loaded the library.
    pub(crate) program: Option<PathBuf>,
    /// Which init of the process it was, from 1.
    pub(crate) init: u32,
    /// Whether the device was closed in good order.
    pub(crate) is_closed: bool,
    /// The queues that had anything to do.
    pub(crate) queues: Vec<Queue>,
    /// The cores on which more memory was used than init takes.
    pub(crate) memory: Vec<Memory>,
    /// The models that were loaded, in order.
    pub(crate) models: Vec<Placement>,
    /// Tensors, tensor sets and models that were not freed.
    pub(crate) unfreed: [u64; 3],
}

/// The device memory of one core, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Logical core.
    pub(crate) core: u8,
    /// The most that was used at once.
    pub(crate) peak: u64,
    /// Size of its bank.
    pub(crate) limit: u64,
}

impl Session {
    /// Reads a ledger; `taken_at_init` bytes of each core say nothing about the program.
    pub(crate) fn read(
        (pid, init): (u32, u32),
        program: Option<PathBuf>,
        ledger: &Ledger,
        taken_at_init: u64,
    ) -> Session {
        let places = 0..ledger.cores() * UnitId::PER_CORE;
        let queues = places.map(|place| Queue::read(ledger, UnitId::at(place)));
        let cores = 0..u8::try_from(ledger.cores()).unwrap_or(u8::MAX);
        let memory = cores.map(|core| {
            let memory = ledger.memory(core);
            Memory { core, peak: memory.peak(), limit: memory.limit() }
        });
        let objects = [Object::Tensor, Object::TensorSet, Object::Model];
        Session {
            pid,
            program,
            init,
            is_closed: ledger.is_closed(),
            queues: queues.filter(|queue| queue.submitted + queue.full > 0).collect(),
            memory: memory.filter(|memory| memory.peak > taken_at_init).collect(),
            models: Vec::new(),
            unfreed: objects.map(|kind| ledger.objects(kind).load(Relaxed)),
        }
    }

    /// What was not freed, in words; empty if all was.
    fn unfreed(&self) -> String {
        let names = ["tensor", "tensor set", "model"];
        let left = names.iter().zip(self.unfreed).filter(|(_, count)| *count > 0);
        let plural = |count| if count == 1 { "" } else { "s" };
        left.map(|(name, count)| format!("{count} {name}{}", plural(count))).collect::<Vec<_>>().join(", ")
    }
}

impl Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { instance, lnc, seed, sessions, rules } = self;
        writeln!(f, "simulated {instance}, LNC {lnc}, seed {seed}")?;
        sessions.iter().try_for_each(|session| session.fmt(f))?;
        rules::table(f, rules)
    }
}

impl Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        if let Some(program) = &self.program {
            write!(f, ", {}", program.display())?;
        }
        if self.init > 1 {
            write!(f, ", init number {}", self.init)?;
        }
        if self.queues.is_empty() {
            write!(f, ": no requests")?;
        }
        writeln!(f)?;
        if !self.queues.is_empty() {
            table(f, &self.queues)?;
        }
        models(f, &self.models)?;
        for Memory { core, peak, limit } in self.memory.iter().take(ROWS_MAX) {
            writeln!(f, "  memory of core {core}: peak {} of {}", size(*peak), size(*limit))?;
        }
        let unfreed = self.unfreed();
        match (self.is_closed, unfreed.is_empty()) {
            (true, true) => Ok(()),
            (true, false) => writeln!(f, "  not freed before nrt_close: {unfreed}"),
            (false, true) => writeln!(f, "  ended without nrt_close"),
            (false, false) => writeln!(f, "  ended without nrt_close; not freed: {unfreed}"),
        }
    }
}

/// A line for each model with the same kernel for the same reason, and where it was loaded.
fn models(f: &mut fmt::Formatter<'_>, placements: &[Placement]) -> fmt::Result {
    let mut shown: Vec<(&Placement, BTreeSet<u8>, usize)> = Vec::new();
    for placement in placements {
        let same = |(other, ..): &&mut (&Placement, BTreeSet<u8>, usize)| {
            (&other.model, &other.kernel, &other.origin)
                == (&placement.model, &placement.kernel, &placement.origin)
        };
        match shown.iter_mut().find(same) {
            Some((_, cores, loads)) => {
                cores.insert(placement.core);
                *loads += 1;
            }
            None => shown.push((placement, BTreeSet::from([placement.core]), 1)),
        }
    }
    for (Placement { model, kernel, origin, .. }, cores, loads) in shown.iter().take(ROWS_MAX) {
        let place = match cores.len() {
            1 => format!("core {}", cores.first().expect("one")),
            count => format!("{count} cores"),
        };
        let loads = if *loads == cores.len() { String::new() } else { format!(", loaded {loads} times") };
        writeln!(f, "  model {model} on {place}{loads}: {kernel} ({origin})")?;
    }
    if shown.len() > ROWS_MAX {
        writeln!(f, "  and {} models more", shown.len() - ROWS_MAX)?;
    }
    Ok(())
}

/// A number of bytes, as a person reads it.
pub(crate) fn size(bytes: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = u128::from(bytes) * 10 / u128::from(unit);
        let (whole, rest) = (tenths / 10, tenths % 10);
        if rest == 0 { whole.to_string() } else { format!("{whole}.{rest}") }
    };
    match bytes {
        0..0x400 => format!("{bytes} bytes"),
        0x400..0x10_0000 => format!("{} KiB", tenths(1 << 10)),
        0x10_0000..0x4000_0000 => format!("{} MiB", tenths(1 << 20)),
        _ => format!("{} GiB", tenths(1 << 30)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::Relaxed;

    use sim_core::config::{Config, Time};
    use sim_core::device::Device;
    use sim_core::fault::Plan;
    use sim_core::fault::tally::Counts;
    use sim_core::ledger::{Ledger, Object};
    use sim_core::memory::storage::Span;
    use sim_core::profile::Profile;
    use sim_core::request::{Answer, Work};
    use sim_core::seq::{UnitId, UnitKind};
    use sim_core::status::Status;
    use sim_core::time::Tick;

    use sim_models::placement::Placement;

    use super::{Memory, Queue, RuleOutcome, Session, Summary, size};

    const UNIT: UnitId = UnitId { core: 0, kind: UnitKind::TensorOp, queue: 1 };

    fn queue(core: u8) -> Queue {
        let unit = UnitId { core, ..UNIT };
        Queue {
            unit,
            submitted: 5,
            completed: 5,
            failed: Vec::new(),
            full: 0,
            deepest: 2,
            last_end: Tick(1500),
        }
    }

    fn session(queues: Vec<Queue>) -> Session {
        Session {
            pid: 7,
            program: Some("/bin/infer".into()),
            init: 1,
            is_closed: true,
            queues,
            memory: Vec::new(),
            models: Vec::new(),
            unfreed: [0; 3],
        }
    }

    #[test]
    fn a_run_in_good_order_is_told_in_few_lines() {
        let counts = Counts { matched: 5, struck: 1, fired: 1, is_armed: false };
        let (name, sentence) = ("bad third".to_owned(), String::new());
        let rule = RuleOutcome { name, sentence, require_fired: false, counts };
        let summary = Summary {
            instance: "trn1.2xlarge".into(),
            lnc: 1,
            seed: "0".into(),
            sessions: vec![session(vec![queue(0)])],
            rules: vec![rule],
        };
        let expected = "\
simulated trn1.2xlarge, LNC 1, seed 0
process 7, /bin/infer
  core  unit          queue   submitted   completed  deepest
     0  tensor-op         1           5           5        2
  simulated time at the last end: 1.500 µs
faults
  rule        matched     fired  still armed
  bad third         5         1  no
";
        assert_eq!(summary.to_string(), expected);
    }

    #[test]
    fn what_stands_out_is_told() {
        let failed = vec![(Status::ExecHwErrNcUe, 1), (Status::ExecUnitUnrecoverable, 2)];
        let bad = Queue { failed, full: 3, submitted: 9, ..queue(1) };
        let session = Session {
            is_closed: false,
            unfreed: [2, 0, 1],
            init: 2,
            program: None,
            ..session(vec![queue(0), bad])
        };
        let memory = vec![Memory { core: 1, peak: 97 << 20, limit: 16 << 30 }];
        let session = Session { memory, ..session };
        let expected = "\
process 7, init number 2
  core  unit          queue   submitted   completed  deepest  QUEUE_FULL  failed
     0  tensor-op         1           5           5        2           0
     1  tensor-op         1           9           5        2           3  1 × NRT_EXEC_HW_ERR_NC_UE (1202), 2 × NRT_EXEC_UNIT_UNRECOVERABLE (101)
  not completed when it ended: 4
  simulated time at the last end: 1.500 µs
  memory of core 1: peak 97 MiB of 16 GiB
  ended without nrt_close; not freed: 2 tensors, 1 model
";
        assert_eq!(session.to_string(), expected);
    }

    #[test]
    fn of_many_queues_those_that_stand_out_are_shown() {
        let mut queues: Vec<Queue> = (0..100).map(queue).collect();
        queues[42].full = 1;
        let text = session(queues).to_string();
        assert_eq!(text.lines().count(), 5, "{text}");
        assert!(text.contains("    42  tensor-op"), "{text}");
        assert!(text.contains("and 99 queues more with 495 requests"), "{text}");
    }

    #[test]
    fn a_model_is_one_line_wherever_it_was_loaded() {
        let placement = |model: &str, core| Placement {
            model: model.into(),
            core,
            kernel: "matmul".into(),
            origin: "b.toml, model 1".into(),
            entry: Some(1),
        };
        let models = vec![placement("a", 0), placement("a", 1), placement("b", 3), placement("b", 3)];
        let text = Session { models, ..session(Vec::new()) }.to_string();
        assert!(text.contains("  model a on 2 cores: matmul (b.toml, model 1)\n"), "{text}");
        assert!(text.contains("  model b on core 3, loaded 2 times: matmul (b.toml, model 1)\n"), "{text}");
    }

    #[test]
    fn sizes_are_rounded_down_to_a_tenth() {
        let expected = [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (1 << 34, "16 GiB")];
        for (bytes, text) in expected {
            assert_eq!(size(bytes), text);
        }
        assert_eq!(size((1 << 30) - 1), "1023.9 MiB");
    }

    #[test]
    fn a_ledger_is_read_as_the_device_wrote_it() {
        let mut config = Config::new(Profile::named("trn1.2xlarge").expect("built in"));
        config.time = Time::Manual;
        config.plan = Plan::parse("rule=[{nth=2,status=1202}]").expect("valid");
        let taken = config.profile.model_code_bytes() * u64::from(config.lnc);
        let device = Device::open(config, Ledger::new(2).expect("small"));
        let tensor = || Span::whole(std::sync::Arc::new(device.allocate(0, 8192).expect("small")));
        let copy = || Work::Copy { from: tensor(), to: tensor() };
        for _ in 0..3 {
            device.submit(UNIT, copy(), Answer::Nobody).expect("no bound");
        }
        while device.step().is_some() {}
        device.ledger().objects(Object::Model).store(1, Relaxed);

        let session = Session::read((7, 1), None, device.ledger(), taken);
        assert_eq!((session.is_closed, session.unfreed), (false, [0, 0, 1]));
        let [queue] = session.queues.as_slice() else { panic!("one queue was used: {session:?}") };
        assert_eq!((queue.unit, queue.submitted, queue.completed, queue.deepest), (UNIT, 3, 3, 3));
        assert_eq!(queue.failed, [(Status::ExecUnitUnrecoverable, 1), (Status::ExecHwErrNcUe, 1)]);
        let [memory] = session.memory.as_slice() else { panic!("one core was used: {session:?}") };
        assert_eq!((memory.core, memory.peak - taken, memory.limit), (0, 6 * 8192, 16 << 30));
    }
}
