//! The device and its model, side by side.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use sim_core::config::{Config, Time};
use sim_core::device::Device;
use sim_core::driver::Waited;
use sim_core::fault::{Matcher, Place, Plan, Rule, Trigger, Verdict};
use sim_core::kernel::Kernel;
use sim_core::ledger::Ledger;
use sim_core::memory::storage::{Span, Storage};
use sim_core::memory::tensor::Tensor;
use sim_core::model::{Model, Slot};
use sim_core::neff::Dtype;
use sim_core::port::{Listening, Signal, SubmitError};
use sim_core::profile::Profile;
use sim_core::recorder::Record;
use sim_core::request::{Answer, Work};
use sim_core::seq::{Seq, UnitId, UnitKind};
use sim_core::status::Status;
use sim_core::time::Nanos;
use sim_core::timing::Cost;

use crate::program::{BUFFERS, DEPTH, DONE, FATAL, Fault, LEN, Op, TENSORS, UNITS, What};

/// What a program is told, in the order in which it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// The status of a request was written.
    Status(Seq, Status),
    /// Whoever listens under this number was signalled.
    Signal(u64),
}

pub(crate) type Log = Arc<Mutex<Vec<Event>>>;

/// Notes its signals.
struct Ear(u64, Log);

impl Signal for Ear {
    fn signal(&self) {
        self.1.lock().push(Event::Signal(self.0));
    }
}

/// The kernel of the test's models: each output byte is one more than the input's.
struct Increment;

impl Kernel for Increment {
    fn run(&self, inputs: &[Span], outputs: &[Span]) -> Status {
        let mut bytes = bytes_of(&inputs[0]);
        bytes.iter_mut().for_each(|byte| *byte = byte.wrapping_add(1));
        outputs[0].extent().store(&bytes);
        Status::Success
    }

    fn is_light(&self, _: u64) -> bool {
        true
    }
}

fn bytes_of(span: &Span) -> [u8; LEN] {
    let mut bytes = [0; LEN];
    span.extent().load(&mut bytes);
    bytes
}

/// What the model knows of one unit.
#[derive(Debug, Default)]
struct Queue {
    issued: u64,
    completed: u64,
    full: u64,
    deepest: u64,
    statuses: BTreeMap<Status, u64>,
    dead: bool,
    waiting: VecDeque<Effect>,
    each: Option<u64>,
    /// Wanted number, key, listener.
    once: Vec<(u64, u64, u64)>,
}

/// What a request does to the bytes: `len` bytes of one memory, from an offset, to another.
#[derive(Debug, Clone, Copy)]
struct Effect {
    from: (usize, usize),
    to: (usize, usize),
    len: usize,
    add: u8,
    moved: u64,
}

/// A device, and what the model says of it.
pub(crate) struct World {
    pub(crate) device: Device,
    pub(crate) memories: Vec<Span>,
    model: Arc<Model>,
    pub(crate) log: Log,
    faults: Vec<Fault>,
    queues: [Queue; UNITS.len()],
    bytes: Vec<[u8; LEN]>,
    listeners: u64,
    /// Unit and key of each wish that was ever pending.
    wishes: Vec<(usize, u64)>,
    /// What each accepted submission returned.
    pub(crate) accepted: Vec<(UnitId, Seq)>,
    /// Completed requests in order, with the bytes they moved.
    pub(crate) history: Vec<(Seq, Status, u64)>,
}

impl World {
    pub(crate) fn new(seed: u64, faults: &[Fault]) -> World {
        let rule = |&(unit, nth, status): &Fault| {
            let UnitId { core, kind, queue } = UNITS[unit];
            Rule {
                name: format!("{kind:?} {nth} {status:?}"),
                place: Place::Finish,
                matcher: Matcher {
                    core: Some(core),
                    kind: Some(kind),
                    queue: Some(queue),
                    ..Matcher::default()
                },
                trigger: Trigger { sequence: Some(nth..=nth), ..Trigger::default() },
                verdict: Verdict::Status(status),
                times: None,
                lifetime: None,
                require_fired: false,
                persist: false,
            }
        };
        let device = Device::open(
            Config {
                seed,
                plan: Plan { rules: faults.iter().map(rule).collect(), scenario: None },
                time: Time::Manual,
                compute_depth: DEPTH,
                ..Config::new(Profile::named("trn1.2xlarge").expect("built in"))
            },
            Ledger::new(2).expect("small"),
        );
        device.recorder().start(|_| 1 << 16);
        let tensor = |_| device.allocate(0, LEN as u64).expect("an empty bank");
        let buffer = |_| Storage::on_host(LEN).expect("small");
        let memories = (0..TENSORS).map(tensor).chain((0..BUFFERS).map(buffer));
        let memories: Vec<Span> = memories.map(|storage| Span::whole(Arc::new(storage))).collect();
        let bytes: Vec<[u8; LEN]> = (0_u8..).map(|fill| [fill * 16; LEN]).take(memories.len()).collect();
        memories.iter().zip(&bytes).for_each(|(span, bytes)| span.extent().store(bytes));
        let slot = |name: &str| vec![Slot { name: name.into(), size: LEN as u64, dtype: Dtype::Unknown }];
        let model = Model {
            name: "m".into(),
            uuid: String::new(),
            id: 7,
            core: 0,
            inputs: slot("in"),
            outputs: slot("out"),
            cost: Cost::About(Nanos(10_000)),
            kernel: Box::new(Increment),
        };
        World {
            device,
            memories,
            model: Arc::new(model),
            log: Log::default(),
            faults: faults.to_vec(),
            queues: Default::default(),
            bytes,
            listeners: 0,
            wishes: Vec::new(),
            accepted: Vec::new(),
            history: Vec::new(),
        }
    }

    /// Runs a program to its end, comparing with the model after each operation.
    pub(crate) fn run(seed: u64, faults: &[Fault], ops: &[Op]) -> World {
        let mut world = World::new(seed, faults);
        for op in ops {
            world.apply(op);
            world.settle();
        }
        while world.device.step().is_some() {
            world.settle();
        }
        for (queue, unit) in world.queues.iter().zip(UNITS) {
            assert_eq!(
                queue.completed, queue.issued,
                "{unit:?} is left with work though nothing can be stepped"
            );
        }
        world
    }

    pub(crate) fn apply(&mut self, op: &Op) {
        let before = self.device.now();
        match *op {
            Op::Submit { unit, what, from, to, at, len } => self.submit(unit, what, [from, to], at, len),
            Op::Step => {
                let left = self.queues.iter().any(|queue| !queue.waiting.is_empty());
                let stepped = self.device.step();
                assert_eq!(stepped.is_some(), left, "a step finds work exactly when there is some");
                assert!(stepped.is_none_or(|at| at == self.device.now()), "a step goes to {stepped:?}");
            }
            Op::Look { unit } => {
                let seen = self.device.completed(UNITS[unit]);
                self.settle();
                assert_eq!(seen, self.queues[unit].completed, "{:?} shows what has completed", UNITS[unit]);
            }
            Op::Ask { unit, num } => {
                let num = num % (self.queues[unit].issued + 3);
                let done = self.device.is_completed(UNITS[unit], num);
                self.settle();
                assert_eq!(done, num <= self.queues[unit].completed, "{:?} {num}", UNITS[unit]);
            }
            Op::Wait { unit, num } => {
                let num = num % (self.queues[unit].issued + 2);
                let waited = self.device.wait(UNITS[unit], num, None);
                self.settle();
                let possible = num <= self.queues[unit].issued;
                assert_eq!(waited == Waited::Completed, possible, "{:?} {num}: {waited:?}", UNITS[unit]);
                assert_eq!(possible, num <= self.queues[unit].completed, "{:?} {num}", UNITS[unit]);
            }
            Op::Listen { unit, num } => self.listen(unit, num),
            Op::Forget { key } => {
                if let Some(place) = key.checked_rem(self.wishes.len()) {
                    let (unit, key) = self.wishes[place]; // it may have been signalled or forgotten before
                    self.device.forget(UNITS[unit], key);
                    self.queues[unit].once.retain(|&(_, other, _)| other != key);
                }
            }
            Op::ListenToEach { unit, on } => {
                let ear = on.then(|| self.new_ear());
                self.queues[unit].each = ear.as_ref().map(|ear| ear.0);
                self.device.listen_to_each(UNITS[unit], ear.map(|ear| Box::new(ear) as Box<dyn Signal>));
            }
            Op::Scribble { buffer, value } => {
                self.memories[TENSORS + buffer].extent().fill(value);
                self.bytes[TENSORS + buffer] = [value; LEN];
            }
        }
        assert!(before <= self.device.now(), "time does not go back");
    }

    fn new_ear(&mut self) -> Ear {
        self.listeners += 1;
        Ear(self.listeners, Arc::clone(&self.log))
    }

    fn listen(&mut self, unit: usize, num: u64) {
        let num = num % (self.queues[unit].issued + 3);
        let ear = self.new_ear();
        let listener = ear.0;
        let listening = self.device.listen(UNITS[unit], num, Box::new(ear));
        if num <= self.queues[unit].completed {
            assert_eq!(listening, Listening::Signalled, "{:?} {num} has completed", UNITS[unit]);
            let told = std::mem::take(&mut *self.log.lock());
            assert_eq!(told, [Event::Signal(listener)], "signalled at once, and once");
        } else {
            let Listening::Pending(key) = listening else {
                panic!("{:?} {num} has not completed, but was signalled", UNITS[unit]);
            };
            assert!(!self.wishes.contains(&(unit, key)), "a key is given once");
            self.wishes.push((unit, key));
            self.queues[unit].once.push((num, key, listener));
        }
    }

    fn submit(&mut self, unit: usize, what: What, ends: [usize; 2], at: [usize; 2], len: usize) {
        // Runs go to compute queues; everything else goes anywhere.
        let what = match what {
            What::Execute if UNITS[unit].kind != UnitKind::Compute => What::Copy,
            what => what,
        };
        let len = len % (LEN + 1);
        let at = at.map(|offset| offset % (LEN + 1 - len));
        let buffer = |place: usize| TENSORS + place % BUFFERS;
        let tensor = |place: usize| place % TENSORS;
        let [from, to] = match what {
            What::Read => [tensor(ends[0]), buffer(ends[1])],
            What::Write => [buffer(ends[0]), tensor(ends[1])],
            What::Copy | What::Execute => ends.map(tensor),
        };
        let part = |memory: usize, offset: usize| {
            self.memories[memory].part(offset as u64, len as u64).expect("taken modulo what there is")
        };
        let mut effect = Effect { from: (from, at[0]), to: (to, at[1]), len, add: 0, moved: len as u64 };
        let work = match what {
            What::Read => Work::Read { from: part(from, at[0]), to: part(to, at[1]).extent() },
            What::Write => Work::Write { from: part(from, at[0]).extent(), to: part(to, at[1]) },
            What::Copy => Work::Copy { from: part(from, at[0]), to: part(to, at[1]) },
            What::Execute => {
                effect = Effect { from: (from, 0), to: (to, 0), len: LEN, add: 1, moved: 2 * LEN as u64 };
                let tensor = |memory: usize| {
                    let tensor = Tensor::new("t", Some(self.memories[memory].clone()));
                    Some(Arc::new(tensor))
                };
                let bank = self.device.bank_of(0).index;
                let run = self.model.bind(bank, false, |_| tensor(from), |_| tensor(to));
                Work::Execute(Arc::new(run.expect("the tensors fit")))
            }
        };
        let log = Arc::clone(&self.log);
        let answer = Answer::Call(Box::new(move |seq, status| log.lock().push(Event::Status(seq, status))));
        let submitted = self.device.submit(UNITS[unit], work, answer);

        let depth = if UNITS[unit].kind == UnitKind::Compute { DEPTH } else { u64::MAX };
        let queue = &mut self.queues[unit];
        let queued = queue.issued - queue.completed;
        if queue.dead {
            assert_eq!(submitted, Err(SubmitError::Dead), "{:?}", UNITS[unit]);
        } else if queued == depth {
            assert_eq!(submitted, Err(SubmitError::Full { depth }), "{:?}", UNITS[unit]);
            queue.full += 1;
        } else {
            queue.issued += 1;
            queue.deepest = queue.deepest.max(queued + 1);
            queue.waiting.push_back(effect);
            assert!(submitted.is_ok(), "{:?}: {submitted:?}", UNITS[unit]);
        }
        if let Ok(seq) = submitted {
            self.accepted.push((UNITS[unit], seq));
        }
    }

    /// Lets the model catch up with what the device has told, then compares everything.
    pub(crate) fn settle(&mut self) {
        let mut told = VecDeque::from(std::mem::take(&mut *self.log.lock()));
        while let Some(event) = told.pop_front() {
            let Event::Status(seq, status) = event else {
                panic!("{event:?} without a completion before it; then {told:?}");
            };
            for listener in self.complete(seq, status) {
                assert_eq!(told.pop_front(), Some(Event::Signal(listener)), "the signals of {seq:?}");
            }
        }
        for (place, (span, bytes)) in self.memories.iter().zip(&self.bytes).enumerate() {
            assert_eq!(bytes_of(span), *bytes, "memory {place} after {:?}", self.history.last());
        }
        for (queue, unit) in self.queues.iter().zip(UNITS) {
            let counts = self.device.ledger().queue(unit);
            assert_eq!(self.device.issued(unit), queue.issued, "{unit:?} issued");
            assert_eq!(counts.accepted(), queue.issued, "{unit:?} accepted");
            assert_eq!(counts.full(), queue.full, "{unit:?} full");
            assert_eq!(counts.deepest(), queue.deepest, "{unit:?} deepest");
            for status in Status::ALL {
                let count = queue.statuses.get(&status).copied().unwrap_or(0);
                assert_eq!(counts.completed(status), count, "{unit:?} {status:?}");
            }
        }
    }

    /// The model completes a request; returns who is signalled, in order.
    fn complete(&mut self, seq: Seq, status: Status) -> Vec<u64> {
        let (id, num) = Seq::decode(seq.raw()).expect("an id of ours");
        let unit = UNITS.iter().position(|&unit| unit == id).expect("a unit of ours");
        let queue = &mut self.queues[unit];
        queue.completed += 1;
        assert_eq!(num, queue.completed, "{id:?} completes in the order of submission");
        let effect = queue.waiting.pop_front().expect("only what was submitted completes");
        let fault = self.faults.iter().find(|fault| (fault.0, fault.1) == (unit, num));
        let expected = match fault {
            _ if queue.dead => Status::ExecUnitUnrecoverable,
            // The device tries again by itself.
            Some(&(.., Status::CollPending)) | None => Status::Success,
            Some(&(.., status)) => status,
        };
        assert_eq!(status, expected, "{id:?} {num}");
        queue.dead |= FATAL.contains(&status.code());
        *queue.statuses.entry(status).or_default() += 1;
        if DONE.contains(&status.code()) {
            let source = self.bytes[effect.from.0];
            let source = &source[effect.from.1..][..effect.len];
            let target = &mut self.bytes[effect.to.0][effect.to.1..][..effect.len];
            target.iter_mut().zip(source).for_each(|(to, from)| *to = from.wrapping_add(effect.add));
        }
        self.history.push((seq, status, effect.moved));
        let queue = &mut self.queues[unit];
        let due = |&(wanted, _, listener): &(u64, u64, u64)| (wanted <= num).then_some(listener);
        let told = queue.each.into_iter().chain(queue.once.iter().filter_map(due)).collect();
        queue.once.retain(|&(wanted, ..)| wanted > num);
        told
    }

    /// What the recorder kept, core by core.
    pub(crate) fn records(&self) -> [Vec<Record>; 2] {
        [0, 1].map(|core| self.device.recorder().fetch(core, usize::MAX))
    }
}
