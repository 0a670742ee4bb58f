//! The socket in the user's folder: made for this user alone, and gone when the runtime is closed.

use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use rustix::fs::{Mode, fchmod};
use rustix::io::Errno;
use rustix::net::sockopt::socket_peercred;
use rustix::net::{
    AddressFamily, Shutdown, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect, listen,
    shutdown, socket_with,
};
use sim_models::{command, folder};

/// Connections that wait to be accepted.
const BACKLOG: i32 = 16;

/// The descriptor that a forked child has to close; −1 if there is none.
static OPEN: AtomicI32 = AtomicI32::new(-1);

/// A socket that listens. Dropping it removes the file.
pub(super) struct Listener {
    socket: OwnedFd,
    path: PathBuf,
}

impl Listener {
    /// The socket of this process.
    ///
    /// # Errors
    /// The system's, or that another process uses the file.
    pub(super) fn open() -> io::Result<Listener> {
        let path = command::socket(&folder::of_user()?, std::process::id());
        let address = SocketAddrUnix::new(&path)?;
        let socket = stream()?;
        // The file has the mode of the socket from the first moment on.
        fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
        match bind(&socket, &address) {
            // Left by a process that had our number, or by this one before an exec.
            Err(Errno::ADDRINUSE) if connect(stream()?, &address) == Err(Errno::CONNREFUSED) => {
                fs::remove_file(&path)?;
                bind(&socket, &address)?;
            }
            bound => bound?,
        }
        let listener = Listener { socket, path };
        listen(&listener.socket, BACKLOG)?;
        OPEN.store(listener.socket.as_raw_fd(), Relaxed);
        Ok(listener)
    }

    /// A connection that waits, with the user that made it.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn accept(&self) -> Result<(OwnedFd, u32), Errno> {
        let socket = accept_with(&self.socket, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK)?;
        let user = socket_peercred(&socket)?.uid.as_raw();
        Ok((socket, user))
    }
}

fn stream() -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // First: a child that is forked now must not close what has this number then.
        OPEN.store(-1, Relaxed);
        // Neither can fail in a way that anybody could do something about. A child may still have the socket.
        let _ = shutdown(&self.socket, Shutdown::Both);
        let _ = fs::remove_file(&self.path);
    }
}

/// Runs in a forked child: the socket is its parent's, and must not outlive it there.
pub(super) fn leave_to_parent() {
    let open = OPEN.swap(-1, Relaxed);
    if open >= 0 {
        // SAFETY: in this process nobody else uses or closes the descriptor: the thread that does is the parent's.
        unsafe { libc::close(open) };
    }
}
