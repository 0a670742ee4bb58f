//! Those of the program who listen for completions, and how often they were told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use sim_core::device::Device;
use sim_core::port::{Listening, Signal};
use sim_core::seq::UnitId;

use super::history::{Heard, Wish};

/// Counts signals, as an eventfd does.
struct Ear(Arc<AtomicU64>);

impl Signal for Ear {
    fn signal(&self) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// All who have ever listened at one queue. Changed by one thread at a time, so that it is known who followed whom.
#[derive(Default)]
pub(super) struct Ears {
    all: Vec<Listener>,
    /// Who listens to each, and for requests by number.
    each: Option<usize>,
    by_number: BTreeMap<u64, usize>,
}

struct Listener {
    count: Arc<AtomicU64>,
    wish: Wish,
    key: Option<u64>,
    /// How often it had been told when it was gone for good.
    gone: Option<u64>,
}

impl Ears {
    fn add(&mut self, wish: Wish) -> (usize, Box<dyn Signal>) {
        let count = Arc::<AtomicU64>::default();
        self.all.push(Listener { count: Arc::clone(&count), wish, key: None, gone: None });
        (self.all.len() - 1, Box::new(Ear(count)))
    }

    /// It is not told any more.
    fn is_gone(&mut self, place: usize) {
        let listener = &mut self.all[place];
        listener.gone = listener.gone.or(Some(listener.count.load(SeqCst)));
    }

    pub(super) fn listen(&mut self, device: &Device, unit: UnitId, num: u64) -> Result<(), String> {
        let (place, ear) = self.add(Wish::Once(num));
        match device.listen(unit, num, ear) {
            Listening::Pending(key) => self.all[place].key = Some(key),
            // More than once only if a rule says so, which is seen at the end.
            Listening::Signalled if self.all[place].count.load(SeqCst) == 0 => {
                return Err(format!("{unit:?} {num} has completed, and who asked was not told"));
            }
            Listening::Signalled => {}
        }
        Ok(())
    }

    pub(super) fn listen_by_number(&mut self, device: &Device, unit: UnitId, num: u64, on: bool) {
        let added = on.then(|| self.add(Wish::Once(num)));
        let (place, ear) = added.unzip();
        device.listen_by_number(unit, num, ear);
        let before = match place {
            Some(place) => self.by_number.insert(num, place),
            None => self.by_number.remove(&num),
        };
        before.into_iter().for_each(|before| self.is_gone(before));
    }

    pub(super) fn listen_to_each(&mut self, device: &Device, unit: UnitId, on: bool) {
        let completed = || device.queue_state(unit).completed;
        let before = completed();
        let added = on.then(|| self.add(Wish::Each { begun: [before, 0], ended: None }));
        let (place, ear) = added.unzip();
        device.listen_to_each(unit, ear);
        let after = completed();
        if let Some(old) = std::mem::replace(&mut self.each, place) {
            self.is_gone(old);
            if let Wish::Each { ended, .. } = &mut self.all[old].wish {
                *ended = Some([before, after]);
            }
        }
        if let Some(place) = place
            && let Wish::Each { begun, .. } = &mut self.all[place].wish
        {
            begun[1] = after;
        }
    }

    /// Takes back one of the wishes that can be taken back, fulfilled or not.
    pub(super) fn forget(&mut self, device: &Device, unit: UnitId, which: usize) {
        let keyed: Vec<usize> = (0..self.all.len()).filter(|place| self.all[*place].key.is_some()).collect();
        let Some(which) = which.checked_rem(keyed.len()) else { return };
        let key = self.all[keyed[which]].key.expect("filtered");
        device.forget(unit, key);
        self.is_gone(keyed[which]);
    }

    /// What each has heard.
    pub(super) fn heard(&self) -> Vec<Heard> {
        let heard = |listener: &Listener| Heard {
            wish: listener.wish,
            count: listener.count.load(SeqCst),
            gone: listener.gone,
        };
        self.all.iter().map(heard).collect()
    }
}
