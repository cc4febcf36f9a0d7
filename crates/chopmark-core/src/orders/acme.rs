//! ACME as a source of orders: what is kept of one, what its state there means, what is done about it.

pub(crate) mod account;

use async_trait::async_trait;
use instant_acme::{AuthorizationStatus, OrderStatus};
use serde::{Deserialize, Serialize};

use super::{
    acts::{Act, Pending},
    source::{Remote, Settled, Source},
};
use crate::{
    ca::{
        acme::{Authorization, Hint, RemoteOrder, Session},
        chain,
    },
    clock,
    error::{Code, Error, Result},
    model::{OrderAct, Proof, ProofMethod, RemoteState, RenewalHint},
    validation::order::Order,
};

const DOING: &str = "following an ACME order";

/// What is kept of an ACME order, beside what every order has. Its number at the source is its address.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AcmeOrder {
    /// Orders at the CA that it had before and that came to nothing.
    pub(crate) earlier: Vec<String>,
    /// PEM of the certificate that it renews.
    pub(crate) replaces: Option<String>,
    /// PEM of the certificate, once it was fetched: a CA need not give one again that is revoked.
    pub(crate) certificate: Option<String>,
    /// When the CA wants its certificate renewed.
    pub(crate) hint: Option<RenewalHint>,
}

/// A CA that speaks ACME, as one account sees it.
pub(crate) struct AcmeSource {
    pub(crate) session: Session,
}

/// An order as it stands at the CA, and what the common words for it have no place for.
pub(crate) struct Seen {
    pub(crate) remote: Remote,
    /// Domains that the CA was not told of yet.
    pub(crate) untold: Vec<String>,
    /// Why it came to nothing.
    pub(crate) error: Option<Error>,
}

impl AcmeSource {
    /// Where an order stands, with the cause if it failed.
    pub(crate) async fn see(&self, order: &Order) -> Result<Seen> {
        seen(self.session.look(address(order)?).await?, order)
    }

    /// Tells the CA that it may look at these domains.
    pub(crate) async fn tell(&self, order: &Order, domains: &[String]) -> Result<()> {
        for domain in domains {
            self.session.tell(address(order)?, domain, method(order)).await?;
        }
        Ok(())
    }

    /// The certificate of an order alone.
    pub(crate) async fn leaf(&self, order: &Order) -> Result<Vec<u8>> {
        match order.acme.as_ref().and_then(|acme| acme.certificate.as_deref()) {
            Some(pem) => der_of(pem),
            None => {
                let chain = self.certificate(order).await?;
                chain.into_iter().next().ok_or_else(|| Error::new(Code::Internal, DOING))
            }
        }
    }

    async fn begin(&self, order: &mut Order) -> Result<()> {
        let replaces = order.acme.as_ref().and_then(|acme| acme.replaces.as_deref()).map(der_of).transpose()?;
        let made = self.session.order(&order.domains, replaces.as_deref()).await?;
        learn(order, made)
    }
}

#[async_trait]
impl Source for AcmeSource {
    async fn look(&self, order: &Order) -> Result<Remote> {
        Ok(self.see(order).await?.remote)
    }

    async fn submit(&self, order: &mut Order, csr_der: &[u8]) -> Result<()> {
        self.session.finalize(address(order)?, csr_der).await
    }

    async fn certificate(&self, order: &Order) -> Result<Vec<Vec<u8>>> {
        self.session.certificate(address(order)?).await
    }

    async fn act(&self, order: &mut Order, act: &Act<'_>) -> Result<()> {
        match act {
            Act::Buy(_) | Act::Renew(_) => self.begin(order).await,
            Act::Cancel => self.session.cancel(address(order)?).await,
            Act::Revoke { reason, .. } => {
                let leaf = self.leaf(order).await?;
                match self.session.revoke(&leaf, *reason).await {
                    // Sent twice, it was done once.
                    Err(error) if error.code == Code::AlreadyRevoked => Ok(()),
                    done => done,
                }
            }
            Act::Letter(_) | Act::Reissue(_) => Err(Error::new(Code::BadInput, DOING).with("reason", "order-no-act")),
        }
    }

    async fn settle(&self, order: &mut Order, pending: &Pending) -> Result<Settled> {
        match pending.act {
            OrderAct::Buy | OrderAct::Renew => match self.session.find(&order.domains, &pending.known).await? {
                Some(found) => learn(order, found).map(|()| Settled::Done),
                // An order that nobody proves costs nothing and ends by itself, and CAs that keep no list give an open one again
                // when the same is ordered: ordering anew is safe.
                None => Ok(Settled::NotDone),
            },
            OrderAct::Prove => Ok(match self.see(order).await? {
                Seen { untold, .. } if untold.is_empty() => Settled::Done,
                _ => Settled::NotDone,
            }),
            OrderAct::Submit => Ok(match self.look(order).await?.state {
                RemoteState::Draft => Settled::NotDone,
                _ => Settled::Done,
            }),
            OrderAct::Cancel => Ok(match self.look(order).await?.state {
                RemoteState::Proving | RemoteState::Draft => Settled::NotDone,
                _ => Settled::Done,
            }),
            // ACME has no question for it; asked again, the CA says that it is revoked already.
            OrderAct::Revoke => Ok(Settled::NotDone),
            OrderAct::Letter | OrderAct::Reissue => Ok(Settled::NotDone),
        }
    }
}

/// Keeps in the order where it is at the CA, and what must be seen on the domains.
fn learn(order: &mut Order, at_ca: RemoteOrder) -> Result<()> {
    order.remote = Some(at_ca.url.clone());
    let seen = seen(at_ca, order)?;
    keep(order, &seen.remote);
    Ok(())
}

/// Keeps what was said last. What was checked counts as long as the same must be seen.
pub(crate) fn keep(order: &mut Order, remote: &Remote) {
    if remote.state == RemoteState::Proving && order.proofs != remote.proofs {
        (order.proofs, order.last) = (remote.proofs.clone(), None);
    }
    order.seen = Some(remote.clone());
}

fn seen(at_ca: RemoteOrder, order: &Order) -> Result<Seen> {
    let (state, said) = match at_ca.status {
        OrderStatus::Pending => (RemoteState::Proving, "pending"),
        OrderStatus::Ready => (RemoteState::Draft, "ready"),
        OrderStatus::Processing => (RemoteState::Reviewing, "processing"),
        OrderStatus::Valid => (RemoteState::Issued, "valid"),
        OrderStatus::Invalid => (RemoteState::Refused, "invalid"),
    };
    let proofs = if state == RemoteState::Proving { proofs(&at_ca, method(order))? } else { Vec::new() };
    let domains = at_ca.authorizations.iter().map(|one| one.domain.clone()).collect();
    let untold = |one: &&Authorization| one.status == AuthorizationStatus::Pending && !one.told;
    let untold = at_ca.authorizations.iter().filter(untold).map(|one| one.domain.clone()).collect();
    let ready = state == RemoteState::Issued;
    let remote = Remote { domains, proofs, ready, ..Remote::new(state, said) };
    let error = (state == RemoteState::Refused).then(|| why_over(at_ca));
    Ok(Seen { remote, untold, error })
}

/// What a domain's proof says is nearer to the cause than what the order says.
fn why_over(order: RemoteOrder) -> Error {
    let failed = order.authorizations.into_iter().find_map(|one| one.error);
    failed.or(order.error).unwrap_or_else(|| Error::new(Code::AcmeOrderOver, DOING).with("state", "invalid"))
}

/// What must be seen on the domains, in the way that was chosen. What the CA knows to be proved already needs nothing.
fn proofs(order: &RemoteOrder, method: ProofMethod) -> Result<Vec<Proof>> {
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

fn address(order: &Order) -> Result<&str> {
    order.remote.as_deref().ok_or_else(|| Error::new(Code::AcmeStillWaiting, DOING))
}

fn method(order: &Order) -> ProofMethod {
    order.wanted.unwrap_or(ProofMethod::DnsTxt)
}

fn der_of(pem: &str) -> Result<Vec<u8>> {
    let read = chain::from_pem("certificate", &[pem.to_owned()])?;
    read.into_iter().next().ok_or_else(|| Error::new(Code::Internal, DOING))
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
