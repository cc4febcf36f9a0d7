//! Tells when something is plugged in or pulled out, without asking any driver: one that holds a session may lose it by being asked.

use std::{path::PathBuf, time::Duration};

use futures_util::StreamExt;
use token_helper::readers::Watch;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinHandle,
    time::timeout,
};

/// Keys show themselves by USB first and as readers a moment later: changes that follow each other this closely are one.
const QUIET: Duration = Duration::from_millis(400);
/// But nobody waits longer than this for the end of them.
const MOST_AT_ONCE: u32 = 10;

/// Tells of changes until it is dropped. Keeps neither the program nor a runtime from ending.
#[derive(Debug)]
pub struct PluggedWatch {
    changes: UnboundedReceiver<()>,
    usb: JoinHandle<()>,
    _readers: Option<Watch>,
}

impl PluggedWatch {
    /// Starts watching USB and, through the helper program, the smart card service. Needs a runtime.
    pub(crate) fn start(program: Option<PathBuf>) -> PluggedWatch {
        let (told, changes) = unbounded_channel();
        let usb = tokio::spawn(usb(told.clone()));
        let readers = program.and_then(|program| {
            let mut first = true;
            // How things stand at the beginning is no change.
            let changed = move |_| {
                if !std::mem::take(&mut first) {
                    let _ = told.send(());
                }
            };
            Watch::start(&program, changed).ok()
        });
        PluggedWatch { changes, usb, _readers: readers }
    }

    /// Waits for the next change; `false`: there will be none.
    pub async fn changed(&mut self) -> bool {
        if self.changes.recv().await.is_none() {
            return false;
        }
        for _ in 0..MOST_AT_ONCE {
            if timeout(QUIET, self.changes.recv()).await.is_err() {
                break;
            }
        }
        true
    }
}

impl Drop for PluggedWatch {
    fn drop(&mut self) {
        self.usb.abort();
    }
}

/// Where USB cannot be watched (a sandbox), the readers still are.
async fn usb(told: UnboundedSender<()>) {
    let Ok(mut events) = nusb::watch_devices() else { return };
    while events.next().await.is_some() {
        if told.send(()).is_err() {
            return;
        }
    }
}
