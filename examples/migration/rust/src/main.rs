// SPDX-License-Identifier: Apache-2.0 OR MIT

//! After the migration: explicit asynchronous calls, from Rust.
//!
//! The twin of `../c/after.c`: the same work, the same results table, the same exit codes.

mod nrt;

use std::collections::VecDeque;
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::{Parser, ValueEnum};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::{read, retry_on_intr};

use nrt::{Info, Model, Nrt, Tensor, TensorSet};

/// The logical core everything runs on.
const CORE: i32 = 0;
/// Requests in flight: one runs, two wait behind it.
const SLOTS: usize = 3;
/// Longer than the runtime's own limit for one request.
const WAIT_LIMIT: Duration = Duration::from_secs(60);

/// How to learn that a request is over.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Wait {
    /// Ask about the request.
    Poll,
    /// Compare with the last completed request of the unit.
    Sequence,
    /// Sleep until an eventfd is signalled.
    Event,
}

/// Runs a model with the explicit asynchronous calls.
#[derive(Parser)]
struct Args {
    #[arg(long, value_enum, default_value = "event")]
    wait: Wait,
    /// The model.
    neff: PathBuf,
    /// How many runs.
    #[arg(default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    batches: u32,
}

/// The tensors of one request.
struct Slot {
    inputs: TensorSet,
    outputs: TensorSet,
    tensors: Vec<Tensor>,
    /// Written by the runtime at completion, which may be after this program gave up: never freed.
    status: &'static AtomicI32,
}

impl Slot {
    fn new(nrt: &Nrt, infos: &[Info]) -> Result<Slot> {
        let (inputs, outputs) = (nrt.tensor_set()?, nrt.tensor_set()?);
        let mut tensors = Vec::new();
        for info in infos {
            let tensor = nrt.tensor(info, CORE)?;
            nrt.add(if info.is_input { &inputs } else { &outputs }, info, &tensor)?;
            tensors.push(tensor);
        }
        Ok(Slot { inputs, outputs, tensors, status: Box::leak(Box::default()) })
    }

    /// Fills the inputs with bytes that follow from the number of the batch.
    fn write_inputs(&self, nrt: &Nrt, infos: &[Info], batch: u32) -> Result<()> {
        for (i, (info, tensor)) in infos.iter().zip(&self.tensors).enumerate() {
            if info.is_input {
                let byte = |at: usize| (batch as usize * 31 + i * 17 + at) as u8;
                nrt.write(tensor, &(0..info.size).map(byte).collect::<Vec<u8>>())?;
            }
        }
        Ok(())
    }

    /// Reads the outputs and adds a line to the results table: FNV-1a over all output bytes.
    fn print_outputs(&self, nrt: &Nrt, infos: &[Info], batch: u32) -> Result<()> {
        let mut checksum = 0xcbf2_9ce4_8422_2325_u64;
        for (info, tensor) in infos.iter().zip(&self.tensors) {
            if !info.is_input {
                for byte in nrt.read(tensor)? {
                    checksum = (checksum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
                }
            }
        }
        println!("batch {batch:4}  checksum {checksum:016x}");
        Ok(())
    }
}

/// Step 3: waits for one particular request.
struct Waiter<'a> {
    nrt: &'a Nrt,
    how: Wait,
    eventfd: OwnedFd,
}

impl Waiter<'_> {
    fn is_completed(&self, seq: u64) -> Result<bool> {
        match self.how {
            // Ids of one unit compare as plain numbers.
            Wait::Sequence => Ok(self.nrt.last_completed(CORE as u32)? >= seq),
            Wait::Poll | Wait::Event => self.nrt.is_completed(seq),
        }
    }

    fn wait_for(&self, seq: u64) -> Result<()> {
        if self.how == Wait::Event {
            // Registering late is fine: a request that has completed already signals at once.
            self.nrt.signal_completion(seq, self.eventfd.as_fd())?;
            let limit = Timespec::try_from(WAIT_LIMIT)?;
            let mut events = [PollFd::new(&self.eventfd, PollFlags::IN)];
            let signalled = retry_on_intr(|| poll(&mut events, Some(&limit)))?;
            ensure!(signalled == 1, "no signal for request {seq:#x}");
            read(&self.eventfd, &mut [0; 8])?;
        }
        let deadline = Instant::now() + WAIT_LIMIT;
        while !self.is_completed(seq)? {
            ensure!(Instant::now() < deadline, "request {seq:#x} did not complete in {WAIT_LIMIT:?}");
            thread::sleep(Duration::from_micros(1));
        }
        Ok(())
    }
}

/// What became of the batches.
#[derive(Default)]
struct Tally {
    /// Ended with a status of their own.
    failed: u32,
    /// Ended with 101: queued behind a request that took the unit down.
    drained: u32,
    unit_lost: bool,
}

fn run(nrt: &Nrt, model: &Model, waiter: &Waiter<'_>, batches: u32) -> Result<ExitCode> {
    let infos = nrt.tensor_infos(model)?;
    let mut idle = VecDeque::new();
    for _ in 0..SLOTS {
        idle.push_back(Slot::new(nrt, &infos)?);
    }
    let mut in_flight = VecDeque::new();
    let mut next = 0;
    let mut tally = Tally::default();
    loop {
        while next < batches && !tally.unit_lost {
            let Some(slot) = idle.pop_front() else { break };
            slot.write_inputs(nrt, &infos, next)?;
            // Step 2: never blocks; success says "queued", nothing more.
            match nrt.schedule(model, &slot.inputs, &slot.outputs, slot.status) {
                Ok(seq) => {
                    in_flight.push_back((next, seq, slot));
                    next += 1;
                    continue;
                }
                // Step 5: a full queue refuses without side effects; collect one request, then try again.
                Err(nrt::QUEUE_FULL) if !in_flight.is_empty() => {}
                Err(nrt::UNIT_UNRECOVERABLE) => tally.unit_lost = true,
                Err(status) => bail!("nrta_execute_schedule: status {status}"),
            }
            idle.push_back(slot);
            break;
        }
        let Some((batch, seq, slot)) = in_flight.pop_front() else { break };

        // Step 4: each request has its own status, and it is valid from completion on, not before.
        waiter.wait_for(seq)?;
        match slot.status.load(Ordering::Acquire) {
            nrt::SUCCESS => slot.print_outputs(nrt, &infos, batch)?, // the outputs are fresh now
            nrt::UNIT_UNRECOVERABLE => {
                tally.drained += 1;
                tally.unit_lost = true;
            }
            status => {
                let number = seq & ((1 << 48) - 1);
                eprintln!("batch {batch} (request number {number}) failed: status {status}");
                tally.failed += 1;
                // Timeouts and hardware errors take the execution unit down with the request.
                tally.unit_lost |= status == nrt::TIMEOUT || status >= nrt::HARDWARE_ERRORS;
            }
        }
        idle.push_back(slot);
    }

    if tally.unit_lost {
        eprintln!(
            "The compute unit of core {CORE} is lost. Requests that failed by themselves: {}; drained behind \
             them with status {}: {}; never queued: {}.\n\
             Restart this program: only a fresh runtime brings the unit back.",
            tally.failed,
            nrt::UNIT_UNRECOVERABLE,
            tally.drained,
            batches - next,
        );
        return Ok(ExitCode::from(3));
    }
    Ok(if tally.failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn work(args: &Args) -> Result<ExitCode> {
    // Step 1: the variable is gone; the number of requests in flight is SLOTS.
    if std::env::var_os("NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS").is_some() {
        eprintln!("warning: unset NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS, explicit calls exclude it");
    }
    let neff = fs::read(&args.neff).with_context(|| format!("cannot read {}", args.neff.display()))?;
    let nrt = Nrt::open()?;
    let model = nrt.load(&neff, CORE)?;
    let eventfd = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
    run(&nrt, &model, &Waiter { nrt: &nrt, how: args.wait, eventfd }, args.batches)
}

fn main() -> ExitCode {
    work(&Args::parse()).unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::FAILURE
    })
}
