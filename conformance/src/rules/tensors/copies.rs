//! `nrt_tensor_copy`.

use proptest::prelude::Strategy;

use super::slices::part;
use super::transfers::is_all_else_kept;
use crate::abi::{HOST, Status};
use crate::rule::Rule;
use crate::rule::Source::{Documented, Observed};
use crate::session::{Argument, Place, Session};
use crate::verdict::{Outcome, Stop};

pub(in crate::rules) const RULES: &[Rule] = &[
    Rule::new(
        "NRT-TENSOR-070",
        "A copy between tensors of a core moves its bytes, and changes no others.",
        Documented,
        "developer guide, nrt_tensor_copy",
        within_a_core,
    )
    .drawn(10),
    Rule::new(
        "NRT-TENSOR-071",
        "A copy from host to device moves its bytes, and changes no others.",
        Documented,
        "developer guide, nrt_tensor_copy",
        from_host,
    )
    .drawn(5),
    Rule::new(
        "NRT-TENSOR-072",
        "A copy from device to host moves its bytes, and changes no others.",
        Documented,
        "developer guide, nrt_tensor_copy",
        to_host,
    )
    .drawn(5),
    Rule::new(
        "NRT-TENSOR-073",
        "Offsets of a copy between slices count from where the slices begin.",
        Observed,
        "observed in 2.31.24",
        between_views,
    ),
    Rule::new(
        "NRT-TENSOR-074",
        "A copy between banks of device memory is refused with NRT_INVALID, and changes nothing.",
        Documented,
        "developer guide, nrt_tensor_copy",
        across_banks,
    ),
    Rule::new(
        "NRT-TENSOR-075",
        "A copy between two cores that share a bank of device memory works.",
        Documented,
        "developer guide, nrt_tensor_copy",
        cores_of_a_bank,
    )
    .environment(&[("NEURON_LOGICAL_NC_CONFIG", "1")]),
];

const SIZE: usize = 10_000;

/// Offset in the source, offset in the target, size.
fn stretch() -> impl Strategy<Value = (usize, usize, usize)> {
    (0..SIZE, 0..SIZE, 1..SIZE).prop_map(|(from, to, size)| (from, to, size.min(SIZE - from.max(to))))
}

fn arguments(source: Place, target: Place, (from, to, size): (usize, usize, usize)) -> [Argument; 5] {
    [source.into(), from.into(), target.into(), to.into(), size.into()]
}

/// A tensor in host memory that holds the pattern `seed`.
fn host_tensor(s: &Session, seed: u8) -> Outcome<Place> {
    let tensor = s.pointer('t');
    let allocate = [HOST.into(), (-1).into(), SIZE.into(), tensor.name.into(), tensor.at()];
    s.call("nrt_tensor_allocate", allocate)?.needed()?;
    let buffer = s.buffer(SIZE);
    s.fill(buffer, seed);
    s.call("nrt_tensor_write", [tensor.into(), buffer.into(), 0.into(), SIZE.into()])?.needed()?;
    Ok(tensor)
}

/// The rule wants a copy from a tensor of pattern 2 to one of pattern 1 to do just that.
fn copies(s: &Session, source: Place, target: Place, stretch: (usize, usize, usize)) -> Outcome {
    let (from, to, size) = stretch;
    s.call("nrt_tensor_copy", arguments(source, target, stretch))?.is(Status::SUCCESS)?;
    let whole = is_all_else_kept(s, target, (SIZE, to, size))?;
    s.holds(whole, to, size, 2, from)?;
    let kept = s.read(source, SIZE)?;
    s.holds(kept, 0, SIZE, 2, 0)
}

fn within_a_core(s: &Session) -> Outcome {
    let stretch = s.draw(stretch())?;
    s.init()?;
    copies(s, s.filled_tensor(0, SIZE, 2)?, s.filled_tensor(0, SIZE, 1)?, stretch)
}

fn from_host(s: &Session) -> Outcome {
    let stretch = s.draw(stretch())?;
    s.init()?;
    copies(s, host_tensor(s, 2)?, s.filled_tensor(0, SIZE, 1)?, stretch)
}

fn to_host(s: &Session) -> Outcome {
    let stretch = s.draw(stretch())?;
    s.init()?;
    copies(s, s.filled_tensor(0, SIZE, 2)?, host_tensor(s, 1)?, stretch)
}

fn between_views(s: &Session) -> Outcome {
    s.init()?;
    let (source, target) = (s.filled_tensor(0, SIZE, 2)?, s.filled_tensor(0, SIZE, 1)?);
    let (from, to) = (part(s, source, 3000, 2000)?, part(s, target, 5000, 2000)?);
    s.call("nrt_tensor_copy", arguments(from, to, (100, 200, 300)))?.is(Status::SUCCESS)?;
    let whole = is_all_else_kept(s, target, (SIZE, 5200, 300))?;
    s.holds(whole, 5200, 300, 2, 3100)
}

/// On which bank of its device a tensor is.
fn bank(s: &Session, tensor: Place) -> Outcome<u32> {
    let info = s.buffer(24);
    s.call("nrt_tensor_get_device_allocation_info", [tensor.into(), info.into()])?.needed()?;
    Ok(info.u32(16))
}

fn across_banks(s: &Session) -> Outcome {
    s.init()?;
    let cores = s.cores()?;
    let source = s.filled_tensor(0, SIZE, 2)?;
    let own = bank(s, source)?;
    for core in 1..cores {
        let target = s.filled_tensor(core, SIZE, 1)?;
        if bank(s, target)? == own {
            continue;
        }
        s.call("nrt_tensor_copy", arguments(source, target, (0, 0, SIZE)))?.is(Status::INVALID)?;
        return is_all_else_kept(s, target, (SIZE, SIZE, 0)).map(drop);
    }
    Err(Stop::not_applicable("all cores are on the same bank"))
}

fn cores_of_a_bank(s: &Session) -> Outcome {
    s.init()?;
    s.needs_cores(2)?;
    let (source, target) = (s.filled_tensor(0, SIZE, 2)?, s.filled_tensor(1, SIZE, 1)?);
    if bank(s, source)? != bank(s, target)? {
        return Err(Stop::not_applicable("each core has a bank of its own"));
    }
    copies(s, source, target, (0, 0, SIZE))
}
