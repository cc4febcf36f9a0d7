//! Certificates by ACME, from Debian's pebble: by record and by file, by the command as people type it.

use chopmark_tests::bench::{
    assert_no_secret,
    command::{Desk, Ran},
    domain_world::{DomainWorld, WEB, Zone},
    lossy_line::LossyLine,
    pebble::{CODE, Pebble, REFERENCE},
    programs::run,
};
use serde_json::{Value, json};

const FOLDER: &str = ".well-known/acme-challenge";
const PASSWORD: &str = "a password for the file";

/// A person with domains, and a CA that speaks ACME.
pub(crate) struct Estate {
    world: DomainWorld,
    pebble: Pebble,
    /// What the CA is reached by, where it is not reached directly.
    line: Option<LossyLine>,
    pub(crate) desk: Desk,
}

impl Estate {
    pub(crate) fn new() -> Estate {
        let zone =
            |name: &str| Zone { name: name.to_owned(), first: format!("@ A {WEB}\nwww A {WEB}"), ..Zone::default() };
        let site = "server { HTTP; server_name shop.test www.shop.test; root ROOT/shop; }\n\
            server { HTTP; server_name moved.test; return 301 http://www.moved.test:$server_port$request_uri; }\n\
            server { HTTP; server_name www.moved.test; root ROOT/shop; }\n";
        let world = DomainWorld::start(&[zone("shop.test"), zone("moved.test")], site, "");
        let pebble = Pebble::start(&world);
        let line = None;
        let desk = Desk::new();
        std::fs::create_dir(desk.home()).expect("a home");
        std::fs::write(desk.home().join("validation.toml"), world.settings()).expect("settings");
        desk.write("code", CODE);
        Estate { world, pebble, line, desk }
    }

    /// One whose line to the CA loses what it is told to. What was sent is never still on its way there.
    pub(crate) fn with_a_bad_line() -> Estate {
        let estate = Estate::new();
        let settings = estate.world.settings().replace("[watch]", "[watch]\nsettle = 0");
        std::fs::write(estate.desk.home().join("validation.toml"), settings).expect("settings");
        let line = Some(LossyLine::to(&estate.pebble));
        Estate { line, ..estate }
    }

    pub(crate) fn line(&self) -> &LossyLine {
        self.line.as_ref().expect("a bad line")
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.desk.run(&[&["order"], arguments, &["--json", "--batch"]].concat())
    }

    /// Orders, with an account that is opened by the first one.
    pub(crate) fn order(&self, arguments: &[&str]) -> Ran {
        let directory = self.line.as_ref().map_or_else(|| self.pebble.directory(), LossyLine::directory);
        let (roots, code) = (self.pebble.tls_roots(), self.desk.text("code"));
        let account = ["--reference", REFERENCE, "--code-file", &code, "--agree-terms"];
        let roots = roots.display().to_string();
        self.run(&[&["acme", directory.as_str(), "--tls-roots", &roots], arguments, &account].concat())
    }

    pub(crate) fn webroot(&self) -> String {
        self.world.root().join("shop").display().to_string()
    }

    /// Sets the records that an order wants, beside those of the zone.
    fn set_records(&self, zone: &str, order: &Value) {
        let records: String = order["proofs"].as_array().expect("proofs").iter().map(record).collect();
        self.world.change_zone(zone, &format!("@ A {WEB}\nwww A {WEB}\n{records}"));
    }

    /// A key and a request for these domains, made elsewhere.
    pub(crate) fn request(&self, domains: &[&str]) -> String {
        let names: Vec<String> = domains.iter().map(|domain| format!("DNS:{domain}")).collect();
        let mut openssl = std::process::Command::new("openssl");
        openssl.args(["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/"]);
        openssl.args(["-addext", &format!("subjectAltName={}", names.join(","))]);
        let csr = self.desk.text("csr.pem");
        run(openssl.args(["-keyout", &self.desk.text("key.pem"), "-out", &csr]));
        csr
    }
}

fn record(proof: &Value) -> String {
    format!("{}. TXT \"{}\"\n", proof["name"].as_str().expect("a name"), proof["value"].as_str().expect("a value"))
}

pub(crate) fn number(ordered: &Value) -> String {
    ordered["order"]["order"].as_str().expect("a number").to_owned()
}

/// Each as an order that fails: its number, exit code and class, and nothing of the code.
#[test]
fn what_the_ca_does_not_take() {
    let estate = Estate::new();
    let (directory, roots) = (estate.pebble.directory(), estate.pebble.tls_roots().display().to_string());
    let wrong = estate.desk.write("wrong", "b10lLJs8l1GPIzsLP0s6pMt8O0XVGnfTaCeROxQM0BIt2XrJMDHJZBM5NuQmQJQH");
    let (garbled, right) = (estate.desk.write("garbled", "not base64!"), estate.desk.text("code"));
    let order = |arguments: &[&str]| {
        estate.run(&[&["acme", directory.as_str(), "--tls-roots", &roots, "shop.test"], arguments].concat())
    };
    let codes = |reference: &'static str, file: &str| {
        let file = file.to_owned();
        move |order: &dyn Fn(&[&str]) -> Ran| order(&["--agree-terms", "--reference", reference, "--code-file", &file])
    };
    // Without the roots nobody is believed.
    estate.run(&["acme", &directory, "shop.test"]).failed(12, "CM-3203", "ca-unreachable");
    order(&[]).failed(2, "CM-6803", "usage");
    order(&["--agree-terms"]).failed(2, "CM-6804", "usage");
    codes("nobody", &right)(&order).failed(10, "CM-6805", "ca-refused");
    let refused = codes(REFERENCE, &wrong)(&order).failed(10, "CM-6805", "ca-refused");
    assert!(refused["message"].as_str().expect("words").contains(REFERENCE), "{refused}");
    codes(REFERENCE, &garbled)(&order).failed(2, "CM-1101", "usage");
    order(&["--agree-terms", "--contact", "nobody"]).failed(2, "CM-1101", "usage");
    order(&["*.shop.test", "--method", "file"]).failed(2, "CM-1101", "usage");
    estate.run(&["acme", "http://ca.example/dir", "shop.test"]).failed(2, "CM-1101", "usage");
    estate.run(&["acme", "nobody", "shop.test"]).failed(2, "CM-1101", "usage");
    let elsewhere = directory.replace("/dir", "/nonce-plz");
    estate.run(&["acme", &elsewhere, "--tls-roots", &roots, "shop.test"]).failed(12, "CM-6801", "ca-unreachable");
    assert_eq!(estate.run(&["list"]).ok()["orders"], json!([]), "what was refused is no order");

    // With the right code everything goes on, with the key that was made the first time.
    codes(REFERENCE, &right)(&order).ok();
    let said = estate.run(&["directories", &directory]).ok();
    assert_eq!(said["directories"][0]["said"]["hasAccount"], true, "{said}");
    assert_eq!(said["directories"][0]["said"]["wantsCodes"], true);
    // The account is there: nothing is asked for again.
    order(&["--method", "file"]).ok();
    assert_no_secret(&estate.desk.home(), &[CODE]);
}

/// The CA looks although we said no: it sees what we saw, and the order is over. Ordered again it is another.
#[test]
fn a_wrong_record_costs_the_order_and_no_more() {
    let estate = Estate::new();
    let ordered = estate.order(&["shop.test"]).ok();
    let number = number(&ordered);
    estate.world.change_zone("shop.test", &format!("@ A {WEB}\n_acme-challenge 1 TXT \"something else\""));
    estate.run(&["go-on", &number]).failed(14, "CM-6818", "validation");
    let refused = estate.run(&["go-on", &number, "--anyway"]).failed(14, "CM-6811", "validation");
    assert!(refused["message"].as_str().expect("words").contains("shop.test"), "{refused}");
    let shown = estate.run(&["show", &number]).ok();
    assert_eq!((&shown["order"]["atSource"]["state"], &shown["order"]["step"]), (&json!("refused"), &json!("over")));
    estate.run(&["go-on", &number]).failed(14, "CM-6811", "validation");

    let again = estate.run(&["again", &number]).ok();
    assert_eq!(again["order"]["order"], json!(number), "the same order here");
    assert_ne!(again["order"]["remote"], ordered["order"]["remote"], "another one there");
    assert_ne!(again["order"]["proofs"], ordered["order"]["proofs"]);
    // An open one is left as it is.
    assert_eq!(estate.run(&["again", &number]).ok()["order"]["remote"], again["order"]["remote"]);
    estate.set_records("shop.test", &again["order"]);
    let csr = estate.request(&["shop.test"]);
    // Resolvers still have the old answer for a moment; our check says so, and waits.
    estate.run(&["go-on", &number, "--watch", "--csr", &csr]).ok();
}

/// Let's Encrypt and its like follow redirects, so a site that sends everybody elsewhere is no obstacle.
#[test]
fn a_site_that_redirects_and_a_request_that_does_not_fit() {
    let estate = Estate::new();
    let ordered = estate.order(&["moved.test", "--method", "file", "--webroot", &estate.webroot()]).ok();
    let number = number(&ordered);
    let check = estate.run(&["check", &number]).ok();
    let row = &check["check"]["proofs"][0]["rows"][0];
    assert_eq!((&row["state"], row["location"].is_string()), (&json!("found"), true), "{check}");
    let other = estate.request(&["shop.test"]);
    let refused = estate.run(&["go-on", &number, "--csr", &other]);
    assert_eq!(refused.last()["result"], "error", "{refused:?}");
    estate.run(&["go-on", &number, "--csr", &estate.desk.write("no.csr", "nonsense")]).failed(2, "CM-1101", "usage");
    let csr = estate.request(&["moved.test"]);
    estate.run(&["go-on", &number, "--csr", &csr]).ok();
    // Debian's pebble (2.4.0) has no renewal information: neither in its directory nor in its program.
    assert_eq!(estate.run(&["renewal", &number]).ok()["renewal"], Value::Null);
    estate.run(&["revoke", &number, "--reason", "superseded", "--confirm", "x"]).failed(2, "CM-6514", "usage");
    let revoke = || estate.run(&["revoke", &number, "--reason", "superseded", "--confirm", "moved.test"]);
    assert_eq!(revoke().ok()["order"]["atSource"]["state"], "revoked");
    // It is revoked: there is nothing to revoke any more.
    revoke().failed(2, "CM-6505", "usage");
}

#[test]
fn several_domains_by_file() {
    let estate = Estate::new();
    let ordered =
        estate.order(&["shop.test", "www.shop.test", "--method", "file", "--webroot", &estate.webroot()]).ok();
    let number = number(&ordered);
    assert_eq!(ordered["order"]["source"], "acme");
    assert_eq!(ordered["written"].as_array().map(Vec::len), Some(2), "a file for each domain");
    assert!(ordered["written"][0].as_str().expect("a path").contains(FOLDER), "{ordered}");
    let ready = estate.run(&["go-on", &number]).ok();
    assert_eq!(ready["wantsRequest"], true, "{ready}");
    let csr = estate.request(&["shop.test", "www.shop.test"]);
    let done = estate.run(&["go-on", &number, "--csr", &csr, "--out", &estate.desk.text("chain.pem")]).ok();
    assert_eq!(done["chain"].as_array().map(Vec::len), Some(2), "{done}");
    assert_no_secret(&estate.desk.home(), &[CODE]);
}

#[test]
fn a_wildcard_beside_its_zone_by_record() {
    let estate = Estate::new();
    let ordered = estate.order(&["shop.test", "*.shop.test"]).ok();
    let number = number(&ordered);
    let names: Vec<&Value> =
        ordered["order"]["proofs"].as_array().expect("proofs").iter().map(|one| &one["name"]).collect();
    assert_eq!(names, [&json!("_acme-challenge.shop.test"), &json!("_acme-challenge.shop.test")]);
    estate.run(&["go-on", &number]).failed(14, "CM-6818", "validation");
    estate.set_records("shop.test", &ordered["order"]);
    let csr = estate.request(&["shop.test", "*.shop.test"]);
    let done = estate.run(&["go-on", &number, "--watch", "--csr", &csr]).ok();
    assert_eq!(done["chain"].as_array().map(Vec::len), Some(2), "{done}");
}

/// The key is made here, its request handed in, and the certificate put beside it: one command after the record is set.
#[test]
fn a_key_made_here_gets_its_certificate() {
    let estate = Estate::new();
    let (path, password) = (estate.desk.text("shop.p12"), estate.desk.write("password", PASSWORD));
    let place = ["--place", &format!("file:{path}"), "--password-file", &password];
    let ordered = estate.order(&["www.shop.test", "shop.test"]).ok();
    let number = number(&ordered);
    // Too early: the key is made, nothing is handed in, and the same key is gone on with.
    estate.run(&[&["go-on", &number, "--key", "ec:p256"], &place[..]].concat()).failed(14, "CM-6818", "validation");
    let made = estate.run(&["csr", &number]).ok();
    estate.set_records("shop.test", &ordered["order"]);
    let done = estate.run(&[&["go-on", &number, "--watch", "--key", "ec:p256"], &place[..]].concat()).ok();
    assert_eq!(
        (&done["installed"]["proved"], &done["order"]["key"]["state"]),
        (&json!(true), &json!("done")),
        "{done}"
    );
    assert_eq!(done["order"]["step"], "done");
    let kept = |arguments: &[&str]| {
        let mut openssl = std::process::Command::new("openssl");
        run(openssl.args(["pkcs12", "-in", &path, "-passin", &format!("file:{password}")]).args(arguments))
    };
    let request = estate.desk.write("made.csr", made["request"]["pem"].as_str().expect("a request"));
    let public = |arguments: &[&str]| run(std::process::Command::new("openssl").args(arguments));
    let leaf = estate.desk.write("leaf.pem", &kept(&["-nokeys", "-clcerts"]));
    let of_request = public(&["req", "-in", &request, "-noout", "-pubkey"]);
    assert_eq!(public(&["x509", "-in", &leaf, "-noout", "-pubkey"]), of_request);
    let key = estate.desk.write("made.key", &kept(&["-nocerts", "-nodes"]));
    assert_eq!(public(&["pkey", "-in", &key, "-pubout"]), of_request);
    // What leads to the root stands beside it; the root is nobody's word.
    assert_eq!(kept(&["-nokeys"]).matches("BEGIN CERTIFICATE").count(), 2);
    assert_no_secret(&estate.desk.home(), &[CODE, PASSWORD]);
}

/// A CA that does not know the account any more says so once; ordered again, another is opened.
#[test]
fn an_account_that_is_gone_is_replaced() {
    let mut estate = Estate::new();
    estate.order(&["shop.test"]).ok();
    let listed = estate.run(&["account", "list"]).ok();
    let (account, directory) = (listed["accounts"][0].clone(), estate.pebble.directory());
    assert_eq!(
        (&account["source"], &account["id"], &account["address"]),
        (&json!("acme"), &json!(REFERENCE), &json!(directory))
    );
    estate.pebble.forget_everybody();
    let orders = estate.run(&["list"]).ok()["orders"].clone();
    estate.order(&["www.shop.test"]).failed(10, "CM-6806", "ca-refused");
    assert_eq!(estate.run(&["list"]).ok()["orders"], orders, "what was refused is no order");
    assert_eq!(estate.run(&["account", "list"]).ok()["accounts"], json!([]));
    estate.order(&["www.shop.test"]).ok();
    let name = account["name"].as_str().expect("a name");
    estate.run(&["account", "remove", name]).ok();
    estate.run(&["account", "remove", name]).failed(2, "CM-6507", "usage");
    assert_no_secret(&estate.desk.home(), &[CODE]);
}
