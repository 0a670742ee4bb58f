//! The data of a request: there before its number is published, and where it was asked for.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::book::{note, watch};
use crate::memory::{bytes, copy, load, lock};
use crate::mutant::Mutant;
use crate::slots::{
    NRT_ADD_TENSOR_TO_TENSOR_SET, NRT_TENSOR_GET_SIZE, NRT_TENSOR_READ, NRT_TENSOR_WRITE,
    NRTA_EXECUTE_SCHEDULE, NRTA_TENSOR_COPY, NRTA_TENSOR_READ, NRTA_TENSOR_WRITE,
};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "read-completes-before-its-data",
        breaks: "A read is over before its bytes are in the buffer.",
        caught_by: &["NRTA-DONE-004"],
        install: |slots| {
            watch(slots);
            slots.on(NRTA_TENSOR_READ, |call| {
                let (buffer, size) = (call.argument(0), call.argument(3));
                let own = bytes(size.min(1 << 24));
                let status = call.with(0, if buffer == 0 { 0 } else { own }).go();
                if status == 0 {
                    note(load(call.id_place()), || (), move || copy(own, buffer, size));
                }
                status
            });
        },
    },
    Mutant {
        name: "write-completes-before-its-data",
        breaks: "A write is over before its bytes are in the tensor.",
        caught_by: &["NRTA-DONE-005"],
        install: |slots| {
            watch(slots);
            slots.on(NRTA_TENSOR_WRITE, |call| {
                let hidden = Hidden::new(call.argument(0), call.argument(2), call.argument(3));
                let status = call.go();
                if status == 0 {
                    hidden.until_shown(load(call.id_place()));
                }
                status
            });
        },
    },
    Mutant {
        name: "copy-completes-before-its-data",
        breaks: "A copy is over before its bytes are in the target.",
        caught_by: &["NRTA-DONE-006"],
        install: |slots| {
            watch(slots);
            slots.on(NRTA_TENSOR_COPY, |call| {
                let hidden = Hidden::new(call.argument(2), call.argument(3), call.argument(4));
                let status = call.go();
                if status == 0 {
                    hidden.until_shown(load(call.id_place()));
                }
                status
            });
        },
    },
    Mutant {
        name: "run-completes-before-its-outputs",
        breaks: "A run is over before its outputs are in their tensors.",
        caught_by: &["NRTA-DONE-007"],
        install: |slots| {
            watch(slots);
            slots.on(NRT_ADD_TENSOR_TO_TENSOR_SET, |call| {
                let status = call.go();
                if status == 0 {
                    let mut sets = lock(&SETS);
                    let sets = sets.get_or_insert_default();
                    sets.entry(call.argument(0)).or_default().push(call.argument(2));
                }
                status
            });
            slots.on(NRTA_EXECUTE_SCHEDULE, |call| {
                let outputs = lock(&SETS).as_ref().and_then(|sets| sets.get(&call.argument(2)).cloned());
                let whole = |tensor| {
                    Hidden::new(tensor, 0, u64::from(NRT_TENSOR_GET_SIZE.call(&[tensor]).unsigned_abs()))
                };
                let hidden: Vec<Hidden> = outputs.unwrap_or_default().into_iter().map(whole).collect();
                let status = call.go();
                if status == 0 {
                    let id = load(call.id_place());
                    hidden.into_iter().for_each(|hidden| hidden.until_shown(id));
                }
                status
            });
        },
    },
    Mutant {
        name: "async-read-from-the-start",
        breaks: "A read that was submitted takes its bytes from the start of the tensor.",
        caught_by: &["NRTA-SUBMIT-059"],
        install: |slots| {
            slots.on(NRTA_TENSOR_READ, |call| {
                let status = call.go();
                if status == 0 { call.with(2, 0).go() } else { status }
            });
        },
    },
    Mutant {
        name: "async-write-one-byte-short",
        breaks: "A write that was submitted leaves the last byte out.",
        caught_by: &["NRTA-SUBMIT-060"],
        install: |slots| {
            slots.on(NRTA_TENSOR_WRITE, |call| {
                let size = call.argument(3);
                if size > 1 { call.with(3, size - 1).go() } else { call.go() }
            });
        },
    },
    Mutant {
        name: "async-copy-swaps-offsets",
        breaks: "A copy that was submitted takes the offset of its target for that of its source.",
        caught_by: &["NRTA-SUBMIT-061", "NRTA-ISO-014"],
        install: |slots| {
            slots.on(NRTA_TENSOR_COPY, |call| {
                let (from, to) = (call.argument(1), call.argument(3));
                call.with(1, to).with(3, from).go()
            });
        },
    },
];

/// Tensors of each set, by handle.
static SETS: Mutex<Option<HashMap<u64, Vec<u64>>>> = Mutex::new(None);

/// A stretch of a tensor, with the bytes that were there before a request.
#[derive(Debug, Clone, Copy)]
struct Hidden {
    tensor: u64,
    offset: u64,
    size: u64,
    old: u64,
}

impl Hidden {
    fn new(tensor: u64, offset: u64, size: u64) -> Hidden {
        let old = bytes(size.min(1 << 24));
        if size <= 1 << 24 {
            NRT_TENSOR_READ.call(&[tensor, old, offset, size]);
        }
        Hidden { tensor, offset, size, old }
    }

    /// When the request is shown to be over, the tensor has its old bytes once more; then the new ones come.
    fn until_shown(self, id: u64) {
        let Hidden { tensor, offset, size, old } = self;
        let new = bytes(size);
        let hide = move || {
            NRT_TENSOR_READ.call(&[tensor, new, offset, size]);
            NRT_TENSOR_WRITE.call(&[tensor, old, offset, size]);
        };
        note(id, hide, move || {
            NRT_TENSOR_WRITE.call(&[tensor, new, offset, size]);
        });
    }
}
