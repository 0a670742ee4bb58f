//! Where this library is: what belongs to it lies beside it.

use std::ffi::{CStr, OsStr};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The folder of the file that this code was loaded from, links followed; none if the loader does not know.
pub(crate) fn folder() -> Option<PathBuf> {
    let mut about = MaybeUninit::<libc::Dl_info>::uninit();
    let here = folder as *const ();
    // SAFETY: any address may be asked about, and the place for the answer is ours.
    let found = unsafe { libc::dladdr(here.cast(), about.as_mut_ptr()) };
    if found == 0 {
        return None;
    }
    // SAFETY: the loader has filled it in, as it says.
    let about = unsafe { about.assume_init() };
    if about.dli_fname.is_null() {
        return None;
    }
    // SAFETY: the loader's text ends with a zero byte and stays as long as the library, which is never unloaded.
    let name = unsafe { CStr::from_ptr(about.dli_fname) };
    let path = std::fs::canonicalize(OsStr::from_bytes(name.to_bytes())).ok()?;
    path.parent().map(PathBuf::from)
}
