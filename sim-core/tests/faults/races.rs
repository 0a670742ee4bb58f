//! A listener and a thread that is about to leave the queue.

use std::hint;
use std::sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Release};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use sim_core::config::{Config, Time};
use sim_core::fault::{Place, Signalling, Verdict};
use sim_core::port::Signal;
use sim_core::request::{Answer, Work};
use sim_core::status::Status;
use sim_core::time::Nanos;

use crate::kit::{COLLECTIVES, PATIENCE, Scene, config, rule};

/// Tells of each signal through a channel.
struct Bell(Sender<()>);

impl Signal for Bell {
    fn signal(&self) {
        self.0.send(()).ok();
    }
}

#[test]
fn who_asks_afterwards_is_told_late_though_another_thread_is_just_leaving_the_queue() {
    const ROUNDS: u64 = 10_000;
    let rules = vec![rule(Place::Event, Verdict::Signal(Signalling::Late(Nanos(300))))];
    let scene = Scene::with(Config { time: Time::Free, ..config(rules) });
    let turn = AtomicU64::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 1..=ROUNDS {
                while turn.load(Acquire) < round {
                    hint::spin_loop();
                }
                (0..round % 7).for_each(|_| assert!(!scene.device.is_completed(COLLECTIVES, ROUNDS + 1)));
            }
        });
        for num in 1..=ROUNDS {
            let work = Work::Copy { from: scene.input.clone(), to: scene.output.clone() };
            scene.device.submit(COLLECTIVES, work, Answer::Nobody).expect("no bound");
            while scene.device.ledger().queue(COLLECTIVES).completed(Status::Success) < num {
                hint::spin_loop(); // a worker does it
            }
            turn.store(num, Release);
            let (tell, rung) = channel();
            scene.device.listen(COLLECTIVES, num, Box::new(Bell(tell)));
            let told = rung.recv_timeout(PATIENCE);
            turn.store(if told.is_ok() { num } else { ROUNDS }, Release);
            assert_eq!(told, Ok(()), "request {num}");
        }
    });
}
