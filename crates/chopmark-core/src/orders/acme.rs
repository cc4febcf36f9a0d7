//! Orders at a CA that speaks ACME: what is kept of one, and what its state there means.

pub(crate) mod account;

use instant_acme::{AuthorizationStatus, OrderStatus};
use serde::{Deserialize, Serialize};

use crate::{
    ca::acme::{Authorization, Hint, RemoteOrder},
    clock,
    error::{Code, Error, Result},
    model::{Proof, ProofMethod, RenewalHint},
};

const DOING: &str = "going on with an ACME order";

/// What is kept of an ACME order, beside what every order has.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AcmeOrder {
    /// The account's name here.
    pub(crate) account: String,
    pub(crate) method: ProofMethod,
    /// It was sent, or was about to be.
    #[serde(default)]
    pub(crate) sent: bool,
    /// Its address at the CA; `None`: no answer has come to it.
    #[serde(default)]
    pub(crate) url: Option<String>,
    /// Orders at the CA that it had before and that came to nothing.
    #[serde(default)]
    pub(crate) earlier: Vec<String>,
    /// PEM of the certificate that it renews.
    #[serde(default)]
    pub(crate) replaces: Option<String>,
    /// When the CA wants its certificate renewed.
    #[serde(default)]
    pub(crate) hint: Option<RenewalHint>,
}

/// How an order stands.
pub(crate) enum Standing {
    /// Domains are to be proved; those named here the CA was not told of yet.
    Proving(Vec<String>),
    /// All is proved: the CA waits for the request.
    Ready,
    /// The CA issues.
    Issuing,
    /// The certificate is there.
    Issued,
    /// It came to nothing.
    Over(Error),
}

impl Standing {
    pub(crate) fn of(order: RemoteOrder) -> Standing {
        match order.status {
            OrderStatus::Pending => {
                let untold = |one: &Authorization| one.status == AuthorizationStatus::Pending && !one.told;
                let untold = order.authorizations.iter().filter(|one| untold(one)).map(|one| one.domain.clone());
                Standing::Proving(untold.collect())
            }
            OrderStatus::Ready => Standing::Ready,
            OrderStatus::Processing => Standing::Issuing,
            OrderStatus::Valid => Standing::Issued,
            OrderStatus::Invalid => Standing::Over(why_over(order)),
        }
    }

    /// The CA's word for it.
    pub(crate) fn said(&self) -> &'static str {
        match self {
            Standing::Proving(_) => "pending",
            Standing::Ready => "ready",
            Standing::Issuing => "processing",
            Standing::Issued => "valid",
            Standing::Over(_) => "invalid",
        }
    }
}

/// A CA's hint for people, with the moment in its window that this computer takes (RFC 9773 §4.2).
pub(crate) fn hint_view(hint: &Hint) -> Result<RenewalHint> {
    let mut lot = [0; 8];
    getrandom::fill(&mut lot).map_err(|error| Error::new(Code::Internal, DOING).because(error.to_string()))?;
    let width = u64::try_from(hint.end - hint.start).unwrap_or(1).max(1);
    let remind = hint.start + i64::try_from(u64::from_be_bytes(lot) % width).unwrap_or(0);
    let time = |seconds: i64| clock::rfc3339(seconds.max(0) as u64);
    Ok(RenewalHint {
        start: time(hint.start),
        end: time(hint.end),
        remind: time(remind),
        why: hint.why.clone(),
        again: time(hint.again),
    })
}

/// What a domain's proof says is nearer to the cause than what the order says.
fn why_over(order: RemoteOrder) -> Error {
    let failed = order.authorizations.into_iter().find_map(|one| one.error);
    failed.or(order.error).unwrap_or_else(|| Error::new(Code::AcmeOrderOver, DOING).with("state", "invalid"))
}

/// What must be seen on the domains, in the way that was chosen. What the CA knows to be proved already needs nothing.
///
/// # Errors
/// [`Code::AcmeMethodMissing`].
pub(crate) fn proofs(order: &RemoteOrder, method: ProofMethod) -> Result<Vec<Proof>> {
    let mut proofs = Vec::new();
    for one in order.authorizations.iter().filter(|one| one.status == AuthorizationStatus::Pending) {
        let (method, name, value) = one.ways.iter().find(|(way, ..)| *way == method).cloned().ok_or_else(|| {
            let missing = Error::new(Code::AcmeMethodMissing, DOING).with("domain", &one.domain);
            missing.with("seen", one.offered.join(", "))
        })?;
        let domain = (method == ProofMethod::File).then(|| one.domain.clone());
        proofs.push(Proof { method, name, value, domain });
    }
    Ok(proofs)
}
