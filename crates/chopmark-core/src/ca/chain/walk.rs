//! The way from a certificate to a root, step by step, with the algorithms of `cmp-protocol`.
//!
//! What it takes (RFC 5280 §6): names, signatures, dates, the right to issue and for how many. What it does not understand
//! it refuses: a critical extension that is not in [`UNDERSTOOD`] (name and policy constraints among them) ends the way.

use std::time::Duration;

use const_oid::{
    ObjectIdentifier,
    db::rfc5280::{
        ID_CE_BASIC_CONSTRAINTS, ID_CE_CERTIFICATE_POLICIES, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE,
        ID_CE_SUBJECT_ALT_NAME,
    },
};
use der::Decode;
use x509_cert::{
    Certificate,
    ext::pkix::{BasicConstraints, KeyUsage},
};

use super::is_signed_by;
use crate::clock;

/// Longest way from a certificate to a root.
const LONGEST_WAY: usize = 8;
/// Most signatures looked at on one search: a stranger's bundle of look-alikes must not keep us busy.
const MOST_SIGNATURES: u32 = 64;
/// Extensions that may be critical, as webpki has it.
const UNDERSTOOD: [ObjectIdentifier; 5] =
    [ID_CE_BASIC_CONSTRAINTS, ID_CE_CERTIFICATE_POLICIES, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_CE_SUBJECT_ALT_NAME];

/// Verifies that the certificate of a CA is one of `roots` or leads over `others` to one of them now. Returns the way: the
/// certificate itself first, the root last.
pub(crate) fn verify_issuer(
    der: &[u8],
    others: &[Vec<u8>],
    roots: &[Vec<u8>],
) -> std::result::Result<Vec<Vec<u8>>, String> {
    may_issue(&Certificate::from_der(der).map_err(|error| error.to_string())?)?;
    walk(der, others, roots)
}

/// Verifies that `leaf` leads over `others` to one of `roots` now. Returns the way: the leaf first, the root last.
pub(super) fn walk(leaf: &[u8], others: &[Vec<u8>], roots: &[Vec<u8>]) -> std::result::Result<Vec<Vec<u8>>, String> {
    let leaf = Stone { der: leaf, certificate: Certificate::from_der(leaf).map_err(|error| error.to_string())? };
    leaf.check()?;
    if roots.iter().any(|root| root == leaf.der) {
        return Ok(vec![leaf.der.to_vec()]);
    }
    let stones = (Stone::all(roots), Stone::all(others));
    let mut search = Search {
        roots: &stones.0,
        others: &stones.1,
        way: vec![&leaf],
        signatures_left: MOST_SIGNATURES,
        why: "the issuer is not known".to_owned(),
    };
    if search.climb() {
        return Ok(search.way.iter().map(|stone| stone.der.to_vec()).collect());
    }
    Err(search.why)
}

/// May the holder of this certificate issue others (RFC 5280 §4.2.1.3, §4.2.1.9)?
fn may_issue(certificate: &Certificate) -> std::result::Result<BasicConstraints, String> {
    let certificate = certificate.tbs_certificate();
    let constraints = certificate.get_extension::<BasicConstraints>().map_err(|error| error.to_string())?;
    let Some((_, constraints)) = constraints.filter(|(_, constraints)| constraints.ca) else {
        return Err("not the certificate of a CA".to_owned());
    };
    match certificate.get_extension::<KeyUsage>().map_err(|error| error.to_string())? {
        Some((_, usage)) if !usage.key_cert_sign() => Err("the keyUsage of a CA lacks keyCertSign".to_owned()),
        _ => Ok(constraints),
    }
}

/// May the holder of this certificate (DER) issue others?
pub(super) fn is_issuer(der: &[u8]) -> bool {
    Certificate::from_der(der).is_ok_and(|certificate| may_issue(&certificate).is_ok())
}

/// Is it valid now?
pub(crate) fn check_dates(certificate: &Certificate) -> std::result::Result<(), String> {
    let validity = certificate.tbs_certificate().validity();
    let now = Duration::from_secs(clock::now());
    if now < validity.not_before.to_unix_duration() || now > validity.not_after.to_unix_duration() {
        return Err("a certificate on the way is not valid now".to_owned());
    }
    Ok(())
}

/// A certificate that may lie on the way.
struct Stone<'a> {
    der: &'a [u8],
    certificate: Certificate,
}

impl Stone<'_> {
    /// Those that can be read; others lead nowhere.
    fn all(ders: &[Vec<u8>]) -> Vec<Stone<'_>> {
        let read = |der| Some(Stone { der, certificate: Certificate::from_der(der).ok()? });
        ders.iter().filter_map(|der| read(der.as_slice())).collect()
    }

    fn check(&self) -> std::result::Result<(), String> {
        check_dates(&self.certificate)?;
        self.check_extensions()
    }

    fn check_extensions(&self) -> std::result::Result<(), String> {
        let mut extensions = self.certificate.tbs_certificate().extensions().into_iter().flatten();
        match extensions.find(|extension| extension.critical && !UNDERSTOOD.contains(&extension.extn_id)) {
            Some(strange) => Err(format!("a critical extension is not understood: {}", strange.extn_id)),
            None => Ok(()),
        }
    }

    /// May it stand here, with `below` CAs between it and the end?
    fn check_issuer(&self, below: usize) -> std::result::Result<(), String> {
        self.check()?;
        match may_issue(&self.certificate)?.path_len_constraint {
            Some(most) if below > usize::from(most) => Err("a CA has more CAs below it than it may".to_owned()),
            _ => Ok(()),
        }
    }
}

struct Search<'a> {
    roots: &'a [Stone<'a>],
    others: &'a [Stone<'a>],
    /// From the end upwards.
    way: Vec<&'a Stone<'a>>,
    signatures_left: u32,
    /// Why the last try did not go on.
    why: String,
}

impl<'a> Search<'a> {
    /// Goes on from the last stone; true if that leads to a root.
    fn climb(&mut self) -> bool {
        let Some(&current) = self.way.last() else { return false };
        // A root is trusted by the profile's word: its own dates and rights are not looked at (RFC 5280 §6.1.1 (d)).
        for root in self.roots {
            if self.is_issued(current, root) {
                match root.check_extensions() {
                    Ok(()) => {
                        self.way.push(root);
                        return true;
                    }
                    Err(why) => self.why = why,
                }
            }
        }
        if self.way.len() == LONGEST_WAY {
            self.why = "the way to the root is too long".to_owned();
            return false;
        }
        for other in self.others {
            if self.way.iter().any(|stone| stone.der == other.der) || !self.is_issued(current, other) {
                continue;
            }
            if let Err(why) = other.check_issuer(self.way.len() - 1) {
                self.why = why;
                continue;
            }
            self.way.push(other);
            if self.climb() {
                return true;
            }
            self.way.pop();
        }
        false
    }

    fn is_issued(&mut self, current: &Stone<'_>, by: &Stone<'_>) -> bool {
        if current.certificate.tbs_certificate().issuer() != by.certificate.tbs_certificate().subject() {
            return false;
        }
        if self.signatures_left == 0 {
            self.why = "too many certificates to look at".to_owned();
            return false;
        }
        self.signatures_left -= 1;
        match is_signed_by(current.der, by.der) {
            Ok(()) => true,
            Err(why) => {
                self.why = why;
                false
            }
        }
    }
}
