//! The console's own look at a domain: one question to one name server, one to the web server, no redirect.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use hickory_proto::{
    op::{Message, Query},
    rr::{Name, RData, RecordType},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

use super::{ConsoleOptions, books::Auth};

const LIMIT: Duration = Duration::from_secs(2);
const FOLDER: &str = "/.well-known/pki-validation/";
const LARGEST_ANSWER: u64 = 64 * 1024;

/// Is everything there as it was asked for?
pub(super) async fn is_there(auths: &[Auth], options: &ConsoleOptions) -> bool {
    for auth in auths {
        let found = match &*auth.kind {
            "FILE" => file(auth, options).await,
            kind => record(auth, kind, options).await,
        };
        if !found {
            return false;
        }
    }
    !auths.is_empty()
}

async fn record(auth: &Auth, kind: &str, options: &ConsoleOptions) -> bool {
    let name = format!("{}.{}.", auth.key, auth.domain.trim_start_matches("*."));
    let kind = if kind == "DNS_TXT" { RecordType::TXT } else { RecordType::CNAME };
    let found = ask(&name, kind, options.dns).await;
    found.iter().any(|data| match data {
        RData::CNAME(target) => {
            target.0.to_ascii().trim_end_matches('.').eq_ignore_ascii_case(auth.value.trim_end_matches('.'))
        }
        RData::TXT(text) => text.txt_data.concat() == auth.value.as_bytes(),
        _ => false,
    })
}

async fn file(auth: &Auth, options: &ConsoleOptions) -> bool {
    let addresses = ask(&format!("{}.", auth.domain), RecordType::A, options.dns).await;
    for address in addresses {
        if let RData::A(address) = address {
            let server = SocketAddr::new(IpAddr::V4(address.0), options.http_port);
            let path = format!("{FOLDER}{}", auth.key);
            if let Ok(Ok(Some(body))) = timeout(LIMIT, get(server, &auth.domain, &path)).await {
                return body == auth.value.as_bytes();
            }
        }
    }
    false
}

async fn ask(name: &str, kind: RecordType, server: SocketAddr) -> Vec<RData> {
    let exchange = async {
        let name = Name::from_ascii(name).ok()?;
        let mut question = Message::query();
        question.metadata.recursion_desired = true;
        question.add_query(Query::query(name.clone(), kind));
        let local = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(local).await.ok()?;
        socket.connect(server).await.ok()?;
        socket.send(&question.to_vec().ok()?).await.ok()?;
        let mut buffer = [0; 4096];
        loop {
            let length = socket.recv(&mut buffer).await.ok()?;
            let Ok(answer) = Message::from_vec(&buffer[..length]) else { continue };
            if answer.metadata.id == question.metadata.id {
                return Some(answer.answers.iter().map(|record| record.data.clone()).collect());
            }
        }
    };
    timeout(LIMIT, exchange).await.ok().flatten().unwrap_or_default()
}

/// The body, if the status is 200.
async fn get(server: SocketAddr, host: &str, path: &str) -> std::io::Result<Option<Vec<u8>>> {
    let mut stream = TcpStream::connect(server).await?;
    let question = format!("GET {path} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(question.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(LARGEST_ANSWER).read_to_end(&mut answer).await?;
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let ok = head.split(' ').nth(1) == Some("200");
    Ok(ok.then(|| answer[end + 4..].to_vec()))
}
