//! Orders driven at a certificate console through the window: an account, a purchase, what the CA wants to know and to see, the letter
//! of an organisation, the certificate, and what cannot be taken back. Against the console for trying out.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use chopmark_tests::bench::{
    assert_no_secret,
    console::Console,
    domain_world::{DomainWorld, RESOLVER, WEB, Zone},
    hand_ca::HandCa,
    letters::scanned,
    programs::run,
};

use crate::{
    journey::{Words, in_every_look},
    window::{Start, Window},
};

const PASSWORD: &str = "a long pass phrase";
const NOBODY: &str = "127.0.0.1:9";
const APPLICANT: [(&str, &str); 9] = [
    ("company", "Example Ltd"),
    ("division", "IT"),
    ("region", "Shanghai"),
    ("city", "Shanghai"),
    ("address", "1 Road"),
    ("name", "Alice"),
    ("title", "Engineer"),
    ("phone", "13000000000"),
    ("email", "alice@example.test"),
];

/// A window at the screen of orders, and a console.
struct Scene {
    window: Window,
    console: Console,
    words: Words,
}

impl Scene {
    fn new(console: Console, settings: &str, language: &str, dark: bool) -> Scene {
        let window = Window::start(&Start { language, dark, ..Start::default() });
        let settings = match settings.contains("[watch]") {
            true => settings.replace("[watch]", "[watch]\nsettle = 0"),
            false => format!("{settings}[watch]\nfirst = 1\nlongest = 1\nsettle = 0\n"),
        };
        fs::write(window.path("home").join("validation.toml"), settings).expect("settings");
        window.press("nav-orders");
        Scene { window, console, words: Words::of(language) }
    }

    fn private_key(&self) -> String {
        fs::read_to_string(&self.console.key_file).expect("a key").trim().to_owned()
    }

    /// The account is kept in a file: never in the keyring of the machine that tests.
    fn add_account(&self, private_key: &str) {
        let window = &self.window;
        window.type_into("account-name", "demo");
        window.type_into("account-public-key", &self.console.public_key);
        window.type_into("account-private-key", private_key);
        window.press("account-in-file");
        window.press("account-more");
        window.type_into("account-api", &self.console.api);
        window.press("account-save");
    }

    /// Buys, with the price typed; the order's page is shown.
    fn buy(&self, product: &str, price: &str) {
        let window = &self.window;
        window.wait("[data-testid=buy-product]");
        if product != "DemoDV" {
            window.press("buy-product");
            window.press(&format!("buy-product-Demo {product}"));
            window.wait_gone("[role=listbox]");
        }
        window.press("buy-ask");
        window.wait("[data-testid=buy-price]");
        assert!(window.text("buy-price").contains(price), "{}", window.text("buy-price"));
        window.picture_of(&format!("price-{product}"));
        window.press("buy-go");
        self.sure(price);
        self.stands("draft");
    }

    /// The dialog names it; a slip does nothing; the right name goes on.
    fn sure(&self, name: &str) {
        let window = &self.window;
        window.wait("[data-testid=order-ask]");
        assert_eq!(window.text("order-ask-name"), name);
        window.accessible(&format!("whether {name} is meant"));
        window.type_into("order-ask-typed", "something else");
        window.press("order-ask-yes");
        assert_eq!(window.text("order-ask-typed-problem"), self.words.text("sure.differs"));
        window.type_into("order-ask-typed", name);
        window.press("order-ask-yes");
        window.wait_gone("[data-testid=order-ask]");
    }

    fn stands(&self, state: &str) {
        self.window.wait(&format!("[data-testid=one-order][data-state={state}]"));
    }

    /// Who does what: the step that comes next.
    fn next(&self, step: &str) {
        self.window.wait(&format!("[data-testid=order-step][data-step={step}][aria-current=step]"));
    }

    fn csr(&self, name: &str, domain: &str) -> PathBuf {
        let (key, csr) = (self.window.path(&format!("{name}.key")), self.window.path(&format!("{name}.csr")));
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout"]);
        openssl.arg(key).args(["-subj", &format!("/CN={domain}"), "-addext"]);
        run(openssl.arg(format!("subjectAltName=DNS:{domain}")).arg("-out").arg(&csr));
        csr
    }

    fn fill_in(&self, domain: &str) {
        let window = &self.window;
        window.element("order-details");
        window.type_into("details-domains", domain);
        for (field, value) in APPLICANT {
            window.type_into(&format!("applicant-{field}"), value);
        }
    }

    /// With a request that was made elsewhere.
    fn complete(&self, domain: &str, csr: &Path) {
        self.fill_in(domain);
        self.window.press("order-key-file");
        self.window.type_into("order-request", &csr.display().to_string());
        self.window.press("details-submit");
    }

    /// The record that the order shows, as a line of a zone.
    fn record(&self) -> String {
        let (name, value) = (self.window.text("fact-record"), self.window.text("fact-value"));
        match self.window.text("fact-type").as_str() {
            "CNAME" => format!("{name}. CNAME {value}."),
            _ => format!("{name}. TXT \"{value}\""),
        }
    }

    /// The certificate is saved, is for our key, and leads to the console's root.
    fn save(&self, name: &str) {
        let (window, out) = (&self.window, self.window.path(&format!("{name}.pem")));
        window.type_into("issued-path", &out.display().to_string());
        window.press("issued-save");
        window.wait("[data-testid=issued-saved]");
        let mut verify = Command::new("openssl");
        verify.args(["verify", "-purpose", "sslserver", "-CAfile"]).arg(&self.console.root);
        run(verify.arg("-untrusted").arg(&out).arg(&out));
        let public =
            |what: &str, file: PathBuf| run(Command::new("openssl").args([what, "-noout", "-pubkey", "-in"]).arg(file));
        assert_eq!(public("x509", out), public("req", self.window.path(&format!("{name}.csr"))));
    }
}

/// From nothing to a certificate, with a record that is wrong first; then revoked by another record.
fn a_domain_is_proved_by_records(language: &str, dark: bool) {
    let world = DomainWorld::start(&[Zone { name: "shop.test".to_owned(), ..Zone::default() }], "", "");
    let console = Console::start(&format!("{RESOLVER}:{}", world.dns_port), world.http_port, &[]);
    let scene = Scene::new(console, &world.settings(), language, dark);
    let window = &scene.window;
    window.press("new-buy");
    window.element("account-form");
    window.accessible("the first account");
    window.picture_of("account");
    scene.add_account(&scene.private_key());
    window.wait("[data-testid=buy-product]");
    window.accessible("what can be bought");
    scene.buy("DemoDV", "40.0");

    scene.next("details");
    window.accessible("a draft");
    window.press("details-submit");
    window.wait("[data-testid=details-domains-problem]");
    window.wait_focus("details-domains");
    window.accessible("a draft with everything missing");
    window.picture_of("details");
    scene.complete("shop.test", &scene.csr("first", "shop.test"));
    scene.stands("unchecked");
    scene.next("prove");
    window.picture_of("proving");

    world.change_zone("shop.test", "_dnsauth CNAME elsewhere.test.");
    window.press("order-watch");
    window.wait("[data-testid=order-unwatch]");
    window.wait("[data-testid=order-finding]");
    scene.stands("not-yet");
    window.accessible("a record that is wrong");
    window.picture_of("wrong-record");
    // It goes on while nobody looks, and tells.
    let record = scene.record();
    window.press("order-back");
    window.accessible("the list with an order that is followed");
    window.press("nav-helpdesk");
    world.change_zone("shop.test", &record);
    window.wait("[data-testid=rail-order][data-news=issued]");
    window.picture_of("news");
    window.press("rail-order");
    scene.stands("issued");
    window.element("order-issued");
    window.accessible("a certificate that is there");
    window.picture_of("issued");
    scene.save("first");

    window.press("act-revoke");
    window.press("act-go");
    window.wait("[data-testid=act-form] [role=alert]");
    window.press("order-reason-superseded");
    window.accessible("why it is revoked");
    window.picture_of("revoke");
    window.press("act-go");
    window.wait("[data-testid=order-ask]");
    window.picture_of("sure");
    scene.sure("shop.test");
    scene.stands("unchecked");
    scene.next("prove");
    assert_eq!(window.text("fact-type"), "TXT");
    window.accessible("a revocation that is to be proved");
    world.change_zone("shop.test", &scene.record());
    window.press("order-watch");
    scene.stands("revoked");
    window.accessible("a certificate that is revoked");
    window.picture_of("revoked");
    fs::remove_dir_all(window.path("home").join("order-secrets")).expect("the secrets' own folder");
    assert_no_secret(&window.path("home"), &[&scene.private_key()]);
}

in_every_look!(a_domain_is_proved_by_records);

/// By a file on the web server; then the certificate is made anew for a key that is made here.
fn a_domain_is_proved_by_a_file(language: &'static str, dark: bool) {
    let zone = Zone { name: "site.test".to_owned(), first: format!("@ A {WEB}"), ..Zone::default() };
    let world = DomainWorld::start(&[zone], "server { server_name site.test; HTTP; root ROOT/site; }", "");
    let console = Console::start(&format!("{RESOLVER}:{}", world.dns_port), world.http_port, &[]);
    let scene = Scene::new(console, &world.settings(), language, dark);
    let window = &scene.window;
    window.press("new-buy");
    scene.add_account(&scene.private_key());
    scene.buy("DemoDV", "40.0");
    window.press("details-method");
    window.press("details-method-file");
    window.wait_gone("[role=listbox]");
    scene.complete("site.test", &scene.csr("site", "site.test"));
    scene.stands("unchecked");
    window.accessible("a domain that is to be proved by a file");
    window.picture_of("by-file");
    let (name, content) = (window.text("fact-file"), window.text("fact-content"));
    let file = format!("site/.well-known/pki-validation/{name}");
    world.write(&file, format!("{content}\n").as_bytes());
    window.press("order-check");
    window.wait("[data-testid=order-finding][data-code=CM-6408]");
    window.picture_of("by-file-wrong");
    world.write(&file, content.as_bytes());
    window.press("order-watch");
    scene.stands("issued");
    scene.save("site");

    window.press("act-reissue");
    let pem = window.path("site-2.pem");
    window.type_into("path", &pem.display().to_string());
    window.accessible("a certificate that is to be made anew");
    window.picture_of("reissue");
    window.press("act-go");
    scene.sure("site.test");
    give_password(window, true);
    scene.stands("unchecked");
    let (name, content) = (window.text("fact-file"), window.text("fact-content"));
    world.write(&format!("site/.well-known/pki-validation/{name}"), content.as_bytes());
    window.press("order-watch");
    window.press("issued-install");
    give_password(window, false);
    window.wait("[data-testid=result-proved][data-value=true]");
    assert!(fs::read_to_string(&pem).expect("key and certificate").contains("BEGIN CERTIFICATE"));
}

#[test]
fn a_file_in_english() {
    a_domain_is_proved_by_a_file("en", false);
}

#[test]
fn a_file_in_chinese() {
    a_domain_is_proved_by_a_file("zh-CN", true);
}

/// The letter's form, a file that is none, the scan, and the certificate.
fn an_organisation_sends_a_letter(language: &'static str, dark: bool) {
    let scene = Scene::new(Console::start(NOBODY, 9, &["--review", "0"]), "", language, dark);
    let window = &scene.window;
    window.press("new-buy");
    scene.add_account(&scene.private_key());
    scene.buy("DemoOV", "1999.0");
    let pem = window.path("corp.pem");
    scene.fill_in("corp.test");
    window.type_into("path", &pem.display().to_string());
    window.accessible("where the key is to be made");
    window.picture_of("key-here");
    window.press("details-submit");
    give_password(window, true);
    scene.stands("letter");
    scene.next("letter");
    window.accessible("a letter is to be sent");
    window.picture_of("letter");
    let form = window.path("form.pdf");
    window.type_into("letter-form", &form.display().to_string());
    window.press("letter-write");
    window.wait("[data-testid=letter-written]");
    assert!(fs::read(&form).expect("a form").starts_with(b"%PDF-"));
    window.accessible("a letter that was written");
    let letter = window.path("letter.doc");
    fs::write(&letter, "not a letter").expect("a file");
    window.type_into("letter-scan", &letter.display().to_string());
    window.press("letter-hand-in");
    window.wait("[data-testid=letter-scan-finding]");
    window.accessible("a scan that is none");
    window.picture_of("scan-refused");
    scanned(&window.path(""), "letter.jpg");
    window.type_into("letter-scan", &window.path("letter.jpg").display().to_string());
    window.press("letter-hand-in");
    window.wait_gone("[data-testid=order-letter]");
    window.press("order-refresh");
    scene.stands("issued");
    window.accessible("a certificate to be installed");
    window.press("issued-install");
    give_password(window, false);
    window.wait("[data-testid=result-proved][data-value=true]");
    window.picture_of("installed");
    let text = fs::read_to_string(&pem).expect("key and certificate");
    assert!(text.contains("BEGIN ENCRYPTED PRIVATE KEY") && text.contains("BEGIN CERTIFICATE"), "{text}");
    window.press("nav-activity");
    window.press("nav-orders");
    if !window.has("[data-testid=one-order]") {
        window.press_text("[data-testid=order] button", "corp.test");
    }
    window.element("order-installed");

    let folder = window.path("nginx");
    window.type_into("server-folder", &folder.display().to_string());
    window.press("server-write");
    give_password(window, false);
    window.wait("[data-testid=server-written]");
    window.accessible("files for a web server");
    window.picture_of("server-files");
    assert!(window.page().contains("ssl_certificate"), "{}", window.page());
    window.press("server-write");
    give_password(window, false);
    window.expect_error("CM-4001", language);
    window.press("server-replace");
    give_password(window, false);
    window.wait("[data-testid=server-written]");
}

pub(crate) fn give_password(window: &Window, new: bool) {
    window.wait("[data-testid=question][data-question=file-password]");
    window.type_into("question-secret", PASSWORD);
    if new {
        window.type_into("question-secret-again", PASSWORD);
    }
    window.press("question-submit");
}

#[test]
fn a_letter_in_english() {
    an_organisation_sends_a_letter("en", false);
}

#[test]
fn a_letter_in_chinese() {
    an_organisation_sends_a_letter("zh-CN", true);
}

/// What the console refuses is told with its cause; a lost answer is asked about; what was cancelled is over; the account goes.
fn what_does_not_go_well(language: &'static str, dark: bool) {
    let scene = Scene::new(Console::start(NOBODY, 9, &[]), "", language, dark);
    let window = &scene.window;
    window.press("orders-accounts");
    scene.add_account("not-the-key");
    window.wait("[data-testid=account][data-secret=file]");
    window.accessible("the accounts");
    window.picture_of("accounts");
    window.press("accounts-back");
    window.press("new-buy");
    window.expect_error("CM-6501", language);
    window.picture_of("refused-by-console");
    window.press("orders-accounts");
    window.press("account-remove");
    window.accessible("whether the account is meant");
    window.press("account-remove-yes");
    window.wait("[data-testid=account-form]");
    scene.add_account(&scene.private_key());
    window.wait("[data-testid=account]");
    window.press("accounts-back");

    // The answer to the purchase is lost; nothing is bought twice.
    window.press("new-buy");
    window.press("buy-ask");
    window.wait("[data-testid=buy-price]");
    scene.console.lose_next("answer");
    window.press("buy-go");
    scene.sure("40.0");
    window.expect_error("CM-6504", language);
    scene.stands("pending");
    window.element("order-settle");
    window.press("settle-tell");
    window.press("settle-done");
    window.wait_focus("settle-number");
    window.accessible("an answer that was lost");
    window.picture_of("pending");
    window.press("settle-ask");
    scene.stands("draft");
    assert_eq!(scene.console.books()["orders"].as_object().map(serde_json::Map::len), Some(1));

    // What the security review refuses.
    scene.complete("mybank.test", &scene.csr("bank", "mybank.test"));
    scene.stands("refused");
    window.wait("[data-testid=order-step][data-step=issue][data-state=failed]");
    window.accessible("an order that is refused");
    window.picture_of("refused");
    window.press("order-back");

    // Another one is cancelled by its number: it has no domain yet.
    window.press("order-new");
    window.press("new-buy");
    scene.buy("DemoDV", "40.0");
    window.press("act-cancel");
    scene.sure("7002");
    scene.stands("cancelled");
    window.accessible("an order that is cancelled");
    window.press("order-remove");
    window.press("order-remove-yes");
    window.wait_gone("[data-testid=one-order]");
    // It still stands there, and can be taken over.
    window.press("order-new");
    window.press("new-take");
    window.wait("[data-testid=take-list]");
    window.accessible("what stands at the console");
    window.picture_of("take");
}

#[test]
fn trouble_in_english() {
    what_does_not_go_well("en", true);
}

#[test]
fn trouble_in_chinese() {
    what_does_not_go_well("zh-CN", false);
}

/// Typed in: the key is made here, its request goes to a CA by hand, and the certificate comes back as a file.
fn a_key_for_an_order_typed_in(language: &str, dark: bool) {
    let (ca, window) = (HandCa::new(), Window::start(&Start { language, dark, ..Start::default() }));
    window.press("nav-orders");
    window.press("new-hand");
    window.type_into("order-domains", "shop.test");
    window.type_into("order-name", "_dnsauth");
    window.type_into("order-value", "a1b2.dcv.ca.test");
    window.press("order-save");
    let pem = window.path("shop.pem");
    window.type_into("path", &pem.display().to_string());
    window.accessible("an order that has no key");
    window.picture_of("own-key");
    window.press("own-key-make");
    give_password(&window, true);
    window.wait("[data-testid=own-key-copy]");
    window.accessible("a key that waits for its certificate");
    window.picture_of("own-key-waits");
    window.script(
        "window.__TAURI_INTERNALS__.invoke('order_request', { order: '1' }).then(({ pem }) => (document.body.dataset.csr = pem))",
    );
    window.wait("body[data-csr]");
    let csr = window.script("return document.body.dataset.csr");
    let delivered = window.path("delivered.pem");
    fs::write(&delivered, ca.issue(csr.as_str().expect("a request"), "DNS:shop.test")).expect("a certificate");
    window.type_into("own-key-file", &delivered.display().to_string());
    window.press("own-key-install");
    give_password(&window, false);
    window.wait("[data-testid=result-proved][data-value=true]");
    assert!(fs::read_to_string(&pem).expect("key and certificate").contains("BEGIN CERTIFICATE"));
}

#[test]
fn own_key_in_english() {
    a_key_for_an_order_typed_in("en", true);
}

#[test]
fn own_key_in_chinese() {
    a_key_for_an_order_typed_in("zh-CN", false);
}
