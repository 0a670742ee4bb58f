//! Every interleaving of a few threads at a port or a shard.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p sim-core --lib --release loom_tests`. The tests are in the crate because
//! only the owner of a unit takes and completes requests, and no other crate may. Each file ends with a
//! weaker version of what it tests, which loses a signal or strands a request: loom would tell.

mod late;
mod port;
mod shard;

use std::collections::VecDeque;
use std::sync::Arc as Plain;
use std::sync::atomic::Ordering::{AcqRel, Acquire};

use loom::sync::Arc;
use loom::sync::atomic::AtomicUsize;

use crate::ledger::Ledger;
use crate::memory::storage::{Span, Storage};
use crate::port::{Port, Queued, Signal};
use crate::request::{Answer, Request, Work};
use crate::seq::{UnitId, UnitKind};
use crate::status::Status;
use crate::time::Tick;

const UNIT: UnitId = UnitId { core: 0, kind: UnitKind::Compute, queue: 0 };

/// Tries every interleaving.
fn explore(model: impl Fn() + Send + Sync + 'static) {
    explore_up_to(None, model);
}

/// Tries every interleaving with up to so many preemptions.
fn explore_up_to(preemptions: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.check(model);
}

fn port(depth: u64) -> Port {
    Port::new(UNIT, depth, Plain::new(Ledger::new(1).expect("small")), Plain::default())
}

fn nothing() -> Work {
    let span = Span::whole(Plain::new(Storage::on_host(1).expect("small")));
    Work::Copy { from: span.clone(), to: span }
}

fn request(answer: Answer) -> Request {
    Request::new(nothing(), answer)
}

/// Completes what waits, as the owner of the unit does; `from` is the last number it has completed.
fn complete_all(port: &Port, from: &mut u64) {
    let mut taken = VecDeque::new();
    port.take(&mut taken);
    for Queued { num, request, .. } in taken {
        *from += 1;
        assert_eq!(num, *from, "the places in the queue are in the order of the numbers");
        port.complete(num, request.answer, Status::Success, Tick(num), None, &|_| {});
    }
}

/// Counts signals, and what had been published when the last one came.
#[derive(Clone)]
struct Tally(Arc<AtomicUsize>);

impl Tally {
    fn new() -> Tally {
        Tally(Arc::new(AtomicUsize::new(0)))
    }

    fn count(&self) -> usize {
        self.0.load(Acquire)
    }
}

impl Signal for Tally {
    fn signal(&self) {
        self.0.fetch_add(1, AcqRel);
    }
}
