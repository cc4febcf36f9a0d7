//! The smart card service of Linux, asked over its own socket (pcsc-lite's `winscard_msg.h`, protocol 4): which readers there are
//! and what is in them, as `SCardGetStatusChange` would say. Its library is not loaded: it may be missing, which is a finding, and
//! whoever hangs in it hangs for good. No card is opened.

use std::{
    io::{ErrorKind, Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};

use crate::drivers::{
    Roots,
    facts::{Reader, ReaderService, ServiceState},
};

/// Where it listens, and the variable that names another place.
const SOCKET: &str = "/run/pcscd/pcscd.comm";
const SOCKET_VARIABLE: &str = "pcsclite_csock_name";
/// Its program, where packages put it.
const PROGRAMS: [&str; 4] =
    ["/usr/sbin/pcscd", "/usr/bin/pcscd", "/usr/local/sbin/pcscd", "/run/current-system/sw/bin/pcscd"];
/// Longest wait for a word, and for all of it.
const WORD: Duration = Duration::from_secs(2);
const ALL: Duration = Duration::from_secs(3);

const CMD_VERSION: u32 = 0x11;
const CMD_GET_READERS_STATE: u32 = 0x12;
const VERSION: (u32, u32) = (4, 4);
/// `PCSCLITE_MAX_READERS_CONTEXTS` entries of name (128), counter, state, sharing, ATR (33, padded to 36), its length.
const READERS: usize = 16;
const ENTRY: usize = 180;
const PRESENT: u32 = 0x0004;
const EXCLUSIVE: u32 = u32::MAX;

/// The service and its readers.
pub(crate) fn reader_service(roots: &Roots) -> Option<ReaderService> {
    let named = roots.variables.get(SOCKET_VARIABLE).map(PathBuf::from);
    let socket = named.unwrap_or_else(|| roots.path(SOCKET));
    let installed = PROGRAMS.iter().any(|program| roots.path(program).is_file());
    Some(ask(&socket, installed))
}

fn ask(socket: &Path, installed: bool) -> ReaderService {
    let (answer, answered) = mpsc::channel();
    let path = socket.to_owned();
    // Connecting alone may block for ever when nobody accepts.
    std::thread::spawn(move || answer.send(talk(&path)));
    let failed = match answered.recv_timeout(ALL) {
        Ok(Ok(readers)) => return ReaderService { state: ServiceState::Running, detail: String::new(), readers },
        Ok(Err(error)) => error,
        Err(_) => std::io::Error::from(ErrorKind::TimedOut),
    };
    let state = match failed.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused if installed => ServiceState::NotRunning,
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => ServiceState::NotInstalled,
        // It hangs up at once on whom polkit does not let in.
        ErrorKind::PermissionDenied | ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => {
            ServiceState::Denied
        }
        ErrorKind::TimedOut | ErrorKind::WouldBlock => ServiceState::Hangs,
        _ => ServiceState::Faulty,
    };
    ReaderService { state, detail: failed.to_string(), readers: Vec::new() }
}

fn talk(socket: &Path) -> std::io::Result<Vec<Reader>> {
    // A newer service says which version it wants.
    let (theirs, stream) = greet(socket, VERSION)?;
    let mut stream = match stream {
        Some(stream) => stream,
        None => greet(socket, theirs)?.1.ok_or_else(|| std::io::Error::other(format!("protocol {theirs:?}")))?,
    };
    send(&mut stream, CMD_GET_READERS_STATE, &[])?;
    let mut states = vec![0; READERS * ENTRY];
    stream.read_exact(&mut states)?;
    Ok(states.chunks_exact(ENTRY).filter_map(reader).collect())
}

/// Its version, and the connection when it takes ours.
fn greet(socket: &Path, (major, minor): (u32, u32)) -> std::io::Result<((u32, u32), Option<UnixStream>)> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(WORD))?;
    stream.set_write_timeout(Some(WORD))?;
    let ours = [major, minor, 0].map(u32::to_ne_bytes).concat();
    send(&mut stream, CMD_VERSION, &ours)?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    let theirs = (number(&answer, 0), number(&answer, 4));
    Ok((theirs, (number(&answer, 8) == 0).then_some(stream)))
}

/// A header of size and command, then the body.
fn send(stream: &mut UnixStream, command: u32, body: &[u8]) -> std::io::Result<()> {
    let size = u32::try_from(body.len()).unwrap_or_default();
    let header = [size, command].map(u32::to_ne_bytes).concat();
    stream.write_all(&[&header, body].concat())
}

fn number(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_ne_bytes)
}

/// `None`: an empty place.
fn reader(entry: &[u8]) -> Option<Reader> {
    let name = entry[..128].split(|byte| *byte == 0).next().filter(|name| !name.is_empty())?;
    let (state, sharing, length) = (number(entry, 132), number(entry, 136), number(entry, 176) as usize);
    let card = state & PRESENT != 0;
    let atr = entry[140..173].iter().take(length.min(33)).map(|byte| format!("{byte:02X}"));
    Some(Reader {
        name: String::from_utf8_lossy(name).into_owned(),
        card,
        mute: card && length == 0,
        exclusive: sharing == EXCLUSIVE,
        atr: if card { atr.collect() } else { String::new() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    fn entry(name: &str, state: u32, sharing: u32, atr: &[u8]) -> Vec<u8> {
        let mut entry = vec![0; ENTRY];
        entry[..name.len()].copy_from_slice(name.as_bytes());
        entry[132..136].copy_from_slice(&state.to_ne_bytes());
        entry[136..140].copy_from_slice(&sharing.to_ne_bytes());
        entry[140..140 + atr.len()].copy_from_slice(atr);
        entry[176..].copy_from_slice(&(atr.len() as u32).to_ne_bytes());
        entry
    }

    /// A service that speaks protocol 4.5, and no other.
    fn serve(listener: &UnixListener, states: &[u8]) {
        for stream in listener.incoming().take(2) {
            let mut stream = stream.unwrap();
            let mut hello = [0; 20];
            stream.read_exact(&mut hello).unwrap();
            let fits = (number(&hello, 8), number(&hello, 12)) == (4, 5);
            let rv: u32 = if fits { 0 } else { 0x8010_001D };
            stream.write_all(&[4, 5, rv].map(u32::to_ne_bytes).concat()).unwrap();
            if fits {
                stream.read_exact(&mut [0; 8]).unwrap();
                stream.write_all(states).unwrap();
            }
        }
    }

    #[test]
    fn readers_and_cards() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("comm");
        let listener = UnixListener::bind(&socket).unwrap();
        let mut states = [
            entry("ACS ACR38", 0x34, 0, &[0x3b, 0x00]),
            entry("Empty", 0x2, 0, &[]),
            entry("Mute", 0xc, 0, &[]),
            entry("Held", 0x34, u32::MAX, &[0x3b; 33]),
        ]
        .concat();
        states.resize(READERS * ENTRY, 0);
        let service = std::thread::spawn(move || serve(&listener, &states));
        let found = ask(&socket, true);
        service.join().unwrap();
        assert_eq!(found.state, ServiceState::Running, "{found:?}");
        let words: Vec<String> = found
            .readers
            .iter()
            .map(|one| format!("{} {} {} {} {}", one.name, one.card, one.mute, one.exclusive, one.atr.len()))
            .collect();
        assert_eq!(
            words,
            [
                "ACS ACR38 true false false 4",
                "Empty false false false 0",
                "Mute true true false 0",
                "Held true false true 66"
            ]
        );
        assert_eq!(found.readers[0].atr, "3B00");
    }

    #[test]
    fn services_that_do_not_answer() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        let state = |name: &str, installed| ask(&place(name), installed).state;
        assert_eq!(state("none", true), ServiceState::NotRunning);
        assert_eq!(state("none", false), ServiceState::NotInstalled);
        drop(UnixListener::bind(place("left")).unwrap());
        assert_eq!(state("left", true), ServiceState::NotRunning);
        let silent = UnixListener::bind(place("silent")).unwrap();
        assert_eq!(state("silent", true), ServiceState::Hangs);
        drop(silent);
        let shut = UnixListener::bind(place("shut")).unwrap();
        let closes = std::thread::spawn(move || drop(shut.accept()));
        assert_eq!(state("shut", true), ServiceState::Denied);
        closes.join().unwrap();
        let other = UnixListener::bind(place("other")).unwrap();
        let talks = std::thread::spawn(move || {
            for stream in other.incoming().take(2) {
                let _ = stream.unwrap().write_all(&[0xff; 64]);
            }
        });
        assert_eq!(state("other", true), ServiceState::Faulty);
        talks.join().unwrap();
    }
}
