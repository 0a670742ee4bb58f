//! Status variables: which request has which, and which of them are local to functions.

use rustc_hash::FxHashMap;

use crate::queues::Queues;

/// So many variables are kept at least, and so many of those on stacks, before those of requests that are over are looked
/// for.
const FEW: usize = 1024;
const FEW_LOCALS: usize = 64;

/// A request: the place of its queue, and its number.
type Request = (usize, u64);

/// A variable on the stack of a thread.
struct Local {
    thread: u32,
    address: usize,
    request: Request,
}

/// The status variables of requests that are not over, and of some that are.
pub(crate) struct Statuses {
    /// The latest request that has its status at an address.
    latest: FxHashMap<usize, Request>,
    latest_max: usize,
    locals: Vec<Local>,
    locals_max: usize,
}

impl Statuses {
    pub(crate) fn new() -> Statuses {
        Statuses { latest: FxHashMap::default(), latest_max: FEW, locals: Vec::new(), locals_max: FEW_LOCALS }
    }

    /// `request` has its status at `address`, from now on. Returns the request whose status is to go there as well.
    pub(crate) fn enter(&mut self, address: usize, request: Request, queues: &Queues) -> Option<Request> {
        if self.latest.len() >= self.latest_max {
            self.latest.retain(|_, (place, num)| !queues.is_over(*place, *num));
            self.latest_max = FEW.max(2 * self.latest.len());
        }
        self.latest.insert(address, request).filter(|(place, num)| !queues.is_over(*place, *num))
    }

    /// That variable is on the stack of `thread`.
    pub(crate) fn enter_local(&mut self, thread: u32, address: usize, request: Request, queues: &Queues) {
        if self.locals.len() >= self.locals_max {
            self.locals.retain(|local| !queues.is_over(local.request.0, local.request.1));
            self.locals_max = FEW_LOCALS.max(2 * self.locals.len());
        }
        self.locals.push(Local { thread, address, request });
    }

    /// The lowest address of a variable on the stack of `thread`.
    pub(crate) fn lowest_local(&self, thread: u32) -> Option<usize> {
        self.locals.iter().filter(|local| local.thread == thread).map(|local| local.address).min()
    }

    /// What `thread` has on its stack below `stack` is gone. Returns the variables of requests that are not over.
    pub(crate) fn take_gone(&mut self, thread: u32, stack: usize, queues: &Queues) -> Vec<(usize, Request)> {
        let mut gone = Vec::new();
        self.locals.retain(|local| {
            let is_over = queues.is_over(local.request.0, local.request.1);
            let is_gone = local.thread == thread && local.address < stack;
            if is_gone && !is_over {
                gone.push((local.address, local.request));
            }
            !is_gone && !is_over
        });
        gone
    }
}
