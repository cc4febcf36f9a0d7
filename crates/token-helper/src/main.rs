//! `chopmark-token-helper DRIVER`: loads one PKCS#11 driver and does what its client asks over the inherited channel.
//! `chopmark-token-helper --readers`: tells of the smart card service instead, and loads no driver ([`token_helper::readers`]).
//!
//! Without a driver, as `chopmark-token-helper --providers`, it asks Windows' own providers of keys.
//!
//! Not for people: started from a shell it has no channel and ends at once.

mod pcsc;
mod server;

use server::{Secret, Server};
use std::path::PathBuf;
use token_helper::channel::{self, Channel, EXIT_CHANNEL_LOST};
use token_helper::frame::{self, FrameError};
use token_helper::wire::{Answer, Hello, Reply, Request, StoreOrder};

fn main() {
    // Whatever this program is to do.
    channel::close_what_was_inherited();
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|first| first == token_helper::readers::FLAG) {
        pcsc::run(&arguments);
    }
    // First of all: the channel's number must not be taken by anything this process opens itself.
    let channel = Channel::inherited();
    let (Ok(mut channel), Some(driver)) = (channel, arguments.first()) else {
        eprintln!("chopmark-token-helper is started by Chopmark, not by hand");
        std::process::exit(2);
    };
    // A helper that could leave a PIN in a core dump, or outlive its client, had better not start.
    if channel::forbid_core_dumps().is_err() || channel.end_with_the_client().is_err() {
        std::process::exit(3);
    }
    if frame::send(&mut channel, &Hello::ours()).is_ok() {
        serve(&mut channel, &mut Server::new(PathBuf::from(driver)));
    }
    // No drop, no return from main: the channel may be closed or be another file by now.
    std::process::exit(EXIT_CHANNEL_LOST);
}

/// Answers until the channel is gone; ends the process itself after a goodbye.
fn serve(channel: &mut Channel, server: &mut Server) {
    loop {
        let Ok(request) = frame::receive::<Request>(channel) else { return };
        if matches!(request, Request::Goodbye) {
            server.finalize();
            let _ = frame::send::<Reply>(channel, &Ok(Answer::Bye));
            std::process::exit(0);
        }
        let secret = match &request {
            Request::Open { pin_follows: true, .. } | Request::OpenAsOfficer { .. } => {
                frame::receive_pin(channel).map(Secret::Pin)
            }
            Request::InitToken { .. } => frame::receive_pin(channel).map(Secret::Pin),
            Request::SetUserPin { .. } | Request::ChangePin { .. } => two_pins(channel),
            Request::ImportKey { .. } | Request::Store { order: StoreOrder::TakeKey { .. } } => {
                frame::receive_key(channel).map(Secret::Key)
            }
            Request::Store { order: StoreOrder::GiveKey { .. } } => frame::receive_pin(channel).map(Secret::Pin),
            _ => Ok(Secret::None),
        };
        let Ok(secret) = secret else { return };
        let reply = server.answer(request, secret);
        let sent = match frame::send(channel, &reply) {
            // The token holds more than a message can: say so instead of going silent.
            Err(error @ FrameError::TooLarge { .. }) => frame::send::<Reply>(channel, &Err(error.into())),
            other => other,
        };
        let key = server.key_that_follows();
        if sent.is_err() || key.is_some_and(|key| frame::send_key(channel, &key).is_err()) {
            return;
        }
    }
}

fn two_pins(channel: &mut Channel) -> Result<Secret, FrameError> {
    Ok(Secret::Pins(frame::receive_pin(channel)?, frame::receive_pin(channel)?))
}
