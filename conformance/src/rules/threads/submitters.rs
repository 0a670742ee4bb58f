use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::program;
use crate::abi::{COMPUTE, Status, number};
use crate::session::{Buffer, Direct, Place, Queue, Session};
use crate::verdict::{Outcome, Stop};

const THREADS: u64 = 4;

/// What came of the threads: the first complaint is the finding.
pub(super) struct Complaints {
    first: Mutex<Option<String>>,
    pub(super) over: AtomicBool,
}

impl Complaints {
    pub(super) fn new() -> Complaints {
        Complaints { first: Mutex::new(None), over: AtomicBool::new(false) }
    }

    pub(super) fn add(&self, what: impl Into<String>) {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(what.into());
        self.over.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    pub(super) fn outcome(self) -> Outcome {
        let first = self.first.into_inner().unwrap_or_else(PoisonError::into_inner);
        first.map_or(Ok(()), |what| Err(Stop::failed(what)))
    }
}

/// Asks for requests, from any thread.
#[derive(Clone, Copy)]
pub(super) struct Asker {
    is_completed: Direct,
    patience: Duration,
}

impl Asker {
    pub(super) fn new(s: &Session) -> Outcome<Asker> {
        Ok(Asker { is_completed: s.direct("nrta_is_completed")?, patience: s.patience() })
    }

    pub(super) fn is_completed(self, id: u64) -> bool {
        let done = AtomicU32::new(0);
        let status = self.is_completed.status(&[id, done.as_ptr() as u64]);
        status == Status::SUCCESS && done.load(Ordering::Acquire) & 1 == 1
    }

    /// Waits for a request; false if it does not complete.
    pub(super) fn wait(self, id: u64) -> bool {
        let begin = Instant::now();
        while !self.is_completed(id) {
            thread::yield_now();
            if begin.elapsed() > self.patience {
                return false;
            }
        }
        true
    }
}

/// Words for statuses that stay.
pub(super) fn words(count: u64) -> &'static [AtomicU32] {
    (0..count).map(|_| AtomicU32::new(Place::UNTOUCHED)).collect::<Vec<_>>().leak()
}

/// Several threads submit; `submit` is told where the status goes, and the id.
fn gapless(s: &Session, each: u64, submit: &(dyn Fn(u64, u64) -> Status + Sync)) -> Outcome {
    let asker = Asker::new(s)?;
    let last_of = s.direct("nrta_get_sequence")?;
    let complaints = Complaints::new();
    let words = words(THREADS * each);
    let ids: Mutex<Vec<u64>> = Mutex::default();
    let begin = Instant::now();
    let time = Duration::from_millis(s.effort(200));
    let one = |thread: u64| {
        let mut own: Vec<u64> = Vec::new();
        for round in 0..each {
            if complaints.is_over() || begin.elapsed() > time {
                break;
            }
            let word = words[(thread * each + round) as usize].as_ptr() as u64;
            let [id, last] = [AtomicU64::new(0), AtomicU64::new(0)];
            let mut status = submit(word, id.as_ptr() as u64);
            while status == Status::QUEUE_FULL && begin.elapsed() < asker.patience {
                // Places are taken by the requests of all threads, so it is the queue that is asked.
                let _ = last_of.status(&[0, COMPUTE.into(), 0, last.as_ptr() as u64]);
                thread::yield_now();
                status = submit(word, id.as_ptr() as u64);
            }
            if status != Status::SUCCESS {
                return complaints.add(format!("a submission was refused with {status}"));
            }
            own.push(id.into_inner());
            if round % 64 == 63 {
                asker.wait(own[own.len() - 1]);
            }
        }
        if !own.is_sorted() {
            complaints.add("the numbers of one thread do not rise");
        }
        ids.lock().unwrap_or_else(PoisonError::into_inner).extend(own);
    };
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let one = &one;
            scope.spawn(move || one(thread));
        }
    });
    let mut ids = ids.into_inner().unwrap_or_else(PoisonError::into_inner);
    ids.sort_unstable();
    s.looked(ids.len() as u64);
    for pair in ids.windows(2) {
        if pair[1] != pair[0] + 1 {
            let (one, next) = (number(pair[0]), number(pair[1]));
            complaints.add(format!("numbers {one} and {next} were given, and none between them"));
        }
    }
    if let Some(last) = ids.last()
        && !asker.wait(*last)
    {
        complaints.add(format!("request {:#018x} did not complete", last));
    }
    let written = words.iter().filter(|word| word.load(Ordering::Acquire) == 0).count();
    if written < ids.len() {
        complaints.add(format!("{} requests completed, and {written} have their status", ids.len()));
    }
    complaints.outcome()
}

pub(super) fn transfers(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, 64, 3)?.value();
    let buffer = s.buffer(64).address();
    let call = s.direct("nrta_tensor_read")?;
    let submit = "nrta_tensor_read(bytes, tensor, 0, 64, 0, 0, &status[i], &ids[i])";
    s.program(program::gapless(None, submit));
    gapless(s, 2000, &|word, id| call.status(&[buffer, tensor, 0, 64, 0, 0, word, id]))
}

pub(super) fn runs(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let call = s.direct("nrta_execute_schedule")?;
    let submit = "nrta_execute_schedule(model, in, out, 0, &status[i], &ids[i])";
    s.program(program::gapless(Some(&model), submit));
    let [handle, inputs, outputs] = [model.handle, io.input_set, io.output_set].map(Place::value);
    gapless(s, 500, &|word, id| call.status(&[handle, inputs, outputs, 0, word, id]))
}

pub(super) fn own_queues(s: &Session) -> Outcome {
    s.init()?;
    let cores = s.cores()?.min(2);
    let mut queues = Vec::new();
    for core in 0..cores {
        let tensor = s.filled_tensor(core, 64, 3)?.value();
        let buffer = s.buffer(64).address();
        queues.extend([0, 1].map(|index| (Queue::transfers(core, index), tensor, buffer)));
    }
    let call = s.direct("nrta_tensor_read")?;
    s.program(program::OWN_QUEUES.replace("CORES", &cores.to_string()));
    let asker = Asker::new(s)?;
    let complaints = Complaints::new();
    let words = words(queues.len() as u64);
    let (time, begin) = (Duration::from_millis(s.effort(150)), Instant::now());
    thread::scope(|scope| {
        for ((queue, tensor, buffer), word) in queues.into_iter().zip(words) {
            let complaints = &complaints;
            scope.spawn(move || {
                let mut before = None;
                for round in 1..=2000 {
                    let id = AtomicU64::new(0);
                    let (core, index) = (queue.core.into(), queue.index.into());
                    let marks = [word.as_ptr() as u64, id.as_ptr() as u64];
                    let arguments = [buffer, tensor, 0, 64, core, index, marks[0], marks[1]];
                    if call.status(&arguments) != Status::SUCCESS {
                        return complaints.add("a submission was refused");
                    }
                    let id = id.into_inner();
                    if before.is_some_and(|before: u64| before + 1 != id) {
                        return complaints.add(format!("{id:#018x} does not follow what came before"));
                    }
                    before = Some(id);
                    if round % 64 == 0 && !asker.wait(id) {
                        return complaints.add(format!("request {id:#018x} did not complete"));
                    }
                    if complaints.is_over() || begin.elapsed() > time {
                        break;
                    }
                }
                before.map(|id| asker.wait(id));
            });
        }
    });
    complaints.outcome()
}

pub(super) fn own_bytes(s: &Session) -> Outcome {
    s.init()?;
    let size = 4096;
    let places: Vec<(u64, Buffer, u8)> = (1..=THREADS as u8)
        .map(|seed| Ok((s.filled_tensor(0, size, seed)?.value(), s.buffer(size), seed)))
        .collect::<Outcome<_>>()?;
    let call = s.direct("nrta_tensor_read")?;
    s.program(program::OWN_BYTES);
    let asker = Asker::new(s)?;
    let complaints = Complaints::new();
    let (time, begin) = (Duration::from_millis(s.effort(200)), Instant::now());
    thread::scope(|scope| {
        for (tensor, buffer, seed) in places {
            let complaints = &complaints;
            scope.spawn(move || {
                for round in 0..2000_u32 {
                    let (word, id) = (AtomicU32::new(Place::UNTOUCHED), AtomicU64::new(0));
                    let (word, id) = (&*Box::leak(Box::new(word)), &*Box::leak(Box::new(id)));
                    let index = u64::from(round % 2);
                    buffer.write(0, &[0; 8]);
                    buffer.write(4088, &[0; 8]);
                    let marks = [word.as_ptr() as u64, id.as_ptr() as u64];
                    let arguments = [buffer.address(), tensor, 0, 4096, 0, index, marks[0], marks[1]];
                    let status = call.status(&arguments);
                    let id = id.load(Ordering::SeqCst);
                    if status != Status::SUCCESS || !asker.wait(id) {
                        return complaints.add(format!("{status}, or request {id:#018x} did not complete"));
                    }
                    if word.load(Ordering::Acquire) != 0 {
                        return complaints.add("the status did not come where its thread wanted it");
                    }
                    let right = |at: usize| buffer.byte(at) == Buffer::pattern(seed, at);
                    if !(0..8).chain(4088..4096).all(right) {
                        return complaints.add("bytes did not come where their thread wanted them");
                    }
                    if complaints.is_over() || begin.elapsed() > time {
                        break;
                    }
                }
            });
        }
    });
    complaints.outcome()
}

pub(super) fn handed_over(s: &Session) -> Outcome {
    s.init()?;
    let (size, count) = (1 << 16, 64_usize);
    let tensors = [s.filled_tensor(0, size, 1)?.value(), s.filled_tensor(0, size, 2)?.value()];
    let buffers: Vec<Buffer> = (0..count).map(|_| s.buffer(size)).collect();
    let call = s.direct("nrta_tensor_read")?;
    s.program(program::HANDED_OVER);
    let asker = Asker::new(s)?;
    let complaints = Complaints::new();
    let words = words(count as u64);
    let (sender, receiver) = mpsc::channel::<(usize, u64)>();
    thread::scope(|scope| {
        scope.spawn(|| {
            for (index, id) in receiver {
                if !asker.wait(id) {
                    return complaints.add(format!("request {id:#018x} did not complete"));
                }
                let word = words[index].load(Ordering::Acquire);
                let right =
                    |at: &usize| buffers[index].byte(*at) == Buffer::pattern(index as u8 % 2 + 1, *at);
                if word != 0 || ![0, size / 2, size - 1].iter().all(right) {
                    return complaints
                        .add("another thread found the request completed, but not what it does");
                }
            }
        });
        for (index, buffer) in buffers.iter().enumerate() {
            let id = AtomicU64::new(0);
            let marks = [words[index].as_ptr() as u64, id.as_ptr() as u64];
            let arguments = [buffer.address(), tensors[index % 2], 0, size as u64, 0, 0, marks[0], marks[1]];
            if call.status(&arguments) != Status::SUCCESS {
                complaints.add("a submission was refused");
                break;
            }
            let _ = sender.send((index, id.into_inner()));
        }
        drop(sender);
    });
    complaints.outcome()
}
