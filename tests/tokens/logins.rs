//! How often a PIN is sent to the token: `C_Login`, counted by OpenSC's spy over every flow. None sends it more often than a person
//! gave it. What has a login of its own for each signature (CKA_ALWAYS_AUTHENTICATE) is not among them, nor is a driver that had to
//! be started again after it crashed: it gets the PIN again that was right before.

use chopmark_tests::{
    bench::{
        ca::{Ca, Codes},
        command::{Desk, Ran},
        token::{PIN, SO_PIN, Token},
    },
    care_table::{Carer, OTHER_PIN},
    judge::{calls, spy_module},
    token_table::{chopmark, enroll},
};

/// SoftHSM2 behind the spy.
struct Spied {
    carer: Carer<'static>,
    ca: Ca,
    seen: std::cell::Cell<usize>,
}

impl Spied {
    fn new() -> Spied {
        let mut token = Token::soft_hsm();
        let log = token.folder().join("calls");
        token.env.push(("PKCS11SPY".into(), token.module.display().to_string()));
        token.env.push(("PKCS11SPY_OUTPUT".into(), log.display().to_string()));
        token.module = spy_module();
        // Those that look at every driver find it, too: p11-kit's configuration of this user names it.
        let modules = token.folder().join(".config/pkcs11/modules");
        std::fs::create_dir_all(&modules).expect("a folder");
        std::fs::write(modules.join("spy.module"), format!("module: {}\n", token.module.display())).expect("a file");
        token.env.push(("HOME".into(), token.folder().display().to_string()));
        let token = Box::leak(Box::new(token.with_script()));
        Spied { carer: Carer { token, desk: Desk::new() }, ca: Ca::start(), seen: std::cell::Cell::new(0) }
    }

    fn logins(&self) -> usize {
        let log = self.carer.token.folder().join("calls");
        if log.exists() { calls(&log, "C_Login") } else { 0 }
    }

    /// The flow ended as it should, and has logged in so often.
    fn check(&self, flow: &str, logins: usize, ran: Ran, exit: i32) -> serde_json::Value {
        assert_eq!(ran.exit, Some(exit), "{flow}: {ran:?}");
        let now = self.logins();
        assert_eq!(now - self.seen.replace(now), logins, "{flow}: {ran:?}");
        ran.last()
    }

    /// What only looks ends in whatever way, has looked at this token, and has logged in nowhere.
    fn looks(&self, flow: &str, arguments: &[&str]) {
        let seen = || calls(&self.carer.token.folder().join("calls"), "C_GetTokenInfo");
        let before = seen();
        let ran = self.run(arguments);
        assert!(seen() > before, "{flow} has not looked: {ran:?}");
        let exit = ran.exit.expect("no signal");
        self.check(flow, 0, ran, exit);
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        chopmark(&self.carer.desk, self.carer.token, arguments)
    }

    fn enroll(&self, codes: &Codes, more: &[&str]) -> Ran {
        let place = self.carer.token.uri();
        let order = [&["--place", &place, "--key", "ec:p256"], more].concat();
        enroll(&self.carer.desk, self.carer.token, &self.ca, codes, &order)
    }

    fn by_id(&self, enrolled: &serde_json::Value) -> String {
        let id = enrolled["keyId"].as_str().expect("an id").as_bytes();
        let id: String = id.chunks(2).map(|byte| format!("%{}", std::str::from_utf8(byte).unwrap())).collect();
        self.carer.token.uri().replacen('?', &format!(";id={id}?"), 1)
    }
}

#[test]
fn jobs_log_in_once() {
    let spied = Spied::new();
    let pin = spied.carer.token.pin_file().display().to_string();
    let first = spied.check("enroll", 1, spied.enroll(&spied.ca.invite(|_| ()), &[]), 0);
    let renewed = spied.check("renew in place", 1, spied.run(&["renew", &spied.by_id(&first)]), 0);
    spied.check("certs", 0, spied.run(&["certs", "--place", &spied.carer.token.uri()]), 0);
    spied.check("show", 0, spied.run(&["show", &spied.by_id(&renewed)]), 0);
    spied.looks("all certs", &["certs"]);
    spied.looks("tokens", &["tokens"]);
    spied.looks("token list", &["token", "list"]);
    spied.looks("drivers", &["drivers", "--scan"]);
    spied.looks("doctor", &["doctor"]);
    let revoke = ["revoke", &spied.by_id(&renewed), "--reason", "superseded", "--yes"];
    spied.check("revoke", 1, spied.run(&revoke), 0);

    let wait = |seconds| spied.ca.invite(|invitation| invitation.delay = seconds);
    spied.check("enroll, waiting", 1, spied.enroll(&wait(2), &["--no-wait"]), 11);
    std::thread::sleep(std::time::Duration::from_secs(3));
    let code = spied.carer.desk.text("code");
    spied.check("resume", 1, spied.run(&["resume", "4", "--code-file", &code, "--pin-file", &pin]), 0);
    spied.check("enroll, waiting long", 1, spied.enroll(&wait(3600), &["--no-wait"]), 11);
    let discard = ["resume", "5", "--discard", "--code-file", &code, "--pin-file", &pin];
    spied.check("discard", 1, spied.run(&discard), 0);
    let refused =
        spied.ca.invite(|invitation| invitation.refuse = Some(cmp_protocol::message::FailInfo::BadCertTemplate));
    let ran = spied.enroll(&refused, &[]);
    let exit = ran.exit.unwrap_or_default();
    spied.check("enroll, refused and cleaned up", 1, ran, exit);
    assert_eq!(exit, 10);
}

#[test]
fn care_logs_in_once() {
    let spied = Spied::new();
    spied.check("enroll", 1, spied.enroll(&spied.ca.invite(|_| ()), &[]), 0);
    let (user, so) = (("--pin-file", PIN), ("--so-pin-file", SO_PIN));
    let (new, wrong) = (("--new-pin-file", OTHER_PIN), ("--pin-file", "99999999"));
    let carer = &spied.carer;
    spied.check("show", 0, carer.run("show", &[], &[]), 0);
    spied.check("objects", 1, carer.run("objects", &[], &[user]), 0);
    spied.check("public objects", 0, carer.run("objects", &["--public"], &[]), 0);
    spied.check("orphans", 1, carer.run("orphans", &[], &[user]), 0);
    spied.check("a wrong PIN", 1, carer.run("objects", &[], &[wrong]), 21);
    let name = carer.objects(PIN)[0]["name"].as_str().unwrap().to_owned();
    spied.seen.set(spied.logins());
    spied.check("export", 0, carer.run("export", &[&name], &[]), 0);
    spied.check("delete", 1, carer.run("delete", &[&name, "--whole", "--confirm-label", "Alice"], &[user]), 0);
    // C_SetPIN looks at the old PIN itself.
    spied.check("change the PIN", 0, carer.run("change-pin", &[], &[user, new]), 0);
    spied.check("change it, wrong", 0, carer.run("change-pin", &[], &[wrong, ("--new-pin-file", PIN)]), 21);
    spied.check("unblock", 1, carer.run("unblock", &[], &[so, ("--new-pin-file", PIN)]), 0);
    spied.check("set the PIN, wrong", 1, carer.run("set-pin", &[], &[("--so-pin-file", "99999999"), new]), 21);
    let new_so = ("--new-pin-file", "27182818");
    spied.check("change the administrator PIN", 1, carer.run("change-pin", &["--so"], &[so, new_so]), 0);
    let init =
        carer.run("init", &["--label", "Bob", "--confirm-label", "Alice"], &[("--so-pin-file", "27182818"), new]);
    spied.check("init", 1, init, 0);
    let log = carer.token.folder().join("calls");
    let told = ["C_SetPIN", "C_InitPIN", "C_InitToken"].map(|call| calls(&log, call));
    assert_eq!(
        told,
        [3, 2, 1],
        "each once: changed, changed wrong, changed the administrator's; unblocked, init; init"
    );
}
