//! Have certificates on a way to a root been revoked? Asked if the profile says so, of the revocation lists (RFC 5280 §5)
//! and OCSP responders (RFC 6960) that the certificates name themselves.
//!
//! Not by webpki's own means: they know lists only, no CA as the end of a way and no RSASSA-PSS keys, and a way that was
//! found once need not be found again. webpki reads the lists, `cmp-protocol` verifies the signatures.
//!
//! Addresses are taken only from certificates that have been verified. What cannot be learnt counts as revoked
//! ([`Code::RevocationUnknown`]).

mod crl;
mod ocsp;

use std::time::Duration;

use der::{Decode, Encode};
use x509_cert::{
    Certificate,
    ext::pkix::{
        AuthorityInfoAccessSyntax, CrlDistributionPoints,
        name::{DistributionPointName, GeneralName},
    },
};

use crate::{
    ca::http::{Lookup, Way},
    certificate::distinguished_name,
    clock,
    error::{Code, Error, Result},
    model::{CaProfile, RevocationCheck},
};

const DOING: &str = "asking whether a certificate has been revoked";
/// Largest revocation list, and largest OCSP answer, bytes.
const LARGEST_LIST: usize = 16 * 1024 * 1024;
const LARGEST_ANSWER: usize = 256 * 1024;
/// Most addresses of one kind tried for a certificate.
const MOST_ADDRESSES: usize = 4;

/// What a list or responder says of a certificate. No word at all is an error.
#[derive(Debug, PartialEq, Eq)]
enum Status {
    Good,
    Revoked,
}

/// A certificate in question, and who issued it.
struct Question {
    certificate: Certificate,
    issuer: Certificate,
    issuer_der: Vec<u8>,
}

/// The time, and how far theirs may be off.
#[derive(Clone, Copy)]
struct Moment {
    now: Duration,
    tolerance: Duration,
}

impl Moment {
    /// Is a word that was given at `from` and holds `until` then one for now?
    fn is_within(self, from: Duration, until: Duration) -> bool {
        from <= self.now + self.tolerance && self.now <= until + self.tolerance
    }
}

/// Asks as a profile wants it.
pub(crate) struct Revocation {
    check: RevocationCheck,
    tolerance: u64,
    way: Way,
}

impl Revocation {
    /// `way`: how to reach lists and responders.
    pub(crate) fn of(profile: &CaProfile, way: Way) -> Revocation {
        Revocation { check: profile.cmp.revocation, tolerance: profile.cmp.clock_tolerance, way }
    }

    /// Checks every certificate of a verified way but its last, the root: each was issued by the next (DER).
    ///
    /// # Errors
    /// [`Code::CaRevoked`], [`Code::RevocationUnknown`].
    pub(crate) async fn check(&self, way: &[Vec<u8>]) -> Result<()> {
        if self.check == RevocationCheck::Off {
            return Ok(());
        }
        for pair in way.windows(2) {
            self.check_one(&pair[0], &pair[1]).await?;
        }
        Ok(())
    }

    async fn check_one(&self, certificate: &[u8], issuer: &[u8]) -> Result<()> {
        let unreadable = |error: der::Error| Error::new(Code::RevocationUnknown, DOING).because(error);
        let question = Question {
            certificate: Certificate::from_der(certificate).map_err(unreadable)?,
            issuer: Certificate::from_der(issuer).map_err(unreadable)?,
            issuer_der: issuer.to_vec(),
        };
        let subject = distinguished_name(question.certificate.tbs_certificate().subject());
        match self.status(&question).await {
            Ok(Status::Good) => Ok(()),
            Ok(Status::Revoked) => Err(Error::new(Code::CaRevoked, DOING).with("subject", subject)),
            Err(why) => Err(Error::new(Code::RevocationUnknown, DOING)
                .with("subject", subject)
                .with("found", &why)
                .because(why)),
        }
    }

    async fn status(&self, question: &Question) -> std::result::Result<Status, String> {
        match self.check {
            RevocationCheck::Off => Ok(Status::Good),
            RevocationCheck::Crl => self.by_list(question).await,
            RevocationCheck::Ocsp => self.by_responder(question).await,
            // The responder knows it sooner.
            RevocationCheck::Any => match self.by_responder(question).await {
                Err(why) => self.by_list(question).await.map_err(|then| format!("{why}; {then}")),
                known => known,
            },
        }
    }

    fn moment(&self) -> Moment {
        Moment { now: Duration::from_secs(clock::now()), tolerance: Duration::from_secs(self.tolerance) }
    }

    async fn by_list(&self, question: &Question) -> std::result::Result<Status, String> {
        let lookups = list_addresses(&question.certificate).into_iter().map(|url| Lookup { url, question: None });
        let none = "the certificate names no revocation list at an http address";
        let moment = self.moment();
        let read = |url: &str, list: &[u8]| crl::status(question, url, list, moment);
        self.first_word(lookups, LARGEST_LIST, none, read).await
    }

    async fn by_responder(&self, question: &Question) -> std::result::Result<Status, String> {
        let asked = ocsp::Asked::about(question).map_err(|error| error.to_string())?;
        let request = ("application/ocsp-request", asked.request().map_err(|error| error.to_string())?);
        let lookups = responder_addresses(&question.certificate)
            .into_iter()
            .map(|url| Lookup { url, question: Some(request.clone()) });
        let none = "the certificate names no OCSP responder at an http address";
        let moment = self.moment();
        let read = |_: &str, answer: &[u8]| asked.status(question, answer, moment);
        self.first_word(lookups, LARGEST_ANSWER, none, read).await
    }

    /// What the first one says that has something to say; else why the last has not.
    async fn first_word(
        &self,
        lookups: impl Iterator<Item = Lookup>,
        largest: usize,
        none: &str,
        read: impl Fn(&str, &[u8]) -> std::result::Result<Status, String>,
    ) -> std::result::Result<Status, String> {
        let mut why = none.to_owned();
        for lookup in lookups.take(MOST_ADDRESSES) {
            let url = lookup.url.clone();
            let found = self.way.look_up(lookup, largest).await.map_err(|error| error.to_string());
            match found.and_then(|bytes| read(&url, &bytes)) {
                Ok(status) => return Ok(status),
                Err(error) => why = format!("{url}: {error}"),
            }
        }
        Err(why)
    }
}

/// `http:` addresses of the lists that a certificate names (RFC 5280 §4.2.1.13). Points with a list by somebody else
/// (cRLIssuer) or for some reasons only are left out.
fn list_addresses(certificate: &Certificate) -> Vec<String> {
    let points = certificate.tbs_certificate().get_extension::<CrlDistributionPoints>();
    let points = points.ok().flatten().map(|(_, points)| points.0).unwrap_or_default();
    let whole = points.into_iter().filter(|point| point.crl_issuer.is_none() && point.reasons.is_none());
    whole
        .filter_map(|point| match point.distribution_point? {
            DistributionPointName::FullName(names) => Some(names),
            DistributionPointName::NameRelativeToCRLIssuer(_) => None,
        })
        .flatten()
        .filter_map(http_address)
        .collect()
}

/// `http:` addresses of the responders that a certificate names (RFC 5280 §4.2.2.1).
fn responder_addresses(certificate: &Certificate) -> Vec<String> {
    let access = certificate.tbs_certificate().get_extension::<AuthorityInfoAccessSyntax>();
    let access = access.ok().flatten().map(|(_, access)| access.0).unwrap_or_default();
    let ocsp = access.into_iter().filter(|access| access.access_method == const_oid::db::rfc5280::ID_AD_OCSP);
    ocsp.filter_map(|access| http_address(access.access_location)).collect()
}

fn http_address(name: GeneralName) -> Option<String> {
    match name {
        GeneralName::UniformResourceIdentifier(uri) => {
            Some(uri.to_string()).filter(|uri| uri.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("http://")))
        }
        _ => None,
    }
}

impl Question {
    /// DER of the issuer's public key, without what it is wrapped in.
    fn issuer_key(&self) -> &[u8] {
        self.issuer.tbs_certificate().subject_public_key_info().subject_public_key.raw_bytes()
    }

    fn issuer_name(&self) -> der::Result<Vec<u8>> {
        self.issuer.tbs_certificate().subject().to_der()
    }
}
