//! The key of an order for a server certificate: made on a token or for a file, handed in by hand or at a console, its certificate
//! installed beside it. What an independent CA (OpenSSL) delivers comes in the forms that CAs deliver.

use std::path::Path;

use chopmark_tests::bench::{
    command::{Desk, Ran, finish},
    hand_ca::{HandCa, openssl},
    programs::run,
    token::Token,
    web_server::WebServer,
};
use serde_json::Value;

/// Somebody with a token, and a CA that takes requests by hand.
struct Scene {
    desk: Desk,
    token: Token,
    ca: HandCa,
}

impl Scene {
    fn new() -> Scene {
        let scene = Scene { desk: Desk::new(), token: Token::soft_hsm(), ca: HandCa::new() };
        scene.desk.write("password", "a password for the file");
        scene
    }

    fn order(&self, arguments: &[&str]) -> Ran {
        self.run(&[&["order"], arguments].concat())
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let all = [arguments, &["--json", "--batch", "--lang", "en"]].concat();
        let mut command = self.desk.command(&all);
        command.envs(self.token.env.iter().map(|(name, value)| (name, value)));
        finish(command.spawn().expect("chopmark starts"))
    }

    /// An order typed in from a console.
    fn added(&self, domains: &[&str]) -> String {
        let proof = ["--cname", "_dnsauth", "a1.dcv.ca.test"];
        let added = self.order(&[&["add"], domains, &proof[..]].concat()).ok();
        added["order"]["order"].as_str().expect("a number").to_owned()
    }

    /// On the token.
    fn csr(&self, order: &str) -> Ran {
        let pin = self.token.pin_file().display().to_string();
        self.order(&["csr", order, "--place", &self.token.uri_without_pin(), "--key", "ec:p256", "--pin-file", &pin])
    }

    fn install(&self, order: &str, from: &str) -> Ran {
        let (pin, password) = (self.token.pin_file().display().to_string(), self.desk.text("password"));
        self.order(&["install", order, "--from", from, "--pin-file", &pin, "--password-file", &password])
    }

    fn shown(&self, order: &str) -> Value {
        self.order(&["show", order]).ok()["order"].clone()
    }
}

fn pem(made: &Value) -> String {
    made["request"]["pem"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
}

#[test]
fn a_key_on_a_token_waits_for_its_certificate_and_gets_no_other() {
    let scene = Scene::new();
    let order = scene.added(&["shop.test", "www.shop.test"]);
    scene.order(&["csr", &order]).failed(2, "CM-6531", "usage");
    scene.install(&order, "/dev/null").failed(2, "CM-6531", "usage");

    let made = scene.csr(&order).ok();
    let request = pem(&made);
    let file = scene.desk.write("made.csr", &request);
    let seen = run(&mut openssl(&["req", "-in", &file, "-noout", "-verify", "-text"]));
    assert!(seen.contains("CN") && seen.contains("DNS:shop.test, DNS:www.shop.test"), "{seen}");
    assert_eq!(scene.token.content().0.len(), 1);
    // Asked twice, it is the same; nobody makes a second key beside it, or forgets the order over it.
    assert_eq!(pem(&scene.csr(&order).ok()), request);
    assert_eq!(pem(&scene.order(&["csr", &order]).ok()), request);
    let elsewhere = format!("file:{}", scene.desk.text("site.p12"));
    scene
        .order(&["csr", &order, "--place", &elsewhere, "--password-file", &scene.desk.text("password")])
        .failed(2, "CM-6530", "usage");
    scene.order(&["remove", &order]).failed(2, "CM-6530", "usage");
    assert_eq!(scene.token.content().0.len(), 1);
    let shown = scene.shown(&order);
    assert_eq!((&shown["key"]["state"], &shown["key"]["handedIn"]), (&"waiting".into(), &false.into()), "{shown}");
    let job = shown["key"]["job"].as_str().expect("a job").to_owned();
    let listed = scene.run(&["journal"]).ok();
    assert_eq!(
        (&listed["jobs"][0]["kind"], &listed["jobs"][0]["serverOrder"]),
        (&"server".into(), &order.as_str().into())
    );

    // What is no certificate, one for another key, and one that lacks a domain: each leaves everything as it is.
    let nothing = scene.desk.write("nothing", "no certificate");
    scene.install(&order, &nothing).failed(2, "CM-6533", "usage");
    scene.run(&["resume", &job]).failed(11, "CM-6510", "waiting");
    let root = scene.ca.root().display().to_string();
    scene.install(&order, &root).failed(13, "CM-6511", "untrusted");
    let lacks = scene.desk.write("lacks.pem", &scene.ca.issue(&request, "DNS:shop.test"));
    scene.install(&order, &lacks).failed(2, "CM-1102", "usage");
    assert_eq!(scene.token.content().1.len(), 0, "nothing is installed");

    let right = scene.desk.write("right.pem", &scene.ca.issue(&request, "DNS:shop.test,DNS:www.shop.test"));
    let p7b = scene.desk.text("right.p7b");
    run(&mut openssl(&[
        "crl2pkcs7",
        "-nocrl",
        "-certfile",
        &root,
        "-certfile",
        &right,
        "-out",
        &p7b,
        "-outform",
        "DER",
    ]));
    let installed = scene.install(&order, &p7b).ok();
    assert_eq!(
        (&installed["proved"], &installed["certificate"]["cn"]),
        (&true.into(), &"shop.test".into()),
        "{installed}"
    );
    let (keys, certificates) = scene.token.content();
    // The root is nobody's word: it is not put beside it.
    assert_eq!((keys.len(), certificates.len()), (1, 1));
    let shown = scene.shown(&order);
    assert_eq!(
        (&shown["key"]["state"], &shown["key"]["sha256"]),
        (&"done".into(), &installed["certificate"]["sha256"])
    );
    scene.install(&order, &p7b).failed(2, "CM-1109", "usage");
    let soon = scene.run(&["reminders", "--days", "30"]).ok();
    let told = &soon["reminders"][0];
    assert_eq!(
        (&told["name"], &told["way"], &told["order"]),
        (&"shop.test".into(), &"order".into(), &order.as_str().into())
    );
    // With its certificate it is forgotten as any order.
    scene.order(&["remove", &order]).ok();
}

#[test]
fn a_key_for_a_file_is_given_up_without_a_trace_or_becomes_a_servers_file() {
    let scene = Scene::new();
    let order = scene.added(&["site.test"]);
    let (password, path) = (scene.desk.text("password"), scene.desk.text("site.pem"));
    let place = format!("file:{path}");
    let csr = ["csr", &order, "--place", &place, "--password-file", &password];
    let first = scene.order(&csr).ok();
    assert_eq!(scene.desk.kept_keys().len(), 1);
    let job = first["request"]["job"].as_str().expect("a job").to_owned();
    scene.run(&["resume", &job, "--discard"]).ok();
    assert_eq!((scene.desk.kept_keys().len(), Path::new(&path).exists()), (0, false));
    assert_eq!(scene.shown(&order)["key"], Value::Null);

    let second = scene.order(&csr).ok();
    assert_ne!(pem(&first), pem(&second), "another key");
    let certificate = scene.desk.write("site.crt", &scene.ca.issue(&pem(&second), "DNS:site.test"));
    // A wrong password loses nothing.
    let wrong = scene.desk.write("wrong", "not that password");
    scene.order(&["install", &order, "--from", &certificate, "--password-file", &wrong]).failed(23, "CM-4003", "place");
    scene.install(&order, &certificate).ok();
    assert_eq!(scene.desk.kept_keys().len(), 0);
    let of = |arguments: &[&str]| run(openssl(arguments).args(["-passin", &format!("file:{password}")]));
    let public = of(&["pkey", "-in", &path, "-pubout"]);
    assert_eq!(public, run(&mut openssl(&["x509", "-in", &path, "-noout", "-pubkey"])));

    // The certificate of the order, and its key out of that file, as Apache wants them.
    let folder = scene.desk.path("apache");
    let out = folder.display().to_string();
    let export = ["export", &order, "--for", "apache", "--out", &out, "--source-password-file", &password];
    let exported = scene.order(&export).ok()["exported"].clone();
    assert_eq!(exported["key"], "written", "{exported}");
    let server = WebServer::apache(&folder.join("apache.conf"));
    assert_eq!(exported["certificate"]["sha256"], server.shown(&scene.ca.root(), "site.test", "sslserver"));

    // And as a web server wants it, although no source has the order.
    let out = scene.desk.text("nginx");
    scene.order(&["export", &order, "--for", "nginx", "--out", &out, "--password-file", &password]).ok();
    let plain = run(&mut openssl(&["pkey", "-in", &format!("{out}/key.pem"), "-pubout"]));
    assert_eq!(public, plain);
}
