//! Devices whose runs take exactly a microsecond, and what became of them.

use std::sync::Arc;

use parking_lot::Mutex;
use sim_core::config::{Config, EXEC_TIMEOUT, Time};
use sim_core::device::Device;
use sim_core::fault::{Matcher, Place, Plan, Rule, Trigger, Verdict};
use sim_core::kernel::Kernel;
use sim_core::ledger::Ledger;
use sim_core::memory::storage::Span;
use sim_core::memory::tensor::{Outputs, Tensor};
use sim_core::model::{Model, Slot};
use sim_core::neff::Dtype;
use sim_core::port::Signal;
use sim_core::profile::Profile;
use sim_core::request::{Answer, Work};
use sim_core::seq::{Seq, UnitId, UnitKind};
use sim_core::status::Status;
use sim_core::time::{Nanos, Tick};
use sim_core::timing::{Cost, Timing};

pub(crate) const COMPUTE: UnitId = compute(0);
pub(crate) const OTHER: UnitId = compute(1);
/// How long each run takes.
pub(crate) const RUN: u64 = 1_000;
/// How long the runtime waits for a run.
pub(crate) const LIMIT: u64 = EXEC_TIMEOUT.0;

const fn compute(core: u8) -> UnitId {
    UnitId { core, kind: UnitKind::Compute, queue: 0 }
}

/// Computes nothing.
struct Nothing;

impl Kernel for Nothing {
    fn run(&self, _: &[Span], _: &[Span]) -> Status {
        Status::Success
    }

    fn is_light(&self, _: u64) -> bool {
        true
    }
}

/// A device with a model on each of its two cores, which write the same tensor.
pub(crate) struct Scene {
    pub(crate) device: Arc<Device>,
    /// Which requests were answered with what, in the order in which that happened.
    pub(crate) log: Arc<Mutex<Vec<(Seq, Status)>>>,
    models: [Arc<Model>; 2],
    tensor: Arc<Tensor>,
}

/// A configuration for `time` in which `verdict` strikes the `nth` run of core 0.
pub(crate) fn struck(time: Time, nth: u64, verdict: Verdict) -> Config {
    let rule = Rule {
        name: "the rule".into(),
        place: if verdict == Verdict::Never { Place::Finish } else { Place::Start },
        matcher: Matcher { core: Some(0), kind: Some(UnitKind::Compute), ..Matcher::default() },
        trigger: Trigger { nth: Some(nth), ..Trigger::default() },
        verdict,
        times: None,
        lifetime: None,
        require_fired: false,
        persist: false,
    };
    Config { plan: Plan { rules: vec![rule], scenario: None }, ..config(time) }
}

pub(crate) fn config(time: Time) -> Config {
    Config { time, ..Config::new(Profile::named("trn1.2xlarge").expect("built in")) }
}

impl Scene {
    pub(crate) fn open(time: Time) -> Scene {
        Scene::with(config(time))
    }

    pub(crate) fn with(config: Config) -> Scene {
        let device = Arc::new(Device::open(config, Ledger::new(2).expect("small")));
        device.recorder().start(|_| 1 << 16);
        let span = Span::whole(Arc::new(device.allocate(0, 64).expect("an empty bank")));
        let tensor = Arc::new(Tensor::new("y", Some(span)));
        let model = |core| {
            Arc::new(Model {
                name: "model".into(),
                uuid: String::new(),
                id: 1,
                core,
                inputs: Vec::new(),
                outputs: vec![Slot { name: "y".into(), size: 64, dtype: Dtype::Fp32 }],
                cost: Cost::Stated(Timing::Fixed(Nanos(RUN))),
                kernel: Box::new(Nothing),
            })
        };
        Scene { device, log: Arc::default(), models: [0, 1].map(model), tensor }
    }

    pub(crate) fn work(&self, unit: UnitId) -> Work {
        let model = &self.models[usize::from(unit.core)];
        let bank = self.device.bank_of(0).index;
        let run = model.bind(bank, false, |_| None, |_| Some(Arc::clone(&self.tensor)));
        Work::Execute(Arc::new(run.expect("the tensor fits")))
    }

    /// Submits `count` runs to `unit`, which are accepted.
    #[track_caller]
    pub(crate) fn run(&self, unit: UnitId, count: u64) {
        for _ in 0..count {
            let log = Arc::clone(&self.log);
            let answer = Answer::Call(Box::new(move |seq, status| log.lock().push((seq, status))));
            assert!(self.device.submit(unit, self.work(unit), answer).is_ok(), "accepted");
        }
    }

    pub(crate) fn outputs(&self) -> &Outputs {
        self.tensor.outputs()
    }

    #[track_caller]
    pub(crate) fn assert_now(&self, ns: u64) {
        assert_eq!(self.device.now(), Tick(ns));
    }

    /// When each request of `log` ended, which is told once.
    pub(crate) fn ends(&self) -> Vec<(Tick, UnitId)> {
        let records: Vec<_> = [0, 1].map(|core| self.device.recorder().fetch(core, usize::MAX)).concat();
        let end = |(seq, _): &(Seq, Status)| {
            let record = records.iter().find(|record| record.seq == *seq).expect("all is recorded");
            (record.ends, Seq::decode(seq.raw()).expect("ours").0)
        };
        self.log.lock().iter().map(end).collect()
    }
}

/// Counts how often it was told.
#[derive(Clone, Default)]
pub(crate) struct Bell(Arc<Mutex<u64>>);

impl Bell {
    pub(crate) fn rung(&self) -> u64 {
        *self.0.lock()
    }
}

impl Signal for Bell {
    fn signal(&self) {
        *self.0.lock() += 1;
    }
}
