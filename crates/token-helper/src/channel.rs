//! The private channel between client and helper: a socket pair, of which the helper inherits one end at a fixed number.
//!
//! Not standard input and output: drivers print. The only module that knows the operating system.

#[cfg(not(unix))]
pub use elsewhere::*;
#[cfg(unix)]
pub use unix::*;

/// The helper's exit code when its end of the channel is gone: the client says [`crate::HelperError::ChannelClosed`] then.
pub const EXIT_CHANNEL_LOST: i32 = 70;

#[cfg(unix)]
mod unix {
    use command_fds::{CommandFdExt, FdMapping};
    use nix::poll::{PollFd, PollFlags, PollTimeout};
    use nix::sys::resource::{Resource, setrlimit};
    use nix::sys::signal::{Signal, raise};
    use std::io::{self, Read, Write};
    use std::os::fd::{AsFd, FromRawFd, OwnedFd};
    use std::os::unix::net::UnixStream;
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command, ExitStatus};
    use std::time::{Duration, Instant};

    /// Number of the inherited end in the helper.
    const HELPER_FD: i32 = 3;
    /// How long a call may go on after the client is gone. Short: the next client may be at the token already.
    const LAST_CALL: Duration = Duration::from_millis(300);

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

        fn remaining(&self) -> io::Result<Option<Duration>> {
            let Some(deadline) = self.deadline else { return Ok(None) };
            match deadline.saturating_duration_since(Instant::now()) {
                Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
                left => Ok(Some(left)),
            }
        }

        /// Ends this process as soon as the client is gone, even while a driver call never returns.
        pub fn end_with_the_client(&self) -> io::Result<()> {
            let watched = self.stream.try_clone()?;
            std::thread::Builder::new().name("client-watch".into()).spawn(move || watch(&watched))?;
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
                // A driver that is killed while it writes can lose the key it writes to (SoftHSM2 empties the file first), so the
                // call under way may end; with its answer the helper ends by itself.
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
            self.stream.set_read_timeout(self.remaining()?)?;
            self.stream.read(buffer).map_err(as_timeout)
        }
    }

    impl Write for Channel {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.stream.set_write_timeout(self.remaining()?)?;
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
}

#[cfg(not(unix))]
mod elsewhere {
    use std::io::{self, Read, Write};
    use std::process::{Child, Command, ExitStatus};
    use std::time::Instant;

    /// There is no channel on this system yet, so no value of this type.
    #[derive(Debug)]
    pub enum Channel {}

    fn unsupported() -> io::Error {
        io::Error::new(io::ErrorKind::Unsupported, "not supported on this system yet")
    }

    #[allow(missing_docs, reason = "see the Unix half")]
    impl Channel {
        pub fn spawn(_: Command) -> io::Result<(Child, Channel)> {
            Err(unsupported())
        }

        pub fn inherited() -> io::Result<Channel> {
            Err(unsupported())
        }

        pub fn set_deadline(&mut self, _: Option<Instant>) {
            match *self {}
        }

        pub fn end_with_the_client(&self) -> io::Result<()> {
            match *self {}
        }
    }

    impl Read for Channel {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            match *self {}
        }
    }

    impl Write for Channel {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            match *self {}
        }

        fn flush(&mut self) -> io::Result<()> {
            match *self {}
        }
    }

    /// Nothing to forbid here yet.
    pub fn forbid_core_dumps() -> io::Result<()> {
        Ok(())
    }

    /// There are no signals here.
    pub fn ending_signal(_: ExitStatus) -> Option<i32> {
        None
    }
}
