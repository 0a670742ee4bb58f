//! Those who are told of completions.

use std::sync::atomic::Ordering::{Acquire, Relaxed};

use super::Port;
use crate::fault::Signalling;
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
        signalling: Option<Signalling>,
        reach: &dyn Fn(Tick),
    ) {
        if listeners.each.is_some() || listeners.once.iter().any(|wish| wish.num <= num) {
            reach(at);
        }
        let (due, times) = match signalling {
            Some(Signalling::Late(span)) => (Some(at + span), 1),
            Some(Signalling::Twice) => (None, 2),
            Some(Signalling::Spurious) | None => (None, 1),
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

    /// Whether an event of the program's is to tell of request `num`.
    pub(crate) fn is_listened_for(&self, num: u64) -> bool {
        self.is_listened() && {
            let listeners = self.listeners.lock();
            let is_for = |wish: &Wish| wish.num <= num && wish.due.is_none() && wish.signal.is_event();
            listeners.each.is_some() || listeners.once.iter().any(is_for)
        }
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
        if self.completed.load(Acquire) >= num {
            self.ended(num).into_iter().for_each(reach);
            signal.signal();
            return Listening::Signalled;
        }
        listeners.next_key += 1;
        let key = listeners.next_key;
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
                self.ended(num).into_iter().for_each(reach);
                signal.signal();
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
