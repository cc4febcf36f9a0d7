//! What must hold of taking care of any token, whatever module is behind it: by the real command, judged by pkcs11-tool.

use serde_json::Value;

use crate::{
    bench::{
        ca::Ca,
        command::{Desk, Ran},
        token::{PIN, SO_PIN, Token},
    },
    judge::{objects, openssl, pkcs11_tool_logged_in},
    token_table::{chopmark, enroll},
};

/// Another PIN, of a length that every module here takes.
pub const OTHER_PIN: &str = "16180339";

/// The command for one token, with its PINs in files.
pub struct Carer<'a> {
    /// The token.
    pub token: &'a Token,
    /// Where the files are.
    pub desk: Desk,
}

impl Carer<'_> {
    /// `chopmark token VERB TOKEN …`; `secrets` are flags and what stands in their files.
    pub fn run(&self, verb: &str, more: &[&str], secrets: &[(&str, &str)]) -> Ran {
        self.run_at(&self.token.uri_without_pin(), verb, more, secrets)
    }

    /// The same for a token named in another way.
    pub fn run_at(&self, token: &str, verb: &str, more: &[&str], secrets: &[(&str, &str)]) -> Ran {
        let mut arguments = vec!["token".to_owned(), verb.to_owned(), token.to_owned()];
        arguments.extend(more.iter().map(|argument| (*argument).to_owned()));
        for (flag, secret) in secrets {
            arguments.extend([(*flag).to_owned(), self.desk.write(&flag[2..], &format!("{secret}\n"))]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        chopmark(&self.desk, self.token, &arguments)
    }

    /// What it lists, with the PIN.
    pub fn objects(&self, pin: &str) -> Vec<Value> {
        let listed = self.run("objects", &[], &[("--pin-file", pin)]).ok();
        assert_eq!(listed["complete"], true, "{listed}");
        listed["objects"].as_array().cloned().unwrap_or_default()
    }

    /// The name of the one object of a kind.
    fn only(&self, kind: &str) -> String {
        let all = self.objects(PIN);
        let found: Vec<&Value> =
            all.iter().filter(|one| one["kind"] == kind && one["certificate"]["cn"] != "Chopmark demo CA").collect();
        let [one] = found.as_slice() else { panic!("no single {kind}: {all:#?}") };
        one["name"].as_str().expect("a name").to_owned()
    }
}

/// Changes the PIN, loses it, sets another with the security officer's, and changes that one's.
pub fn check_pins(token: &Token) {
    let carer = Carer { token, desk: Desk::new() };
    let show = carer.run("show", &[], &[]).ok();
    assert_eq!((&show["token"]["token"]["pin"], &show["token"]["soPin"]), (&"ok".into(), &"ok".into()), "{show}");

    let change = |old: &str, new: &str| carer.run("change-pin", &[], &[("--pin-file", old), ("--new-pin-file", new)]);
    change(PIN, PIN).failed(21, "CM-2111", "pin");
    change("99999999", OTHER_PIN).failed(21, "CM-2103", "pin");
    change(PIN, OTHER_PIN).ok();
    change(PIN, "12345678").failed(21, "CM-2103", "pin");
    let so = |verb: &str, so: &str, new: &str| carer.run(verb, &[], &[("--so-pin-file", so), ("--new-pin-file", new)]);
    so("unblock", "99999999", PIN).failed(21, "CM-2109", "pin");
    so("unblock", SO_PIN, PIN).ok();
    assert!(objects(token).is_empty(), "pkcs11-tool logs in with the PIN that was set");

    let change_so =
        |old: &str, new: &str| carer.run("change-pin", &["--so"], &[("--so-pin-file", old), ("--new-pin-file", new)]);
    change_so(SO_PIN, SO_PIN).failed(21, "CM-2111", "pin");
    change_so("99999999", "27182818").failed(21, "CM-2109", "pin");
    change_so(SO_PIN, "27182818").ok();
    so("set-pin", SO_PIN, PIN).failed(21, "CM-2109", "pin");
    so("set-pin", "27182818", PIN).ok();
    change_so("27182818", SO_PIN).ok();
}

/// Lists what an enrolment left, exports, finds orphans, deletes, and sets up anew; each removal with the label only.
pub fn check_objects(token: &Token) {
    let (ca, carer) = (Ca::start(), Carer { token, desk: Desk::new() });
    let codes = ca.invite(|invitation| invitation.subject = "CN=Alice Example,OU=Sales,O=Acme".into());
    let enrolled = enroll(&carer.desk, token, &ca, &codes, &["--place", &token.uri(), "--key", "ec:p256"]).ok();
    let sha256 = enrolled["certificate"]["sha256"].as_str().expect("a fingerprint").to_owned();

    let (certificate, key) = (carer.only("certificate"), carer.only("key"));
    assert_eq!(
        (&*certificate, &*key),
        (&*format!("cert:{sha256}"), &*format!("key:{}", enrolled["keyId"].as_str().unwrap()))
    );
    assert!(carer.objects(PIN).iter().all(|one| one["orphan"] == false), "an enrolment leaves nothing alone");
    let public = carer.run("objects", &["--public"], &[]).ok();
    assert_eq!(public["complete"], false, "{public}");

    // OpenSSL reads what was exported; a file that is there is not written over.
    let file = carer.desk.text("exported.pem");
    let export = |to: &[&str]| carer.run("export", &[&[&certificate[..17]], to].concat(), &[]);
    export(&["--out", &file]).ok();
    let printed = openssl(["x509", "-in", &file, "-noout", "-fingerprint", "-sha256"]).replace(':', "").to_lowercase();
    assert!(printed.contains(&sha256), "{printed}");
    export(&["--out", &file]).failed(23, "CM-4001", "place");
    carer.run("export", &[&key], &[]).failed(2, "CM-1118", "usage");

    // --yes is not enough, nor is another label; nothing is gone.
    let delete = |name: &str, more: &[&str]| carer.run("delete", &[&[name], more].concat(), &[("--pin-file", PIN)]);
    delete(&certificate, &["--yes"]).failed(2, "CM-1102", "usage");
    delete(&certificate, &["--confirm-label", "Bob"]).failed(2, "CM-1116", "usage");
    delete("cert:00000000", &["--confirm-label", "Alice"]).failed(2, "CM-1118", "usage");
    assert!(objects(token).iter().any(|one| one.kind == "Certificate Object"));

    delete(&certificate, &["--confirm-label", "Alice"]).ok();
    let orphans = carer.run("orphans", &[], &[("--pin-file", PIN)]).ok();
    let names: Vec<&str> =
        orphans["objects"].as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, [&*key], "{orphans}");
    delete(&key, &["--confirm-label", "Alice"]).ok();
    let left: Vec<_> = objects(token).into_iter().filter(|one| one.kind != "Certificate Object").collect();
    assert_eq!(left, [], "both halves");

    // Another one, whole.
    let codes = ca.invite(|_| ());
    enroll(&carer.desk, token, &ca, &codes, &["--place", &token.uri(), "--key", "ec:p256"]).ok();
    delete(&carer.only("certificate"), &["--whole", "--confirm-label", "Alice"]).ok();
    assert!(objects(token).iter().all(|one| one.kind == "Certificate Object"), "{:?}", objects(token));
    check_init(token, &carer, &ca);
}

/// Sets the token up anew; not while a job needs what is on it.
fn check_init(token: &Token, carer: &Carer<'_>, ca: &Ca) {
    let codes = ca.invite(|invitation| invitation.delay = 3600);
    enroll(&carer.desk, token, ca, &codes, &["--place", &token.uri(), "--key", "ec:p256", "--no-wait"])
        .failed(11, "CM-3101", "waiting");
    let orphans = carer.run("orphans", &[], &[("--pin-file", PIN)]).ok();
    let waiting = &orphans["objects"][0];
    assert_eq!(
        (&waiting["kind"], &waiting["job"], &waiting["orphan"]),
        (&"key".into(), &"3".into(), &true.into()),
        "{orphans}"
    );
    let name = waiting["name"].as_str().unwrap();
    let sure = ["--confirm-label", "Alice"];
    carer.run("delete", &[&[name], &sure[..]].concat(), &[("--pin-file", PIN)]).failed(2, "CM-1117", "usage");
    let init = |label: &str, sure: &[&str], so: &str| {
        carer.run("init", &[&["--label", label], sure].concat(), &[("--so-pin-file", so), ("--new-pin-file", PIN)])
    };
    init("Alice", &sure, SO_PIN).failed(2, "CM-1117", "usage");
    assert_eq!(pkcs11_tool_logged_in(token, &["-O"]).matches("Private Key Object").count(), 1, "the job's key");
    let code = carer.desk.text("code");
    chopmark(
        &carer.desk,
        token,
        &["resume", "3", "--discard", "--code-file", &code, "--pin-file", &token.pin_file().display().to_string()],
    )
    .ok();

    init("Alice", &["--yes"], SO_PIN).failed(2, "CM-1102", "usage");
    init("Alice", &["--confirm-label", "alice"], SO_PIN).failed(2, "CM-1116", "usage");
    init(&"长".repeat(11), &sure, SO_PIN).failed(2, "CM-1101", "usage");
    init("Alice", &sure, "99999999").failed(21, "CM-2109", "pin");
    assert!(!objects(token).is_empty(), "the CA's certificates are there still");
    let done = init("Alice", &sure, SO_PIN).ok();
    assert_eq!(
        (&done["token"]["token"]["label"], &done["token"]["token"]["pin"]),
        (&"Alice".into(), &"ok".into()),
        "{done}"
    );
    assert_eq!(objects(token), [], "pkcs11-tool logs in with the new PIN and finds nothing");
}
