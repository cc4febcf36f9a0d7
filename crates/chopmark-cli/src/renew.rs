//! `renew`: a new key and certificate in place of the old ones.

use std::path::Path;

use chopmark_core::{error::Result, model::RenewOrder};
use serde_json::Value;

use crate::{
    args::{Renew, SecretFiles},
    enroll::{Session, key, place_for_new, print_enrolled, reference},
    output::{Failure, enrolled_fields},
    secrets::Given,
    terminal::nobody,
};

impl Session<'_> {
    pub(crate) async fn renew(&self, args: Renew) -> std::result::Result<(), Failure> {
        let (order, files) = order(args)?;
        let terminal = self.terminal(Given::read(&files, self.everywhere, self.can_ask)?);
        if !self.can_ask && order.reference.is_some() && terminal.given().code.is_none() {
            return Err(nobody("verification-code").into());
        }
        let renewed = self.app.renew(order, &terminal).await.map_err(|error| terminal.explain_cancel(error))?;
        self.output.ok(Value::Object(enrolled_fields(&renewed)), |output| print_enrolled(output, &renewed));
        Ok(())
    }
}

/// What is ordered, and where its secrets come from.
fn order(args: Renew) -> Result<(RenewOrder, SecretFiles)> {
    // A code without a reference number is for that of the enrolment.
    let given = args.reference.as_deref().map(reference).transpose()?;
    let order = RenewOrder {
        certificate: args.cert,
        place: args.place.as_deref().map(place_for_new).transpose()?,
        key: args.key.as_deref().map(key).transpose()?,
        keep_old: args.keep_old,
        reference: given.or_else(|| args.verification_code_file.as_deref().map(|_: &Path| String::new())),
        ca: args.ca,
        no_wait: args.no_wait,
    };
    Ok((order, SecretFiles { code_file: args.verification_code_file, place: args.secrets }))
}
