use std::os::fd::RawFd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::program;
use crate::abi::{Status, number};
use crate::session::{Direct, Place, Queue, Session};
use crate::verdict::{Outcome, Stop};

/// What the threads of a case need.
struct Scene<'a> {
    queue: Queue,
    fd: Place,
    /// Submits a request that leaves its status and its id there.
    submit: &'a (dyn Fn(u64, u64) -> Status + Sync),
    is_completed: Direct,
    get_sequence: Direct,
    of_request: Direct,
    of_queue: Direct,
    patience: Duration,
    over: AtomicBool,
    finding: OnceLock<String>,
}

/// How many requests an observer may be behind.
const BEHIND: u64 = 500;
const SLOTS: usize = 1024;
/// So many epoll instances watch the eventfd: whoever writes to it has to tell all of them before it can do
/// anything else.
const WATCHERS: usize = 200;

fn is_readable(fd: Place) -> bool {
    let mut poll = libc::pollfd { fd: fd.value() as RawFd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry, which lives here.
    unsafe { libc::poll(&raw mut poll, 1, 0) == 1 }
}

fn drain(fd: Place) -> u64 {
    let mut count = 0_u64;
    // SAFETY: reads at most 8 bytes into 8 bytes.
    let read = unsafe { libc::read(fd.value() as RawFd, (&raw mut count).cast(), 8) };
    if read == 8 { count } else { 0 }
}

/// Has `WATCHERS` epoll instances watch an eventfd.
fn crowd(fd: Place) {
    for _ in 0..WATCHERS {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: 0 };
        // SAFETY: takes a number; the instance stays until the process ends.
        let epoll = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        // SAFETY: two descriptors and an entry that lives here.
        unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd.value() as RawFd, &raw mut event) };
    }
}

impl<'a> Scene<'a> {
    fn new(s: &Session, queue: Queue, submit: &'a (dyn Fn(u64, u64) -> Status + Sync)) -> Outcome<Scene<'a>> {
        Ok(Scene {
            queue,
            fd: s.eventfd()?,
            submit,
            is_completed: s.direct("nrta_is_completed")?,
            get_sequence: s.direct("nrta_get_sequence")?,
            of_request: s.direct("nrta_event_register_seq_id_completion")?,
            of_queue: s.direct("nrta_event_register_xu_completion")?,
            patience: s.patience(),
            over: AtomicBool::new(false),
            finding: OnceLock::new(),
        })
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    fn broken(&self, what: String) {
        let _ = self.finding.set(what);
        self.over.store(true, Ordering::SeqCst);
    }

    fn is_completed(&self, id: u64) -> bool {
        let done = AtomicU32::new(0);
        let status = self.is_completed.status(&[id, done.as_ptr() as u64]);
        status == Status::SUCCESS && done.load(Ordering::Acquire) & 1 == 1
    }

    /// The last number of the queue.
    fn last(&self) -> u64 {
        let last = AtomicU64::new(0);
        let Queue { core, xu, index } = self.queue;
        let _ = self.get_sequence.status(&[core.into(), xu.into(), index.into(), last.as_ptr() as u64]);
        number(last.load(Ordering::Acquire))
    }

    /// Registers the eventfd for the queue, or takes that back.
    fn listen_to_queue(&self, fd: u64) -> bool {
        let Queue { core, xu, index } = self.queue;
        self.of_queue.status(&[core.into(), xu.into(), index.into(), fd]) == Status::SUCCESS
    }

    /// Submits a request; its id, or nothing if it was refused.
    fn request(&self, word: u64) -> Option<u64> {
        let id = AtomicU64::new(0);
        if (self.submit)(word, id.as_ptr() as u64) != Status::SUCCESS {
            self.broken("a request was refused".to_owned());
            return None;
        }
        Some(id.load(Ordering::SeqCst))
    }

    /// Asks again and again until something is so.
    fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) -> bool {
        let mut since = None;
        for attempt in 1_u64.. {
            if is_so() {
                return true;
            }
            if self.is_over() {
                return false;
            }
            if attempt % 64 == 0 {
                thread::yield_now();
                if since.get_or_insert_with(Instant::now).elapsed() > self.patience {
                    self.broken(what.to_owned());
                }
            }
        }
        false
    }

    fn outcome(self, s: &Session, looked: u64) -> Outcome {
        s.looked(looked);
        self.finding.into_inner().map_or(Ok(()), |what| Err(Stop::failed(what)))
    }
}

/// Reads of a few bytes.
fn reads(s: &Session, check: impl FnOnce(&(dyn Fn(u64, u64) -> Status + Sync)) -> Outcome) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, 64, 3)?;
    let buffer = s.buffer(64);
    let (_, id) = s.start_read(buffer, tensor, 64, Queue::transfers(0, 0))?;
    s.wait(id)?;
    let call = s.direct("nrta_tensor_read")?;
    let [buffer, tensor] = [buffer.address(), tensor.value()];
    check(&|word, id| call.status(&[buffer, tensor, 0, 64, 0, 0, word, id]))
}

pub(super) fn transfers_in_turn(s: &Session) -> Outcome {
    reads(s, |submit| in_turn(s, Queue::transfers(0, 0), submit, program::in_turn(None)))
}

pub(super) fn runs_in_turn(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let (_, id) = s.submit(&model, &io)?;
    s.wait(id)?;
    let call = s.direct("nrta_execute_schedule")?;
    let [handle, inputs, outputs] = [model.handle, io.input_set, io.output_set].map(Place::value);
    let submit = |word, id| call.status(&[handle, inputs, outputs, 0, word, id]);
    in_turn(s, Queue::compute(0), &submit, program::in_turn(Some(&model)))
}

/// One thread submits and polls, another waits for events and looks.
fn in_turn(
    s: &Session,
    queue: Queue,
    submit: &(dyn Fn(u64, u64) -> Status + Sync),
    program: String,
) -> Outcome {
    let scene = Scene::new(s, queue, submit)?;
    s.program(program);
    crowd(scene.fd);
    let base = scene.last();
    let words: Vec<AtomicU32> = (0..SLOTS).map(|_| AtomicU32::new(Place::UNTOUCHED)).collect();
    let words: &'static [AtomicU32] = words.leak();
    let (submitted, counted) = (AtomicU64::new(0), AtomicU64::new(0));
    if !scene.listen_to_queue(scene.fd.value()) {
        return Err(Stop::blocked("the eventfd could not be registered for the queue"));
    }
    let time = Duration::from_millis(s.effort(300));
    let begin = Instant::now();
    let observe = || {
        let mut total = 0;
        while !scene.is_over() {
            if !is_readable(scene.fd) {
                std::hint::spin_loop();
                continue;
            }
            let last = scene.last();
            let word = words[(total + 1) as usize % SLOTS].load(Ordering::Acquire);
            if last < base + total + 1 {
                return scene.broken(format!("an event came, and number {} was not out", base + total + 1));
            }
            if word == Place::UNTOUCHED {
                return scene.broken("an event came, and the status was not written".to_owned());
            }
            total += drain(scene.fd);
            let last = scene.last() - base;
            if last < total {
                return scene.broken(format!("{total} completions were counted, and {last} had happened"));
            }
            counted.store(total, Ordering::SeqCst);
        }
    };
    thread::scope(|scope| {
        scope.spawn(observe);
        for count in 1..=s.effort(100_000) {
            if scene.is_over() || count % 16 == 0 && begin.elapsed() > time {
                break;
            }
            scene.until("the counts do not add up", || counted.load(Ordering::SeqCst) + BEHIND > count);
            let word = &words[count as usize % SLOTS];
            word.store(Place::UNTOUCHED, Ordering::SeqCst);
            let Some(id) = scene.request(word.as_ptr() as u64) else { break };
            submitted.store(count, Ordering::SeqCst);
            scene.until("a request did not complete", || scene.is_completed(id));
        }
        let all = submitted.load(Ordering::SeqCst);
        scene.until("the counts do not add up", || counted.load(Ordering::SeqCst) >= all);
        scene.over.store(true, Ordering::SeqCst);
    });
    let (all, counted) = (submitted.into_inner(), counted.into_inner());
    if counted > all {
        return Err(Stop::failed(format!("{counted} completions were counted, and {all} had happened")));
    }
    scene.outcome(s, counted)
}

pub(super) fn registered_meanwhile(s: &Session) -> Outcome {
    reads(s, |submit| {
        let scene = Scene::new(s, Queue::transfers(0, 0), submit)?;
        s.program(program::MEANWHILE);
        let latest = AtomicU64::new(0);
        let word = s.word().address();
        let time = Duration::from_millis(s.effort(500));
        let begin = Instant::now();
        let (mut looked, mut lately) = (0, 0_u64);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !scene.is_over() {
                    scene.is_completed(latest.load(Ordering::SeqCst));
                    // Nothing is registered there: this only keeps whoever registers waiting a little.
                    scene.listen_to_queue(u64::MAX);
                }
            });
            for round in 0..s.effort(100_000) {
                if scene.is_over() || begin.elapsed() > time {
                    break;
                }
                let Some(id) = scene.request(word) else { break };
                latest.store(id, Ordering::SeqCst);
                // Each second time where it was about to complete lately, the others anywhere.
                let delay = if round % 2 == 0 { lately } else { round * 37 % 300 };
                (0..delay).for_each(|_| std::hint::spin_loop());
                if scene.of_request.status(&[id, scene.fd.value()]) != Status::SUCCESS {
                    scene.broken("the eventfd could not be registered".to_owned());
                }
                if round % 2 == 0 {
                    let step = round * 7 % 13 + 1;
                    lately = if is_readable(scene.fd) { lately.saturating_sub(step) } else { lately + step };
                }
                scene.until("a request did not complete", || scene.is_completed(id));
                scene.until("the event of a request did not come", || is_readable(scene.fd));
                let count = drain(scene.fd);
                if count != 1 && !scene.is_over() {
                    scene.broken(format!("one request was counted {count} times"));
                }
                looked += 1;
            }
            scene.over.store(true, Ordering::SeqCst);
        });
        scene.outcome(s, looked)
    })
}

pub(super) fn taken_back_meanwhile(s: &Session) -> Outcome {
    reads(s, |submit| {
        let scene = Scene::new(s, Queue::transfers(0, 0), submit)?;
        s.program(program::TAKEN_BACK);
        let word = s.word().address();
        let latest = AtomicU64::new(0);
        let time = Duration::from_millis(s.effort(300));
        let begin = Instant::now();
        let mut looked = 0;
        thread::scope(|scope| {
            scope.spawn(|| {
                while !scene.is_over() {
                    match latest.load(Ordering::SeqCst) {
                        0 => std::hint::spin_loop(),
                        id => drop(scene.is_completed(id)),
                    }
                }
            });
            for round in 0..s.effort(10_000) {
                if scene.is_over() || begin.elapsed() > time {
                    break;
                }
                if !scene.listen_to_queue(scene.fd.value()) {
                    scene.broken("the eventfd could not be registered for the queue".to_owned());
                }
                let Some(id) = (0..4).filter_map(|_| scene.request(word)).last() else { break };
                latest.store(id, Ordering::SeqCst);
                (0..round * 37 % 600).for_each(|_| std::hint::spin_loop());
                if !scene.listen_to_queue(u64::MAX) {
                    scene.broken("the registration could not be taken back".to_owned());
                }
                drain(scene.fd);
                let Some(last) = scene.request(word) else { break };
                scene.until("a request did not complete", || scene.is_completed(last));
                if is_readable(scene.fd) {
                    scene.broken("an event came after the registration was taken back".to_owned());
                }
                looked += 1;
            }
            scene.over.store(true, Ordering::SeqCst);
        });
        scene.outcome(s, looked)
    })
}
