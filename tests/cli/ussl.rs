//! Orders taken over from a certificate console, against one that checks signatures as the provider's documents say.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use chopmark_tests::bench::{
    assert_no_secret,
    command::Desk,
    domain_world::{DomainWorld, Zone},
    raw_server::{RawServer, Request, http},
};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

const PUBLIC: &str = "someone@example.test1296";
const PRIVATE: &str = "46f09bb9fab4f12dfc160dae12273d5332b5debe";
const TARGET: &str = "a1b2c3d4.dcv.ca.test";

/// What the console wants for order 7, and what it was asked.
#[derive(Default)]
struct State {
    auths: Value,
    asked: Vec<String>,
}

struct Console {
    server: RawServer,
    state: Arc<Mutex<State>>,
}

impl Console {
    fn start() -> Console {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let server = RawServer::start(move |request, stream| {
            let answer = answer(request, &mut shared.lock().expect("the state"));
            let _ = stream.write_all(&http("200 OK", "application/json", answer.to_string().as_bytes()));
        });
        Console { server, state }
    }

    fn url(&self) -> String {
        format!("http://{}/", self.server.address())
    }

    fn wants(&self, auths: Value) {
        self.state.lock().expect("the state").auths = auths;
    }

    fn asked(&self) -> Vec<String> {
        self.state.lock().expect("the state").asked.clone()
    }
}

fn answer(request: &Request, state: &mut State) -> Value {
    let asked: Value = serde_json::from_slice(&request.body).expect("JSON");
    let action = asked["Action"].as_str().expect("an action");
    state.asked.push(action.to_owned());
    if asked["Signature"] != json!(signature(&asked)) {
        return json!({ "RetCode": 171, "Action": action, "Message": "Signature VerifyAC Error" });
    }
    let order = |id: i64| {
        json!({ "CertificateID": id, "Domains": "shop.test", "State": "等待验证", "StateCode": "VALIDATING",
                "Name": "DV one", "Brand": "TrustAsia" })
    };
    match (action, &asked["CertificateID"]) {
        ("GetCertificateList", _) => {
            // 150 orders: more than a page.
            let (page, size) = (asked["Page"].as_i64().expect("a page"), asked["PageSize"].as_i64().expect("a size"));
            let ids = ((page - 1) * size + 1..=page * size).filter(|id| *id <= 150);
            json!({ "RetCode": 0, "TotalCount": 150, "CertificateList": ids.map(order).collect::<Vec<_>>() })
        }
        ("GetCertificateDetailInfo", id) if id == 7 => json!({ "RetCode": 0, "CertificateInfo": order(7) }),
        ("GetDVAuthInfo", id) if id == 7 => json!({ "RetCode": 0, "AuthMethod": "DNS", "Auths": state.auths }),
        _ => json!({ "RetCode": 8001, "Action": action, "Message": "no such certificate" }),
    }
}

/// Written from the documents, not taken from the client.
fn signature(asked: &Value) -> String {
    let mut pairs: Vec<_> =
        asked.as_object().expect("an object").iter().filter(|(name, _)| *name != "Signature").collect();
    pairs.sort_by_key(|(name, _)| name.as_str());
    let mut text: String = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}{}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect();
    text += PRIVATE;
    Sha1::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn an_order_of_the_console_is_kept_and_proved() {
    let world = DomainWorld::start(&[Zone { name: "shop.test".to_owned(), ..Zone::default() }], "", "");
    let (desk, console) = (Desk::new(), Console::start());
    std::fs::create_dir(desk.home()).expect("a home");
    std::fs::write(desk.home().join("validation.toml"), world.settings()).expect("settings");
    let (key, api) = (desk.write("key", PRIVATE), console.url());
    let fetch = |which: &[&str]| {
        let given = ["--public-key", PUBLIC, "--private-key-file", &key, "--api", &api, "--json", "--lang", "en"];
        desk.run(&[&["order", "fetch"], which, &given].concat())
    };

    let listed = fetch(&[]).ok();
    assert_eq!(listed["remotes"].as_array().map(Vec::len), Some(150));
    assert_eq!(listed["remotes"][149]["id"], 150);

    console.wants(json!([]));
    fetch(&["7"]).failed(11, "CM-6503", "waiting");
    console.wants(
        json!([{ "AuthKey": "_dnsauth", "AuthValue": TARGET, "Domain": "shop.test", "AuthType": "DNS_WHATEVER" }]),
    );
    fetch(&["7"]).failed(12, "CM-6502", "ca-unreachable");
    fetch(&["8"]).failed(10, "CM-6501", "ca-refused");
    desk.run(&["order", "list"]).stdout.lines().for_each(|line| assert!(!line.contains("shop.test"), "{line}"));

    console
        .wants(json!([{ "authKey": "_dnsauth", "authValue": TARGET, "domain": "shop.test", "authType": "DNS_CNAME" }]));
    let fetched = fetch(&["7"]).ok();
    let number = fetched["order"]["order"].as_str().expect("a number").to_owned();
    assert_eq!((&fetched["order"]["source"], &fetched["order"]["remote"]), (&json!("ussl"), &json!("7")));
    assert_eq!(fetched["remote"]["stateCode"], "VALIDATING");
    assert_eq!(fetched["order"]["proofs"][0]["name"], "_dnsauth.shop.test");

    desk.run(&["order", "check", &number, "--json"]).failed(14, "CM-6101", "validation");
    world.change_zone("shop.test", &format!("_dnsauth CNAME {TARGET}."));
    let checked = desk.run(&["order", "check", &number, "--watch", "--json"]).ok();
    assert_eq!(checked["check"]["state"], "ready");

    // Fetched again, it is the same order, with what is known of it.
    let again = fetch(&["7"]).ok();
    assert_eq!(again["order"]["order"], json!(number));
    assert_eq!(again["order"]["deadline"], fetched["order"]["deadline"]);
    assert_eq!(again["order"]["last"]["state"], "ready");
    // Where the console wants something else, what was seen says nothing any more.
    console
        .wants(json!([{ "AuthKey": "_dnsauth", "AuthValue": "other", "Domain": "shop.test", "AuthType": "DNS_TXT" }]));
    let changed = fetch(&["7"]).ok();
    assert_eq!((&changed["order"]["order"], &changed["order"]["last"]), (&json!(number), &Value::Null));

    assert_no_secret(&desk.home(), &[PRIVATE]);
    let changing = console.asked().into_iter().find(|action| !action.starts_with("Get"));
    assert_eq!(changing, None, "nothing is changed at the console");
}

#[test]
fn a_wrong_key_and_a_way_that_others_hear_are_told() {
    let (desk, console) = (Desk::new(), Console::start());
    let (right, wrong) = (desk.write("key", PRIVATE), desk.write("wrong", "0000000000"));
    let fetch = |key: &str, public: &str, api: &str| {
        let given = ["--public-key", public, "--private-key-file", key, "--api", api, "--json"];
        desk.run(&[&["order", "fetch"][..], &given].concat())
    };
    fetch(&wrong, PUBLIC, &console.url()).failed(10, "CM-6501", "ca-refused");
    let before = console.asked().len();
    for api in ["http://console.example/", "ftp://127.0.0.1/", "nonsense", "https://user:word@console.example/"] {
        fetch(&right, PUBLIC, api).failed(2, "CM-1101", "usage");
    }
    assert_eq!(console.asked().len(), before);
    // A console that says the secret back.
    let echoing = RawServer::saying(http(
        "200 OK",
        "application/json",
        json!({ "RetCode": 171, "Message": format!("no: {PRIVATE}") }).to_string().as_bytes(),
    ));
    let told = fetch(&right, PUBLIC, &format!("http://{}/", echoing.address()));
    assert!(!told.stdout.contains(PRIVATE) && !told.stderr.contains(PRIVATE), "{told:?}");
    told.failed(10, "CM-6501", "ca-refused");
    let redirecting = RawServer::saying(
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            .to_vec(),
    );
    let sent = fetch(&right, PUBLIC, &format!("http://{}/", redirecting.address()));
    assert_eq!(sent.exit, Some(12), "{sent:?}");
}
