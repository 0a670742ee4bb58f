//! What is told of a program's calls, from one process to another: lines of JSON, one for each event.
//!
//! Instants are nanoseconds of simulated time since `nrt_init`. A request is named by its sequence id. Its end can be
//! told before its submission, if it is completed before the submitting call returns.

use serde::{Deserialize, Serialize};

/// Something that a program did, or that happened to one of its requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// `nrt_init` was called, with this value of the variable of implicit async mode.
    Init {
        /// The value; none if it is not set or empty.
        variable: Option<String>,
    },
    /// It has succeeded.
    Open {
        /// Whether implicit async mode is on.
        is_implicit: bool,
    },
    /// A request was accepted.
    Submit {
        /// The request.
        seq: u64,
        /// When.
        at: u64,
    },
    /// A call of the explicit interface, or `nrt_init`, failed.
    Refused {
        /// The function.
        call: String,
        /// What it answered.
        status: u32,
        /// How often in a row, with no other event between; told when that is a power of two.
        times: u64,
    },
    /// A request has ended.
    End {
        /// The request.
        seq: u64,
        /// When it began.
        begins: u64,
        /// When it ended.
        ends: u64,
        /// What it ended with.
        status: u32,
    },
    /// The program has learned that a request, and all before it on its queue, are completed.
    Seen {
        /// The request.
        seq: u64,
        /// How it learned.
        by: Means,
        /// When.
        at: u64,
    },
    /// The program is to be told, by an eventfd.
    Listen {
        /// The request; or the last one of a queue that had been submitted, if `is_for_all`.
        seq: u64,
        /// Whether it is to be told of all completions of the queue.
        is_for_all: bool,
    },
    /// `nrt_execute` was called.
    Run {
        /// When.
        at: u64,
    },
    /// Bytes of a tensor were given to the program.
    Read {
        /// The name of the tensor, where it is known.
        tensor: String,
        /// How many.
        bytes: u64,
        /// Their XXH3-64.
        sum: u64,
        /// When.
        at: u64,
    },
    /// `nrt_close` was called.
    Close {
        /// When.
        at: u64,
    },
    /// So much has happened that the rest is not told.
    Cut,
}

/// How a program learns of a completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Means {
    /// `nrta_is_completed` said so.
    Polling,
    /// `nrta_get_sequence` has come so far.
    Sequence,
    /// An eventfd was signalled.
    Event,
    /// A call returned that waits for it.
    Blocking,
}
