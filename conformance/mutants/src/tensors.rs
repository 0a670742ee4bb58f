//! Tensors: their bounds, slices and bytes.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::memory::{bytes, copy, load, lock, store};
use crate::mutant::Mutant;
use crate::slots::{
    Call, NRT_TENSOR_ALLOCATE, NRT_TENSOR_ALLOCATE_SLICE, NRT_TENSOR_ATTACH_BUFFER, NRT_TENSOR_COPY,
    NRT_TENSOR_FREE, NRT_TENSOR_GET_SIZE, NRT_TENSOR_MEMSET, NRT_TENSOR_READ, NRT_TENSOR_READ_BATCH,
    NRT_TENSOR_WRITE, NRT_TENSOR_WRITE_BATCH, NRTA_GET_SEQUENCE, NRTA_TENSOR_COPY, NRTA_TENSOR_READ,
    NRTA_TENSOR_WRITE,
};

const INVALID: i32 = 2;

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "slice-of-slice-from-the-storage",
        breaks: "The offset of a slice of a slice counts from the start of the whole tensor.",
        caught_by: &["NRT-TENSOR-023"],
        install: |slots| {
            slots.on(NRT_TENSOR_ALLOCATE_SLICE, |call| {
                let root = lock(&ROOTS).get_or_insert_default().get(&call.argument(0)).copied();
                let root = root.unwrap_or(call.argument(0));
                let status = call.with(0, root).go();
                if status == 0 {
                    lock(&ROOTS).get_or_insert_default().insert(load(call.argument(4)), root);
                }
                status
            });
        },
    },
    Mutant {
        name: "slice-size-unchecked",
        breaks: "A slice that reaches past the end of its tensor is made.",
        caught_by: &["NRT-TENSOR-013"],
        install: |slots| {
            slots.on(NRT_TENSOR_ALLOCATE_SLICE, |call| {
                let status = call.go();
                let length = size_of(call.argument(0));
                if status == INVALID && call.argument(1) < length {
                    return call.with(2, length - call.argument(1)).go();
                }
                status
            });
        },
    },
    Mutant {
        name: "slice-is-a-copy",
        breaks: "A slice has bytes of its own, not those of its tensor.",
        caught_by: &["NRT-TENSOR-021", "NRT-TENSOR-022"],
        install: |slots| {
            slots.on(NRT_TENSOR_ALLOCATE_SLICE, |call| {
                let (source, offset, size, name) =
                    (call.argument(0), call.argument(1), call.argument(2), call.argument(3));
                let status = call.go();
                if status == 0 {
                    let own = bytes(size);
                    NRT_TENSOR_READ.call(&[source, own, offset, size]);
                    NRT_TENSOR_ALLOCATE.call(&[0, 0, size, name, call.argument(4)]);
                    NRT_TENSOR_WRITE.call(&[load(call.argument(4)), own, 0, size]);
                }
                status
            });
        },
    },
    Mutant {
        name: "write-past-the-end-by-one",
        breaks: "A write may reach one byte past the end of the tensor.",
        caught_by: &["NRT-TENSOR-011", "NRT-TENSOR-016"],
        install: |slots| slots.on(NRT_TENSOR_WRITE, |call| allow_one_more(call, 0)),
    },
    Mutant {
        name: "read-past-the-end-by-one",
        breaks: "A read may reach one byte past the end of the tensor.",
        caught_by: &["NRT-TENSOR-010", "NRT-TENSOR-016"],
        install: |slots| slots.on(NRT_TENSOR_READ, |call| allow_one_more(call, 0)),
    },
    Mutant {
        name: "read-up-to-the-end-refused",
        breaks: "A read of the last byte of a tensor is refused.",
        caught_by: &["NRT-TENSOR-008"],
        install: |slots| {
            slots.on(NRT_TENSOR_READ, |call| {
                let end = call.argument(2).wrapping_add(call.argument(3));
                if call.argument(2) > 0 && end == size_of(call.argument(0)) { INVALID } else { call.go() }
            });
        },
    },
    Mutant {
        name: "bounds-overflow",
        breaks: "An offset so large that offset and size wrap around is accepted.",
        caught_by: &["NRT-TENSOR-010", "NRT-TENSOR-011"],
        install: |slots| {
            let wraps = |call: Call| {
                let overflows = call.argument(2).checked_add(call.argument(3)).is_none();
                if overflows { 0 } else { call.go() }
            };
            slots.on(NRT_TENSOR_READ, wraps);
            slots.on(NRT_TENSOR_WRITE, wraps);
        },
    },
    Mutant {
        name: "copy-across-banks",
        breaks: "Tensors are copied from the memory of one core to that of another.",
        caught_by: &["NRT-TENSOR-074"],
        install: |slots| {
            slots.on(NRT_TENSOR_COPY, |call| {
                let status = call.go();
                if status != INVALID {
                    return status;
                }
                let [from, at, to, target, size] = [0, 1, 2, 3, 4].map(|index| call.argument(index));
                let own = bytes(size.min(1 << 24));
                match NRT_TENSOR_READ.call(&[from, own, at, size]) {
                    0 => NRT_TENSOR_WRITE.call(&[to, own, target, size]),
                    other => other,
                }
            });
        },
    },
    Mutant {
        name: "async-copy-across-banks",
        breaks: "A copy that is submitted may go from the memory of one core to that of another.",
        caught_by: &["NRTA-SUBMIT-033"],
        install: |slots| {
            slots.on(NRTA_TENSOR_COPY, |call| {
                let status = call.go();
                if status == INVALID { call.with(2, call.argument(0)).go() } else { status }
            });
        },
    },
    Mutant {
        name: "memset-one-byte-short",
        breaks: "nrt_tensor_memset leaves the last byte as it was.",
        caught_by: &["NRT-TENSOR-005"],
        install: |slots| {
            slots.on(NRT_TENSOR_MEMSET, |call| {
                let size = call.argument(3);
                if size > 1 { call.with(3, size - 1).go() } else { call.go() }
            });
        },
    },
    Mutant {
        name: "memset-from-the-start",
        breaks: "nrt_tensor_memset sets bytes from the start of the tensor, not from its offset.",
        caught_by: &["NRT-TENSOR-005"],
        install: |slots| slots.on(NRT_TENSOR_MEMSET, |call| call.with(1, 0).go()),
    },
    Mutant {
        name: "read-batch-drops-the-last",
        breaks: "nrt_tensor_read_batch leaves out the last operation of each tensor.",
        caught_by: &["NRT-TENSOR-006"],
        install: |slots| slots.on(NRT_TENSOR_READ_BATCH, |call| call.with(0, all_but_the_last(call)).go()),
    },
    Mutant {
        name: "write-batch-drops-the-last",
        breaks: "nrt_tensor_write_batch leaves out the last operation of each tensor.",
        caught_by: &["NRT-TENSOR-007"],
        install: |slots| slots.on(NRT_TENSOR_WRITE_BATCH, |call| call.with(0, all_but_the_last(call)).go()),
    },
    Mutant {
        name: "freed-handle-stays",
        breaks: "nrt_tensor_free leaves the handle of its caller as it was.",
        caught_by: &["NRT-TENSOR-040"],
        install: |slots| {
            slots.on(NRT_TENSOR_FREE, |call| {
                let handle: u64 = if call.argument(0) == 0 { 0 } else { load(call.argument(0)) };
                let status = call.go();
                store(call.argument(0), handle);
                status
            });
        },
    },
    Mutant {
        name: "slices-die-with-their-tensor",
        breaks: "When a tensor is freed, its slices are too.",
        caught_by: &["NRT-TENSOR-024", "NRT-TENSOR-082"],
        install: |slots| {
            slots.on(NRT_TENSOR_ALLOCATE_SLICE, |call| {
                let status = call.go();
                if status == 0 {
                    lock(&ROOTS).get_or_insert_default().insert(load(call.argument(4)), call.argument(0));
                }
                status
            });
            slots.on(NRT_TENSOR_FREE, |call| {
                let handle: u64 = if call.argument(0) == 0 { 0 } else { load(call.argument(0)) };
                let slices: Vec<u64> = lock(&ROOTS)
                    .get_or_insert_default()
                    .extract_if(|_, root| *root == handle)
                    .map(|(slice, _)| slice)
                    .collect();
                for slice in slices {
                    NRT_TENSOR_FREE.call(&[&raw const slice as u64]);
                }
                call.go()
            });
        },
    },
    Mutant {
        name: "size-is-rounded",
        breaks: "nrt_tensor_get_size gives the size of the allocation, a multiple of 64.",
        caught_by: &["NRT-TENSOR-026"],
        install: |slots| slots.on(NRT_TENSOR_GET_SIZE, |call| (call.go() + 63) / 64 * 64),
    },
    Mutant {
        name: "attached-buffer-is-copied",
        breaks: "A tensor has a copy of the buffer that was attached to it.",
        caught_by: &["NRT-TENSOR-030"],
        install: |slots| {
            slots.on(NRT_TENSOR_ATTACH_BUFFER, |call| {
                let (buffer, size) = (call.argument(1), call.argument(2));
                if buffer == 0 {
                    return call.go();
                }
                let own = bytes(size);
                copy(buffer, own, size);
                call.with(1, own).go()
            });
        },
    },
    Mutant {
        name: "core-past-the-end-accepted",
        breaks: "A tensor for a core that does not exist is put on core 0.",
        caught_by: &["NRT-TENSOR-048", "NRT-TOPO-030"],
        install: |slots| {
            slots.on(NRT_TENSOR_ALLOCATE, |call| {
                let status = call.go();
                if status == INVALID { call.with(1, 0).go() } else { status }
            });
        },
    },
    Mutant {
        name: "host-tensor-submitted",
        breaks: "Reads and writes of host tensors can be submitted.",
        caught_by: &["NRTA-SUBMIT-025", "NRTA-SUBMIT-026"],
        install: |slots| {
            slots.on(NRTA_TENSOR_READ, |call| instead(call, call.argument(1), call.argument(0), true));
            slots.on(NRTA_TENSOR_WRITE, |call| instead(call, call.argument(0), call.argument(1), false));
        },
    },
];

/// The tensor that a slice was made of.
static ROOTS: Mutex<Option<HashMap<u64, u64>>> = Mutex::new(None);

fn size_of(tensor: u64) -> u64 {
    u64::from(NRT_TENSOR_GET_SIZE.call(&[tensor]).unsigned_abs())
}

/// Lets offset and size, the third and fourth argument, end one byte past the end of a tensor.
fn allow_one_more(call: Call, tensor: usize) -> i32 {
    let status = call.go();
    let (offset, size) = (call.argument(2), call.argument(3));
    if status == INVALID && size > 0 && offset.wrapping_add(size) == size_of(call.argument(tensor)) + 1 {
        return call.with(3, size - 1).go();
    }
    status
}

/// The batches of a call, each without its last operation.
fn all_but_the_last(call: Call) -> u64 {
    let (batches, count) = (call.argument(0), call.argument(1));
    if batches == 0 {
        return 0;
    }
    let own = bytes(count * 24);
    copy(batches, own, count * 24);
    for batch in 0..count {
        let operations: u32 = load(own + batch * 24 + 16);
        store(own + batch * 24 + 16, operations.saturating_sub(1));
    }
    own
}

/// Does at once what cannot be submitted, and says that it was the last request.
fn instead(call: Call, tensor: u64, buffer: u64, is_read: bool) -> i32 {
    let status = call.go();
    if status != INVALID || buffer == 0 || call.word_place() == 0 || call.id_place() == 0 {
        return status;
    }
    let arguments = [tensor, buffer, call.argument(2), call.argument(3)];
    let done = if is_read { NRT_TENSOR_READ.call(&arguments) } else { NRT_TENSOR_WRITE.call(&arguments) };
    if done == 0 {
        NRTA_GET_SEQUENCE.call(&[call.argument(4), 0, call.argument(5), call.id_place()]);
        store(call.word_place(), 0_i32);
    }
    done
}
