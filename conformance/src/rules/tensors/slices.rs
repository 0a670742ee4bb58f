//! Views of tensors, and tensors that stand for the caller's memory.

use proptest::prelude::{Just, Strategy};

use super::transfers::{is_all_else_kept, range};
use crate::abi::Status;
use crate::rule::Rule;
use crate::rule::Source::{Documented, Observed};
use crate::session::{Buffer, Place, Session};
use crate::verdict::Outcome;

pub(in crate::rules) const RULES: &[Rule] = &[
    Rule::new(
        "NRT-TENSOR-020",
        "A slice shows the bytes of its source from its offset on.",
        Documented,
        "developer guide, nrt_tensor_allocate_slice",
        shows_its_source,
    )
    .drawn(5),
    Rule::new(
        "NRT-TENSOR-021",
        "A write to a slice changes these bytes of its source, and no others.",
        Documented,
        "developer guide, nrt_tensor_allocate_slice",
        writes_to_its_source,
    )
    .drawn(10),
    Rule::new(
        "NRT-TENSOR-022",
        "A write to the source is seen in a slice that was made before.",
        Documented,
        "developer guide, nrt_tensor_allocate_slice",
        source_writes_are_seen,
    )
    .drawn(5),
    Rule::new(
        "NRT-TENSOR-023",
        "Offsets of a slice of a slice add up.",
        Observed,
        "observed in 2.31.24",
        offsets_compose,
    )
    .drawn(10),
    Rule::new(
        "NRT-TENSOR-024",
        "A slice lives on when its source is freed, with its bytes.",
        Documented,
        "developer guide, nrt_tensor_allocate_slice",
        outlives_its_source,
    )
    .drawn(5),
    Rule::new(
        "NRT-TENSOR-025",
        "Freeing a slice leaves its source and other slices as they were.",
        Documented,
        "developer guide, nrt_tensor_allocate_slice",
        free_leaves_the_source,
    )
    .drawn(5),
    Rule::new(
        "NRT-TENSOR-026",
        "nrt_tensor_get_size gives the size that a tensor or a slice was made with.",
        Documented,
        "header nrt.h, nrt_tensor_get_size",
        size,
    )
    .drawn(5),
    Rule::new(
        "NRT-TENSOR-027",
        "A slice may be all of its source, or end where that ends.",
        Documented,
        "developer guide, nrt_tensor_allocate_slice",
        to_the_end,
    )
    .drawn(3),
    Rule::new(
        "NRT-TENSOR-030",
        "A tensor with an attached buffer is that buffer: reads and writes go to it.",
        Documented,
        "developer guide, nrt_tensor_attach_buffer",
        attached_is_the_buffer,
    )
    .drawn(5),
    Rule::new(
        "NRT-TENSOR-031",
        "A tensor with an attached buffer has the size that was attached.",
        Documented,
        "header nrt.h, nrt_tensor_attach_buffer",
        attached_size,
    ),
    Rule::new(
        "NRT-TENSOR-032",
        "An attached buffer stays the caller's when the tensor is freed.",
        Documented,
        "developer guide, nrt_tensor_attach_buffer",
        attached_buffer_stays,
    ),
    Rule::new(
        "NRT-TENSOR-033",
        "An attached buffer takes the place of the bytes that a tensor had.",
        Documented,
        "developer guide, nrt_tensor_attach_buffer",
        attach_replaces,
    ),
    Rule::new(
        "NRT-TENSOR-034",
        "Attaching a buffer gives back the device memory that a tensor had.",
        Documented,
        "developer guide, nrt_tensor_attach_buffer",
        attach_gives_memory_back,
    ),
    Rule::new(
        "NRT-TENSOR-035",
        "A tensor without bytes can be freed.",
        Documented,
        "release notes 2.27",
        empty_is_freed,
    ),
];

/// A view of a tensor, which has to be made.
pub(super) fn part(s: &Session, of: Place, offset: usize, size: usize) -> Outcome<Place> {
    let part = s.pointer('t');
    let arguments = [of.into(), offset.into(), size.into(), part.name.into(), part.at()];
    s.call("nrt_tensor_allocate_slice", arguments)?.needed()?;
    Ok(part)
}

/// Writes pattern 2 to all of a tensor.
fn overwrite(s: &Session, tensor: Place, size: usize) -> Outcome {
    let new = s.buffer(size);
    s.fill(new, 2);
    s.call("nrt_tensor_write", [tensor.into(), new.into(), 0.into(), size.into()])?.needed()
}

fn shows_its_source(s: &Session) -> Outcome {
    let (size, offset, length) = s.draw(range())?;
    s.init()?;
    let tensor = s.filled_tensor(0, size, 1)?;
    let part = s.pointer('t');
    let arguments = [tensor.into(), offset.into(), length.into(), "part".into(), part.at()];
    s.call("nrt_tensor_allocate_slice", arguments)?.is(Status::SUCCESS)?;
    let seen = s.read(part, length)?;
    s.holds(seen, 0, length, 1, offset)
}

fn to_the_end(s: &Session) -> Outcome {
    let size = s.draw(1_usize..20_000)?;
    s.init()?;
    let tensor = s.filled_tensor(0, size, 1)?;
    for (offset, length) in [(0, size), (size - 1, 1)] {
        let part = s.pointer('t');
        let arguments = [tensor.into(), offset.into(), length.into(), "part".into(), part.at()];
        s.call("nrt_tensor_allocate_slice", arguments)?.is(Status::SUCCESS)?;
        let seen = s.read(part, length)?;
        s.holds(seen, 0, length, 1, offset)?;
    }
    Ok(())
}

fn writes_to_its_source(s: &Session) -> Outcome {
    let (size, offset, length) = s.draw(range())?;
    s.init()?;
    let tensor = s.filled_tensor(0, size, 1)?;
    let part = part(s, tensor, offset, length)?;
    overwrite(s, part, length)?;
    let whole = is_all_else_kept(s, tensor, (size, offset, length))?;
    s.holds(whole, offset, length, 2, 0)
}

fn source_writes_are_seen(s: &Session) -> Outcome {
    let (size, offset, length) = s.draw(range())?;
    s.init()?;
    let tensor = s.filled_tensor(0, size, 1)?;
    let part = part(s, tensor, offset, length)?;
    overwrite(s, tensor, size)?;
    let seen = s.read(part, length)?;
    s.holds(seen, 0, length, 2, offset)
}

fn offsets_compose(s: &Session) -> Outcome {
    let views = range().prop_flat_map(|(size, offset, length)| {
        let inner = (0..length).prop_flat_map(move |start| (Just(start), 1..=length - start));
        (Just((size, offset, length)), inner)
    });
    let ((size, offset, length), (start, end)) = s.draw(views)?;
    s.init()?;
    let tensor = s.filled_tensor(0, size, 1)?;
    let outer = part(s, tensor, offset, length)?;
    let inner = part(s, outer, start, end)?;
    let seen = s.read(inner, end)?;
    s.holds(seen, 0, end, 1, offset + start)?;
    overwrite(s, inner, end)?;
    let whole = is_all_else_kept(s, tensor, (size, offset + start, end))?;
    s.holds(whole, offset + start, end, 2, 0)
}

fn outlives_its_source(s: &Session) -> Outcome {
    let (size, offset, length) = s.draw(range())?;
    s.init()?;
    let tensor = s.filled_tensor(0, size, 1)?;
    let part = part(s, tensor, offset, length)?;
    s.call("nrt_tensor_free", [tensor.at()])?.ignored();
    // Whoever has the freed bytes now, this is.
    let others = [s.filled_tensor(0, size, 3)?, s.filled_tensor(0, size, 3)?];
    let seen = s.read(part, length)?;
    s.holds(seen, 0, length, 1, offset)?;
    overwrite(s, part, length)?;
    let seen = s.read(others[0], size)?;
    s.holds(seen, 0, size, 3, 0)
}

fn free_leaves_the_source(s: &Session) -> Outcome {
    let (size, offset, length) = s.draw(range())?;
    s.init()?;
    let tensor = s.filled_tensor(0, size, 1)?;
    let (gone, stays) = (part(s, tensor, offset, length)?, part(s, tensor, offset, length)?);
    s.call("nrt_tensor_free", [gone.at()])?.ignored();
    s.filled_tensor(0, length, 3)?;
    let (whole, seen) = (s.read(tensor, size)?, s.read(stays, length)?);
    s.holds(whole, 0, size, 1, 0)?;
    s.holds(seen, 0, length, 1, offset)
}

/// The rule wants a tensor to say this size.
fn has_size(s: &Session, tensor: Place, size: usize) -> Outcome {
    let said = s.long();
    s.assign(said, "nrt_tensor_get_size", [tensor.into()])?;
    let value = said.value();
    let in_c = format!("{} == {size}", said.name);
    s.check(value == size as u64, in_c, format!("a tensor of {size} bytes says that it has {value}"))
}

fn size(s: &Session) -> Outcome {
    let (size, offset, length) = s.draw(range())?;
    s.init()?;
    let tensor = s.tensor(0, size)?;
    has_size(s, tensor, size)?;
    has_size(s, part(s, tensor, offset, length)?, length)
}

/// An empty tensor that is given the caller's `buffer`.
fn attached(s: &Session, buffer: Buffer) -> Outcome<Place> {
    let tensor = empty(s)?;
    attach(s, tensor, buffer)?;
    Ok(tensor)
}

fn empty(s: &Session) -> Outcome<Place> {
    let tensor = s.pointer('t');
    s.call("nrt_tensor_allocate_empty", [tensor.name.into(), tensor.at()])?.needed()?;
    Ok(tensor)
}

fn attach(s: &Session, tensor: Place, buffer: Buffer) -> Outcome {
    let arguments = [tensor.into(), buffer.into(), buffer.len().into()];
    s.call("nrt_tensor_attach_buffer", arguments)?.is(Status::SUCCESS)
}

fn attached_is_the_buffer(s: &Session) -> Outcome {
    let (size, offset, length) = s.draw(range())?;
    s.init()?;
    let buffer = s.buffer(size);
    s.fill(buffer, 1);
    let tensor = attached(s, buffer)?;
    let seen = s.read(tensor, size)?;
    s.holds(seen, 0, size, 1, 0)?;
    let new = s.buffer(length);
    s.fill(new, 2);
    s.call("nrt_tensor_write", [tensor.into(), new.into(), offset.into(), length.into()])?.needed()?;
    s.holds(buffer, 0, offset, 1, 0)?;
    s.holds(buffer, offset, length, 2, 0)?;
    let end = offset + length;
    s.holds(buffer, end, size - end, 1, end)
}

fn attached_size(s: &Session) -> Outcome {
    s.init()?;
    let tensor = attached(s, s.buffer(5000))?;
    has_size(s, tensor, 5000)
}

fn attached_buffer_stays(s: &Session) -> Outcome {
    s.init()?;
    let buffer = s.buffer(8192);
    s.fill(buffer, 1);
    let tensor = attached(s, buffer)?;
    s.call("nrt_tensor_free", [tensor.at()])?.ignored();
    s.filled_tensor(0, 8192, 3)?;
    s.holds(buffer, 0, 8192, 1, 0)?;
    s.fill(buffer, 2);
    s.holds(buffer, 0, 8192, 2, 0)
}

fn attach_replaces(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, 4096, 1)?;
    let buffer = s.buffer(1000);
    s.fill(buffer, 2);
    attach(s, tensor, buffer)?;
    has_size(s, tensor, 1000)?;
    let seen = s.read(tensor, 1000)?;
    s.holds(seen, 0, 1000, 2, 0)
}

fn attach_gives_memory_back(s: &Session) -> Outcome {
    s.init()?;
    let buffer = s.buffer(4096);
    s.filled_tensor(0, 4096, 1)?;
    let before = s.memory(0)?;
    let tensor = s.tensor(0, 8 << 20)?;
    attach(s, tensor, buffer)?;
    s.unchanged(before, s.memory(0)?)
}

fn empty_is_freed(s: &Session) -> Outcome {
    s.init()?;
    let tensor = empty(s)?;
    s.call("nrt_tensor_free", [tensor.at()])?.ignored();
    s.check(tensor.value() == 0, format!("!{}", tensor.name), "the handle is not NULL after the free")
}
