//! `nrt-sim neff unpack`: the files of a NEFF, in a folder.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use sim_core::neff::{Contents, Limits, NeffError, each_file};

use crate::file;
use crate::note;
use crate::summary::size;

const UNPACK_HELP: &str = "\
Examples:
  nrt-sim neff unpack model.neff             into the folder model
  nrt-sim neff unpack model.neff -o folder

The folder has the files of the archive and nothing else; the header is shown by `nrt-sim neff inspect --json`.
Links and devices are left out. An archive that is damaged, too large, or that has a path out of the folder is
refused before anything is written.";

/// Unpacks the archive in a NEFF.
#[derive(Debug, Args)]
#[command(after_help = UNPACK_HELP)]
pub(crate) struct Options {
    /// The NEFF; `-` is stdin.
    file: PathBuf,

    /// The folder; it must be empty or not there yet. Default: the name of the file without its ending.
    #[arg(short = 'o', value_name = "DIR")]
    folder: Option<PathBuf>,

    /// Unpack into a folder that is not empty; files of the same names are replaced.
    #[arg(long)]
    force: bool,
}

/// What an archive does not go through.
#[derive(Debug)]
struct Failure(anyhow::Error);

impl From<NeffError> for Failure {
    fn from(error: NeffError) -> Failure {
        Failure(error.into())
    }
}

/// Writes the files, and says how many.
///
/// # Errors
/// When the NEFF is damaged, or the folder cannot be written or is not empty.
pub(super) fn unpack(options: &Options) -> Result<u8> {
    let name = options.file.display().to_string();
    let bytes = file::read(&options.file)?;
    let folder = match &options.folder {
        Some(folder) => folder.clone(),
        None => match options.file.file_stem() {
            Some(stem) if stem != options.file.as_os_str() && stem != "-" => PathBuf::from(stem),
            _ => bail!("say with -o into which folder"),
        },
    };
    let contents =
        extract(&bytes, &folder, options.force).with_context(|| format!("cannot unpack {name}"))?;
    if contents.others > 0 {
        note(&format!("left out {} links or devices", contents.others));
    }
    let total = contents.files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.bytes));
    file::print(
        format!("{}: {} files, {}\n", folder.display(), contents.files.len(), size(total)).as_bytes(),
    )?;
    Ok(0)
}

/// Writes the files of the NEFF `bytes` below `folder`, and lists them.
///
/// # Errors
/// As [`unpack`]; before anything is written, unless it is the disk that fails.
pub(crate) fn extract(bytes: &[u8], folder: &Path, force: bool) -> Result<Contents> {
    // To its very end, so that a damaged archive leaves nothing behind.
    let contents = Contents::read(bytes, &Limits::default())?;
    let is_taken = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(error).with_context(|| folder.display().to_string()),
    };
    if is_taken && !force {
        bail!("{} is not empty; give another folder with -o, or --force", folder.display());
    }
    check_places(folder, &contents)?;
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    each_file(bytes, &Limits::default(), |path, content| {
        write(folder, path, content).with_context(|| folder.join(path).display().to_string()).map_err(Failure)
    })
    .map_err(|Failure(error)| error)?;
    Ok(contents)
}

/// Whether each file has a place of its own below `root`: no other file, and nothing that is there already, stands where
/// it needs a folder, nor a folder where it is to be.
///
/// # Errors
/// What is in the way.
fn check_places(root: &Path, contents: &Contents) -> Result<()> {
    let files: BTreeSet<&str> = contents.files.iter().map(|file| file.path.as_str()).collect();
    let needed = || files.iter().flat_map(|path| folders(path));
    if let Some(path) = needed().find(|path| files.contains(path)) {
        bail!("{path} is both a file and a folder in the archive");
    }
    let there = |path: &str| fs::symlink_metadata(root.join(path)).ok();
    if let Some(path) = needed().find(|path| there(path).is_some_and(|place| !place.is_dir())) {
        bail!("{} is in the way: it is no folder", root.join(path).display());
    }
    if let Some(path) = files.iter().find(|path| there(path).is_some_and(|place| place.is_dir())) {
        bail!("{} is in the way: it is a folder", root.join(path).display());
    }
    Ok(())
}

/// The folders on the way to the file `path`: `a` and `a/b` of `a/b/c`.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

/// Writes one file. Neither it nor a folder on the way may be a link: what is there already is a stranger's.
fn write(root: &Path, path: &str, content: &mut dyn Read) -> Result<()> {
    let mut place = root.to_owned();
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    for folder in folders.split('/').filter(|folder| !folder.is_empty()) {
        place.push(folder);
        match fs::create_dir(&place) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if !fs::symlink_metadata(&place)?.is_dir() {
                    bail!("{} is in the way: it is no folder", place.display());
                }
            }
            made => made?,
        }
    }
    place.push(name);
    match fs::remove_file(&place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    // Never through a link, even one that was made this very moment.
    let mut file = File::create_new(&place)?;
    io::copy(content, &mut file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use sim_core::neff::{NeffBuilder, Target};

    use super::extract;

    fn sound() -> Vec<u8> {
        NeffBuilder::new("m", Target::Any)
            .attach("model.toml", "kernel = \"mix\"")
            .build()
            .expect("in memory")
    }

    #[test]
    fn all_files_come_out_and_a_folder_in_use_is_left_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let target = folder.path().join("a/b");
        extract(&sound(), &target, false).expect("a new folder");
        assert_eq!(fs::read(target.join("sim/model.toml")).expect("unpacked"), b"kernel = \"mix\"");
        assert_eq!(fs::read(target.join("sg00/PE.bin")).expect("unpacked"), b"");
        let error = extract(&sound(), &target, false).expect_err("not empty").to_string();
        assert!(error.contains("--force"), "{error}");
        fs::write(target.join("info.json"), "mine").expect("writable");
        fs::write(target.join("mine"), "mine").expect("writable");
        extract(&sound(), &target, true).expect("by force");
        assert_ne!(fs::read(target.join("info.json")).expect("unpacked"), b"mine");
        assert_eq!(fs::read(target.join("mine")).expect("of the user"), b"mine");
    }

    #[test]
    fn no_link_is_followed_even_by_force() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (outside, target) = (folder.path().join("outside"), folder.path().join("target"));
        fs::create_dir(&outside).expect("writable");
        fs::create_dir(&target).expect("writable");
        fs::write(outside.join("file"), "precious").expect("writable");
        symlink(outside.join("file"), target.join("info.json")).expect("writable");
        symlink(&outside, target.join("sim")).expect("writable");
        let error = format!("{:#}", extract(&sound(), &target, true).expect_err("a link for a folder"));
        assert!(error.contains("sim is in the way"), "{error}");
        assert!(
            fs::symlink_metadata(target.join("info.json")).is_ok_and(|old| old.is_symlink()),
            "left alone"
        );
        assert_eq!(fs::read(outside.join("file")).expect("left alone"), b"precious");
        assert_eq!(fs::read_dir(&outside).expect("a folder").count(), 1);
    }

    #[test]
    fn a_file_in_the_way_of_another_is_found_before_anything_is_written() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let target = folder.path().join("target");
        let builder = NeffBuilder::new("m", Target::Any).attach("a", "file").attach("a/b", "in a folder");
        let error = extract(&builder.build().expect("in memory"), &target, false).expect_err("a is both");
        assert!(error.to_string().contains("sim/a is both a file and a folder"), "{error}");
        assert!(!target.exists());
        fs::create_dir_all(target.join("sim/model.toml")).expect("writable");
        let error = extract(&sound(), &target, true).expect_err("a folder is there").to_string();
        assert!(error.contains("model.toml is in the way: it is a folder"), "{error}");
        assert!(!target.join("info.json").exists());
    }

    #[test]
    fn a_damaged_archive_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let target = folder.path().join("target");
        let mut bytes = sound();
        bytes[1100] ^= 0x55;
        assert!(extract(&bytes, &target, false).is_err());
        assert!(!target.exists());
    }
}
