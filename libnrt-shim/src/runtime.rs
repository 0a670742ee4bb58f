//! The one runtime of the process: its phase, its device, and the objects the program has.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Once};
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::{MappedRwLockReadGuard, Mutex, RwLock, RwLockReadGuard};
use sim_core::config::Config;
use sim_core::device::Device;
use sim_core::fault::Rule;
use sim_core::ledger::Object;
use sim_core::memory::tensor::Tensor;
use sim_core::seq::{Seq, UnitId, UnitKind};

use crate::armed::{self, Armed};
use crate::callback;
use crate::check::{self, Check};
use crate::claim::Claim;
use crate::collective::Collective;
use crate::control::server;
use crate::environment::Settings;
use crate::error::ApiError;
use crate::handle::{Handle, Table};
use crate::implicit::Implicit;
use crate::loaded::{Loaded, Objects};
use crate::log::{self, Level};
use crate::report::{Report, RuleReport};
use crate::tensor_set::TensorSet;
use crate::tracker::Tracker;
use crate::trail;

/// Where the runtime stands. `Closing` lasts while `nrt_close` runs; afterwards calls are answered as
/// closed (documented) or, by option, as uninitialised (observed). `Child` is for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    Start,
    Open,
    Closing,
    Closed,
    Child,
}

static PHASE: AtomicU8 = AtomicU8::new(Phase::Start as u8);
/// Read by each call while it runs, so that closing waits for calls under way. Written by init and close.
static RUNTIME: RwLock<Option<Runtime>> = RwLock::new(None);
/// Held by init and close, which happen one at a time.
static CHANGING: Mutex<()> = Mutex::new(());
/// Whether the runtime was ever open: children of such a process cannot use it (observed).
static WAS_OPEN: AtomicBool = AtomicBool::new(false);
/// Cores of the open runtime, which a forked child can still ask for (observed).
static VISIBLE: AtomicU32 = AtomicU32::new(0);

// The tables outlive the runtime: a handle of one that was closed must not name an object of the next.
static TENSORS: Table<Tensor> = Table::new();
static SETS: Table<TensorSet> = Table::new();
static MODELS: Table<Loaded> = Table::new();
static TRACKERS: Table<Tracker> = Table::new();
static COLLECTIVES: Table<Collective> = Table::new();

/// An opened device and the program's objects on it.
pub(crate) struct Runtime {
    pub(crate) settings: Settings,
    pub(crate) device: Device,
    /// Implicit async mode, if it is on.
    pub(crate) implicit: Option<Implicit>,
    pub(crate) tensors: &'static Table<Tensor>,
    pub(crate) sets: &'static Table<TensorSet>,
    pub(crate) models: &'static Table<Loaded>,
    pub(crate) trackers: &'static Table<Tracker>,
    pub(crate) collectives: &'static Table<Collective>,
    pub(crate) report: Report,
    /// What the program is checked by, if that is wanted.
    pub(crate) check: Option<Check>,
    /// Whether the checker or the trail hears of requests: one look for those who are in a hurry.
    pub(crate) is_watched: bool,
    pub(crate) rules: RuleReport,
    /// What earlier processes had broken at `nrt_init`.
    pub(crate) leftover: Vec<Rule>,
    /// Nanoseconds between 1970 and the device's first tick.
    pub(crate) opened_ns: u64,
    changes: AtomicU64,
    has_bindings: AtomicBool,
    /// Held while bindings are ended, so that none survives a change that has returned.
    forgetting: Mutex<()>,
    _claim: Claim,
}

/// The open runtime, for the length of one call.
pub(crate) type Open = MappedRwLockReadGuard<'static, Runtime>;

fn phase() -> Phase {
    match PHASE.load(SeqCst) {
        0 => Phase::Start,
        1 => Phase::Open,
        2 => Phase::Closing,
        3 => Phase::Closed,
        _ => Phase::Child,
    }
}

/// Whether the runtime is open, or why it is not: 13, 14 or 1, before any argument is looked at (observed).
pub(crate) fn gate() -> Result<(), ApiError> {
    match phase() {
        Phase::Start => Err(ApiError::Uninitialized),
        Phase::Open => Ok(()),
        Phase::Closing | Phase::Closed => Err(ApiError::Closed),
        Phase::Child => Err(ApiError::Child),
    }
}

/// The open runtime, for a call that passes the gate.
pub(crate) fn open() -> Result<Open, ApiError> {
    gate()?;
    // A close that began since is waiting for us or has taken the runtime away.
    RwLockReadGuard::try_map(RUNTIME.read(), Option::as_ref).map_err(|_| ApiError::Closed)
}

/// The open runtime, if it takes requests of the explicit interface.
pub(crate) fn explicit() -> Result<Open, ApiError> {
    let runtime = open()?;
    runtime.refuse_implicit()?;
    Ok(runtime)
}

/// The number of cores the process has or had when it was forked, if the runtime was open then.
pub(crate) fn visible_cores() -> Option<u32> {
    matches!(phase(), Phase::Open | Phase::Child).then(|| VISIBLE.load(Relaxed)).filter(|&count| count > 0)
}

/// Whether `nrt_init` has not happened yet, or not again since the last close.
pub(crate) fn is_before_init() -> bool {
    matches!(phase(), Phase::Start | Phase::Closed)
}

/// Opens the runtime; does nothing if it is open.
pub(crate) fn init() -> Result<(), ApiError> {
    match phase() {
        Phase::Child => return Err(ApiError::Child),
        Phase::Closing => return Err(ApiError::Closed),
        Phase::Open => return Ok(()), // without a lock: a callback may ask while closing waits for it
        Phase::Start | Phase::Closed => {}
    }
    watch_for_forks();
    let _alone = CHANGING.lock();
    if phase() == Phase::Open {
        return Ok(());
    }
    trail::begin();
    let settings = Settings::from_environment().map_err(|wrong| {
        let (last, others) = wrong.split_last().expect("an error has a reason");
        others.iter().for_each(|line| log::write(Level::Error, "nrt_init", line));
        ApiError::Invalid(last.clone())
    })?;
    log::set_threshold(settings.log_level);
    // What is only odd does not stay unsaid at the default level: the results may not be what was asked for.
    settings.remarks.iter().for_each(|line| log::write(Level::Error, "nrt_init", line));
    let runtime = Runtime::open(settings)?;
    trail::opened(runtime.implicit.is_some());
    VISIBLE.store(runtime.device.config().cores, Relaxed);
    let wish = server::Wish::of(&runtime.settings);
    *RUNTIME.write() = Some(runtime);
    WAS_OPEN.store(true, SeqCst);
    PHASE.store(Phase::Open as u8, SeqCst);
    server::start(wish); // last: whoever finds the socket is answered
    Ok(())
}

fn watch_for_forks() {
    static AT_FORK: Once = Once::new();
    AT_FORK.call_once(|| {
        // SAFETY: the handler only looks at atomics and stores to one.
        let registered = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        if registered != 0 {
            log::write(Level::Warn, "nrt_init", "a forked child will not be noticed: no memory");
        }
    });
}

/// Runs in a forked child, which has neither our threads nor a claim on our cores.
extern "C" fn in_child() {
    // Nor whoever was just opening or closing the runtime.
    if WAS_OPEN.load(SeqCst) || CHANGING.is_locked() {
        PHASE.store(Phase::Child as u8, SeqCst);
    }
    server::leave_to_parent();
}

/// Completes what was accepted, waits for calls under way, and gives everything back.
pub(crate) fn close() -> Result<(), ApiError> {
    gate()?; // first of all: in a forked child nobody is left to release the lock
    if callback::is_called() {
        return Err(ApiError::Failure("refused: it would wait for the callback that calls it".into()));
    }
    let _alone = CHANGING.lock();
    gate()?;
    PHASE.store(Phase::Closing as u8, SeqCst);
    let mut ending = Ending { after: Phase::Closed };
    match &*RUNTIME.read() {
        Some(runtime) => {
            runtime.check.iter().for_each(|check| check.closing(runtime, "nrt_close", false));
            trail::closes(runtime);
            let held = runtime.device.close();
            runtime.rules.tell(runtime.device.faults()); // those that came later
            if held > 0 {
                let line =
                    "requests that a fault held up were given up with NRT_TIMEOUT; nrt_sim_heal undoes it";
                log::write(Level::Error, "nrt_close", format!("{held} {line}"));
            }
            runtime.remark_unmatched();
            runtime.tensors.all().iter().for_each(|tensor| tensor.outputs().end());
            runtime.implicit.iter().for_each(Implicit::close); // no writer may wait yet: callbacks call us
            if runtime.settings.closed_is_uninitialized {
                ending.after = Phase::Start;
            }
        }
        None => unreachable!("the phase was open and only init and close, which wait for us, change it"),
    }
    server::stop(); // it can wait for nothing any more
    let runtime = RUNTIME.write().take();
    runtime.iter().for_each(Runtime::forget_objects);
    drop(runtime);
    Ok(())
}

/// The process ends: says so to the checker if the runtime is open. Who closes or opens it meanwhile is not waited for.
pub(crate) fn at_exit() {
    if phase() != Phase::Open {
        return;
    }
    if let Some(Some(runtime)) = RUNTIME.try_read().as_deref() {
        runtime.check.iter().for_each(|check| check.closing(runtime, "exit", true));
    }
}

/// Ends the phase of closing, even if a bug makes closing panic: the runtime can be opened again then.
struct Ending {
    after: Phase,
}

impl Drop for Ending {
    fn drop(&mut self) {
        PHASE.store(self.after as u8, SeqCst);
    }
}

impl Runtime {
    fn open(settings: Settings) -> Result<Runtime, ApiError> {
        let claim = Claim::take(&settings)?;
        let Armed { faults, report: rules, leftover } = armed::at_init(&settings, &claim)?;
        let config = Config {
            profile: settings.profile.clone(),
            lnc: settings.lnc,
            first_core: claim.first,
            cores: claim.count,
            compute_depth: settings.implicit_limit().unwrap_or(settings.compute_depth),
            seed: settings.seed,
            plan: settings.plan.clone(),
            limits: settings.limits(),
            sees_nan: settings.sees_nan,
            rank: settings.rank,
            time: settings.time,
            shuffle: settings.shuffle,
        };
        let begun = Report::begin(claim.count as usize);
        let (report, ledger) =
            begun.map_err(|error| ApiError::HostMemory(format!("no memory for counters: {error}")))?;
        check::begin(&settings.check).map_err(ApiError::Invalid)?;
        let device = Device::with_faults(config, ledger, faults);
        // In implicit mode the runtime itself waits where the checker would look.
        let check = Check::of(&settings.check, &device).filter(|_| settings.implicit_limit().is_none());
        let is_watched = check.is_some() || trail::is_on();
        if is_watched {
            let watch = check.as_ref().map(Check::watch);
            device.recorder().tap(Box::new(move |record, request| {
                trail::ended(record, &request.work);
                watch.as_ref().is_none_or(|watch| watch.ended(record, request))
            }));
        }
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Runtime {
            implicit: settings.implicit_limit().map(|limit| Implicit::new(claim.count, limit)),
            check,
            is_watched,
            device,
            settings,
            rules,
            leftover,
            tensors: &TENSORS,
            sets: &SETS,
            models: &MODELS,
            trackers: &TRACKERS,
            collectives: &COLLECTIVES,
            report,
            opened_ns: u64::try_from(since_1970.as_nanos()).unwrap_or(0),
            changes: AtomicU64::new(0),
            has_bindings: AtomicBool::new(false),
            forgetting: Mutex::new(()),
            _claim: claim,
        })
    }

    /// Makes a tensor known to C.
    pub(crate) fn add_tensor(&self, tensor: Tensor) -> Result<Handle<Tensor>, ApiError> {
        self.check.iter().for_each(|check| check.tensor_made(&tensor));
        let handle = self.tensors.insert(Arc::new(tensor))?;
        self.device.ledger().objects(Object::Tensor).fetch_add(1, Relaxed);
        Ok(handle)
    }

    /// Ends a tensor. Its memory is given back when the last request that uses it has completed.
    pub(crate) fn free_tensor(&self, handle: Handle<Tensor>) -> Result<(), ApiError> {
        let tensor = self.tensors.remove(handle)?;
        self.device.ledger().objects(Object::Tensor).fetch_sub(1, Relaxed);
        self.forget_bindings();
        self.check.iter().for_each(|check| check.tensor_freed(&tensor));
        tensor.outputs().end();
        drop(tensor);
        Ok(())
    }

    /// Says which bindings were for no model: most often a name that was mistyped.
    fn remark_unmatched(&self) {
        let Some(bindings) = &self.settings.models.bindings else { return };
        for entry in bindings.unmatched() {
            let file = bindings.file().display();
            log::write(
                Level::Warn,
                "nrt_close",
                format!("{file}, model {entry}: no model was loaded that it is for"),
            );
        }
    }

    /// Makes all handles stale, once no call is under way.
    fn forget_objects(&self) {
        self.models.clear();
        self.sets.clear();
        self.tensors.clear();
        self.trackers.clear();
        self.collectives.clear();
    }

    /// What bindings look handles up in.
    pub(crate) fn objects(&self) -> Objects<'_> {
        let Runtime { sets, tensors, changes, has_bindings, .. } = self;
        Objects { sets, tensors, changes, has_bindings }
    }

    /// A set or tensor has changed: what models remember of them no longer counts.
    pub(crate) fn forget_bindings(&self) {
        self.changes.fetch_add(1, SeqCst);
        let _one = self.forgetting.lock();
        if self.has_bindings.swap(false, SeqCst) {
            self.models.all().iter().for_each(|loaded| loaded.forget());
        }
    }

    /// The logical core `core` of this process.
    pub(crate) fn core(&self, what: &str, core: i64) -> Result<u8, ApiError> {
        let found = u8::try_from(core).ok().filter(|&core| self.device.has_core(core));
        found.ok_or_else(|| ApiError::out_of_range(what, core, self.device.config().cores))
    }

    /// The queue `queue` of the unit of `kind` on `core`.
    pub(crate) fn unit(&self, core: u8, kind: UnitKind, queue: i32) -> Result<UnitId, ApiError> {
        Ok(UnitId { core, kind, queue: checked_queue(kind, queue)? })
    }

    /// The request that `raw` names, of a unit of one of `kinds`.
    pub(crate) fn request(&self, raw: u64, kinds: &[UnitKind]) -> Result<(UnitId, u64), ApiError> {
        let is_ours = |unit: UnitId| self.device.has_core(unit.core) && kinds.contains(&unit.kind);
        let named = Seq::decode(raw).filter(|(unit, _)| is_ours(*unit));
        named.ok_or_else(|| ApiError::Invalid(format!("sequence {raw:#018x} names no queue of this process")))
    }

    /// Explicit calls are refused while implicit async mode is on (observed).
    fn refuse_implicit(&self) -> Result<(), ApiError> {
        if self.implicit.is_none() {
            return Ok(());
        }
        Err(ApiError::Failure(
            "Explicit async API cannot be used in implicit async mode; \
             unset NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS"
                .into(),
        ))
    }
}

/// `queue` if a unit of `kind` has it.
pub(crate) fn checked_queue(kind: UnitKind, queue: i32) -> Result<u8, ApiError> {
    u8::try_from(queue).ok().filter(|&queue| queue < kind.queues()).ok_or_else(|| {
        ApiError::Invalid(format!(
            "Invalid queue parameter for {} XU. XU only supports {} queues. (queue={queue})",
            kind.name(),
            kind.queues()
        ))
    })
}
