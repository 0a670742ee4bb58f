//! Runs that the library is told of late: a queue before the queue.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use crate::memory::{load, lock, place, store};
use crate::slots::{
    Call, NRT_EXECUTE, NRT_LOAD, NRTA_EXECUTE_SCHEDULE, NRTA_GET_SEQUENCE, NRTA_IS_COMPLETED, Slots,
};

#[derive(Debug, Default)]
struct Backlog {
    /// The core of each model.
    cores: HashMap<u64, u64>,
    /// The number that was given last, for each core.
    given: HashMap<u64, u64>,
    /// Runs that were accepted here, and not yet there.
    waiting: VecDeque<[u64; 5]>,
}

static BACKLOG: Mutex<Option<Backlog>> = Mutex::new(None);

/// Keeps the book that [`put_off`] needs, and hands runs on whenever the library is asked for what is over.
pub(crate) fn watch(slots: &mut Slots) {
    slots.on(NRT_LOAD, |call| {
        let status = call.go();
        if status == 0 {
            let core = u64::from(call.int(2).max(0).unsigned_abs());
            lock(&BACKLOG).get_or_insert_default().cores.insert(load(call.argument(4)), core);
        }
        status
    });
    slots.on(NRT_EXECUTE, |call| {
        let status = call.go();
        if status != 2 && status != 3 {
            given(call.argument(0));
        }
        status
    });
    slots.on(NRTA_IS_COMPLETED, |call| {
        hand_on();
        call.go()
    });
    slots.on(NRTA_GET_SEQUENCE, |call| {
        hand_on();
        call.go()
    });
}

/// The id of the next run of the model.
fn given(model: u64) -> u64 {
    let mut backlog = lock(&BACKLOG);
    let backlog = backlog.get_or_insert_default();
    let core = backlog.cores.get(&model).copied().unwrap_or_default();
    let number = backlog.given.entry(core).or_default();
    *number += 1;
    core << 56 | 1 << 48 | *number
}

/// Hands a run on to the library, and notes its number.
pub(crate) fn submit(call: Call) -> i32 {
    let status = call.go();
    if status == 0 {
        given(call.argument(0));
    }
    status
}

/// Whether runs wait here.
pub(crate) fn is_waiting() -> bool {
    lock(&BACKLOG).as_ref().is_some_and(|backlog| !backlog.waiting.is_empty())
}

/// Accepts a run here, as if the library had.
pub(crate) fn put_off(call: Call) -> i32 {
    store(call.id_place(), given(call.argument(0)));
    let run = [0, 1, 2, 3, 4].map(|index| call.argument(index));
    lock(&BACKLOG).get_or_insert_default().waiting.push_back(run);
    0
}

/// Hands on what the library takes.
pub(crate) fn hand_on() {
    let mut backlog = lock(&BACKLOG);
    let backlog = backlog.get_or_insert_default();
    let id = place(0_u64);
    while let Some(run) = backlog.waiting.front() {
        let [model, input, output, queue, word] = *run;
        let status = NRTA_EXECUTE_SCHEDULE.call(&[model, input, output, queue, word, id]);
        if status == 7 {
            break;
        }
        if status != 0 {
            store(word, status);
        }
        backlog.waiting.pop_front();
    }
}
