//! Bytes go into a tensor and come back.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any};

use crate::abi::Status;
use crate::rule::Rule;
use crate::rule::Source::Documented;
use crate::session::{Buffer, Place, Session};
use crate::verdict::Outcome;

pub(in crate::rules) const RULES: &[Rule] = &[
    Rule::new(
        "NRT-TENSOR-001",
        "What is written to a range of a tensor is read from that range.",
        Documented,
        "header nrt.h, nrt_tensor_write",
        round_trip,
    )
    .drawn(10),
    Rule::new(
        "NRT-TENSOR-002",
        "A write changes nothing outside its range.",
        Documented,
        "header nrt.h, nrt_tensor_write",
        write_keeps_the_rest,
    )
    .drawn(10),
    Rule::new(
        "NRT-TENSOR-003",
        "A read fills as many bytes of the buffer as it is asked for, and no others.",
        Documented,
        "header nrt.h, nrt_tensor_read",
        read_fills_what_is_asked,
    )
    .drawn(10),
    Rule::new(
        "NRT-TENSOR-004",
        "A write is done when it returns: the buffer may be changed at once.",
        Documented,
        "async overview, tensor operations",
        source_may_change,
    ),
    Rule::new(
        "NRT-TENSOR-005",
        "nrt_tensor_memset sets every byte of its range to the value, and no others.",
        Documented,
        "header nrt.h, nrt_tensor_memset",
        memset,
    )
    .drawn(10),
    Rule::new(
        "NRT-TENSOR-006",
        "A batch read gives what reads of its pieces one by one give.",
        Documented,
        "header nrt.h, nrt_tensor_read_batch",
        batch_read,
    )
    .drawn(5),
    Rule::new(
        "NRT-TENSOR-007",
        "A batch write leaves what writes of its pieces one by one leave.",
        Documented,
        "header nrt.h, nrt_tensor_write_batch",
        batch_write,
    )
    .drawn(5),
    Rule::new(
        "NRT-TENSOR-008",
        "All of a tensor can be written and read, and so can its last byte.",
        Documented,
        "header nrt.h, nrt_tensor_write",
        to_the_end,
    )
    .drawn(3),
];

/// The size of a tensor, and a range in it that is not empty: offset and size.
pub(super) fn range() -> impl Strategy<Value = (usize, usize, usize)> {
    (1_usize..20_000)
        .prop_flat_map(|size| (Just(size), 0..size))
        .prop_flat_map(|(size, offset)| (Just(size), Just(offset), 1..=size - offset))
}

/// The rule wants `write` to have succeeded on the range, and the rest to be as it was, which is pattern 1.
pub(super) fn is_all_else_kept(s: &Session, tensor: Place, range: (usize, usize, usize)) -> Outcome<Buffer> {
    let (size, offset, length) = range;
    let whole = s.read(tensor, size)?;
    s.holds(whole, 0, offset, 1, 0)?;
    let end = offset + length;
    s.holds(whole, end, size - end, 1, end)?;
    Ok(whole)
}

fn round_trip(s: &Session) -> Outcome {
    let ranges = vec((0_usize..20_000, 1_usize..5000), 1..6);
    let ranges = s.draw(ranges)?;
    s.init()?;
    let size = ranges.iter().map(|(offset, length)| offset + length).max().unwrap_or(1);
    let tensor = s.tensor(0, size)?;
    for ((offset, length), seed) in ranges.into_iter().zip(1..) {
        let (there, back) = (s.buffer(length), s.buffer(length));
        s.fill(there, seed);
        let range = [offset.into(), length.into()];
        let [write, read] = [there, back].map(|buffer| {
            let [offset, length] = range.clone();
            [tensor.into(), buffer.into(), offset, length]
        });
        s.call("nrt_tensor_write", write)?.is(Status::SUCCESS)?;
        s.call("nrt_tensor_read", read)?.is(Status::SUCCESS)?;
        s.holds(back, 0, length, seed, 0)?;
    }
    Ok(())
}

fn write_keeps_the_rest(s: &Session) -> Outcome {
    let (size, offset, length) = s.draw(range())?;
    s.init()?;
    let tensor = s.filled_tensor(0, size, 1)?;
    let new = s.buffer(length);
    s.fill(new, 2);
    let arguments = [tensor.into(), new.into(), offset.into(), length.into()];
    s.call("nrt_tensor_write", arguments)?.is(Status::SUCCESS)?;
    let whole = is_all_else_kept(s, tensor, (size, offset, length))?;
    s.holds(whole, offset, length, 2, 0)
}

fn read_fills_what_is_asked(s: &Session) -> Outcome {
    let ((size, offset, length), before) = s.draw((range(), 0_usize..100))?;
    s.init()?;
    let tensor = s.filled_tensor(0, size, 1)?;
    let buffer = s.buffer(before + length + 64);
    s.fill(buffer, 2);
    let arguments = [tensor.into(), buffer.from(before), offset.into(), length.into()];
    s.call("nrt_tensor_read", arguments)?.is(Status::SUCCESS)?;
    s.holds(buffer, before, length, 1, offset)?;
    s.holds(buffer, 0, before, 2, 0)?;
    s.holds(buffer, before + length, 64, 2, before + length)
}

fn to_the_end(s: &Session) -> Outcome {
    let size = s.draw(1_usize..20_000)?;
    s.init()?;
    let (tensor, buffer) = (s.tensor(0, size)?, s.buffer(size));
    s.fill(buffer, 1);
    for (offset, length) in [(0, size), (size - 1, 1)] {
        for name in ["nrt_tensor_write", "nrt_tensor_read"] {
            let arguments = [tensor.into(), buffer.from(offset), offset.into(), length.into()];
            s.call(name, arguments)?.is(Status::SUCCESS)?;
        }
    }
    let whole = s.read(tensor, size)?;
    s.holds(whole, 0, size, 1, 0)
}

fn source_may_change(s: &Session) -> Outcome {
    const SIZE: usize = 1 << 20;
    s.init()?;
    let tensor = s.tensor(0, SIZE)?;
    let buffer = s.buffer(SIZE);
    s.fill(buffer, 1);
    s.call("nrt_tensor_write", [tensor.into(), buffer.into(), 0.into(), SIZE.into()])?.needed()?;
    s.fill(buffer, 2);
    let back = s.read(tensor, SIZE)?;
    s.holds(back, 0, SIZE, 1, 0)
}

fn memset(s: &Session) -> Outcome {
    let ((size, offset, length), value) = s.draw((range(), any::<u8>()))?;
    s.init()?;
    let tensor = s.filled_tensor(0, size, 1)?;
    let arguments = [tensor.into(), offset.into(), u32::from(value).into(), length.into()];
    s.call("nrt_tensor_memset", arguments)?.is(Status::SUCCESS)?;
    let whole = is_all_else_kept(s, tensor, (size, offset, length))?;
    let wanted = s.buffer(length);
    s.statement(format!("memset({}, {value}, {length})", wanted.name));
    wanted.write(0, &vec![value; length]);
    let is_set = (0..length).all(|index| whole.byte(offset + index) == value);
    let in_c = format!("memcmp({} + {offset}, {}, {length}) == 0", whole.name, wanted.name);
    s.check(is_set, in_c, format!("not all of {length} bytes from {offset} became {value}"))
}

/// Pieces of a batch: which of two tensors, offset and size.
type Pieces = Vec<(usize, usize, usize)>;
const BATCH_TENSOR: usize = 8192;
/// Bytes of `nrt_tensor_batch_op_t`, and of `nrt_tensor_batch_t`.
const ENTRY: usize = 24;

fn pieces() -> impl Strategy<Value = Pieces> {
    vec((0_usize..2, 0_usize..4096, 1_usize..4096), 1..6)
}

/// The batch of `pieces` for two tensors, its length, and a buffer for each piece.
fn batch(s: &Session, tensors: [Place; 2], pieces: &Pieces) -> (Buffer, usize, Vec<Buffer>) {
    let buffers: Vec<Buffer> = pieces.iter().map(|(_, _, size)| s.buffer(*size)).collect();
    let batches = s.buffer(2 * ENTRY);
    let mut count = 0;
    for (which, tensor) in tensors.into_iter().enumerate() {
        let own = pieces.iter().zip(&buffers).filter(|((of, ..), _)| *of == which);
        let own: Vec<_> = own.collect();
        if own.is_empty() {
            continue;
        }
        let ops = s.buffer(own.len() * ENTRY);
        for (index, ((_, offset, size), buffer)) in own.iter().enumerate() {
            s.put(ops, index * 3, *offset);
            s.put(ops, index * 3 + 1, *size);
            s.put(ops, index * 3 + 2, **buffer);
        }
        s.put(batches, count * 3, tensor);
        s.put(batches, count * 3 + 1, ops);
        s.put(batches, count * 3 + 2, own.len());
        count += 1;
    }
    (batches, count, buffers)
}

fn batch_read(s: &Session) -> Outcome {
    let pieces = s.draw(pieces())?;
    s.init()?;
    let tensors = [s.filled_tensor(0, BATCH_TENSOR, 1)?, s.filled_tensor(0, BATCH_TENSOR, 2)?];
    let (batches, count, buffers) = batch(s, tensors, &pieces);
    let arguments = [batches.into(), count.into(), false.into()];
    s.call("nrt_tensor_read_batch", arguments)?.is(Status::SUCCESS)?;
    for ((which, offset, size), buffer) in pieces.into_iter().zip(buffers) {
        s.holds(buffer, 0, size, if which == 0 { 1 } else { 2 }, offset)?;
    }
    Ok(())
}

fn batch_write(s: &Session) -> Outcome {
    let pieces = s.draw(pieces())?;
    s.init()?;
    let tensors = [s.filled_tensor(0, BATCH_TENSOR, 1)?, s.filled_tensor(0, BATCH_TENSOR, 2)?];
    let (batches, count, buffers) = batch(s, tensors, &pieces);
    let models = [s.buffer(BATCH_TENSOR), s.buffer(BATCH_TENSOR)];
    s.fill(models[0], 1);
    s.fill(models[1], 2);
    // Pieces that overlap hold equal bytes where they do, so that the order plays no part.
    for ((which, offset, size), buffer) in pieces.iter().zip(&buffers) {
        s.statement(format!("memset({}, 77, {size})", buffer.name));
        buffer.write(0, &vec![77; *size]);
        s.statement(format!("memset({} + {offset}, 77, {size})", models[*which].name));
        models[*which].write(*offset, &vec![77; *size]);
    }
    let arguments = [batches.into(), count.into(), false.into()];
    s.call("nrt_tensor_write_batch", arguments)?.is(Status::SUCCESS)?;
    for (tensor, model) in tensors.into_iter().zip(models) {
        let whole = s.read(tensor, BATCH_TENSOR)?;
        s.equal(whole, model, "the tensor is not as single writes would have left it")?;
    }
    Ok(())
}
