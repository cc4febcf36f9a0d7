//! `ca certs`, `ca root-update`, `ca template`, `ca crl`: what a CA says about itself.

use chopmark_core::{
    error::{Code, Error, Result},
    model::*,
};
use rust_i18n::t;
use serde_json::json;

use crate::{
    args::AskCa,
    enroll::{Session, cancelled, reference},
    output::{self, Failure, Output, expiry, grouped, pem_fingerprint, plain},
    secrets::Given,
    terminal::{Terminal, nobody},
};

type Ended = std::result::Result<(), Failure>;

impl Session<'_> {
    /// Asks for one kind of information; `accept`: a new root is trusted from now on.
    pub(crate) async fn ask_ca(&self, kind: InformationKind, args: AskCa, accept: bool) -> Ended {
        let terminal = self.terminal(Given::read(&args.secrets, self.everywhere, self.can_ask)?);
        let profile = self.app.ca_show(&args.name)?;
        let asker = self.asker(&terminal, &args).await?;
        let asked = self.app.ca_information(&profile, kind, asker, &terminal).await;
        let found = asked.map_err(|error| terminal.explain_cancel(error))?;
        match kind {
            InformationKind::CaCertificates => self.certificates(&found.certificates),
            InformationKind::RootUpdate => {
                let added = match &found.root_update {
                    Some(update) if accept => self.trust(&terminal, profile, update).await?,
                    _ => false,
                };
                let fields = json!({ "rootUpdate": found.root_update, "added": added });
                self.output.ok(fields, |output| print_root_update(output, found.root_update.as_ref(), added));
            }
            InformationKind::RequestTemplate => {
                let template = found.template;
                self.output.ok(json!({ "template": template }), |output| print_template(output, template.as_ref()));
            }
            InformationKind::Crl => {
                let crl = found.crl;
                self.output.ok(json!({ "crl": crl }), |output| print_crl(output, crl.as_ref()));
            }
        }
        Ok(())
    }

    async fn asker(&self, terminal: &Terminal<'_>, args: &AskCa) -> Result<Asker> {
        if let Some(certificate) = &args.certificate {
            return Ok(Asker::Certificate { sha256: certificate.clone() });
        }
        if !self.can_ask && args.reference.is_none() {
            return Err(nobody("reference"));
        }
        if !self.can_ask && terminal.given().code.is_none() {
            return Err(nobody("authorization-code"));
        }
        let reference = match &args.reference {
            Some(given) => reference(given)?,
            None => reference(&terminal.line(&t!("ask.reference")).await.ok_or_else(cancelled)?)?,
        };
        Ok(Asker::Codes { reference })
    }

    fn certificates(&self, certificates: &[CertificateInfo]) {
        self.output.ok(json!({ "certificates": certificates }), |output| {
            let row = |one: &CertificateInfo| vec![one.name().to_owned(), expiry(one), grouped(&one.sha256)];
            let rows: Vec<Vec<String>> = certificates.iter().map(row).collect();
            if rows.is_empty() {
                output.result(&t!("list.no-certificates-of-ca"));
            } else {
                output.table(&["name", "expires", "sha256"], &rows);
            }
        });
    }

    /// Adds the new root to the profile; the old one stays, for what it has certified.
    async fn trust(&self, terminal: &Terminal<'_>, mut profile: CaProfile, update: &RootUpdate) -> Result<bool> {
        if profile.roots.iter().any(|root| pem_fingerprint(root) == update.root.sha256) {
            return Ok(false);
        }
        if !self.everywhere.yes {
            let shown = grouped(&update.root.sha256);
            if !self.can_ask {
                return Err(nobody("confirm-root").with("seen", shown));
            }
            self.output.note_facts(&[
                ("root", update.root.subject.clone()),
                ("follows", grouped(&update.follows)),
                ("sha256", shown),
            ]);
            if terminal.yes_or_no(&t!("ask.trust-root", ca = plain(&profile.title))).await != Some(true) {
                return Err(Error::new(Code::Cancelled, "asking"));
            }
        }
        profile.roots.push(update.root.pem.clone());
        self.app.ca_add(&profile)?;
        Ok(true)
    }
}

fn print_root_update(output: &Output, update: Option<&RootUpdate>, added: bool) {
    let Some(update) = update else { return output.result(&t!("list.no-root-update")) };
    if added {
        output.note(&t!("done.root-added"));
    }
    output.facts(&[
        ("root", update.root.subject.clone()),
        ("valid", output::validity(&update.root)),
        ("key", update.root.key.clone()),
        ("sha256", grouped(&update.root.sha256)),
        ("follows", grouped(&update.follows)),
        ("old-with-new", output::yes_no(update.old_with_new)),
    ]);
}

fn print_template(output: &Output, template: Option<&RequestTemplate>) {
    let Some(template) = template else { return output.result(&t!("list.no-template")) };
    let keys: Vec<String> = template.keys.iter().map(word).collect();
    output.facts(&[("keys", if keys.is_empty() { t!("value.any-key").into_owned() } else { keys.join(", ") })]);
    let value = |field: &TemplateField| field.value.clone().unwrap_or_else(|| t!("value.to-fill-in").into_owned());
    let rows: Vec<Vec<String>> = template.fields.iter().map(|field| vec![field.name.clone(), value(field)]).collect();
    if !rows.is_empty() {
        output.table(&["field", "what"], &rows);
    }
}

fn print_crl(output: &Output, crl: Option<&CrlInfo>) {
    let Some(crl) = crl else { return output.result(&t!("list.no-crl")) };
    output.facts(&[
        ("issuer", crl.issuer.clone()),
        ("made", output::time(&crl.this_update)),
        ("next", crl.next_update.as_deref().map(output::time).unwrap_or_default()),
        ("revoked", crl.revoked.to_string()),
    ]);
}
