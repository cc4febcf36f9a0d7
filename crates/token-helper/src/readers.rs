//! Readers and cards, as the smart card service (PC/SC) sees them: asked in a process of its own as well, because the service's
//! library is not ours, may be missing, and may hang.
//!
//! `chopmark-token-helper --readers` says how things stand in one line of JSON and ends; with `--watch` it says so again each time
//! something changes, until its standard input is closed. Plain pipes do here: nothing secret is said, and the library prints nothing.

use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How the helper is called for this.
pub const FLAG: &str = "--readers";
/// And to go on telling.
pub const WATCH_FLAG: &str = "--watch";
/// Longest line read.
const LONGEST: u64 = 256 * 1024;

/// The smart card service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// How it stands.
    pub state: State,
    /// The service's own word, the name of its error; empty without one.
    pub detail: String,
    /// Its readers.
    pub readers: Vec<Reader>,
}

/// How the service stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It answers.
    Running,
    /// Its library is not on this machine.
    NotInstalled,
    /// It is there and does not run.
    NotRunning,
    /// It runs and does not let us.
    Denied,
    /// It did not answer in time.
    Hangs,
    /// It answered with another error.
    Faulty,
}

/// A reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// The service's name for it.
    pub name: String,
    /// A card is in it.
    pub card: bool,
    /// The card does not answer to reset.
    pub mute: bool,
    /// Another program holds it for itself alone.
    pub exclusive: bool,
    /// Answer to reset, upper-case hex; empty without a card.
    pub atr: String,
}

impl Service {
    /// A service without readers.
    pub fn in_state(state: State, detail: impl Into<String>) -> Service {
        Service { state, detail: detail.into(), readers: Vec::new() }
    }
}

/// Asks once. Whatever happens is an answer.
pub fn ask(program: &Path, at_most: Duration) -> Service {
    let (mut child, input) = match start(program, &[FLAG]) {
        Ok(started) => started,
        Err(error) => return Service::in_state(State::Faulty, error.to_string()),
    };
    let Some(output) = child.stdout.take() else { return Service::in_state(State::Faulty, "no pipe") };
    let (answer, answered) = channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(output).take(LONGEST).read_line(&mut line);
        let _ = answer.send(read.map(|_| line));
    });
    let service = match answered.recv_timeout(at_most) {
        Ok(Ok(line)) => serde_json::from_str(&line).unwrap_or_else(|_| ended(&mut child)),
        Ok(Err(error)) => Service::in_state(State::Faulty, error.to_string()),
        Err(RecvTimeoutError::Timeout) => Service::in_state(State::Hangs, String::new()),
        Err(RecvTimeoutError::Disconnected) => Service::in_state(State::Faulty, String::new()),
    };
    drop(input);
    end(child);
    service
}

/// It said nothing: the library brought it down.
fn ended(child: &mut Child) -> Service {
    let until = Instant::now() + Duration::from_millis(300);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Service::in_state(State::Faulty, status.to_string()),
            Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
            _ => return Service::in_state(State::Faulty, String::new()),
        }
    }
}

/// A helper that tells of changes, until this is dropped.
#[derive(Debug)]
pub struct Watch {
    child: Option<Child>,
    /// Its end is what ends the helper, even when this process is killed.
    input: Option<ChildStdin>,
}

impl Watch {
    /// Starts one; `changed` is called, on a thread of its own, with how things stand first and after each change.
    pub fn start(program: &Path, mut changed: impl FnMut(Service) + Send + 'static) -> io::Result<Watch> {
        let (mut child, input) = start(program, &[FLAG, WATCH_FLAG])?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("no pipe"))?;
        std::thread::Builder::new().name("reader-watch".into()).spawn(move || {
            let mut lines = BufReader::new(output);
            loop {
                let mut line = String::new();
                match lines.by_ref().take(LONGEST).read_line(&mut line) {
                    Ok(0) | Err(_) => return,
                    Ok(_) => {}
                }
                let Ok(service) = serde_json::from_str(&line) else { return };
                changed(service);
            }
        })?;
        Ok(Watch { child: Some(child), input: Some(input) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.input.take());
        if let Some(child) = self.child.take() {
            end(child);
        }
    }
}

fn start(program: &Path, arguments: &[&str]) -> io::Result<(Child, ChildStdin)> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    // As with drivers: Ctrl-C is not meant for it; it ends with its client.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn()?;
    match child.stdin.take() {
        Some(input) => Ok((child, input)),
        None => Err(io::Error::other("no pipe")),
    }
}

/// Ends it without waiting for one that does not let itself be ended.
fn end(mut child: Child) {
    let _ = child.kill();
    std::thread::spawn(move || child.wait());
}
