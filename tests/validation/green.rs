//! From a record that is missing to one that everybody sees: what spreading looks like, and that watching ends by itself.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use chopmark_core::model::{OrderEvent, ProofMethod, ProofState};
use chopmark_tests::bench::domain_world::{DomainWorld, Zone};

use crate::bench::{Asker, seen, verdict};

const TEXT: &str = "2026112500AbCdEfGh";

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_set_while_it_is_watched() {
    let zone = Zone { name: "watched.test".to_owned(), ..Zone::default() };
    let world = DomainWorld::start(&[zone], "", "");
    let asker = Asker::new(&world);
    let order = asker.add("watched.test", ProofMethod::DnsTxt, "_dnsauth", TEXT).await;

    // Resolvers remember for three seconds that there is nothing.
    let check = asker.app.order_check(&order).await.expect("a check");
    assert_eq!(verdict(&check), (ProofState::NotYet, vec!["e6101".to_owned()]), "{}", seen(&check));
    world.change_zone("watched.test", &format!("_dnsauth TXT \"{TEXT}\""));
    let check = asker.app.order_check(&order).await.expect("a check");
    assert_eq!(verdict(&check), (ProofState::Spreading, vec!["w6202".to_owned()]), "{}", seen(&check));
    assert!(check.findings[0].message.contains("1 minutes at most"), "{:?}", check.findings[0]);

    let events = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&events);
    let report = move |event| told.lock().unwrap().push(event);
    let watching = asker.app.order_watch(&order, report, std::future::pending());
    let check = tokio::time::timeout(Duration::from_secs(20), watching).await.expect("it ends").expect("well");
    assert_eq!(verdict(&check), (ProofState::Ready, vec![]), "{}", seen(&check));
    let events = events.lock().unwrap().clone();
    let states: Vec<ProofState> = events
        .iter()
        .filter_map(|event| match event {
            OrderEvent::Checked { check, .. } => Some(check.state),
            _ => None,
        })
        .collect();
    assert!(matches!(states[..], [ProofState::Spreading, .., ProofState::Ready]), "{states:?}");
    assert_eq!(events.last(), Some(&OrderEvent::Ready { order: order.clone() }));
    assert_eq!(
        asker.app.order_show(&order).await.expect("the order").last.map(|last| last.state),
        Some(ProofState::Ready)
    );

    a_deadline_ends_the_watch(&asker).await;
    a_cancel_ends_the_watch(&asker).await;
}

async fn a_deadline_ends_the_watch(asker: &Asker) {
    use chopmark_core::model::{NewOrder, Proof};
    let proof = Proof { method: ProofMethod::DnsTxt, name: "_other".to_owned(), value: TEXT.to_owned(), domain: None };
    let typed = NewOrder {
        domains: vec!["watched.test".to_owned()],
        proofs: vec![proof],
        deadline: Some("2026-01-01T00:00:00Z".to_owned()),
        ..NewOrder::default()
    };
    let order = asker.app.order_add(typed).await.expect("an order").order;
    let ended = asker.app.order_watch(&order, |_| (), std::future::pending()).await;
    assert_eq!(ended.expect_err("too late").code.to_string(), "CM-6002");
    let last = asker.app.order_show(&order).await.expect("the order").last.expect("a check");
    assert_eq!(verdict(&last).1, ["e6101", "w6002"]);
}

async fn a_cancel_ends_the_watch(asker: &Asker) {
    let order = asker.add("watched.test", ProofMethod::DnsTxt, "_never", TEXT).await;
    let ended = asker.app.order_watch(&order, |_| (), tokio::time::sleep(Duration::from_millis(300))).await;
    assert_eq!(ended.expect_err("cancelled").code.to_string(), "CM-1201");
}
