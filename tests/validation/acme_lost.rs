//! Orders by ACME on a line that loses requests and answers: whatever is lost, nothing is ordered, handed in or revoked twice, and what
//! was meant is done in the end. The CA is Debian's pebble.

use chopmark_tests::bench::{command::Ran, lossy_line::Loss};
use serde_json::{Value, json};

use crate::acme::{self, Estate};

const NEW_ORDER: &str = "/order-plz";
const CHALLENGE: &str = "/chalZ";
const FINALIZE: &str = "/finalize-order";
const CERTIFICATE: &str = "/certZ";
const AUTHORIZATION: &str = "/authZ";
const REVOKE: &str = "/revoke-cert";

impl Estate {
    /// An order to be proved by file, its file written.
    fn ordered(&self) -> String {
        acme::number(&self.order(&["shop.test", "--method", "file", "--webroot", &self.webroot()]).ok())
    }

    fn go_on(&self, number: &str, csr: &str) -> Ran {
        self.run(&["go-on", number, "--csr", csr, "--out", &self.desk.text("chain.pem")])
    }

    fn revoke(&self, number: &str) -> Ran {
        self.run(&["revoke", number, "--reason", "superseded", "--confirm", "shop.test"])
    }

    fn state(&self, number: &str) -> Value {
        self.run(&["show", number]).ok()["order"].clone()
    }
}

/// Each answer lost once, in the place where it hurts: the command says so, what was done is found out, and it is done once.
#[test]
fn an_answer_that_is_lost_is_asked_for() {
    let estate = Estate::with_a_bad_line();
    let line = estate.line();
    // The account is opened before, and an order that is given up.
    let given_up = estate.ordered();
    assert_eq!(line.done(NEW_ORDER), 1);
    line.lose(AUTHORIZATION, Loss::Answer);
    let cancel = || estate.run(&["cancel", &given_up, "--confirm", "shop.test"]);
    cancel().failed(11, "CM-6504", "waiting");
    assert_eq!(estate.state(&given_up)["step"], "settle");
    let after = estate.run(&["refresh", &given_up]).ok();
    assert_eq!(after["order"]["atSource"]["state"], "cancelled", "{after}");
    cancel().failed(2, "CM-6505", "usage");
    assert_eq!(line.done(AUTHORIZATION), 1);

    line.lose(NEW_ORDER, Loss::Answer);
    let lost = estate.order(&["shop.test", "--method", "file"]).failed(11, "CM-6504", "waiting");
    assert!(lost["message"].as_str().expect("words").contains("order"), "{lost}");
    let number = estate.run(&["list"]).ok()["orders"][0]["order"].as_str().expect("a number").to_owned();
    assert_eq!(estate.state(&number)["remote"], Value::Null);
    let found = estate.run(&["refresh", &number]).ok();
    assert!(found["order"]["remote"].is_string() && found["order"]["pending"].is_null(), "{found}");
    assert_eq!(line.done(NEW_ORDER), 2, "no second order");
    estate.run(&["file", &number, "--out", &estate.webroot()]).ok();

    let csr = estate.request(&["shop.test"]);
    line.lose(CHALLENGE, Loss::Answer);
    estate.go_on(&number, &csr).failed(11, "CM-6504", "waiting");
    line.lose(FINALIZE, Loss::Answer);
    estate.go_on(&number, &csr).failed(11, "CM-6504", "waiting");
    assert_eq!((line.done(CHALLENGE), line.done(FINALIZE)), (1, 1));
    // A question is asked again at once.
    line.lose(CERTIFICATE, Loss::Answer);
    let issued = estate.go_on(&number, &csr).ok();
    assert_eq!(issued["chain"].as_array().map(Vec::len), Some(2), "{issued}");
    assert!(!line.lose_nothing());
    assert_eq!((line.done(NEW_ORDER), line.done(CHALLENGE), line.done(FINALIZE)), (2, 1, 1));

    // The one that renews it is kept beside it.
    line.lose(NEW_ORDER, Loss::Answer);
    estate.run(&["renew", &number]).failed(11, "CM-6504", "waiting");
    estate.run(&["refresh", &number]).ok();
    let orders = estate.run(&["list"]).ok();
    assert_eq!((orders["orders"].as_array().map(Vec::len), line.done(NEW_ORDER)), (Some(3), 3), "{orders}");
    assert_ne!(orders["orders"][0]["remote"], orders["orders"][1]["remote"]);

    line.lose(REVOKE, Loss::Answer);
    estate.revoke(&number).failed(11, "CM-6504", "waiting");
    // Nobody can be asked whether it is revoked; that it is not is not said, either.
    estate.run(&["refresh", &number]).failed(11, "CM-6504", "waiting");
    assert_eq!(estate.revoke(&number).ok()["order"]["atSource"]["state"], "revoked");
    assert_eq!(line.done(REVOKE), 1, "the CA has revoked it once");
    assert_eq!(estate.run(&["refresh", &number]).ok()["order"]["step"], "over");
}

/// The common commands drive it: hand in, ask, fetch. A certificate for another key than the one handed in is not given out.
#[test]
fn every_command_for_orders_is_for_acme_too() {
    let estate = Estate::with_a_bad_line();
    let number = estate.ordered();
    let csr = estate.request(&["shop.test"]);
    estate.run(&["submit", &number, "--csr", &csr]).failed(2, "CM-6505", "usage");
    estate.run(&["certificate", &number, "--out", &estate.desk.text("x.pem")]).failed(11, "CM-6510", "waiting");
    assert_eq!(estate.run(&["go-on", &number]).ok()["wantsRequest"], true);
    assert_eq!(estate.run(&["refresh", &number]).ok()["order"]["acts"], json!(["submit"]));
    estate.run(&["submit", &number, "--csr", &csr]).ok();
    let issued = estate.run(&["refresh", &number, "--watch"]).ok();
    assert_eq!(issued["order"]["acts"], json!(["renew", "revoke"]), "{issued}");
    estate.run(&["certificate", &number, "--out", &estate.desk.text("chain.pem")]).ok();
    std::fs::copy(&csr, estate.desk.path("first.csr")).expect("a copy");
    let other = estate.request(&["shop.test"]);
    let out = estate.desk.text("y.pem");
    estate.run(&["certificate", &number, "--csr", &other, "--out", &out]).failed(13, "CM-6511", "untrusted");
    estate.run(&["go-on", &number, "--csr", &other]).failed(13, "CM-6511", "untrusted");
    assert_eq!(estate.line().done(FINALIZE), 1);

    let form = estate.desk.text("letter");
    estate.run(&["letter", &number, "--form", &form]).failed(2, "CM-1101", "usage");

    // With a key made here the same command goes all the way by itself.
    let renewed = estate.run(&["renew", &number]).ok();
    let next = acme::number(&renewed);
    assert_ne!(next, number);
    estate.run(&["file", &next, "--out", &estate.webroot()]).ok();
    let password = estate.desk.write("password", "a password for the file");
    let place = format!("file:{}", estate.desk.text("shop.pem"));
    estate.run(&["csr", &next, "--place", &place, "--key", "ec:p256", "--password-file", &password]).ok();
    estate.run(&["refresh", &next, "--watch"]).ok();
    let installed = estate.run(&["install", &next, "--password-file", &password]).ok();
    assert_eq!(installed["proved"], true, "{installed}");
}

/// Small numbers from a seed, the same each time.
struct Lot(u64);

impl Lot {
    fn below(&mut self, most: usize) -> usize {
        // Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }
}

/// A walk: before each command something may be set to be lost, request or answer, whatever it is. The person does the same again until
/// it is done.
#[test]
fn whatever_is_lost_nothing_is_done_twice() {
    let estate = Estate::with_a_bad_line();
    let line = estate.line();
    estate.ordered();
    let csr = estate.request(&["shop.test"]);
    for seed in 1..=5 {
        let mut lot = Lot(seed);
        let before = [NEW_ORDER, FINALIZE, REVOKE].map(|path| line.done(path));
        // The first that has an effect, whatever it is.
        let mut lose = || match lot.below(6) {
            0 | 1 => line.lose("/", Loss::Request),
            2 | 3 => line.lose("/", Loss::Answer),
            4 => line.lose(CERTIFICATE, Loss::Answer),
            _ => drop(line.lose_nothing()),
        };
        lose();
        let begun = estate.order(&["shop.test", "--method", "file"]).last();
        let number = estate.run(&["list"]).ok()["orders"][0]["order"].as_str().expect("a number").to_owned();
        let mut walked = vec![format!("{begun}")];
        let mut until = |what: &str, command: &dyn Fn() -> Ran| {
            for _ in 0..20 {
                lose();
                let last = command().last();
                walked.push(format!("{what}: {last}"));
                if last["result"] == "ok" {
                    return;
                }
                assert_eq!(last["code"], "CM-6504", "seed {seed}: {walked:#?}");
            }
            panic!("seed {seed}: {walked:#?}");
        };
        until("refresh", &|| estate.run(&["refresh", &number]));
        if estate.state(&number)["remote"].is_null() {
            until("again", &|| estate.run(&["again", &number]));
        }
        estate.run(&["file", &number, "--out", &estate.webroot()]).ok();
        until("go-on", &|| estate.go_on(&number, &csr));
        until("revoke", &|| estate.revoke(&number));
        line.lose_nothing();
        let after = [NEW_ORDER, FINALIZE, REVOKE].map(|path| line.done(path));
        assert_eq!(after, before.map(|count| count + 1), "seed {seed}: {walked:#?}");
        assert_eq!(estate.run(&["refresh", &number]).ok()["order"]["atSource"]["state"], "revoked");
    }
    assert!(line.lost() >= 10, "a walk on which hardly anything is lost shows nothing: {}", line.lost());
}
