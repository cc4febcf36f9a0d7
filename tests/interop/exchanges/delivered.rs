//! A key that the CA has made: opened with the key that protects our messages, which OpenSSL uses here.

use cmp_protocol::{
    exchange::Issued,
    key_delivery::{ContentKey, Envelope, Padding, Recipient},
};
use zeroize::Zeroizing;

use crate::estate::Estate;

/// SubjectPublicKeyInfo of a P-256 key up to its point.
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Opens it with the key `key` of the estate and finds the key of the certificate in it.
pub(super) fn check(estate: &Estate, key: &str, granted: &Issued) {
    let envelope = Envelope::parse(granted.encrypted_key.as_ref().expect("a private key")).expect("an envelope");
    let file = format!("{key}.key");
    let content_key = match envelope.recipient(&estate.read(&format!("{key}.der"))).expect("a recipient") {
        Recipient::Transport(transport) => {
            let padding: &[&str] = match transport.padding() {
                Padding::Pkcs1 => &[],
                Padding::Oaep(_) => &["-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256"],
            };
            let command = [&["pkeyutl", "-decrypt", "-inkey", &file][..], padding].concat();
            ContentKey::new(Zeroizing::new(estate.filter(&command, "-in", transport.encrypted())))
        }
        Recipient::Agreement(agreement) => {
            let peer = [&P256, agreement.point()].concat();
            let command = ["pkeyutl", "-derive", "-inkey", &file, "-peerform", "DER"];
            agreement.content_key(&estate.filter(&command, "-peerkey", &peer)).expect("the key of the content")
        }
        Recipient::Password(_) | Recipient::Unknown(_) => panic!("the envelope is for somebody else"),
    };
    let signed = envelope.open(&content_key).expect("the content");
    let judge = |signer: &[u8], others: &[Vec<u8>]| estate.trusts(signer, others);
    let delivered = signed.verify(&granted.certificate, &granted.extra, &judge).expect("the key of the certificate");
    let public = estate.filter(&["pkey", "-inform", "DER", "-pubout", "-outform", "DER"], "-in", delivered.pkcs8());
    assert_eq!(public, estate.read(&format!("{key}.pub")));
}
