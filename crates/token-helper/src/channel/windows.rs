//! Windows: a pipe of a name that nobody knows, of which the helper gets one end as its standard input. Before a driver is
//! loaded the helper takes that end away from there.
//!
//! Not as an inheritable handle beside the standard ones: any other child that starts at the same moment would inherit it too.
//! Deliberately absent: a job object that ends the helper's own children with it. Vendors' drivers start agents that are to stay.

use super::{LAST_CALL, remaining};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::os::windows::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};
use windows_sys::Win32::Foundation::{
    ERROR_BROKEN_PIPE, ERROR_INTERNAL_ERROR, ERROR_IO_PENDING, ERROR_NO_DATA, ERROR_OPERATION_ABORTED,
    ERROR_PIPE_NOT_CONNECTED, GENERIC_READ, GENERIC_WRITE, GetLastError, HANDLE, INVALID_HANDLE_VALUE, WAIT_OBJECT_0,
};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, FILE_TYPE_PIPE, GetFileType, OPEN_EXISTING,
    PIPE_ACCESS_DUPLEX, ReadFile, WriteFile,
};
use windows_sys::Win32::System::Console::{GetStdHandle, STD_INPUT_HANDLE, SetStdHandle};
use windows_sys::Win32::System::Diagnostics::Debug::{
    SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SEM_NOOPENFILEERRORBOX, SetErrorMode,
};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::LibraryLoader::SetDllDirectoryW;
use windows_sys::Win32::System::Pipes::{
    CreateNamedPipeW, PIPE_READMODE_BYTE, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_BYTE, PIPE_WAIT, PeekNamedPipe,
};
use windows_sys::Win32::System::Threading::{
    BELOW_NORMAL_PRIORITY_CLASS, CREATE_NO_WINDOW, CreateEventW, GetCurrentProcess, INFINITE, SetPriorityClass,
    TerminateProcess, WaitForSingleObject,
};

/// How often the helper looks whether its client is still there.
const WATCH_EVERY: Duration = Duration::from_millis(100);
/// Of the system's buffer, each way. Longer messages go in parts.
const BUFFER: u32 = 64 << 10;

/// One end of the channel. A read or write past the deadline is an error of kind `TimedOut`.
#[derive(Debug)]
pub struct Channel {
    pipe: OwnedHandle,
    /// Set when a read or write is done. One at a time: there is one of these.
    done: OwnedHandle,
    deadline: Option<Instant>,
}

impl Channel {
    /// Starts the program with the other end as its standard input.
    pub fn spawn(mut command: Command) -> io::Result<(Child, Channel)> {
        let (ours, theirs) = pair()?;
        let channel = Channel::of(ours)?;
        // No console of its own flashes up, and Ctrl-C in ours does not reach it: the helper ends with its client in any case.
        command.stdin(Stdio::from(theirs)).creation_flags(CREATE_NO_WINDOW);
        let child = match command.spawn() {
            // Wine, when the new process dies as it starts because another one dies at that moment.
            Err(error) if error.raw_os_error() == Some(ERROR_INTERNAL_ERROR.cast_signed()) => command.spawn()?,
            other => other?,
        };
        // `command` goes out of scope here, and with it our copy of their end: only the helper holds it now.
        Ok((child, channel))
    }

    /// The end this process was started with. Call it once, first thing in the helper.
    #[allow(unsafe_code)]
    pub fn inherited() -> io::Result<Channel> {
        // SAFETY: plain queries; no handle is owned before it is known to be one.
        let inherited = unsafe { GetStdHandle(STD_INPUT_HANDLE) };
        if inherited.is_null()
            || inherited == INVALID_HANDLE_VALUE
            || unsafe { GetFileType(inherited) } != FILE_TYPE_PIPE
        {
            return Err(io::ErrorKind::NotFound.into());
        }
        // SAFETY: first thing in the process, so nobody else uses the handle, and it is closed once: here.
        let inherited = unsafe { OwnedHandle::from_raw_handle(inherited) };
        let pipe = inherited.try_clone()?;
        drop(inherited);
        // Who reads from standard input reads nothing. Opened at once: the number just given back is the next to be given
        // out, and a C run-time library has it in mind still.
        let nothing = std::fs::OpenOptions::new().read(true).write(true).open("NUL")?;
        // SAFETY: the handle stays open for as long as the process lives.
        unsafe { SetStdHandle(STD_INPUT_HANDLE, nothing.as_raw_handle()) };
        std::mem::forget(nothing);
        Channel::of(pipe)
    }

    fn of(pipe: OwnedHandle) -> io::Result<Channel> {
        #[allow(unsafe_code)]
        // SAFETY: no pointer is passed but null; the handle is ours alone.
        let done = unsafe { owned(CreateEventW(null(), 1, 0, null()))? };
        Ok(Channel { pipe, done, deadline: None })
    }

    /// From now on, nothing waits longer than until then.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }

    /// Ends this process as soon as the client is gone, even while a driver call never returns.
    pub fn end_with_the_client(&self) -> io::Result<()> {
        let watched = self.pipe.try_clone()?;
        std::thread::Builder::new().name("client-watch".into()).spawn(move || watch(&watched))?;
        Ok(())
    }

    /// Starts a read or write and sees to its end; what is not done in time is taken back.
    #[allow(unsafe_code)]
    fn transfer(&mut self, start: impl FnOnce(HANDLE, *mut OVERLAPPED) -> i32) -> io::Result<usize> {
        let wait = remaining(self.deadline)?
            .map_or(INFINITE, |left| u32::try_from(left.as_millis().max(1)).unwrap_or(INFINITE - 1));
        let pipe = self.pipe.as_raw_handle();
        let mut operation = OVERLAPPED { hEvent: self.done.as_raw_handle(), ..OVERLAPPED::default() };
        let mut count = 0;
        // SAFETY: the operation and the caller's buffer outlive it, for nothing returns from here before it is over: after a
        // wait that failed it is cancelled, and `GetOverlappedResult` waits for the end of that.
        unsafe {
            if start(pipe, &raw mut operation) == 0 {
                if GetLastError() != ERROR_IO_PENDING {
                    return Err(io::Error::last_os_error());
                }
                if WaitForSingleObject(self.done.as_raw_handle(), wait) != WAIT_OBJECT_0 {
                    CancelIoEx(pipe, &raw const operation);
                }
            }
            if GetOverlappedResult(pipe, &raw const operation, &raw mut count, 1) == 0 {
                return Err(match GetLastError() {
                    ERROR_OPERATION_ABORTED => io::ErrorKind::TimedOut.into(),
                    _ => io::Error::last_os_error(),
                });
            }
        }
        Ok(count as usize)
    }
}

/// Both ends of a new pipe; neither can be inherited.
#[allow(unsafe_code)]
fn pair() -> io::Result<(OwnedHandle, OwnedHandle)> {
    // Random: std seeds it from the system. Somebody who takes the name first makes the creation fail, no more.
    let name = format!(r"\\.\pipe\chopmark-{}-{:016x}", std::process::id(), RandomState::new().hash_one(0));
    let name: Vec<u16> = name.encode_utf16().chain([0]).collect();
    let open = PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE | FILE_FLAG_OVERLAPPED;
    let mode = PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;
    // SAFETY: the name ends with a zero and outlives both calls; the handles are ours alone.
    unsafe {
        let ours = owned(CreateNamedPipeW(name.as_ptr(), open, mode, 1, BUFFER, BUFFER, 0, null()))?;
        let access = GENERIC_READ | GENERIC_WRITE;
        let theirs = CreateFileW(name.as_ptr(), access, 0, null(), OPEN_EXISTING, FILE_FLAG_OVERLAPPED, null_mut());
        Ok((ours, owned(theirs)?))
    }
}

/// # Safety
/// The handle is a new one that nobody else closes, or one of the two values that say "none".
#[allow(unsafe_code)]
unsafe fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle.is_null() || handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: see above.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

#[allow(unsafe_code)]
fn watch(pipe: &OwnedHandle) {
    loop {
        std::thread::sleep(WATCH_EVERY);
        // SAFETY: nothing is read, so no buffer is needed; a handle that a driver has closed is an error like others.
        let there = unsafe { PeekNamedPipe(pipe.as_raw_handle(), null_mut(), 0, null_mut(), null_mut(), null_mut()) };
        if there != 0 {
            continue;
        }
        // SAFETY: asks for the thread's own last error.
        if !matches!(unsafe { GetLastError() }, ERROR_BROKEN_PIPE | ERROR_PIPE_NOT_CONNECTED | ERROR_NO_DATA) {
            return;
        }
        // The call under way may end; with its answer the helper ends by itself.
        std::thread::sleep(LAST_CALL);
        // Not `exit`: it would tell the driver, which can hang like in any other of its code.
        // SAFETY: ends this process, nothing is used afterwards.
        unsafe { TerminateProcess(GetCurrentProcess(), super::EXIT_CHANNEL_LOST as u32) };
    }
}

impl Read for Channel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
        #[allow(unsafe_code)]
        // SAFETY: the buffer is as long as said, and `transfer` returns only when the read is over.
        let read = self
            .transfer(|pipe, operation| unsafe { ReadFile(pipe, buffer.as_mut_ptr(), size, null_mut(), operation) });
        match read {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
            other => other,
        }
    }
}

impl Write for Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        #[allow(unsafe_code)]
        // SAFETY: as above.
        self.transfer(|pipe, operation| unsafe { WriteFile(pipe, bytes.as_ptr(), size, null_mut(), operation) })
    }

    /// Not `FlushFileBuffers`: it waits until the other side has read.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// No error report, which would hold what this process holds, a PIN too; and no window that asks whether to send one while
/// the client waits.
pub fn forbid_core_dumps() -> io::Result<()> {
    #[allow(unsafe_code)]
    // SAFETY: sets flags of this process.
    unsafe {
        SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX)
    };
    Ok(())
}

/// The exception that ended a process: its code has the two uppermost bits set (`STATUS_SEVERITY_ERROR`).
pub fn ending_signal(status: ExitStatus) -> Option<i32> {
    status.code().filter(|code| *code as u32 >= 0xC000_0000)
}

/// Vendors put what their driver needs into its folder, where Windows does not look by itself.
pub fn find_libraries_beside(driver: &Path) {
    let Some(folder) = driver.parent().filter(|folder| folder.is_absolute()) else { return };
    let folder: Vec<u16> = folder.as_os_str().encode_wide().chain([0]).collect();
    #[allow(unsafe_code)]
    // SAFETY: ends with a zero, and is copied by the call.
    unsafe {
        SetDllDirectoryW(folder.as_ptr())
    };
}

/// Here a process inherits the handles it is given, and no other.
pub fn close_what_was_inherited() {}

/// Lets this process wait for others: looking at many drivers at once must not make the window stand still.
#[allow(unsafe_code)]
pub fn stay_in_the_background() {
    // SAFETY: takes a number. That it may be refused does no harm.
    unsafe { SetPriorityClass(GetCurrentProcess(), BELOW_NORMAL_PRIORITY_CLASS) };
}
