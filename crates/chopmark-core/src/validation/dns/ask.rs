//! One question to one name server: UDP, and TCP where the answer does not fit (RFC 1035 §4.2, RFC 7766).

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::{Duration, Instant},
};

use hickory_proto::{
    op::{Edns, Message, MessageType, Query, ResponseCode},
    rr::{Name, RData, Record, RecordType},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

/// What fits into a datagram without being cut into pieces on the way (DNS flag day 2020).
const DATAGRAM: u16 = 1232;
/// Largest datagram taken, whatever the server thinks of our limit.
const LARGEST_DATAGRAM: usize = 4096;
/// Largest answer taken over TCP; more than any of these records has.
const LARGEST_STREAM: usize = 32 * 1024;
/// A datagram may get lost: how often it is sent.
const TRIES: u32 = 2;

/// A question.
#[derive(Clone)]
pub(super) struct Question {
    pub(super) name: Name,
    pub(super) kind: RecordType,
    /// To a resolver; the servers of a zone are asked for what they have themselves.
    pub(super) recurse: bool,
    /// The resolver shall not judge signatures (CD, RFC 4035 §3.2.2).
    pub(super) unchecked: bool,
}

impl Question {
    /// To a resolver.
    pub(super) fn to_resolver(name: &Name, kind: RecordType) -> Question {
        Question { name: name.clone(), kind, recurse: true, unchecked: false }
    }

    /// To a server of the zone.
    pub(super) fn to_server(name: &Name, kind: RecordType) -> Question {
        Question { recurse: false, ..Question::to_resolver(name, kind) }
    }

    /// The same without judging signatures.
    pub(super) fn unchecked(&self) -> Question {
        Question { unchecked: true, ..self.clone() }
    }
}

/// What came back.
pub(super) enum Asked {
    /// An answer of the protocol, whatever it says.
    Reply(Box<Reply>),
    /// Nothing in time.
    Timeout,
    /// No way to the server, or nobody listens there.
    Unreachable,
    /// Something that is not an answer.
    Garbled,
}

/// An answer.
pub(super) struct Reply {
    pub(super) code: ResponseCode,
    pub(super) authoritative: bool,
    pub(super) answers: Vec<Record>,
    pub(super) authorities: Vec<Record>,
}

impl Reply {
    /// Seconds that this "no" is remembered (RFC 2308 §5), and the zone that says it.
    pub(super) fn denial(&self) -> Option<(&Name, u32)> {
        self.authorities.iter().find_map(|record| match &record.data {
            RData::SOA(soa) => Some((&record.name, record.ttl.min(soa.minimum))),
            _ => None,
        })
    }
}

impl Asked {
    /// The answer, if there is one.
    pub(super) fn reply(&self) -> Option<&Reply> {
        match self {
            Asked::Reply(reply) => Some(reply),
            _ => None,
        }
    }
}

/// Asks, and says how long it took. Never longer than `limit`.
pub(super) async fn ask(server: SocketAddr, question: &Question, limit: Duration) -> (Asked, Duration) {
    let started = Instant::now();
    let asked = match timeout(limit, exchange(server, question, limit / TRIES)).await {
        Err(_) => Asked::Timeout,
        Ok(Ok(asked)) => asked,
        Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut => Asked::Timeout,
        Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => Asked::Garbled,
        Ok(Err(_)) => Asked::Unreachable,
    };
    (asked, started.elapsed())
}

async fn exchange(server: SocketAddr, question: &Question, patience: Duration) -> io::Result<Asked> {
    let message = message(question);
    let bytes = message.to_vec().map_err(io::Error::other)?;
    let reply = over_udp(server, &message, &bytes, patience).await?;
    let reply = if reply.metadata.truncation { over_tcp(server, &message, &bytes).await? } else { reply };
    Ok(Asked::Reply(Box::new(Reply {
        code: reply.metadata.response_code,
        authoritative: reply.metadata.authoritative,
        answers: reply.answers,
        authorities: reply.authorities,
    })))
}

fn message(question: &Question) -> Message {
    let mut message = Message::query();
    message.metadata.recursion_desired = question.recurse;
    message.metadata.checking_disabled = question.unchecked;
    message.add_query(Query::query(question.name.clone(), question.kind));
    let mut edns = Edns::new();
    edns.set_max_payload(DATAGRAM);
    message.set_edns(edns);
    message
}

async fn over_udp(server: SocketAddr, asked: &Message, bytes: &[u8], patience: Duration) -> io::Result<Message> {
    let local: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(local).await?;
    // Connected, so that only this server's datagrams come in, and "nobody listens here" does too.
    socket.connect(server).await?;
    let mut garbled = false;
    for _ in 0..TRIES {
        socket.send(bytes).await?;
        let mut buffer = [0; LARGEST_DATAGRAM];
        let answered = timeout(patience, async {
            loop {
                let length = socket.recv(&mut buffer).await?;
                match Message::from_vec(&buffer[..length]) {
                    Ok(reply) if fits(&reply, asked) => return io::Result::Ok(reply),
                    // Anybody can send a datagram: the right one may still come.
                    _ => garbled = true,
                }
            }
        });
        if let Ok(reply) = answered.await {
            return reply;
        }
    }
    Err(if garbled { io::ErrorKind::InvalidData } else { io::ErrorKind::TimedOut }.into())
}

async fn over_tcp(server: SocketAddr, asked: &Message, bytes: &[u8]) -> io::Result<Message> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), bytes].concat()).await?;
    let length = usize::from(stream.read_u16().await?);
    if length > LARGEST_STREAM {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut buffer = vec![0; length];
    stream.read_exact(&mut buffer).await?;
    match Message::from_vec(&buffer) {
        Ok(reply) if fits(&reply, asked) => Ok(reply),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Is it the answer to our question?
fn fits(reply: &Message, asked: &Message) -> bool {
    let same_question = reply.queries == asked.queries
        // A server that cannot make sense of a question need not repeat it.
        || (reply.queries.is_empty() && reply.metadata.response_code != ResponseCode::NoError);
    reply.metadata.id == asked.metadata.id && reply.metadata.message_type == MessageType::Response && same_question
}
