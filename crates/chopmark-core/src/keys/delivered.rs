//! A key that the CA has made (RFC 9483 §4.1.6): its envelope is opened, its maker judged, and it is checked against the
//! certificate. What comes out goes to the place at once; nothing of it is kept.

use std::cell::Cell;

use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
    OaepPrivateDecryptingKey, Pkcs1PrivateDecryptingKey, PrivateDecryptingKey,
};
use cmp_protocol::{
    Check,
    key_delivery::{ContentKey, Envelope, KeyAgreement, KeyTransport, Padding, Recipient},
    protection::{Hash, SharedSecret},
};
use zeroize::Zeroizing;

use crate::{
    ca::chain,
    error::{Code, Error, Result},
    keys::software::SoftwareKey,
};

const DOING: &str = "opening the key that the CA has made";

/// What opens the envelope.
#[cfg_attr(
    not(test),
    allow(dead_code, reason = "an order with --key-by-ca has codes; a renewal cannot ask for it yet")
)]
pub(crate) enum Opener<'a> {
    /// The two codes, where they protect our messages.
    Codes(&'a SharedSecret),
    /// The key whose certificate (DER) protects our messages.
    Software { key: &'a SoftwareKey, certificate: &'a [u8] },
    /// That key is on a token. It signs; that it also decrypts or agrees is rare (cards bind a key to one use), and no
    /// driver call of ours does it.
    Token,
}

/// A key as it came, and what came with it.
pub(crate) struct Delivery {
    /// `EncryptedKey`, DER.
    pub(crate) encrypted: Option<Vec<u8>>,
    /// The certificate that it is for, DER.
    pub(crate) certificate: Vec<u8>,
    /// Certificates sent along, DER.
    pub(crate) extra: Vec<Vec<u8>>,
}

/// A key that was opened.
pub(crate) struct Delivered {
    /// PKCS#8, DER.
    pub(crate) pkcs8: Zeroizing<Vec<u8>>,
    /// The way from the certificate of who made it to the root, both included, DER. Nobody has asked whether it was revoked.
    pub(crate) made_by: Vec<Vec<u8>>,
}

/// Opens and checks the key that came with a certificate. `roots`: DER, of the profile.
///
/// # Errors
/// [`Code::DeliveredKeyClosed`], [`Code::DeliveredKeySigner`], [`Code::DeliveredKeyForeign`], [`Code::KeyCannotOpen`].
pub(crate) fn open_delivered_key(delivery: &Delivery, opener: &Opener<'_>, roots: &[Vec<u8>]) -> Result<Delivered> {
    let encrypted = delivery.encrypted.as_deref();
    let encrypted = encrypted.ok_or_else(|| closed("no key beside the certificate"))?;
    let envelope = Envelope::parse(encrypted).map_err(distrusted)?;
    let content_key = match opener {
        Opener::Codes(secret) => envelope.content_key(secret).map_err(distrusted)?,
        Opener::Software { key, certificate } => match envelope.recipient(certificate).map_err(distrusted)? {
            Recipient::Transport(transport) => decrypt(key, transport)?,
            Recipient::Agreement(agreement) => agree(key, agreement)?,
            Recipient::Password(_) | Recipient::Unknown(_) => return Err(closed("a recipient of another kind")),
        },
        Opener::Token => return Err(Error::new(Code::KeyCannotOpen, DOING)),
    };
    let signed = envelope.open(&content_key).map_err(distrusted)?;
    let made_by = Cell::new(Vec::new());
    let judge = |signer: &[u8], others: &[Vec<u8>]| {
        made_by.set(chain::judge_key_maker(signer, others, roots)?);
        Ok(())
    };
    let key = signed.verify(&delivery.certificate, &delivery.extra, &judge).map_err(distrusted)?;
    Ok(Delivered { pkcs8: key.pkcs8().clone(), made_by: made_by.take() })
}

fn closed(found: impl ToString) -> Error {
    Error::new(Code::DeliveredKeyClosed, DOING).with("found", found)
}

fn distrusted(error: cmp_protocol::Error) -> Error {
    let code = match &error {
        cmp_protocol::Error::Check { check: Check::KeySigner, .. } => Code::DeliveredKeySigner,
        cmp_protocol::Error::Check { check: Check::KeyFits, .. } => Code::DeliveredKeyForeign,
        _ => Code::DeliveredKeyClosed,
    };
    let result = match &error {
        cmp_protocol::Error::Check { expected, found, .. } => {
            Error::new(code, DOING).with("expected", expected).with("found", found)
        }
        other => Error::new(code, DOING).with("found", other),
    };
    result.because(error)
}

/// RSA decryption is aws-lc's, not the `rsa` crate's, whose decryption tells about the key by its timing
/// (RUSTSEC-2023-0071; deny.toml).
fn decrypt(key: &SoftwareKey, transport: &KeyTransport) -> Result<ContentKey> {
    let failed = |_| closed("an RSA encryption for another key");
    let SoftwareKey::Rsa(_) = key else { return Err(closed("an RSA encryption, and our key is none")) };
    let pkcs8 = key.pkcs8()?;
    let key = PrivateDecryptingKey::from_pkcs8(pkcs8.as_bytes()).map_err(|error| closed(error.to_string()))?;
    let mut plain = Zeroizing::new(vec![0; key.key_size_bytes()]);
    let length = match transport.padding() {
        Padding::Pkcs1 => {
            let key = Pkcs1PrivateDecryptingKey::new(key).map_err(failed)?;
            key.decrypt(transport.encrypted(), &mut plain).map_err(failed)?.len()
        }
        Padding::Oaep(hash) => {
            let algorithm = match hash {
                Hash::Sha1 => &OAEP_SHA1_MGF1SHA1,
                Hash::Sha256 => &OAEP_SHA256_MGF1SHA256,
                Hash::Sha384 => &OAEP_SHA384_MGF1SHA384,
                Hash::Sha512 => &OAEP_SHA512_MGF1SHA512,
            };
            let key = OaepPrivateDecryptingKey::new(key).map_err(failed)?;
            key.decrypt(algorithm, transport.encrypted(), &mut plain, None).map_err(failed)?.len()
        }
    };
    plain.truncate(length);
    Ok(ContentKey::new(plain))
}

fn agree(key: &SoftwareKey, agreement: &KeyAgreement) -> Result<ContentKey> {
    macro_rules! on {
        ($curve:ident, $key:expr) => {{
            let peer = $curve::PublicKey::from_sec1_bytes(agreement.point())
                .map_err(|_| closed("a point that is not on the curve of our key"))?;
            let shared = $curve::ecdh::diffie_hellman($key.as_nonzero_scalar(), peer.as_affine());
            agreement.content_key(shared.raw_secret_bytes()).map_err(distrusted)
        }};
    }
    match key {
        SoftwareKey::P256(key) => on!(p256, key),
        SoftwareKey::P384(key) => on!(p384, key),
        SoftwareKey::P521(key) => on!(p521, key),
        SoftwareKey::Rsa(_) | SoftwareKey::Ed25519(_) => Err(closed("a key agreement, and our key makes none")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! data {
        ($name:literal) => {
            include_bytes!(concat!("../../../cmp-protocol/src/key_delivery/testdata/", $name, ".der")).as_slice()
        };
    }

    fn open(encrypted: &[u8], certificate: &[u8], opener: &Opener<'_>) -> Result<Zeroizing<Vec<u8>>> {
        let delivery =
            Delivery { encrypted: Some(encrypted.to_vec()), certificate: certificate.to_vec(), extra: Vec::new() };
        let opened = open_delivered_key(&delivery, opener, &[data!("ca.crt").to_vec()])?;
        assert_eq!(opened.made_by.last().map(Vec::as_slice), Some(data!("ca.crt")));
        Ok(opened.pkcs8)
    }

    fn public_key(pkcs8: &[u8]) -> Vec<u8> {
        SoftwareKey::from_pkcs8(pkcs8).unwrap().public_key().unwrap()
    }

    #[test]
    fn each_way_of_the_profile_opens() {
        let codes = SharedSecret::new(b"7890", b"AuthCode-4711".to_vec().into());
        let codes = Opener::Codes(&codes);
        let rsa = SoftwareKey::from_pkcs8(data!("cli.key")).unwrap();
        let rsa = Opener::Software { key: &rsa, certificate: data!("cli.crt") };
        let p256 = SoftwareKey::from_pkcs8(data!("cli256.key")).unwrap();
        let p256 = Opener::Software { key: &p256, certificate: data!("cli256.crt") };
        let p384 = SoftwareKey::from_pkcs8(data!("cli384.key")).unwrap();
        let p384 = Opener::Software { key: &p384, certificate: data!("cli384.crt") };
        let p521 = SoftwareKey::from_pkcs8(data!("cli521.key")).unwrap();
        let p521 = Opener::Software { key: &p521, certificate: data!("cli521.crt") };
        let rows = [
            ("codes", data!("password-p256"), data!("eeP256.crt"), data!("eeP256.key"), &codes),
            ("codes, Ed25519", data!("password-ed25519"), data!("eeEd25519.crt"), data!("eeEd25519.key"), &codes),
            ("PKCS#1", data!("transport-pkcs1"), data!("eeP256.crt"), data!("eeP256.key"), &rsa),
            ("OAEP", data!("transport-oaep"), data!("eeP256.crt"), data!("eeP256.key"), &rsa),
            ("OAEP, SHA-1", data!("transport-oaep-default"), data!("eeP256.crt"), data!("eeP256.key"), &rsa),
            ("OpenSSL, RSA", data!("openssl-transport-p256"), data!("eeP256.crt"), data!("eeP256.key"), &rsa),
            ("P-256", data!("agreement-p256"), data!("eeP256.crt"), data!("eeP256.key"), &p256),
            ("P-384", data!("agreement-p384"), data!("eeP256.crt"), data!("eeP256.key"), &p384),
            ("P-521", data!("agreement-p521"), data!("eeP256.crt"), data!("eeP256.key"), &p521),
            ("OpenSSL, EC", data!("openssl-agreement-rsa"), data!("eeRSA.crt"), data!("eeRSA.key"), &p256),
        ];
        for (name, encrypted, certificate, key, opener) in rows {
            let opened = open(encrypted, certificate, opener).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(public_key(&opened), public_key(key), "{name}");
        }
    }

    #[test]
    fn each_fault_has_its_code() {
        let secret = |code: &[u8]| SharedSecret::new(b"7890", code.to_vec().into());
        let (right, wrong) = (secret(b"AuthCode-4711"), secret(b"AuthCode-4712"));
        let rsa = SoftwareKey::from_pkcs8(data!("eeRSA.key")).unwrap();
        let other_rsa = Opener::Software { key: &rsa, certificate: data!("cli.crt") };
        let (right, wrong) = (Opener::Codes(&right), Opener::Codes(&wrong));
        let rows = [
            ("wrong code", data!("password-p256"), data!("eeP256.crt"), &wrong, Code::DeliveredKeyClosed),
            ("not for codes", data!("transport-oaep"), data!("eeP256.crt"), &right, Code::DeliveredKeyClosed),
            ("wrong RSA key", data!("transport-oaep"), data!("eeP256.crt"), &other_rsa, Code::DeliveredKeyClosed),
            ("no KGA", data!("password-bystander"), data!("eeP256.crt"), &right, Code::DeliveredKeySigner),
            ("other key", data!("password-otherkey"), data!("eeP256.crt"), &right, Code::DeliveredKeyForeign),
            ("on a token", data!("transport-oaep"), data!("eeP256.crt"), &Opener::Token, Code::KeyCannotOpen),
        ];
        for (name, encrypted, certificate, opener, code) in rows {
            assert_eq!(open(encrypted, certificate, opener).unwrap_err().code, code, "{name}");
        }
    }
}
