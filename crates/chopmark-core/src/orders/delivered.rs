//! Certificates as they are delivered: PEM, DER, PKCS#7 (`.p7b`), or a ZIP archive with any of them.

use std::io::{Cursor, Read};

use const_oid::db::rfc5911::ID_SIGNED_DATA;
use der::{Any, Decode, Encode, Sequence, asn1::ObjectIdentifier};
use x509_cert::{Certificate, request::CertReq};

use crate::{
    certificate,
    error::{Code, Error, Result},
};

const DOING: &str = "reading a request";

use crate::ca::chain;

/// Most files of an archive that are looked into, and the largest, bytes.
const MOST_FILES: usize = 100;
const LARGEST: u64 = 1024 * 1024;

/// All certificates in what was delivered, DER, in the order they stand there, each once; empty: none.
pub(crate) fn certificates(delivered: &[u8]) -> Vec<Vec<u8>> {
    let found = match files(delivered) {
        Some(files) => files.concat(),
        None => in_file(delivered),
    };
    let mut once: Vec<Vec<u8>> = Vec::new();
    for der in found {
        if !once.contains(&der) {
            once.push(der);
        }
    }
    once
}

/// A fingerprint of the public key in a request (PKCS#10, DER), as [`key_of_certificate`] gives it.
///
/// # Errors
/// [`Code::BadInput`] (reason `order-request`).
pub(crate) fn key_of_request(request: &[u8]) -> Result<String> {
    let bad = |error: der::Error| Error::new(Code::BadInput, DOING).with("reason", "order-request").because(error);
    let request = CertReq::from_der(request).map_err(bad)?;
    Ok(certificate::fingerprint(&request.info.public_key.to_der().map_err(bad)?))
}

/// A fingerprint of the public key in a certificate.
pub(crate) fn key_of_certificate(der: &[u8]) -> Result<String> {
    Ok(certificate::fingerprint(&certificate::public_key(der)?))
}

/// The certificates of each file of an archive; `None`: it is no archive.
pub(crate) fn files(archive: &[u8]) -> Option<Vec<Vec<Vec<u8>>>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).ok()?;
    let mut files = Vec::new();
    for index in 0..archive.len().min(MOST_FILES) {
        // What cannot be read (packed in a way we do not know) is not the only one with the certificate in it.
        let Ok(file) = archive.by_index(index) else { continue };
        let mut content = Vec::new();
        if file.take(LARGEST).read_to_end(&mut content).is_ok() {
            files.push(in_file(&content));
        }
    }
    Some(files)
}

/// What leads from a certificate upwards, nearest first, without a root; what does not lead there is left out.
pub(crate) fn way_up(certificate: &[u8], others: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut way: Vec<Vec<u8>> = Vec::new();
    let is_root = |der: &[u8]| chain::is_signed_by(der, der).is_ok();
    loop {
        let last = way.last().map_or(certificate, Vec::as_slice);
        let above = |one: &&Vec<u8>| {
            one.as_slice() != certificate && !way.contains(*one) && chain::is_signed_by(last, one).is_ok()
        };
        match others.iter().find(above) {
            Some(next) if !is_root(next) => way.push(next.clone()),
            _ => return way,
        }
    }
}

fn in_file(content: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(content);
    let mut found = Vec::new();
    let mut rest = &*text;
    while let Some((label, block, behind)) = pem_block(rest) {
        if let Ok((_, der)) = der::pem::decode_vec(block.trim().as_bytes()) {
            match label {
                "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => found.extend(one_certificate(&der)),
                "PKCS7" | "CMS" => found.extend(pkcs7(&der)),
                _ => {}
            }
        }
        rest = behind;
    }
    if found.is_empty() {
        found = one_certificate(content).map_or_else(|| pkcs7(content), |der| vec![der]);
    }
    found
}

/// The next block: its label, all of it, and what stands behind it.
fn pem_block(text: &str) -> Option<(&str, &str, &str)> {
    const BEGIN: &str = "-----BEGIN ";
    let start = text.find(BEGIN)?;
    let (label, _) = text[start + BEGIN.len()..].split_once("-----")?;
    let end = format!("-----END {label}-----");
    let length = text[start..].find(&end)? + end.len();
    Some((label, &text[start..start + length], &text[start + length..]))
}

fn one_certificate(der: &[u8]) -> Option<Vec<u8>> {
    Certificate::from_der(der).ok()?.to_der().ok()
}

/// `ContentInfo` (RFC 5652 §3).
#[derive(Sequence)]
struct ContentInfo {
    content_type: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    content: Any,
}

/// `SignedData` (RFC 5652 §5.1), as far as it carries certificates.
#[derive(Sequence)]
struct SignedData {
    version: Any,
    digest_algorithms: Any,
    content: Any,
    // A SET OF, under a tag of its own and by many tools not in the order of DER: read as a list.
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    certificates: Option<Vec<Any>>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    revocation_lists: Option<Vec<Any>>,
    signers: Any,
}

/// The certificates that a `SignedData` carries. Who signed it, if anybody, does not matter: they are judged by themselves.
fn pkcs7(der: &[u8]) -> Vec<Vec<u8>> {
    let info = ContentInfo::from_der(der).ok().filter(|info| info.content_type == ID_SIGNED_DATA);
    let signed = info.and_then(|info| info.content.decode_as::<SignedData>().ok());
    let choices = signed.and_then(|signed| signed.certificates).unwrap_or_default();
    choices.iter().filter_map(|one| one_certificate(&one.to_der().ok()?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `openssl crl2pkcs7 -nocrl` from two certificates.
    const P7B: &[u8] = include_bytes!("../testdata/chain.p7b");
    const PEM: &str = include_str!("../testdata/chain.pem");

    #[test]
    fn every_form_gives_the_same_certificates() {
        let wanted = certificates(PEM.as_bytes());
        assert_eq!(wanted.len(), 2);
        let p7b_pem = der::pem::encode_string("PKCS7", der::pem::LineEnding::CRLF, P7B).unwrap();
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        for (name, content) in [("readme.txt", &b"no certificate"[..]), ("nginx/a.pem", PEM.as_bytes()), ("b.p7b", P7B)]
        {
            archive.start_file(name, options).unwrap();
            std::io::Write::write_all(&mut archive, content).unwrap();
        }
        let archive = archive.finish().unwrap().into_inner();
        let noisy = format!("Bag Attributes\r\n  friendlyName: x\r\n{}trailer", PEM.replace('\n', "\r\n"));
        for (form, delivered) in [
            ("p7b", P7B),
            ("p7b in PEM", p7b_pem.as_bytes()),
            ("archive", &archive),
            ("PEM with words around", noisy.as_bytes()),
        ] {
            let mut found = certificates(delivered);
            found.sort();
            let mut wanted = wanted.clone();
            wanted.sort();
            assert!(found == wanted, "{form}");
        }
        assert_eq!(certificates(&wanted[0]), wanted[..1]);
    }

    #[test]
    fn what_is_none_is_none() {
        let cut = &P7B[..P7B.len() / 2];
        for delivered in [&b""[..], b"PK\x03\x04", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", cut]
        {
            assert!(certificates(delivered).is_empty());
        }
    }
}
