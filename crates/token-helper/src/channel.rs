//! The private channel between client and helper: each has one end, and the helper inherits its own when it is started.
//!
//! Not standard output: drivers print. The only module that knows the operating system.

use std::io;
use std::time::{Duration, Instant};

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub use windows::*;

/// The helper's exit code when its end of the channel is gone: the client says [`crate::HelperError::ChannelClosed`] then.
pub const EXIT_CHANNEL_LOST: i32 = 70;

/// How long a call may go on after the client is gone. Short: the next client may be at the token already. Not zero: a driver
/// that is killed while it writes can lose the key it writes to (SoftHSM2 empties the file first).
const LAST_CALL: Duration = Duration::from_millis(300);

/// The time that is left, `None` without a deadline.
fn remaining(deadline: Option<Instant>) -> io::Result<Option<Duration>> {
    let Some(deadline) = deadline else { return Ok(None) };
    match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
        left => Ok(Some(left)),
    }
}
