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
    certificate, clock,
    error::{Code, Error, Result},
    model::{OrderAct, Proof, ProofMethod, RemoteState, RenewalHint},
    validation::order::Order,
};

const DOING: &str = "following an ACME order";

/// What is kept of an ACME order, beside what every order has. Its number at the source is its address.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AcmeOrder {
    /// Orders at the CA that it had before.
    pub(crate) earlier: Vec<String>,
    /// Domains that the CA was told of: many CAs leave a way that they were told of "pending" while they look.
    pub(crate) told: Vec<String>,
    /// PEM of the certificate that it renews.
    pub(crate) replaces: Option<String>,
    /// PEM of the certificate, once it was fetched: a CA need not give one again that is revoked.
    pub(crate) certificate: Option<String>,
    /// It was revoked from here: an order at the CA stays what it was.
    pub(crate) revoked: bool,
    /// When the CA wants its certificate renewed.
    pub(crate) hint: Option<RenewalHint>,
}

/// A CA that speaks ACME, as one account sees it.
pub(crate) struct AcmeSource {
    pub(crate) session: Session,
}

impl AcmeSource {
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
        begun(order, self.session.order(&order.domains, replaces.as_deref()).await?);
        Ok(())
    }
}

#[async_trait]
impl Source for AcmeSource {
    async fn look(&self, order: &Order) -> Result<Remote> {
        seen(&self.session.look(address(order)?).await?, order)
    }

    async fn submit(&self, order: &mut Order, csr_der: &[u8]) -> Result<()> {
        self.session.finalize(address(order)?, csr_der).await
    }

    async fn certificate(&self, order: &Order) -> Result<Vec<Vec<u8>>> {
        self.session.certificate(address(order)?).await
    }

    async fn act(&self, order: &mut Order, act: &Act<'_>) -> Result<()> {
        match act {
            Act::Buy(_) => self.begin(order).await,
            Act::Renew(_) => {
                let leaf = self.leaf(order).await?;
                order.successor = Some(self.session.order(&order.domains, Some(&leaf)).await?);
                order.acme.get_or_insert_default().certificate = Some(certificate::describe(&leaf)?.pem);
                Ok(())
            }
            Act::Prove => {
                for domain in self.look(order).await?.to_tell {
                    self.session.tell(address(order)?, &domain, method(order)).await?;
                    order.acme.get_or_insert_default().told.push(domain);
                }
                Ok(())
            }
            Act::Cancel => self.session.cancel(address(order)?).await,
            Act::Revoke { reason, .. } => {
                let leaf = self.leaf(order).await?;
                match self.session.revoke(&leaf, *reason).await {
                    // Sent twice, it was done once.
                    Err(error) if error.code != Code::AlreadyRevoked => return Err(error),
                    _ => order.acme.get_or_insert_default().revoked = true,
                }
                Ok(())
            }
            Act::Letter(_) | Act::Reissue(_) => Err(Error::new(Code::BadInput, DOING).with("reason", "order-no-act")),
        }
    }

    async fn known(&self) -> Result<Vec<String>> {
        self.session.orders().await
    }

    async fn why_over(&self, order: &Order) -> Result<Option<Error>> {
        let at_ca = self.session.look(address(order)?).await?;
        // What a domain's proof says is nearer to the cause than what the order says.
        let failed = at_ca.authorizations.into_iter().find_map(|one| one.error);
        Ok(failed.or(at_ca.error))
    }

    /// ACME has no question whether a certificate is revoked; asked to do it again, the CA says that it is.
    fn repeats(&self, act: OrderAct) -> bool {
        act == OrderAct::Revoke
    }

    async fn settle(&self, order: &mut Order, pending: &Pending) -> Result<Settled> {
        Ok(match pending.act {
            OrderAct::Buy | OrderAct::Renew => {
                let earlier = order.acme.iter().flat_map(|acme| acme.earlier.iter().cloned());
                let known: Vec<String> =
                    pending.known.iter().cloned().chain(order.remote.clone()).chain(earlier).collect();
                // An order that nobody proves costs nothing and ends by itself, and CAs that keep no list give an open one again
                // when the same is ordered: ordering anew is safe.
                match self.session.find(&order.domains, &known).await? {
                    Some(url) if pending.act == OrderAct::Renew => order.successor = Some(url),
                    Some(url) => begun(order, url),
                    None => return Ok(Settled::NotDone),
                }
                Settled::Done
            }
            OrderAct::Prove | OrderAct::Submit | OrderAct::Cancel => {
                let now = self.look(order).await?;
                match (pending.act, now.state) {
                    (_, RemoteState::Other) => Settled::Unclear,
                    (OrderAct::Prove, RemoteState::Proving) if !now.to_tell.is_empty() => Settled::NotDone,
                    (OrderAct::Submit, RemoteState::Draft) => Settled::NotDone,
                    (OrderAct::Cancel, RemoteState::Proving | RemoteState::Draft) => Settled::NotDone,
                    _ => Settled::Done,
                }
            }
            OrderAct::Revoke => Settled::Unclear,
            OrderAct::Letter | OrderAct::Reissue => Settled::NotDone,
        })
    }
}

/// The order is another one at the CA from here on: what was known of the one before says nothing of it.
fn begun(order: &mut Order, url: String) {
    let acme = order.acme.get_or_insert_default();
    acme.earlier.extend(order.remote.replace(url));
    acme.told.clear();
    (acme.certificate, acme.revoked, acme.hint) = (None, false, None);
    order.proofs.clear();
    (order.last, order.seen, order.revoking, order.handed_in) = (None, None, None, None);
    order.deadline = clock::now() as i64 + i64::from(order.rules.deadline_hours) * 3600;
}

fn seen(at_ca: &RemoteOrder, order: &Order) -> Result<Remote> {
    let revoked = order.acme.as_ref().is_some_and(|acme| acme.revoked);
    let given_up = at_ca.authorizations.iter().any(|one| one.status == AuthorizationStatus::Deactivated);
    let (state, said) = match at_ca.status {
        // RFC 8555 §7.1.6 has "invalid" for it; pebble says "deactivated".
        None | Some(OrderStatus::Pending | OrderStatus::Invalid) if given_up => (RemoteState::Cancelled, "deactivated"),
        Some(OrderStatus::Valid) if revoked => (RemoteState::Revoked, "revoked"),
        Some(OrderStatus::Pending) => (RemoteState::Proving, &*at_ca.said),
        Some(OrderStatus::Ready) => (RemoteState::Draft, &*at_ca.said),
        Some(OrderStatus::Processing) => (RemoteState::Reviewing, &*at_ca.said),
        Some(OrderStatus::Valid) => (RemoteState::Issued, &*at_ca.said),
        Some(OrderStatus::Invalid) => (RemoteState::Refused, &*at_ca.said),
        None => (RemoteState::Other, &*at_ca.said),
    };
    let mut remote = Remote { deadline: at_ca.expires, ..Remote::new(state, said) };
    if state == RemoteState::Proving {
        remote.proofs = proofs(at_ca, method(order))?;
        let told = |domain: &String| order.acme.as_ref().is_some_and(|acme| acme.told.contains(domain));
        let untold = |one: &&Authorization| one.status == AuthorizationStatus::Pending && !one.told;
        let untold = at_ca.authorizations.iter().filter(untold).map(|one| one.domain.clone());
        remote.to_tell = untold.filter(|domain| !told(domain)).collect();
    }
    remote.ready = state == RemoteState::Issued;
    Ok(remote)
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
    order.remote.as_deref().ok_or_else(|| Error::new(Code::OrderActNotNow, DOING).with("state", "draft"))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::OrderSource, orders::source::acts_of, validation::settings::Settings};

    fn order() -> Order {
        let rules = Settings::read(std::path::Path::new("/nowhere")).unwrap().rules_of(None).unwrap();
        let rules = crate::model::CaRules { methods: vec![ProofMethod::File, ProofMethod::DnsTxt], ..rules };
        Order { wanted: Some(ProofMethod::File), ..Order::begun(OrderSource::Acme, vec!["a.test".to_owned()], rules) }
    }

    /// As a CA has said: its word, and how the proof of the one domain stands.
    fn remote(said: &str, proof: AuthorizationStatus) -> RemoteOrder {
        let authorization = Authorization {
            domain: "a.test".to_owned(),
            status: proof,
            ways: vec![(ProofMethod::File, "token".to_owned(), "token.print".to_owned())],
            offered: vec!["http-01".to_owned()],
            told: false,
            error: None,
        };
        RemoteOrder {
            url: "https://ca.test/1".to_owned(),
            status: serde_json::from_value(said.into()).ok(),
            said: said.to_owned(),
            expires: Some(7),
            error: None,
            authorizations: vec![authorization],
        }
    }

    /// What RFC 8555 does not have is neither done nor failed, and nothing is offered to be done with it.
    #[test]
    fn every_word_of_a_ca_is_told() {
        use AuthorizationStatus::{Deactivated, Invalid, Pending, Valid};
        use OrderAct::{Buy, Cancel, Prove, Renew, Revoke, Submit};
        for (said, proof, state, shown, acts) in [
            ("pending", Pending, RemoteState::Proving, "pending", &[Prove, Cancel][..]),
            ("ready", Valid, RemoteState::Draft, "ready", &[Submit]),
            ("processing", Valid, RemoteState::Reviewing, "processing", &[]),
            ("valid", Valid, RemoteState::Issued, "valid", &[Renew, Revoke]),
            ("invalid", Invalid, RemoteState::Refused, "invalid", &[Buy]),
            ("invalid", Deactivated, RemoteState::Cancelled, "deactivated", &[Buy]),
            ("deactivated", Deactivated, RemoteState::Cancelled, "deactivated", &[Buy]),
            ("pending", Deactivated, RemoteState::Cancelled, "deactivated", &[Buy]),
            ("on-hold", Pending, RemoteState::Other, "on-hold", &[]),
            ("Valid", Valid, RemoteState::Other, "Valid", &[]),
        ] {
            let seen = seen(&remote(said, proof), &order()).unwrap();
            let found = (seen.state, &*seen.said, acts_of(OrderSource::Acme, &seen));
            assert_eq!(found, (state, shown, acts.to_vec()), "{said}");
        }
    }

    #[test]
    fn what_was_told_is_not_told_again_and_what_was_revoked_stays_so() {
        let mut order = order();
        order.acme.get_or_insert_default().told.push("a.test".to_owned());
        let looks = seen(&remote("pending", AuthorizationStatus::Pending), &order).unwrap();
        assert_eq!((looks.to_tell.len(), acts_of(OrderSource::Acme, &looks)), (0, vec![OrderAct::Cancel]));
        order.acme.get_or_insert_default().revoked = true;
        let revoked = seen(&remote("valid", AuthorizationStatus::Valid), &order).unwrap();
        assert_eq!(revoked.state, RemoteState::Revoked);
        // Ordered again, it is another one.
        begun(&mut order, "https://ca.test/2".to_owned());
        let again = seen(&remote("pending", AuthorizationStatus::Pending), &order).unwrap();
        assert_eq!(again.to_tell, ["a.test"]);
    }
}
