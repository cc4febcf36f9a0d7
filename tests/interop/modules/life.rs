//! What comes after an enrolment, with the token's own key: renewal, revocation, listing, another PIN, deletion. A spy between the
//! command and the module counts how often a PIN goes to the token; the counts stand in docs/TOKENS.md, and no PIN is ever wrong.

use std::path::{Path, PathBuf};

use chopmark_tests::bench::{
    ca::{Ca, Codes},
    command::{Desk, Ran, finish},
};
use serde_json::Value;

use super::{bench::Bench, enroll, have, judge, page, with_secrets};

/// Another PIN, of a length that every module here takes.
const OTHER_PIN: &str = "16180339";

/// What a token does with a renewal and with what is deleted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// New beside old; what is deleted is gone.
    Free,
    /// A card with two places: the new key goes into the other one, the old one's is free then. Keys are hidden, not deleted.
    TwoPlaces,
    /// A card with one place, which is taken: what is renewed goes elsewhere. OpenSC claims to have deleted the key.
    OnePlace,
}

struct Life {
    title: &'static str,
    kind: Kind,
    bench: Bench,
    ca: Ca,
    desk: Desk,
    /// Of the flow that runs.
    log: PathBuf,
    cells: Vec<String>,
}

impl Life {
    /// The command, with its own log of the spy; `pins`: with the secrets of jobs.
    fn run(&mut self, flow: &str, pins: bool, arguments: &[&str]) -> Ran {
        self.listen(flow);
        let mut command = self.desk.command(&["--json", "--batch", "--lang", "en"]);
        command.args(arguments).envs(self.bench.env.iter().cloned());
        if pins {
            with_secrets(&self.desk, &self.bench, &mut command);
        }
        finish(command.spawn().expect("chopmark starts"))
    }

    fn listen(&mut self, flow: &str) {
        self.log = self.desk.path(&format!("{}.calls", flow.replace(' ', "-")));
        self.bench.spied(&self.log);
    }

    /// `chopmark token VERB`, with PINs in files.
    fn care(&mut self, flow: &str, verb: &str, more: &[&str], secrets: &[(&str, &str)]) -> Ran {
        let place = self.bench.place();
        let mut arguments = vec!["token".to_owned(), verb.to_owned(), place];
        arguments.extend(more.iter().map(|argument| (*argument).to_owned()));
        for (flag, secret) in secrets {
            arguments.extend([(*flag).to_owned(), self.desk.write(&flag[2..], &format!("{secret}\n"))]);
        }
        self.run(flow, false, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The flow went well: its logins are another cell.
    fn count(&mut self) {
        self.cells.push(words(logins(&self.log)));
    }

    fn by_id(&self, result: &Value) -> String {
        let id = result["keyId"].as_str().expect("an id").as_bytes();
        let id: String = id.chunks(2).map(|byte| format!("%{}", std::str::from_utf8(byte).expect("hex"))).collect();
        self.bench.place().replacen('?', &format!(";id={id}?"), 1)
    }

    fn whole(mut self, codes: &Codes) {
        self.listen("enroll");
        let enrolled = enroll(&self.desk, &self.bench, &self.ca, codes, "ec:p256").ok();
        self.count();
        let held = match self.kind {
            Kind::OnePlace => self.renewed_elsewhere(&enrolled),
            _ => self.renewed_in_place(&enrolled),
        };

        let seen = self.ca.states(&codes.reference);
        let revoke = ["revoke", &self.by_id(&held), "--reason", "superseded", "--yes"];
        let revoked = self.run("revoke", true, &revoke).ok();
        self.count();
        assert_eq!(revoked["revoked"]["sha256"], held["certificate"]["sha256"], "{}", self.title);
        let revoked = |states: &[String]| states.iter().filter(|state| *state == "revoked").count();
        assert_eq!((revoked(&seen), revoked(&self.ca.states(&codes.reference))), (0, 1), "{}", self.title);

        let pin = self.bench.pin.expect("a PIN");
        let listed = self.care("list", "objects", &[], &[("--pin-file", pin)]).ok();
        self.count();
        let sha256 = held["certificate"]["sha256"].as_str().expect("a fingerprint").to_owned();
        let name = format!("cert:{sha256}");
        let own = |one: &&Value| one["name"] == *name;
        assert!(listed["objects"].as_array().is_some_and(|all| all.iter().find(own).is_some()), "{listed}");
        let pins = [("--pin-file", pin), ("--new-pin-file", OTHER_PIN)];
        self.care("change the PIN", "change-pin", &[], &pins).ok();
        self.count();
        self.bench.pin = Some(OTHER_PIN);
        self.deleted(&name);
        page::bring_in_logins(self.title, &self.cells);
    }

    /// The old certificate goes when the new one is proved and confirmed; another program finds and uses the new one.
    fn renewed_in_place(&mut self, first: &Value) -> Value {
        let mut held = first.clone();
        for flow in ["renew", "renew again"] {
            let renewed = self.run(flow, true, &["renew", &self.by_id(&held)]).ok();
            if flow == "renew" {
                self.count();
            } else {
                logins(&self.log);
            }
            assert!(renewed["proved"] == true && renewed["confirmed"] == true, "{}: {renewed}", self.title);
            assert_eq!(renewed["replaced"]["kept"], false, "{}: {renewed}", self.title);
            assert_ne!(renewed["keyId"], held["keyId"], "{}", self.title);
            judge::check(&self.bench, &self.ca, &renewed);
            held = renewed;
        }
        if self.kind == Kind::TwoPlaces {
            assert_eq!(held["keyId"], first["keyId"], "the place of the first is free again");
        }
        assert_eq!(self.counts(), (1, 1), "{}: the old ones are gone", self.title);
        held
    }

    /// There is no place for another key, which is said before anything is sent; a file takes it, and the card's key signs for it.
    fn renewed_elsewhere(&mut self, first: &Value) -> Value {
        let old = self.by_id(first);
        self.run("renew in place", true, &["renew", &old]).failed(22, "CM-2201", "token");
        let file = format!("file:{}", self.desk.text("renewed.p12"));
        let password = self.desk.write("password", "correct horse");
        let renew = ["renew", &old, "--place", &file, "--password-file", &password];
        let renewed = self.run("renew", true, &renew).ok();
        self.count();
        assert!(renewed["proved"] == true && renewed["confirmed"] == true, "{}: {renewed}", self.title);
        assert_eq!(renewed["replaced"]["because"], "elsewhere", "{}: {renewed}", self.title);
        judge::check(&self.bench, &self.ca, first);
        first.clone()
    }

    /// Private keys and certificates of Alice's that pkcs11-tool finds.
    fn counts(&self) -> (usize, usize) {
        let listed = judge::tool(&self.bench, &["-O"]);
        (listed.matches("Private Key Object").count(), listed.matches("CN=Alice Example").count())
    }

    /// The certificate with its key: what the card keeps all the same is said, and nothing is called gone that is not.
    fn deleted(&mut self, name: &str) {
        let (label, pin) = (self.bench.label.clone(), self.bench.pin.expect("a PIN"));
        let sure = ["--whole", "--confirm-label", &label];
        let delete = [&[name][..], &sure].concat();
        let mut secrets = vec![("--pin-file", pin)];
        if let Some(officer) = self.bench.officer {
            self.care("delete, nobody there", "delete", &delete, &secrets).failed(2, "CM-1102", "usage");
            let wrong = officer.replace('1', "9");
            let wrong = [&secrets[..], &[("--so-pin-file", &*wrong)]].concat();
            self.care("delete, wrong PIN", "delete", &delete, &wrong).failed(21, "CM-2109", "pin");
            assert_eq!(self.counts().1, 1, "{}: the certificate is there still", self.title);
            secrets.push(("--so-pin-file", officer));
        }
        let removed = self.care("delete", "delete", &delete, &secrets).ok();
        self.count();
        let stays = self.kind != Kind::Free;
        assert_eq!(removed["removed"]["keyStays"], stays, "{}: {removed}", self.title);
        let keys = usize::from(self.kind == Kind::OnePlace);
        assert_eq!(self.counts(), (keys, 0), "{}", self.title);
        if self.kind == Kind::OnePlace {
            let delete = [&["key:03"][..], &sure].concat();
            let kept = self.care("delete the key", "delete", &delete, &secrets).failed(22, "CM-2211", "token");
            assert!(kept["message"].as_str().is_some_and(|text| text.contains(&label)), "{kept}");
        }
    }
}

/// The logins in a spy's log: as the user, as the security officer, for one signature. Each of them succeeded.
fn logins(log: &Path) -> [usize; 3] {
    let text = std::fs::read_to_string(log).unwrap_or_else(|error| panic!("{}: {error}", log.display()));
    let calls = text.split("\n\n").filter(|call| call.contains(": C_Login\n"));
    let mut counts = [0; 3];
    for call in calls {
        assert!(call.trim_end().ends_with("CKR_OK"), "a login failed: {}", log.display());
        let users = ["CKU_USER", "CKU_SO", "CKU_CONTEXT_SPECIFIC"];
        let user = users.iter().position(|user| call.contains(&format!("userType = {user}\n")));
        counts[user.unwrap_or_else(|| panic!("a login as whom? {}", log.display()))] += 1;
    }
    counts
}

fn words([user, officer, signatures]: [usize; 3]) -> String {
    let mut words = user.to_string();
    for (count, whose) in [(officer, "administrator"), (signatures, "for a signature")] {
        if count > 0 {
            words.push_str(&format!(" + {count} {whose}"));
        }
    }
    words
}

fn check(title: &'static str, kind: Kind, bench: Result<Bench, String>) {
    let Some(bench) = have(title, bench) else { return };
    let (ca, desk) = (Ca::start(), Desk::new());
    let codes = ca.invite(|invitation| invitation.subject = "CN=Alice Example,O=Acme".into());
    Life { title, kind, bench, ca, desk, log: PathBuf::new(), cells: Vec::new() }.whole(&codes);
}

#[test]
fn soft_hsm() {
    check("SoftHSM 2", Kind::Free, Bench::soft_hsm());
}

#[test]
fn kryoptic() {
    check("Kryoptic", Kind::Free, Bench::kryoptic());
}

#[test]
fn tpm2() {
    check("tpm2-pkcs11 on swtpm", Kind::Free, Bench::tpm2());
}

#[test]
fn piv() {
    check("Virtual PIV card, ykcs11", Kind::TwoPlaces, Bench::piv());
}

#[test]
fn open_pgp() {
    check("Virtual OpenPGP card, OpenSC", Kind::OnePlace, Bench::open_pgp());
}
