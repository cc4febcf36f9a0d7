//! An answer to a client, at every point where a client waits for one. The first byte chooses the point, and how far the
//! harness helps the message past the checks; the rest is the message.
#![no_main]

use std::time::Duration;

use chopmark_fuzz::{
    client::{self, Client, NOW, STATES, State},
    mutate,
};
use cmp_protocol::{
    exchange::{Exchange, Reply},
    information,
    key_delivery::Envelope,
    message::{FailInfo, InfoTypeAndValue, PkiMessage},
};
use der::{
    Decode, Encode,
    asn1::{GeneralizedTime, OctetString},
};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

/// How far the harness helps.
#[derive(Clone, Copy)]
struct Help {
    protection: Protection,
    /// A header that fits, so that the body is reached.
    header: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Protection {
    /// What an attacker without the code and without the CA's key can send.
    Received,
    /// The right MAC: a CA that knows the code and sends anything at all.
    Mac,
    /// Signed by the CA.
    Signature,
}

const HELP: [Help; 5] = [
    Help { protection: Protection::Received, header: false },
    Help { protection: Protection::Mac, header: false },
    Help { protection: Protection::Mac, header: true },
    Help { protection: Protection::Signature, header: false },
    Help { protection: Protection::Signature, header: true },
];

fuzz_target!(|input: &[u8]| {
    let [choice, bytes @ ..] = input else { return };
    let choice = usize::from(*choice);
    let (state, help) = (&STATES[choice % STATES.len()], HELP[choice / STATES.len() % HELP.len()]);
    let Some(bytes) = helped(bytes, help, state) else { return };
    let mut client = state.client();
    match client.read(&bytes) {
        Err(error) => {
            let _ = error.to_string();
            assert!(client.exchange == state.exchange, "{}: what is refused ({error}) leaves a trace", state.name);
        }
        Ok(reply) => {
            let believable = match help.protection {
                Protection::Received => false,
                Protection::Mac => !state.signs,
                Protection::Signature => true,
            };
            assert!(believable, "{}: nobody vouches for {reply:?}", state.name);
            go_on(client, reply);
        }
    }
});

// The first byte is no DER.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::message(data, 1, size, max_size, seed)
});

fn helped(bytes: &[u8], help: Help, state: &State) -> Option<Vec<u8>> {
    if help.protection == Protection::Received {
        return Some(bytes.to_vec());
    }
    let mut message = PkiMessage::parse(bytes).ok()?;
    if help.header {
        let header = &mut message.header;
        header.pvno = header.pvno.clamp(2, 3);
        header.transaction_id = OctetString::new(state.exchange.transaction_id()).ok();
        header.recip_nonce = Some(state.nonce.clone());
        header.sender_nonce = OctetString::new([8; 16]).ok();
        header.message_time = GeneralizedTime::from_unix_duration(Duration::from_secs(NOW)).ok();
    }
    if help.protection == Protection::Signature {
        return client::signed_by_ca(message);
    }
    client::mac().protect(&mut message, &client::secret()).ok()?;
    message.to_der().ok()
}

/// What a job does with a reply must work as well.
fn go_on(mut client: Client, reply: Reply) {
    let saved = client.exchange.to_der().expect("an exchange can be saved");
    assert_eq!(Exchange::from_der(&saved).as_ref(), Ok(&client.exchange), "saved and read again");
    match reply {
        Reply::Wait { .. } => {
            let poll = client.exchange.poll();
            client.send(poll);
        }
        Reply::Issued(issued) => {
            let bad = Some((FailInfo::BadCertTemplate, "no"));
            for refused in [None, bad] {
                if let Ok(body) = client.exchange.confirm(&issued.certificate, refused) {
                    client.send(body);
                }
            }
            let envelope = issued.encrypted_key.as_deref().map(Envelope::parse);
            let _ = envelope.map(|found| found.map(|envelope| envelope.recipients().len()));
        }
        Reply::Information(found) => inform(&found),
        Reply::Refused(refusal) => drop(refusal.to_string()),
        Reply::Revoked(_) | Reply::Confirmed => {}
    }
}

fn inform(found: &[InfoTypeAndValue]) {
    let _ = information::ca_certificates(found);
    let _ = information::crls(found);
    let _ = information::root_update(found);
    let template = information::certificate_request_template(found);
    let _ = template.map(|found| found.map(|template| template.keys()));
}
