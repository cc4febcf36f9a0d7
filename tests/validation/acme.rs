//! Certificates by ACME, from Debian's pebble: by record and by file, by the command as people type it.

use chopmark_tests::bench::{
    assert_no_secret,
    command::{Desk, Ran},
    domain_world::{DomainWorld, WEB, Zone},
    pebble::{CODE, Pebble, REFERENCE},
    programs::run,
};
use serde_json::{Value, json};

const FOLDER: &str = ".well-known/acme-challenge";

/// A person with domains, and a CA that speaks ACME.
struct Estate {
    world: DomainWorld,
    pebble: Pebble,
    desk: Desk,
}

impl Estate {
    fn new() -> Estate {
        let zone =
            |name: &str| Zone { name: name.to_owned(), first: format!("@ A {WEB}\nwww A {WEB}"), ..Zone::default() };
        let site = "server { HTTP; server_name shop.test www.shop.test; root ROOT/shop; }\n\
            server { HTTP; server_name moved.test; return 301 https://www.moved.test$request_uri; }\n\
            server { HTTPS; server_name www.moved.test; root ROOT/shop; }\n";
        let world = DomainWorld::start(&[zone("shop.test"), zone("moved.test")], site, "");
        let pebble = Pebble::start(&world);
        let desk = Desk::new();
        std::fs::create_dir(desk.home()).expect("a home");
        std::fs::write(desk.home().join("validation.toml"), world.settings()).expect("settings");
        desk.write("code", CODE);
        Estate { world, pebble, desk }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.desk.run(&[&["order"], arguments, &["--json", "--batch"]].concat())
    }

    /// Orders, with an account that is opened by the first one.
    fn order(&self, arguments: &[&str]) -> Ran {
        let (directory, roots, code) = (self.pebble.directory(), self.pebble.tls_roots(), self.desk.text("code"));
        let account = ["--reference", REFERENCE, "--code-file", &code, "--agree-terms"];
        let roots = roots.display().to_string();
        self.run(&[&["acme", directory.as_str(), "--tls-roots", &roots], arguments, &account].concat())
    }

    fn webroot(&self) -> String {
        self.world.root().join("shop").display().to_string()
    }

    /// Sets the records that an order wants, beside those of the zone.
    fn set_records(&self, zone: &str, order: &Value) {
        let records: String = order["proofs"].as_array().expect("proofs").iter().map(record).collect();
        self.world.change_zone(zone, &format!("@ A {WEB}\nwww A {WEB}\n{records}"));
    }

    /// A key and a request for these domains, made elsewhere.
    fn request(&self, domains: &[&str]) -> String {
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

fn number(ordered: &Value) -> String {
    ordered["order"]["order"].as_str().expect("a number").to_owned()
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
