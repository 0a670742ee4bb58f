//! Devices with faults, runs that take a microsecond each, and what became of them.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sim_core::config::{Config, Time};
use sim_core::device::Device;
use sim_core::fault::{Effect, Entry, Matcher, Place, Plan, Rule, Trigger, Verdict};
use sim_core::kernel::Kernel;
use sim_core::ledger::Ledger;
use sim_core::memory::storage::Span;
use sim_core::memory::tensor::Tensor;
use sim_core::model::{Model, Slot};
use sim_core::neff::Dtype;
use sim_core::port::{Signal, SubmitError};
use sim_core::profile::Profile;
use sim_core::request::{Answer, Work};
use sim_core::seq::{Seq, UnitId, UnitKind};
use sim_core::status::Status;
use sim_core::time::Nanos;
use sim_core::timing::{Cost, Timing};

/// How long a test waits for what should happen within milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const COMPUTE: UnitId = UnitId { core: 0, kind: UnitKind::Compute, queue: 0 };
pub(crate) const COLLECTIVES: UnitId = UnitId { core: 0, kind: UnitKind::Collectives, queue: 0 };
/// How long each run takes.
pub(crate) const RUN: u64 = 1_000;
/// Bytes of the input and of the output of a run.
pub(crate) const LEN: usize = 256;
/// What the input is filled with; the output has the same, one more.
pub(crate) const FILL: u8 = 7;

/// Who was told what, in the order in which it happened.
pub(crate) type Log = Arc<Mutex<Vec<Event>>>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// A request was answered.
    Status(u64, Status),
    /// The listener of this name was told, when so many requests had completed.
    Signal(&'static str, u64),
}

/// A rule for every request at `place`.
pub(crate) fn rule(place: Place, verdict: Verdict) -> Rule {
    Rule {
        name: format!("{place:?} {verdict:?}"),
        place,
        matcher: Matcher::default(),
        trigger: Trigger::default(),
        verdict,
        times: None,
        lifetime: None,
        require_fired: false,
        persist: false,
    }
}

/// A rule for the `nth` request at `place`.
pub(crate) fn at(nth: u64, place: Place, verdict: Verdict) -> Rule {
    Rule { trigger: Trigger { nth: Some(nth), ..Trigger::default() }, ..rule(place, verdict) }
}

/// A configuration with these rules whose time moves by hand.
pub(crate) fn config(rules: Vec<Rule>) -> Config {
    Config {
        plan: Plan { rules, scenario: None },
        time: Time::Manual,
        ..Config::new(Profile::named("trn1.2xlarge").expect("built in"))
    }
}

/// A device with a model.
pub(crate) struct Scene {
    pub(crate) device: Arc<Device>,
    pub(crate) input: Span,
    pub(crate) output: Span,
    pub(crate) log: Log,
    model: Arc<Model>,
    tensors: [Arc<Tensor>; 2],
}

/// Writes each byte of the input, one more.
struct Increment;

impl Kernel for Increment {
    fn run(&self, inputs: &[Span], outputs: &[Span]) -> Status {
        let mut bytes = [0; LEN];
        inputs[0].extent().load(&mut bytes);
        bytes.iter_mut().for_each(|byte| *byte = byte.wrapping_add(1));
        outputs[0].extent().store(&bytes);
        Status::Success
    }

    fn is_light(&self, _: u64) -> bool {
        true
    }
}

struct Ear {
    name: &'static str,
    /// Weak would be enough, but the device outlives it either way.
    completed: Box<dyn Fn() -> u64 + Send>,
    log: Log,
}

impl Signal for Ear {
    fn signal(&self) {
        let completed = (self.completed)();
        self.log.lock().push(Event::Signal(self.name, completed));
    }
}

impl Scene {
    pub(crate) fn open(rules: Vec<Rule>) -> Scene {
        Scene::with(config(rules))
    }

    pub(crate) fn with(config: Config) -> Scene {
        let device = Arc::new(Device::open(config, Ledger::new(2).expect("small")));
        device.recorder().start(|_| 1 << 10);
        let span = || Span::whole(Arc::new(device.allocate(0, LEN as u64).expect("an empty bank")));
        let (input, output) = (span(), span());
        input.extent().fill(FILL);
        let slot = |name: &str| vec![Slot { name: name.into(), size: LEN as u64, dtype: Dtype::Fp32 }];
        let model = Arc::new(Model {
            name: "model".into(),
            uuid: String::new(),
            id: 1,
            core: 0,
            inputs: slot("x"),
            outputs: slot("y"),
            cost: Cost::Stated(Timing::Fixed(Nanos(RUN))),
            kernel: Box::new(Increment),
        });
        let tensors = [("x", &input), ("y", &output)];
        let tensors = tensors.map(|(name, span)| Arc::new(Tensor::new(name, Some(span.clone()))));
        Scene { device, input, output, log: Log::default(), model, tensors }
    }

    /// A run of the model.
    pub(crate) fn work(&self) -> Work {
        self.work_on(0, &self.tensors)
    }

    /// A run of the model on tensors that are on the bank of `core`.
    pub(crate) fn work_on(&self, core: u8, tensors: &[Arc<Tensor>; 2]) -> Work {
        let bank = self.device.bank_of(core).index;
        let [x, y] = tensors;
        let run = self.model.bind(bank, false, |_| Some(Arc::clone(x)), |_| Some(Arc::clone(y)));
        Work::Execute(Arc::new(run.expect("the tensors fit")))
    }

    pub(crate) fn try_run_on(&self, unit: UnitId) -> Result<u64, SubmitError> {
        let log = Arc::clone(&self.log);
        let tell = move |seq, status| log.lock().push(Event::Status(number(seq), status));
        self.device.submit(unit, self.work(), Answer::Call(Box::new(tell))).map(number)
    }

    pub(crate) fn try_run(&self) -> Result<u64, SubmitError> {
        self.try_run_on(COMPUTE)
    }

    /// Submits `count` runs, which are accepted.
    #[track_caller]
    pub(crate) fn run(&self, count: u64) {
        (0..count).for_each(|_| assert!(self.try_run().is_ok(), "accepted"));
    }

    /// Steps until nothing is left that comes by itself.
    pub(crate) fn finish(&self) {
        while self.device.step().is_some() {}
    }

    /// Which requests of core 0 have completed: number, status, and when they ended.
    pub(crate) fn history(&self) -> Vec<(u64, Status, u64)> {
        let records = self.device.recorder().fetch(0, usize::MAX);
        records.iter().map(|record| (number(record.seq), record.status, record.ends.0)).collect()
    }

    /// What the journal tells: when, of which request, and what was done.
    pub(crate) fn journal(&self) -> Vec<(u64, u64, Effect)> {
        let told = |entry: &Entry| (entry.at.0, entry.victim.num, entry.effect);
        self.entries().iter().map(told).collect()
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.device.faults().journal().read(0, usize::MAX).entries
    }

    /// How often each rule was for a request, struck, and fired, in the order of the plan.
    pub(crate) fn counts(&self) -> Vec<(u64, u64, u64)> {
        let standings = self.device.faults().standings();
        standings.iter().map(|one| (one.counts.matched, one.counts.struck, one.counts.fired)).collect()
    }

    /// What was told since the last time.
    pub(crate) fn told(&self) -> Vec<Event> {
        std::mem::take(&mut *self.log.lock())
    }

    /// A listener that tells what had completed on the compute queue.
    pub(crate) fn ear(&self, name: &'static str) -> Box<dyn Signal> {
        let device = Arc::downgrade(&self.device);
        // The ledger, not the device: a look would step, and we are told in the midst of a step.
        let completed = move || {
            let device = device.upgrade().expect("it signals while it lives");
            let queue = device.ledger().queue(COMPUTE);
            Status::ALL.iter().map(|&status| queue.completed(status)).sum()
        };
        Box::new(Ear { name, completed: Box::new(completed), log: Arc::clone(&self.log) })
    }

    pub(crate) fn bytes(&self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        self.output.extent().load(&mut bytes);
        bytes
    }

    /// Whether the output is that of a run.
    pub(crate) fn is_written(&self) -> bool {
        self.bytes() == [FILL + 1; LEN]
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.device.queue_state(COMPUTE).is_dead
    }
}

pub(crate) fn number(seq: Seq) -> u64 {
    Seq::decode(seq.raw()).expect("an id of ours").1
}
