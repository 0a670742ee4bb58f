//! Files whose reading comes to an end.

use std::fs::{self, File};
use std::io::{Error, Read, Result};
use std::path::Path;

/// Opens the file at `path` if it is a regular one: at a pipe or a device, a load could wait for ever.
///
/// # Errors
/// The system's, or that it is none.
pub(crate) fn open(path: &Path) -> Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(Error::other("it is not a regular file"));
    }
    File::open(path)
}

/// All of it. There is no limit but memory: weights may be large.
///
/// # Errors
/// Those of [`open`], and a lack of memory.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let mut file = open(path)?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX))?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{open, read};

    #[test]
    fn only_regular_files_are_read() {
        assert!(read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))).is_ok());
        for path in ["/dev/zero", "/"] {
            let said = open(Path::new(path)).expect_err(path).to_string();
            assert!(said.contains("not a regular file"), "{path}: {said}");
        }
    }
}
