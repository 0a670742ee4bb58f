//! `nrt_get_version` and the text of a status.

use std::ffi::CStr;

use sim_core::status::Status;

use crate::abi::{CText, Version, c_text};
use crate::boundary::{Out, copy_prefix, export};
use crate::environment::Settings;
use crate::error::ApiError;
use crate::sdk::Sdk;

/// Size of the struct before `git_hash` was added; smaller ones are refused (observed).
const SIZE_MIN: usize = 160;
/// Sizes above this get the hash (observed).
const SIZE_WITHOUT_HASH_MAX: usize = 200;

export! {
    /// Reports the version of the library that the chosen SDK came with. Works at any time.
    "NRT_2.0.0"
    fn nrt_get_version(version: Out<Version>, size: usize) {
        if size < SIZE_MIN {
            return Err(ApiError::Failure(format!("size is {size}, expected at least {SIZE_MIN}")));
        }
        let sdk = Settings::from_environment().map_or(Sdk::default(), |settings| settings.sdk);
        let numbers = sdk.library_version();
        let [major, minor, patch, maintenance] = numbers;
        let detail = c_text(&format!("libnrt version {major}.{minor}.{patch}.{maintenance}"));
        let ours = Version { numbers, detail, git_hash: c_text("nrt-sim") };
        let size = if size > SIZE_WITHOUT_HASH_MAX { size } else { SIZE_MIN };
        copy_prefix(&ours, version, size, "ver").map(drop)
    }
}

/// Texts of the statuses, in the order of [`Status::ALL`].
const TEXTS: [&CStr; Status::ALL.len()] = [
    c"NRT_SUCCESS",
    c"NRT_FAILURE",
    c"NRT_INVALID",
    c"NRT_INVALID_HANDLE",
    c"NRT_RESOURCE",
    c"NRT_TIMEOUT",
    c"NRT_HW_ERROR",
    c"NRT_QUEUE_FULL",
    c"NRT_LOAD_NOT_ENOUGH_NC",
    c"NRT_UNSUPPORTED_NEFF_VERSION",
    c"NRT_FAIL_HOST_MEM_ALLOC",
    c"NRT_UNINITIALIZED",
    c"NRT_CLOSED",
    c"NRT_QUEUE_EMPTY",
    c"NRT_EXEC_UNIT_UNRECOVERABLE",
    c"NRT_EXEC_BAD_INPUT",
    c"NRT_EXEC_COMPLETED_WITH_NUM_ERR",
    c"NRT_EXEC_COMPLETED_WITH_ERR",
    c"NRT_EXEC_NC_BUSY",
    c"NRT_EXEC_OOB",
    c"NRT_COLL_PENDING",
    c"NRT_EXEC_HW_ERR_COLLECTIVES",
    c"NRT_EXEC_HW_ERR_HBM_UE",
    c"NRT_EXEC_HW_ERR_NC_UE",
    c"NRT_EXEC_HW_ERR_DMA_ABORT",
    c"NRT_EXEC_SW_NQ_OVERFLOW",
    c"NRT_EXEC_HW_ERR_REPAIRABLE_HBM_UE",
    c"NRT_NETWORK_PROXY_FAILURE",
];

export! {
    /// The header's name of a status, or `UNKNOWN`. Declared in the header but not exported by every
    /// release (observed); here it is there.
    "NRT_2.0.0"
    fn nrt_get_status_as_str(status: u32) -> CText, else c"UNKNOWN".as_ptr(), {
        let place = Status::ALL.iter().position(|known| known.code() == status);
        place.map_or(c"UNKNOWN", |place| TEXTS[place]).as_ptr()
    }
}

#[cfg(test)]
mod tests {
    use super::TEXTS;
    use sim_core::status::Status;

    #[test]
    fn the_texts_are_the_names() {
        for (text, status) in TEXTS.iter().zip(Status::ALL) {
            assert_eq!(text.to_str(), Ok(status.name()));
        }
    }
}
