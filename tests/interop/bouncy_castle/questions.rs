//! What can be asked in a general message, and what the CA must answer.

use std::fs;

use cmp_protocol::{
    exchange::Reply,
    information::{self, KeySpec},
    message::Body,
};
use der::{Decode, DecodePem, Encode};
use x509_cert::{Certificate, crl::CertificateList, time::Time};

use super::{BouncyCastle, keys::leads_to};

/// The CA whose list is wanted.
const ISSUING: &str = "CN=Interop Issuing,O=Chopmark Interop";

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Question {
    CaCerts,
    NewRoot,
    NoNewRoot,
    Template,
    /// We have none yet.
    Crl,
    /// We have one of just now.
    NewerCrl,
    CurrentCrl,
}

impl Question {
    pub(super) fn name(self) -> &'static str {
        match self {
            Question::CaCerts => "caCerts",
            Question::NewRoot | Question::NoNewRoot => "rootCaCert",
            Question::Template => "certReqTemplate",
            Question::Crl => "crlStatusList, none at hand",
            Question::NewerCrl => "crlStatusList, the newest at hand",
            Question::CurrentCrl => "currentCRL",
        }
    }

    pub(super) fn body(self, ca: &BouncyCastle) -> Body {
        let issuer = || ISSUING.parse().expect("a name");
        match self {
            Question::CaCerts => information::ask(information::CA_CERTS),
            Question::NewRoot | Question::NoNewRoot => {
                let root = fs::read_to_string(&ca.old_root).expect("a file");
                let root = Certificate::from_pem(root).expect("a certificate").to_der().expect("DER");
                information::ask_root_update(&root).expect("a question")
            }
            Question::Template => information::ask(information::CERT_REQ_TEMPLATE),
            Question::Crl => information::ask_crl(issuer(), None).expect("a question"),
            Question::NewerCrl => {
                // Far enough ahead for lists that other rows cause meanwhile.
                let soon = std::time::Duration::from_secs(super::talk::now() + 3600);
                let soon = Time::try_from(std::time::UNIX_EPOCH + soon).expect("a time");
                information::ask_crl(issuer(), Some(soon)).expect("a question")
            }
            Question::CurrentCrl => information::ask(information::CURRENT_CRL),
        }
    }

    /// Is that the answer?
    pub(super) fn check(self, ca: &BouncyCastle, reply: &Reply) {
        let Reply::Information(answer) = reply else { panic!("{reply:?}") };
        match self {
            Question::CaCerts => {
                let certificates = information::ca_certificates(answer).expect("certificates");
                let [root, intermediate, issuing] = certificates.as_slice() else { panic!("{}", certificates.len()) };
                leads_to(&ca.root, root, &[]).expect("the root");
                leads_to(&ca.root, issuing, std::slice::from_ref(intermediate)).expect("the issuing CA");
            }
            Question::NewRoot => {
                let update = information::root_update(answer).expect("an update").expect("a newer root");
                let der = |one: &der::Any| one.to_der().expect("DER");
                let new = der(&update.new_with_new);
                leads_to(&ca.root, &new, &[]).expect("newWithNew");
                leads_to(&ca.old_root, &der(&update.new_with_old.expect("newWithOld")), &[]).expect("newWithOld");
                leads_to(&ca.root, &der(&update.old_with_new.expect("oldWithNew")), &[]).expect("oldWithNew");
            }
            Question::NoNewRoot => assert_eq!(information::root_update(answer), Ok(None)),
            Question::Template => {
                let template = information::certificate_request_template(answer).expect("a template").expect("one");
                let subject = template.cert_template.subject.as_ref().expect("a subject");
                assert_eq!(subject.to_string(), "CN=,O=Chopmark Interop");
                let [KeySpec::Algorithm(curve), KeySpec::Rsa(2048)] = &template.keys().expect("keys")[..] else {
                    panic!("{template:?}")
                };
                assert_eq!(curve.oid.to_string(), "1.2.840.10045.2.1");
            }
            Question::Crl | Question::CurrentCrl => {
                let lists = information::crls(answer).expect("CRLs");
                let [list] = lists.as_slice() else { panic!("{} CRLs", lists.len()) };
                let list: CertificateList = CertificateList::from_der(list).expect("a CRL");
                assert_eq!(list.tbs_cert_list.issuer.to_string(), ISSUING);
            }
            Question::NewerCrl => assert_eq!(information::crls(answer), Ok(Vec::new())),
        }
    }
}
