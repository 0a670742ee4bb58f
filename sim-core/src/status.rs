//! The status numbers of `nrt_status.h` and what each does to the unit that reports it.

/// What a call or a request ends with. The numbers are the header's; 8 and 12 are not assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
#[expect(missing_docs, reason = "the names are the header's own")]
pub enum Status {
    Success = 0,
    Failure = 1,
    Invalid = 2,
    InvalidHandle = 3,
    Resource = 4,
    Timeout = 5,
    HwError = 6,
    QueueFull = 7,
    LoadNotEnoughNc = 9,
    UnsupportedNeffVersion = 10,
    FailHostMemAlloc = 11,
    Uninitialized = 13,
    Closed = 14,
    QueueEmpty = 15,
    ExecUnitUnrecoverable = 101,
    ExecBadInput = 1002,
    ExecCompletedWithNumErr = 1003,
    ExecCompletedWithErr = 1004,
    ExecNcBusy = 1005,
    ExecOob = 1006,
    CollPending = 1100,
    ExecHwErrCollectives = 1200,
    ExecHwErrHbmUe = 1201,
    ExecHwErrNcUe = 1202,
    ExecHwErrDmaAbort = 1203,
    ExecSwNqOverflow = 1204,
    ExecHwErrRepairableHbmUe = 1205,
    NetworkProxyFailure = 1206,
}

impl Status {
    /// Every status, by rising number.
    pub const ALL: [Status; 28] = [
        Status::Success,
        Status::Failure,
        Status::Invalid,
        Status::InvalidHandle,
        Status::Resource,
        Status::Timeout,
        Status::HwError,
        Status::QueueFull,
        Status::LoadNotEnoughNc,
        Status::UnsupportedNeffVersion,
        Status::FailHostMemAlloc,
        Status::Uninitialized,
        Status::Closed,
        Status::QueueEmpty,
        Status::ExecUnitUnrecoverable,
        Status::ExecBadInput,
        Status::ExecCompletedWithNumErr,
        Status::ExecCompletedWithErr,
        Status::ExecNcBusy,
        Status::ExecOob,
        Status::CollPending,
        Status::ExecHwErrCollectives,
        Status::ExecHwErrHbmUe,
        Status::ExecHwErrNcUe,
        Status::ExecHwErrDmaAbort,
        Status::ExecSwNqOverflow,
        Status::ExecHwErrRepairableHbmUe,
        Status::NetworkProxyFailure,
    ];

    /// The number C sees.
    pub const fn code(self) -> u32 {
        self as u32
    }

    /// The status with this number.
    pub fn from_code(code: u32) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.code() == code)
    }

    /// The place of this status in [`Status::ALL`].
    pub(crate) fn rank(self) -> usize {
        Status::ALL.iter().position(|&status| status == self).expect("ALL holds every status")
    }

    /// The header's spelling.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Success => "NRT_SUCCESS",
            Status::Failure => "NRT_FAILURE",
            Status::Invalid => "NRT_INVALID",
            Status::InvalidHandle => "NRT_INVALID_HANDLE",
            Status::Resource => "NRT_RESOURCE",
            Status::Timeout => "NRT_TIMEOUT",
            Status::HwError => "NRT_HW_ERROR",
            Status::QueueFull => "NRT_QUEUE_FULL",
            Status::LoadNotEnoughNc => "NRT_LOAD_NOT_ENOUGH_NC",
            Status::UnsupportedNeffVersion => "NRT_UNSUPPORTED_NEFF_VERSION",
            Status::FailHostMemAlloc => "NRT_FAIL_HOST_MEM_ALLOC",
            Status::Uninitialized => "NRT_UNINITIALIZED",
            Status::Closed => "NRT_CLOSED",
            Status::QueueEmpty => "NRT_QUEUE_EMPTY",
            Status::ExecUnitUnrecoverable => "NRT_EXEC_UNIT_UNRECOVERABLE",
            Status::ExecBadInput => "NRT_EXEC_BAD_INPUT",
            Status::ExecCompletedWithNumErr => "NRT_EXEC_COMPLETED_WITH_NUM_ERR",
            Status::ExecCompletedWithErr => "NRT_EXEC_COMPLETED_WITH_ERR",
            Status::ExecNcBusy => "NRT_EXEC_NC_BUSY",
            Status::ExecOob => "NRT_EXEC_OOB",
            Status::CollPending => "NRT_COLL_PENDING",
            Status::ExecHwErrCollectives => "NRT_EXEC_HW_ERR_COLLECTIVES",
            Status::ExecHwErrHbmUe => "NRT_EXEC_HW_ERR_HBM_UE",
            Status::ExecHwErrNcUe => "NRT_EXEC_HW_ERR_NC_UE",
            Status::ExecHwErrDmaAbort => "NRT_EXEC_HW_ERR_DMA_ABORT",
            Status::ExecSwNqOverflow => "NRT_EXEC_SW_NQ_OVERFLOW",
            Status::ExecHwErrRepairableHbmUe => "NRT_EXEC_HW_ERR_REPAIRABLE_HBM_UE",
            Status::NetworkProxyFailure => "NRT_NETWORK_PROXY_FAILURE",
        }
    }

    /// Whether a request that ends so leaves its unit dead.
    ///
    /// Observed for all but two: out of bounds (1006) and the general hardware error (6) are read as
    /// fatal here, see `docs/assumptions.md`.
    pub const fn is_fatal(self) -> bool {
        matches!(
            self,
            Status::Timeout
                | Status::HwError
                | Status::ExecUnitUnrecoverable
                | Status::ExecOob
                | Status::ExecHwErrCollectives
                | Status::ExecHwErrHbmUe
                | Status::ExecHwErrNcUe
                | Status::ExecHwErrDmaAbort
                | Status::ExecSwNqOverflow
                | Status::ExecHwErrRepairableHbmUe
                | Status::NetworkProxyFailure
        )
    }

    /// Whether a request that ends so has run to its end and written its outputs (observed).
    pub const fn has_run(self) -> bool {
        matches!(self, Status::Success | Status::ExecCompletedWithNumErr | Status::ExecCompletedWithErr)
    }
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn every_number_names_its_status() {
        for status in Status::ALL {
            assert_eq!(Status::from_code(status.code()), Some(status));
        }
        assert!(Status::ALL.windows(2).all(|pair| pair[0] < pair[1]), "rising, so none twice");
        assert_eq!((Status::from_code(8), Status::from_code(12)), (None, None));
    }

    #[test]
    fn what_has_run_does_not_kill_the_unit() {
        assert!(Status::ALL.into_iter().all(|status| !(status.has_run() && status.is_fatal())));
    }
}
