//! ISO 7816-4 framing around an applet: command chaining, GET RESPONSE, short and extended length.

use crate::platform::Client;
use anyhow::{Error, bail};
use heapless::{Vec as Bytes, VecView};
use iso7816::{Command, Status, command::CommandView};

const LONGEST: usize = 4096;
const GET_RESPONSE: u8 = 0xC0;
const SELECT: u8 = 0xA4;

/// PIV's name (NIST SP 800-73-4, part 1, §2.2), and how libykpiv shortens it.
const PIV: &[u8] = &[0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00];
const PIV_SHORT: &[u8] = &[0xA0, 0x00, 0x00, 0x03, 0x08];

/// A kind of command: INS, with P1 and P2 or without.
#[derive(Clone, Copy)]
pub(crate) struct Header {
    instruction: u8,
    parameters: Option<[u8; 2]>,
}

impl TryFrom<&[u8]> for Header {
    type Error = Error;

    fn try_from(bytes: &[u8]) -> Result<Self, Error> {
        match *bytes {
            [instruction] => Ok(Self { instruction, parameters: None }),
            [instruction, p1, p2] => Ok(Self { instruction, parameters: Some([p1, p2]) }),
            _ => bail!("neither INS nor INS P1 P2"),
        }
    }
}

pub(crate) trait Applet {
    fn handle(&mut self, command: CommandView<'_>, reply: &mut VecView<u8>) -> Result<(), Status>;

    /// Last word on what goes out.
    fn touch_up(&self, _reply: &mut Vec<u8>) {}
}

/// The parts of a command that have come, and the part of an answer that has not gone.
#[derive(Default)]
pub(crate) struct Framing {
    command: Vec<u8>,
    answer: Vec<u8>,
}

impl Framing {
    /// Whether this message is (the last part of) a command with that header.
    pub(crate) fn completes(&self, message: &[u8], header: Header) -> bool {
        match *message {
            [class, instruction, p1, p2, ..] => {
                class & 0x10 == 0
                    && instruction == header.instruction
                    && header.parameters.is_none_or(|parameters| parameters == [p1, p2])
            }
            _ => false,
        }
    }

    pub(crate) fn answer(&mut self, applet: &mut dyn Applet, message: &[u8]) -> Vec<u8> {
        let Ok(part) = Command::<LONGEST>::try_from(message) else {
            return status(Status::WrongLength);
        };
        let (class, instruction) = (message[0], message[1]);
        if instruction == GET_RESPONSE {
            return self.next_part(part.expected());
        }
        self.command.extend_from_slice(part.data());
        if class & 0x10 != 0 {
            return status(Status::Success);
        }
        let mut data = std::mem::take(&mut self.command);
        if instruction == SELECT && data == PIV_SHORT {
            data = PIV.to_vec();
        }
        let mut whole = vec![class, instruction, message[2], message[3], 0];
        if !data.is_empty() {
            whole.extend_from_slice(&(data.len() as u16).to_be_bytes());
            whole.extend_from_slice(&data);
        }
        whole.extend_from_slice(&[0, 0]);
        let Ok(command) = Command::<LONGEST>::try_from(&*whole) else {
            return status(Status::WrongLength);
        };
        let mut reply = Bytes::<u8, LONGEST>::new();
        if let Err(refusal) = applet.handle(command.as_view(), &mut reply) {
            return status(refusal);
        }
        self.answer = reply.to_vec();
        applet.touch_up(&mut self.answer);
        // Without Le libykpiv 2.2 wants data all the same: as if it had asked for 256.
        let room = if part.extended { part.expected().max(256) } else { 256 };
        self.next_part(room)
    }

    fn next_part(&mut self, room: usize) -> Vec<u8> {
        let room = if room == 0 { 256 } else { room };
        let rest = self.answer.split_off(self.answer.len().min(room));
        let mut part = std::mem::replace(&mut self.answer, rest);
        match self.answer.len() {
            0 => part.extend(status(Status::Success)),
            left => part.extend([0x61, u8::try_from(left).unwrap_or(0)]),
        }
        part
    }
}

fn status(status: Status) -> Vec<u8> {
    u16::from(status).to_be_bytes().to_vec()
}

pub(crate) struct Piv<'a>(piv_authenticator::Authenticator<Client<'a>>);

impl<'a> Piv<'a> {
    pub(crate) fn new(client: Client<'a>) -> Self {
        Self(piv_authenticator::Authenticator::new(client, piv_authenticator::Options::default()))
    }
}

impl Applet for Piv<'_> {
    fn handle(&mut self, command: CommandView<'_>, reply: &mut VecView<u8>) -> Result<(), Status> {
        self.0.respond(command, reply)
    }
}

pub(crate) struct OpenPgp<'a> {
    card: opcard::Card<Client<'a>>,
    noext: bool,
}

impl<'a> OpenPgp<'a> {
    pub(crate) fn new(client: Client<'a>, noext: bool) -> Self {
        let mut options = opcard::Options::default();
        options.serial = [0x43, 0x48, 0x4F, 0x50];
        Self { card: opcard::Card::new(client, options), noext }
    }
}

impl Applet for OpenPgp<'_> {
    fn handle(&mut self, command: CommandView<'_>, reply: &mut VecView<u8>) -> Result<(), Status> {
        self.card.handle(command, reply)
    }

    /// OpenPGP card 3.4, §6: the third byte of the capabilities tells of extended length.
    fn touch_up(&self, reply: &mut Vec<u8>) {
        const SAYS_EXTENDED: [u8; 4] = [0x73, 0xC0, 0x01, 0x60];
        if let (true, Some(at)) = (self.noext, reply.windows(4).position(|window| window == SAYS_EXTENDED)) {
            reply[at + 3] = 0x80;
        }
    }
}
