//! Ranges that leave their tensor.

use proptest::prelude::{Just, Strategy, prop_oneof};

use super::transfers::is_all_else_kept;
use crate::rule::Rule;
use crate::rule::Source::Observed;
use crate::session::{Argument, Session};
use crate::verdict::Outcome;

pub(in crate::rules) const RULES: &[Rule] = &[
    Rule::new(
        "NRT-TENSOR-010",
        "A read that leaves its tensor never succeeds and leaves the buffer as it was, unless it ends the \
         process.",
        Observed,
        "observed in 2.31.24, which aborts",
        read,
    )
    .drawn(10),
    Rule::new(
        "NRT-TENSOR-011",
        "A write that leaves its tensor never succeeds and leaves the tensor as it was, unless it ends the \
         process.",
        Observed,
        "observed in 2.31.24, which aborts",
        write,
    )
    .drawn(10),
    Rule::new(
        "NRT-TENSOR-012",
        "nrt_tensor_memset past the end never succeeds and leaves the tensor as it was, unless it ends the \
         process.",
        Observed,
        "observed in 2.31.24, which aborts",
        memset,
    )
    .drawn(10),
    Rule::new(
        "NRT-TENSOR-013",
        "There is no slice that leaves its source: the call never succeeds, unless it ends the process.",
        Observed,
        "observed in 2.31.24, which aborts",
        slice,
    )
    .drawn(10),
    Rule::new(
        "NRT-TENSOR-014",
        "A copy that leaves its source or its target never succeeds and leaves the target as it was, \
         unless it ends the process.",
        Observed,
        "observed in 2.31.24 for reads and writes",
        copy,
    )
    .drawn(10),
    Rule::new(
        "NRT-TENSOR-015",
        "A batch with a piece that leaves its tensor never succeeds and moves nothing of it, unless it \
         ends the process.",
        Observed,
        "observed in 2.31.24 for reads and writes",
        batch,
    )
    .drawn(10),
    Rule::new(
        "NRT-TENSOR-016",
        "A slice is as large as it says: what leaves it never succeeds, though its source has more bytes, \
         unless it ends the process.",
        Observed,
        "observed in 2.31.24: bounds against the view",
        view,
    )
    .drawn(20),
];

/// Bytes of the tensors here.
const SIZE: usize = 4096;
/// Bytes of the buffers here: whoever moves a bit more than he should does not crash at once.
const ROOM: usize = 4 * SIZE;

/// A range that leaves `size` bytes: offset and size.
fn outside(size: u64) -> impl Strategy<Value = (u64, u64)> {
    prop_oneof![
        (0..size, 1..64_u64).prop_map(move |(offset, more)| (offset, size - offset + more)),
        Just((size, 1)),
        Just((0, size + 1)),
        (1..1000_u64, 1..64_u64).prop_map(move |(beyond, length)| (size + beyond, length)),
        // The sum of both wraps around to something small.
        (1..size).prop_map(|length| (u64::MAX - length + 1, length)),
        (1..size).prop_map(|offset| (offset, u64::MAX - offset + 1)),
    ]
}

fn read(s: &Session) -> Outcome {
    let (offset, size) = s.draw(outside(SIZE as u64))?;
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 1)?;
    let buffer = s.buffer(ROOM);
    s.fill(buffer, 2);
    s.refuses("nrt_tensor_read", [tensor.into(), buffer.into(), offset.into(), size.into()])?;
    s.holds(buffer, 0, ROOM, 2, 0)
}

fn write(s: &Session) -> Outcome {
    let (offset, size) = s.draw(outside(SIZE as u64))?;
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 1)?;
    let buffer = s.buffer(ROOM);
    s.fill(buffer, 2);
    s.refuses("nrt_tensor_write", [tensor.into(), buffer.into(), offset.into(), size.into()])?;
    is_all_else_kept(s, tensor, (SIZE, SIZE, 0)).map(drop)
}

fn memset(s: &Session) -> Outcome {
    let (offset, size) = s.draw(outside(SIZE as u64))?;
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 1)?;
    s.refuses("nrt_tensor_memset", [tensor.into(), offset.into(), 7.into(), size.into()])?;
    is_all_else_kept(s, tensor, (SIZE, SIZE, 0)).map(drop)
}

fn slice(s: &Session) -> Outcome {
    let (offset, size) = s.draw(outside(SIZE as u64))?;
    s.init()?;
    let tensor = s.tensor(0, SIZE)?;
    let part = s.pointer('t');
    s.refuses(
        "nrt_tensor_allocate_slice",
        [tensor.into(), offset.into(), size.into(), "part".into(), part.at()],
    )
}

fn copy(s: &Session) -> Outcome {
    let (range, is_source) = s.draw((outside(SIZE as u64), proptest::bool::ANY))?;
    let (offset, size) = range;
    s.init()?;
    // The other end is large enough for all but the ranges that wrap around.
    let (from, to) = if is_source { (SIZE, ROOM) } else { (ROOM, SIZE) };
    let (source, target) = (s.filled_tensor(0, from, 2)?, s.filled_tensor(0, to, 1)?);
    let offsets = if is_source { [offset, 0] } else { [0, offset] };
    let arguments = [source.into(), offsets[0].into(), target.into(), offsets[1].into(), size.into()];
    s.refuses("nrt_tensor_copy", arguments)?;
    is_all_else_kept(s, target, (to, to, 0)).map(drop)
}

fn batch(s: &Session) -> Outcome {
    let ((offset, size), writes) = s.draw((outside(SIZE as u64), proptest::bool::ANY))?;
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 1)?;
    let (buffer, op, batch) = (s.buffer(ROOM), s.buffer(24), s.buffer(24));
    s.fill(buffer, 2);
    s.put(op, 0, offset);
    s.put(op, 1, size);
    s.put(op, 2, buffer);
    s.put(batch, 0, tensor);
    s.put(batch, 1, op);
    s.put(batch, 2, 1_u32);
    let name = if writes { "nrt_tensor_write_batch" } else { "nrt_tensor_read_batch" };
    s.refuses(name, [batch.into(), 1.into(), false.into()])?;
    s.holds(buffer, 0, ROOM, 2, 0)?;
    is_all_else_kept(s, tensor, (SIZE, SIZE, 0)).map(drop)
}

/// What is done to a view of the bytes 1000 to 1500 of a tensor is kept within the view.
fn view(s: &Session) -> Outcome {
    let ((offset, size), what) = s.draw((outside(500), 0..4))?;
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 1)?;
    let part = s.pointer('t');
    let arguments = [tensor.into(), 1000.into(), 500.into(), "part".into(), part.at()];
    s.call("nrt_tensor_allocate_slice", arguments)?.needed()?;
    let buffer = s.buffer(ROOM);
    s.fill(buffer, 2);
    let range: [Argument; 2] = [offset.into(), size.into()];
    let [first, length] = range;
    match what {
        0 => s.refuses("nrt_tensor_read", [part.into(), buffer.into(), first, length]),
        1 => s.refuses("nrt_tensor_write", [part.into(), buffer.into(), first, length]),
        2 => s.refuses("nrt_tensor_memset", [part.into(), first, 7.into(), length]),
        _ => {
            let smaller = s.pointer('t');
            let arguments = [part.into(), first, length, "smaller".into(), smaller.at()];
            s.refuses("nrt_tensor_allocate_slice", arguments)
        }
    }?;
    s.holds(buffer, 0, ROOM, 2, 0)?;
    is_all_else_kept(s, tensor, (SIZE, SIZE, 0)).map(drop)
}
