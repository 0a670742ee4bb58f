// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The simulator's own functions, `include/nrt_sim/nrt_sim.h`, found at run time.

use std::ffi::{CString, c_char, c_int};
use std::ptr;

use anyhow::{Context, Result, ensure};
use libloading::Library;

/// Kinds of units: `nrta_xu_t`.
pub(crate) const COMPUTE: u32 = 1;

/// `nrt_sim_rule_t`.
#[repr(C)]
pub(crate) struct Rule {
    pub(crate) matched: u64,
    pub(crate) struck: u64,
    pub(crate) fired: u64,
    pub(crate) armed: u32,
    pub(crate) require_fired: u32,
    name: [u8; 104],
}

/// `nrt_sim_queue_t`.
#[repr(C)]
#[derive(Default)]
pub(crate) struct Queue {
    pub(crate) submitted: u64,
    pub(crate) completed: u64,
    pub(crate) capacity: u64,
    pub(crate) running: u64,
    pub(crate) running_ends_ns: u64,
    pub(crate) dead: u32,
    pub(crate) paused: u32,
    pub(crate) held: u32,
    reserved: u32,
}

type OnQueue = unsafe extern "C" fn(u32, u32, c_int) -> c_int;

/// The simulated device of this process.
pub(crate) struct NrtSim {
    inject: unsafe extern "C" fn(*const c_char, *mut u64) -> c_int,
    get_rule: unsafe extern "C" fn(u64, *mut Rule, usize) -> c_int,
    get_queue: unsafe extern "C" fn(u32, u32, c_int, *mut Queue, usize) -> c_int,
    pause: OnQueue,
    resume: OnQueue,
    heal: OnQueue,
    wait_idle: unsafe extern "C" fn() -> c_int,
}

impl NrtSim {
    /// The functions of `library`, which must stay loaded; `None` if it is not the simulator.
    pub(crate) fn find(library: &Library) -> Option<NrtSim> {
        Some(NrtSim {
            inject: function(library, "nrt_sim_inject")?,
            get_rule: function(library, "nrt_sim_get_rule")?,
            get_queue: function(library, "nrt_sim_get_queue")?,
            pause: function(library, "nrt_sim_pause")?,
            resume: function(library, "nrt_sim_resume")?,
            heal: function(library, "nrt_sim_heal")?,
            wait_idle: function(library, "nrt_sim_wait_idle")?,
        })
    }

    /// Adds a rule, written as in a fault plan; returns its id.
    pub(crate) fn inject(&self, rule: &str) -> Result<u64> {
        let rule = CString::new(rule).context("a rule has no zero byte")?;
        let mut id = 0;
        // SAFETY: the text ends with a zero byte, and the place is ours.
        done("nrt_sim_inject", unsafe { (self.inject)(rule.as_ptr(), &raw mut id) })?;
        Ok(id)
    }

    /// What the rule of that id has done.
    pub(crate) fn rule(&self, id: u64) -> Result<Rule> {
        let mut rule = Rule { matched: 0, struck: 0, fired: 0, armed: 0, require_fired: 0, name: [0; 104] };
        // SAFETY: the place has the size that is said.
        done("nrt_sim_get_rule", unsafe { (self.get_rule)(id, &raw mut rule, size_of::<Rule>()) })?;
        Ok(rule)
    }

    /// What the compute queue of `core` does.
    pub(crate) fn queue(&self, core: u32) -> Result<Queue> {
        let mut queue = Queue::default();
        // SAFETY: the place has the size that is said.
        let status = unsafe { (self.get_queue)(core, COMPUTE, 0, &raw mut queue, size_of::<Queue>()) };
        done("nrt_sim_get_queue", status)?;
        Ok(queue)
    }

    /// Lets nothing on the compute queue of `core` complete.
    pub(crate) fn pause(&self, core: u32) -> Result<()> {
        // SAFETY: numbers only.
        done("nrt_sim_pause", unsafe { (self.pause)(core, COMPUTE, 0) })
    }

    /// Ends a pause.
    pub(crate) fn resume(&self, core: u32) -> Result<()> {
        // SAFETY: numbers only.
        done("nrt_sim_resume", unsafe { (self.resume)(core, COMPUTE, 0) })
    }

    /// Undoes what faults have done to the compute queue of `core`.
    pub(crate) fn heal(&self, core: u32) -> Result<()> {
        // SAFETY: numbers only.
        done("nrt_sim_heal", unsafe { (self.heal)(core, COMPUTE, 0) })
    }

    /// Waits until all that was submitted has completed.
    pub(crate) fn wait_idle(&self) -> Result<()> {
        // SAFETY: it takes nothing.
        done("nrt_sim_wait_idle", unsafe { (self.wait_idle)() })
    }
}

impl Rule {
    /// Its name; empty if it was removed.
    pub(crate) fn name(&self) -> String {
        let end = self.name.iter().position(|byte| *byte == 0).unwrap_or(self.name.len());
        String::from_utf8_lossy(&self.name[..end]).into_owned()
    }
}

/// The function `name`, of the type of the place it is for: each type in this program is the prototype of a header.
pub(crate) fn function<T: Copy>(library: &Library, name: &str) -> Option<T> {
    // SAFETY: the library has the functions of the headers, of these types, see above.
    unsafe { library.get::<T>(name) }.ok().map(|found| *found)
}

fn done(what: &str, status: c_int) -> Result<()> {
    ensure!(status == 0, "{what}: status {status}; the library has logged why");
    Ok(())
}

/// A null pointer for what a call need not tell.
pub(crate) const fn nowhere<T>() -> *mut T {
    ptr::null_mut()
}
