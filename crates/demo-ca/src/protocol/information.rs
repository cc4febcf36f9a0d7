//! Questions about the CA (genm, RFC 9483 §4.3). They cost no use of the codes.

use cmp_protocol::{
    crmf::CertTemplate,
    information::{CertReqTemplate, CrlSource, CrlStatus, KeySpec},
    message::{Body, FailInfo, InfoTypeAndValue},
    server::{
        self, Incoming, Wish,
        information::{self, Question},
    },
};
use const_oid::db::{rfc4519, rfc5912};
use der::{Any, Decode, Encode, Tag};
use spki::AlgorithmIdentifierOwned;
use x509_cert::{
    attr::AttributeTypeAndValue,
    ext::pkix::name::GeneralName,
    name::{Name, RdnSequence, RelativeDistinguishedName},
};

use super::{Ca, LOCKED, Message, Outcome, decisions::PATIENCE, party::Party};
use crate::{
    authority,
    error::{Error, Result},
    ledger::Books,
};

/// State of a question that had to wait.
const ANSWERED: &str = "answered";

impl Ca {
    /// genm: opens a transaction only where the answer has to wait.
    pub(super) fn question(&self, books: &Books<'_>, party: &Party<'_>, message: &Message<'_>) -> Result<Outcome> {
        if party.is_locked() {
            return Outcome::error(FailInfo::NotAuthorized, LOCKED);
        }
        if books.transaction(message.transaction)?.is_some() {
            return Outcome::error(FailInfo::TransactionIdInUse, "this transactionID has been used before");
        }
        if party.terms.delay > 0 {
            party.open(books, message)?;
            return Ok(Outcome::new(server::wait_for_all(PATIENCE), format!("waiting, {} s", party.terms.delay)));
        }
        self.inform(books, party, message, message.incoming)
    }

    /// Answers what `first`, the genm of this transaction, asks.
    pub(super) fn inform(
        &self,
        books: &Books<'_>,
        party: &Party<'_>,
        message: &Message<'_>,
        first: &Incoming<'_>,
    ) -> Result<Outcome> {
        books.set_state(message.transaction, ANSWERED)?;
        if let Some(reason) = party.terms.refuse {
            return Outcome::error(reason, "refused, as the invitation to the demo CA says");
        }
        let asked = match first.wish() {
            Ok(Wish::Information(asked)) if !asked.is_empty() => asked,
            _ => return Outcome::error(FailInfo::BadRequest, "a genm must ask something"),
        };
        let mut answers = Vec::new();
        for one in &asked {
            match information::question(one) {
                Ok(Question::Other(oid)) => {
                    return Outcome::error(FailInfo::BadRequest, &format!("nothing is known here of {oid}"));
                }
                Ok(question) => answers.push(self.tell(books, party, question, message.now)?),
                Err(error) => return Outcome::error(FailInfo::BadDataFormat, &error.to_string()),
            }
        }
        let kinds: Vec<_> = asked.iter().map(|one| one.info_type.to_string()).collect();
        Ok(Outcome {
            fault: party.terms.fault,
            ..Outcome::new(Body::Genp(answers), format!("told {}", kinds.join(" ")))
        })
    }

    fn tell(&self, books: &Books<'_>, party: &Party<'_>, question: Question, now: u64) -> Result<InfoTypeAndValue> {
        let authority = &self.authority;
        Ok(match question {
            Question::CaCertificates => {
                information::ca_certificates(&[authority.intermediate.clone(), authority.root.clone()])?
            }
            Question::RootUpdate(old) => {
                let update = match old {
                    Some(old) if old == authority.root => authority.root_update()?,
                    _ => None,
                };
                information::root_update(update.as_ref())?
            }
            Question::Template => {
                let ordered = authority.ordered_template()?;
                let template = ordered.map_or_else(|| template(&party.invited.subject), Ok)?;
                information::template(Some(&template))?
            }
            Question::CurrentCrl => information::current_crl(&self.crl(books, now)?.der)?,
            Question::Crls(wanted) => {
                let crl = self.crl(books, now)?;
                let ours = wanted.iter().any(|status| self.is_ours(status) && is_older(status, crl.at));
                information::crls(if ours { std::slice::from_ref(&crl.der) } else { &[] })?
            }
            // Refused before.
            Question::Other(oid) => InfoTypeAndValue { info_type: oid, info_value: None },
        })
    }

    fn is_ours(&self, wanted: &CrlStatus) -> bool {
        use x509_cert::ext::pkix::name::DistributionPointName::FullName;
        let (CrlSource::Issuer(names) | CrlSource::DistributionPoint(FullName(names))) = &wanted.source else {
            return false;
        };
        names.iter().any(|name| match name {
            GeneralName::DirectoryName(name) => authority::same_name(name, &self.authority.name),
            GeneralName::UniformResourceIdentifier(url) => self.authority.is_crl_url(url.as_str()),
            _ => false,
        })
    }
}

fn is_older(at_hand: &CrlStatus, at: u64) -> bool {
    at_hand.this_update.is_none_or(|this_update| this_update.to_unix_duration().as_secs() < at)
}

/// The subject of the invitation with the common name left open, and the usual keys.
fn template(subject: &str) -> Result<CertReqTemplate> {
    let curve = Any::encode_from(&rfc5912::SECP_256_R_1).map_err(Error::certificate)?;
    let p256 = AlgorithmIdentifierOwned { oid: rfc5912::ID_EC_PUBLIC_KEY, parameters: Some(curve) };
    let keys = [KeySpec::Algorithm(p256), KeySpec::Rsa(2048), KeySpec::Rsa(3072)];
    let subject = with_open_name(&authority::parse(subject)?).map_err(Error::certificate)?;
    Ok(CertReqTemplate {
        cert_template: CertTemplate { subject: Some(subject), ..CertTemplate::default() },
        key_spec: Some(information::key_spec(&keys)?),
    })
}

/// An empty value asks the client to fill it in (RFC 9483 §4.3.3).
fn with_open_name(subject: &Name) -> der::Result<Name> {
    let open = || -> der::Result<AttributeTypeAndValue> {
        Ok(AttributeTypeAndValue { oid: rfc4519::CN, value: Any::new(Tag::Utf8String, b"".as_slice())? })
    };
    let mut parts = Vec::new();
    for part in subject.iter_rdn() {
        let attributes: Vec<AttributeTypeAndValue> = part
            .iter()
            .map(|one| if one.oid == rfc4519::CN { open() } else { Ok(one.clone()) })
            .collect::<der::Result<_>>()?;
        parts.push(RelativeDistinguishedName::try_from(attributes)?);
    }
    let named = subject.iter_rdn().flat_map(|part| part.iter()).any(|one| one.oid == rfc4519::CN);
    if !named {
        parts.push(RelativeDistinguishedName::try_from(vec![open()?])?);
    }
    Name::from_der(&RdnSequence::from(parts).to_der()?)
}
