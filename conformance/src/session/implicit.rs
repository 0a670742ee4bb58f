use std::ffi::c_void;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{Answer, Argument, Io, Model, Session, argument};
use crate::abi::Status;
use crate::script::Line;
use crate::verdict::{Outcome, Stop};

/// What a callback of implicit async mode was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// What it was registered with.
    pub params: u64,
    /// Which model ran.
    pub model: u32,
    /// On which core.
    pub core: u32,
    /// How that ended.
    pub status: Status,
}

/// What all callbacks of the process were told, in order.
static TOLD: Mutex<Vec<Told>> = Mutex::new(Vec::new());

extern "C" fn note_run(params: *mut c_void, model: u32, core: u32, _job: u64, status: i32) {
    let told = Told { params: params as u64, model, core, status: Status(status) };
    TOLD.lock().unwrap_or_else(PoisonError::into_inner).push(told);
}

impl Session {
    /// Registers a callback for runs of implicit async mode, with `params`.
    ///
    /// # Errors
    /// Stops the case if the library has no such function.
    pub fn register(&self, params: u64) -> Outcome<Answer<'_>> {
        let function: extern "C" fn(*mut c_void, u32, u32, u64, i32) = note_run;
        let note = Argument { text: "note_run".to_owned(), value: function as usize as u64 };
        self.call("nrt_register_async_exec_callback", [note, Argument::wild(params)])
    }

    /// The rule wants callbacks for so many runs; returns what they were told.
    ///
    /// # Errors
    /// Stops the case if they do not come in time.
    pub fn told(&self, runs: usize) -> Outcome<Vec<Told>> {
        self.write(Line::Statement(format!("wait_runs({runs})")));
        let told = || TOLD.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if self.until(|| told().len() >= runs || (self.step_time() && told().len() >= runs)) {
            return Ok(told());
        }
        Err(Stop::failed(format!("callbacks came for {} runs, not {runs}", told().len())))
    }

    /// A run that implicit async mode takes.
    ///
    /// # Errors
    /// Stops the case if the library has no such function.
    pub fn run(&self, model: &Model, io: &Io) -> Outcome<Answer<'_>> {
        let arguments = [model.handle.into(), io.input_set.into(), io.output_set.into()];
        self.call("nrt_execute", arguments)
    }

    /// Waits until a core has no runs left.
    ///
    /// # Errors
    /// Stops the case if the library has no such function.
    pub fn drain(&self, core: u32) -> Outcome<Answer<'_>> {
        self.call("nrt_async_drain_queued_execs", [core.into()])
    }

    /// Has another thread call a function that returns a status, so many times or until it does not succeed. The
    /// rule gives the program that shows the same.
    ///
    /// # Errors
    /// Stops the case if the library has no such function.
    pub fn apart(&self, name: &str, arguments: Vec<u64>, times: u64) -> Outcome<Apart> {
        let address = self.address(name)?;
        let (returned, status) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicI32::new(0)));
        let (count, last) = (Arc::clone(&returned), Arc::clone(&status));
        let thread = thread::spawn(move || {
            for _ in 0..times {
                // SAFETY: the rule passes what the function takes, and what it points to lives for good.
                let answer = unsafe { argument::invoke(address, &arguments) };
                last.store((answer as u32).cast_signed(), Ordering::SeqCst);
                if answer as u32 != 0 {
                    break;
                }
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Ok(Apart { returned, status, thread })
    }
}

/// Calls under way on another thread.
#[derive(Debug)]
pub struct Apart {
    returned: Arc<AtomicU64>,
    status: Arc<AtomicI32>,
    thread: JoinHandle<()>,
}

impl Apart {
    /// How many have succeeded so far.
    #[must_use]
    pub fn returned(&self) -> u64 {
        self.returned.load(Ordering::SeqCst)
    }

    /// What the last one answered.
    #[must_use]
    pub fn status(&self) -> Status {
        Status(self.status.load(Ordering::SeqCst))
    }

    /// Whether no more than `most` return while nothing lets them: gives them a moment.
    #[must_use]
    pub fn stays_at(&self, most: u64) -> bool {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(20) {
            if self.returned() > most {
                return false;
            }
            thread::yield_now();
        }
        true
    }

    /// Whether the thread has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.thread.is_finished()
    }
}
