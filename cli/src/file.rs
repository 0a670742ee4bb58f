//! Reading files, and replacing them as a whole.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use rustix::fs::Access;

/// What stands for stdin and stdout.
const STANDARD: &str = "-";

/// All of `path`, or of stdin if it is `-`.
///
/// # Errors
/// When it cannot be read, with its name; it has to be a regular file, since a device or a pipe might never end.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    if path.as_os_str() == STANDARD {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).context("cannot read stdin")?;
        return Ok(bytes);
    }
    regular(path).with_context(|| format!("cannot read {}", path.display()))
}

fn regular(path: &Path) -> Result<Vec<u8>> {
    ensure!(
        fs::metadata(path)?.is_file(),
        "it is not a regular file; `-` stands for stdin where a command reads that"
    );
    Ok(fs::read(path)?)
}

/// Writes `bytes` to `path`, or to stdout if it is `-`. A regular file is replaced at once: nobody ever sees
/// half of it, and if anything fails, the old one is still there.
///
/// # Errors
/// When it cannot be written, with its name.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    if path.as_os_str() == STANDARD {
        return print(bytes);
    }
    let cannot = || format!("cannot write {}", path.display());
    let Place { target, folder } = Place::of(path)?;
    let Some(folder) = folder else {
        return File::options()
            .write(true)
            .open(&target)
            .and_then(|mut file| file.write_all(bytes))
            .with_context(cannot);
    };
    // The umask takes from these as it does from every new file's.
    let mut file = tempfile::Builder::new()
        .prefix(".nrt-sim")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .with_context(cannot)?;
    file.write_all(bytes).with_context(cannot)?;
    file.persist(&target).map_err(|error| error.error).with_context(cannot)?;
    Ok(())
}

/// Whether [`replace`] has a chance with `path`, to be known before the work that makes its bytes.
///
/// # Errors
/// What is in its way, with its name; `-` is refused.
pub(crate) fn check_replaceable(path: &Path) -> Result<()> {
    ensure!(
        path.as_os_str() != STANDARD,
        "cannot write this to stdout, where messages go: give the name of a file"
    );
    let Place { target, folder } = Place::of(path)?;
    let (wanted, access) = match &folder {
        Some(folder) => (folder, Access::WRITE_OK | Access::EXEC_OK),
        None => (&target, Access::WRITE_OK),
    };
    rustix::fs::access(wanted, access).with_context(|| format!("cannot write {}", path.display()))?;
    if folder.is_some_and(|folder| !folder.is_dir()) {
        bail!("cannot write {}: what it is to be in is no folder", path.display());
    }
    Ok(())
}

/// Where a file is to be written.
struct Place {
    /// Through links, as compilers do.
    target: PathBuf,
    /// Where it is or will be; none for a device or pipe, which stays what it is.
    folder: Option<PathBuf>,
}

impl Place {
    /// That of `path`.
    ///
    /// # Errors
    /// It is a folder.
    fn of(path: &Path) -> Result<Place> {
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if target.is_dir() {
            bail!("cannot write {}: it is a folder; give the name of a file in it", path.display());
        }
        if target.exists() && !target.is_file() {
            return Ok(Place { target, folder: None });
        }
        let folder = match target.parent() {
            Some(folder) if folder != Path::new("") => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        Ok(Place { target, folder: Some(folder) })
    }
}

/// Writes to stdout. That the reader has seen enough is no failure.
///
/// # Errors
/// When it cannot be written for another reason.
pub(crate) fn print(bytes: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to stdout"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use std::path::Path;

    use super::{check_replaceable, read, replace};

    #[test]
    fn what_might_never_end_is_not_read() {
        assert!(read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))).is_ok());
        for path in ["/dev/zero", "/"] {
            let said = format!("{:#}", read(Path::new(path)).expect_err(path));
            assert!(said.contains(path) && said.contains("not a regular file"), "{said}");
        }
    }

    #[test]
    fn a_file_is_replaced_through_its_link_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        replace(&file, b"old").expect("writable");
        std::os::unix::fs::symlink(&file, &link).expect("writable");
        replace(&link, b"new").expect("writable");
        assert_eq!(fs::read(&file).expect("written"), b"new");
        assert!(link.is_symlink());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2);
        let error = format!("{:#}", replace(folder.path(), b"new").expect_err("a folder"));
        assert!(error.contains("is a folder"), "{error}");
        let error = format!("{:#}", replace(&folder.path().join("no/file"), b"").expect_err("no folder"));
        assert!(error.contains("no/file"), "{error}");
        for free in [&file, &folder.path().join("new"), Path::new("new"), Path::new("/dev/null")] {
            check_replaceable(free).expect("writable");
        }
        for taken in [folder.path(), &folder.path().join("no/file"), &file.join("file"), Path::new("-")] {
            check_replaceable(taken).expect_err("folders, none, no folder, no file");
        }
    }
}
