//! The folder in which simulated devices leave what processes of one user share: locks of cores, sockets, what a fault
//! has broken.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::PathBuf;

/// The folder of this user, which nobody else can write: in `XDG_RUNTIME_DIR` if that is a folder, else in `/tmp`.
///
/// # Errors
/// When it cannot be made, or something else is in its place.
pub fn of_user() -> io::Result<PathBuf> {
    let user = rustix::process::getuid().as_raw();
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_dir());
    let folder = runtime.unwrap_or_else(|| "/tmp".into()).join(format!("nrt-sim-{user}"));
    match DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = fs::symlink_metadata(&folder)?;
    if !found.is_dir() || found.uid() != user {
        return Err(io::Error::other(format!("{} is not a folder of this user", folder.display())));
    }
    Ok(folder)
}

/// `name` of a machine as part of a file's name.
pub fn file_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' }).collect()
}
