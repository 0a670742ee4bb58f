//! The device of a case, with what its requests work on.

use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use sim_core::config::{Config, EXEC_TIMEOUT};
use sim_core::device::Device;
use sim_core::fault::faults::TimeLimits;
use sim_core::fault::{Entry, Plan};
use sim_core::kernel::Kernel;
use sim_core::ledger::Ledger;
use sim_core::memory::storage::{Span, Storage};
use sim_core::memory::tensor::Tensor;
use sim_core::model::{Model, Slot};
use sim_core::neff::Dtype;
use sim_core::port::SubmitError;
use sim_core::profile::Profile;
use sim_core::request::{Answer, Request, Work};
use sim_core::seq::{Seq, UnitId, UnitKind};
use sim_core::status::Status;
use sim_core::time::Nanos;
use sim_core::timing::Cost;

use super::ears::Ears;
use super::history::History;
use super::rules::NAMES;
use super::script::{Deed, Script, What};

/// Bytes of each tensor.
pub(super) const LEN: usize = 256;
/// What the tensors that are read are filled with.
pub(super) const FILL: u8 = 3;

/// A device and what is seen of it.
pub(super) struct Stage {
    pub(super) device: Device,
    pub(super) desks: Vec<Desk>,
    /// Held by each answer that has not been given or dropped.
    pub(super) token: Arc<()>,
    /// The rules there have been, with their places in the tally.
    pub(super) rules: Mutex<Vec<(String, usize)>>,
    models: [Arc<Model>; 2],
}

/// One queue, with memory that only its requests use.
pub(super) struct Desk {
    pub(super) unit: UnitId,
    pub(super) from: Arc<Tensor>,
    pub(super) to: Arc<Tensor>,
    buffer: Span,
    pub(super) ears: Mutex<Ears>,
    pub(super) answers: Arc<Mutex<Vec<(u64, Status)>>>,
    accepted: Mutex<Vec<u64>>,
    refused: Mutex<Vec<SubmitError>>,
}

/// Writes each byte of the input, one more.
struct Increment {
    is_light: bool,
}

impl Kernel for Increment {
    fn run(&self, inputs: &[Span], outputs: &[Span]) -> Status {
        let mut bytes = [0; LEN];
        inputs[0].extent().load(&mut bytes);
        bytes.iter_mut().for_each(|byte| *byte = byte.wrapping_add(1));
        outputs[0].extent().store(&bytes);
        Status::Success
    }

    fn is_light(&self, _: u64) -> bool {
        self.is_light
    }
}

fn model(is_light: bool) -> Arc<Model> {
    let slot = |name: &str| vec![Slot { name: name.into(), size: LEN as u64, dtype: Dtype::Fp32 }];
    Arc::new(Model {
        name: NAMES[usize::from(is_light)].into(),
        uuid: String::new(),
        id: u64::from(is_light),
        core: 0,
        inputs: slot(NAMES[0]),
        outputs: slot(NAMES[2]),
        cost: Cost::About(Nanos(10_000)),
        kernel: Box::new(Increment { is_light }),
    })
}

static PROFILE: LazyLock<Profile> = LazyLock::new(|| Profile::named("trn1.2xlarge").expect("built in"));

impl Stage {
    pub(super) fn open(script: &Script) -> Stage {
        let config = Config {
            cores: script.cores,
            compute_depth: script.depth,
            seed: script.seed,
            plan: Plan { rules: script.rules.clone(), scenario: None },
            limits: TimeLimits { run: EXEC_TIMEOUT, collective: script.collective },
            sees_nan: script.sees_nan,
            rank: script.rank,
            time: script.time,
            ..Config::new(PROFILE.clone())
        };
        let device = Device::open(config, Ledger::new(script.cores as usize).expect("small"));
        let desks = script.units().into_iter().map(|unit| Desk::new(&device, unit)).collect();
        let standings = device.faults().standings();
        let rules = standings.iter().map(|one| (one.armed.rule.name.clone(), one.slot)).collect();
        let models = [false, true].map(model);
        Stage { device, desks, token: Arc::default(), rules: Mutex::new(rules), models }
    }

    /// Submits a request to the queue of `desk`.
    pub(super) fn submit(&self, desk: &Desk, what: What) -> Result<u64, SubmitError> {
        let (answers, token) = (Arc::clone(&desk.answers), Arc::clone(&self.token));
        let answer = Answer::Call(Box::new(move |seq, status| {
            answers.lock().push((number(seq), status));
            drop(token);
        }));
        let (from, to) = if what.is_fresh {
            (tensor(&self.device, desk.unit, NAMES[1]), tensor(&self.device, desk.unit, NAMES[2]))
        } else {
            (Arc::clone(&desk.from), Arc::clone(&desk.to))
        };
        let work = self.work(desk, what, &from, &to);
        let wants_tensors = self.device.faults().wants_tensors();
        let tensors = if wants_tensors { vec![from, to] } else { Vec::new() };
        let request = Request { tensors: Some(tensors.into()), ..Request::new(work, answer) };
        let accepted = self.device.submit_request(desk.unit, request);
        match accepted {
            Ok(seq) => desk.accepted.lock().push(number(seq)),
            Err(error) => desk.refused.lock().push(error),
        }
        accepted.map(number)
    }

    fn work(&self, desk: &Desk, what: What, from: &Arc<Tensor>, to: &Arc<Tensor>) -> Work {
        let span = |tensor: &Tensor| tensor.span().expect("not empty");
        match what.deed {
            Deed::Read => Work::Read { from: span(from), to: desk.buffer.extent() },
            Deed::Write => Work::Write { from: desk.buffer.extent(), to: span(to) },
            Deed::Run if desk.unit.kind == UnitKind::Compute => {
                let bank = self.device.bank_of(desk.unit.core).index;
                let model = &self.models[usize::from(!what.is_heavy)];
                let run = model.bind(bank, false, |_| Some(Arc::clone(from)), |_| Some(Arc::clone(to)));
                Work::Execute(Arc::new(run.expect("the tensors fit")))
            }
            Deed::Run if desk.unit.kind == UnitKind::Collectives => {
                Work::Collective { from: span(from), to: span(to) }
            }
            Deed::Copy | Deed::Run => Work::Copy { from: span(from), to: span(to) },
        }
    }

    /// Bytes in use on each core.
    pub(super) fn memory(&self) -> Vec<u64> {
        let cores = 0..u8::try_from(self.device.config().cores).expect("one or two");
        cores.map(|core| self.device.ledger().memory(core).used()).collect()
    }

    /// The whole journal.
    pub(super) fn journal(&self) -> Vec<Entry> {
        self.device.faults().journal().read(0, usize::MAX).entries
    }

    /// How often each rule fired that there has been.
    pub(super) fn fired(&self) -> Vec<(String, u64)> {
        let tally = self.device.faults().tally();
        self.rules.lock().iter().map(|(name, slot)| (name.clone(), tally.counts(*slot).fired)).collect()
    }
}

impl Desk {
    fn new(device: &Device, unit: UnitId) -> Desk {
        let buffer = Span::whole(Arc::new(Storage::on_host(LEN).expect("small")));
        let [from, to] = [NAMES[0], NAMES[2]].map(|name| tensor(device, unit, name));
        for span in [&buffer, &from.span().expect("not empty")] {
            span.extent().fill(FILL);
        }
        let (ears, answers, accepted, refused) = Default::default();
        Desk { unit, from, to, buffer, ears, answers, accepted, refused }
    }

    /// What was seen of it, with what the `journal` tells.
    pub(super) fn history(&self, journal: &[Entry], settled: u64) -> History {
        let of_unit = |entry: &&Entry| entry.victim.unit == Some(self.unit);
        History {
            unit: self.unit,
            accepted: self.accepted.lock().clone(),
            refused: self.refused.lock().clone(),
            answers: self.answers.lock().clone(),
            settled,
            heard: self.ears.lock().heard(),
            journal: journal.iter().filter(of_unit).cloned().collect(),
        }
    }
}

fn tensor(device: &Device, unit: UnitId, name: &str) -> Arc<Tensor> {
    let storage = device.allocate(unit.core, LEN as u64).expect("the bank is far larger");
    Arc::new(Tensor::new(name, Some(Span::whole(Arc::new(storage)))))
}

fn number(seq: Seq) -> u64 {
    seq.num()
}
