//! A row in words, for the page.

use cmp_protocol::protection::{Hash, MacScheme};

use super::{Ask, By, End, Row};
use crate::{
    conformance::Line,
    estate::KEYS,
    mock_ca::{CODE, words},
};

impl Row {
    pub(super) fn line(&self) -> Line {
        Line {
            section: self.section,
            operation: self.operation(),
            options: [self.key_part(), self.by_part(), self.header_part(), self.signer_part(), words(self.server)]
                .concat(),
            expected: self.end_part(),
        }
    }

    fn operation(&self) -> String {
        match self.ask {
            Ask::Certificate(kind) => format!("{kind:?}").to_lowercase(),
            Ask::RenewAnother => "kur of another certificate".to_owned(),
            Ask::KeyByCa => "ir without a key".to_owned(),
            Ask::Revocation(reason) => format!("rr, {reason:?}"),
            Ask::RevocationOfAnother => "rr of an unknown certificate".to_owned(),
            Ask::CaCertificates => "genm caCerts".to_owned(),
            Ask::RootUpdate => "genm rootCaCert".to_owned(),
            Ask::Template => "genm certReqTemplate".to_owned(),
            Ask::Crl => "genm crlStatusList".to_owned(),
            Ask::Unknown => "genm of an unknown type".to_owned(),
        }
    }

    fn key_part(&self) -> String {
        match self.ask {
            Ask::Certificate(_) | Ask::RenewAnother => format!("{}, ", key_words(self.key)),
            _ => String::new(),
        }
    }

    fn by_part(&self) -> String {
        let code = if self.code == CODE { "" } else { ", wrong authorization code" };
        match self.by {
            By::Mac(MacScheme::PasswordBased { owf, mac }) => {
                format!("PBM with {} and HMAC-{}{code}", hash(owf), hash(mac))
            }
            By::Mac(MacScheme::Pbmac1 { mac, .. }) => format!("PBMAC1 with HMAC-{}", hash(mac)),
            By::Key(key) => format!("signed with {}", key_words(key)),
            By::Below { chain: true } => {
                "signed with EC P-256, certified by an intermediate CA that comes along".to_owned()
            }
            By::Below { chain: false } => {
                "signed with EC P-256, certified by an intermediate CA that is missing".to_owned()
            }
            By::Stranger => "signed with EC P-256, certified by another CA".to_owned(),
        }
    }

    fn header_part(&self) -> String {
        let profile = self.header.cert_profile.map(|name| format!(", certificate profile `{name}`"));
        let recipient = self.header.null_recipient.then(|| ", to the NULL-DN".to_owned());
        [profile, recipient].into_iter().flatten().collect()
    }

    fn signer_part(&self) -> String {
        self.signer.map_or(String::new(), |name| format!(", the CA signs with {}", signer_words(name)))
    }

    fn end_part(&self) -> String {
        let text = match self.end {
            End::Confirmed => "issued and confirmed",
            End::Modified => "issued with changes and confirmed",
            End::Implicit => "issued, no confirmation",
            End::ImplicitUnasked => "issued; confirmed all the same",
            End::Rejected => "issued and rejected by certConf",
            End::GivenUp => "given up with an error, acknowledged",
            End::Revoked => "revoked",
            End::Answered => "what the CA has",
            End::Nothing => "nothing",
            End::Refused(reasons) => {
                let names: Vec<_> = reasons.iter().map(|reason| reason.name()).collect();
                return format!("refused: {}", names.join(", "));
            }
            End::Error => "refused in an error message",
            End::Unprotected | End::Unverifiable => "the error is not believed",
            End::Fails(check) => return format!("the answer is not taken: {check}"),
        };
        text.to_owned()
    }
}

fn hash(hash: Hash) -> &'static str {
    match hash {
        Hash::Sha1 => "SHA-1",
        Hash::Sha256 => "SHA-256",
        Hash::Sha384 => "SHA-384",
        Hash::Sha512 => "SHA-512",
    }
}

fn key_words(key: &str) -> &'static str {
    KEYS.iter().find(|known| known.name == key).expect("a known key").words
}

fn signer_words(name: &str) -> &'static str {
    match name {
        "stranger" => "a certificate of another CA",
        "chained-ec" => "EC P-256, certified by an intermediate CA",
        key => key_words(key),
    }
}
