//! Many threads at one device: nothing is lost, nothing comes twice, and nobody stops anybody else.
//!
//! Nothing here sleeps. Where a wait can have a limit it is [`kit::PATIENCE`], after which the test says
//! what it waited for.
#![expect(clippy::disallowed_methods, reason = "threads and their patience are the subject")]

#[path = "threads/kit.rs"]
mod kit;
#[path = "threads/order.rs"]
mod order;
#[path = "threads/stress.rs"]
mod stress;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use kit::{
    COMPUTE, Does, HEAVY, LIGHT, PATIENCE, TENSOR, UNITS, attend, bell, copy, expect, gated, letter, number,
    open, poll, run,
};
use parking_lot::Mutex;
use sim_core::config::Time;
use sim_core::device::Device;
use sim_core::driver::Waited;
use sim_core::port::SubmitError;
use sim_core::request::Answer;
use sim_core::status::Status;
use stress::{stress, submit_until_accepted};

#[test]
fn every_accepted_request_completes_once_and_in_order_in_free_time() {
    stress(Time::Free, 100);
}

#[test]
fn every_accepted_request_completes_once_and_in_order_on_the_clock() {
    stress(Time::Wall(0.001), 40);
    stress(Time::Wall(1.0), 20);
    stress(Time::Wall(20.0), 10); // tens of microseconds each: most are waited for
}

#[test]
fn every_accepted_request_completes_once_and_in_order_on_one_cpu() {
    let pinned = thread::spawn(|| {
        let mut here = rustix::thread::CpuSet::new();
        here.set(rustix::thread::sched_getcpu());
        // Threads inherit it, the device's workers too.
        rustix::thread::sched_setaffinity(None, &here).expect("the CPU it runs on is allowed");
        stress(Time::Free, 40);
        stress(Time::Wall(1.0), 10);
    });
    pinned.join().expect("it has said what is wrong");
}

#[test]
fn a_request_that_nobody_looks_at_is_completed_by_a_worker() {
    for time in [Time::Free, Time::Wall(0.001), Time::Wall(1.0)] {
        let device = open(time, "");
        for (num, unit) in (0..20).flat_map(|_| UNITS).enumerate().map(|(at, unit)| (at as u64 / 6 + 1, unit))
        {
            let (answer, arrives) = letter();
            let seq = device.submit(unit, copy(&device, unit.core, LIGHT), answer).expect("empty");
            assert_eq!(expect("the completion", &arrives), (seq, Status::Success));
            assert_eq!(number(seq), num);
        }
        device.close();
    }
}

#[test]
fn a_listener_is_told_whether_it_came_before_or_after_the_submission() {
    let device = open(Time::Free, "");
    for num in 1..100 {
        let unit = UNITS[num as usize % UNITS.len()];
        let next = device.issued(unit) + 1;
        let listen = || {
            let (signal, rung) = bell();
            device.listen(unit, next, signal);
            rung
        };
        let before = (num % 3 == 0).then(listen);
        device.submit(unit, copy(&device, unit.core, LIGHT), Answer::Nobody).expect("empty");
        let after = (num % 3 != 0).then(listen);
        expect("the signal", &before.or(after).expect("one of them"));
    }
    device.close();
}

#[test]
fn heavy_work_gets_done_though_threads_only_look() {
    let device = open(Time::Free, "");
    let here = thread::current().id();
    let by: Arc<Mutex<Vec<ThreadId>>> = Arc::default();
    for _ in 0..4 {
        for unit in UNITS {
            let by = Arc::clone(&by);
            let answer = Answer::Call(Box::new(move |_, _| by.lock().push(thread::current().id())));
            device.submit(unit, copy(&device, unit.core, 1 << 20), answer).expect("room");
        }
    }
    UNITS.into_iter().for_each(|unit| poll(&device, unit, 4));
    assert!(!by.lock().contains(&here), "a thread that looks does not copy a megabyte");
    device.close();
}

#[test]
fn a_program_that_only_submits_gets_on() {
    for bytes in [LIGHT, HEAVY] {
        let device = open(Time::Free, "");
        let told = Arc::default();
        for num in 1..=200 {
            let begin = Instant::now();
            let status = Arc::default();
            if bytes == LIGHT {
                assert_eq!(number(submit_until_accepted(&device, COMPUTE[0], &told, &status)), num);
                continue;
            }
            while let Err(error) = device.submit(COMPUTE[0], copy(&device, 0, bytes), Answer::Nobody) {
                assert_eq!(error, SubmitError::Full { depth: 8 });
                assert!(begin.elapsed() < PATIENCE, "the queue stays full at {num}");
            }
        }
        device.close();
    }
}

#[test]
fn closing_completes_what_was_accepted_and_refuses_the_rest() {
    for time in [Time::Free, Time::Wall(1.0)] {
        let device = open(time, "");
        let count = AtomicU64::new(0);
        thread::scope(|scope| {
            let submitter = |who: usize| {
                for at in who.. {
                    let unit = UNITS[at % UNITS.len()];
                    let bytes = if at % 7 == 0 { HEAVY } else { LIGHT };
                    match device.submit(unit, copy(&device, unit.core, bytes), Answer::Nobody) {
                        Ok(_) => count.fetch_add(1, Relaxed),
                        Err(SubmitError::Full { .. }) => continue,
                        Err(error) => return assert_eq!(error, SubmitError::Closed),
                    };
                }
            };
            let submitters: Vec<_> = (0..3).map(|who| scope.spawn(move || submitter(who))).collect();
            while device.issued(UNITS[1]) < 20 {
                thread::yield_now();
            }
            device.close();
            submitters.into_iter().for_each(|thread| thread.join().expect("it has said what is wrong"));
        });
        let done = |unit| device.ledger().queue(unit).completed(Status::Success);
        assert_eq!(UNITS.into_iter().map(done).sum::<u64>(), count.into_inner());
        assert!(UNITS.into_iter().all(|unit| device.completed(unit) == device.issued(unit)));
        assert!(device.ledger().is_closed());
    }
}

#[test]
fn a_kernel_that_panics_fails_its_request_and_the_queue_goes_on() {
    let device = open(Time::Free, "");
    // By a worker that finds light work, by one that finds heavy work, and by a thread that waits.
    for (round, (bytes, waits)) in [(LIGHT, false), (HEAVY, false), (HEAVY, true)].into_iter().enumerate() {
        let (answer, arrives) = letter();
        let panics = Does(|| panic!("this kernel panics; the test wants it so"));
        let failed = device.submit(COMPUTE[0], run(&device, 0, bytes, panics), answer).expect("room");
        let (answer, then) = letter();
        let next = device.submit(COMPUTE[0], copy(&device, 0, LIGHT), answer).expect("room");
        if waits {
            device.wait(COMPUTE[0], number(next), Some(PATIENCE));
        }
        assert_eq!(expect("the failure", &arrives), (failed, Status::Failure), "round {round}");
        assert_eq!(expect("the next one", &then), (next, Status::Success), "round {round}");
    }
    device.close();
}

#[test]
fn a_slow_kernel_stops_neither_other_queues_nor_other_cores() {
    for time in [Time::Free, Time::Wall(0.001)] {
        let device = open(time, "");
        let (kernel, begun, open) = gated();
        let (answer, slow) = letter();
        device.submit(COMPUTE[0], run(&device, 0, HEAVY, kernel), answer).expect("room");
        expect("the slow run", &begun);
        assert_eq!(device.wait(COMPUTE[0], 1, Some(Duration::from_millis(1))), Waited::TimedOut);
        assert!(!device.is_completed(COMPUTE[0], 1), "a look does not block");
        for unit in [&UNITS[1..], &TENSOR[1..]].concat() {
            for bytes in [LIGHT, HEAVY] {
                let (answer, arrives) = letter();
                let seq = device.submit(unit, copy(&device, unit.core, bytes), answer).expect("room");
                assert_eq!(expect("work on another queue", &arrives), (seq, Status::Success));
            }
        }
        assert!(slow.try_recv().is_err(), "the slow run is not over");
        open.send(()).expect("it waits");
        assert_eq!(expect("the end of the slow run", &slow).1, Status::Success);
        device.close();
    }
}

#[test]
fn work_listed_behind_a_slow_kernel_is_done_by_another_worker() {
    for time in [Time::Free, Time::Wall(0.001)] {
        let device = open(time, "");
        // Keeps the only worker busy with what it takes for light work, until the list is as we want it.
        let (first, first_begun, open_first) = gated();
        device.submit(COMPUTE[1], run(&device, 1, LIGHT, first), Answer::Nobody).expect("room");
        expect("the first run", &first_begun);
        let (slow, slow_begun, open_slow) = gated();
        device.submit(COMPUTE[0], run(&device, 0, HEAVY, slow), Answer::Nobody).expect("room");
        let (answer, arrives) = letter();
        let seq = device.submit(TENSOR[0], copy(&device, 0, LIGHT), answer).expect("room");
        open_first.send(()).expect("it waits");
        expect("the slow run", &slow_begun);
        assert_eq!(expect("the work behind it", &arrives), (seq, Status::Success));
        open_slow.send(()).expect("it waits");
        device.close();
    }
}

#[test]
fn a_listener_is_told_though_the_worker_found_a_looking_thread_at_the_queue() {
    // The looking thread stops because the second run ends later (a run takes 10 ms), or because it is heavy.
    for (time, second) in [(Time::Wall(1000.0), LIGHT), (Time::Free, HEAVY)] {
        let device = open(time, "");
        let (first, first_begun, open_first) = gated();
        device.submit(COMPUTE[1], run(&device, 1, LIGHT, first), Answer::Nobody).expect("room");
        expect("the first run", &first_begun); // from now on the only worker is busy
        let (signal, rung) = bell();
        let through = Arc::clone(&device);
        // Given by this thread, which owns the queue meanwhile: the worker comes, finds it owned, and goes.
        let answer = Answer::Call(Box::new(move |_, _| {
            through.listen(COMPUTE[0], 2, signal);
            let (answer, passed) = letter();
            through.submit(TENSOR[0], copy(&through, 0, LIGHT), answer).expect("room");
            open_first.send(()).expect("it waits");
            expect("work that the worker finds later", &passed);
        }));
        let nothing = || Does(|| Status::Success);
        device.submit(COMPUTE[0], run(&device, 0, LIGHT, nothing()), answer).expect("room");
        device.submit(COMPUTE[0], run(&device, 0, second, nothing()), Answer::Nobody).expect("room");
        poll(&device, COMPUTE[0], 1);
        expect("the signal of the second run", &rung); // nobody looks any more
        device.close();
    }
}

#[test]
fn a_thread_that_looks_does_no_heavy_work_for_a_fault_that_lets_it_run() {
    let device = open(Time::Free, "[[rule]]\ncore = 0\nunit = \"compute\"\nstatus = 1003\n");
    let (first, first_begun, open_first) = gated();
    device.submit(COMPUTE[1], run(&device, 1, LIGHT, first), Answer::Nobody).expect("room");
    expect("the first run", &first_begun); // from now on the only worker is busy
    let (begins, begun) = channel();
    let kernel = Does(move || {
        begins.send(thread::current().id()).ok();
        Status::Success
    });
    let (answer, arrives) = letter();
    device.submit(COMPUTE[0], run(&device, 0, HEAVY, kernel), answer).expect("room");
    assert!(!device.is_completed(COMPUTE[0], 1), "nobody else can have done it");
    open_first.send(()).expect("it waits");
    assert_ne!(expect("the run", &begun), thread::current().id());
    assert_eq!(expect("the status", &arrives).1, Status::ExecCompletedWithNumErr);
    device.close();
}

#[test]
fn everybody_who_waits_for_one_request_is_let_go() {
    for time in [Time::Free, Time::Wall(100.0)] {
        let device = open(time, "");
        for bytes in [LIGHT, HEAVY] {
            for unit in UNITS {
                let num = device.issued(unit) + 2;
                thread::scope(|scope| {
                    let wait = |how| move |device: &Device| attend(device, unit, num, how);
                    let waiters: Vec<_> = (0..6)
                        .map(|how| {
                            let (wait, device) = (wait(how), &device);
                            scope.spawn(move || wait(device))
                        })
                        .collect();
                    for _ in 0..2 {
                        device.submit(unit, copy(&device, unit.core, bytes), Answer::Nobody).expect("room");
                    }
                    assert!(waiters.into_iter().all(|waiter| waiter.join().is_ok()), "{time:?} {unit:?}");
                });
            }
        }
        device.close();
    }
}

/// Tells the second process that it is the one that idles.
const IDLER: &str = "SIM_CORE_IDLES";

#[test]
fn an_idle_device_uses_no_cpu() {
    // In a process of its own, since the other tests use the CPU of this one.
    if std::env::var_os(IDLER).is_none() {
        let mut again = std::process::Command::new(std::env::current_exe().expect("the system knows"));
        let output =
            again.args(["--exact", "an_idle_device_uses_no_cpu", "--nocapture"]).env(IDLER, "1").output();
        let output = output.expect("this binary can be run");
        let text = [output.stdout, output.stderr].concat();
        return assert!(output.status.success(), "{}", String::from_utf8_lossy(&text));
    }
    let used = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Duration::try_from(time).expect("not negative")
    };
    for time in [Time::Free, Time::Wall(0.001)] {
        stress(time, 10);
        let device = open(time, "");
        for unit in UNITS {
            device.submit(unit, copy(&device, unit.core, HEAVY), Answer::Nobody).expect("room");
            attend(&device, unit, 1, 3);
        }
        let (never, arrives) = channel::<()>();
        let before = used();
        assert!(arrives.recv_timeout(Duration::from_millis(200)).is_err(), "nobody sends");
        let idle = used().saturating_sub(before);
        drop(never);
        // A worker watches for a millisecond before it sleeps, napping; one that never slept would use more.
        assert!(idle < Duration::from_millis(5), "{time:?}: {idle:?} of CPU in 200 ms");
        device.close();
    }
}
