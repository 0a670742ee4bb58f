//! Devices, work, listeners, and ways to wait with patience.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sim_core::config::{Config, Time};
use sim_core::device::Device;
use sim_core::driver::Waited;
use sim_core::fault::Plan;
use sim_core::kernel::Kernel;
use sim_core::ledger::Ledger;
use sim_core::memory::storage::Span;
use sim_core::memory::tensor::Tensor;
use sim_core::model::{Model, Slot};
use sim_core::neff::Dtype;
use sim_core::port::{Listening, Signal};
use sim_core::profile::Profile;
use sim_core::request::{Answer, Work};
use sim_core::seq::{Seq, UnitId, UnitKind};
use sim_core::status::Status;
use sim_core::time::Nanos;
use sim_core::timing::Cost;

/// How long a test waits for what should happen within milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of a request that a thread which only looks may do.
pub(crate) const LIGHT: u64 = 64;
/// Bytes of a request that only workers and waiting threads do.
pub(crate) const HEAVY: u64 = 128 << 10;

pub(crate) const COMPUTE: [UnitId; 2] = [unit(0, UnitKind::Compute, 0), unit(1, UnitKind::Compute, 0)];
pub(crate) const TENSOR: [UnitId; 2] = [unit(0, UnitKind::TensorOp, 0), unit(1, UnitKind::TensorOp, 0)];
/// Three kinds on two cores.
pub(crate) const UNITS: [UnitId; 6] = [
    COMPUTE[0],
    TENSOR[0],
    unit(0, UnitKind::Collectives, 1),
    COMPUTE[1],
    unit(1, UnitKind::TensorOp, 1),
    unit(1, UnitKind::Collectives, 2),
];

const fn unit(core: u8, kind: UnitKind, queue: u8) -> UnitId {
    UnitId { core, kind, queue }
}

pub(crate) fn open(time: Time, plan: &str) -> Arc<Device> {
    let profile = Profile::named("trn1.2xlarge").expect("built in");
    let config = Config { time, plan: Plan::parse(plan).expect("valid"), ..Config::new(profile) };
    Arc::new(Device::open(config, Ledger::new(2).expect("small")))
}

pub(crate) fn number(seq: Seq) -> u64 {
    Seq::decode(seq.raw()).expect("an id of ours").1
}

/// A copy of `len` bytes onto themselves.
pub(crate) fn copy(device: &Device, core: u8, len: u64) -> Work {
    let span = Span::whole(Arc::new(device.allocate(core, len).expect("room")));
    Work::Copy { from: span.clone(), to: span }
}

/// A run of a model that has `bytes` bytes of output.
pub(crate) fn run(device: &Device, core: u8, bytes: u64, kernel: impl Kernel + 'static) -> Work {
    let out = vec![Slot { name: "out".into(), size: bytes, dtype: Dtype::Unknown }];
    let model = Arc::new(Model {
        name: "m".into(),
        uuid: String::new(),
        id: 1,
        core,
        inputs: Vec::new(),
        outputs: out,
        cost: Cost::About(Nanos(10_000)),
        kernel: Box::new(kernel),
    });
    let span = Span::whole(Arc::new(device.allocate(core, bytes).expect("room")));
    let tensor = Arc::new(Tensor::new("out", Some(span)));
    let bound = model.bind(device.bank_of(core).index, false, |_| None, |_| Some(Arc::clone(&tensor)));
    Work::Execute(Arc::new(bound.expect("the tensor fits")))
}

/// A kernel that does what a function says.
pub(crate) struct Does<F>(pub(crate) F);

impl<F: Fn() -> Status + Send + Sync> Kernel for Does<F> {
    fn run(&self, _: &[Span], _: &[Span]) -> Status {
        self.0()
    }

    fn is_light(&self, bytes: u64) -> bool {
        bytes < HEAVY
    }
}

/// A kernel that says when it has begun, and by which thread, and goes on when the gate opens.
pub(crate) fn gated() -> (impl Kernel + 'static, Receiver<ThreadId>, Sender<()>) {
    let (begins, begun) = channel();
    let (open, gate) = channel();
    let gate = Mutex::new(gate);
    let kernel = Does(move || {
        begins.send(thread::current().id()).ok();
        gate.lock().recv().ok(); // also when the test has failed and the other end is gone
        Status::Success
    });
    (kernel, begun, open)
}

/// Tells of each signal through a channel.
struct Bell(Sender<()>);

impl Signal for Bell {
    fn signal(&self) {
        self.0.send(()).ok();
    }
}

pub(crate) fn bell() -> (Box<dyn Signal>, Receiver<()>) {
    let (ring, rung) = channel();
    (Box::new(Bell(ring)), rung)
}

/// An answer that arrives in a channel.
pub(crate) fn letter() -> (Answer, Receiver<(Seq, Status)>) {
    let (send, arrives) = channel();
    let tell = move |seq, status| {
        send.send((seq, status)).ok();
    };
    (Answer::Call(Box::new(tell)), arrives)
}

#[track_caller]
pub(crate) fn expect<T>(what: &str, arrives: &Receiver<T>) -> T {
    arrives.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{what} did not happen: {error}"))
}

#[track_caller]
pub(crate) fn poll(device: &Device, unit: UnitId, num: u64) {
    let begin = Instant::now();
    while !device.is_completed(unit, num) {
        assert!(
            begin.elapsed() < PATIENCE,
            "{unit:?} {num} is not completed, but {}",
            device.completed(unit)
        );
        thread::yield_now();
    }
}

/// Waits for a request in the way that `how` stands for.
#[track_caller]
pub(crate) fn attend(device: &Device, unit: UnitId, num: u64, how: usize) {
    match how % 4 {
        0 => poll(device, unit, num),
        1 => assert_eq!(device.wait(unit, num, Some(PATIENCE)), Waited::Completed, "{unit:?} {num}"),
        2 => assert_eq!(device.wait(unit, num, None), Waited::Completed, "{unit:?} {num}"),
        _ => {
            let (signal, rung) = bell();
            let listening = device.listen(unit, num, signal);
            expect("the signal", &rung);
            assert!(rung.try_recv().is_err(), "{unit:?} {num} was signalled twice");
            if let Listening::Pending(key) = listening {
                device.forget(unit, key); // harmless when it has been signalled
            }
        }
    }
}
