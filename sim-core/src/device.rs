//! The device: all queues, banks and threads of one opened machine.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{COMPUTE_DEPTH_MAX, Config, Time};
use crate::driver::manual::Manual;
use crate::driver::threaded::Threaded;
use crate::driver::{Driver, Limit, Waited};
use crate::fault::Faults;
use crate::fault::tally::Tally;
use crate::ledger::Ledger;
use crate::memory::bank::{Bank, Full};
use crate::memory::storage::Storage;
use crate::memory::tensor::{Counting, Outputs};
use crate::port::{Listening, Port, Signal, SubmitError};
use crate::rates::Rates;
use crate::recorder::Recorder;
use crate::request::{Answer, Request, Work};
use crate::seq::{Seq, UnitId, UnitKind};
use crate::shard::Shard;
use crate::time::{Nanos, Tick};
use crate::unit::Unit;

/// A simulated machine with the cores that one process has. All methods may be called from any thread.
pub struct Device {
    config: Config,
    shards: Vec<Arc<Shard>>,
    banks: Vec<Arc<Bank>>,
    driver: Steering,
    ledger: Arc<Ledger>,
    recorder: Arc<Recorder>,
    rates: Arc<Rates>,
    faults: Arc<Faults>,
}

/// The driver, and the one that can be stepped if it is that one.
enum Steering {
    Threaded(Threaded),
    Manual(Manual),
}

impl Device {
    /// Opens the machine that `config` describes, counting in `ledger`, which has as many cores.
    ///
    /// # Panics
    /// If there is no memory for what is counted of the plan, or it has more rules than can be counted.
    pub fn open(config: Config, ledger: Ledger) -> Device {
        let faults = Faults::new(config.circumstances(), Tally::new().expect("a few pages"));
        faults.set_plan(&config.plan, Tick::ZERO).expect("no more rules than a plan can have");
        Device::with_faults(config, ledger, Arc::new(faults))
    }

    /// The same, with `faults` in place of the plan of `config`: for who has asked them before there is a device.
    pub fn with_faults(config: Config, ledger: Ledger, faults: Arc<Faults>) -> Device {
        let cores = config.cores as usize;
        assert!(cores <= 256, "a profile has at most 256 cores");
        assert!(config.compute_depth <= COMPUTE_DEPTH_MAX, "a port remembers no more ends");
        assert_eq!(ledger.cores(), cores, "the ledger is made for the device");
        let ledger = Arc::new(ledger);
        let recorder = Arc::new(Recorder::new(config.cores));
        let rates = Arc::new(config.profile.rates(config.lnc));
        let shard = |place| {
            let unit = UnitId::at(place);
            let depth = if unit.kind == UnitKind::Compute { config.compute_depth } else { u64::MAX };
            let limit = match unit.kind {
                UnitKind::Collectives => config.limits.collective,
                _ => Some(config.limits.run),
            };
            let port = Port::new(unit, depth, Arc::clone(&ledger), Arc::clone(&faults));
            let unit = if config.shuffle { Unit::shuffled } else { Unit::new }(unit, config.seed, limit);
            Arc::new(Shard::new(port, unit, Arc::clone(&rates), Arc::clone(&recorder), Arc::clone(&faults)))
        };
        let shards: Vec<Arc<Shard>> = (0..cores * UnitId::PER_CORE).map(shard).collect();
        let driver = match config.time {
            Time::Free => Steering::Threaded(Threaded::free(shards.clone(), config.limits.run)),
            Time::Wall(scale) => Steering::Threaded(Threaded::wall(shards.clone(), scale, config.limits.run)),
            Time::Manual => Steering::Manual(Manual::new(shards.clone())),
        };
        let profile = &config.profile;
        let taken = profile.model_code_bytes() * u64::from(profile.cores_per_bank());
        let bank = |index| Arc::new(Bank::new(index, profile.bank_bytes(), taken));
        let banks = (0..profile.devices * profile.banks_per_device).map(bank).collect();
        for core in 0..cores {
            let memory = ledger.memory(u8::try_from(core).expect("at most 256 cores"));
            memory.set_limit(profile.bank_bytes());
            memory.take(profile.model_code_bytes() * u64::from(config.lnc));
        }
        Device { config, shards, banks, driver, ledger, recorder, rates, faults }
    }

    /// What it was opened with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Its counters.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// Records what it does, once started.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// The rules of its fault plan, and what they have done.
    pub fn faults(&self) -> &Arc<Faults> {
        &self.faults
    }

    /// How long things take on one of its logical cores.
    pub fn rates(&self) -> &Rates {
        &self.rates
    }

    /// The simulated instant.
    pub fn now(&self) -> Tick {
        self.driver().now()
    }

    /// Whether the process has a logical core `core`.
    pub fn has_core(&self, core: u8) -> bool {
        u32::from(core) < self.config.cores
    }

    /// The machine's device that holds logical core `core`.
    pub fn device_of(&self, core: u8) -> u32 {
        self.physical_core(core) / self.config.profile.cores_per_device
    }

    /// The bank in which logical core `core` has its memory.
    pub fn bank_of(&self, core: u8) -> &Arc<Bank> {
        let bank = self.physical_core(core) / self.config.profile.cores_per_bank();
        &self.banks[bank as usize]
    }

    /// Bank `bank` of device `device`, if there is one.
    pub fn bank(&self, device: u32, bank: u32) -> Option<&Arc<Bank>> {
        let per_device = self.config.profile.banks_per_device;
        let place = device.checked_mul(per_device)?.checked_add(bank)?;
        self.banks.get(place as usize).filter(|_| bank < per_device)
    }

    /// The first physical core of logical core `core`, counted over the whole machine.
    fn physical_core(&self, core: u8) -> u32 {
        (self.config.first_core + u32::from(core)) * self.config.lnc
    }

    /// Allocates `len` bytes on the bank of `core`.
    ///
    /// # Errors
    /// When the bank has no room.
    pub fn allocate(&self, core: u8, len: u64) -> Result<Storage, Full> {
        Storage::on_device(self.bank_of(core), core, len, &self.ledger)
    }

    /// Submits a request to `unit`; `answer` is given when it completes.
    ///
    /// # Errors
    /// When the queue does not accept it; nothing has changed then, and `answer` is dropped unused.
    pub fn submit(&self, unit: UnitId, work: Work, answer: Answer) -> Result<Seq, SubmitError> {
        self.submit_request(unit, Request::new(work, answer))
    }

    /// [`Device::submit`] for a request that names its tensors, since [`Faults::wants_tensors`].
    ///
    /// # Errors
    /// As [`Device::submit`].
    pub fn submit_request(&self, unit: UnitId, request: Request) -> Result<Seq, SubmitError> {
        let accepted = self.enqueue(unit, request);
        if matches!(accepted, Err(SubmitError::Full { .. })) {
            self.ledger.queue(unit).refuse();
        }
        // Woken even where the queue is full: a program that only submits must get on as well.
        if !matches!(accepted, Err(SubmitError::Dead | SubmitError::Closed | SubmitError::Fault(_))) {
            self.driver().wake(self.shard(unit));
        }
        accepted
    }

    /// Submits a request to `unit` and waits until it has completed, doing what is due on this thread: no
    /// other is started or woken for it.
    ///
    /// # Errors
    /// As [`Device::submit`].
    pub fn perform(&self, unit: UnitId, work: Work, answer: Answer) -> Result<Waited, SubmitError> {
        let seq = self.enqueue(unit, Request::new(work, answer))?;
        Ok(self.wait_patiently(unit, seq.num()))
    }

    fn enqueue(&self, unit: UnitId, request: Request) -> Result<Seq, SubmitError> {
        let shard = self.shard(unit);
        let moment = self.driver().moment();
        let accepted = shard.port.submit(request, moment.at).map_err(|(error, _)| error)?;
        if accepted.submitted > moment.at {
            self.driver().reach(accepted.submitted);
        }
        Ok(Seq::new(unit, accepted.num))
    }

    /// Whether request `num` of `unit` has completed. Helps it on if it is cheap and due.
    pub fn is_completed(&self, unit: UnitId, num: u64) -> bool {
        let shard = self.shard(unit);
        self.look(shard, num) >= num && self.driver().observe(shard, num) >= num
    }

    /// The number of the last completed request of `unit`; 0 if there is none. Helps the queue on.
    ///
    /// In free-running time the number rises by one at a time, unless it is behind what has been seen. In manual time
    /// one that was told before moves time to the next event.
    pub fn completed(&self, unit: UnitId) -> u64 {
        let shard = self.shard(unit);
        let completed = self.look(shard, self.driver().news(shard));
        self.driver().observe(shard, completed.min(shard.seen(self.now()).saturating_add(1)))
    }

    /// The last completed number, after doing what is cheap and due if it is below `wanted`.
    fn look(&self, shard: &Arc<Shard>, wanted: u64) -> u64 {
        if shard.port.completed() < wanted {
            self.driver().look(shard, wanted);
        }
        shard.port.completed()
    }

    /// Waits for request `num` of `unit`, at most for `limit` of real time if there is one.
    ///
    /// A request that a fault holds up is waited for as long as the runtime waits for a run.
    pub fn wait(&self, unit: UnitId, num: u64, limit: Option<Duration>) -> Waited {
        let limit = limit.map_or(Limit::None, Limit::Real);
        let waited = self.driver().wait(self.shard(unit), num, limit);
        self.has_seen(self.shard(unit), num);
        waited
    }

    /// Waits for request `num` of `unit` as a call of the runtime does: for as long as it takes, unless it does not
    /// complete by itself. Then the runtime waits as long as for a run, so that so much simulated time has passed.
    pub fn wait_patiently(&self, unit: UnitId, num: u64) -> Waited {
        let waited = self.wait(unit, num, None);
        // On a clock it was waited for already.
        if waited == Waited::Stuck && !matches!(self.config.time, Time::Wall(_)) {
            let since = self.obstacle(unit).map_or(Tick::ZERO, |obstacle| obstacle.since);
            self.driver().pass(self.now().max(since) + self.config.limits.run);
            return self.outcome(unit, num, waited);
        }
        waited
    }

    /// Waits until `unit`, which was full, has completed one more request, at most until the instant `until` if time is
    /// not free. If that does not happen by itself, `until` has come.
    pub fn wait_for_place(&self, unit: UnitId, until: Tick) -> Waited {
        let port = &self.shard(unit).port;
        let num = port.completed() + 1;
        if num > port.issued() {
            return Waited::Completed; // it has become empty since it was full
        }
        self.wait_until(unit, num, until)
    }

    /// Waits for request `num` of `unit`, at most until the instant `until` if time is not free. If it does not complete
    /// by itself, `until` has come.
    pub fn wait_until(&self, unit: UnitId, num: u64, until: Tick) -> Waited {
        let waited = self.driver().wait(self.shard(unit), num, Limit::Until(until));
        if waited == Waited::Stuck {
            self.driver().pass(until);
        }
        self.outcome(unit, num, waited)
    }

    /// How a wait for request `num` has ended, which may have completed since it had `ended`.
    fn outcome(&self, unit: UnitId, num: u64, ended: Waited) -> Waited {
        let shard = self.shard(unit);
        self.has_seen(shard, num);
        if shard.port.completed() >= num { Waited::Completed } else { ended }
    }

    /// Waits until `outputs` counts `expected` runs, at most for `limit` of simulated time if there is one.
    ///
    /// In free-running time the limit is real, since the time of a program that does nothing stands still.
    pub fn wait_for_outputs(&self, outputs: &Outputs, expected: u64, limit: Option<Nanos>) -> Counting {
        self.driver().wait_for_outputs(outputs, expected, limit)
    }

    /// The program has seen that request `num` has completed: what it does next is later.
    ///
    /// What else has completed it has not seen, so that no race of threads decides what time it is.
    fn has_seen(&self, shard: &Shard, num: u64) {
        if let Some(ended) = shard.port.ended(num) {
            self.driver().reach(ended);
        }
    }

    /// The number of the last completed request of `unit`, as it is: nothing is done for it, and it is not seen.
    pub fn published(&self, unit: UnitId) -> u64 {
        self.shard(unit).port.completed()
    }

    /// The number of the last request that `unit` accepted.
    pub fn issued(&self, unit: UnitId) -> u64 {
        self.shard(unit).port.issued()
    }

    /// Tells `signal` once when request `num` of `unit` has completed; at once if it has.
    pub fn listen(&self, unit: UnitId, num: u64, signal: Box<dyn Signal>) -> Listening {
        let shard = self.shard(unit);
        let listening = shard.port.listen(num, signal, &|at| self.driver().reach(at));
        if matches!(listening, Listening::Pending(_)) {
            self.driver().listened(shard);
        }
        listening
    }

    /// Tells `signal` once when request `num` of `unit` has completed, in place of whoever was named here
    /// for that request before; at once if it has completed.
    pub fn listen_by_number(&self, unit: UnitId, num: u64, signal: Option<Box<dyn Signal>>) {
        let shard = self.shard(unit);
        shard.port.listen_by_number(num, signal, &|at| self.driver().reach(at));
        self.driver().listened(shard);
    }

    /// Takes back a wish of [`Device::listen`].
    pub fn forget(&self, unit: UnitId, key: u64) {
        self.shard(unit).port.forget(key);
    }

    /// Tells `signal` of each completion of `unit`, in place of whoever was told before.
    ///
    /// What had completed by then counts as seen: of that, nobody is told.
    pub fn listen_to_each(&self, unit: UnitId, signal: Option<Box<dyn Signal>>) {
        let shard = self.shard(unit);
        shard.port.listen_to_each(signal);
        self.has_seen(shard, shard.port.completed());
        self.driver().listened(shard);
    }

    /// Moves time to the next event and completes what ends then; `None`: nothing is left to do.
    ///
    /// # Panics
    /// Unless it was opened with [`Time::Manual`].
    pub fn step(&self) -> Option<Tick> {
        match &self.driver {
            Steering::Manual(manual) => manual.step(),
            Steering::Threaded(_) => panic!("only a device that was opened for it can be stepped"),
        }
    }

    /// Completes what was accepted, refuses everything else from now on, and ends all threads.
    ///
    /// Queues that are paused go on, and what a fault holds up ends with [`Timeout`](crate::status::Status::Timeout);
    /// returns how many requests that were.
    pub fn close(&self) -> u64 {
        self.shards.iter().for_each(|shard| shard.port.close());
        for shard in &self.shards {
            let moment = self.driver().moment();
            shard.give_up();
            shard.resume(moment.at);
            drop(moment);
            self.wait(shard.port.unit(), shard.port.issued(), None);
        }
        self.driver().stop();
        // Whoever waits for a late signal would wait for ever.
        self.shards.iter().for_each(|shard| shard.port.ring_late(Tick::END, &|at| self.driver().reach(at)));
        self.ledger.close();
        self.shards.iter().map(|shard| shard.given_up()).sum()
    }

    pub(crate) fn shards(&self) -> &[Arc<Shard>] {
        &self.shards
    }

    pub(crate) fn shard(&self, unit: UnitId) -> &Arc<Shard> {
        &self.shards[unit.place()]
    }

    pub(crate) fn driver(&self) -> &dyn Driver {
        match &self.driver {
            Steering::Threaded(threaded) => threaded,
            Steering::Manual(manual) => manual,
        }
    }
}
