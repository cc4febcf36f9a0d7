//! One interface over the kinds of source an order can come from.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::acts::{Act, Pending};
use crate::{
    clock,
    error::{Code, Error, Result},
    model::{AtSource, CertificateKind, OrderAct, OrderSource, Proof, RemoteState},
    validation::order::Order,
};

/// What a source says of an order. Kept as it was said last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Remote {
    /// Where it stands, as far as we know the source's words.
    pub(crate) state: RemoteState,
    /// The source's words.
    pub(crate) said: String,
    /// Its code; empty: none.
    #[serde(default)]
    pub(crate) code: String,
    /// What is checked before it is issued.
    #[serde(default)]
    pub(crate) kind: Option<CertificateKind>,
    /// The domains, in ASCII; empty: not said.
    #[serde(default)]
    pub(crate) domains: Vec<String>,
    /// What must be seen on them; empty: nothing, or nothing yet.
    #[serde(default)]
    pub(crate) proofs: Vec<Proof>,
    /// Those that it waits to be told of before it looks (ACME).
    #[serde(default)]
    pub(crate) to_tell: Vec<String>,
    /// Until when, seconds since 1970; `None`: not said, the rules decide.
    #[serde(default)]
    pub(crate) deadline: Option<i64>,
    /// The certificate can be fetched.
    #[serde(default)]
    pub(crate) ready: bool,
    /// The certificate's end, seconds since 1970.
    #[serde(default)]
    pub(crate) not_after: Option<i64>,
    /// A fingerprint of the request that the source has; `None`: none, or it does not say.
    #[serde(default)]
    pub(crate) request: Option<String>,
    /// When it was asked, seconds since 1970.
    pub(crate) at: i64,
}

impl Remote {
    /// Nothing known but where it stands; asked now.
    pub(crate) fn new(state: RemoteState, said: &str) -> Remote {
        Remote {
            state,
            said: said.to_owned(),
            code: String::new(),
            kind: None,
            domains: Vec::new(),
            proofs: Vec::new(),
            to_tell: Vec::new(),
            deadline: None,
            ready: false,
            not_after: None,
            request: None,
            at: clock::now() as i64,
        }
    }

    pub(crate) fn view(&self) -> AtSource {
        let time = |seconds: i64| clock::rfc3339(seconds.max(0) as u64);
        AtSource {
            state: self.state,
            said: self.said.clone(),
            code: self.code.clone(),
            kind: self.kind,
            at: time(self.at),
            not_after: self.not_after.map(time),
        }
    }
}

/// What became of an act whose answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It was done.
    Done,
    /// It was not, and will not be by what was sent.
    NotDone,
    /// The source does not say.
    Unclear,
}

/// A source of orders. What it learns that must be known later (its number, addresses) it writes into the order; the caller keeps it.
#[async_trait]
pub(crate) trait Source: Send + Sync {
    /// Where the order stands. Changes nothing there.
    async fn look(&self, order: &Order) -> Result<Remote>;

    /// Hands in the request. The order says the rest (domains, way to prove them, applicant).
    async fn submit(&self, order: &mut Order, csr_der: &[u8]) -> Result<()>;

    /// The certificate and what leads to its root, DER, the certificate first. Not checked against anything yet.
    async fn certificate(&self, order: &Order) -> Result<Vec<Vec<u8>>>;

    /// Does what is no submission.
    async fn act(&self, order: &mut Order, act: &Act<'_>) -> Result<()>;

    /// The orders of the account there, by their numbers. Changes nothing there.
    async fn known(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Why the order came to nothing, where the source says more than that it did. Changes nothing there.
    async fn why_over(&self, _order: &Order) -> Result<Option<Error>> {
        Ok(None)
    }

    /// Is this done once however often it is sent, and does the answer say so?
    fn repeats(&self, _act: OrderAct) -> bool {
        false
    }

    /// Has what was sent been done? `order` gets what the source would have answered. Changes nothing there.
    async fn settle(&self, order: &mut Order, pending: &Pending) -> Result<Settled>;
}

/// What may be done with an order of this source that stands like this. What is not known is nowhere among it.
pub(crate) fn acts_of(source: OrderSource, remote: &Remote) -> Vec<OrderAct> {
    use OrderAct::{Buy, Cancel, Letter, Prove, Reissue, Renew, Revoke, Submit};
    let letter = matches!(remote.kind, Some(CertificateKind::Organisation | CertificateKind::Extended));
    match (source, remote.state) {
        (OrderSource::ByHand, _) => vec![],
        (OrderSource::Ussl, RemoteState::Draft) => vec![Submit, Cancel],
        (OrderSource::Ussl, RemoteState::Proving | RemoteState::Reviewing | RemoteState::Other) => match letter {
            true => vec![Letter, Cancel],
            false => vec![Cancel],
        },
        (OrderSource::Ussl, RemoteState::Issued) => vec![Reissue, Renew, Revoke],
        (OrderSource::Acme, RemoteState::Draft) => vec![Submit],
        (OrderSource::Acme, RemoteState::Proving) if remote.to_tell.is_empty() => vec![Cancel],
        (OrderSource::Acme, RemoteState::Proving) => vec![Prove, Cancel],
        (OrderSource::Acme, RemoteState::Issued) => vec![Renew, Revoke],
        (OrderSource::Acme, RemoteState::Refused | RemoteState::Cancelled | RemoteState::Revoked) => vec![Buy],
        _ => vec![],
    }
}

/// An order that was typed in: its source is the person, who is asked nothing here.
pub(crate) struct ByHand;

#[async_trait]
impl Source for ByHand {
    async fn look(&self, order: &Order) -> Result<Remote> {
        let state = if order.proofs.is_empty() { RemoteState::Other } else { RemoteState::Proving };
        let (domains, proofs) = (order.domains.clone(), order.proofs.clone());
        Ok(Remote { domains, proofs, deadline: Some(order.deadline), ..Remote::new(state, "") })
    }

    async fn submit(&self, _order: &mut Order, _csr_der: &[u8]) -> Result<()> {
        Err(not_there())
    }

    async fn certificate(&self, _order: &Order) -> Result<Vec<Vec<u8>>> {
        Err(not_there())
    }

    async fn act(&self, _order: &mut Order, _act: &Act<'_>) -> Result<()> {
        Err(not_there())
    }

    async fn settle(&self, _order: &mut Order, _pending: &Pending) -> Result<Settled> {
        Ok(Settled::NotDone)
    }
}

fn not_there() -> Error {
    Error::new(Code::BadInput, "asking the source of an order").with("reason", "order-by-hand")
}
