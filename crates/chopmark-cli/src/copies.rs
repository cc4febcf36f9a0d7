//! `export`, `import` and `delete`: copies of certificates, and taking them away.

use std::path::{Path, PathBuf};

use chopmark_core::{
    error::{Code, Error},
    model::{ExportFormat, ExportOrder, ImportOrder, Imported, Place, ServerCertificate, ServerExport},
};
use rust_i18n::t;
use serde_json::json;

use crate::{
    args::{Delete, Export, Import, OrderExport, absolute},
    enroll::Session,
    output::{self, Failure, Output, plain},
    secrets::Given,
    terminal::Terminal,
};

type Ended = std::result::Result<(), Failure>;

fn usage() -> Error {
    Error::new(Code::BadInput, "reading the command line")
}

/// What a file's name says; PKCS#12 where it says nothing.
fn format_of(path: &Path) -> ExportFormat {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match &*extension {
        "pem" | "crt" => ExportFormat::Pem,
        "der" | "cer" => ExportFormat::Der,
        _ => ExportFormat::Pkcs12,
    }
}

impl Session<'_> {
    pub(crate) async fn export_copy(&self, args: Export) -> Ended {
        let terminal = self.terminal(Given::for_export(&args.password_file, &args.source_password_file, self.can_ask)?);
        let Some(to) = args.to else {
            let (Some(server), Some(out)) = (args.server, args.out) else { return Err(usage().into()) };
            let of = ServerCertificate::Certificate { certificate: args.cert };
            let (to, legacy, replace) = (absolute(&out)?, args.legacy, self.everywhere.yes);
            return self.for_server(ServerExport { of, server: server.into(), to, legacy, replace }, &terminal).await;
        };
        let format = args.format.map_or_else(|| format_of(&to), ExportFormat::from);
        let mut order = ExportOrder {
            certificate: args.cert,
            format,
            to: absolute(&to)?,
            with_key: args.with_key || args.key_to.is_some() || args.plain_key,
            key_to: args.key_to.as_deref().map(absolute).transpose()?,
            chain: args.chain,
            legacy: args.legacy,
            plain_key: args.plain_key,
            replace: self.everywhere.yes,
        };
        let there: Vec<&PathBuf> =
            [Some(&to), args.key_to.as_ref()].into_iter().flatten().filter(|path| path.exists()).collect();
        if let (false, true, Some(path)) = (order.replace, self.can_ask, there.first()) {
            let question = t!("ask.replace", path = plain(&path.display().to_string()));
            order.replace = terminal.yes_or_no(&question).await == Some(true);
        }
        if order.legacy && format == ExportFormat::Pkcs12 {
            self.output.note(&t!("warning.legacy"));
        }
        if order.plain_key && format == ExportFormat::Pem {
            self.output.note(&t!("warning.plain-key"));
        }
        let exported = self.app.export(order, &terminal).await.map_err(|error| terminal.explain_cancel(error))?;
        self.output.ok(json!({ "exported": exported }), |output| {
            for path in &exported.paths {
                output.note(&t!("done.copied", path = plain(path)));
            }
            if exported.complete == Some(false) {
                output.note(&t!("done.chain-incomplete"));
            }
        });
        Ok(())
    }

    /// The certificate of an order as a web server wants it.
    pub(crate) async fn export_order(&self, args: OrderExport) -> Ended {
        let terminal = self.terminal(Given::for_export(&args.password_file, &args.source_password_file, self.can_ask)?);
        let of = ServerCertificate::Order { order: args.order };
        let (to, replace) = (absolute(&args.out)?, args.replace || self.everywhere.yes);
        self.for_server(ServerExport { of, server: args.server.into(), to, legacy: args.legacy, replace }, &terminal)
            .await
    }

    async fn for_server(&self, order: ServerExport, terminal: &Terminal<'_>) -> Ended {
        if order.legacy {
            self.output.note(&t!("warning.legacy"));
        }
        let exported =
            self.app.export_for_server(order, terminal).await.map_err(|error| terminal.explain_cancel(error))?;
        self.output.ok(json!({ "exported": exported }), |output| {
            for file in &exported.files {
                output.note(&t!("done.copied", path = plain(&file.path)));
            }
            if exported.complete == Some(false) {
                output.note(&t!("done.chain-incomplete"));
            }
            exported.lines.lines().for_each(|line| output.result(&plain(line)));
            for (number, step) in (1..).zip(&exported.steps) {
                output.note(&format!("{number}. {}", plain(step)));
            }
        });
        Ok(())
    }

    pub(crate) async fn import(&self, args: Import) -> Ended {
        let terminal = self.terminal(Given::for_import(&args, self.can_ask)?);
        let (path, place) = (absolute(&args.file)?, Place::parse(&args.place)?.0);
        let order = ImportOrder { path, place, exportable: args.exportable };
        let imported = self.app.import(order, &terminal).await.map_err(|error| terminal.explain_cancel(error))?;
        self.output.ok(json!(imported), |output| print_imported(output, &imported));
        Ok(())
    }

    pub(crate) async fn delete_certificate(&self, args: Delete) -> Ended {
        let mut given = Given::for_care(&args.secrets, self.can_ask)?;
        given.confirm_label = args.sure.confirm_label;
        let terminal = self.terminal(given);
        let deleted = self.app.delete(&args.cert, &terminal).await.map_err(|error| terminal.explain_cancel(error))?;
        self.output.ok(json!({ "deleted": deleted }), |output| {
            let name = plain(deleted.certificate.name());
            output.note(&t!("done.deleted-certificate", name = name, place = plain(&deleted.place_name)));
        });
        Ok(())
    }
}

pub(crate) fn print_imported(output: &Output, imported: &Imported) {
    output.note(&t!("done.imported"));
    let mut rows = output::certificate_facts(&imported.certificate);
    let place = format!("{}  ({})", imported.place_name, imported.place);
    rows.push(("where", place.trim_start().to_owned()));
    output.facts(&rows);
}
