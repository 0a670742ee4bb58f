//! How much memory is in use, and what happens where there is no more.

use super::slices::part;
use crate::abi::{DEVICE, Status};
use crate::rule::Rule;
use crate::rule::Source::{ClientCode, Documented, Observed};
use crate::session::{Place, Session};
use crate::verdict::{Outcome, Stop};

pub(in crate::rules) const RULES: &[Rule] = &[
    Rule::new(
        "NRT-TENSOR-080",
        "A tensor uses at least its size of the memory of its core.",
        Documented,
        "header nrt.h, nrt_get_vnc_memory_stats",
        grows,
    ),
    Rule::new(
        "NRT-TENSOR-081",
        "Memory in use is what it was before once tensors are freed.",
        Documented,
        "header nrt.h, nrt_get_vnc_memory_stats",
        returns,
    )
    .drawn(5),
    Rule::new(
        "NRT-TENSOR-082",
        "Memory of a tensor is in use until the last of its slices is freed.",
        Documented,
        "developer guide, nrt_tensor_allocate_slice",
        stays_while_a_view_lives,
    ),
    Rule::new(
        "NRT-TENSOR-083",
        "A slice uses no device memory of its own.",
        Observed,
        "observed in 2.31.24: a view of the same storage",
        views_cost_nothing,
    ),
    Rule::new(
        "NRT-TENSOR-084",
        "A tensor uses no memory of other cores.",
        Observed,
        "observed in 2.31.24: the sum over the cores of a logical core",
        of_its_core,
    ),
    Rule::new(
        "NRT-TENSOR-085",
        "There is no more memory in use than the limit, which stays the same.",
        Documented,
        "header nrt.h, nrt_vnc_memory_stats_t",
        below_the_limit,
    ),
    Rule::new(
        "NRT-TENSOR-086",
        "More memory than there is is refused with NRT_RESOURCE, and none of it is used.",
        Documented,
        "device memory guide",
        too_much,
    ),
    Rule::new(
        "NRT-TENSOR-087",
        "When memory is full, NRT_RESOURCE says so, and there is room again after a free.",
        ClientCode,
        "a back end frees its cache and tries again",
        again_after_a_free,
    ),
];

const SIZE: usize = 8 << 20;

/// Uses the memory of a core once: what a library sets up for its first tensor stays.
fn warm(s: &Session, core: u32) -> Outcome {
    let tensor = s.filled_tensor(core, 4096, 1)?;
    s.read(tensor, 4096)?;
    s.call("nrt_tensor_free", [tensor.at()]).map(crate::session::Answer::ignored)
}

fn free(s: &Session, tensor: Place) -> Outcome {
    s.call("nrt_tensor_free", [tensor.at()]).map(crate::session::Answer::ignored)
}

fn grows(s: &Session) -> Outcome {
    s.init()?;
    warm(s, 0)?;
    let before = s.memory(0)?;
    s.tensor(0, SIZE)?;
    let after = s.memory(0)?;
    let (a, b) = (before.used(), after.used());
    let in_c = format!("{} >= {} + {SIZE}", after.used_in_c(), before.used_in_c());
    s.check(b >= a + SIZE as u64, in_c, format!("{a} bytes were in use, and with {SIZE} more {b} are"))
}

fn returns(s: &Session) -> Outcome {
    let sizes = s.draw(proptest::collection::vec(1..SIZE, 1..6))?;
    s.init()?;
    warm(s, 0)?;
    let before = s.memory(0)?;
    let tensors: Vec<Place> = sizes.into_iter().map(|size| s.tensor(0, size)).collect::<Outcome<_>>()?;
    for tensor in tensors {
        free(s, tensor)?;
    }
    s.unchanged(before, s.memory(0)?)
}

fn stays_while_a_view_lives(s: &Session) -> Outcome {
    s.init()?;
    warm(s, 0)?;
    let before = s.memory(0)?;
    let tensor = s.tensor(0, SIZE)?;
    let during = s.memory(0)?;
    let view = part(s, tensor, 100, 100)?;
    free(s, tensor)?;
    s.unchanged(during, s.memory(0)?)?;
    free(s, view)?;
    s.unchanged(before, s.memory(0)?)
}

fn views_cost_nothing(s: &Session) -> Outcome {
    s.init()?;
    warm(s, 0)?;
    let tensor = s.tensor(0, SIZE)?;
    let before = s.memory(0)?;
    part(s, tensor, 0, SIZE)?;
    s.unchanged(before, s.memory(0)?)
}

fn of_its_core(s: &Session) -> Outcome {
    s.init()?;
    s.needs_cores(2)?;
    warm(s, 0)?;
    warm(s, 1)?;
    let before = s.memory(0)?;
    s.tensor(1, SIZE)?;
    s.unchanged(before, s.memory(0)?)
}

fn below_the_limit(s: &Session) -> Outcome {
    s.init()?;
    let first = s.memory(0)?;
    s.tensor(0, SIZE)?;
    let second = s.memory(0)?;
    let (limit, later) = (first.limit(), second.limit());
    let in_c = format!("{} == {}", first.limit_in_c(), second.limit_in_c());
    s.check(limit == later, in_c, format!("the limit was {limit}, and is {later}"))?;
    let in_c = format!("{} <= {}", second.used_in_c(), second.limit_in_c());
    s.check(second.used() <= later, in_c, format!("{} of {later} bytes are in use", second.used()))
}

fn too_much(s: &Session) -> Outcome {
    s.init()?;
    warm(s, 0)?;
    let before = s.memory(0)?;
    let (tensor, size) = (s.pointer('t'), before.limit() + 4096);
    let allocate = [DEVICE.into(), 0.into(), size.into(), "large".into(), tensor.at()];
    s.call("nrt_tensor_allocate", allocate)?.is(Status::RESOURCE)?;
    s.unchanged(before, s.memory(0)?)
}

fn again_after_a_free(s: &Session) -> Outcome {
    const PARTS: u64 = 8;
    s.init()?;
    let size = s.memory(0)?.limit() / PARTS;
    let mut tensors = Vec::new();
    for _ in 0..=PARTS {
        let tensor = s.pointer('t');
        let allocate = [DEVICE.into(), 0.into(), size.into(), "part".into(), tensor.at()];
        let answer = s.call("nrt_tensor_allocate", allocate)?;
        if answer.status() != Status::SUCCESS {
            answer.is(Status::RESOURCE)?;
            let Some(first) = tensors.pop() else {
                return Err(Stop::blocked("an eighth of the memory cannot be allocated"));
            };
            free(s, first)?;
            let allocate = [DEVICE.into(), 0.into(), size.into(), "part".into(), tensor.at()];
            return s.call("nrt_tensor_allocate", allocate)?.is(Status::SUCCESS);
        }
        answer.needed()?;
        tensors.push(tensor);
    }
    Err(Stop::failed(format!("{} tensors of an eighth of the memory were allocated", PARTS + 1)))
}
