//! Keys enveloped by Bouncy Castle and OpenSSL open; one thing wrong, and they do not (testdata/README.md says what is what).

use std::convert::Infallible;

use rsa::pkcs8::DecodePrivateKey;

use super::*;
use crate::{protection::Hash, signature::SignatureScheme};

macro_rules! data {
    ($name:expr) => {
        include_bytes!(concat!("testdata/", $name, ".der")).as_slice()
    };
}

struct Rng(u8);

impl rand_core::TryRng for Rng {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> std::result::Result<u32, Infallible> {
        Ok(4)
    }
    fn try_next_u64(&mut self) -> std::result::Result<u64, Infallible> {
        Ok(4)
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> std::result::Result<(), Infallible> {
        bytes.iter_mut().for_each(|byte| {
            self.0 = self.0.wrapping_mul(5).wrapping_add(1);
            *byte = self.0;
        });
        Ok(())
    }
}
impl rand_core::TryCryptoRng for Rng {}

fn codes(code: &str) -> SharedSecret {
    SharedSecret::new(b"7890", code.as_bytes().to_vec().into())
}

/// What the core does with webpki: the authority of these tests and nobody else.
fn only_kga(signer: &[u8], _: &[Vec<u8>]) -> std::result::Result<(), String> {
    if signer == data!("kga.crt") { Ok(()) } else { Err("the signer may not make keys".to_owned()) }
}

fn failed<T>(result: Result<T>) -> Check {
    match result {
        Err(Error::Check { check, .. }) => check,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted"),
    }
}

fn by_codes(envelope: &[u8]) -> Result<SignedKey> {
    let envelope = Envelope::parse(envelope)?;
    envelope.open(&envelope.content_key(&codes("AuthCode-4711"))?)
}

const P256: &[u8] = data!("eeP256.crt");

#[test]
fn keys_under_a_password_open() {
    let rows = [
        ("P-256, AES-256", data!("password-p256"), P256, data!("eeP256.key")),
        ("P-384, AES-128, version 2", data!("password-p384"), data!("eeP384.crt"), data!("eeP384.key")),
        ("P-521, AES-192, HMAC-SHA1", data!("password-p521"), data!("eeP521.crt"), data!("eeP521.key")),
        ("RSA", data!("password-rsa"), data!("eeRSA.crt"), data!("eeRSA.key")),
        ("Ed25519", data!("password-ed25519"), data!("eeEd25519.crt"), data!("eeEd25519.key")),
        ("BER inside", data!("password-ber"), P256, data!("eeP256.key")),
    ];
    for (name, envelope, certificate, key) in rows {
        let delivered = by_codes(envelope).and_then(|signed| signed.verify(certificate, &[], &only_kga));
        let delivered = delivered.unwrap_or_else(|error| panic!("{name}: {error}"));
        // Bouncy Castle writes a key anew, so that only the private part is the same in every row.
        let secret = |der: &[u8]| pkcs8_secret(der);
        assert_eq!(secret(delivered.pkcs8()), secret(key), "{name}");
    }
}

#[test]
fn the_vector_in_ber_is_in_ber() {
    let envelope = Envelope::parse(data!("password-ber")).unwrap();
    let key = envelope.content_key(&codes("AuthCode-4711")).unwrap();
    let content = envelope.cipher.decrypt(&key.0, &envelope.content).unwrap();
    assert_eq!(content[..2], [0x30, 0x80], "an indefinite length");
    let der = by_codes(data!("password-ber")).unwrap().der;
    assert_eq!(der_length(&der), der.len());
}

fn der_length(der: &[u8]) -> usize {
    assert_eq!(der[..2], [0x30, 0x82]);
    4 + usize::from(u16::from_be_bytes([der[2], der[3]]))
}

/// The secret scalar, seed or exponent.
fn pkcs8_secret(der: &[u8]) -> Vec<u8> {
    use rsa::traits::PrivateKeyParts;
    if let Ok(key) = rsa::RsaPrivateKey::from_pkcs8_der(der) {
        return key.d().to_be_bytes().to_vec();
    }
    let p256 = p256::SecretKey::from_pkcs8_der(der).map(|key| key.to_bytes().to_vec());
    let p384 = p384::SecretKey::from_pkcs8_der(der).map(|key| key.to_bytes().to_vec());
    let p521 = p521::SecretKey::from_pkcs8_der(der).map(|key| key.to_bytes().to_vec());
    let ed25519 = ed25519_dalek::SigningKey::from_pkcs8_der(der).map(|key| key.to_bytes().to_vec());
    p256.or(p384).or(p521).or(ed25519).expect("a key that can be read")
}

#[test]
fn keys_for_an_rsa_key_open() {
    let rows = [
        ("PKCS#1", data!("transport-pkcs1"), Padding::Pkcs1),
        ("OAEP, SHA-256", data!("transport-oaep"), Padding::Oaep(Hash::Sha256)),
        ("OAEP, defaults", data!("transport-oaep-default"), Padding::Oaep(Hash::Sha1)),
        ("OpenSSL", data!("openssl-transport-p256"), Padding::Pkcs1),
    ];
    let key = rsa::RsaPrivateKey::from_pkcs8_der(data!("cli.key")).unwrap();
    for (name, bytes, padding) in rows {
        let envelope = Envelope::parse(bytes).unwrap();
        let Recipient::Transport(transport) = envelope.recipient(data!("cli.crt")).unwrap() else { panic!("{name}") };
        assert_eq!(transport.padding(), padding, "{name}");
        let content_key = match padding {
            Padding::Pkcs1 => key.decrypt(rsa::Pkcs1v15Encrypt, transport.encrypted()),
            Padding::Oaep(Hash::Sha1) => key.decrypt(rsa::Oaep::<sha1::Sha1>::new(), transport.encrypted()),
            Padding::Oaep(_) => key.decrypt(rsa::Oaep::<sha2::Sha256>::new(), transport.encrypted()),
        };
        let signed = envelope.open(&ContentKey::new(content_key.unwrap().into())).unwrap();
        let delivered = signed.verify(P256, &[], &only_kga).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(pkcs8_secret(delivered.pkcs8()), pkcs8_secret(data!("eeP256.key")), "{name}");
        assert_eq!(failed(envelope.content_key(&codes("AuthCode-4711"))), Check::KeyEnvelope, "{name}");
        assert_eq!(failed(envelope.recipient(data!("cli256.crt"))), Check::KeyEnvelope, "{name}");
    }
}

macro_rules! agree {
    ($curve:ident, $key:expr, $agreement:expr) => {{
        let key = $curve::SecretKey::from_pkcs8_der($key).unwrap();
        let peer = $curve::PublicKey::from_sec1_bytes($agreement.point()).unwrap();
        $curve::ecdh::diffie_hellman(key.to_nonzero_scalar(), peer.as_affine()).raw_secret_bytes().to_vec()
    }};
}

#[test]
fn keys_for_a_key_on_a_curve_open() {
    let rows = [
        ("P-256", data!("agreement-p256"), data!("cli256.crt"), P256, data!("eeP256.key")),
        ("P-384 with ukm", data!("agreement-p384"), data!("cli384.crt"), P256, data!("eeP256.key")),
        ("P-521", data!("agreement-p521"), data!("cli521.crt"), P256, data!("eeP256.key")),
        ("OpenSSL", data!("openssl-agreement-rsa"), data!("cli256.crt"), data!("eeRSA.crt"), data!("eeRSA.key")),
    ];
    for (name, bytes, recipient, certificate, key) in rows {
        let envelope = Envelope::parse(bytes).unwrap();
        let Recipient::Agreement(agreement) = envelope.recipient(recipient).unwrap() else { panic!("{name}") };
        let mut shared = match agreement.point().len() {
            65 => agree!(p256, data!("cli256.key"), agreement),
            97 => agree!(p384, data!("cli384.key"), agreement),
            _ => agree!(p521, data!("cli521.key"), agreement),
        };
        let signed = envelope.open(&agreement.content_key(&shared).unwrap()).unwrap();
        let delivered = signed.verify(certificate, &[], &only_kga).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(pkcs8_secret(delivered.pkcs8()), pkcs8_secret(key), "{name}");
        shared[0] ^= 1;
        assert_eq!(failed(agreement.content_key(&shared)), Check::KeyDecryption, "{name}");
    }
}

#[test]
fn one_thing_wrong() {
    let good = by_codes(data!("password-p256")).unwrap();
    assert!(good.verify(P256, &[], &only_kga).is_ok());

    let envelope = Envelope::parse(data!("password-p256")).unwrap();
    assert_eq!(failed(envelope.content_key(&codes("AuthCode-4712"))), Check::KeyDecryption, "another code");
    assert_eq!(failed(envelope.recipient(data!("cli.crt"))), Check::KeyEnvelope, "for the codes only");
    assert_eq!(failed(envelope.open(&ContentKey::new(vec![0; 16].into()))), Check::KeyDecryption, "a short key");
    assert_eq!(failed(envelope.open(&ContentKey::new(vec![0; 32].into()))), Check::KeyDecryption, "another key");

    let nobody = |_: &[u8], _: &[Vec<u8>]| Err("nobody".to_owned());
    assert_eq!(failed(good.verify(P256, &[], &nobody)), Check::KeySigner, "an untrusted signer");
    let by_bystander = by_codes(data!("password-bystander")).unwrap();
    assert_eq!(failed(by_bystander.verify(P256, &[], &only_kga)), Check::KeySigner, "a signer without the right");
    for other in [data!("eeP384.crt"), data!("eeRSA.crt"), data!("eeEd25519.crt"), data!("cli256.crt")] {
        assert_eq!(failed(good.verify(other, &[], &only_kga)), Check::KeyFits, "another certificate");
    }
    let other_key = by_codes(data!("password-otherkey")).unwrap();
    assert_eq!(failed(other_key.verify(P256, &[], &only_kga)), Check::KeyFits, "another key");
    let rsa = by_codes(data!("password-rsa")).unwrap();
    assert_eq!(failed(rsa.verify(data!("cli.crt"), &[], &only_kga)), Check::KeyFits, "another RSA key");

    let cheap = Envelope::parse(data!("password-cheap")).unwrap();
    assert_eq!(failed(cheap.content_key(&codes("AuthCode-4711"))), Check::KeyEnvelope, "10 iterations");
    assert_eq!(failed(Envelope::parse(&[0x30, 0x00])), Check::KeyEnvelope, "EncryptedValue");
    assert_eq!(failed(Envelope::parse(&[])), Check::KeyEnvelope, "nothing");
}

/// AES-GCM: the object identifier of AES-256-CBC is 2.16.840.1.101.3.4.1.42, that of GCM ends in 46.
#[test]
fn other_ciphers_are_named() {
    let cbc = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];
    let mut bytes = data!("password-p256").to_vec();
    let at = bytes.windows(cbc.len()).position(|window| window == cbc).unwrap();
    bytes[at + 8] = 0x2e;
    let error = Envelope::parse(&bytes).err().unwrap();
    assert!(matches!(&error, Error::UnsupportedAlgorithm(text) if text.contains("2.16.840.1.101.3.4.1.46")), "{error}");
}

/// Every change of one byte is refused or changes nothing that matters; none panics.
#[test]
fn every_byte_counts() {
    let good = by_codes(data!("password-p256")).unwrap();
    let key = good.verify(P256, &[], &only_kga).unwrap();
    let (mut refused, mut same) = (0, 0);
    for at in 0..good.der.len() {
        let mut der = good.der.clone();
        der[at] ^= 1 << (at % 8);
        match SignedKey::from_ber(&der).and_then(|signed| signed.verify(P256, &[], &only_kga)) {
            Ok(found) => {
                assert_eq!(found.pkcs8(), key.pkcs8(), "byte {at}");
                same += 1;
            }
            Err(_) => refused += 1,
        }
    }
    // What may vary: version numbers, the list of digests, certificates of others.
    assert!(refused > same, "{refused} refused, {same} the same");
    let envelope = data!("password-p256");
    for at in 0..envelope.len() {
        let mut bytes = envelope.to_vec();
        bytes[at] ^= 0x01;
        if let Ok(found) = by_codes(&bytes).and_then(|signed| signed.verify(P256, &[], &only_kga)) {
            assert_eq!(found.pkcs8(), key.pkcs8(), "byte {at} of the envelope");
        }
        assert!(by_codes(&envelope[..at]).is_err(), "cut off at {at}");
    }
}

#[test]
fn what_is_sealed_here_opens() {
    use p256::ecdsa::{DerSignature, SigningKey, signature::Signer};
    let secret = codes("AuthCode-4711");
    let scheme = SignatureScheme::EcdsaP256Sha256;
    let chain = vec![data!("kga.crt").to_vec(), data!("ca.crt").to_vec()];
    let key = SigningKey::from_pkcs8_der(data!("kga.key")).unwrap();
    for (certificate, pkcs8) in [(P256, data!("eeP256.key")), (data!("eeRSA.crt"), data!("eeRSA.key"))] {
        let unsigned = seal::UnsignedKey::new(pkcs8, chain.clone(), scheme).unwrap();
        let signature: DerSignature = key.sign(unsigned.to_sign());
        let signed = unsigned.assemble(signature.as_bytes()).unwrap();
        let sealed = seal::for_codes(&signed, &secret, 1000, &mut Rng(7)).unwrap();

        let delivered = by_codes(&sealed).unwrap().verify(certificate, &[], &only_kga).unwrap();
        assert_eq!(**delivered.pkcs8(), pkcs8);
    }
}
