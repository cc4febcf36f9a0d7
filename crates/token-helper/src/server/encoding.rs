//! Between PKCS#11's forms and X.509's: public keys, EC points, signatures, certificate fields.

use super::quirks::{ED25519_NAME, ED25519_PARAMETERS, P256_PARAMETERS, P384_PARAMETERS, P521_PARAMETERS};
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef};
use der::{Decode, Encode, Header, Reader, Sequence, SliceReader};
use sha2::{Digest, Sha256, Sha384, Sha512};
use token_helper::{KeyKind, SignatureAlgorithm};

pub(super) const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(super) const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(super) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// Bytes of an Ed25519 signature (RFC 8032 §5.1.6).
const ED25519_SIGNATURE: usize = 64;

/// DigestInfo of RFC 8017 §9.2 up to the SHA-256 value, for tokens that only know CKM_RSA_PKCS.
const SHA256_DIGEST_INFO: &[u8] =
    &[0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];

#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
}

#[derive(Sequence)]
struct EcdsaSignature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// SubjectPublicKeyInfo of an RSA key.
pub(super) fn rsa_public_key(modulus: &[u8], public_exponent: &[u8]) -> der::Result<Vec<u8>> {
    let key =
        RsaPublicKey { modulus: UintRef::new(modulus)?, public_exponent: UintRef::new(public_exponent)? }.to_der()?;
    rsa_public_key_of(&key)
}

/// The same, of a PKCS#1 `RSAPublicKey`.
pub(super) fn rsa_public_key_of(key: &[u8]) -> der::Result<Vec<u8>> {
    public_key_info(RSA_ENCRYPTION, Some(AnyRef::NULL), key)
}

/// SubjectPublicKeyInfo of a key on a curve, from CKA_EC_PARAMS and CKA_EC_POINT.
pub(super) fn ec_public_key(parameters: &[u8], point: &[u8]) -> Option<Vec<u8>> {
    let kind = curve(parameters)?;
    if kind == KeyKind::Ed25519 {
        // RFC 8410 §3: no parameters.
        return public_key_info(ED25519, None, edwards_point(point)?).ok();
    }
    let point = ec_point(kind, point)?;
    public_key_info(EC_PUBLIC_KEY, Some(AnyRef::from_der(parameters).ok()?), point).ok()
}

fn public_key_info(oid: ObjectIdentifier, parameters: Option<AnyRef<'_>>, key: &[u8]) -> der::Result<Vec<u8>> {
    spki::SubjectPublicKeyInfo {
        algorithm: spki::AlgorithmIdentifier { oid, parameters },
        subject_public_key: BitStringRef::from_bytes(key)?,
    }
    .to_der()
}

/// The curve CKA_EC_PARAMS names.
pub(super) fn curve(parameters: &[u8]) -> Option<KeyKind> {
    match parameters {
        P256_PARAMETERS => Some(KeyKind::EcP256),
        P384_PARAMETERS => Some(KeyKind::EcP384),
        P521_PARAMETERS => Some(KeyKind::EcP521),
        ED25519_PARAMETERS | ED25519_NAME => Some(KeyKind::Ed25519),
        _ => None,
    }
}

/// The uncompressed point within CKA_EC_POINT, which should be a DER OCTET STRING, but is also seen raw, and (OpenSC 0.23) with
/// a wrong length and uninitialised memory after the point. So the announced length is not believed: exactly the point is taken.
pub(super) fn ec_point(kind: KeyKind, value: &[u8]) -> Option<&[u8]> {
    let size = match kind {
        KeyKind::EcP256 => 65,
        KeyKind::EcP384 => 97,
        KeyKind::EcP521 => 133,
        _ => return None,
    };
    let uncompressed = |bytes: &'_ [u8]| bytes.len() >= size && bytes[0] == 4;
    // 04 is the tag of an OCTET STRING as well as the mark of an uncompressed point; of that very size it can only be the point.
    if value.len() != size && value.first() == Some(&4) {
        let header = match value.get(1)? {
            short @ 0..=0x7f if usize::from(*short) >= size => 2,
            0x81 => 3,
            0x82 => 4,
            _ => usize::MAX,
        };
        if let Some(content) = value.get(header..) {
            if uncompressed(content) {
                return content.get(..size);
            }
            // A whole OCTET STRING, and no point in it: OpenSC 0.23 leaves out the mark of a new key's point, so that only X is
            // certain. The driver has to be asked again.
            if header == 4 && value[2..4] == u16::try_from(content.len()).unwrap_or(0).to_be_bytes() {
                return None;
            }
        }
    }
    uncompressed(value).then(|| &value[..size])
}

/// The 32 bytes of an Ed25519 key within CKA_EC_POINT: a DER OCTET STRING (PKCS#11 2.40, SoftHSM2), the bytes themselves
/// (PKCS#11 3.0 §2.3.10), or a DER BIT STRING.
pub(super) fn edwards_point(value: &[u8]) -> Option<&[u8]> {
    match value {
        point if point.len() == 32 => Some(point),
        [4, 32, point @ ..] | [3, 33, 0, point @ ..] => point.get(..32),
        _ => None,
    }
}

/// What is handed to CKM_ECDSA, which hashes nothing.
pub(super) fn hash(algorithm: SignatureAlgorithm, data: &[u8]) -> Vec<u8> {
    match algorithm {
        SignatureAlgorithm::EcdsaSha384 => Sha384::digest(data).to_vec(),
        SignatureAlgorithm::EcdsaSha512 => Sha512::digest(data).to_vec(),
        // The others have their hash within (RSA as DigestInfo, Ed25519 by itself).
        _ => Sha256::digest(data).to_vec(),
    }
}

/// What is handed to CKM_RSA_PKCS.
pub(super) fn digest_info(data: &[u8]) -> Vec<u8> {
    [SHA256_DIGEST_INFO, &Sha256::digest(data)].concat()
}

/// The driver's signature as X.509 wants it; `None` if it cannot be one.
pub(super) fn signature(algorithm: SignatureAlgorithm, raw: Vec<u8>) -> Option<Vec<u8>> {
    match algorithm {
        SignatureAlgorithm::RsaPkcs1Sha256 => Some(raw),
        SignatureAlgorithm::Ed25519 => (raw.len() == ED25519_SIGNATURE).then_some(raw),
        SignatureAlgorithm::EcdsaSha256 | SignatureAlgorithm::EcdsaSha384 | SignatureAlgorithm::EcdsaSha512 => {
            ecdsa_signature(&raw)
        }
    }
}

/// PKCS#11's r||s as X.509's SEQUENCE.
fn ecdsa_signature(raw: &[u8]) -> Option<Vec<u8>> {
    if raw.is_empty() || !raw.len().is_multiple_of(2) {
        return None;
    }
    let (r, s) = raw.split_at(raw.len() / 2);
    EcdsaSignature { r: UintRef::new(r).ok()?, s: UintRef::new(s).ok()? }.to_der().ok()
}

/// The fields PKCS#11 wants beside a certificate, each as the bytes that stand in it (not decoded and encoded again).
pub(super) struct CertificateFields<'a> {
    pub(super) serial: &'a [u8],
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    /// The bits of its public key: their SHA-1 is the customary CKA_ID.
    pub(super) public_key: &'a [u8],
}

/// Reads Certificate ::= SEQUENCE { TBSCertificate ::= SEQUENCE { [0] version, serial, algorithm, issuer, validity, subject,
/// subjectPublicKeyInfo, ... }, ... } (RFC 5280 §4.1).
pub(super) fn certificate_fields(der: &[u8]) -> der::Result<CertificateFields<'_>> {
    let mut outer = SliceReader::new(der)?;
    let certificate = AnyRef::decode(&mut outer)?;
    outer.finish()?;
    let mut certificate = SliceReader::new(certificate.value())?;
    let tbs = AnyRef::decode(&mut certificate)?;
    let mut tbs = SliceReader::new(tbs.value())?;
    if tbs.peek_byte() == Some(0xa0) {
        tbs.tlv_bytes()?;
    }
    let serial = tbs.tlv_bytes()?;
    let _algorithm = tbs.tlv_bytes()?;
    let issuer = tbs.tlv_bytes()?;
    let _validity = tbs.tlv_bytes()?;
    let subject = tbs.tlv_bytes()?;
    let public_key = spki::SubjectPublicKeyInfoRef::from_der(tbs.tlv_bytes()?)?;
    Ok(CertificateFields { serial, issuer, subject, public_key: public_key.subject_public_key.raw_bytes() })
}

/// The common name in a Name, for a label. Looked for by its object identifier (2.5.4.3); the last one is the most specific.
pub(super) fn common_name(name: &[u8]) -> Option<String> {
    const COMMON_NAME: &[u8] = &[0x06, 0x03, 0x55, 0x04, 0x03];
    let at = name.windows(COMMON_NAME.len()).rposition(|part| part == COMMON_NAME)?;
    let mut value = SliceReader::new(name.get(at + COMMON_NAME.len()..)?).ok()?;
    let header = Header::decode(&mut value).ok()?;
    String::from_utf8(value.read_slice(header.length()).ok()?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ec_points_in_every_form_seen() {
        for (kind, size) in [(KeyKind::EcP256, 65), (KeyKind::EcP384, 97), (KeyKind::EcP521, 133)] {
            let mut point = vec![0x5a; size];
            point[0] = 4;
            let header = if size < 0x80 { vec![4, size as u8] } else { vec![4, 0x81, size as u8] };
            let der = [header, point.clone()].concat();
            // As OpenSC 0.23: 256 bytes announced, what follows the point is whatever was in memory.
            let heap = [&[4, 0x82, 1, 0][..], &point, &[0xee; 187]].concat();
            let raw_and_more = [&point[..], &[0xee; 9]].concat();
            for (form, value) in
                [("raw", &point), ("DER", &der), ("heap after", &heap), ("raw, more after", &raw_and_more)]
            {
                assert_eq!(ec_point(kind, value), Some(&point[..]), "{kind:?} {form}");
            }
            assert_eq!(ec_point(kind, &point[..size - 1]), None);
            assert_eq!(ec_point(kind, &[&[2], &point[1..]].concat()), None, "compressed");
            assert_eq!(ec_point(kind, &[]), None);
            let unmarked = [&[4, 0x82, 1, 0][..], &point[1..], &vec![0; 257 - size]].concat();
            assert_eq!(ec_point(kind, &unmarked), None, "OpenSC 0.23, a key just made");
            assert_eq!(ec_point(kind, &[4]), None);
        }
        assert_eq!(ec_point(KeyKind::Rsa2048, &[4; 65]), None);
    }

    #[test]
    fn edwards_points_in_every_form() {
        let point = [0x5a; 32];
        for (form, value) in [
            ("raw", point.to_vec()),
            ("OCTET STRING", [&[4, 32][..], &point].concat()),
            ("BIT STRING", [&[3, 33, 0][..], &point].concat()),
            ("more after", [&[4, 32][..], &point, &[0xee; 9]].concat()),
        ] {
            assert_eq!(edwards_point(&value), Some(&point[..]), "{form}");
        }
        // Such a key may begin with what looks like a header.
        let raw = [&[4, 32][..], &[7; 30]].concat();
        assert_eq!(edwards_point(&raw), Some(&raw[..]));
        for bad in [&[][..], &[4, 32], &point[..31], &[0x5a; 33]] {
            assert_eq!(edwards_point(bad), None, "{bad:?}");
        }
        let info = ec_public_key(ED25519_PARAMETERS, &point).unwrap();
        assert_eq!(info, [&[0x30, 42, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 33, 0][..], &point].concat());
        assert_eq!(ec_public_key(ED25519_NAME, &point), Some(info));
    }

    #[test]
    fn signatures_of_the_wrong_length_are_none() {
        assert_eq!(signature(SignatureAlgorithm::Ed25519, vec![1; 64]), Some(vec![1; 64]));
        assert_eq!(signature(SignatureAlgorithm::Ed25519, vec![1; 63]), None);
        assert_eq!(signature(SignatureAlgorithm::EcdsaSha512, vec![1; 131]), None);
        assert_eq!(signature(SignatureAlgorithm::EcdsaSha512, vec![1; 132]).unwrap().len(), 3 + 2 * (2 + 66));
    }

    #[test]
    fn a_raw_point_that_looks_like_der_stays_whole() {
        let mut point = vec![7; 65];
        point[..3].copy_from_slice(&[4, 0x41, 4]);
        assert_eq!(ec_point(KeyKind::EcP256, &point), Some(&point[..]));
    }

    #[test]
    fn ecdsa_signatures_become_sequences_of_positive_integers() {
        let mut raw = vec![0; 64];
        raw[31] = 1;
        raw[32] = 0x80;
        let der = ecdsa_signature(&raw).unwrap();
        assert_eq!(&der[..7], &[0x30, 38, 2, 1, 1, 2, 33]);
        assert_eq!(&der[7..9], &[0, 0x80]);
        assert_eq!(ecdsa_signature(&[1; 63]), None);
        assert_eq!(ecdsa_signature(&[]), None);
    }

    #[test]
    fn a_certificate_that_is_none_is_an_error() {
        for garbage in [&b""[..], b"\x30\x80", b"\x30\x03\x30\x01\x02", &[0x30; 40]] {
            assert!(certificate_fields(garbage).is_err());
        }
        assert_eq!(common_name(b"\x06\x03\x55\x04\x03\x0c\x05Alice"), Some("Alice".into()));
        assert_eq!(common_name(b"\x06\x03\x55\x04\x03\x0c\x7fAlice"), None);
    }
}
