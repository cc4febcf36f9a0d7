//! `token`: taking care of USB keys.

use std::path::PathBuf;

use chopmark_core::{
    app::token_named,
    error::{Code, Error},
    model::{PinOwner, TokenContent, TokenDetail, TokenObject, TokenObjectKind, word},
};
use rust_i18n::t;
use serde_json::json;

use crate::{
    args::{CareSecrets, Token},
    enroll::Session,
    output::{self, Failure, Output, expiry, grouped, plain},
    secrets::{Given, copy},
    terminal::Terminal,
};

type Ended = std::result::Result<(), Failure>;

/// Digits of a name that are shown: they name it nearly always, and the whole is in `--json`.
const SHOWN_DIGITS: usize = 12;

impl Session<'_> {
    pub(crate) async fn token(&self, command: Token) -> Ended {
        match command {
            Token::List => self.list_tokens().await,
            Token::Show { token } => {
                let detail = self.app.token_show(&token_named(&token)?).await?;
                self.output.ok(json!({ "token": detail }), |output| print_detail(output, &detail));
                Ok(())
            }
            Token::Init { token, label, sure, secrets } => {
                let mut given = Given::for_care(&secrets, self.can_ask)?;
                // On a key that was never set up this one becomes the administrator PIN.
                given.new_so_pin = given.so_pin.as_ref().map(copy);
                given.confirm_label = sure.confirm_label;
                let (place, terminal) = (token_named(&token)?, self.terminal(given));
                self.pins_done("init", &terminal, self.app.token_init(&place, &label, &terminal).await)
            }
            Token::SetPin { token, secrets } => {
                let (place, terminal) = (token_named(&token)?, self.with_pins(&secrets)?);
                self.pins_done("pin-set", &terminal, self.app.token_set_pin(&place, &terminal).await)
            }
            Token::Unblock { token, secrets } => {
                let (place, terminal) = (token_named(&token)?, self.with_pins(&secrets)?);
                self.pins_done("unblocked", &terminal, self.app.token_unblock(&place, &terminal).await)
            }
            Token::ChangePin { token, so, secrets } => {
                let mut given = Given::for_care(&secrets, self.can_ask)?;
                let whose = if so { PinOwner::SecurityOfficer } else { PinOwner::User };
                if so {
                    given.new_so_pin = given.new_pin.take();
                }
                let (place, terminal) = (token_named(&token)?, self.terminal(given));
                self.pins_done("pin-changed", &terminal, self.app.token_change_pin(&place, whose, &terminal).await)
            }
            Token::Objects { token, public, secrets } => self.objects(&token, !public, &secrets).await,
            Token::Orphans { token, secrets } => self.orphans(&token, &secrets).await,
            Token::Export { token, name, out } => self.export(&token, &name, out).await,
            Token::Delete { token, name, whole, sure, secrets } => {
                let mut given = Given::for_care(&secrets, self.can_ask)?;
                given.confirm_label = sure.confirm_label;
                self.delete(&token, &name, whole, given).await
            }
        }
    }

    fn with_pins(&self, secrets: &CareSecrets) -> Result<Terminal<'_>, Error> {
        Ok(self.terminal(Given::for_care(secrets, self.can_ask)?))
    }

    /// What was done, and what the key says of itself since.
    fn pins_done(&self, what: &str, terminal: &Terminal<'_>, ended: Result<TokenDetail, Error>) -> Ended {
        let detail = ended.map_err(|error| terminal.explain_cancel(error))?;
        self.output.ok(json!({ "done": what, "token": detail }), |output| {
            output.note(&t!(format!("done.{what}"), token = plain(&detail.token.label)));
            print_detail(output, &detail);
        });
        Ok(())
    }

    async fn list_tokens(&self) -> Ended {
        let tokens = self.app.token_list().await?;
        self.output.ok(json!({ "tokens": tokens }), |output| {
            let row = |one: &TokenDetail| {
                vec![
                    output::token_name(&one.token),
                    pin_words(&one.token.pin),
                    pin_words(&one.so_pin),
                    memory(one),
                    one.token.driver_name.clone(),
                    one.token.uri.clone(),
                ]
            };
            let rows: Vec<Vec<String>> = tokens.iter().map(row).collect();
            if rows.is_empty() {
                output.result(&t!("list.no-tokens"));
            } else {
                output.table(&["token", "pin", "so-pin", "free", "driver", "place"], &rows);
            }
        });
        Ok(())
    }

    async fn objects(&self, token: &str, log_in: bool, secrets: &CareSecrets) -> Ended {
        let (place, terminal) = (token_named(token)?, self.with_pins(secrets)?);
        let content = self.app.token_objects(&place, log_in, &terminal).await;
        let content = content.map_err(|error| terminal.explain_cancel(error))?;
        self.output.ok(json!(content), |output| print_content(output, &content, "list.no-objects"));
        Ok(())
    }

    async fn orphans(&self, token: &str, secrets: &CareSecrets) -> Ended {
        let (place, terminal) = (token_named(token)?, self.with_pins(secrets)?);
        let content = self.app.token_orphans(&place, &terminal).await;
        let content = content.map_err(|error| terminal.explain_cancel(error))?;
        self.output.ok(json!(content), |output| print_content(output, &content, "list.no-orphans"));
        Ok(())
    }

    async fn export(&self, token: &str, name: &str, out: Option<PathBuf>) -> Ended {
        let (place, terminal) = (token_named(token)?, self.terminal(Given::default()));
        let out = out.map(std::path::absolute).transpose().map_err(|source| {
            Error::new(Code::BadInput, "reading the command line").with("reason", "path-empty").because(source)
        })?;
        let exported = self.app.token_export(&place, name, out.as_deref(), &terminal).await?;
        self.output.ok(json!(exported), |output| match &exported.path {
            Some(path) => output.note(&t!("done.exported", path = plain(path))),
            None => output.result(exported.certificate.pem.trim_end()),
        });
        Ok(())
    }

    async fn delete(&self, token: &str, name: &str, whole: bool, given: Given) -> Ended {
        let (place, terminal) = (token_named(token)?, self.terminal(given));
        let removed = self.app.token_delete(&place, name, whole, &terminal).await;
        let removed = removed.map_err(|error| terminal.explain_cancel(error))?;
        self.output.ok(json!({ "removed": removed }), |output| {
            output.note(&t!("done.deleted", name = plain(&called(&removed.object)), token = plain(&removed.token)));
            if removed.key_stays {
                output.note(&t!("done.key-stays"));
            }
        });
        Ok(())
    }
}

fn print_detail(output: &Output, detail: &TokenDetail) {
    let token = &detail.token;
    let length = detail.pin_length.map(|(min, max)| t!("ask.characters", min = min, max = max).into_owned());
    output.facts(&[
        ("token", output::token_name(token)),
        ("serial", token.serial.clone()),
        ("model", token.model.clone()),
        ("maker", token.manufacturer.clone()),
        ("pin", with_tries(&token.pin, detail.tries_left)),
        ("so-pin", with_tries(&detail.so_pin, detail.so_tries_left)),
        ("pin-length", length.unwrap_or_default()),
        ("pin-pad", if token.pin_pad { t!("value.pin-pad").into_owned() } else { String::new() }),
        ("free", memory(detail)),
        ("reader", detail.slot.clone()),
        ("driver", format!("{} ({})", token.driver_name, token.driver)),
        ("place", token.uri.clone()),
    ]);
}

fn pin_words(state: &chopmark_core::model::PinState) -> String {
    t!(format!("pin.{}", word(state))).into_owned()
}

fn with_tries(state: &chopmark_core::model::PinState, left: Option<u32>) -> String {
    match left {
        Some(left) => t!("value.tries", state = pin_words(state), tries = left).into_owned(),
        None => pin_words(state),
    }
}

fn memory(detail: &TokenDetail) -> String {
    match (detail.free_memory, detail.total_memory) {
        (Some(free), Some(total)) => t!("value.free-of", free = free, total = total).into_owned(),
        (Some(free), None) => t!("value.free", free = free).into_owned(),
        _ => String::new(),
    }
}

fn print_content(output: &Output, content: &TokenContent, empty: &str) {
    let row = |object: &TokenObject| {
        let about = match &object.certificate {
            Some(info) => expiry(info),
            None => object.key.as_ref().map(word).unwrap_or_else(|| size(object)),
        };
        let mut remarks = Vec::new();
        if let Some(job) = &object.job {
            remarks.push(t!("value.of-job", job = job).into_owned());
        } else if object.orphan {
            remarks.push(t!("value.orphan").into_owned());
        }
        let kind = t!(format!("object.{}", word(&object.kind))).into_owned();
        vec![kind, called(object), about, remarks.join(", "), short(object)]
    };
    let rows: Vec<Vec<String>> = content.objects.iter().map(row).collect();
    if rows.is_empty() {
        output.result(&t!(empty));
    } else {
        output.table(&["kind", "name", "about", "remark", "object"], &rows);
    }
    if !content.complete {
        output.note(&t!("list.not-all"));
    }
}

fn size(object: &TokenObject) -> String {
    object.size.map_or(String::new(), |size| t!("value.bytes", size = size).into_owned())
}

fn called(object: &TokenObject) -> String {
    match &object.certificate {
        Some(info) => info.name().to_owned(),
        None if object.label.is_empty() => grouped(&object.id),
        None => object.label.clone(),
    }
}

/// The name as far as it is worth typing; that of a twin says which.
fn short(object: &TokenObject) -> String {
    let whole = object.kind != TokenObjectKind::Certificate || object.name.contains('.');
    match object.name.split_once(':') {
        Some((kind, digits)) if !whole => format!("{kind}:{}", digits.chars().take(SHOWN_DIGITS).collect::<String>()),
        _ => object.name.clone(),
    }
}
