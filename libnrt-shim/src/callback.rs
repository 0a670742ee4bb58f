//! The program's callback for runs of implicit async mode, and the threads that call it.

use std::cell::Cell;
use std::collections::VecDeque;
use std::ffi::c_void;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::{Condvar, Mutex};
use sim_core::status::Status;

use crate::log::{self, Level};

/// `NRT_ASYNC_EXEC_STATUS_CALLBACK` of `nrt_experimental.h`: parameters, model, core, number of the run, status.
pub(crate) type Function = extern "C" fn(*mut c_void, u32, u32, u64, u32);

/// What the program has registered.
#[derive(Clone, Copy)]
pub(crate) struct Callback {
    pub(crate) function: Function,
    pub(crate) params: *mut c_void,
}

// SAFETY: the pointer is never followed here. The C contract makes the program register one that its function can use
// on a thread of the runtime.
unsafe impl Send for Callback {}

/// The callback of the moment, if there is one.
pub(crate) type Registered = Arc<Mutex<Option<Callback>>>;

/// A run that is over, as the program is told of it.
pub(crate) struct End {
    pub(crate) core: u8,
    pub(crate) num: u64,
    pub(crate) model: u32,
    pub(crate) name: String,
    pub(crate) status: Status,
}

impl End {
    /// Tells the program, or, where it has no callback, the log.
    fn tell(&self, callback: Option<Callback>) {
        let Some(Callback { function, params }) = callback else { return self.log() };
        function(params, self.model, self.core.into(), self.num, self.status.code());
    }

    fn log(&self) {
        let End { name, status, .. } = self;
        if *status != Status::Success {
            let line = format!("Failed to execute model {name} with status {}", status.code());
            log::write(Level::Error, "nrt_execute", line);
        }
    }
}

thread_local!(static IS_CALLED: Cell<bool> = const { Cell::new(false) });

/// Whether this thread calls callbacks, so that whatever the program does on it, it does from one.
pub(crate) fn is_called() -> bool {
    IS_CALLED.with(Cell::get)
}

/// Where the ends of one core's runs are handed in, and from where they are told in that order, one at a time.
#[derive(Default)]
pub(crate) struct Desk {
    state: Mutex<State>,
    /// There is an end to tell of, or no more will come.
    news: Condvar,
    /// An end was told of, or nobody is to wait for that any more.
    told: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<End>,
    /// The last run that was told of.
    last: u64,
    clerk: Option<JoinHandle<()>>,
    is_closing: bool,
}

impl Desk {
    /// Sees to it that there is a thread for the callbacks: from now on there may be some.
    ///
    /// # Errors
    /// The system's, when it has no more threads.
    pub(crate) fn staff(self: &Arc<Desk>, callback: &Registered) -> std::io::Result<()> {
        let mut state = self.state.lock();
        if state.clerk.is_none() && !state.is_closing {
            let (desk, callback) = (Arc::clone(self), Arc::clone(callback));
            let clerk = thread::Builder::new().name("nrt-callback".into());
            state.clerk = Some(clerk.spawn(move || desk.serve(&callback))?);
        }
        Ok(())
    }

    /// A run is over, and everybody can see it. Calls `reach` if the program is to be told.
    pub(crate) fn hand_in(&self, end: End, reach: &dyn Fn()) {
        let mut state = self.state.lock();
        if state.clerk.is_some() {
            reach();
            state.waiting.push_back(end);
            self.news.notify_one();
        } else {
            state.last = end.num;
            drop(state);
            end.log();
        }
    }

    /// The life of the thread: it sleeps until there is an end to tell of.
    fn serve(&self, callback: &Registered) {
        IS_CALLED.with(|is_called| is_called.set(true));
        let mut state = self.state.lock();
        loop {
            if let Some(end) = state.waiting.pop_front() {
                drop(state);
                let callback = *callback.lock(); // let go before the call, which may register another
                end.tell(callback);
                state = self.state.lock();
                state.last = end.num;
                self.told.notify_all();
            } else if state.is_closing {
                return;
            } else {
                self.news.wait(&mut state);
            }
        }
    }

    /// The last run whose callback has returned.
    pub(crate) fn last(&self) -> u64 {
        self.state.lock().last
    }

    /// Waits until the callback of run `num`, which is over, has returned; a callback does not wait for callbacks.
    /// Says whether it has: not if the runtime is being closed.
    pub(crate) fn wait(&self, num: u64) -> bool {
        let mut state = self.state.lock();
        if !is_called() {
            let goes_on = |state: &mut State| state.clerk.is_some() && state.last < num && !state.is_closing;
            self.told.wait_while(&mut state, goes_on);
        }
        !state.is_closing
    }

    /// Sends away who waits, and takes no more than what was handed in.
    pub(crate) fn close(&self) {
        self.state.lock().is_closing = true;
        self.news.notify_all();
        self.told.notify_all();
    }

    /// Waits until all has been told, after [`Desk::close`].
    pub(crate) fn join(&self) {
        let clerk = self.state.lock().clerk.take();
        if clerk.is_some_and(|clerk| clerk.join().is_err()) {
            log::write(
                Level::Error,
                "nrt_close",
                "simulator bug: panic, see the message above; please report it",
            );
        }
    }
}
