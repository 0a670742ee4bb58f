// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Fills a paused queue, kills the unit, heals it: `nrt-sim run -- control-example MODEL.neff`, where the model has an
//! input `x` and an output `y` of 256 bytes, as `nrt-sim neff build --input x:f32[64] --output y:f32[64]` makes it.

mod nrt_sim;

use std::ffi::{c_char, c_int, c_void};

use anyhow::{Context, Result, bail, ensure};
use libloading::Library;
use nrt_sim::{NrtSim, function, nowhere};

const SUCCESS: c_int = 0;
const QUEUE_FULL: c_int = 7;
const UNRECOVERABLE: c_int = 101;
const NC_UE: c_int = 1202;
/// What a status holds until its request completes.
const OPEN: c_int = -1;

type Handle = *mut c_void;
type Schedule = unsafe extern "C" fn(Handle, Handle, Handle, c_int, *mut c_int, *mut u64) -> c_int;

/// Runs of one model.
struct Application {
    schedule: Schedule,
    model: Handle,
    inputs: Handle,
    outputs: Handle,
}

type Init = unsafe extern "C" fn(c_int, *const c_char, *const c_char) -> c_int;
type Load = unsafe extern "C" fn(*const u8, usize, i32, i32, *mut Handle) -> c_int;
type Make = unsafe extern "C" fn(*mut Handle) -> c_int;
type Allocate = unsafe extern "C" fn(c_int, c_int, usize, *const c_char, *mut Handle) -> c_int;
type Add = unsafe extern "C" fn(Handle, *const c_char, Handle) -> c_int;

/// Calls a C function, whose handles and texts are alive and whose places are ours while it runs.
macro_rules! call {
    ($function:ident($($argument:expr),*)) => {{
        // SAFETY: see above; the types are the prototypes of the headers.
        let status = unsafe { $function($($argument),*) };
        ensure!(status == SUCCESS, "{}: status {status}", stringify!($function));
    }};
}

impl Application {
    fn open(library: &Library, neff: &[u8]) -> Result<Application> {
        let missing = "libnrt.so.1 lacks a function";
        let nrt_init: Init = function(library, "nrt_init").context(missing)?;
        let nrt_load: Load = function(library, "nrt_load").context(missing)?;
        let make_set: Make = function(library, "nrt_allocate_tensor_set").context(missing)?;
        let allocate: Allocate = function(library, "nrt_tensor_allocate").context(missing)?;
        let add: Add = function(library, "nrt_add_tensor_to_tensor_set").context(missing)?;
        let schedule = function(library, "nrta_execute_schedule").context(missing)?;
        let (mut model, mut inputs, mut outputs) = (nowhere(), nowhere(), nowhere());
        call!(nrt_init(1, c"".as_ptr(), c"".as_ptr()));
        call!(nrt_load(neff.as_ptr(), neff.len(), 0, -1, &raw mut model));
        for (name, set) in [(c"x", &mut inputs), (c"y", &mut outputs)] {
            let mut tensor = nowhere();
            call!(make_set(&raw mut *set));
            call!(allocate(0, 0, 256, name.as_ptr(), &raw mut tensor));
            call!(add(*set, name.as_ptr(), tensor));
        }
        Ok(Application { schedule, model, inputs, outputs })
    }

    /// Submits a run. The status is written when it completes, so it is never given back.
    fn submit(&self) -> (c_int, &'static c_int) {
        let status = Box::leak(Box::new(OPEN));
        let mut seq = 0;
        // SAFETY: the handles are alive, and the status lives for ever.
        let accepted = unsafe {
            (self.schedule)(self.model, self.inputs, self.outputs, 0, &raw mut *status, &raw mut seq)
        };
        (accepted, status)
    }
}

fn main() -> Result<()> {
    let path = std::env::args_os().nth(1).context("usage: control-example MODEL.neff")?;
    let neff = std::fs::read(&path).with_context(|| path.display().to_string())?;
    // SAFETY: the library is meant to be loaded.
    let library = unsafe { Library::new("libnrt.so.1") }.context("run this under `nrt-sim run`")?;
    let application = Application::open(&library, &neff)?;
    let Some(simulator) = NrtSim::find(&library) else {
        bail!("this is not the simulator: nothing to control")
    };

    simulator.pause(0)?;
    let mut statuses = Vec::new();
    let refusal = loop {
        match application.submit() {
            (SUCCESS, status) => statuses.push(status),
            (refusal, _) => break refusal,
        }
    };
    ensure!(refusal == QUEUE_FULL, "a full queue answers {QUEUE_FULL}, not {refusal}");
    ensure!(statuses.len() as u64 == simulator.queue(0)?.capacity, "it is full at its capacity");
    println!("paused: {} requests fit, the next is refused with {refusal}", statuses.len());
    simulator.resume(0)?;
    simulator.wait_idle()?;
    println!("resumed: {} completed", simulator.queue(0)?.completed);

    let rule = simulator.inject("name = \"parity\"\nunit = \"compute\"\nnth = 1\nstatus = 1202")?;
    let (accepted, status) = application.submit();
    simulator.wait_idle()?;
    // SAFETY: the request has completed, so nobody writes there any more.
    let status = unsafe { std::ptr::from_ref(status).read_volatile() };
    let told = simulator.rule(rule)?;
    ensure!((accepted, status) == (SUCCESS, NC_UE), "the run ends with {NC_UE}, not {status}");
    println!(
        "fault {:?}: fired {} of {}, the run ended with {status}",
        told.name(),
        told.fired,
        told.matched
    );
    ensure!(application.submit().0 == UNRECOVERABLE && simulator.queue(0)?.dead == 1, "the unit is dead");
    simulator.heal(0)?;
    ensure!(application.submit().0 == SUCCESS, "the unit lives");
    simulator.wait_idle()?;
    println!("healed: {} completed", simulator.queue(0)?.completed);
    Ok(())
}
