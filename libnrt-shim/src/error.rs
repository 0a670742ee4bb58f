//! What can be wrong with a call, and the status each answers.

use sim_core::inflight::Failure;
use sim_core::memory::bank::Full;
use sim_core::model::BindError;
use sim_core::port::SubmitError;
use sim_core::status::Status;

use crate::log::Level;

/// Why a call was refused. Its text is the log line: what was wrong, and what was expected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("{0} is NULL")]
    Null(&'static str),
    #[error("{0} is not a live handle of that kind (freed, closed or never made by this library)")]
    StaleHandle(&'static str),
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    Failure(String),
    #[error("{0}")]
    Resource(String),
    #[error("{0}")]
    HostMemory(String),
    #[error("{0}")]
    NoCore(String),
    #[error("{0}")]
    NoSuchBank(String),
    #[error("{0}")]
    TimedOut(String),
    #[error("{0}")]
    Nothing(String),
    #[error("{0}")]
    Bind(#[from] BindError),
    #[error("{0}")]
    Submit(#[from] SubmitError),
    #[error("{0}")]
    Neff(#[from] sim_core::neff::NeffError),
    #[error("{0}")]
    Kernel(#[from] sim_models::recipe::Refusal),
    #[error("not simulated; see docs/limitations.md")]
    NotSimulated,
    #[error("NRT uninitialized: call nrt_init first")]
    Uninitialized,
    #[error("NRT already closed")]
    Closed,
    #[error("Incompatible runtime state: NRT_STATE_CHILD (a forked child cannot use the parent's runtime)")]
    Child,
    /// A fault of the plan; what there is to say has been said.
    #[error("refused with {} by a fault of the plan", .0.name())]
    Fault(Status),
    /// A run of implicit async mode ended badly, and this is the next call that waits for runs (guide).
    #[error("run {} on core {core} ended with {}; this call tells of it and did nothing else", failure.num, failure.status.name())]
    EarlierRun { core: u8, failure: Failure },
    /// A run that ended badly; what there is to say has been said.
    #[error("execution ended with {}", .0.name())]
    Ended(Status),
}

impl ApiError {
    /// Every error's status; the whole mapping.
    pub(crate) fn status(&self) -> Status {
        match self {
            ApiError::Null(_) | ApiError::Invalid(_) | ApiError::Bind(_) | ApiError::Kernel(_) => {
                Status::Invalid
            }
            ApiError::StaleHandle(_) | ApiError::NoSuchBank(_) => Status::InvalidHandle,
            ApiError::Failure(_) | ApiError::NotSimulated | ApiError::Child => Status::Failure,
            ApiError::Resource(_) => Status::Resource,
            ApiError::HostMemory(_) => Status::FailHostMemAlloc,
            ApiError::NoCore(_) => Status::LoadNotEnoughNc,
            ApiError::TimedOut(_) => Status::Timeout,
            ApiError::Nothing(_) => Status::QueueEmpty,
            ApiError::Submit(SubmitError::Dead) => Status::ExecUnitUnrecoverable,
            ApiError::Submit(SubmitError::Full { .. }) => Status::QueueFull,
            ApiError::Submit(SubmitError::Closed) | ApiError::Closed => Status::Closed,
            ApiError::Neff(error) => error.status(),
            ApiError::Uninitialized => Status::Uninitialized,
            ApiError::Submit(SubmitError::Fault(status))
            | ApiError::Fault(status)
            | ApiError::Ended(status)
            | ApiError::EarlierRun { failure: Failure { status, .. }, .. } => *status,
        }
    }

    /// How loudly it is logged: a full queue is everyday life, the rest is the caller's mistake or worse.
    pub(crate) fn level(&self) -> Level {
        match self {
            ApiError::Submit(SubmitError::Full { .. }) => Level::Debug,
            ApiError::Closed => Level::Warn,
            _ => Level::Error,
        }
    }

    /// `what` must be below `limit`.
    pub(crate) fn out_of_range(
        what: &str,
        value: impl std::fmt::Display,
        limit: impl std::fmt::Display,
    ) -> ApiError {
        ApiError::Invalid(format!("{what} is {value}, expected 0 to {limit} exclusive"))
    }

    /// The bank of `core` has no room for `size` bytes.
    pub(crate) fn bank_full(size: usize, core: u8, full: Full) -> ApiError {
        ApiError::Resource(format!("no room for {size} bytes on the HBM bank of core {core}: {full}"))
    }
}
