//! Debian's Chromium. That it presents the certificate without asking which is a policy of the machine's: it is laid over `/etc/chromium`
//! in a mount namespace of its own, so that the machine keeps what it has.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    process::{Command, Stdio},
};

use chopmark_tests::bench::{ca::Ca, display::Killed};

use crate::{person::Person, server::Server};

const OVERLAY: &str = r#"mount --bind "$1" /etc/chromium && shift && exec "$@""#;

impl Person {
    /// Chromium with its certificates chosen by themselves for this server.
    fn chromium(&self, server: &Server) -> Command {
        let policies = self.desk.path("etc-chromium/policies/managed");
        fs::create_dir_all(&policies).expect("a folder");
        let pattern = serde_json::json!({ "pattern": server.url().trim_end_matches('/'), "filter": {} }).to_string();
        let policy = serde_json::json!({ "AutoSelectCertificateForUrls": [pattern] });
        fs::write(policies.join("test.json"), policy.to_string()).expect("a policy");
        let mut command = self.program("unshare");
        // Who is not root becomes it for the mount alone.
        command
            .args(["--map-root-user", "--mount", "--", "sh", "-c", OVERLAY, "sh"])
            .arg(self.desk.path("etc-chromium"));
        command.args(["chromium", "--no-sandbox", "--disable-gpu", "--no-first-run", "--ignore-certificate-errors"]);
        command.arg(format!("--user-data-dir={}", self.desk.text("chromium")));
        command.stdin(Stdio::null()).stderr(File::create(self.desk.path("chromium.log")).expect("a log"));
        command
    }

    /// The page that it gets without a display.
    pub(crate) fn page_in_chromium(&self, server: &Server) -> String {
        let mut command = self.chromium(server);
        command.args(["--headless", "--timeout=20000", "--dump-dom"]).arg(server.url());
        let output = command.output().expect("unshare");
        let log = || fs::read_to_string(self.desk.path("chromium.log")).unwrap_or_default();
        assert!(output.status.success(), "chromium: {}\n{}", output.status, log());
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Its window on a display.
    pub(crate) fn chromium_window(&self, server: &Server, display: &str) -> Killed {
        let mut command = self.chromium(server);
        command.env("DISPLAY", display).arg(server.url()).stdout(Stdio::null()).process_group(0);
        Killed(command.spawn().expect("unshare"))
    }
}

#[test]
fn it_presents_what_lies_in_this_computers_store() {
    let ca = Ca::start();
    for (key, kind, name) in [("rsa:2048", "RSA 2048", "Alice"), ("ec:p256", "EC P-256", "Bob")] {
        let (person, server) = (Person::new(), Server::start(&ca));
        let codes = ca.invite(|invitation| invitation.subject = format!("CN={name},O=Acme"));
        let result = person.enroll(&ca, &codes, "computer", &["--key", key]).ok();
        assert!(result["proved"] == true && result["confirmed"] == true, "{key}: {result}");
        assert_eq!(result["certificate"]["key"], kind, "{key}");
        assert_eq!(ca.states(&codes.reference), ["confirmed"], "{key}");
        let page = person.page_in_chromium(&server);
        let subject = format!("CN={name},O=Acme");
        assert!(page.contains(&format!("<body>{subject}</body>")), "{key}: {page}; seen: {:?}", server.seen());
    }
}

#[test]
fn without_a_certificate_there_is_no_page() {
    let ca = Ca::start();
    let (person, server) = (Person::new(), Server::start(&ca));
    let page = person.page_in_chromium(&server);
    assert!(!page.contains("CN=") && server.seen().is_empty(), "{page}");
}
