//! What a revocation list says (RFC 5280 §5, §6.3).

use der::Decode;
use webpki::OwnedCertRevocationList;
use x509_cert::{
    Certificate,
    crl::CertificateList,
    ext::pkix::{
        BasicConstraints, IssuingDistributionPoint, KeyUsage,
        name::{DistributionPointName, GeneralName},
    },
};

use super::{Moment, Question, Status};
use crate::ca::chain::is_signed_by;

/// Reads the list found at `url`: whole, by the issuer itself, in date, and for this kind of certificate.
pub(super) fn status(
    question: &Question,
    url: &str,
    der: &[u8],
    moment: Moment,
) -> std::result::Result<Status, String> {
    // It refuses what it does not understand: critical extensions, deltas, indirect lists, lists for some reasons only.
    OwnedCertRevocationList::from_der(der).map_err(|error| error.to_string())?;
    let list = CertificateList::from_der(der).map_err(|error| error.to_string())?.tbs_cert_list;
    if list.issuer != *question.certificate.tbs_certificate().issuer() {
        return Err("the list is another CA's".to_owned());
    }
    let usage = question.issuer.tbs_certificate().get_extension::<KeyUsage>().map_err(|error| error.to_string())?;
    if usage.is_some_and(|(_, usage)| !usage.crl_sign()) {
        return Err("the CA may not sign lists: its keyUsage lacks cRLSign".to_owned());
    }
    is_signed_by(der, &question.issuer_der).map_err(|error| format!("the list is not signed by the CA: {error}"))?;
    let Some(until) = list.next_update else { return Err("the list does not say how long it holds".to_owned()) };
    if !moment.is_within(list.this_update.to_unix_duration(), until.to_unix_duration()) {
        return Err("the list is not in date".to_owned());
    }
    check_scope(&list, &question.certificate, url)?;
    // On hold counts as revoked; a list that is no delta has no entry that takes it back.
    let serial = question.certificate.tbs_certificate().serial_number();
    let revoked = list.revoked_certificates.into_iter().flatten().any(|entry| entry.serial_number == *serial);
    Ok(if revoked { Status::Revoked } else { Status::Good })
}

/// Is the list for certificates of this kind, at this point (RFC 5280 §6.3.3 (b)(2))?
fn check_scope(
    list: &x509_cert::crl::TbsCertList,
    certificate: &Certificate,
    url: &str,
) -> std::result::Result<(), String> {
    let words = |error: der::Error| error.to_string();
    let mut extensions = list.crl_extensions.iter().flatten();
    let oid = <IssuingDistributionPoint as const_oid::AssociatedOid>::OID;
    let Some(scope) = extensions.find(|extension| extension.extn_id == oid) else { return Ok(()) };
    let scope = IssuingDistributionPoint::from_der(scope.extn_value.as_bytes()).map_err(words)?;
    let constraints = certificate.tbs_certificate().get_extension::<BasicConstraints>().map_err(words)?;
    let is_ca = constraints.is_some_and(|(_, constraints)| constraints.ca);
    if scope.only_contains_attribute_certs
        || scope.indirect_crl
        || scope.only_some_reasons.is_some()
        || (scope.only_contains_ca_certs && !is_ca)
        || (scope.only_contains_user_certs && is_ca)
    {
        return Err("the list is for other certificates".to_owned());
    }
    match scope.distribution_point {
        None => Ok(()),
        Some(DistributionPointName::FullName(names)) if names.iter().any(|name| is_at(name, url)) => Ok(()),
        Some(_) => Err("the list belongs to another place".to_owned()),
    }
}

fn is_at(name: &GeneralName, url: &str) -> bool {
    matches!(name, GeneralName::UniformResourceIdentifier(uri) if uri.as_str() == url)
}
