//! `order acme`, `order go-on`, `order again`, `order directories`: certificates from CAs that speak ACME.

use std::path::Path;

use chopmark_core::{
    app::FileTarget,
    error::{Code, Error, Result},
    model::*,
};
use rust_i18n::t;
use serde_json::{Value, json};

use crate::{
    args::{AcmeMethod, AcmeOrder, KeyOfOrder},
    enroll::{self, Session},
    order,
    output::{self, Failure, Output, enrolled_fields, plain},
    secrets::{self, Given},
};

type Ended = std::result::Result<(), Failure>;

impl Session<'_> {
    pub(crate) async fn acme_order(&self, typed: AcmeOrder) -> Ended {
        let code = typed.code_file.as_deref().map(secrets::one).transpose()?;
        let terminal = self.terminal(Given { code, ..Given::default() });
        let wanted = NewAcmeOrder {
            directory: typed.directory,
            tls_roots: roots(typed.tls_roots.as_deref())?,
            domains: typed.domains,
            method: match typed.method {
                AcmeMethod::Dns => ProofMethod::DnsTxt,
                AcmeMethod::File => ProofMethod::File,
            },
            reference: typed.reference,
            contact: typed.contact,
            agree_terms: typed.agree_terms,
            replaces: typed.replaces,
            note: typed.note,
        };
        let ordered = self.app.acme_order(wanted, &terminal).await.map_err(|error| terminal.explain_cancel(error))?;
        self.show_acme(&ordered, typed.webroot.as_deref()).await
    }

    pub(crate) async fn acme_again(&self, number: &str, webroot: Option<&Path>) -> Ended {
        let ordered = self.app.acme_order_again(number).await?;
        self.show_acme(&ordered, webroot).await
    }

    async fn show_acme(&self, ordered: &OrderView, webroot: Option<&Path>) -> Ended {
        let wants_file = ordered.proofs.iter().any(|proof| proof.method == ProofMethod::File);
        let written = match webroot.filter(|_| wants_file) {
            Some(folder) => self.app.order_file(&ordered.order, FileTarget::Folder(folder)).await?,
            None => Vec::new(),
        };
        let written: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
        self.output.ok(json!({ "order": ordered, "written": written }), |output| {
            output.note(&t!("order.added", order = &ordered.order));
            order::print_order(output, ordered);
            written.iter().for_each(|path| output.note(&t!("order.written", path = plain(path))));
            output.note(&t!(
                if ordered.proofs.is_empty() { "order.all-proved" } else { "order.then-go-on" },
                order = &ordered.order
            ));
        });
        Ok(())
    }

    pub(crate) async fn acme_go_on(
        &self,
        number: &str,
        key: KeyOfOrder,
        out: Option<&Path>,
        watch: bool,
        anyway: bool,
    ) -> Ended {
        let own = key.csr.is_none();
        let terminal = self.terminal(Given::for_place(&key.secrets, self.can_ask)?);
        let csr = self.request_of(number, key, Vec::new()).await?;
        if watch && !self.app.order_show(number).await?.proofs.is_empty() {
            self.app.order_watch(number, |event| order::tell(self.output, &event), std::future::pending()).await?;
        }
        let come = self.app.acme_go_on(number, csr.as_deref(), anyway, &terminal).await;
        let come = come.map_err(|error| terminal.explain_cancel(error))?;
        let chain = come.chain.concat();
        if let Some(out) = out.filter(|_| !chain.is_empty()) {
            self.app.write_file(out, chain.as_bytes(), true).await?;
        }
        let waits = come.order.key.as_ref().is_some_and(|key| key.state != JobState::Done);
        if own && waits && !chain.is_empty() {
            let enrolled = self.app.order_install(number, Some(chain.as_bytes()), &terminal).await;
            let enrolled = enrolled.map_err(|error| terminal.explain_cancel(error))?;
            let order = self.app.order_show(number).await?;
            let mut fields = output::object(&json!({ "order": order, "wantsRequest": false, "chain": come.chain }));
            fields.insert("installed".into(), Value::Object(enrolled_fields(&enrolled)));
            self.output.ok(Value::Object(fields), |output| enroll::print_installed(output, &enrolled));
            return Ok(());
        }
        self.output.ok(
            json!({ "order": come.order, "wantsRequest": come.wants_request, "chain": come.chain }),
            |output| match chain.is_empty() {
                true => output.note(&t!("order.wants-request", order = number)),
                false => output.result(chain.trim_end()),
            },
        );
        Ok(())
    }

    pub(crate) async fn acme_renewal(&self, number: &str) -> Ended {
        let renewal = self.app.acme_renewal(number).await?;
        self.output.ok(json!({ "renewal": renewal }), |output| match &renewal {
            None => output.note(&t!("order.no-renewal-hint")),
            Some(hint) => output.facts(&[
                ("from", output::time(&hint.start)),
                ("until", output::time(&hint.end)),
                ("remind", output::time(&hint.remind)),
                ("website", hint.why.clone().unwrap_or_default()),
            ]),
        });
        Ok(())
    }

    pub(crate) async fn acme_directories(&self, one: Option<&str>, tls_roots: Option<&Path>) -> Ended {
        let directories = match one {
            None => self.app.acme_directories()?,
            Some(one) => vec![self.app.acme_directory(one, &roots(tls_roots)?).await?],
        };
        self.output.ok(json!({ "directories": directories }), |output| print_directories(output, &directories));
        Ok(())
    }
}

fn print_directories(output: &Output, directories: &[AcmeDirectory]) {
    if let [AcmeDirectory { title, url, said: Some(said), .. }] = directories {
        let yes_or_no = |yes: bool| t!(if yes { "value.yes" } else { "value.no" }).into_owned();
        return output.facts(&[
            ("ca", title.clone()),
            ("address", url.clone()),
            ("terms", said.terms.clone().unwrap_or_default()),
            ("website", said.website.clone().unwrap_or_default()),
            ("wants-codes", yes_or_no(said.wants_codes)),
            ("has-account", yes_or_no(said.has_account)),
        ]);
    }
    let row = |one: &AcmeDirectory| vec![one.name.clone(), one.title.clone(), one.url.clone()];
    output.table(&["name", "ca", "address"], &directories.iter().map(row).collect::<Vec<_>>());
}

fn roots(file: Option<&Path>) -> Result<Vec<String>> {
    let read = |file: &Path| {
        let text = std::fs::read_to_string(file);
        text.map_err(|error| {
            Error::new(Code::FileNotReadable, "reading roots").with("path", file.display()).because(error)
        })
    };
    Ok(file.map(read).transpose()?.into_iter().collect())
}
