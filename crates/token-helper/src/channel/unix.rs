//! Unix: a socket pair, of which the helper gets one end as its standard input. Before a driver is loaded the helper takes that end
//! away from there.
//!
//! Not at a number of its own: that takes code between fork and exec, and a fork of the window copies the page tables of all that a
//! browser has mapped while the window stands still. With standard descriptors alone the standard library starts by `posix_spawn`.

use super::{LAST_CALL, remaining};
use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, raise};
use std::fs::{File, read_dir};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

/// How much the scheduler prefers others to a helper in the background; 19 is the most there is.
const NICE: i32 = 10;

/// One end of the channel. A read or write past the deadline is an error of kind `TimedOut`.
#[derive(Debug)]
pub struct Channel {
    stream: UnixStream,
    deadline: Option<Instant>,
}

impl Channel {
    /// Starts the program with the other end as its standard input. Both ends are close-on-exec otherwise, so no other child of
    /// this process can hold the channel open.
    pub fn spawn(mut command: Command) -> io::Result<(Child, Channel)> {
        let (ours, theirs) = UnixStream::pair()?;
        command.stdin(Stdio::from(OwnedFd::from(theirs)));
        // Ctrl-C in a terminal goes to the whole group, and would look like a crash of the driver; the helper ends with its
        // client in any case.
        command.process_group(0);
        let child = command.spawn()?;
        // `command` goes out of scope here, and with it our copy of their end: only the helper holds it now.
        Ok((child, Channel { stream: ours, deadline: None }))
    }

    /// The end this process was started with. Call it once, first thing in the helper.
    pub fn inherited() -> io::Result<Channel> {
        let input = io::stdin();
        let stream = UnixStream::from(input.as_fd().try_clone_to_owned()?);
        stream.peer_addr()?;
        // Who reads from standard input reads nothing.
        nix::unistd::dup2_stdin(File::open("/dev/null")?)?;
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

/// Closes all but the standard descriptors: what another library of the starting program did not mark close-on-exec would be held open
/// here for as long as this process lives (a pipe that somebody waits at the other end of), and would be the driver's to read. Call it
/// first thing in the helper, before anything is opened.
pub fn close_what_was_inherited() {
    let Ok(listed) = read_dir("/dev/fd") else { return };
    let open: Vec<i32> = listed.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for descriptor in open.into_iter().filter(|number| *number > 2) {
        let _ = nix::unistd::close(descriptor);
    }
}

/// Lets this process and all that it starts wait for others: looking at many drivers at once must not make the window stand still.
#[allow(unsafe_code)]
pub fn stay_in_the_background() {
    // SAFETY: takes a number. That it may be refused does no harm.
    unsafe { nix::libc::nice(NICE) };
}

/// The signal that ended a process.
pub fn ending_signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

/// The system's loader finds what a driver needs by itself.
pub fn find_libraries_beside(_: &Path) {}
