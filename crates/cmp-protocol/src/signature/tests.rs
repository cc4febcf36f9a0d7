//! Known answers: self-signed certificates made by the `openssl` command (3.0, for ML-DSA 3.6), so that each file holds
//! a key, an algorithm, a message and a signature.

use der::Encode;

use super::*;

struct Vector {
    key: SubjectPublicKeyInfoOwned,
    algorithm: AlgorithmIdentifierOwned,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl Vector {
    fn check(&self) -> Result<()> {
        verify(&self.key, &self.algorithm, &self.message, &self.signature)
    }
}

fn read(der: &[u8]) -> Vector {
    let certificate = Certificate::from_der(der).unwrap();
    Vector {
        key: certificate.tbs_certificate().subject_public_key_info().clone(),
        algorithm: certificate.signature_algorithm().clone(),
        message: certificate.tbs_certificate().to_der().unwrap(),
        signature: certificate.signature().raw_bytes().to_vec(),
    }
}

macro_rules! vectors {
    ($($name:literal)*) => {
        [$(($name, include_bytes!(concat!("testdata/", $name, ".der")).as_slice())),*]
    };
}

const GOOD: [(&str, &[u8]); 22] = vectors!(
    "rsa-sha256" "rsa-sha384" "rsa-sha512"
    "rsa-pss-sha256" "rsa-pss-sha384" "rsa-pss-sha512" "rsa-pss-salt64" "pss-key" "pss-key-open-salt20"
    "p256-sha256" "p256-sha384" "p256-sha512"
    "p384-sha256" "p384-sha384" "p384-sha512"
    "p521-sha256" "p521-sha384" "p521-sha512"
    "ed25519"
    "ml-dsa-44" "ml-dsa-65" "ml-dsa-87"
);

/// Right, but not to be trusted, or not known here.
const UNSUPPORTED: [(&str, &[u8]); 8] = vectors!(
    "rsa-sha1" "p256-sha1" "rsa-pss-sha1" "rsa-pss-salt19" "rsa-pss-salt65" "rsa-pss-mgf-sha512" "ed448" "rsa1024"
);

fn good(name: &str) -> Vector {
    read(GOOD.iter().find(|(known, _)| *known == name).unwrap().1)
}

type Part = fn(&mut Vector) -> &mut Vec<u8>;

fn signature(vector: &mut Vector) -> &mut Vec<u8> {
    &mut vector.signature
}

fn message(vector: &mut Vector) -> &mut Vec<u8> {
    &mut vector.message
}

fn refused() -> Result<()> {
    Err(Error::Input("signature does not verify".into()))
}

#[test]
fn what_openssl_signed_verifies() {
    for (name, der) in GOOD {
        assert_eq!(read(der).check(), Ok(()), "{name}");
    }
}

#[test]
fn one_wrong_bit_is_enough() {
    for (name, der) in GOOD {
        let flips = [("signature", signature as Part), ("message", message)];
        for (part, bytes) in flips {
            let length = bytes(&mut read(der)).len();
            for at in [0, 5, length / 2, length - 1] {
                let mut vector = read(der);
                bytes(&mut vector)[at] ^= 1;
                assert_eq!(vector.check(), refused(), "{name}: {part}, byte {at} of {length}");
            }
        }
        for cut in [0, 1, 32] {
            let mut vector = read(der);
            vector.signature.truncate(cut);
            assert_eq!(vector.check(), refused(), "{name}: {cut} bytes of the signature");
        }
        let mut vector = read(der);
        vector.signature.push(0);
        assert_eq!(vector.check(), refused(), "{name}: a byte more");
    }
}

#[test]
fn one_key_does_not_verify_for_another() {
    for (name, der) in GOOD {
        for (other, other_der) in GOOD {
            let mut vector = read(der);
            vector.key = read(other_der).key;
            if vector.key != read(der).key {
                assert_eq!(vector.check(), refused(), "signature of {name}, key of {other}");
            }
        }
    }
}

#[test]
fn weak_and_unknown_algorithms_are_not_verified() {
    for (name, der) in UNSUPPORTED {
        let error = read(der).check().unwrap_err();
        assert!(matches!(error, Error::UnsupportedAlgorithm(_)), "{name}: {error}");
    }
}

#[test]
fn parameters_where_there_must_be_none() {
    for name in ["ed25519", "ml-dsa-44", "ml-dsa-65", "ml-dsa-87"] {
        let mut vector = good(name);
        vector.algorithm.parameters = Some(Any::null());
        assert!(matches!(vector.check(), Err(Error::UnsupportedAlgorithm(_))), "{name}");
    }
    let mut vector = good("rsa-pss-sha256");
    vector.algorithm.parameters = None;
    assert!(matches!(vector.check(), Err(Error::UnsupportedAlgorithm(_))), "PSS needs them");
}

#[test]
fn a_pss_key_keeps_to_its_parameters() {
    let (key, plain) = (good("pss-key").key, good("rsa-pss-sha256").key);
    assert_eq!((key.algorithm.parameters.is_some(), plain.algorithm.parameters.is_some()), (true, true));
    let fits = |hash, salt| Parameters { hash, salt }.fit(&key).unwrap();
    assert!(fits(rfc5912::ID_SHA_256, 32) && fits(rfc5912::ID_SHA_256, 64));
    assert!(!fits(rfc5912::ID_SHA_256, 31) && !fits(rfc5912::ID_SHA_512, 64));
    assert!(Parameters { hash: rfc5912::ID_SHA_512, salt: 64 }.fit(&plain).unwrap());
    // And it makes no signature of the older kind.
    let mut vector = good("rsa-sha256");
    vector.key.algorithm = key.algorithm;
    assert_eq!(vector.check(), refused());
}

#[test]
fn schemes_write_the_algorithm_that_openssl_writes() {
    use SignatureScheme::*;
    let usual = [
        ("rsa-sha256", RsaPkcs1Sha256),
        ("pss-key", RsaPssSha256),
        ("pss-key-open-salt20", RsaPssSha256),
        ("p256-sha256", EcdsaP256Sha256),
        ("p384-sha384", EcdsaP384Sha384),
        ("p521-sha512", EcdsaP521Sha512),
        ("ed25519", Ed25519),
        ("ml-dsa-44", MlDsa44),
        ("ml-dsa-65", MlDsa65),
        ("ml-dsa-87", MlDsa87),
    ];
    for (name, scheme) in usual {
        let vector = good(name);
        assert_eq!(SignatureScheme::for_key(&vector.key), Ok(scheme), "{name}");
        if name != "pss-key-open-salt20" {
            assert_eq!(scheme.algorithm(), vector.algorithm, "{name}");
        }
    }
    assert_eq!(RsaPssSha256.algorithm(), good("rsa-pss-sha256").algorithm);
    let unknown = read(UNSUPPORTED[6].1).key;
    assert_eq!(SignatureScheme::for_key(&unknown), Err(Error::UnsupportedAlgorithm("1.3.101.113".into())));
    let mut other_hash = good("pss-key").key;
    other_hash.algorithm.parameters = good("rsa-pss-sha512").algorithm.parameters;
    assert!(matches!(SignatureScheme::for_key(&other_hash), Err(Error::UnsupportedAlgorithm(_))));
}

#[test]
fn certificates_are_hashed_as_they_are_signed() {
    for (name, der) in GOOD.into_iter().chain(UNSUPPORTED) {
        let (hash, named) = certificate_hash(der).unwrap();
        let (length, explicit) = match name {
            "rsa-sha1" | "p256-sha1" | "rsa-pss-sha1" => (20, false),
            "ed25519" => (64, false),
            _ if name.ends_with("sha384") => (48, false),
            "rsa-pss-mgf-sha512" => (32, true),
            _ if name.ends_with("sha512") => (64, false),
            _ => (32, name.starts_with("ml-dsa") || name == "ed448"),
        };
        assert_eq!((hash.len(), named.is_some()), (length, explicit), "{name}");
        if let Some(named) = named {
            assert_eq!((named.oid, hash), (rfc5912::ID_SHA_256, Sha256::digest(der).to_vec()), "{name}");
        }
    }
}
