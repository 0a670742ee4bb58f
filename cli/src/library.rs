//! Where the simulated `libnrt.so.1` is, and how a program is made to find it.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::program::Kind;

/// The library's file names: as programs load it, and as cargo makes it.
const NAMES: [&str; 2] = ["libnrt.so.1", "libnrt.so"];

/// The library that programs are run with.
#[derive(Debug, Clone)]
pub(crate) struct Library {
    /// Its absolute path.
    pub(crate) path: PathBuf,
}

impl Library {
    /// The library at `wanted`, else where NRT_SIM_LIB says, else near the running executable.
    ///
    /// # Errors
    /// When there is none, or it is not a shared library.
    pub(crate) fn find(wanted: Option<&Path>) -> Result<Library> {
        let variable = env::var_os("NRT_SIM_LIB").filter(|path| !path.is_empty()).map(PathBuf::from);
        let path = match wanted.map(Path::to_owned).or(variable) {
            Some(path) => path,
            None => near(&env::current_exe().context("cannot find out where nrt-sim is")?)?,
        };
        // The folder is made absolute, but a link stays what it is called: libnrt.so.1.
        let path = std::path::absolute(&path).with_context(|| format!("{} is no path", path.display()))?;
        let kind = Kind::of(&path).with_context(|| format!("cannot read the library {}", path.display()))?;
        match kind {
            Kind::Elf(elf) if elf.is_dynamic_object => Ok(Library { path }),
            _ => bail!("{} is not a shared library", path.display()),
        }
    }

    /// The folder it is in.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().expect("an absolute path of a file has a folder")
    }

    /// The same library by a path that LD_PRELOAD and LD_LIBRARY_PATH can express: where its own path has
    /// characters that separate entries there, links in `folder` stand for it.
    ///
    /// # Errors
    /// When `folder` has such characters as well, or the system refuses the links.
    pub(crate) fn expressible(self, folder: &Path) -> Result<Library> {
        if is_expressible(&self.path) {
            return Ok(self);
        }
        if !is_expressible(folder) {
            bail!(
                "LD_PRELOAD cannot express the path {}, nor {}: set TMPDIR to a folder without spaces, colons, \
                 semicolons and dollar signs",
                self.path.display(),
                folder.display()
            );
        }
        for name in NAMES {
            symlink(&self.path, folder.join(name)).context("cannot link the library")?;
        }
        Ok(Library { path: folder.join(NAMES[0]) })
    }

    /// LD_PRELOAD with the library before everything that is there.
    pub(crate) fn preload(&self) -> OsString {
        prepend(self.path.as_os_str(), env::var_os("LD_PRELOAD"))
    }

    /// LD_LIBRARY_PATH with the library's folder before everything that is there.
    pub(crate) fn search_path(&self) -> OsString {
        prepend(self.folder().as_os_str(), env::var_os("LD_LIBRARY_PATH"))
    }
}

/// The library beside `executable`, as in target/debug, or in `../lib`, as when installed.
fn near(executable: &Path) -> Result<PathBuf> {
    let folder = executable.parent().context("nrt-sim is in no folder")?;
    let folders = [folder.to_owned(), folder.join("../lib")];
    let mut places = folders.iter().flat_map(|folder| NAMES.map(|name| folder.join(name)));
    places.find(|place| place.is_file()).with_context(|| {
        format!(
            "there is no libnrt.so.1 in {} or {}. `cargo build` makes it there; or pass --lib PATH, or set NRT_SIM_LIB",
            folders[0].display(),
            folders[1].display()
        )
    })
}

/// Spaces and colons separate the entries of LD_PRELOAD, colons and semicolons those of LD_LIBRARY_PATH, and
/// a dollar sign begins a substitution in both; none of them can be quoted (ld.so(8)).
fn is_expressible(path: &Path) -> bool {
    !path.as_os_str().as_bytes().iter().any(|byte| b" :;$".contains(byte))
}

/// An empty entry would mean the working directory, so none is made.
fn prepend(first: &OsStr, rest: Option<OsString>) -> OsString {
    let mut list = first.to_owned();
    if let Some(rest) = rest.filter(|rest| !rest.is_empty()) {
        list.push(":");
        list.push(rest);
    }
    list
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Library, near, prepend};

    #[test]
    fn an_existing_list_follows_the_library() {
        assert_eq!(prepend("/a".as_ref(), Some("/b:/c".into())), "/a:/b:/c");
        assert_eq!(prepend("/a".as_ref(), Some("".into())), "/a");
        assert_eq!(prepend("/a".as_ref(), None), "/a");
    }

    #[test]
    fn the_library_is_beside_the_executable_or_in_lib() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let (bin, lib) = (root.path().join("bin"), root.path().join("lib"));
        fs::create_dir(&bin).expect("writable");
        fs::create_dir(&lib).expect("writable");
        let executable = bin.join("nrt-sim");

        let error = near(&executable).expect_err("nothing is there").to_string();
        assert!(error.contains("cargo build") && error.contains("--lib"), "{error}");
        fs::write(lib.join("libnrt.so.1"), "").expect("writable");
        assert_eq!(near(&executable).expect("installed"), bin.join("../lib/libnrt.so.1"));
        fs::write(bin.join("libnrt.so"), "").expect("writable");
        assert_eq!(near(&executable).expect("built"), bin.join("libnrt.so"));
    }

    #[test]
    fn a_path_with_separators_is_replaced_by_links() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let plain = Library { path: "/opt/sim/libnrt.so.1".into() };
        assert_eq!(
            plain.expressible(folder.path()).expect("as it is").path,
            Path::new("/opt/sim/libnrt.so.1")
        );
        let spaced = Library { path: "/my projects/libnrt.so".into() };
        let linked = spaced.clone().expressible(folder.path()).expect("linked");
        assert_eq!(linked.path, folder.path().join("libnrt.so.1"));
        assert_eq!(fs::read_link(&linked.path).expect("a link"), spaced.path);
        assert!(spaced.expressible(Path::new("/tmp/a:b")).is_err());
    }

    #[test]
    fn a_text_file_is_not_taken_for_a_library() {
        let error = Library::find(Some(Path::new(file!()).file_name().map_or("x".as_ref(), Path::new)));
        assert!(error.is_err());
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let error = Library::find(Some(file.path())).expect_err("empty").to_string();
        assert!(error.contains("not a shared library"), "{error}");
    }
}
