//! The driver for real programs: worker threads, helped by whoever looks or waits.
//!
//! In free-running time a request is due as soon as it is submitted, and a thread that looks for its
//! completion can do it at once. So a submission does not wake a worker that watches anyway: after work a
//! worker looks round every [`NAP`](self) for a while before it goes to sleep. Only somebody who waits in the
//! kernel, for an eventfd, is worth a wake at once.
#![expect(clippy::disallowed_methods, reason = "this is the driver with the threads and the clock")]

mod waiting;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::AcqRel, Ordering::Relaxed, Ordering::Release};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::order::{Order, Use};
use super::{Driver, Limit, Moment, Waited};
use crate::memory::tensor::{Counting, Outputs};
use crate::shard::{Bounds, Effort, Next, Pumped, Shard};
use crate::time::{Nanos, Tick};

/// How long a blocking call waits without sleeping.
const SPUN: Duration = Duration::from_micros(80);

/// How long a worker that watches closes its eyes.
const NAP: Duration = Duration::from_micros(50);
/// How many naps in a row without work a worker watches before it sleeps.
const NAPS: u32 = 20;

/// The most requests that a thread completes that only looks, or a worker before it turns to another queue.
const LOOK_MAX: u64 = 64;

/// Drives a device with threads, which are started when the first request comes.
pub struct Threaded {
    crew: Arc<Crew>,
}

/// What the workers share.
struct Crew {
    clock: Clock,
    /// How long is waited for a request that a fault holds up.
    limit: Nanos,
    order: Order,
    most: usize,
    pool: Mutex<Pool>,
    /// Told when a shard is listed or the crew stops.
    news: Condvar,
    /// Locked after the pool, where both are.
    threads: Mutex<Vec<JoinHandle<()>>>,
}

enum Clock {
    /// The latest instant that the program has seen.
    Free(AtomicU64),
    /// Real time since `origin`, a simulated second taking `scale` seconds.
    Wall { origin: Instant, scale: f64 },
}

/// Who does what, under one short lock.
#[derive(Default)]
struct Pool {
    /// Shards that may have something to do; seldom one twice (see [`Shard::listed`]).
    ready: VecDeque<Arc<Shard>>,
    /// Shards whose next request ends later, by that instant and their place.
    timers: BTreeMap<(Tick, usize), Arc<Shard>>,
    workers: usize,
    /// Workers in the midst of long work.
    heavy: usize,
    sleeping: usize,
    watching: usize,
    stopping: bool,
}

impl Threaded {
    /// A driver of all of `shards` whose time runs freely.
    ///
    /// `limit` is how long is waited for a request that a fault holds up.
    pub fn free(shards: Vec<Arc<Shard>>, limit: Nanos) -> Threaded {
        Threaded::new(Clock::Free(AtomicU64::new(0)), shards, limit)
    }

    /// A driver of all of `shards` in which a simulated second takes `scale` seconds.
    pub fn wall(shards: Vec<Arc<Shard>>, scale: f64, limit: Nanos) -> Threaded {
        Threaded::new(Clock::Wall { origin: Instant::now(), scale }, shards, limit)
    }

    fn new(clock: Clock, shards: Vec<Arc<Shard>>, limit: Nanos) -> Threaded {
        let cpus = thread::available_parallelism().map_or(1, usize::from);
        let (pool, news, threads) = (Mutex::default(), Condvar::new(), Mutex::default());
        Threaded {
            crew: Arc::new(Crew {
                clock,
                limit,
                order: Order::new(shards),
                most: 2 * cpus + 2,
                pool,
                news,
                threads,
            }),
        }
    }
}

impl Crew {
    /// Up to which instant requests may complete.
    fn horizon(&self) -> Tick {
        match self.clock {
            Clock::Free(_) => Tick::END,
            Clock::Wall { .. } => self.now(),
        }
    }

    fn now(&self) -> Tick {
        match &self.clock {
            Clock::Free(now) => Tick(now.load(Relaxed)),
            Clock::Wall { origin, scale } => Tick(nanos(origin.elapsed().div_f64(*scale))),
        }
    }

    fn reach(&self, at: Tick) {
        if let Clock::Free(now) = &self.clock
            && now.load(Relaxed) < at.0
        {
            now.fetch_max(at.0, Relaxed);
        }
    }

    /// When `at` comes on the real clock.
    fn instant(&self, at: Tick) -> Option<Instant> {
        match self.clock {
            Clock::Free(_) => None,
            Clock::Wall { origin, scale } => {
                origin.checked_add(Duration::try_from_secs_f64(at.0 as f64 * scale / 1e9).ok()?)
            }
        }
    }

    /// Lists `shard` for the workers, and wakes one if none looks round anyway or it is urgent.
    fn list(self: &Arc<Crew>, shard: &Arc<Shard>, urgent: bool) {
        if shard.listed.swap(true, AcqRel) && !urgent {
            return;
        }
        let mut pool = self.pool.lock();
        // Listed by us or by another: a second entry does no harm, and a lost one would.
        pool.ready.push_back(Arc::clone(shard));
        if pool.watching > 0 && !urgent {
            return; // it looks round soon enough
        }
        self.rouse(pool);
    }

    /// Sees to it that a worker looks round: wakes one, or starts one if all there are do something long.
    fn rouse(self: &Arc<Crew>, pool: MutexGuard<'_, Pool>) {
        if pool.watching + pool.sleeping > 0 {
            self.news.notify_one();
        } else if pool.workers == pool.heavy && pool.workers < self.most && !pool.stopping {
            self.hire(pool);
        }
    }

    /// Starts a worker. Without threads the device is not lost: whoever looks or waits still does its work.
    fn hire(self: &Arc<Crew>, mut pool: MutexGuard<'_, Pool>) {
        pool.workers += 1;
        let mut threads = self.threads.lock(); // before the pool is let go, so that `stop` finds the thread
        drop(pool);
        let crew = Arc::clone(self);
        let started = thread::Builder::new().name("nrt-sim".into()).spawn(move || crew.work());
        let failed = started.map(|thread| threads.push(thread)).is_err();
        drop(threads);
        if failed {
            let mut pool = self.pool.lock();
            pool.workers -= 1;
            // The next who asks tries again.
            pool.ready.iter().for_each(|shard| shard.listed.store(false, Release));
        }
    }

    /// Pumps `shard`. If its next request ends later, a timer is set: every worker may have found the
    /// shard busy with us and gone.
    /// The same goes for requests that are left.
    fn pump(self: &Arc<Crew>, shard: &Arc<Shard>, effort: Effort, last: u64) -> Pumped {
        let bounds = Bounds { horizon: self.horizon(), effort, last };
        let pumped = shard.pump(bounds, &|at| self.reach(at));
        match pumped {
            Pumped::Until(at) => {
                let mut pool = self.pool.lock();
                if pool.timers.insert((at, shard.port.unit().place()), Arc::clone(shard)).is_none() {
                    self.rouse(pool);
                }
            }
            Pumped::Left => self.list(shard, false),
            Pumped::Idle | Pumped::Busy | Pumped::Heavy | Pumped::Paused | Pumped::Held => {}
        }
        pumped
    }

    /// The life of a worker.
    fn work(self: &Arc<Crew>) {
        let mut idle_naps = 0;
        let mut pool = self.pool.lock();
        loop {
            self.ring_timers(&mut pool);
            if let Some(shard) = pool.ready.pop_front() {
                idle_naps = 0;
                drop(pool);
                // AcqRel: what was submitted before this is seen by the pump; what comes after lists anew.
                shard.listed.swap(false, AcqRel);
                self.serve(&shard);
                pool = self.pool.lock();
            } else if pool.stopping {
                return;
            } else if let Some((&(at, _), _)) = pool.timers.first_key_value() {
                let at = self.instant(at).unwrap_or_else(|| Instant::now() + NAP);
                pool.sleeping += 1;
                self.news.wait_until(&mut pool, at);
                pool.sleeping -= 1;
            } else if pool.watching == 0 && idle_naps < NAPS {
                idle_naps += 1;
                pool.watching += 1;
                self.news.wait_for(&mut pool, NAP);
                pool.watching -= 1;
            } else {
                pool.sleeping += 1;
                self.news.wait(&mut pool);
                pool.sleeping -= 1;
            }
        }
    }

    /// Lists the shards whose timers have run out.
    fn ring_timers(&self, pool: &mut Pool) {
        while let Some(first) = pool.timers.first_entry() {
            if first.key().0 > self.now() {
                return;
            }
            let shard = first.remove();
            pool.ready.push_back(shard);
        }
    }

    fn serve(self: &Arc<Crew>, shard: &Arc<Shard>) {
        // A turn at a time: what is left is listed again, behind the others.
        let turn = || shard.port.completed().saturating_add(LOOK_MAX);
        while self.pump(shard, Effort::Light, turn()) == Pumped::Heavy {
            let mut pool = self.pool.lock();
            pool.heavy += 1;
            if !pool.ready.is_empty() || !pool.timers.is_empty() {
                self.rouse(pool); // what others counted on us for does not wait till we are through
            } else {
                drop(pool);
            }
            self.pump(shard, Effort::Any, u64::MAX);
            self.pool.lock().heavy -= 1;
        }
    }
}

/// A duration as simulated nanoseconds; the end of time if it is longer than that.
fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

impl Driver for Threaded {
    fn now(&self) -> Tick {
        self.crew.now()
    }

    fn moment(&self) -> Moment<'_> {
        Moment { at: self.crew.now(), _still: None }
    }

    fn reach(&self, at: Tick) {
        self.crew.reach(at);
    }

    fn news(&self, _: &Shard) -> u64 {
        u64::MAX // there may always be more
    }

    fn observe(&self, shard: &Arc<Shard>, num: u64) -> u64 {
        let Clock::Free(now) = &self.crew.clock else {
            return num; // what has completed has ended
        };
        let now = Tick(now.load(Relaxed));
        let Some(end) = shard.port.ended(num).filter(|end| *end > now) else {
            return num;
        };
        let order = &self.crew.order;
        order.mark(shard, Use::Look);
        let next = order.next_end(shard, now, end, &|at| self.crew.reach(at));
        if !order.holds(next) {
            self.crew.reach(end);
            return num;
        }
        if let Next::At(at) = next {
            self.crew.reach(at);
        }
        shard.seen(self.crew.now()).min(num)
    }

    fn pass(&self, until: Tick) {
        match self.crew.clock {
            Clock::Free(_) => self.crew.reach(until),
            Clock::Wall { .. } => {
                let Some(until) = self.crew.instant(until) else { return };
                let left = |until: Instant| until.saturating_duration_since(Instant::now());
                // Sleeping is not precise: the last of it is spun away.
                thread::sleep(left(until).saturating_sub(SPUN));
                while !left(until).is_zero() {
                    std::hint::spin_loop();
                }
            }
        }
    }

    fn wake(&self, shard: &Arc<Shard>) {
        self.crew.order.mark(shard, Use::Submit);
        self.crew.list(shard, shard.port.is_listened());
    }

    fn look(&self, shard: &Arc<Shard>, num: u64) {
        self.crew.order.mark(shard, Use::Look);
        let last = num.min(shard.port.completed().saturating_add(LOOK_MAX));
        if self.crew.pump(shard, Effort::Light, last) == Pumped::Heavy {
            self.crew.list(shard, !shard.listed.load(Relaxed));
            if self.crew.pool.lock().workers == 0 {
                self.crew.pump(shard, Effort::Any, last); // there is no thread to be had
            }
        }
    }

    /// Does what is cheap and due, and leaves the rest to a worker: a late signal too, since whoever kept us from
    /// looking may be through with those.
    fn listened(&self, shard: &Arc<Shard>) {
        self.look(shard, u64::MAX);
        if shard.port.completed() < shard.port.issued() || shard.port.next_ring().is_some() {
            self.crew.list(shard, true);
        }
    }

    fn released(&self, shard: &Arc<Shard>) {
        self.crew.list(shard, true);
    }

    fn wait(&self, shard: &Arc<Shard>, num: u64, limit: Limit) -> Waited {
        self.crew.wait(shard, num, limit)
    }

    fn wait_for_outputs(&self, outputs: &Outputs, expected: u64, limit: Option<Nanos>) -> Counting {
        let begun = self.now();
        let counting = self.crew.wait_for_outputs(outputs, expected, limit);
        match (counting, limit) {
            (Counting::Reached, _) => outputs.reached_at(expected).into_iter().for_each(|at| self.reach(at)),
            (Counting::TimedOut, Some(limit)) => self.pass(begun + limit),
            (Counting::TimedOut | Counting::Ended | Counting::Stuck, _) => {}
        }
        counting
    }

    fn stop(&self) {
        self.crew.pool.lock().stopping = true;
        self.crew.news.notify_all();
        for thread in self.crew.threads.lock().drain(..) {
            thread.join().expect("workers catch the panics of kernels");
        }
    }
}
