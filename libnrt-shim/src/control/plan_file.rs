//! The file with the fault plan, watched so that changes count at once.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{CreateFlags, ReadFlags, Reader, WatchFlags, add_watch, init};

/// Bytes that are read at once of what has happened: many events.
const EVENTS: usize = 4096;

/// Watches the folder of the file: editors put another file in its place.
pub(super) struct PlanFile {
    inotify: OwnedFd,
    path: PathBuf,
}

impl PlanFile {
    /// Watches the file at `path`.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn watch(path: &Path) -> io::Result<PlanFile> {
        let inotify = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        // Not its making: then nothing is in it yet.
        add_watch(&inotify, folder, WatchFlags::CLOSE_WRITE | WatchFlags::MOVED_TO | WatchFlags::ONLYDIR)?;
        Ok(PlanFile { inotify, path: path.to_owned() })
    }

    /// Whether the file was written, or another was put in its place, since the last call.
    pub(super) fn has_changed(&self) -> bool {
        let mut buffer = [MaybeUninit::uninit(); EVENTS];
        let mut events = Reader::new(&self.inotify, &mut buffer);
        let name = self.path.file_name().map(OsStrExt::as_bytes);
        let mut changed = false;
        while let Ok(event) = events.next() {
            let is_ours = event.file_name().map(|file| file.to_bytes()) == name;
            // If events were lost, one of them may have been ours.
            changed |= is_ours || event.events().contains(ReadFlags::QUEUE_OVERFLOW);
        }
        changed
    }
}

impl AsFd for PlanFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}
