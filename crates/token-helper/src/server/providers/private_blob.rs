//! Private keys between PKCS#8 and the forms that Windows takes and gives (wincrypt.h, bcrypt.h).

use crate::server::encoding;
use crate::server::import::{EcPrivateKey, PrivateKeyInfo, RsaPrivateKey};
use der::asn1::{AnyRef, OctetStringRef, UintRef};
use der::{Decode, Encode};
use token_helper::KeyKind;
use zeroize::Zeroizing;

/// Bytes that are wiped.
pub(super) type Wiped = Zeroizing<Vec<u8>>;

/// `PRIVATEKEYBLOB`, version 2.
const PRIVATE_KEY_BLOB: [u8; 2] = [7, 2];
/// `CALG_RSA_KEYX`.
const RSA_KEYX: u32 = 0xa400;
/// "RSA2", both for CryptoAPI and for CNG.
const RSA_PRIVATE: u32 = 0x3241_5352;
/// Of a CryptoAPI blob: two headers.
const HEADERS: usize = 20;

/// What is needed to bring a key.
pub(super) enum Brought {
    /// For CryptoAPI and CNG.
    Rsa {
        /// A `PRIVATEKEYBLOB`.
        capi: Wiped,
        /// A `BCRYPT_RSAPRIVATE_BLOB`.
        cng: Wiped,
    },
    /// For CNG.
    Curve {
        /// Which.
        kind: KeyKind,
        /// A `BCRYPT_ECCPRIVATE_BLOB`.
        cng: Wiped,
    },
}

/// `None`: none of the kinds that Windows has.
pub(super) fn brought(pkcs8: &[u8], public_key: &[u8]) -> Option<Brought> {
    let info = PrivateKeyInfo::from_der(pkcs8).ok()?;
    match info.algorithm.oid {
        encoding::RSA_ENCRYPTION => {
            let key = RsaPrivateKey::from_der(info.key.as_bytes()).ok()?;
            Some(Brought::Rsa { capi: capi(&key)?, cng: cng(&key)? })
        }
        encoding::EC_PUBLIC_KEY => {
            let kind = encoding::curve(&info.algorithm.parameters?.to_der().ok()?)?;
            let key = EcPrivateKey::from_der(info.key.as_bytes()).ok()?;
            let point = spki::SubjectPublicKeyInfoRef::from_der(public_key).ok()?;
            let cng = on_curve(kind, key.key.as_bytes(), point.subject_public_key.raw_bytes())?;
            Some(Brought::Curve { kind, cng })
        }
        _ => None,
    }
}

fn number(size: usize) -> Option<[u8; 4]> {
    Some(u32::try_from(size).ok()?.to_le_bytes())
}

/// The last byte first, and as long as said.
fn put(blob: &mut Wiped, number: UintRef<'_>, size: usize) -> Option<()> {
    let bytes = number.as_bytes();
    blob.extend(bytes.iter().rev());
    blob.extend(std::iter::repeat_n(0, size.checked_sub(bytes.len())?));
    Some(())
}

/// A buffer that does not grow, which would leave parts behind.
fn buffer(head: &[u8], size: usize) -> Wiped {
    let mut blob = Zeroizing::new(Vec::with_capacity(head.len() + size));
    blob.extend_from_slice(head);
    blob
}

/// Modulus and private exponent have the length of the key, the other numbers half of it.
fn capi(key: &RsaPrivateKey<'_>) -> Option<Wiped> {
    let whole = key.modulus.as_bytes().len();
    let (half, bits) = (whole.div_ceil(2), number(whole * 8)?);
    let exponent = key
        .public_exponent
        .as_bytes()
        .iter()
        .try_fold(0_u32, |all, byte| Some(all.checked_mul(256)? + u32::from(*byte)))?;
    let head = [
        &PRIVATE_KEY_BLOB[..],
        &[0, 0],
        &RSA_KEYX.to_le_bytes(),
        &RSA_PRIVATE.to_le_bytes(),
        &bits,
        &exponent.to_le_bytes(),
    ]
    .concat();
    let mut blob = buffer(&head, 2 * whole + 5 * half);
    put(&mut blob, key.modulus, whole)?;
    for part in [key.prime_1, key.prime_2, key.exponent_1, key.exponent_2, key.coefficient] {
        put(&mut blob, part, half)?;
    }
    put(&mut blob, key.private_exponent, whole)?;
    Some(blob)
}

/// Exponent, modulus and primes, the first byte first.
fn cng(key: &RsaPrivateKey<'_>) -> Option<Wiped> {
    let parts = [key.public_exponent, key.modulus, key.prime_1, key.prime_2].map(|part| part.as_bytes());
    let mut head = [RSA_PRIVATE.to_le_bytes(), number(parts[1].len() * 8)?].concat();
    for part in parts {
        head.extend(number(part.len())?);
    }
    let mut blob = buffer(&head, parts.iter().map(|part| part.len()).sum());
    parts.iter().for_each(|part| blob.extend_from_slice(part));
    Some(blob)
}

/// The point's two coordinates and the number, each as long as the curve's.
fn on_curve(kind: KeyKind, secret: &[u8], point: &[u8]) -> Option<Wiped> {
    let (mark, size): (&[u8; 4], usize) = match kind {
        KeyKind::EcP256 => (b"ECS2", 32),
        KeyKind::EcP384 => (b"ECS4", 48),
        KeyKind::EcP521 => (b"ECS6", 66),
        _ => return None,
    };
    let point = encoding::ec_point(kind, point)?;
    let mut blob = buffer(&[&mark[..], &number(size)?].concat(), 3 * size);
    blob.extend_from_slice(point.get(1..)?);
    blob.extend(std::iter::repeat_n(0, size.checked_sub(secret.len())?));
    blob.extend_from_slice(secret);
    Some(blob)
}

fn uint(bytes: &[u8]) -> Option<UintRef<'_>> {
    UintRef::new(bytes).ok()
}

/// PKCS#8 of a `PRIVATEKEYBLOB`.
pub(super) fn pkcs8_of(blob: &[u8]) -> Option<Wiped> {
    let number = |at: usize| Some(u32::from_le_bytes(blob.get(at..at + 4)?.try_into().ok()?));
    if blob.get(..2)? != PRIVATE_KEY_BLOB || number(8)? != RSA_PRIVATE {
        return None;
    }
    let whole = usize::try_from(number(12)?).ok()?.div_ceil(8);
    let half = whole.div_ceil(2);
    let (exponent, mut rest) = (number(16)?.to_be_bytes(), blob.get(HEADERS..)?);
    let mut next = |size: usize| {
        let (part, behind) = rest.split_at_checked(size)?;
        rest = behind;
        Some(Zeroizing::new(part.iter().rev().copied().collect::<Vec<u8>>()))
    };
    let (modulus, prime_1, prime_2) = (next(whole)?, next(half)?, next(half)?);
    let (exponent_1, exponent_2, coefficient, private_exponent) = (next(half)?, next(half)?, next(half)?, next(whole)?);
    let key = RsaPrivateKey {
        version: 0,
        modulus: uint(&modulus)?,
        public_exponent: uint(&exponent)?,
        private_exponent: uint(&private_exponent)?,
        prime_1: uint(&prime_1)?,
        prime_2: uint(&prime_2)?,
        exponent_1: uint(&exponent_1)?,
        exponent_2: uint(&exponent_2)?,
        coefficient: uint(&coefficient)?,
    };
    let key = Zeroizing::new(key.to_der().ok()?);
    let algorithm = spki::AlgorithmIdentifier { oid: encoding::RSA_ENCRYPTION, parameters: Some(AnyRef::NULL) };
    let info = PrivateKeyInfo { version: 0, algorithm, key: OctetStringRef::new(&key).ok()? };
    info.to_der().ok().map(Zeroizing::new)
}

/// Not on Windows, where openssl is not at hand: the bytes are the same everywhere.
#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::process::Command;

    fn openssl(arguments: &str) -> Vec<u8> {
        let ran = Command::new("openssl").args(arguments.split(' ')).output().unwrap();
        assert!(ran.status.success(), "{arguments}: {}", String::from_utf8_lossy(&ran.stderr));
        ran.stdout
    }

    /// PKCS#8, and the public half.
    fn made(options: &str) -> (Vec<u8>, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key").display().to_string();
        openssl(&format!("genpkey -algorithm {options} -out {file}"));
        let pkcs8 = openssl(&format!("pkcs8 -topk8 -nocrypt -in {file} -outform DER"));
        (pkcs8, openssl(&format!("pkey -in {file} -pubout -outform DER")))
    }

    #[test]
    fn keys_go_there_and_back() {
        for bits in [1024, 2048, 3072] {
            let (pkcs8, public_key) = made(&format!("RSA -pkeyopt rsa_keygen_bits:{bits}"));
            let Some(Brought::Rsa { capi, cng }) = brought(&pkcs8, &public_key) else { panic!("{bits}") };
            assert_eq!(&**pkcs8_of(&capi).unwrap(), &pkcs8[..], "{bits}");
            assert_eq!((capi.len(), &cng[..4]), (HEADERS + bits / 8 * 9 / 2, &b"RSA2"[..]));
            for length in 0..capi.len() {
                assert!(pkcs8_of(&capi[..length]).is_none(), "{length}");
            }
        }
        assert!(brought(b"0", &[]).is_none());
        let (pkcs8, public_key) = made("ED25519");
        assert!(brought(&pkcs8, &public_key).is_none());
    }

    #[test]
    fn curves_have_their_length() {
        for (curve, is, size, mark) in [
            ("P-256", KeyKind::EcP256, 32, b"ECS2"),
            ("P-384", KeyKind::EcP384, 48, b"ECS4"),
            ("P-521", KeyKind::EcP521, 66, b"ECS6"),
        ] {
            let (pkcs8, public_key) = made(&format!("EC -pkeyopt ec_paramgen_curve:{curve}"));
            let Some(Brought::Curve { cng, kind }) = brought(&pkcs8, &public_key) else { panic!("{curve}") };
            assert_eq!((cng.len(), &cng[..4], kind), (8 + 3 * size, &mark[..], is));
            assert_eq!(cng[8..8 + 2 * size], public_key[public_key.len() - 2 * size..]);
        }
    }
}
