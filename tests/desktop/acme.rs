//! A certificate by ACME through the window, from Debian's pebble: what the CA wants of a new account, the record, the key made here, the certificate installed.

use std::fs;

use chopmark_tests::bench::{
    assert_no_secret,
    domain_world::{DomainWorld, WEB, Zone},
    pebble::{CODE, Pebble, REFERENCE},
};

use crate::{
    console::give_password,
    window::{Start, Window},
};

const ZONE: &str = "@ A WEB\nwww A WEB\n";

fn an_order_by_acme(language: &'static str, dark: bool) {
    let first = ZONE.replace("WEB", WEB);
    let zone = Zone { name: "shop.test".to_owned(), first: first.clone(), ..Zone::default() };
    let world = DomainWorld::start(&[zone], "server { HTTP; server_name shop.test; root ROOT/shop; }", "");
    let pebble = Pebble::start(&world);
    let window = Window::start(&Start { language, dark, ..Start::default() });
    fs::write(window.path("home").join("validation.toml"), world.settings()).expect("settings");
    window.press("nav-orders");
    window.press("new-acme");
    window.element("acme-form");
    window.accessible("which CA by ACME");
    window.picture_of("acme-begin");
    window.press("acme-ca");
    window.press("acme-ca-other");
    window.wait_gone("[role=listbox]");
    window.press("acme-go");
    window.wait("[data-testid=acme-address-problem]");
    window.type_into("acme-address", &pebble.directory());
    window.type_into("acme-domains", "shop.test");
    // Nobody is believed whose roots this system does not know.
    window.press("acme-go");
    window.expect_error("CM-3203", language);
    window.press("acme-roots-fold");
    window.type_into("acme-roots", &pebble.tls_roots().display().to_string());
    window.press("acme-go");
    window.wait("[data-testid=acme-said]");
    window.press("acme-go");
    window.wait("[data-testid=acme-reference-problem]");
    window.accessible("what the CA wants, missing");
    window.picture_of("acme-missing");
    window.type_into("acme-reference", REFERENCE);
    window.type_into("acme-code", CODE);
    window.press("acme-agree");
    window.press("acme-go");

    window.wait("[data-testid=one-order][data-step=prove]");
    let (name, value) = (window.text("fact-record"), window.text("fact-value"));
    assert!(name.starts_with("_acme-challenge.shop.test"), "{name}");
    window.accessible("an order by ACME that is to be proved");
    window.picture_of("acme-proving");
    // What is wrong with a record is told as for any order (`console.rs`); resolvers would remember it here for a minute.
    world.change_zone("shop.test", &format!("{first}_acme-challenge TXT \"{value}\"\n"));
    window.press("order-watch");

    // The CA has seen it, and waits for the request.
    window.element("order-details");
    window.accessible("an order by ACME that wants its request");
    let pem = window.path("shop.pem");
    window.type_into("path", &pem.display().to_string());
    window.picture_of("acme-key");
    window.press("details-submit");
    give_password(&window, true);
    window.press("issued-install");
    give_password(&window, false);
    window.wait("[data-testid=result-proved][data-value=true]");
    let text = fs::read_to_string(&pem).expect("key and certificate");
    assert!(text.contains("BEGIN ENCRYPTED PRIVATE KEY") && text.contains("BEGIN CERTIFICATE"), "{text}");
    assert_no_secret(&window.path("home"), &[CODE]);
}

#[test]
fn an_order_in_english() {
    an_order_by_acme("en", true);
}

#[test]
fn an_order_in_chinese() {
    an_order_by_acme("zh-CN", false);
}
