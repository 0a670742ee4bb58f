//! `nrt_init` and `nrt_close`.

use std::ffi::c_int;

use crate::abi::CText;
use crate::boundary::export;
use crate::error::ApiError;
use crate::{log, runtime};

export! {
    /// Opens the runtime: reads the environment, claims cores, makes the device.
    ///
    /// Does nothing if it is open. The arguments say who calls and have no effect (guide); null is fine
    /// (client code).
    "NRT_2.0.0"
    fn nrt_init(_framework: c_int, _fw_version: CText, _fal_version: CText) {
        runtime::init()
    }
}

export! {
    /// Closes the runtime after everything that was accepted has completed. All handles become stale.
    ///
    /// Does nothing but log if it is not open (observed).
    "NRT_2.0.0"
    fn nrt_close() -> (), else (), {
        if let Err(error) = runtime::close() {
            let is_state = !matches!(error, ApiError::Failure(_));
            log::write(if is_state { log::Level::Warn } else { log::Level::Error }, "nrt_close", error);
        }
    }
}
