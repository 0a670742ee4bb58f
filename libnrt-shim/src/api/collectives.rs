//! Collectives in a world of one rank, which has nobody to meet: blocking ones, and those of the explicit interface.
//!
//! In such a world every collective gives each rank its own input: gathered from one rank, reduced over one rank,
//! and scattered to one rank. Worlds of more ranks are refused as not simulated.

use std::ffi::c_int;
use std::sync::Arc;

use sim_core::memory::storage::Span;
use sim_core::memory::tensor::Tensor;
use sim_core::neff::Dtype;
use sim_core::port::SubmitError;
use sim_core::request::{Answer, Work};
use sim_core::seq::{UnitId, UnitKind};

use super::execute;
use super::schedule::{on_device, status_word, submit, tracked};
use crate::abi::{Communicator, TensorList};
use crate::boundary::{Buffer, Out, Place, export};
use crate::collective::Collective;
use crate::error::ApiError;
use crate::handle::{Handle, Kind};
use crate::runtime::{self, Open, Runtime, checked_queue, explicit};
use crate::tracker::Tracker;

/// Refuses all but rank 0 of 1; `names` are those of the two arguments.
pub(super) fn alone(names: [&str; 2], rank: u32, ranks: u32) -> Result<(), ApiError> {
    if rank >= ranks {
        return Err(ApiError::Invalid(format!("{} is {rank}, {} {ranks}", names[0], names[1])));
    }
    if ranks > 1 {
        return Err(ApiError::NotSimulated);
    }
    Ok(())
}

/// The open runtime and the core of a call that names its rank among all.
fn join(vnc: i64, rank: u32, ranks: u32) -> Result<(Open, u8), ApiError> {
    let runtime = runtime::open()?;
    let core = runtime.core("vnc", vnc)?;
    alone(["g_device_id", "g_device_count"], rank, ranks)?;
    Ok((runtime, core))
}

export! {
    /// Joins the communicator of models with collectives. May be called again (observed).
    "NRT_2.0.0"
    fn nrt_build_global_comm(vnc: i32, rank: u32, ranks: u32) {
        join(vnc.into(), rank, ranks).map(drop)
    }
}

export! {
    /// Joins the communicator of `nrta_cc_prepare`, which does so itself where this was not called (observed).
    "NRT_2.0.0"
    fn nrt_cc_global_comm_init(vnc: u32, rank: u32, ranks: u32) {
        join(vnc.into(), rank, ranks).map(drop)
    }
}

export! {
    /// Waits for all ranks, and for what the core computes: it is a run of a small model (observed), so a dead
    /// compute unit refuses it.
    "NRT_2.0.0"
    fn nrt_barrier(vnc: i32, rank: u32, ranks: u32) {
        let (runtime, core) = join(vnc.into(), rank, ranks)?;
        execute::drain(&runtime, core)?;
        if runtime.device.queue_state(runtime.unit(core, UnitKind::Compute, 0)?).is_dead {
            return Err(SubmitError::Dead.into());
        }
        Ok(())
    }
}

export! {
    /// Gathers `size` bytes of each rank's memory. The output is cleared before the input is read (observed).
    "NRT_2.0.0"
    fn nrt_all_gather(vnc: i32, rank: u32, ranks: u32, size: u32, input: Buffer, output: Buffer) {
        let _open = join(vnc.into(), rank, ranks)?;
        let (input, output) = (input.extent("input", size as usize)?, output.extent("output", size as usize)?);
        output.fill(0);
        output.copy_from(input);
        Ok(())
    }
}

/// The core that works for the only rank of `comm`.
fn core_of(runtime: &Runtime, comm: &Communicator) -> Result<u8, ApiError> {
    alone(["ctx_device_id", "ctx_device_count"], comm.ctx_device_id, comm.ctx_device_count)?;
    let (rank, ranks) = (comm.rank, comm.rank_n);
    if (rank, ranks) != (0, 1) {
        return Err(ApiError::Invalid(format!(
            "rank is {rank}, rank_n {ranks}, expected 0 and 1 where ctx_device_count is 1"
        )));
    }
    if let [member] = *comm.replica_group.to_vec("replica_group", 1)?
        && member != comm.ctx_device_id
    {
        return Err(ApiError::Invalid(format!("replica_group is [{member}], where ctx_device_id is 0")));
    }
    runtime.core("vnc", comm.vnc.into())
}

/// Refuses what is no collective, and what is no way for it to combine elements.
fn check_operation(cc_op: u32, op: u32) -> Result<(), ApiError> {
    match (cc_op, op) {
        // Only gathers: `op` plays no part (header).
        (0, _) => Ok(()),
        // One element is its own sum, maximum and minimum.
        (1 | 2, 0 | 2 | 3) => Ok(()),
        // What is multiplied with what is not public.
        (1 | 2, 1) => Err(ApiError::NotSimulated),
        (1 | 2, _) => Err(ApiError::out_of_range("op", op, 4)),
        _ => Err(ApiError::out_of_range("cc_op", cc_op, 3)),
    }
}

/// The tensor of a list, which has one for each rank at most.
fn only(name: &'static str, list: TensorList) -> Result<Handle<Tensor>, ApiError> {
    let count = list.num_tensors;
    if count != 1 {
        return Err(ApiError::Invalid(format!(
            "{name} has {count} tensors, expected 1 in a world of one rank"
        )));
    }
    list.tensors.to_vec(name, 1)?.first().map(|bits| Handle::of_bits(*bits)).ok_or(ApiError::Null(name))
}

/// The ids and the bytes of input and output of a collective, as they are now.
fn ends(runtime: &Runtime, collective: &Collective) -> Result<[(u64, Span); 2], ApiError> {
    let [input, output] = collective.tensors;
    let ends = [on_device(runtime, input)?, on_device(runtime, output)?];
    let [(_, from), (_, to)] = &ends;
    let expected = runtime.device.bank_of(collective.core).index;
    for bank in [from, to].into_iter().filter_map(|span| Some(span.storage().allocation()?.bank.index)) {
        if bank != expected {
            let core = collective.core;
            return Err(ApiError::Invalid(format!(
                "a tensor allocated on HBM {bank} was passed to a collective on lnc {core}, which has HBM {expected}"
            )));
        }
    }
    let (len, room, dtype) = (from.len(), to.len(), collective.dtype);
    if len != room {
        return Err(ApiError::Invalid(format!(
            "input has {len} bytes, output {room}, expected as many in a world of one rank"
        )));
    }
    if dtype.bytes().is_none_or(|bytes| !(len as u64).is_multiple_of(bytes)) {
        return Err(ApiError::Invalid(format!(
            "{len} bytes are no whole number of elements of type {dtype:?}"
        )));
    }
    Ok(ends)
}

fn prepare(
    comm: Out<Communicator>,
    [input, output]: [Out<TensorList>; 2],
    dtype: u32,
    [op, cc_op]: [u32; 2],
    context: Out<Handle<Collective>>,
) -> Result<(), ApiError> {
    let runtime = explicit()?;
    let comm = comm.place("comm")?.get();
    let [input, output] = [input.place("input")?.get(), output.place("output")?.get()];
    let context = context.place("cc_ctx")?;
    let core = core_of(&runtime, &comm)?;
    check_operation(cc_op, op)?;
    let known = usize::try_from(dtype).ok().and_then(|code| Dtype::ALL.get(code));
    let known = known.filter(|known| known.bytes().is_some());
    let dtype = *known.ok_or_else(|| ApiError::Invalid(format!("dtype is {dtype}, expected 1 to 15")))?;
    let collective = Collective::new(core, dtype, [only("input", input)?, only("output", output)?]);
    ends(&runtime, &collective)?;
    context.set(runtime.collectives.insert(Arc::new(collective))?);
    Ok(())
}

fn schedule(
    runtime: &Runtime,
    context: Place<Handle<Collective>>,
    queue: c_int,
    answer: Answer,
    seq: Place<u64>,
) -> Result<(), ApiError> {
    let queue = checked_queue(UnitKind::Collectives, queue)?;
    let handle = context.get();
    let collective = runtime.collectives.get(handle)?;
    let mut is_used = collective.is_used.lock();
    if *is_used {
        return Err(ApiError::StaleHandle(Collective::NAME));
    }
    let [(from_id, from), (to_id, to)] = ends(runtime, &collective)?;
    let unit = UnitId { core: collective.core, kind: UnitKind::Collectives, queue };
    let [input, output] = collective.tensors;
    let tensors = [(input, from_id), (output, to_id)];
    submit(runtime, unit, Work::Collective { from, to }, &tensors, answer, seq)?;
    *is_used = true;
    runtime.collectives.remove(handle)?;
    context.set(Handle::NULL);
    Ok(())
}

export! {
    /// Prepares a collective for one `nrta_cc_schedule`. The tensors are looked at now and again then.
    "NRT_3.0.0"
    fn nrta_cc_prepare(
        comm: Out<Communicator>, input: Out<TensorList>, output: Out<TensorList>, dtype: u32, op: u32, cc_op: u32,
        context: Out<Handle<Collective>>,
    ) {
        prepare(comm, [input, output], dtype, [op, cc_op], context)
    }
}

export! {
    /// The same in 2.28.
    old __nrta_cc_prepare_v2 = nrta_cc_prepare(
        comm: Out<Communicator>, input: Out<TensorList>, output: Out<TensorList>, dtype: u32, op: u32, cc_op: u32,
        context: Out<Handle<Collective>>,
    ) {
        prepare(comm, [input, output], dtype, [op, cc_op], context)
    }
}

export! {
    /// Queues a collective on the core it was prepared for, and makes the caller's pointer null (observed).
    "NRT_3.0.0"
    fn nrta_cc_schedule(
        context: Out<Handle<Collective>>, queue: c_int, status: Out<u32>, seq: Out<u64>,
    ) {
        let runtime = explicit()?;
        let context = context.place("cc_ctx")?;
        let (answer, seq) = (status_word(status.lasting_place("ret")?), seq.place("req_sequence")?);
        schedule(&runtime, context, queue, answer, seq)
    }
}

export! {
    /// The form of 2.28: errors go to a tracker.
    old __nrta_cc_schedule_v2 = nrta_cc_schedule(
        context: Out<Handle<Collective>>, queue: c_int, tracker: Handle<Tracker>, seq: Out<u64>,
    ) {
        let runtime = explicit()?;
        let context = context.place("cc_ctx")?;
        let seq = seq.place("req_sequence")?;
        let answer = tracked(&runtime, tracker)?;
        schedule(&runtime, context, queue, answer, seq)
    }
}
