use proptest::collection::vec;

use super::{SIZE, reads, rises, runs};
use crate::abi::{COMPUTE, Status, TENSOR_OP, number};
use crate::session::{Place, Queue, Request, Session};
use crate::verdict::{Outcome, Stop};

/// The rule wants this number in an id.
fn is_number(s: &Session, id: Place, wanted: u64) -> Outcome {
    let what = format!("the request has number {}, not {wanted}", number(id.value()));
    let in_c = format!("({} & 0xffffffffffff) == {wanted}", id.name);
    s.check(number(id.value()) == wanted, in_c, what)
}

/// The rule wants these bits of an id.
fn bits(s: &Session, id: Place, shift: u32, mask: u64, wanted: u32) -> Outcome {
    let seen = id.value() >> shift & mask;
    let what = format!("the bits from {shift} of {:#018x} are {seen:#x}, not {wanted:#x}", id.value());
    s.check(seen == u64::from(wanted), format!("({} >> {shift} & {mask:#x}) == {wanted}", id.name), what)
}

pub(super) fn first_run(s: &Session) -> Outcome {
    s.init()?;
    is_number(s, runs(s, 1)?[0].1, 1)
}

pub(super) fn first_transfer(s: &Session) -> Outcome {
    s.init()?;
    is_number(s, reads(s, Queue::transfers(0, 0), 1)?[0].1, 1)
}

pub(super) fn runs_count(s: &Session) -> Outcome {
    s.init()?;
    rises(s, &runs(s, 12)?)
}

pub(super) fn transfers_count(s: &Session) -> Outcome {
    s.init()?;
    rises(s, &reads(s, Queue::transfers(0, 0), 30)?)
}

pub(super) fn refused_takes_none(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 3)?;
    let buffer = s.buffer(SIZE);
    let (_, before) = s.start_read(buffer, tensor, SIZE, Queue::transfers(0, 0))?;
    let (word, id) = (s.word(), s.sequence());
    let without_bytes =
        [0.into(), tensor.into(), 0.into(), SIZE.into(), 0.into(), 0.into(), word.at(), id.at()];
    s.call("nrta_tensor_read", without_bytes)?.is(Status::INVALID)?;
    let (_, after) = s.start_read(buffer, tensor, SIZE, Queue::transfers(0, 0))?;
    rises(s, &[(word, before), (word, after)])
}

pub(super) fn kind_bits(s: &Session) -> Outcome {
    s.init()?;
    bits(s, reads(s, Queue::transfers(0, 0), 1)?[0].1, 48, 15, TENSOR_OP)?;
    bits(s, runs(s, 1)?[0].1, 48, 15, COMPUTE)
}

pub(super) fn queue_bits(s: &Session) -> Outcome {
    s.init()?;
    for index in [0, 1] {
        bits(s, reads(s, Queue::transfers(0, index), 1)?[0].1, 52, 15, index)?;
    }
    bits(s, runs(s, 1)?[0].1, 52, 15, 0)
}

pub(super) fn core_bits(s: &Session) -> Outcome {
    let chosen = ["NEURON_RT_VISIBLE_CORES", "NEURON_RT_NUM_CORES"];
    if chosen.iter().any(|name| std::env::var_os(name).is_some()) {
        return Err(Stop::not_applicable("whether it is the process's number of the core is not known"));
    }
    s.init()?;
    let cores = s.cores()?;
    for core in [0, cores / 2, cores - 1] {
        bits(s, reads(s, Queue::transfers(core, 0), 1)?[0].1, 56, 255, core)?;
    }
    Ok(())
}

pub(super) fn idle_is_zero(s: &Session) -> Outcome {
    s.init()?;
    let last = s.last_of(Queue::compute(0))?;
    is_number(s, last, 0)?;
    bits(s, last, 48, 255, COMPUTE)
}

pub(super) fn whole_id(s: &Session) -> Outcome {
    s.init()?;
    for queue in [Queue::transfers(0, 0), Queue::transfers(0, 1)] {
        let requests = reads(s, queue, 3)?;
        let id = requests[2].1;
        s.wait(id)?;
        let last = s.last_of(queue)?;
        s.is_id(last, id.value())?;
    }
    Ok(())
}

pub(super) fn queues_count_alone(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, SIZE, 3)?;
    let buffer = s.buffer(SIZE);
    let mut requests = [Vec::new(), Vec::new()];
    for index in [0, 1, 1, 0, 1, 1, 1, 0] {
        let queue = Queue::transfers(0, index);
        requests[index as usize].push(s.start_read(buffer, tensor, SIZE, queue)?);
    }
    rises(s, &requests[0])?;
    rises(s, &requests[1])
}

pub(super) fn cores_count_alone(s: &Session) -> Outcome {
    s.init()?;
    s.needs_cores(2)?;
    let tensors = [s.filled_tensor(0, SIZE, 3)?, s.filled_tensor(1, SIZE, 4)?];
    let buffer = s.buffer(SIZE);
    let mut requests = [Vec::new(), Vec::new()];
    for core in [0, 1, 1, 0, 1, 1, 1, 0] {
        let request = s.start_read(buffer, tensors[core as usize], SIZE, Queue::transfers(core, 0))?;
        requests[core as usize].push(request);
    }
    rises(s, &requests[0])?;
    rises(s, &requests[1])
}

pub(super) fn kinds_count_alone(s: &Session) -> Outcome {
    s.init()?;
    let mut transfers = reads(s, Queue::transfers(0, 0), 3)?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let tensor = s.filled_tensor(0, SIZE, 3)?;
    let buffer = s.buffer(SIZE);
    let mut of_model = Vec::new();
    for _ in 0..4 {
        of_model.push(s.submit(&model, &io)?);
        transfers.push(s.start_read(buffer, tensor, SIZE, Queue::transfers(0, 0))?);
        transfers.push(s.start_read(buffer, tensor, SIZE, Queue::transfers(0, 0))?);
        s.wait(of_model[of_model.len() - 1].1)?;
    }
    rises(s, &of_model)?;
    rises(s, &transfers)
}

pub(super) fn models_share(s: &Session) -> Outcome {
    s.init()?;
    let models = [s.model(0)?, s.model(0)?];
    let ios = [s.io(&models[0])?, s.io(&models[1])?];
    let mut requests = Vec::new();
    for which in [0, 1, 1, 0, 1] {
        let request = s.submit(&models[which], &ios[which])?;
        s.wait(request.1)?;
        requests.push(request);
    }
    rises(s, &requests)
}

pub(super) fn any_order(s: &Session) -> Outcome {
    let order = s.draw(vec((0..2_u32, 0..3_u32), 2..40))?;
    s.init()?;
    let cores = s.cores()?.min(2);
    let mut tensors = Vec::new();
    let mut models = Vec::new();
    for core in 0..cores {
        tensors.push(s.filled_tensor(core, SIZE, 3)?);
        let model = s.model(core)?;
        let io = s.io(&model)?;
        models.push((model, io));
    }
    let buffer = s.buffer(SIZE);
    let mut last: [Option<Request>; 6] = [None; 6];
    for (core, kind) in order {
        let core = core % cores;
        let request = if kind == 2 {
            let (model, io) = &models[core as usize];
            let request = s.submit(model, io)?;
            s.wait(request.1)?;
            request
        } else {
            s.start_read(buffer, tensors[core as usize], SIZE, Queue::transfers(core, kind))?
        };
        let before = last[(core * 3 + kind) as usize].replace(request);
        if let Some(before) = before {
            rises(s, &[before, request])?;
        }
    }
    Ok(())
}
