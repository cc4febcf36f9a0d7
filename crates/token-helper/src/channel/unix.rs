//! Unix: a socket pair, of which the helper inherits one end at a fixed number.

use super::{LAST_CALL, remaining};
use command_fds::{CommandFdExt, FdMapping};
use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, raise};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::Instant;

/// Number of the inherited end in the helper.
const HELPER_FD: i32 = 3;

/// One end of the channel. A read or write past the deadline is an error of kind `TimedOut`.
#[derive(Debug)]
pub struct Channel {
    stream: UnixStream,
    deadline: Option<Instant>,
}

impl Channel {
    /// Starts the program with the other end at its fixed number. Both ends are close-on-exec otherwise, so no other child
    /// of this process can hold the channel open.
    pub fn spawn(mut command: Command) -> io::Result<(Child, Channel)> {
        let (ours, theirs) = UnixStream::pair()?;
        command
            .fd_mappings(vec![FdMapping { parent_fd: theirs.into(), child_fd: HELPER_FD }])
            .map_err(io::Error::other)?;
        // Ctrl-C in a terminal goes to the whole group, and would look like a crash of the driver; the helper ends with its
        // client in any case.
        command.process_group(0);
        let child = command.spawn()?;
        // `command` goes out of scope here, and with it our copy of their end: only the helper holds it now.
        Ok((child, Channel { stream: ours, deadline: None }))
    }

    /// The end this process was started with. Call it once, first thing in the helper.
    pub fn inherited() -> io::Result<Channel> {
        #[allow(unsafe_code)]
        // SAFETY: called before anything else is opened, so nothing in this process owns the number; if it was not
        // inherited, the checks below fail and the helper ends.
        let fd = unsafe { OwnedFd::from_raw_fd(HELPER_FD) };
        nix::fcntl::fcntl(&fd, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC))?;
        let stream = UnixStream::from(fd);
        stream.peer_addr()?;
        Ok(Channel { stream, deadline: None })
    }

    /// From now on, nothing waits longer than until then.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }

    /// Ends this process as soon as the client is gone, even while a driver call never returns.
    pub fn end_with_the_client(&self) -> io::Result<()> {
        let watched = self.stream.try_clone()?;
        std::thread::Builder::new().name("client-watch".into()).spawn(move || {
            watch(&watched);
            // A driver has closed it: closing it once more would abort the process, or take another file's number.
            std::mem::forget(watched);
        })?;
        Ok(())
    }
}

/// The timeout is there because a driver may close the descriptor under the poll, which then would never return.
fn watch(stream: &UnixStream) {
    loop {
        let mut fds = [PollFd::new(stream.as_fd(), PollFlags::empty())];
        match nix::poll::poll(&mut fds, PollTimeout::from(1000u16)) {
            Ok(0) | Err(nix::errno::Errno::EINTR) => continue,
            Err(_) => return,
            Ok(_) => {}
        }
        let seen = fds[0].revents().unwrap_or(PollFlags::empty());
        if seen.contains(PollFlags::POLLNVAL) {
            return;
        }
        if seen.intersects(PollFlags::POLLHUP | PollFlags::POLLERR) {
            // The call under way may end; with its answer the helper ends by itself.
            std::thread::sleep(LAST_CALL);
            // Not `exit`: it would run the driver's own exit handlers, which can hang like any other of its code.
            let _ = raise(Signal::SIGKILL);
        }
    }
}

fn as_timeout(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { error }
}

impl Read for Channel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(remaining(self.deadline)?)?;
        self.stream.read(buffer).map_err(as_timeout)
    }
}

impl Write for Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(remaining(self.deadline)?)?;
        self.stream.write(bytes).map_err(as_timeout)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// No core dump of a process that holds a PIN, and no other process of the user may look into it.
pub fn forbid_core_dumps() -> io::Result<()> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_dumpable(false)?;
    Ok(())
}

/// The signal that ended a process.
pub fn ending_signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

/// The system's loader finds what a driver needs by itself.
pub fn find_libraries_beside(_: &Path) {}
