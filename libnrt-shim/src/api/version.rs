//! `nrt_get_version`, and the names of statuses.

use std::ffi::CString;
use std::sync::LazyLock;

use sim_core::status::Status;

use crate::abi::{CText, Version, c_text};
use crate::boundary::{Out, copy_prefix, export};
use crate::environment::Settings;
use crate::error::ApiError;
use crate::runtime;
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
        let sdk = match runtime::open() {
            Ok(open) => open.settings.sdk,
            Err(_) => Settings::from_environment().map_or(Sdk::default(), |settings| settings.sdk),
        };
        let numbers = sdk.library_version();
        let [major, minor, patch, maintenance] = numbers;
        let detail = c_text(&format!("libnrt version {major}.{minor}.{patch}.{maintenance}"));
        let ours = Version { numbers, detail, git_hash: c_text("nrt-sim") };
        let size = if size > SIZE_WITHOUT_HASH_MAX { size } else { SIZE_MIN };
        copy_prefix(&ours, version, size, "ver").map(drop)
    }
}

/// Names of the statuses that end with a zero byte, in the order of [`Status::ALL`].
static NAMES: LazyLock<Vec<CString>> = LazyLock::new(|| {
    let names = Status::ALL.into_iter().map(Status::name);
    names.map(|name| CString::new(name).expect("a name has no zero byte")).collect()
});

export! {
    /// The header's name of a status, or `UNKNOWN`, to be kept as long as the caller likes.
    ///
    /// The library of SDK 2.29 did not export it (observed), but programs are built that link it (client code).
    "NRT_2.0.0"
    fn nrt_get_status_as_str(status: u32) -> CText, else c"UNKNOWN".as_ptr(), {
        let place = Status::ALL.iter().position(|known| known.code() == status);
        place.map_or(c"UNKNOWN", |place| &NAMES[place]).as_ptr()
    }
}
