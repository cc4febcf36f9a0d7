//! Debian's Firefox ESR, driven through Marionette (its own side of WebDriver: JSON with its length in front, over TCP).

use std::{
    fs::{self, File},
    io::{BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::Stdio,
};

use chopmark_tests::bench::{ca::Ca, display::Killed, programs::run, token::PIN};
use serde_json::{Value, json};

use crate::{
    person::{Person, wait},
    server::Server,
    token::with_token,
};

/// Types a PIN into the dialog that asks for it, as soon as that stands there, and keeps what it says. WebDriver's own
/// commands for dialogs do not see this one.
const TYPES: &str = r#"
    const [pin] = arguments;
    Services.chopmarkAsked = [];
    Services.obs.addObserver(window => {
        const { document } = window;
        Services.chopmarkAsked.push(document.getElementById("infoBody").textContent);
        document.getElementById("password1Textbox").value = pin;
        document.getElementById("commonDialog").acceptDialog();
    }, "common-dialog-loaded");
"#;

/// A running Firefox with a session.
struct Firefox {
    channel: BufReader<TcpStream>,
    last: u64,
    process: Killed,
}

impl Person {
    /// A profile as Firefox names it in its list. Firefox itself fills it when it is first started.
    fn firefox_profile(&self, name: &str) -> PathBuf {
        let root = self.home().join(".mozilla/firefox");
        let profile = root.join(format!("x1y2.{name}"));
        fs::create_dir_all(&profile).expect("a folder");
        let list = format!("[Profile0]\nName={name}\nIsRelative=1\nPath=x1y2.{name}\nDefault=1\n");
        fs::write(root.join("profiles.ini"), list).expect("a list of profiles");
        self.firefox(&profile).quit();
        profile
    }

    fn firefox(&self, profile: &std::path::Path) -> Firefox {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let settings = [
            ("marionette.port", json!(port)),
            ("security.default_personal_cert", json!("Select Automatically")),
            // Nothing goes out from a test.
            ("app.normandy.enabled", json!(false)),
            ("datareporting.policy.dataSubmissionEnabled", json!(false)),
            ("network.captive-portal-service.enabled", json!(false)),
            ("network.connectivity-service.enabled", json!(false)),
            ("services.settings.server", json!("data:,#")),
        ];
        let lines = settings.map(|(name, value)| format!("user_pref(\"{name}\", {value});\n"));
        fs::write(profile.join("user.js"), lines.concat()).expect("settings");
        let mut command = self.program("firefox-esr");
        command
            .args(["--headless", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile"])
            .arg(profile);
        let log = File::create(self.desk.path("firefox.log")).expect("a log");
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
        let process = Killed(command.spawn().expect("firefox-esr"));
        let channel = wait("Firefox", || TcpStream::connect(("127.0.0.1", port)).ok());
        let mut firefox = Firefox { channel: BufReader::new(channel), last: 0, process };
        firefox.receive();
        firefox.say("WebDriver:NewSession", json!({ "acceptInsecureCerts": true }));
        firefox
    }
}

impl Firefox {
    fn receive(&mut self) -> Value {
        let mut length = String::new();
        for byte in self.channel.by_ref().bytes() {
            match byte.expect("Firefox speaks") {
                b':' => break,
                digit => length.push(digit.into()),
            }
        }
        let mut text = vec![0; length.parse().expect("a length")];
        self.channel.read_exact(&mut text).expect("a message");
        serde_json::from_slice(&text).expect("JSON")
    }

    fn say(&mut self, command: &str, parameters: Value) -> Value {
        self.last += 1;
        let text = json!([0, self.last, command, parameters]).to_string();
        write!(self.channel.get_mut(), "{}:{text}", text.len()).expect("Firefox listens");
        let answer = self.receive();
        assert_eq!(answer[2], Value::Null, "{command}: {answer}");
        answer[3].clone()
    }

    /// The server's page, as soon as it says who came: a dialog ends what WebDriver waits for, and the page comes after it.
    fn page(&mut self, server: &Server) -> String {
        self.say("WebDriver:Navigate", json!({ "url": server.url() }));
        wait("the page", || {
            let page = self.say("WebDriver:GetPageSource", json!({}))["value"].as_str()?.to_owned();
            page.contains("CN=").then_some(page)
        })
    }

    /// A script in Firefox itself, not in a page.
    fn inside(&mut self, script: &str, arguments: &[&str]) -> Value {
        self.say("Marionette:SetContext", json!({ "value": "chrome" }));
        let answer = self.say("WebDriver:ExecuteScript", json!({ "script": script, "args": arguments }));
        self.say("Marionette:SetContext", json!({ "value": "content" }));
        answer["value"].clone()
    }

    fn quit(mut self) {
        self.say("Marionette:Quit", json!({ "flags": ["eForceQuit"] }));
        wait("Firefox's end", || self.process.0.try_wait().expect("its state"));
    }
}

#[test]
fn it_presents_what_lies_in_its_profile() {
    let ca = Ca::start();
    let (person, server) = (Person::new(), Server::start(&ca));
    let profile = person.firefox_profile("default-release");
    let stores = person.chopmark(&["stores"]).ok();
    let found = stores["stores"].as_array().expect("stores").iter().find(|store| store["program"] == "Firefox");
    let found = found.unwrap_or_else(|| panic!("no Firefox: {stores}"));
    assert_eq!(found["name"], "Firefox, profile default-release");
    assert_eq!((found["exists"].as_bool(), found["inUse"].as_bool()), (Some(true), Some(false)), "{found}");

    for (key, name) in [("ec:p256", "Alice"), ("rsa:2048", "Bob")] {
        let codes = ca.invite(|invitation| invitation.subject = format!("CN={name},O=Acme"));
        let result = person.enroll(&ca, &codes, found["uri"].as_str().expect("a place"), &["--key", key]).ok();
        assert!(result["proved"] == true && result["confirmed"] == true, "{result}");
        assert_eq!(result["placeName"], "Firefox, profile default-release");
        let mut firefox = person.firefox(&profile);
        // While it runs, it says so.
        let stores = person.chopmark(&["stores"]).ok();
        let running = stores["stores"].as_array().expect("stores").iter().any(|store| store["inUse"] == true);
        assert!(running, "{stores}");
        let page = firefox.page(&server);
        firefox.quit();
        assert!(page.contains(&format!("CN={name},O=Acme")), "{page}");
        // One at a time: Firefox takes the first that fits.
        let sha256 = result["certificate"]["sha256"].as_str().expect("a fingerprint");
        assert!(person.listed(&profile).contains(&format!("{name} u,u,u")), "{sha256}");
        person.certutil(&profile, &["-F", "-n", name]);
    }
}

/// The driver of the token is put into the profile's list by us; Firefox asks for the PIN by the token's name.
#[test]
fn it_presents_what_lies_on_a_token_that_we_registered() {
    let ca = Ca::start();
    let (person, token, _) = with_token(&ca);
    let server = Server::start(&ca);
    let profile = person.firefox_profile("default-release");
    let (driver, folder) = (token.module.display().to_string(), profile.display().to_string());
    let registered = person.chopmark(&["drivers", "register", &driver, "--store", &folder]).ok();
    let browser = &registered["browsers"][0];
    assert_eq!((&browser["outcome"], &browser["name"]), (&json!("done"), &json!("Firefox, profile default-release")));
    let programs = person.chopmark(&["show", &token.uri()]).ok()["programs"].clone();
    let seen = programs.as_array().and_then(|all| all.iter().find(|one| one["program"] == browser["name"]));
    assert!(seen.is_some_and(|one| one["sight"] == "sees"), "{programs:#}");

    let mut firefox = person.firefox(&profile);
    firefox.inside(TYPES, &[PIN]);
    let page = firefox.page(&server);
    let asked = firefox.inside("return Services.chopmarkAsked;", &[]);
    firefox.quit();
    assert!(asked.as_array().is_some_and(|all| all.len() == 1) && asked.to_string().contains("Alice"), "{asked}");
    assert!(page.contains("CN=Alice,O=Acme"), "{page}");
    // Firefox has kept the entry as we wrote it.
    let database = format!("sql:{folder}");
    let listed = run(person.program("modutil").args(["-list", "-dbdir", &database]));
    assert!(listed.contains(&driver) && listed.contains("token: Alice"), "{listed}");
    person.chopmark(&["drivers", "unregister", &driver, "--store", &folder]).ok();
    let listed = run(person.program("modutil").args(["-list", "-dbdir", &database]));
    assert!(!listed.contains(&driver), "{listed}");
}
