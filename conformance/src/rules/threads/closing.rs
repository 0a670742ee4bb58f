use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::program;
use super::submitters::{Complaints, words};
use crate::abi::Status;
use crate::session::{Queue, Session};
use crate::verdict::Outcome;

const THREADS: usize = 3;

/// Several threads call until they are told that the library is closed, which it is meanwhile.
fn close(s: &Session, call: &(dyn Fn() -> Status + Sync)) -> Outcome {
    let close = s.direct("nrt_close")?;
    let complaints = Complaints::new();
    let calls = AtomicU64::new(0);
    let patience = s.patience();
    let ended = |status| status == Status::CLOSED || status == Status::UNINITIALIZED;
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let begin = Instant::now();
                while !ended(call()) {
                    calls.fetch_add(1, Ordering::Relaxed);
                    if begin.elapsed() > patience {
                        return complaints.add("calls are answered as if the library were not closed");
                    }
                }
            });
        }
        let begin = Instant::now();
        while calls.load(Ordering::Relaxed) < 300 && begin.elapsed() < Duration::from_millis(100) {
            thread::yield_now();
        }
        close.call(&[]);
    });
    s.looked(calls.into_inner());
    complaints.outcome()
}

pub(super) fn pollers(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, 4096, 3)?;
    let buffer = s.buffer(4096);
    let mut last = 0;
    for _ in 0..20 {
        let (_, id) = s.start_read(buffer, tensor, 4096, Queue::transfers(0, 0))?;
        last = id.value();
    }
    let is_completed = s.direct("nrta_is_completed")?;
    let get_sequence = s.direct("nrta_get_sequence")?;
    s.program(polled_close());
    let turn = AtomicU64::new(0);
    close(s, &|| {
        let answer = AtomicU64::new(0);
        let at = answer.as_ptr() as u64;
        if turn.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            is_completed.status(&[last, at])
        } else {
            get_sequence.status(&[0, 0, 0, at])
        }
    })
}

pub(super) fn submitters(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, 64, 3)?.value();
    let buffer = s.buffer(64).address();
    let call = s.direct("nrta_tensor_read")?;
    s.program(submitted_close());
    let word = words(1)[0].as_ptr() as u64;
    close(s, &|| {
        let id = AtomicU64::new(0);
        call.status(&[buffer, tensor, 0, 64, 0, 0, word, id.as_ptr() as u64])
    })
}

fn polled_close() -> String {
    closed("i % 2 ? nrta_get_sequence(0, 0, 0, &last) : nrta_is_completed(FIRST, &done)")
        .replace("FIRST", "1")
}

fn submitted_close() -> String {
    closed("nrta_tensor_read(bytes, tensor, 0, 64, 0, 0, &status, &last)")
}

/// Threads that call until the library is closed.
fn closed(call: &str) -> String {
    program::with_transfers(
        &r#"static _Atomic uint64_t calls;
static void *work(void *unused) {
    static int status;
    uint64_t last;
    bool done;
    for (int i = 0, answer = 0; answer != 13 && answer != 14; i++, calls++)
        answer = CALL;
    return NULL;
}
int main(void) {
    pthread_t threads[3];
    prepare();
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    while (calls < 300)
        ;
    nrt_close();
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    _exit(0);
}
"#
        .replace("CALL", call),
    )
}
