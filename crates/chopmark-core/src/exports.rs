//! Certificates and keys as the bytes of files: written, and read back by the same rules.

use std::path::Path;

use der::{DecodePem, Encode, pem::LineEnding};
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
const CERTIFICATE: &str = "CERTIFICATE";

/// How certificate and key stand together in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For browsers, mail programs and other computers.
    Pkcs12,
    /// Encrypted PKCS#8, the certificate, what leads to its root: for servers. The key comes first, since Postfix wants it there
    /// and nobody minds.
    Pem,
}

impl Form {
    /// As the file's name says.
    pub(crate) fn of(path: &Path) -> Form {
        match path.extension() {
            Some(ending) if ending.eq_ignore_ascii_case("pem") => Form::Pem,
            _ => Form::Pkcs12,
        }
    }

    /// The file. `certificates`: that of the key, what leads to its root, the root.
    pub(crate) fn write(
        self,
        label: &str,
        key: &SoftwareKey,
        certificates: &[Vec<u8>],
        password: &Secret,
    ) -> Result<Zeroizing<Vec<u8>>> {
        match self {
            Form::Pkcs12 => pkcs12(label, key, certificates, password, false).map(Zeroizing::new),
            Form::Pem => {
                // A server does not send the root: whoever does not have it would not believe it.
                let sent = &certificates[..certificates.len().saturating_sub(1).max(1)];
                let text = [pem_key(key, Some(password))?.as_str(), &pem_certificates(sent)?].concat();
                Ok(Zeroizing::new(text.into_bytes()))
            }
        }
    }

    /// What is in a file: the certificates, that of the key first, and the key.
    ///
    /// # Errors
    /// [`Code::FilePasswordWrong`]; [`Code::FileNotReadable`]: no certificate with a key is in it.
    pub(crate) fn read(self, bytes: &[u8], password: &Secret) -> Result<(Vec<Vec<u8>>, SoftwareKey)> {
        match self {
            Form::Pkcs12 => read_pkcs12(bytes, password),
            Form::Pem => read_pem(bytes, password),
        }
    }
}

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

/// The parts of a PEM text that have this label.
fn blocks<'a>(text: &'a str, label: &str) -> impl Iterator<Item = &'a str> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = &rest[rest.find(&begin)?..];
        let (block, behind) = rest.split_at(rest.find(&end)? + end.len());
        rest = behind;
        Some(block)
    })
}

/// The key in a PEM text.
fn read_pem_key(text: &str, password: Option<&Secret>) -> Option<SoftwareKey> {
    let label = if password.is_some() { ENCRYPTED } else { "PRIVATE KEY" };
    let (_, der) = der::SecretDocument::from_pem(blocks(text, label).next()?).ok()?;
    match password {
        Some(password) => SoftwareKey::decrypted(der.as_bytes(), password),
        None => SoftwareKey::from_pkcs8(der.as_bytes()).ok(),
    }
}

fn read_pem(bytes: &[u8], password: &Secret) -> Result<(Vec<Vec<u8>>, SoftwareKey)> {
    let error = |code: Code| Error::new(code, "reading the PEM file");
    let text = std::str::from_utf8(bytes).map_err(|cause| error(Code::FileNotReadable).because(cause))?;
    let mut certificates = read_pem_certificates(text).ok_or_else(|| error(Code::FileNotReadable))?;
    if blocks(text, ENCRYPTED).next().is_none() {
        return Err(error(Code::FileNotReadable));
    }
    let key = read_pem_key(text, Some(password)).ok_or_else(|| error(Code::FilePasswordWrong))?;
    let public_key = key.public_key()?;
    let own = certificates.iter().position(|der| certificate::public_key(der).is_ok_and(|found| found == public_key));
    let own = certificates.remove(own.ok_or_else(|| error(Code::FileNotReadable))?);
    certificates.insert(0, own);
    Ok((certificates, key))
}

/// What a PEM file shows without a password: its first certificate, and whether an encrypted key is beside it.
pub(crate) fn shown_by_pem(text: &str) -> Option<(Vec<u8>, bool)> {
    let first = read_pem_certificates(text)?.swap_remove(0);
    Some((first, blocks(text, ENCRYPTED).next().is_some()))
}

/// Certificates as PEM, one behind the other.
pub(crate) fn pem_certificates(certificates: &[Vec<u8>]) -> Result<String> {
    let one = |der: &Vec<u8>| der::pem::encode_string(CERTIFICATE, LineEnding::LF, der).map_err(failed);
    certificates.iter().map(one).collect()
}

/// Keys may stand between them. `None`: there is none, or one of them cannot be read.
fn read_pem_certificates(text: &str) -> Option<Vec<Vec<u8>>> {
    let read = |block: &str| x509_cert::Certificate::from_pem(block).ok()?.to_der().ok();
    let certificates: Vec<Vec<u8>> = blocks(text, CERTIFICATE).map(read).collect::<Option<_>>()?;
    Some(certificates).filter(|all| !all.is_empty())
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
        for (name, form) in [("a.p12", Form::Pkcs12), ("pem", Form::Pkcs12), ("a.b.PEM", Form::Pem)] {
            assert_eq!(Form::of(Path::new(name)), form, "{name}");
        }
        let text = pem_certificates(&[rsa.clone(), rsa.clone()]).unwrap();
        assert!(holds(&Written::Certificates(text.as_bytes()), &[rsa.clone(), rsa.clone()]));
        assert!(!holds(&Written::Certificates(text.as_bytes()), alone));
        assert!(holds(&Written::Der(&rsa), alone));
    }
}
