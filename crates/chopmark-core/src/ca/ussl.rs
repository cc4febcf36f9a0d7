//! USSL, UCloud's interface for server certificates: the questions that change nothing there.
//!
//! What buys, completes, cancels or revokes is in `effects`; only `orders::acts` sends it, after it was written down.

mod answers;
mod effects;
mod signing;

use serde_json::{Map, Value, json};

pub(crate) use self::answers::Info;
pub use self::answers::UsslOrder;
use self::answers::{Auths, Detail, List};
use super::http::{Endpoint, Way};
use crate::{
    error::{Code, Error, Result},
    model::Proof,
    ui::Secret,
};

const DOING: &str = "asking the certificate console";
/// Where UCloud answers.
const API: &str = "https://api.ucloud.cn/";
/// Largest answer read, bytes; a page of a hundred orders has about a tenth of it.
const LARGEST: usize = 1024 * 1024;
/// The kind of list. The documents do not name the kinds; this one is what public clients ask for.
const MODE: &str = "trust";
const PAGE_SIZE: usize = 100;
/// Most pages read of a list; whoever says that there are more is not believed.
const MOST_PAGES: usize = 50;
/// Longest message of the console that is shown, characters.
const LONGEST_MESSAGE: usize = 300;

/// An account at the console. No `Debug`, no `Serialize`: one of its keys is a secret.
pub struct UsslAccount {
    /// Address of the interface; `None`: UCloud's own.
    pub api: Option<String>,
    /// The public key, which names the account.
    pub public_key: String,
    /// The private key.
    pub private_key: Secret,
}

/// The console, as one account sees it.
pub(crate) struct Console<'a> {
    account: &'a UsslAccount,
    url: String,
    way: Way,
}

impl<'a> Console<'a> {
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// [`Code::BadInput`] (reason `ussl-address`): a signature is no secret kept from who listens, so TLS is demanded
    /// everywhere but on this computer.
    pub(crate) fn new(account: &'a UsslAccount, way: Way) -> Result<Console<'a>> {
        let url = unheard(account.api.as_deref().unwrap_or(API))?;
        Ok(Console { account, url, way })
    }

    /// All orders of the account.
    pub(crate) async fn list(&self) -> Result<Vec<UsslOrder>> {
        let mut orders: Vec<UsslOrder> = Vec::new();
        for page in 1..=MOST_PAGES {
            let wanted = json!({ "Mode": MODE, "Page": page, "PageSize": PAGE_SIZE });
            let list: List = self.ask("GetCertificateList", wanted).await?;
            let (total, count) = (list.total, list.orders.len());
            orders.extend(list.orders);
            if count == 0 || orders.len() >= total {
                break;
            }
        }
        Ok(orders)
    }

    /// One order.
    pub(crate) async fn order(&self, id: i64) -> Result<UsslOrder> {
        Ok(self.info(id).await?.order)
    }

    /// One order, with all that is said of it.
    pub(crate) async fn info(&self, id: i64) -> Result<Info> {
        let detail: Detail = self.ask("GetCertificateDetailInfo", json!({ "CertificateID": id })).await?;
        Ok(detail.info)
    }

    /// What must be seen on the domains of an order.
    ///
    /// # Errors
    /// [`Code::UsslNoProof`] while the console says nothing of it, [`Code::UsslAnswer`] where it says what we do not know:
    /// nothing is guessed that could send a person to the wrong record.
    pub(crate) async fn proofs(&self, order: &UsslOrder) -> Result<Vec<Proof>> {
        let action = "GetDVAuthInfo";
        let auths: Auths = self.ask(action, json!({ "CertificateID": order.id })).await?;
        let mut proofs: Vec<Proof> = Vec::new();
        for auth in &auths.auths {
            let proof = auth.proof(&auths.method, order).map_err(|error| error.with("action", action))?;
            // A wildcard and its zone are proved by the same record.
            if !proofs.contains(&proof) {
                proofs.push(proof);
            }
        }
        if proofs.is_empty() {
            let error = Error::new(Code::UsslNoProof, DOING).with("order", order.id);
            return Err(error.with("state", &order.state));
        }
        Ok(proofs)
    }

    async fn ask<A: serde::de::DeserializeOwned>(&self, action: &'static str, wanted: Value) -> Result<A> {
        let Value::Object(mut parameters) = wanted else { return Err(Error::new(Code::Internal, DOING)) };
        parameters.insert("Action".into(), json!(action));
        parameters.insert("PublicKey".into(), json!(self.account.public_key));
        let signature = signing::signature(&parameters, &self.account.private_key)?;
        parameters.insert("Signature".into(), json!(signature));
        let body = Value::Object(parameters).to_string().into_bytes();
        let answer = Endpoint::post_json(&self.url, body, LARGEST, &self.way).await?;
        let strange = |error| Error::new(Code::UsslAnswer, DOING).with("action", action).because(error);
        let answer: Map<String, Value> = serde_json::from_slice(&answer).map_err(strange)?;
        match answer.get("RetCode").and_then(Value::as_i64) {
            Some(0) => serde_json::from_value(Value::Object(answer)).map_err(strange),
            Some(number) => Err(self.refused(action, number, &answer)),
            None => Err(Error::new(Code::UsslAnswer, DOING).with("action", action)),
        }
    }

    /// A console may repeat what it got; a secret does not come back through it.
    fn refused(&self, action: &'static str, number: i64, answer: &Map<String, Value>) -> Error {
        let message = answer.get("Message").and_then(Value::as_str).unwrap_or_default();
        let message = match self.account.private_key.expose() {
            "" => message.to_owned(),
            key => message.replace(key, "…"),
        };
        let message: String = message.chars().filter(|c| !c.is_control()).take(LONGEST_MESSAGE).collect();
        let error = Error::new(Code::UsslRefused, DOING).with("action", action).with("retCode", number);
        if message.is_empty() { error } else { error.with("message", message) }
    }
}

/// An address that nobody listens to on the way: TLS, or this computer.
fn unheard(text: &str) -> Result<String> {
    let bad = || Error::new(Code::BadInput, DOING).with("reason", "ussl-address");
    let url = url::Url::parse(text).map_err(|error| bad().because(error))?;
    let here = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    let has_user = !url.username().is_empty() || url.password().is_some();
    if has_user || url.host().is_none() || !(url.scheme() == "https" || url.scheme() == "http" && here) {
        return Err(bad());
    }
    Ok(url.into())
}
