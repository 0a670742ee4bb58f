use std::fmt;

use serde::{Deserialize, Serialize};

/// `NRT_STATUS`, as a number: a library may answer any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Status(pub i32);

/// Names of the header, in the order of their numbers.
const NAMES: [(i32, &str); 28] = [
    (0, "NRT_SUCCESS"),
    (1, "NRT_FAILURE"),
    (2, "NRT_INVALID"),
    (3, "NRT_INVALID_HANDLE"),
    (4, "NRT_RESOURCE"),
    (5, "NRT_TIMEOUT"),
    (6, "NRT_HW_ERROR"),
    (7, "NRT_QUEUE_FULL"),
    (9, "NRT_LOAD_NOT_ENOUGH_NC"),
    (10, "NRT_UNSUPPORTED_NEFF_VERSION"),
    (11, "NRT_FAIL_HOST_MEM_ALLOC"),
    (13, "NRT_UNINITIALIZED"),
    (14, "NRT_CLOSED"),
    (15, "NRT_QUEUE_EMPTY"),
    (101, "NRT_EXEC_UNIT_UNRECOVERABLE"),
    (1002, "NRT_EXEC_BAD_INPUT"),
    (1003, "NRT_EXEC_COMPLETED_WITH_NUM_ERR"),
    (1004, "NRT_EXEC_COMPLETED_WITH_ERR"),
    (1005, "NRT_EXEC_NC_BUSY"),
    (1006, "NRT_EXEC_OOB"),
    (1100, "NRT_COLL_PENDING"),
    (1200, "NRT_EXEC_HW_ERR_COLLECTIVES"),
    (1201, "NRT_EXEC_HW_ERR_HBM_UE"),
    (1202, "NRT_EXEC_HW_ERR_NC_UE"),
    (1203, "NRT_EXEC_HW_ERR_DMA_ABORT"),
    (1204, "NRT_EXEC_SW_NQ_OVERFLOW"),
    (1205, "NRT_EXEC_HW_ERR_REPAIRABLE_HBM_UE"),
    (1206, "NRT_NETWORK_PROXY_FAILURE"),
];

#[expect(missing_docs, reason = "the header's names without NRT_")]
impl Status {
    pub const SUCCESS: Status = Status(0);
    pub const FAILURE: Status = Status(1);
    pub const INVALID: Status = Status(2);
    pub const INVALID_HANDLE: Status = Status(3);
    pub const RESOURCE: Status = Status(4);
    pub const TIMEOUT: Status = Status(5);
    pub const QUEUE_FULL: Status = Status(7);
    pub const LOAD_NOT_ENOUGH_NC: Status = Status(9);
    pub const UNSUPPORTED_NEFF_VERSION: Status = Status(10);
    pub const FAIL_HOST_MEM_ALLOC: Status = Status(11);
    pub const UNINITIALIZED: Status = Status(13);
    pub const CLOSED: Status = Status(14);
    pub const UNRECOVERABLE: Status = Status(101);

    /// Names of the header, in the order of their numbers.
    #[must_use]
    pub fn names() -> &'static [(i32, &'static str)] {
        &NAMES
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(number, _)| *number == self.0) {
            Some((number, name)) => write!(f, "{name} ({number})"),
            None => write!(f, "status {}", self.0),
        }
    }
}
