//! Certificates and keys as the bytes of files: written, and read back by the same rules.

use der::{Encode, pem::LineEnding};
use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, Pkcs12ImportPolicy, PrivateKey,
    PrivateKeyChain,
};
use zeroize::Zeroizing;

use crate::{
    certificate,
    error::{Code, Error, Result},
    keys::{
        key_id,
        software::{ITERATIONS, SoftwareKey},
    },
    ui::Secret,
};

/// What old programs use; more rounds make some of them refuse the file.
const LEGACY_ITERATIONS: u32 = 2048;
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";

fn failed(error: impl std::fmt::Display) -> Error {
    Error::new(Code::Internal, "writing a certificate").because(error.to_string())
}

/// PKCS#12: the certificate first, what leads to its root behind it. `legacy`: 3DES and SHA-1 instead of AES-256 and SHA-256.
pub(crate) fn pkcs12(
    label: &str,
    key: &SoftwareKey,
    certificates: &[Vec<u8>],
    password: &Secret,
    legacy: bool,
) -> Result<Vec<u8>> {
    let plain = key.pkcs8()?;
    let chain: Vec<Certificate> =
        certificates.iter().map(|der| Certificate::from_der(der).map_err(failed)).collect::<Result<_>>()?;
    let id = key_id(&key.public_key()?)?;
    let private = PrivateKey::from_der(plain.as_bytes()).map_err(failed)?;
    let mut store = KeyStore::new();
    store.add_entry(label, KeyStoreEntry::PrivateKeyChain(PrivateKeyChain::new(id, private, chain)));
    let (encryption, mac, rounds) = match legacy {
        false => (EncryptionAlgorithm::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha256, ITERATIONS),
        true => (EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc, MacAlgorithm::HmacSha1, LEGACY_ITERATIONS),
    };
    let writer = store.writer(password.expose()).encryption_algorithm(encryption).encryption_iterations(rounds);
    writer.mac_algorithm(mac).mac_iterations(rounds).write().map_err(failed)
}

/// The certificates of a PKCS#12 file, that of its key first, and the key.
///
/// # Errors
/// [`Code::FilePasswordWrong`]; [`Code::FileNotReadable`]: no certificate with a key is in it.
pub(crate) fn read_pkcs12(bytes: &[u8], password: &Secret) -> Result<(Vec<Vec<u8>>, SoftwareKey)> {
    let error = |code: Code| Error::new(code, "reading the PKCS#12 file");
    let store = KeyStore::from_pkcs12(bytes, password.expose(), Pkcs12ImportPolicy::Strict)
        .map_err(|cause| error(Code::FilePasswordWrong).because(cause.to_string()))?;
    let (_, chain) = store.private_key_chain().ok_or_else(|| error(Code::FileNotReadable))?;
    let certificates: Vec<Vec<u8>> = chain.certs().iter().map(|one| one.as_der().to_vec()).collect();
    if certificates.is_empty() {
        return Err(error(Code::FileNotReadable));
    }
    Ok((certificates, SoftwareKey::from_pkcs8(chain.key().as_der())?))
}

/// PKCS#8 as PEM; encrypted, or for a server that starts without anybody.
pub(crate) fn pem_key(key: &SoftwareKey, password: Option<&Secret>) -> Result<Zeroizing<String>> {
    match password {
        Some(password) => {
            let text = der::pem::encode_string(ENCRYPTED, LineEnding::LF, &key.encrypted(password)?);
            Ok(Zeroizing::new(text.map_err(failed)?))
        }
        None => key.pkcs8()?.to_pem("PRIVATE KEY", LineEnding::LF).map_err(failed),
    }
}

/// The key in a PEM text.
fn read_pem_key(text: &str, password: Option<&Secret>) -> Option<SoftwareKey> {
    let label = if password.is_some() { ENCRYPTED } else { "PRIVATE KEY" };
    let begin = text.find(&format!("-----BEGIN {label}-----"))?;
    let end = format!("-----END {label}-----");
    let end = begin + text[begin..].find(&end)? + end.len();
    let (_, der) = der::SecretDocument::from_pem(&text[begin..end]).ok()?;
    match password {
        Some(password) => SoftwareKey::decrypted(der.as_bytes(), password),
        None => SoftwareKey::from_pkcs8(der.as_bytes()).ok(),
    }
}

/// Certificates as PEM, one behind the other.
pub(crate) fn pem_certificates(certificates: &[Vec<u8>]) -> Result<String> {
    let one = |der: &Vec<u8>| der::pem::encode_string("CERTIFICATE", LineEnding::LF, der).map_err(failed);
    certificates.iter().map(one).collect()
}

/// A key may stand in front of them.
fn read_pem_certificates(text: &str) -> Option<Vec<Vec<u8>>> {
    let at = text.find("-----BEGIN CERTIFICATE-----")?;
    let certificates = x509_cert::Certificate::load_pem_chain(&text.as_bytes()[at..]).ok()?;
    certificates.iter().map(|one| one.to_der().ok()).collect()
}

/// Is what stands in the files what was to be written? The key's public half is the certificate's.
pub(crate) fn holds(written: &Written<'_>, certificates: &[Vec<u8>]) -> bool {
    let fits = |key: &SoftwareKey| {
        let certified = certificates.first().and_then(|der| certificate::public_key(der).ok());
        certified.is_some() && key.public_key().ok() == certified
    };
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).map(|text| Zeroizing::new(text.to_owned())).ok();
    match written {
        Written::Der(bytes) => certificates.first().is_some_and(|der| der == bytes),
        Written::Pkcs12(bytes, password) => {
            read_pkcs12(bytes, password).is_ok_and(|(found, key)| found == certificates && fits(&key))
        }
        Written::Certificates(bytes) => {
            text(bytes).and_then(|text| read_pem_certificates(&text)).is_some_and(|found| found == certificates)
        }
        Written::Key(bytes, password) => {
            text(bytes).and_then(|text| read_pem_key(&text, *password)).is_some_and(|key| fits(&key))
        }
    }
}

/// What was written, to be read back.
pub(crate) enum Written<'a> {
    /// One certificate.
    Der(&'a [u8]),
    /// A PKCS#12 file and its password.
    Pkcs12(&'a [u8], &'a Secret),
    /// Certificates in a PEM text.
    Certificates(&'a [u8]),
    /// A key in a PEM text, and its password if it is encrypted.
    Key(&'a [u8], Option<&'a Secret>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::KeyChoice;

    fn password() -> Secret {
        Secret::new("correct horse 口令".into())
    }

    #[test]
    fn what_is_written_is_read_back() {
        let key = SoftwareKey::generate(KeyChoice::EcP256).unwrap();
        let pem = pem_key(&key, Some(&password())).unwrap();
        assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{}", &pem[..40]);
        let same = |found: Option<SoftwareKey>| found.unwrap().public_key().unwrap() == key.public_key().unwrap();
        assert!(same(read_pem_key(&pem, Some(&password()))));
        assert!(read_pem_key(&pem, Some(&Secret::new("wrong".into()))).is_none());
        assert!(read_pem_key(&pem, None).is_none());
        let plain = pem_key(&key, None).unwrap();
        assert!(same(read_pem_key(&plain, None)));
        let rsa = der::Document::from_pem(include_str!("testdata/rsa.pem")).unwrap().1.into_vec();
        let alone = std::slice::from_ref(&rsa);
        for legacy in [false, true] {
            let bytes = pkcs12("me", &key, alone, &password(), legacy).unwrap();
            let (found, read) = read_pkcs12(&bytes, &password()).unwrap();
            assert_eq!(found, alone);
            assert!(same(Some(read)));
            assert_eq!(
                read_pkcs12(&bytes, &Secret::new("wrong".into())).err().map(|error| error.code),
                Some(Code::FilePasswordWrong)
            );
            // Whole, but the key is another's: that is no copy.
            assert!(!holds(&Written::Pkcs12(&bytes, &password()), alone));
        }
        let text = pem_certificates(&[rsa.clone(), rsa.clone()]).unwrap();
        assert!(holds(&Written::Certificates(text.as_bytes()), &[rsa.clone(), rsa.clone()]));
        assert!(!holds(&Written::Certificates(text.as_bytes()), alone));
        assert!(holds(&Written::Der(&rsa), alone));
    }
}
