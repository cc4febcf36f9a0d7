//! The smart card service in the states in which it is found without one: not running, not letting us in, hanging. That it runs,
//! with readers and cards, is seen in ring `interop`.
#![cfg(target_os = "linux")]

use std::os::unix::{fs::PermissionsExt, net::UnixListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use token_helper::readers::{Service, State, Watch, ask};

const HELPER: &str = env!("CARGO_BIN_EXE_chopmark-token-helper");

/// The helper, told another socket of the service: pcsc-lite reads it from the environment.
fn with_socket(folder: &Path, socket: &Path) -> PathBuf {
    let script = folder.join("helper");
    let text = format!("#!/bin/sh\nPCSCLITE_CSOCK_NAME='{}' exec '{HELPER}' \"$@\"\n", socket.display());
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
    script
}

/// The library itself is missing on some machines, which is an answer as well.
fn check(service: &Service, expected: State) {
    let missing = service.state == State::NotInstalled && service.detail.contains("libpcsclite");
    if missing {
        eprintln!("skipped: libpcsclite.so.1 is not installed ({expected:?})");
        return;
    }
    assert_eq!(service.state, expected, "{service:?}");
    assert!(service.readers.is_empty());
}

#[test]
fn nobody_listens() {
    let folder = tempfile::tempdir().unwrap();
    let service = ask(&with_socket(folder.path(), &folder.path().join("none")), Duration::from_secs(10));
    check(&service, State::NotRunning);
    if service.state == State::NotRunning {
        assert_eq!(service.detail, "SCARD_E_NO_SERVICE");
    }
}

#[test]
fn turned_away() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    // As polkit's "no" looks from here: the connection is taken and closed.
    std::thread::spawn(move || listener.incoming().for_each(drop));
    check(&ask(&with_socket(folder.path(), &socket), Duration::from_secs(10)), State::Denied);
}

#[test]
fn no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        listener.incoming().for_each(|connection| kept.push(connection));
    });
    let began = Instant::now();
    check(&ask(&with_socket(folder.path(), &socket), Duration::from_millis(800)), State::Hangs);
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[test]
fn a_program_that_says_nothing() {
    let service = ask(Path::new("/bin/true"), Duration::from_secs(5));
    assert_eq!((service.state, service.detail.contains("exit")), (State::Faulty, true), "{service:?}");
    assert_eq!(ask(Path::new("/no/such/helper"), Duration::from_secs(5)).state, State::Faulty);
}

/// The watch tells how things stand, and its helper is gone with it.
#[test]
fn ends_with_the_watch() {
    let folder = tempfile::tempdir().unwrap();
    let helper = with_socket(folder.path(), &folder.path().join("none"));
    let (told, heard) = std::sync::mpsc::channel();
    let watch = Watch::start(&helper, move |service| told.send(service).unwrap()).unwrap();
    check(&heard.recv_timeout(Duration::from_secs(10)).unwrap(), State::NotRunning);
    drop(watch);
    // The sender lives in the thread that reads from the helper.
    let ended = heard.recv_timeout(Duration::from_secs(5));
    assert_eq!(ended, Err(std::sync::mpsc::RecvTimeoutError::Disconnected));
}
