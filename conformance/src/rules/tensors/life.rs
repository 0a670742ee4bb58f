//! How tensors begin and end.

use super::slices::part;
use crate::abi::{DEVICE, HOST, Sdk, Status};
use crate::rule::Source::{ClientCode, Documented, Observed};
use crate::rule::{Rule, SINCE_2_29, SINCE_2_30};
use crate::session::{Argument, Place, Session};
use crate::verdict::Outcome;

pub(in crate::rules) const RULES: &[Rule] = &[
    Rule::new(
        "NRT-TENSOR-040",
        "nrt_tensor_free sets the handle to NULL.",
        Documented,
        "developer guide, nrt_tensor_free",
        free_clears_the_handle,
    ),
    Rule::new(
        "NRT-TENSOR-041",
        "nrt_tensor_free of a handle that is NULL does nothing.",
        ClientCode,
        "a crash probe calls with missing arguments",
        free_of_nothing,
    ),
    Rule::new(
        "NRT-TENSOR-042",
        "nrt_tensor_free after nrt_close is harmless.",
        ClientCode,
        "static destructors free tensors after main",
        free_after_close,
    ),
    Rule::new(
        "NRT-TENSOR-043",
        "Freeing some tensors leaves the bytes of all others as they were.",
        Documented,
        "developer guide, nrt_tensor_free",
        free_keeps_the_others,
    )
    .drawn(5),
    Rule::new(
        "NRT-TENSOR-044",
        "Tensors may be freed while a run that uses them is queued: it ends as it would have.",
        Observed,
        "observed in 2.31.24: runs keep references",
        free_while_queued,
    )
    .sdks(SINCE_2_29),
    Rule::new(
        "NRT-TENSOR-045",
        "Calls that need a tensor and are given NULL fail, and do not crash.",
        ClientCode,
        "a crash probe calls with missing arguments",
        null_handles,
    ),
    Rule::new(
        "NRT-TENSOR-046",
        "Tensors, slices and empty tensors need no name.",
        ClientCode,
        "several programs pass NULL names",
        null_names,
    ),
    Rule::new(
        "NRT-TENSOR-047",
        "Tensors may have equal names: a name is for logs only.",
        Observed,
        "observed in 2.31.24",
        equal_names,
    ),
    Rule::new(
        "NRT-TENSOR-048",
        "A tensor for a core past the visible ones is refused with NRT_INVALID.",
        ClientCode,
        "transfer benchmarks look for the last core so",
        core_out_of_range,
    ),
    Rule::new(
        "NRT-TENSOR-049",
        "A tensor with host placement keeps what is written to it.",
        Documented,
        "header nrt.h, nrt_tensor_placement_t",
        host,
    ),
    Rule::new(
        "NRT-TENSOR-050",
        "A tensor with virtual placement keeps what is written to it.",
        Documented,
        "header nrt.h, nrt_tensor_placement_t",
        virtual_was,
    )
    .sdks((Sdk::V2_28, Sdk::V2_29)),
    Rule::new(
        "NRT-TENSOR-051",
        "There are no tensors with virtual placement any more.",
        Documented,
        "release notes 2.30",
        virtual_is_gone,
    )
    .sdks(SINCE_2_30),
    Rule::new(
        "NRT-TENSOR-052",
        "nrt_tensor_get_device_allocation_info of a host tensor is refused with NRT_INVALID.",
        Observed,
        "observed in 2.31.24; header nrt.h: device tensors only",
        host_has_no_device_memory,
    ),
    Rule::new(
        "NRT-TENSOR-053",
        "A device tensor says that at least as many bytes are allocated as were asked for.",
        Documented,
        "header nrt.h, nrt_tensor_device_allocation_info_t",
        allocation_info,
    ),
    Rule::new(
        "NRT-TENSOR-054",
        "nrt_tensor_get_lnc_index gives the core that a device tensor was allocated for.",
        ClientCode,
        "an asynchronous runtime chooses its queues by it",
        core_index,
    )
    .sdks((Sdk::V2_31, Sdk::V2_33)),
];

fn free_clears_the_handle(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.tensor(0, 4096)?;
    s.call("nrt_tensor_free", [tensor.at()])?.ignored();
    s.check(tensor.value() == 0, format!("!{}", tensor.name), "the handle is not NULL after the free")
}

fn free_of_nothing(s: &Session) -> Outcome {
    s.init()?;
    let (tensor, other) = (s.pointer('t'), s.filled_tensor(0, 4096, 1)?);
    s.call("nrt_tensor_free", [tensor.at()])?.ignored();
    let kept = s.read(other, 4096)?;
    s.holds(kept, 0, 4096, 1, 0)
}

fn free_after_close(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.tensor(0, 4096)?;
    s.close()?;
    s.call("nrt_tensor_free", [tensor.at()])?.ignored();
    s.call("nrt_init", [1.into(), "".into(), "".into()])?.is(Status::SUCCESS)?;
    let next = s.pointer('t');
    let allocate = [DEVICE.into(), 0.into(), 4096.into(), "next".into(), next.at()];
    s.call("nrt_tensor_allocate", allocate)?.is(Status::SUCCESS)
}

fn free_keeps_the_others(s: &Session) -> Outcome {
    const SIZE: usize = 5000;
    let gone = s.draw(proptest::collection::vec(proptest::bool::ANY, 1..8))?;
    s.init()?;
    let made = |seed| s.filled_tensor(0, SIZE, seed);
    let tensors: Vec<Place> = (1..).take(gone.len()).map(made).collect::<Outcome<_>>()?;
    for (tensor, _) in tensors.iter().zip(&gone).filter(|(_, gone)| **gone) {
        s.call("nrt_tensor_free", [tensor.at()])?.ignored();
    }
    s.filled_tensor(0, SIZE, 100)?;
    for ((tensor, gone), seed) in tensors.into_iter().zip(gone).zip(1..) {
        if !gone {
            let kept = s.read(tensor, SIZE)?;
            s.holds(kept, 0, SIZE, seed, 0)?;
        }
    }
    Ok(())
}

fn free_while_queued(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    s.fill_inputs(&io, 1)?;
    s.execute(&model, &io)?;
    let size = io.output_sizes[0];
    let wanted = s.read(io.outputs[0], size)?;
    // What the run writes is seen through a view, which stays.
    let view = part(s, io.outputs[0], 0, size)?;
    let clean = s.buffer(size);
    s.call("nrt_tensor_write", [view.into(), clean.into(), 0.into(), size.into()])?.needed()?;
    let holds = s.offers("nrt_sim_pause");
    if holds {
        s.hold(0, crate::abi::COMPUTE, 0)?;
    }
    let (word, sequence) = s.submit(&model, &io)?;
    for tensor in io.inputs.iter().chain(&io.outputs) {
        s.call("nrt_tensor_free", [tensor.at()])?.ignored();
    }
    // Whoever has the freed bytes now, the run must not see these.
    for size in io.input_sizes {
        s.filled_tensor(0, size, 3)?;
    }
    if holds {
        s.release(0, crate::abi::COMPUTE, 0)?;
    }
    s.completes(sequence)?;
    let status = word.signed();
    s.check(status == 0, format!("{} == 0", word.name), format!("the run ended with {}", Status(status)))?;
    let seen = s.read(view, size)?;
    s.equal(seen, wanted, "the output is not that of the inputs that were freed")
}

/// Calls with no tensor where there should be one.
fn null_handles(s: &Session) -> Outcome {
    s.init()?;
    let (null, buffer, part) = (Argument::null, s.buffer(64), s.pointer('t'));
    let tensor = s.tensor(0, 64)?;
    s.fails("nrt_tensor_read", [null(), buffer.into(), 0.into(), 64.into()])?;
    s.fails("nrt_tensor_write", [null(), buffer.into(), 0.into(), 64.into()])?;
    s.fails("nrt_tensor_memset", [null(), 0.into(), 1.into(), 64.into()])?;
    s.fails("nrt_tensor_allocate_slice", [null(), 0.into(), 64.into(), "part".into(), part.at()])?;
    s.fails("nrt_tensor_attach_buffer", [null(), buffer.into(), 64.into()])?;
    s.fails("nrt_tensor_copy", [null(), 0.into(), tensor.into(), 0.into(), 64.into()])?;
    s.fails("nrt_tensor_copy", [tensor.into(), 0.into(), null(), 0.into(), 64.into()])?;
    s.fails("nrt_tensor_get_device_allocation_info", [null(), buffer.into()])
}

fn null_names(s: &Session) -> Outcome {
    s.init()?;
    let [tensor, part, empty] = [(); 3].map(|()| s.pointer('t'));
    let allocate = [DEVICE.into(), 0.into(), 4096.into(), Argument::null(), tensor.at()];
    s.call("nrt_tensor_allocate", allocate)?.is(Status::SUCCESS)?;
    let view = [tensor.into(), 0.into(), 64.into(), Argument::null(), part.at()];
    s.call("nrt_tensor_allocate_slice", view)?.is(Status::SUCCESS)?;
    s.call("nrt_tensor_allocate_empty", [Argument::null(), empty.at()])?.is(Status::SUCCESS)
}

fn equal_names(s: &Session) -> Outcome {
    s.init()?;
    let tensors = [s.pointer('t'), s.pointer('t')];
    for (tensor, seed) in tensors.into_iter().zip(1..) {
        let allocate = [DEVICE.into(), 0.into(), 4096.into(), "same".into(), tensor.at()];
        s.call("nrt_tensor_allocate", allocate)?.is(Status::SUCCESS)?;
        let buffer = s.buffer(4096);
        s.fill(buffer, seed);
        s.call("nrt_tensor_write", [tensor.into(), buffer.into(), 0.into(), 4096.into()])?.needed()?;
    }
    for (tensor, seed) in tensors.into_iter().zip(1..) {
        let seen = s.read(tensor, 4096)?;
        s.holds(seen, 0, 4096, seed, 0)?;
    }
    Ok(())
}

fn core_out_of_range(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.pointer('t');
    let arguments = [DEVICE.into(), s.cores()?.into(), 4096.into(), "far".into(), tensor.at()];
    s.call("nrt_tensor_allocate", arguments)?.is(Status::INVALID)
}

/// `nrt_tensor_placement_t`: plain host memory.
const VIRTUAL: u32 = 2;

/// The rule wants a tensor of this placement to keep what is written to it.
fn keeps(s: &Session, placement: u32) -> Outcome {
    s.init()?;
    let (tensor, buffer) = (s.pointer('t'), s.buffer(4096));
    let allocate = [placement.into(), (-1).into(), 4096.into(), "near".into(), tensor.at()];
    s.call("nrt_tensor_allocate", allocate)?.is(Status::SUCCESS)?;
    s.fill(buffer, 1);
    s.call("nrt_tensor_write", [tensor.into(), buffer.into(), 0.into(), 4096.into()])?.is(Status::SUCCESS)?;
    let seen = s.read(tensor, 4096)?;
    s.holds(seen, 0, 4096, 1, 0)
}

fn host(s: &Session) -> Outcome {
    keeps(s, HOST)
}

fn virtual_was(s: &Session) -> Outcome {
    keeps(s, VIRTUAL)
}

fn virtual_is_gone(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.pointer('t');
    let allocate = [VIRTUAL.into(), (-1).into(), 4096.into(), "near".into(), tensor.at()];
    s.refuses("nrt_tensor_allocate", allocate)
}

fn host_has_no_device_memory(s: &Session) -> Outcome {
    s.init()?;
    let (tensor, info) = (s.pointer('t'), s.buffer(24));
    let allocate = [HOST.into(), (-1).into(), 4096.into(), "near".into(), tensor.at()];
    s.call("nrt_tensor_allocate", allocate)?.needed()?;
    s.call("nrt_tensor_get_device_allocation_info", [tensor.into(), info.into()])?.is(Status::INVALID)
}

fn core_index(s: &Session) -> Outcome {
    s.init()?;
    for core in 0..s.cores()?.min(4) {
        let (tensor, index) = (s.tensor(core, 4096)?, s.int());
        s.call("nrt_tensor_get_lnc_index", [tensor.into(), index.at()])?.is(Status::SUCCESS)?;
        let is = index.signed();
        let in_c = format!("{} == {core}", index.name);
        s.check(is == core.cast_signed(), in_c, format!("the tensor for core {core} is on {is}"))?;
    }
    Ok(())
}

fn allocation_info(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.tensor(0, 10_000)?;
    let info = s.buffer(24);
    s.call("nrt_tensor_get_device_allocation_info", [tensor.into(), info.into()])?.is(Status::SUCCESS)?;
    let size = info.u64(8);
    let in_c = format!("((uint64_t *){})[1] >= 10000", info.name);
    s.check(size >= 10_000, in_c, format!("10000 bytes were asked for, and {size} are allocated"))
}
