//! Those who are told of completions.

use std::sync::atomic::Ordering::{Acquire, Relaxed};

use std::collections::VecDeque;

use super::{Port, REMEMBERED};
use crate::fault::journal::Victim;
use crate::fault::{Effect, Faults, Signalling, Strike};
use crate::time::Tick;

/// Somebody who is told of completions.
pub trait Signal: Send {
    /// A completion that was asked for has been published. Called with the port's listeners locked.
    fn signal(&self);

    /// Whether it is an event of the program's, which a fault may spoil; not a thread of ours that waits.
    fn is_event(&self) -> bool {
        true
    }
}

/// What became of a wish to be told of one completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listening {
    /// It has completed already, and the signal was given.
    Signalled,
    /// The signal will be given; the key takes the wish back.
    Pending(u64),
}

#[derive(Default)]
pub(super) struct Listeners {
    pub(super) each: Option<Box<dyn Signal>>,
    /// When `each` is to be told late.
    late: Vec<Tick>,
    once: Vec<Wish>,
    next_key: u64,
    /// Completed requests of which nobody was told yet, but whoever is will be told wrongly.
    spoilt: VecDeque<(u64, Box<Spoilt>)>,
}

/// How those are told of a request who listen for it, since a fault wants that.
pub struct Spoilt {
    /// What is wrong with the signal.
    pub(crate) signalling: Signalling,
    /// The rule that says so.
    pub(crate) strike: Strike,
    /// The request.
    pub(crate) victim: Victim,
    /// When it ended.
    pub(crate) end: Tick,
}

impl Spoilt {
    /// When to signal, if not now, and how often. Notes that the rule fired.
    fn strike(self, faults: &Faults) -> (Option<Tick>, usize) {
        let Spoilt { signalling, strike, victim, end } = self;
        let (due, times) = match signalling {
            Signalling::Late(span) => (Some(end + span), 1),
            Signalling::Twice => (None, 2),
            Signalling::Spurious => return (None, 1), // has been told before, and is told again as it should be
        };
        faults.fired(&strike, victim, end, Effect::Signalled(signalling));
        (due, times)
    }
}

/// Somebody wants to be told of one request.
struct Wish {
    num: u64,
    key: u64,
    signal: Box<dyn Signal>,
    /// When that is to happen, if a fault makes it late and the request has completed.
    due: Option<Tick>,
}

/// The key of wishes that their number alone names; [`Port::listen`] gives out keys above it.
const BY_NUMBER: u64 = 0;

impl Port {
    /// Tells those who listen that request `num` has completed at the instant `at`, or otherwise, as a fault wants it.
    pub(super) fn tell(
        &self,
        listeners: &mut Listeners,
        num: u64,
        at: Tick,
        spoilt: Option<Box<Spoilt>>,
        reach: &dyn Fn(Tick),
    ) {
        if listeners.each.is_some() || listeners.once.iter().any(|wish| wish.num <= num) {
            reach(at);
        }
        let is_for = |wish: &Wish| wish.num <= num && wish.due.is_none() && wish.signal.is_event();
        let (due, times) = match spoilt {
            None => (None, 1),
            Some(spoilt) if listeners.each.is_some() || listeners.once.iter().any(is_for) => {
                spoilt.strike(&self.faults)
            }
            Some(spoilt) => {
                listeners.spoilt.truncate(REMEMBERED - 1);
                listeners.spoilt.push_front((num, spoilt));
                (None, 1)
            }
        };
        match (&listeners.each, due) {
            (Some(each), None) => (0..times).for_each(|_| each.signal()),
            (Some(_), Some(due)) => listeners.late.push(due),
            (None, _) => {}
        }
        if !listeners.once.is_empty() || due.is_some() {
            listeners.once.retain_mut(|wish| {
                if wish.num > num || wish.due.is_some() {
                    return true;
                }
                if due.is_some() && wish.signal.is_event() {
                    wish.due = due;
                    return true;
                }
                (0..times).for_each(|_| wish.signal.signal());
                false
            });
            self.note_listeners(listeners);
        }
    }

    /// Tells `signal` of request `num`, which has completed before it was asked for.
    fn tell_afterwards(
        &self,
        listeners: &mut Listeners,
        (num, key): (u64, u64),
        signal: Box<dyn Signal>,
        reach: &dyn Fn(Tick),
    ) -> Listening {
        self.ended(num).into_iter().for_each(reach);
        let place = listeners.spoilt.iter().position(|(other, _)| *other == num && signal.is_event());
        let spoilt = place.and_then(|place| listeners.spoilt.remove(place));
        let (due, times) = spoilt.map_or((None, 1), |(_, spoilt)| spoilt.strike(&self.faults));
        if due.is_some() {
            listeners.once.push(Wish { num, key, signal, due });
            self.note_listeners(listeners);
            return Listening::Pending(key);
        }
        (0..times).for_each(|_| signal.signal());
        Listening::Signalled
    }

    /// Tells those who listen for request `num`, which has not completed, as if it had. Says whether there are any.
    pub(crate) fn signal_early(&self, num: u64) -> bool {
        let listeners = self.listeners.lock();
        let wishes = listeners.once.iter().filter(|wish| wish.num == num && wish.signal.is_event());
        let told: Vec<&dyn Signal> =
            listeners.each.iter().chain(wishes.map(|wish| &wish.signal)).map(|signal| &**signal).collect();
        told.iter().for_each(|signal| signal.signal());
        !told.is_empty()
    }

    /// Gives the signals that are late and due by `horizon`.
    pub(crate) fn ring(&self, horizon: Tick, reach: &dyn Fn(Tick)) {
        if self.next_ring().is_some_and(|due| due <= horizon) {
            self.ring_late(horizon, reach);
        }
    }

    /// The same, by whoever does not own the unit and so may not know yet whether there are any.
    pub(crate) fn ring_late(&self, horizon: Tick, reach: &dyn Fn(Tick)) {
        let mut listeners = self.listeners.lock();
        let Listeners { each, late, once, .. } = &mut *listeners;
        late.retain(|due| {
            let is_due = *due <= horizon;
            if is_due {
                reach(*due);
                each.iter().for_each(|each| each.signal());
            }
            !is_due
        });
        once.retain(|wish| {
            let due = wish.due.filter(|due| *due <= horizon);
            if let Some(due) = due {
                reach(due);
                wish.signal.signal();
            }
            due.is_none()
        });
        self.note_listeners(&listeners);
    }

    /// When the first of the late signals is due; none if there is none.
    pub(crate) fn next_ring(&self) -> Option<Tick> {
        Some(Tick(self.ringing.load(Relaxed))).filter(|due| *due < Tick::END)
    }

    /// Tells `signal` once when request `num` has completed; at once if it has, after calling `reach` with its
    /// end: see [`Port::complete`].
    pub fn listen(&self, num: u64, signal: Box<dyn Signal>, reach: &dyn Fn(Tick)) -> Listening {
        let mut listeners = self.listeners.lock();
        listeners.next_key += 1;
        let key = listeners.next_key;
        if self.completed.load(Acquire) >= num {
            return self.tell_afterwards(&mut listeners, (num, key), signal, reach);
        }
        listeners.once.push(Wish { num, key, signal, due: None });
        self.note_listeners(&listeners);
        Listening::Pending(key)
    }

    /// Tells `signal` once when request `num` has completed, in place of whoever was named here for that
    /// number before; `None`: nobody. At once if it has completed, after calling `reach` with its end.
    ///
    /// When this returns, the one before is not told any more.
    pub fn listen_by_number(&self, num: u64, signal: Option<Box<dyn Signal>>, reach: &dyn Fn(Tick)) {
        let mut listeners = self.listeners.lock();
        listeners.once.retain(|wish| (wish.num, wish.key) != (num, BY_NUMBER));
        match signal {
            Some(signal) if self.completed.load(Acquire) >= num => {
                self.tell_afterwards(&mut listeners, (num, BY_NUMBER), signal, reach);
            }
            Some(signal) => listeners.once.push(Wish { num, key: BY_NUMBER, signal, due: None }),
            None => {}
        }
        self.note_listeners(&listeners);
    }

    /// Takes back one wish of [`Port::listen`]. When this returns, its signal is not given any more.
    pub fn forget(&self, key: u64) {
        let mut listeners = self.listeners.lock();
        listeners.once.retain(|wish| wish.key != key);
        self.note_listeners(&listeners);
    }

    /// Tells `signal` of each completion from now on, in place of whoever was told before; `None`: nobody.
    ///
    /// When this returns, the one before is not told any more.
    pub fn listen_to_each(&self, signal: Option<Box<dyn Signal>>) {
        let mut listeners = self.listeners.lock();
        listeners.each = signal;
        listeners.late.clear();
        self.note_listeners(&listeners);
    }

    fn note_listeners(&self, listeners: &Listeners) {
        self.listened.store(listeners.each.is_some() || !listeners.once.is_empty(), Relaxed);
        let late = listeners.late.iter().copied().chain(listeners.once.iter().filter_map(|wish| wish.due));
        self.ringing.store(late.min().unwrap_or(Tick::END).0, Relaxed); // a hint: only the owner rings
    }
}
