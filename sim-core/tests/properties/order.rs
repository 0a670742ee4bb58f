//! One queue, watched from within: what each who is told sees of the number.

use std::sync::Arc;

use parking_lot::Mutex;
use sim_core::driver::manual::Manual;
use sim_core::ledger::Ledger;
use sim_core::memory::storage::{Span, Storage};
use sim_core::port::{Port, Signal};
use sim_core::profile::Profile;
use sim_core::recorder::Recorder;
use sim_core::request::{Answer, Request, Work};
use sim_core::seq::Seq;
use sim_core::shard::Shard;
use sim_core::time::Tick;
use sim_core::unit::Unit;

use crate::program::{LEN, UNITS};

/// Who was told, of which request, and the number that was published by then.
pub(crate) type Told = (&'static str, u64, u64);

/// Submits `count` requests with listeners for all and for those `wanted`; returns who was told, in order.
pub(crate) fn watch(seed: u64, count: u64, wanted: &[u64]) -> Vec<Told> {
    let unit = UNITS[1];
    let rates = Arc::new(Profile::named("trn1").expect("built in").rates(1));
    let port = Port::new(unit, u64::MAX, Arc::new(Ledger::new(2).expect("small")), Arc::default());
    let recorder = Arc::new(Recorder::new(2));
    let shard = Arc::new(Shard::new(port, Unit::new(unit, seed, None), rates, recorder, Arc::default()));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let witness = |who| Witness { who, shard: Arc::clone(&shard), seen: Arc::clone(&seen) };
    for _ in 0..count {
        let status = witness("status");
        let tell = move |seq: Seq, _| status.note(Seq::decode(seq.raw()).expect("ours").1);
        let span = Span::whole(Arc::new(Storage::on_host(LEN).expect("small")));
        let work = Work::Copy { from: span.clone(), to: span };
        let request = Request::new(work, Answer::Call(Box::new(tell)));
        assert!(shard.port.submit(request, Tick::ZERO).is_ok(), "no bound");
    }
    shard.port.listen_to_each(Some(Box::new(witness("each"))));
    for &num in wanted {
        shard.port.listen(num, Box::new(witness("once")), &|_| {});
    }
    let manual = Manual::new(vec![Arc::clone(&shard)]);
    while manual.step().is_some() {}
    shard.port.listen_to_each(None); // the witnesses hold the shard
    std::mem::take(&mut *seen.lock())
}

struct Witness {
    who: &'static str,
    shard: Arc<Shard>,
    seen: Arc<Mutex<Vec<Told>>>,
}

impl Witness {
    fn note(&self, num: u64) {
        self.seen.lock().push((self.who, num, self.shard.port.completed()));
    }
}

impl Signal for Witness {
    fn signal(&self) {
        self.note(self.shard.port.completed());
    }
}
