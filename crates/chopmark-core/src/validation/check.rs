//! One check of an order: all of its proofs, who may issue, and what is the matter.

use futures_util::future::join_all;

use super::{dns, file, finding, order::Order, settings::Settings};
use crate::{
    clock,
    error::Code,
    hints::Language,
    model::{OrderCheck, ProofMethod, ProofState, RowState},
};

/// Most domains whose CAA records are looked at.
const MOST_CAA: usize = 20;

/// Checks everything at the same time.
pub(crate) async fn check(number: &str, order: &Order, settings: &Settings, language: Language) -> OrderCheck {
    let proofs = join_all(order.proofs.iter().map(|proof| async move {
        match proof.method {
            ProofMethod::DnsCname | ProofMethod::DnsTxt => dns::check(proof, &order.proofs, &settings.dns).await,
            ProofMethod::File => file::check(proof, order, settings).await,
        }
    }));
    let caa = join_all(
        order.domains.iter().take(MOST_CAA).map(|domain| dns::caa::check(domain, &order.rules, &settings.dns)),
    );
    let (proofs, caa) = tokio::join!(proofs, caa);
    let (proofs, of_proofs): (Vec<_>, Vec<_>) = proofs.into_iter().unzip();
    let (caa, of_caa): (Vec<_>, Vec<_>) = caa.into_iter().unzip();

    let forbidden = caa.iter().any(|row| matches!(row.state, RowState::Forbidden | RowState::Servfail));
    let worst = proofs.iter().map(|proof| proof.state).max().unwrap_or(ProofState::Unknown);
    let mut found: Vec<_> = of_proofs.into_iter().chain(of_caa).flatten().collect();
    // An order that was only bought has neither a domain nor anything to prove.
    let about = order.domains.first().filter(|_| !order.proofs.is_empty());
    if let Some(domain) = about.filter(|_| clock::now() as i64 > order.deadline) {
        found.insert(0, finding::Found::warning(Code::DeadlinePassed, domain).with("order", number));
    }
    OrderCheck {
        at: clock::rfc3339(clock::now()),
        state: if forbidden { ProofState::NotYet } else { worst },
        proofs,
        caa,
        findings: finding::in_words(found, language),
    }
}
