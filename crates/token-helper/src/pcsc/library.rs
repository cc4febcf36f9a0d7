//! The smart card service's own interface (winscard.h), loaded when it is needed: a machine without it has no readers, and nothing
//! of ours fails to start because of that.

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr;
use token_helper::readers::State;

/// The integers of winscard.h: as wide as a `long` with pcsc-lite on Unix systems, 32 bits on Windows and macOS.
#[cfg(not(any(windows, target_os = "macos")))]
mod integers {
    pub(super) type Word = std::ffi::c_ulong;
    pub(super) type Status = std::ffi::c_long;
    pub(super) type Context = std::ffi::c_long;
}
#[cfg(target_os = "macos")]
mod integers {
    pub(super) type Word = u32;
    pub(super) type Status = i32;
    pub(super) type Context = i32;
}
#[cfg(windows)]
mod integers {
    pub(super) type Word = u32;
    pub(super) type Status = i32;
    pub(super) type Context = usize;
}
use integers::{Context, Status, Word};

/// Longest answer to reset; Windows keeps room for three bytes more.
const ATR: usize = if cfg!(windows) { 36 } else { 33 };

#[cfg(target_os = "macos")]
const LIBRARIES: &[&str] = &["/System/Library/Frameworks/PCSC.framework/PCSC"];
#[cfg(windows)]
const LIBRARIES: &[&str] = &["winscard.dll"];
#[cfg(not(any(windows, target_os = "macos")))]
const LIBRARIES: &[&str] = &["libpcsclite.so.1", "libpcsclite_real.so.1"];

/// The functions that take names have a letter for their kind of text on Windows.
const LETTER: &str = if cfg!(windows) { "A" } else { "" };

/// What a reader calls itself that stands for "a reader comes or goes".
const ANY_READER: &CStr = c"\\\\?PnP?\\Notification";

// States of a reader.
pub(super) const PRESENT: u32 = 0x20;
pub(super) const EXCLUSIVE: u32 = 0x80;
pub(super) const MUTE: u32 = 0x200;
const UNKNOWN: u32 = 0x4;
const CHANGED: u32 = 0x2;

// Errors that mean something to us.
pub(super) const NO_SERVICE: u32 = 0x8010_001D;
pub(super) const SERVICE_STOPPED: u32 = 0x8010_001E;
pub(super) const COMM_ERROR: u32 = 0x8010_0013;
pub(super) const SECURITY_VIOLATION: u32 = 0x8010_006A;
pub(super) const NO_ACCESS: u32 = 0x8010_0027;
const NO_READERS: u32 = 0x8010_002E;
const TIMEOUT: u32 = 0x8010_000A;
const UNKNOWN_READER: u32 = 0x8010_0009;
const INSUFFICIENT_BUFFER: u32 = 0x8010_0008;

const SCOPE_SYSTEM: Word = 2;
/// Longest wait inside the service, milliseconds. Not for ever: pcscd does not tell everything on all systems.
const WAIT: Word = 60_000;
/// And where it cannot tell of new readers at all.
const WAIT_SHORT: Word = 2_000;
/// Most readers asked about; the service has room for 16.
const MOST: usize = 64;

/// An error of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) code: u32,
}

impl Failure {
    /// As winscard.h calls it.
    pub(super) fn name(self) -> String {
        let known = match self.code {
            0x8010_0001 => "SCARD_F_INTERNAL_ERROR",
            0x8010_0002 => "SCARD_E_CANCELLED",
            0x8010_0003 => "SCARD_E_INVALID_HANDLE",
            0x8010_0004 => "SCARD_E_INVALID_PARAMETER",
            0x8010_0006 => "SCARD_E_NO_MEMORY",
            UNKNOWN_READER => "SCARD_E_UNKNOWN_READER",
            COMM_ERROR => "SCARD_F_COMM_ERROR",
            0x8010_0014 => "SCARD_F_UNKNOWN_ERROR",
            NO_SERVICE => "SCARD_E_NO_SERVICE",
            SERVICE_STOPPED => "SCARD_E_SERVICE_STOPPED",
            0x8010_001F => "SCARD_E_UNSUPPORTED_FEATURE",
            NO_ACCESS => "SCARD_E_NO_ACCESS",
            NO_READERS => "SCARD_E_NO_READERS_AVAILABLE",
            0x8010_002F => "SCARD_E_COMM_DATA_LOST",
            0x8010_0031 => "SCARD_E_SERVER_TOO_BUSY",
            SECURITY_VIOLATION => "SCARD_W_SECURITY_VIOLATION",
            _ => return format!("0x{:08X}", self.code),
        };
        known.to_owned()
    }
}

#[cfg_attr(target_os = "macos", repr(C, packed))]
#[cfg_attr(not(target_os = "macos"), repr(C))]
struct ReaderState {
    reader: *const c_char,
    user_data: *mut c_void,
    current: Word,
    event: Word,
    atr_length: Word,
    atr: [u8; ATR],
}

type Establish = unsafe extern "system" fn(Word, *const c_void, *const c_void, *mut Context) -> Status;
type Release = unsafe extern "system" fn(Context) -> Status;
type List = unsafe extern "system" fn(Context, *const c_char, *mut c_char, *mut Word) -> Status;
type Change = unsafe extern "system" fn(Context, Word, *mut ReaderState, Word) -> Status;

/// The library.
pub(super) struct Library {
    establish: Establish,
    release: Release,
    list: List,
    change: Change,
    /// Last: what the functions lie in.
    _library: libloading::Library,
}

/// A reader as it stands.
pub(super) struct Found {
    pub(super) name: CString,
    pub(super) atr: Vec<u8>,
    event: Word,
}

impl Found {
    /// Whether a state bit is set.
    pub(super) fn is(&self, state: u32) -> bool {
        self.event as u32 & state != 0
    }
}

#[allow(unsafe_code, reason = "the interface of a C library")]
impl Library {
    /// Loads it, or says why not.
    pub(super) fn load() -> Result<Library, String> {
        let mut reason = String::new();
        for name in LIBRARIES {
            // SAFETY: the system's own library, from where the system's loader looks for it; its initialisers are trusted as those
            // of any system library are.
            match unsafe { libloading::Library::new(name) } {
                Ok(library) => return Library::with(library).map_err(|error| error.to_string()),
                Err(error) => reason = error.to_string(),
            }
        }
        Err(reason)
    }

    fn with(library: libloading::Library) -> Result<Library, libloading::Error> {
        let named = |name: &str| format!("{name}{LETTER}\0").into_bytes();
        // SAFETY: the types are those of winscard.h for this system; the library lives as long as the pointers.
        unsafe {
            Ok(Library {
                establish: *library.get::<Establish>(b"SCardEstablishContext\0")?,
                release: *library.get::<Release>(b"SCardReleaseContext\0")?,
                list: *library.get::<List>(&named("SCardListReaders"))?,
                change: *library.get::<Change>(&named("SCardGetStatusChange"))?,
                _library: library,
            })
        }
    }

    /// A connection to the service.
    pub(super) fn open(&self) -> Result<Session<'_>, Failure> {
        let mut context: Context = 0;
        // SAFETY: no reserved parameters; the context is ours to write.
        check(unsafe { (self.establish)(SCOPE_SYSTEM, ptr::null(), ptr::null(), &mut context) })?;
        Ok(Session { library: self, context })
    }
}

/// An open connection.
pub(super) struct Session<'a> {
    library: &'a Library,
    context: Context,
}

#[allow(unsafe_code, reason = "the interface of a C library")]
impl Session<'_> {
    /// The names of all readers.
    pub(super) fn readers(&self) -> Result<Vec<CString>, Failure> {
        // A reader may come between the two calls.
        for _ in 0..3 {
            let mut length: Word = 0;
            // SAFETY: without a buffer only the length is written.
            let sized = check(unsafe { (self.library.list)(self.context, ptr::null(), ptr::null_mut(), &mut length) });
            match sized {
                Err(Failure { code: NO_READERS }) => return Ok(Vec::new()),
                other => other?,
            }
            let mut names = vec![0u8; (length as usize).min(64 * 1024)];
            length = names.len() as Word;
            // SAFETY: the buffer is as long as it is said to be.
            let listed =
                unsafe { (self.library.list)(self.context, ptr::null(), names.as_mut_ptr().cast(), &mut length) };
            match check(listed) {
                Err(Failure { code: NO_READERS }) => return Ok(Vec::new()),
                Err(Failure { code: INSUFFICIENT_BUFFER }) => continue,
                other => other?,
            }
            names.truncate(length as usize);
            let each = names.split(|byte| *byte == 0).filter(|name| !name.is_empty()).take(MOST);
            return Ok(each.filter_map(|name| CString::new(name).ok()).collect());
        }
        Err(Failure { code: INSUFFICIENT_BUFFER })
    }

    /// How these readers stand.
    pub(super) fn states(&self, names: &[CString]) -> Result<Vec<Found>, Failure> {
        let mut states: Vec<ReaderState> = names.iter().map(|name| state(name, 0)).collect();
        if !states.is_empty() {
            self.change(0, &mut states)?;
        }
        let found = names.iter().zip(&states).map(|(name, state)| {
            let (event, length, atr) = (state.event, state.atr_length as usize, state.atr);
            Found { name: name.clone(), atr: atr[..length.min(ATR)].to_vec(), event }
        });
        Ok(found.filter(|found| !found.is(UNKNOWN)).collect())
    }

    /// Waits until one of them, or the list of them, is not as it was.
    pub(super) fn wait(&self, known: &[Found]) -> Result<(), Failure> {
        let mut all: Vec<ReaderState> =
            known.iter().map(|found| state(&found.name, found.event & !(CHANGED as Word))).collect();
        // The upper half of the state of "any reader" is how many there are.
        all.push(state(ANY_READER, (known.len() as Word) << 16));
        match self.change(WAIT, &mut all) {
            Err(Failure { code: UNKNOWN_READER }) => {
                all.pop();
                self.change_or_sleep(WAIT_SHORT, &mut all)
            }
            other => other,
        }
    }

    /// Without a reader there is nothing to wait at.
    fn change_or_sleep(&self, wait: Word, states: &mut [ReaderState]) -> Result<(), Failure> {
        if states.is_empty() {
            std::thread::sleep(std::time::Duration::from_millis(u64::from(wait as u32)));
            return Ok(());
        }
        match self.change(wait, states) {
            // One of them is gone: that is a change.
            Err(Failure { code: UNKNOWN_READER }) => Ok(()),
            other => other,
        }
    }

    fn change(&self, wait: Word, states: &mut [ReaderState]) -> Result<(), Failure> {
        // SAFETY: the names outlive the call, and there are as many states as it is told.
        let status = unsafe { (self.library.change)(self.context, wait, states.as_mut_ptr(), states.len() as Word) };
        match check(status) {
            Err(Failure { code: TIMEOUT }) => Ok(()),
            other => other,
        }
    }
}

#[allow(unsafe_code, reason = "the interface of a C library")]
impl Drop for Session<'_> {
    fn drop(&mut self) {
        // SAFETY: the context is open, and is not used again.
        let _ = unsafe { (self.library.release)(self.context) };
    }
}

fn state(name: &CStr, current: Word) -> ReaderState {
    ReaderState { reader: name.as_ptr(), user_data: ptr::null_mut(), current, event: 0, atr_length: 0, atr: [0; ATR] }
}

fn check(status: Status) -> Result<(), Failure> {
    match status as u32 {
        0 => Ok(()),
        code => Err(Failure { code }),
    }
}

/// What it means that the service gives no answer. pcsc-lite says the same whether it is not there or will not have us (polkit); its
/// socket tells the two apart.
#[cfg(not(any(windows, target_os = "macos")))]
pub(super) fn without_answer() -> State {
    let socket = std::env::var_os("PCSCLITE_CSOCK_NAME").unwrap_or_else(|| "/run/pcscd/pcscd.comm".into());
    match std::os::unix::net::UnixStream::connect(socket) {
        Ok(_) => State::Denied,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => State::Denied,
        Err(_) => State::NotRunning,
    }
}

/// What it means that the service gives no answer.
#[cfg(any(windows, target_os = "macos"))]
pub(super) fn without_answer() -> State {
    State::NotRunning
}
