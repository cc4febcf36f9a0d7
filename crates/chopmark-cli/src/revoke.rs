//! `revoke`: it is shown first what is revoked, and a clear yes is wanted.

use chopmark_core::{
    error::{Code, Error, Result},
    model::{CertificateChoice, RevocationReason, RevokeOrder, Revoked, word},
};
use rust_i18n::t;
use serde_json::json;

use crate::{
    args::Revoke,
    enroll::{Session, cancelled, reference},
    output::{self, Failure, Output, grouped, plain},
    secrets::Given,
    terminal::{Terminal, nobody},
};

impl Session<'_> {
    pub(crate) async fn revoke(&self, args: Revoke) -> std::result::Result<(), Failure> {
        let reason = RevocationReason::from(args.reason);
        let given = args.reference.as_deref().map(reference).transpose()?;
        let terminal = self.terminal(Given::read(&args.secrets, self.everywhere, self.can_ask)?);
        // A file with a code means the codes, of the enrolment where no reference number is given.
        let by_codes = given.is_some() || args.secrets.code_file.is_some() || args.serial.is_some();
        if !self.can_ask {
            if by_codes && terminal.given().code.is_none() {
                return Err(nobody("authorization-code").into());
            }
            if args.serial.is_some() && given.is_none() {
                return Err(nobody("reference").into());
            }
        }
        let (certificate, facts) = match (args.cert, args.issuer, args.serial) {
            (Some(cert), ..) => self.at_hand(cert).await?,
            (None, issuer, serial) => elsewhere(issuer.unwrap_or_default(), serial.unwrap_or_default()),
        };
        let reference = match given {
            Some(given) => Some(given),
            None if matches!(certificate, CertificateChoice::Serial { .. }) => {
                let line = terminal.line(&t!("ask.reference")).await.ok_or_else(cancelled)?;
                Some(reference(&line)?)
            }
            None => by_codes.then(String::new),
        };
        self.confirm_revocation(&terminal, facts, reason).await?;
        let order = RevokeOrder { certificate, reason, reference, ca: args.ca, no_wait: args.no_wait };
        let revoked = self.app.revoke(order, &terminal).await.map_err(|error| terminal.explain_cancel(error))?;
        self.output.ok(json!({ "revoked": revoked }), |output| print_revoked(output, &revoked));
        Ok(())
    }

    /// A certificate that is here, and what to say about it.
    async fn at_hand(&self, cert: String) -> Result<(CertificateChoice, Facts)> {
        let found = self.app.certificate(&cert).await?;
        let facts = vec![
            ("certificate", found.certificate.subject.clone()),
            ("issuer", found.certificate.issuer.clone()),
            ("serial", grouped(&found.certificate.serial)),
            ("where", format!("{}  ({})", found.place_name, found.place)),
            ("sha256", grouped(&found.certificate.sha256)),
        ];
        // A place leads through drivers that are not installed, a fingerprint does not; whole, it is what was shown.
        let sha256 = if is_place(&cert) { cert } else { found.certificate.sha256 };
        Ok((CertificateChoice::Fingerprint { sha256 }, facts))
    }

    /// Shown on standard error, so that the result stays alone on standard output.
    async fn confirm_revocation(
        &self,
        terminal: &Terminal<'_>,
        mut facts: Facts,
        reason: RevocationReason,
    ) -> Result<()> {
        if self.everywhere.yes {
            return Ok(());
        }
        facts.push(("reason", reason_name(reason)));
        if !self.can_ask {
            let seen: Vec<&str> = facts.first().map(|(_, value)| value.as_str()).into_iter().collect();
            return Err(nobody("confirm-revocation").with("seen", seen.join(", ")));
        }
        self.output.note_facts(&facts);
        let for_good = if reason == RevocationReason::CertificateHold { t!("ask.hold") } else { t!("ask.for-good") };
        self.output.note(&for_good);
        match terminal.yes_or_no(&t!("ask.revoke")).await {
            Some(true) => Ok(()),
            Some(false) | None => Err(Error::new(Code::Cancelled, "asking")),
        }
    }
}

type Facts = Vec<(&'static str, String)>;

fn is_place(text: &str) -> bool {
    let scheme = text.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("pkcs11" | "file"))
}

fn elsewhere(issuer: String, serial: String) -> (CertificateChoice, Facts) {
    let facts = vec![("issuer", issuer.clone()), ("serial", grouped(&serial))];
    (CertificateChoice::Serial { issuer, serial }, facts)
}

fn reason_name(reason: RevocationReason) -> String {
    t!(format!("reason.{}", word(&reason))).into_owned()
}

pub(crate) fn print_revoked(output: &Output, revoked: &Revoked) {
    output.note(&t!("done.revoked", serial = plain(&grouped(&revoked.serial))));
    output.facts(&[
        ("certificate", revoked.subject.clone().unwrap_or_default()),
        ("issuer", revoked.issuer.clone()),
        ("serial", grouped(&revoked.serial)),
        ("reason", reason_name(revoked.reason)),
        ("says", revoked.text.clone().unwrap_or_default()),
        ("sha256", revoked.sha256.as_deref().map(output::grouped).unwrap_or_default()),
        ("job", revoked.job.clone()),
    ]);
}
