//! The wire to vpcd: two bytes of length, then a control byte or a command.
//! <https://frankmorgner.github.io/vsmartcard/virtualsmartcard/api.html>

use crate::{After, apdu::Framing};
use anyhow::{Context, Result, bail};
use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, TcpStream},
};

/// Historical bytes with nothing but card capabilities.
pub(crate) const DEFAULT_ATR: &[u8] = &[0x3B, 0x95, 0x13, 0x81, 0x01, 0x80, 0x73, 0xFF, 0x01, 0x00, 0x0B];

pub(crate) struct Reader {
    stream: TcpStream,
    atr: Vec<u8>,
}

impl Reader {
    pub(crate) fn connect(port: u16, atr: Vec<u8>) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).with_context(|| format!("no vpcd on port {port}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, atr })
    }

    /// Answers until the card loses its power (`false`) or leaves the reader (`true`).
    pub(crate) fn until_reset(&mut self, mut command: impl FnMut(&mut Framing, &[u8]) -> After) -> Result<bool> {
        let mut framing = Framing::default();
        loop {
            let Some(message) = self.receive()? else { return Ok(true) };
            match *message {
                [0 | 2] => return Ok(false),
                [1] => {}
                [4] => {
                    let atr = self.atr.clone();
                    self.send(&atr)?;
                }
                [] | [_] => bail!("vpcd says {message:02x?}"),
                _ => match command(&mut framing, &message) {
                    After::Stay(answer) => self.send(&answer)?,
                    After::Leave => return Ok(true),
                },
            }
        }
    }

    /// One message, or nothing when vpcd has ended.
    fn receive(&mut self) -> Result<Option<Vec<u8>>> {
        let mut length = [0; 2];
        match self.read(&mut length) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        let mut message = vec![0; u16::from_be_bytes(length).into()];
        self.read(&mut message)?;
        Ok(Some(message))
    }

    /// vpcd sends length and body one after the other; without this each body waits 40 ms for our acknowledgement.
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<()> {
        rustix::net::sockopt::set_tcp_quickack(&self.stream, true)?;
        self.stream.read_exact(into)
    }

    fn send(&mut self, answer: &[u8]) -> Result<()> {
        let length = u16::try_from(answer.len())?.to_be_bytes();
        self.stream.write_all(&[&length, answer].concat())?;
        Ok(())
    }
}
