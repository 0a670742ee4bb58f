//! Which process has which simulated cores: advisory locks on one file of the user's for each machine.
//!
//! The locks are the record locks of `fcntl`: held by the process, gone when it ends however it ends, and
//! not inherited by a forked child. One byte stands for one physical core.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;

use sim_models::folder;

use crate::cores::Cores;
use crate::environment::Settings;
use crate::error::ApiError;
use crate::log::{self, Level};

/// The cores of one process. Given back on drop.
#[derive(Debug)]
pub(crate) struct Claim {
    /// The first logical core, counted on the host.
    pub(crate) first: u32,
    /// How many.
    pub(crate) count: u32,
    _lock: Option<File>,
}

impl Claim {
    /// Claims the cores that `settings` ask for.
    ///
    /// # Errors
    /// When there are not so many, or another process has them (status 1, observed).
    pub(crate) fn take(settings: &Settings) -> Result<Claim, ApiError> {
        let (total, lnc) = (settings.total_cores(), settings.lnc);
        let count = settings.cores.count(total);
        let (starts, wanted) = match settings.cores {
            Cores::Range { first, .. } => (first..=first, format!("lnc{first}-lnc{}", first + count - 1)),
            Cores::All | Cores::Any(_) => (0..=total.saturating_sub(count), format!("{count}")),
        };
        let last = starts.start() + count;
        if last > total {
            return Err(ApiError::Failure(format!(
                "Specified core not accessible! Requested:{wanted}, but {} has {total} logical cores",
                settings.profile.name
            )));
        }
        if settings.share_cores {
            return Ok(Claim { first: *starts.start(), count, _lock: None });
        }
        let file = match open_lock_file(&settings.profile.name) {
            Ok(file) => file,
            Err(error) => {
                let what = format!("cores are not claimed against other processes: no lock file ({error})");
                log::write(Level::Warn, "nrt_init", what);
                return Ok(Claim { first: *starts.start(), count, _lock: None });
            }
        };
        let mut owner = None;
        for first in starts {
            match lock(&file, first * lnc, count * lnc) {
                Ok(()) => return Ok(Claim { first, count, _lock: Some(file) }),
                Err(other) => owner = owner.or(other),
            }
        }
        let available = (0..total).filter(|core| owner_of(&file, core * lnc, lnc).is_none()).count();
        let owner = owner.map_or_else(String::new, |pid| format!(" (process {pid} has some of them)"));
        Err(ApiError::Failure(format!(
            "Logical Neuron Core(s) not available - Requested:{wanted} Available:{available} of {total}{owner}; \
             wait for the other process, or set NRT_SIM_SHARE_CORES=1"
        )))
    }
}

/// The lock file of the machine `profile`, in a folder that only this user can write.
fn open_lock_file(profile: &str) -> io::Result<File> {
    let path = folder::of_user()?.join(format!("cores-{}.lock", folder::file_name(profile)));
    let nofollow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(nofollow)
        .open(path)
}

/// The bytes that stand for `count` physical cores from `first` on.
fn range(first: u32, count: u32) -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: i64::from(first),
        l_len: i64::from(count),
        l_pid: 0,
    }
}

/// Locks a range, or says which process has a part of it, if it can be told.
fn lock(file: &File, first: u32, count: u32) -> Result<(), Option<i32>> {
    let range = range(first, count);
    // SAFETY: the descriptor is open and the struct is complete.
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLK, &raw const range) } == 0 {
        return Ok(());
    }
    Err(owner_of(file, first, count))
}

/// Another process that has a lock on a part of a range.
fn owner_of(file: &File, first: u32, count: u32) -> Option<i32> {
    let mut range = range(first, count);
    // SAFETY: the descriptor is open and the struct is complete; the call fills it in.
    let asked = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETLK, &raw mut range) };
    (asked == 0 && range.l_type != libc::F_UNLCK as libc::c_short).then_some(range.l_pid)
}
