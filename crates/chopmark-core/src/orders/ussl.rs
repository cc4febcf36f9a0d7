//! UCloud's console as a source of orders.

use async_trait::async_trait;
use der::pem::LineEnding;

use super::{
    acts::{Act, Pending},
    delivered,
    source::{Remote, Settled, Source},
};
use crate::{
    ca::ussl::{Console, Info},
    certificate,
    error::{Code, Error, Result},
    model::{CertificateKind, OrderAct, ProofMethod, RemoteState, RevocationReason},
    validation::{names, order::Order},
};

const DOING: &str = "asking the certificate console";

/// The console, as one account sees it.
pub(crate) struct Ussl<'a>(pub(crate) Console<'a>);

/// The code's meaning. Published are COMPLETED, RENEWED, REJECTED and SECURITY_REVIEW_FAILED; those that name an end by its own
/// word are taken at it. Everything else is told as it stands.
fn state_of(info: &Info) -> RemoteState {
    match &*info.order.state_code {
        "COMPLETED" | "RENEWED" => RemoteState::Issued,
        "REJECTED" | "SECURITY_REVIEW_FAILED" => RemoteState::Refused,
        "CANCELED" | "CANCELLED" => RemoteState::Cancelled,
        "REVOKED" => RemoteState::Revoked,
        // Without a request nothing can have begun there.
        _ if info.csr.trim().is_empty() => RemoteState::Draft,
        _ => RemoteState::Other,
    }
}

fn kind_of(info: &Info) -> Option<CertificateKind> {
    let words = info.kind.to_uppercase();
    [("DV", CertificateKind::Domain), ("OV", CertificateKind::Organisation), ("EV", CertificateKind::Extended)]
        .into_iter()
        .find(|(word, _)| words.contains(word))
        .map(|(_, kind)| kind)
}

/// A request's fingerprint, however its PEM is broken into lines.
pub(crate) fn request_print(pem: &str) -> Option<String> {
    let (label, der) = der::pem::decode_vec(pem.trim().as_bytes()).ok()?;
    label.ends_with("CERTIFICATE REQUEST").then(|| certificate::fingerprint(&der))
}

fn id(order: &Order) -> Result<i64> {
    let number = order.remote.as_deref().and_then(|remote| remote.parse().ok());
    number.ok_or_else(|| Error::new(Code::OrderActNotNow, DOING).with("state", "draft"))
}

fn pem(csr_der: &[u8]) -> Result<String> {
    der::pem::encode_string("CERTIFICATE REQUEST", LineEnding::LF, csr_der)
        .map_err(|error| Error::new(Code::Internal, DOING).because(error))
}

#[async_trait]
impl Source for Ussl<'_> {
    async fn look(&self, order: &Order) -> Result<Remote> {
        let info = self.0.info(id(order)?).await?;
        let mut state = state_of(&info);
        let asks = matches!(state, RemoteState::Other) || state == RemoteState::Issued && order.revoking.is_some();
        let proofs = if asks { self.0.proofs(&info.order).await } else { Ok(Vec::new()) };
        let proofs = match proofs {
            // Nothing to prove, or nothing yet.
            Err(error) if matches!(error.code, Code::UsslNoProof | Code::UsslRefused) => Vec::new(),
            proofs => proofs?,
        };
        if state == RemoteState::Other && !proofs.is_empty() {
            state = RemoteState::Proving;
        }
        let said = info.order.domains.split(',').filter(|one| !one.trim().is_empty());
        Ok(Remote {
            code: info.order.state_code.clone(),
            kind: kind_of(&info),
            domains: said.map(names::domain).collect::<Result<_>>()?,
            proofs,
            ready: state == RemoteState::Issued,
            not_after: (info.expires > 0).then_some(info.expires),
            request: request_print(&info.csr),
            ..Remote::new(state, &info.order.state)
        })
    }

    async fn submit(&self, order: &mut Order, csr_der: &[u8]) -> Result<()> {
        let method = match order.wanted {
            Some(ProofMethod::File) => "FILE",
            _ => "DNS",
        };
        let who = order.applicant.clone().unwrap_or_default();
        self.0.complete(id(order)?, &order.domains, method, &pem(csr_der)?, &who).await
    }

    async fn certificate(&self, order: &Order) -> Result<Vec<Vec<u8>>> {
        chain_of(&self.0.certificate_archive(id(order)?).await?)
    }

    async fn act(&self, order: &mut Order, act: &Act<'_>) -> Result<()> {
        match act {
            Act::Buy(product) => {
                let number = self.0.purchase(product).await?;
                // Without it the order must be looked for, as after a lost answer.
                let number =
                    number.ok_or_else(|| Error::new(Code::UsslAnswer, DOING).with("action", "PurchaseCertificate"))?;
                order.remote = Some(number.to_string());
                Ok(())
            }
            // The console looks by itself.
            Act::Prove => Err(Error::new(Code::BadInput, DOING).with("reason", "order-no-act")),
            Act::Letter(letter) => self.0.upload_letter(id(order)?, letter).await,
            Act::Reissue(csr) => self.0.reissue(id(order)?, &order.domains, &pem(csr)?).await,
            Act::Renew(product) => self.0.renew(id(order)?, product).await,
            Act::Cancel => self.0.cancel(id(order)?).await,
            Act::Revoke { reason, letter } => self.0.revoke(id(order)?, reason_word(*reason), *letter).await,
        }
    }

    async fn known(&self) -> Result<Vec<String>> {
        Ok(self.0.list().await?.iter().map(|order| order.id.to_string()).collect())
    }

    async fn settle(&self, order: &mut Order, pending: &Pending) -> Result<Settled> {
        if matches!(pending.act, OrderAct::Buy | OrderAct::Renew) {
            let now = self.known().await?;
            let fresh: Vec<&String> = now.iter().filter(|one| !pending.known.contains(one)).collect();
            return Ok(match (&*fresh, pending.act) {
                ([], OrderAct::Renew) if self.look(order).await?.code != pending.code => Settled::Done,
                ([], _) => Settled::NotDone,
                ([one], OrderAct::Renew) => {
                    order.successor = Some((*one).clone());
                    Settled::Done
                }
                ([one], _) => {
                    order.remote = Some((*one).clone());
                    Settled::Done
                }
                _ => Settled::Unclear,
            });
        }
        let seen = self.look(order).await?;
        let unchanged = seen.code == pending.code;
        let has_ours = pending.request.is_some() && seen.request == pending.request;
        Ok(match (pending.act, seen.state) {
            (OrderAct::Submit | OrderAct::Reissue, _) if has_ours => Settled::Done,
            (OrderAct::Cancel, RemoteState::Cancelled) | (OrderAct::Revoke, RemoteState::Revoked) => Settled::Done,
            (_, _) if unchanged => Settled::NotDone,
            (OrderAct::Revoke, RemoteState::Other | RemoteState::Proving) | (OrderAct::Letter, _) => Settled::Done,
            _ => Settled::Unclear,
        })
    }
}

/// The documents name no words for reasons: these are read by people.
fn reason_word(reason: RevocationReason) -> &'static str {
    match reason {
        RevocationReason::KeyCompromise => "keyCompromise",
        RevocationReason::AffiliationChanged => "affiliationChanged",
        RevocationReason::Superseded => "superseded",
        RevocationReason::CessationOfOperation => "cessationOfOperation",
        _ => "unspecified",
    }
}

/// The longest chain among the files of an archive: each server's kind has its own file with the same in it.
fn chain_of(archive: &[u8]) -> Result<Vec<Vec<u8>>> {
    let strange = || Error::new(Code::UsslAnswer, DOING).with("action", "DownloadCertificate");
    let files = delivered::files(archive).ok_or_else(strange)?;
    let best = files.into_iter().rev().max_by_key(Vec::len).unwrap_or_default();
    if best.is_empty() { Err(strange()) } else { Ok(best) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only what was published, or says of itself that it is the end, is read as an end.
    #[test]
    fn a_state_that_is_not_known_is_neither_done_nor_failed() {
        use RemoteState::{Cancelled, Draft, Issued, Other, Refused, Revoked};
        for (code, csr, want) in [
            ("COMPLETED", "x", Issued),
            ("RENEWED", "x", Issued),
            ("REJECTED", "x", Refused),
            ("SECURITY_REVIEW_FAILED", "x", Refused),
            ("CANCELLED", "", Cancelled),
            ("REVOKED", "x", Revoked),
            ("", "", Draft),
            ("WHATEVER", " ", Draft),
            ("COMPLETE", "x", Other),
            ("completed", "x", Other),
            ("", "x", Other),
        ] {
            let info = serde_json::json!({ "CertificateID": 1, "StateCode": code, "CSR": csr });
            let info: Info = serde_json::from_value(info).unwrap();
            assert_eq!(state_of(&info), want, "{code}");
        }
    }

    #[test]
    fn an_archive_without_a_certificate_is_told() {
        for bytes in [&b""[..], b"PK", b"no archive at all"] {
            assert_eq!(chain_of(bytes).unwrap_err().code, Code::UsslAnswer);
        }
    }
}
