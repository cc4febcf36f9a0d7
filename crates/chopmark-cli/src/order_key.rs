//! `order csr`, `order install`: the key of an order, made here, and its certificate beside it.

use chopmark_core::{
    error::{Code, Error, Result},
    model::*,
};
use rust_i18n::t;
use serde_json::{Value, json};

use crate::{
    args::{KeyOfOrder, Order, PlaceSecrets},
    enroll::{self, Session, print_installed},
    order_source::read,
    output::{Failure, Output, enrolled_fields, plain},
    secrets::Given,
};

const DOING: &str = "reading the command line";

/// Runs one of them.
pub(crate) async fn run(session: &Session<'_>, command: Order) -> std::result::Result<(), Failure> {
    match command {
        Order::Csr { order, place, key, domains, out, replace, secrets } => {
            let request = match place {
                Some(place) => session.make_key(&order, &place, key.as_deref(), domains, &secrets).await?,
                None => session.app.order_request(&order).await?,
            };
            if let Some(out) = &out {
                session.app.write_file(out, request.pem.as_bytes(), replace).await?;
            }
            let written = out.map(|out| out.display().to_string());
            session.output.ok(json!({ "request": request, "written": written }), |output| match &written {
                Some(path) => {
                    print_place(output, &request);
                    output.note(&t!("order.written", path = plain(path)));
                }
                None => {
                    print_place(output, &request);
                    output.result(request.pem.trim_end());
                }
            });
        }
        Order::Install { order, from, secrets } => {
            let terminal = session.terminal(Given::for_place(&secrets, session.can_ask)?);
            let file = read(session.app, from.as_deref()).await?;
            let enrolled = session.app.order_install(&order, file.as_deref(), &terminal).await;
            let enrolled = enrolled.map_err(|error| {
                let error = match &from {
                    Some(path) if error.code == Code::OrderNothingDelivered => error.with("path", path.display()),
                    _ => error,
                };
                terminal.explain_cancel(error)
            })?;
            session.output.ok(Value::Object(enrolled_fields(&enrolled)), |output| print_installed(output, &enrolled));
        }
        _ => return Err(Error::new(Code::Internal, DOING).into()),
    }
    Ok(())
}

impl Session<'_> {
    /// What is to be handed in: a request from a file, or nothing where the order's own key is meant, which is made now if it is to be.
    pub(crate) async fn request_of(
        &self,
        order: &str,
        key: KeyOfOrder,
        domains: Vec<String>,
    ) -> Result<Option<Vec<u8>>> {
        match (&key.csr, &key.place) {
            (Some(file), _) => self.app.read_file(file).await.map(Some),
            (None, Some(place)) => {
                let request = self.make_key(order, place, key.key.as_deref(), domains, &key.secrets).await?;
                if !self.output.json {
                    print_place(self.output, &request);
                }
                Ok(None)
            }
            (None, None) => Ok(None),
        }
    }

    async fn make_key(
        &self,
        order: &str,
        place: &str,
        key: Option<&str>,
        domains: Vec<String>,
        secrets: &PlaceSecrets,
    ) -> Result<OrderRequest> {
        let wanted = OrderKey { place: enroll::place_for_new(place)?, key: key.map(enroll::key).transpose()?, domains };
        let terminal = self.terminal(Given::for_place(secrets, self.can_ask)?);
        let made = self.app.order_key(order, wanted, &terminal).await;
        made.map_err(|error| terminal.explain_cancel(error))
    }
}

pub(crate) fn print_place(output: &Output, request: &OrderRequest) {
    let place = plain(&format!("{}  ({})", request.place_name, request.place));
    output.note(&t!("order.key-in", place = place, job = &request.job));
}
