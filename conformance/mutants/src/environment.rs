//! Environment variables, as the library will find them.

use std::ffi::CString;

/// What a variable is set to.
pub(crate) fn get(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Sets a variable, or removes it.
pub(crate) fn set(name: &str, value: Option<&str>) {
    let Ok(name) = CString::new(name) else { return };
    match value.map(CString::new) {
        Some(Ok(value)) => {
            // SAFETY: two texts that end with a zero byte. Programs of the suite begin with one thread.
            unsafe { libc::setenv(name.as_ptr(), value.as_ptr(), 1) };
        }
        _ => {
            // SAFETY: as above.
            unsafe { libc::unsetenv(name.as_ptr()) };
        }
    }
}
