//! Asking the CA about itself (genm, RFC 9483 §4.3). Nothing is made and nothing can be lost, so nothing is journaled.

use std::time::Duration;

use cmp_protocol::{
    exchange::Reply,
    information::{self, KeySpec},
    message::{Body, InfoTypeAndValue},
};
use const_oid::db::rfc5912;
use der::{Decode, Encode, EncodePem, pem::LineEnding};
use x509_cert::{Certificate, crl::CertificateList, ext::Extension, ext::pkix::SubjectAltName};

use crate::{
    app::Desk,
    ca::{
        chain,
        cmp::{Conversation, Credentials, refused},
        http::{Endpoint, Operation},
    },
    certificate,
    error::{Code, Error, Result},
    jobs::dialogue::Voice,
    keys,
    model::{
        CaInformation, CaProfile, CrlInfo, InformationKind, KeyChoice, RequestTemplate, RootUpdate, TemplateField,
    },
    ui::Ui,
};

const DOING: &str = "asking the CA about itself";
/// Polls before we leave it, and the longest pause between them, in seconds: nobody waits an hour for a template.
const POLLS: u32 = 10;
const LONGEST_PAUSE: u64 = 30;

/// Asks for one kind of information, and verifies the answer as far as its kind allows. `reference`: the one that the
/// codes go with; of no use to a key.
pub(crate) async fn run(
    desk: &Desk,
    profile: &CaProfile,
    kind: InformationKind,
    (reference, voice): (String, &mut Voice),
    ui: &dyn Ui,
) -> Result<CaInformation> {
    let roots = chain::roots_from_pem(&profile.roots)?;
    desk.unlock(profile, ui).await?;
    let operation = match kind {
        InformationKind::CaCertificates => Operation::GetCaCerts,
        InformationKind::RootUpdate => Operation::GetRootUpdate,
        InformationKind::RequestTemplate => Operation::GetCertReqTemplate,
        InformationKind::Crl => Operation::GetCrls,
    };
    let mut talk = Talk::new(desk, profile, operation, reference, voice)?;
    let mut found = CaInformation { certificates: Vec::new(), root_update: None, template: None, crl: None };
    match kind {
        InformationKind::CaCertificates => {
            let answer = talk.ask(information::ask(information::CA_CERTS), ui).await?;
            found.certificates = ca_certificates(&information::ca_certificates(&answer)?, &roots)?;
        }
        InformationKind::RootUpdate => {
            for root in &roots {
                let answer = talk.fresh()?.ask(information::ask_root_update(root)?, ui).await?;
                if let Some(update) = information::root_update(&answer)? {
                    found.root_update = Some(root_update(root, &update)?);
                    break;
                }
            }
        }
        InformationKind::RequestTemplate => {
            let answer = talk.ask(information::ask(information::CERT_REQ_TEMPLATE), ui).await?;
            found.template = information::certificate_request_template(&answer)?.map(template).transpose()?;
        }
        InformationKind::Crl => {
            let answer = talk.ask(information::ask(information::CA_CERTS), ui).await?;
            let mut issuers = information::ca_certificates(&answer)?;
            issuers.extend(roots.iter().cloned());
            let answer = talk.fresh()?.ask(information::ask(information::CURRENT_CRL), ui).await?;
            found.crl = information::crls(&answer)?.first().map(|der| crl(der, &issuers, &roots)).transpose()?;
        }
    }
    Ok(found)
}

/// One transaction for each question.
struct Talk<'a> {
    desk: &'a Desk,
    profile: &'a CaProfile,
    operation: Operation,
    reference: String,
    voice: &'a mut Voice,
    conversation: Conversation,
}

impl<'a> Talk<'a> {
    fn new(
        desk: &'a Desk,
        profile: &'a CaProfile,
        operation: Operation,
        reference: String,
        voice: &'a mut Voice,
    ) -> Result<Talk<'a>> {
        let conversation = Talk::begin(desk, profile, operation, voice.credentials(&reference)?)?;
        Ok(Talk { desk, profile, operation, reference, voice, conversation })
    }

    fn begin(desk: &Desk, profile: &CaProfile, operation: Operation, credentials: Credentials) -> Result<Conversation> {
        let way = (Endpoint::new(profile, &desk.way_to(profile))?, operation);
        Conversation::new(profile, way, credentials, None, desk.trace.clone())
    }

    fn fresh(&mut self) -> Result<&mut Talk<'a>> {
        let credentials = self.voice.credentials(&self.reference)?;
        self.conversation = Talk::begin(self.desk, self.profile, self.operation, credentials)?;
        Ok(self)
    }

    async fn ask(&mut self, body: Body, ui: &dyn Ui) -> Result<Vec<InfoTypeAndValue>> {
        let mut body = body;
        for _ in 0..POLLS {
            let message = self.voice.finish(self.conversation.write(body)?, None).await?;
            let reply = tokio::select! {
                reply = self.conversation.send(&message) => reply?,
                () = ui.cancelled() => return Err(Error::new(Code::Cancelled, DOING)),
            };
            match reply {
                Reply::Information(answer) => return Ok(answer),
                Reply::Refused(refusal) => return Err(refused(&refusal, self.voice.by_codes())),
                Reply::Wait { check_after, .. } => {
                    let pause = Duration::from_secs(check_after.unwrap_or(1).clamp(1, LONGEST_PAUSE));
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = ui.cancelled() => return Err(Error::new(Code::Cancelled, DOING)),
                    }
                    body = self.conversation.poll();
                }
                _ => return Err(Error::new(Code::AnswerUnexpected, DOING).with("found", "no answer to genm")),
            }
        }
        Err(Error::new(Code::StillWaiting, DOING))
    }
}

/// Those that lead to a root of the profile. Others are of no use and may be anybody's.
fn ca_certificates(found: &[Vec<u8>], roots: &[Vec<u8>]) -> Result<Vec<crate::model::CertificateInfo>> {
    let trusted = found.iter().filter(|der| roots.contains(der) || chain::verify_issuer(der, found, roots).is_ok());
    trusted.map(|der| certificate::describe(der)).collect()
}

/// The new root is signed by itself and by the old one; where the old one is certified by the new, that is verified too
/// (RFC 9483 §4.3.2).
fn root_update(old: &[u8], update: &information::RootCaKeyUpdate) -> Result<RootUpdate> {
    let untrusted = |reason: &str| Error::new(Code::ChainUntrusted, DOING).with("reason", reason);
    let encode = |any: &der::Any| any.to_der().map_err(|error| Error::new(Code::Internal, DOING).because(error));
    let new = encode(&update.new_with_new)?;
    chain::is_signed_by(&new, &new).map_err(|_| untrusted("the new root is not signed by its own key"))?;
    let Some(link) = &update.new_with_old else { return Err(untrusted("nothing links the new root to the old one")) };
    let link = encode(link)?;
    chain::is_signed_by(&link, old).map_err(|_| untrusted("the old root has not certified the new one"))?;
    if certificate::public_key(&link)? != certificate::public_key(&new)? {
        return Err(untrusted("the old root has certified another key"));
    }
    let back = update.old_with_new.as_ref().map(encode).transpose()?;
    if let Some(back) = &back {
        chain::is_signed_by(back, &new).map_err(|_| untrusted("the new root has not certified the old one"))?;
        if certificate::public_key(back)? != certificate::public_key(old)? {
            return Err(untrusted("the new root has certified another key"));
        }
    }
    let root = certificate::describe(&new)?;
    Ok(RootUpdate { follows: certificate::fingerprint(old), root, old_with_new: back.is_some() })
}

fn template(template: information::CertReqTemplate) -> Result<RequestTemplate> {
    let keys = template.keys()?.iter().filter_map(key_choice).collect();
    let mut fields = Vec::new();
    if let Some(subject) = &template.cert_template.subject {
        fields.extend(certificate::name_parts(subject));
    }
    for extension in template.cert_template.extensions.iter().flatten() {
        fields.extend(extension_fields(extension));
    }
    Ok(RequestTemplate { fields, keys })
}

fn extension_fields(extension: &Extension) -> Vec<TemplateField> {
    if extension.extn_id != <SubjectAltName as const_oid::AssociatedOid>::OID {
        return vec![TemplateField { name: extension.extn_id.to_string(), value: None }];
    }
    SubjectAltName::from_der(extension.extn_value.as_bytes())
        .map(|names| names.0.iter().map(certificate::alternative_name_field).collect())
        .unwrap_or_default()
}

/// Kinds of keys that we can make, too. RSA without a length is what every CA means by RSA.
fn key_choice(spec: &KeySpec) -> Option<KeyChoice> {
    match spec {
        KeySpec::Rsa(bits) => keys::rsa(*bits),
        KeySpec::Algorithm(algorithm) if algorithm.oid == rfc5912::RSA_ENCRYPTION => Some(KeyChoice::Rsa2048),
        KeySpec::Algorithm(algorithm) => keys::by_algorithm(algorithm),
    }
}

/// The list, if it is signed by its issuer, who leads to a root of the profile.
fn crl(der: &[u8], issuers: &[Vec<u8>], roots: &[Vec<u8>]) -> Result<CrlInfo> {
    let untrusted = |reason: &str| Error::new(Code::ChainUntrusted, DOING).with("reason", reason);
    let unreadable = |error: der::Error| Error::new(Code::CaAnswerGarbled, DOING).because(error);
    let list: CertificateList = CertificateList::from_der(der).map_err(unreadable)?;
    let about = &list.tbs_cert_list;
    let issuer = issuers
        .iter()
        .filter(|der| Certificate::from_der(der).is_ok_and(|found| *found.tbs_certificate().subject() == about.issuer))
        .find(|der| roots.contains(der) || chain::verify_issuer(der, issuers, roots).is_ok())
        .ok_or_else(|| untrusted("the issuer of the revocation list does not lead to a root of the profile"))?;
    chain::is_signed_by(der, issuer).map_err(|_| untrusted("the revocation list is not signed by its issuer"))?;
    Ok(CrlInfo {
        issuer: certificate::distinguished_name(&about.issuer),
        this_update: about.this_update.to_date_time().to_string(),
        next_update: about.next_update.map(|time| time.to_date_time().to_string()),
        revoked: about.revoked_certificates.as_ref().map_or(0, |list| list.len() as u32),
        pem: list.to_pem(LineEnding::LF).map_err(unreadable)?,
    })
}
