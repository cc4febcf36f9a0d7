//! Orders in the window: a record that is missing, what is the matter, watched until everybody sees it; a file that is not
//! as the CA wants it. In both languages, against servers on loopback.

use chopmark_tests::bench::domain_world::{DomainWorld, WEB, Zone};

use crate::window::{Start, Window};

/// The record that is there from the beginning.
const WWW: &str = "_dnsauth.www";
const TARGET: &str = "a1b2c3d4.dcv.ca.test";

fn world() -> DomainWorld {
    let shop = Zone { name: "shop.test".to_owned(), first: format!("{WWW} CNAME {TARGET}."), ..Zone::default() };
    let site = Zone { name: "site.test".to_owned(), first: format!("@ A {WEB}"), ..Zone::default() };
    let world = DomainWorld::start(&[shop, site], "server { server_name site.test; HTTP; root ROOT/site; }", "");
    world.write("site/.well-known/pki-validation/A1b2.txt", b"202611250000AbCdEf\n");
    world
}

fn state(window: &Window, state: &str) {
    window.wait(&format!("[data-testid=one-order][data-state={state}]"));
}

fn journey(language: &'static str, dark: bool, missing: &str, line_end: &str) {
    let world = world();
    let window = Window::start(&Start { language, dark, ..Start::default() });
    std::fs::write(window.path("home").join("validation.toml"), world.settings()).expect("settings");
    window.press("nav-orders");
    window.element("new-order");
    window.accessible("no orders");
    window.press("new-hand");
    window.element("order-form");

    window.type_into("order-domains", "shop.test");
    window.type_into("order-name", "_dnsauth");
    window.type_into("order-value", TARGET);
    window.press("order-another");
    window.type_into("order-2-name", WWW);
    window.type_into("order-2-value", TARGET);
    window.press("order-another");
    window.accessible("a new order with several records");
    window.press("order-3-drop");
    window.press("order-save");
    state(&window, "unchecked");
    for (fact, value) in
        [("host", "_dnsauth"), ("zone", "shop.test"), ("record", "_dnsauth.shop.test"), ("value", TARGET)]
    {
        assert_eq!(window.text(&format!("fact-{fact}")), value);
        window.element(&format!("copy-{fact}"));
    }
    window.press("order-check");
    state(&window, "not-yet");
    window.wait("[data-testid=order-finding][data-code=CM-6101]");
    assert!(window.page().contains(missing), "{}", window.page());
    window.wait("[data-testid=proof-row][data-kind=authoritative][data-state=no-such-name]");
    window.press("proof-commands");
    window.accessible("a record that is missing");

    window.press("order-watch");
    window.element("order-unwatch");
    world.change_zone("shop.test", &format!("_dnsauth CNAME {TARGET}.\n{WWW} CNAME {TARGET}."));
    state(&window, "ready");
    window.wait_gone("[data-testid=order-finding]");
    window.wait("[data-testid=proof-row][data-kind=authoritative][data-state=found]");
    window.accessible("a record that everybody sees");
    window.press("order-back");
    window.wait("[data-testid=order][data-state=ready]");

    window.press("order-new");
    window.press("new-hand");
    window.type_into("order-domains", "site.test");
    window.press("order-method");
    window.press("order-method-file");
    window.type_into("order-name", "A1b2.txt");
    window.type_into("order-value", "202611250000AbCdEf");
    window.press("order-save");
    state(&window, "unchecked");
    window.press("order-check");
    state(&window, "not-yet");
    window.wait("[data-testid=order-finding][data-code=CM-6408]");
    assert!(window.page().contains(line_end) && window.page().contains("202611250000AbCdEf␊"), "{}", window.page());
    window.accessible("a file with a line end too many");
    world.write("site/.well-known/pki-validation/A1b2.txt", b"202611250000AbCdEf");
    window.press("order-check");
    state(&window, "ready");

    window.press("order-remove");
    window.accessible("whether to forget it");
    window.press("order-remove-yes");
    window.wait_gone("[data-testid=one-order]");
    window.element("order-list");
    window.accessible("the list");
}

#[test]
fn orders_in_english() {
    journey("en", false, "There is no record named _dnsauth.shop.test yet", "A line end stands behind the content");
}

#[test]
fn orders_in_chinese() {
    journey("zh-CN", true, "还没有名为 _dnsauth.shop.test 的记录", "内容后面多了换行");
}
