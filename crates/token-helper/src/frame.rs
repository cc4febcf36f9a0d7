//! Frames: a length of four bytes (big endian) and the message as JSON. The PIN is a frame of its own, raw.

use crate::error::HelperError;
use crate::wire::{Pin, PrivateKey};
use serde::{Serialize, de::DeserializeOwned};
use std::io::{self, Read, Write};
use zeroize::Zeroizing;

/// Above this nothing is sent, and nothing allocated: a driver can write into our channel.
pub const MESSAGE_LIMIT: usize = 4 << 20;

/// No token takes a PIN near this.
pub const PIN_LIMIT: usize = 1024;

/// An RSA key of 8192 bits takes 5 kB.
pub const KEY_LIMIT: usize = 16 << 10;

/// What can go wrong with a frame.
#[derive(Debug)]
pub enum FrameError {
    /// The channel itself: end of file, deadline, closed.
    Channel(io::Error),
    /// A frame above the limit, not read or not sent.
    TooLarge {
        /// The announced size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// Not the JSON that was expected.
    Malformed(String),
}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> Self {
        FrameError::Channel(error)
    }
}

impl From<FrameError> for HelperError {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Channel(error) => HelperError::Protocol(error.to_string()),
            FrameError::TooLarge { size, limit } => HelperError::TooLarge { size, limit },
            FrameError::Malformed(detail) => HelperError::Protocol(detail),
        }
    }
}

/// Sends one message. A message above the limit is refused before a byte of it is sent, so the channel stays usable.
pub fn send<T: Serialize>(channel: &mut impl Write, message: &T) -> Result<(), FrameError> {
    let body = serde_json::to_vec(message).map_err(|error| FrameError::Malformed(error.to_string()))?;
    let mut frame = Vec::with_capacity(4 + body.len());
    frame.extend_from_slice(&length(body.len(), MESSAGE_LIMIT)?);
    frame.extend_from_slice(&body);
    channel.write_all(&frame)?;
    Ok(channel.flush()?)
}

/// Receives one message.
pub fn receive<T: DeserializeOwned>(channel: &mut impl Read) -> Result<T, FrameError> {
    let body = receive_bytes(channel, MESSAGE_LIMIT)?;
    serde_json::from_slice(&body).map_err(|error| FrameError::Malformed(error.to_string()))
}

/// Sends the PIN from where it is: no copy of it is made on the way.
pub fn send_pin(channel: &mut impl Write, pin: &Pin) -> Result<(), FrameError> {
    send_secret(channel, pin.expose(), PIN_LIMIT)
}

/// Sends a private key from where it is.
pub fn send_key(channel: &mut impl Write, key: &PrivateKey) -> Result<(), FrameError> {
    send_secret(channel, key.expose(), KEY_LIMIT)
}

fn send_secret(channel: &mut impl Write, secret: &[u8], limit: usize) -> Result<(), FrameError> {
    channel.write_all(&length(secret.len(), limit)?)?;
    channel.write_all(secret)?;
    Ok(channel.flush()?)
}

/// Receives a PIN into memory that is wiped.
pub fn receive_pin(channel: &mut impl Read) -> Result<Pin, FrameError> {
    Ok(Pin::new(receive_bytes(channel, PIN_LIMIT)?))
}

/// Receives a private key into memory that is wiped.
pub fn receive_key(channel: &mut impl Read) -> Result<PrivateKey, FrameError> {
    Ok(PrivateKey::new(receive_bytes(channel, KEY_LIMIT)?))
}

fn length(size: usize, limit: usize) -> Result<[u8; 4], FrameError> {
    match u32::try_from(size) {
        Ok(announced) if size <= limit => Ok(announced.to_be_bytes()),
        _ => Err(FrameError::TooLarge { size: size as u64, limit: limit as u64 }),
    }
}

/// One allocation of the right size: growing a buffer would leave unwiped copies of a PIN behind.
fn receive_bytes(channel: &mut impl Read, limit: usize) -> Result<Zeroizing<Vec<u8>>, FrameError> {
    let mut announced = [0; 4];
    channel.read_exact(&mut announced)?;
    let size = u32::from_be_bytes(announced);
    if u64::from(size) > limit as u64 {
        return Err(FrameError::TooLarge { size: size.into(), limit: limit as u64 });
    }
    let mut body = Zeroizing::new(vec![0; size as usize]);
    channel.read_exact(&mut body)?;
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Answer, Key, Reply, Request, TokenSelector};

    #[test]
    fn a_message_comes_back_as_it_went() {
        let key = Key {
            key_id: vec![1, 2],
            label: "é".into(),
            kind: None,
            public_key: Some(vec![0xff]),
            sensitive: None,
            extractable: Some(false),
        };
        let mut sent = Vec::new();
        send::<Reply>(&mut sent, &Ok(Answer::Key(Some(key.clone())))).unwrap();
        match receive::<Reply>(&mut sent.as_slice()).unwrap() {
            Ok(Answer::Key(Some(received))) => assert_eq!(received, key),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_error_survives_the_way() {
        let error = HelperError::Pkcs11 { call: "C_Sign".into(), rv: 0x8000_0001, name: "CKR_VENDOR_DEFINED".into() };
        let mut sent = Vec::new();
        send::<Reply>(&mut sent, &Err(error.clone())).unwrap();
        assert_eq!(receive::<Reply>(&mut sent.as_slice()).unwrap().unwrap_err(), error);
    }

    #[test]
    fn an_announced_giant_is_refused_before_it_is_allocated() {
        let mut garbage: &[u8] = b"\xff\xff\xff\xffgarbage";
        assert!(matches!(receive::<Reply>(&mut garbage), Err(FrameError::TooLarge { size: 0xffff_ffff, .. })));
        let mut sent = Vec::new();
        let data = vec![0; MESSAGE_LIMIT];
        let request = Request::DeleteCertificate { certificate: data };
        assert!(matches!(send(&mut sent, &request), Err(FrameError::TooLarge { .. })));
        assert!(sent.is_empty(), "nothing of it may be on the channel");
    }

    #[test]
    fn a_cut_frame_and_a_frame_of_garbage_are_errors() {
        assert!(matches!(receive::<Reply>(&mut &b"\0\0\0\x09{\"Ok"[..]), Err(FrameError::Channel(_))));
        assert!(matches!(receive::<Reply>(&mut &b"\0\0\0\x04abcd"[..]), Err(FrameError::Malformed(_))));
    }

    #[test]
    fn the_pin_is_a_raw_frame_and_in_no_message() {
        let pin = Pin::new(Zeroizing::new(b"1234-secret".to_vec()));
        let mut sent = Vec::new();
        send(&mut sent, &Request::Open { token: TokenSelector::default(), pin_follows: true }).unwrap();
        let message = sent.len();
        send_pin(&mut sent, &pin).unwrap();
        assert!(!sent[..message].windows(4).any(|part| part == b"1234"));
        let mut rest = &sent[message..];
        assert_eq!(receive_pin(&mut rest).unwrap().expose(), pin.expose());
        let long = Pin::new(Zeroizing::new(vec![b'1'; PIN_LIMIT + 1]));
        assert!(matches!(send_pin(&mut Vec::new(), &long), Err(FrameError::TooLarge { .. })));
    }
}
