//! A key that the CA made: what is in the envelope, and the envelope. The first byte chooses; the rest is BER.
#![no_main]

use chopmark_fuzz::mutate;
use cmp_protocol::{
    key_delivery::{ContentKey, Envelope, Recipient, SignedKey},
    protection::SharedSecret,
};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

const CERTIFICATE: &[u8] = include_bytes!("../../crates/cmp-protocol/src/key_delivery/testdata/eeP256.crt.der");

fuzz_target!(|input: &[u8]| {
    match input {
        [0, bytes @ ..] => envelope(bytes),
        [1, bytes @ ..] => {
            let _ = SignedKey::from_ber(bytes).map(|key| key.verify(CERTIFICATE, &[], &anybody).map(drop));
        }
        [2, bytes @ ..] => drop(opened(bytes).map(|key| key.verify(CERTIFICATE, &[], &anybody).map(drop))),
        _ => {}
    }
});

// What is in an envelope is found by opening one.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if let [2, bytes @ ..] = &data[..size]
        && let Some(key) = opened(bytes)
        && key.as_der().len() < max_size.min(data.len())
    {
        data[0] = 1;
        data[1..=key.as_der().len()].copy_from_slice(key.as_der());
        return key.as_der().len() + 1;
    }
    mutate::message(data, 1, size, max_size, seed)
});

/// Whoever signed may make keys: the key itself is looked at in any case.
fn anybody(_: &[u8], _: &[Vec<u8>]) -> Result<(), String> {
    Ok(())
}

fn opened(bytes: &[u8]) -> Option<SignedKey> {
    let envelope = Envelope::parse(bytes).ok()?;
    let codes = SharedSecret::new(b"7890", b"AuthCode-4711".to_vec().into());
    envelope.open(&envelope.content_key(&codes).ok()?).ok()
}

fn envelope(bytes: &[u8]) {
    let Ok(envelope) = Envelope::parse(bytes) else { return };
    let _ = envelope.recipient(CERTIFICATE);
    for recipient in envelope.recipients() {
        match recipient {
            Recipient::Transport(transport) => drop((transport.padding(), transport.encrypted().len())),
            Recipient::Agreement(agreement) => {
                drop((agreement.point().len(), agreement.content_key(&[7; 32]).map(drop)))
            }
            Recipient::Password(_) | Recipient::Unknown(_) => {}
        }
    }
    for length in [16, 24, 32] {
        let _ = envelope.open(&ContentKey::new(vec![7; length].into())).map(drop);
    }
}
