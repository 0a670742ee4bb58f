use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::program;
use super::submitters::{Asker, Complaints, words};
use crate::abi::{Status, number};
use crate::session::{Place, Queue, Session};
use crate::verdict::Outcome;

/// Two threads submit reads to the first transfer queue for a while, and wait for each eighth. How many there
/// were.
fn busy(s: &Session, complaints: &Complaints, watch: &(dyn Fn() + Sync), watchers: usize) -> Outcome<u64> {
    let tensor = s.filled_tensor(0, 64, 3)?.value();
    let buffer = s.buffer(64).address();
    let call = s.direct("nrta_tensor_read")?;
    let asker = Asker::new(s)?;
    let word = &words(1)[0];
    let (time, begin) = (Duration::from_millis(s.effort(200)), Instant::now());
    let count = AtomicU64::new(0);
    let submit = || {
        for round in 1..=5000 {
            let id = AtomicU64::new(0);
            let marks = [word.as_ptr() as u64, id.as_ptr() as u64];
            let arguments = [buffer, tensor, 0, 64, 0, 0, marks[0], marks[1]];
            if call.status(&arguments) != Status::SUCCESS {
                return complaints.add("a submission was refused");
            }
            count.fetch_add(1, Ordering::SeqCst);
            let last = complaints.is_over() || begin.elapsed() > time || round == 5000;
            if (last || round % 8 == 0) && !asker.wait(id.into_inner()) {
                return complaints.add("a request did not complete");
            }
            if last {
                break;
            }
        }
    };
    thread::scope(|scope| {
        let watching: Vec<_> = (0..watchers).map(|_| scope.spawn(watch)).collect();
        let submitting = [scope.spawn(submit), scope.spawn(submit)];
        for thread in submitting {
            let _ = thread.join();
        }
        complaints.over.store(true, Ordering::SeqCst);
        for thread in watching {
            let _ = thread.join();
        }
    });
    s.looked(count.load(Ordering::SeqCst));
    Ok(count.into_inner())
}

pub(super) fn lookers(s: &Session) -> Outcome {
    s.init()?;
    s.program(program::lookers());
    let ask = s.direct("nrta_get_sequence")?;
    let asker = Asker::new(s)?;
    let complaints = Complaints::new();
    let watch = || {
        let mut before = 0;
        while !complaints.is_over() {
            let last = AtomicU64::new(0);
            if ask.status(&[0, 0, 0, last.as_ptr() as u64]) != Status::SUCCESS {
                continue;
            }
            let last = last.into_inner();
            if last < before {
                complaints.add(format!("number {} came after {}", number(last), number(before)));
            } else if number(last) > 0 && !asker.is_completed(last) {
                complaints.add(format!("number {} is out, and pending", number(last)));
            }
            before = last;
        }
    };
    busy(s, &complaints, &watch, 2)?;
    complaints.outcome()
}

pub(super) fn events_add_up(s: &Session) -> Outcome {
    s.init()?;
    let fd = s.eventfd()?;
    s.listen_to(Queue::transfers(0, 0), fd)?.needed()?;
    s.program(program::events_add_up());
    let complaints = Complaints::new();
    let counted = AtomicU64::new(0);
    let drain = || {
        while !complaints.is_over() {
            if s_is_readable(fd) {
                counted.fetch_add(s_drain(fd), Ordering::SeqCst);
            }
        }
    };
    let all = busy(s, &complaints, &drain, 1)?;
    s.until(|| {
        if s.is_readable(fd, 0) {
            counted.fetch_add(s.read_eventfd(fd), Ordering::SeqCst);
        }
        counted.load(Ordering::SeqCst) >= all
    });
    let counted = counted.into_inner();
    if counted != all {
        complaints.add(format!("{all} requests completed, and {counted} were counted"));
    }
    complaints.outcome()
}

/// As [`Session::is_readable`], without the session.
fn s_is_readable(fd: Place) -> bool {
    let mut poll = libc::pollfd { fd: fd.value() as i32, events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry, which lives here.
    unsafe { libc::poll(&raw mut poll, 1, 1) == 1 }
}

/// As [`Session::read_eventfd`], without the session.
fn s_drain(fd: Place) -> u64 {
    let mut count = 0_u64;
    // SAFETY: reads at most 8 bytes into 8 bytes.
    let read = unsafe { libc::read(fd.value() as i32, (&raw mut count).cast(), 8) };
    if read == 8 { count } else { 0 }
}

pub(super) fn registrations(s: &Session) -> Outcome {
    s.init()?;
    let fds = [s.eventfd()?, s.eventfd()?];
    let tensor = s.filled_tensor(0, 64, 3)?;
    let (_, id) = s.start_read(s.buffer(64), tensor, 64, Queue::transfers(0, 0))?;
    s.wait(id)?;
    let first = id.value();
    let of_queue = s.direct("nrta_event_register_xu_completion")?;
    let of_request = s.direct("nrta_event_register_seq_id_completion")?;
    s.program(program::registrations());
    let complaints = Complaints::new();
    let [of_all, of_one] = fds.map(Place::value);
    let watch = || {
        let mut ahead = 1;
        while !complaints.is_over() {
            let _ = of_queue.status(&[0, 0, 0, of_all]);
            let _ = of_request.status(&[first + ahead, of_one]);
            let _ = of_request.status(&[first + ahead / 2, u64::MAX]);
            let _ = of_queue.status(&[0, 0, 0, u64::MAX]);
            ahead += 1;
        }
    };
    busy(s, &complaints, &watch, 2)?;
    complaints.outcome()?;
    let fd = s.eventfd()?;
    s.listen_to(Queue::transfers(0, 0), fd)?.is(Status::SUCCESS)?;
    let buffer = s.buffer(64);
    for _ in 0..20 {
        let (_, id) = s.start_read(buffer, tensor, 64, Queue::transfers(0, 0))?;
        s.wait(id)?;
    }
    s.counts(fd, 20)
}
