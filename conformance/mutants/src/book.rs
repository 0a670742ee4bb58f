//! A book of the requests that were accepted: what is done when one is first shown to be over.
//!
//! A library around another one sees completion from outside only: when it is asked. So `before` is done just
//! before the first answer that says that a request is over, and `after` when the library is next asked.

use std::sync::Mutex;

use crate::memory::{load, lock, place, store};
use crate::slots::{Call, NRTA_GET_SEQUENCE, NRTA_IS_COMPLETED, Slots};

type Action = Box<dyn FnOnce() + Send>;

struct Entry {
    id: u64,
    before: Option<Action>,
    after: Option<Action>,
    is_shown: bool,
}

static BOOK: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

/// The unit and queue of a sequence id.
pub(crate) fn unit(id: u64) -> u64 {
    id >> 48
}

/// The number in a sequence id.
pub(crate) fn number(id: u64) -> u64 {
    id & ((1 << 48) - 1)
}

/// Writes down what to do when the request `id` is shown to be over.
pub(crate) fn note(id: u64, before: impl FnOnce() + Send + 'static, after: impl FnOnce() + Send + 'static) {
    let entry = Entry { id, before: Some(Box::new(before)), after: Some(Box::new(after)), is_shown: false };
    lock(&BOOK).push(entry);
}

/// Looks at the book whenever the library is asked for what is over.
pub(crate) fn watch(slots: &mut Slots) {
    slots.on(NRTA_IS_COMPLETED, |call| {
        settle();
        let status = call.go();
        if status == 0 && load::<bool>(call.argument(1)) {
            show(call.argument(0));
        }
        status
    });
    slots.on(NRTA_GET_SEQUENCE, |call| {
        settle();
        let status = call.go();
        if status == 0 {
            show(load(call.argument(3)));
        }
        status
    });
}

/// Does what is to be done after requests were shown to be over.
fn settle() {
    let over: Vec<Entry> = lock(&BOOK).extract_if(.., |entry| entry.is_shown).collect();
    over.into_iter().filter_map(|entry| entry.after).for_each(|after| after());
}

/// The answer is about to say that all requests of the unit up to `id` are over.
pub(crate) fn show(id: u64) {
    let mut due = Vec::new();
    for entry in lock(&BOOK).iter_mut().filter(|entry| unit(entry.id) == unit(id) && entry.id <= id) {
        entry.is_shown = true;
        due.extend(entry.before.take());
    }
    due.into_iter().for_each(|before| before());
}

/// Has the library write statuses to places of ours, and passes on what `change` makes of id and status, when the
/// request is shown to be over.
pub(crate) fn relay(slots: &mut Slots, change: impl Fn(u64, i32) -> i32 + Copy + Send + 'static) {
    watch(slots);
    slots.on_submit(move |call| {
        submit_with_own_word(call, move |id, own, word| {
            note(id, move || store(word, change(id, load(own))), || ());
        })
    });
}

/// Submits with a place of ours for the status. `then` gets the id, that place, and the caller's.
pub(crate) fn submit_with_own_word(call: Call, then: impl FnOnce(u64, u64, u64)) -> i32 {
    let word = call.word_place();
    if word == 0 {
        return call.go();
    }
    let own = place(i32::MAX);
    let status = call.with_word(own).go();
    if status == 0 {
        then(load(call.id_place()), own, word);
    }
    status
}
