//! `chopmark doctor` in the situations themselves: real drivers through the helper, real files, a person's own home.

use std::{
    fs,
    io::{Read, Write},
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
    },
    path::Path,
    process::Command,
};

use chopmark_tests::{
    bench::{
        ca::Ca,
        command::finish,
        programs::{faulty_module, library, run},
        token::{PIN, Token, soft_hsm_module},
    },
    scene::{Scene, found, text, without_rights},
};
use serde_json::Value;

/// Header of a library of another kind of processor.
fn elf(class: u8, machine: u16) -> Vec<u8> {
    let mut header = vec![0; 64];
    header[..7].copy_from_slice(&[0x7f, b'E', b'L', b'F', class, 1, 1]);
    header[16..18].copy_from_slice(&3_u16.to_le_bytes());
    header[18..20].copy_from_slice(&machine.to_le_bytes());
    header[20] = 1;
    header
}

#[test]
fn drivers_that_fail() {
    for (mode, expected) in [
        ("segv-init", "CM-2006 warning"),
        ("exit-init", "CM-2007 warning"),
        ("closefds-init", "CM-2008 warning"),
        ("hang-init", "CM-2009 warning"),
        ("fail-init", "CM-2005 warning"),
        ("well", ""),
    ] {
        assert_eq!(Scene::faulty(mode).found("libfaulty.so"), expected, "{mode}");
    }
}

#[test]
fn files_that_are_no_drivers_here() {
    let foreign = if cfg!(target_arch = "aarch64") { 62 } else { 183 };
    for (about, content, expected) in [
        ("32 bits", elf(1, 3), "CM-2012 warning"),
        ("another processor", elf(2, foreign), "CM-2003 warning"),
        ("a text file", b"#!/bin/sh\n".to_vec(), "CM-2004 warning"),
        ("a library that is no driver", fs::read(library("kill-at/kill_at.c")).unwrap(), "CM-2004 warning"),
    ] {
        let scene = Scene::new();
        let file = scene.file("libother-driver.so", &content);
        assert_eq!(scene.with_module(&file).found("libother-driver.so"), expected, "{about}");
    }
}

/// Root may read everything, unless that right is taken away.
#[test]
fn a_file_that_may_not_be_read() {
    let scene = Scene::new();
    let file = scene.file("libsecret-driver.so", &elf(2, 62));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o0)).unwrap();
    let scene = scene.with_module(&file);
    let doctor = scene.command(&[]);
    let ran =
        if fs::read(&file).is_ok() { finish(without_rights(&doctor).spawn().unwrap()) } else { scene.doctor(&[]) };
    assert_eq!(found(&ran.last(), "libsecret-driver.so"), "CM-2013 warning");
}

#[test]
fn what_a_token_says_of_itself() {
    for (mode, expected) in [
        ("pin-locked", "CM-2104 error"),
        ("pin-final-try", "CM-2602 warning"),
        ("pin-must-change", "CM-2105 warning"),
        ("so-pin-count-low", "CM-2603 note"),
        ("so-pin-final-try", "CM-2604 warning"),
        ("so-pin-locked", "CM-2605 warning"),
        ("write-protected", "CM-2202 warning"),
        ("pin-pad", "CM-2606 note"),
        ("full", "CM-2201 error"),
        ("nearly-full", "CM-2607 warning"),
        ("well", ""),
    ] {
        assert_eq!(Scene::faulty(mode).found("FAULTY"), expected, "{mode}");
    }
}

/// The exit code is that of the worst finding; the last line says so.
#[test]
fn the_exit_code_is_that_of_the_worst() {
    let last = Scene::faulty("pin-locked").doctor(&[]).failed(21, "CM-2104", "pin");
    assert!(last["findings"].as_array().is_some_and(|all| all[0]["code"] == "CM-2104"), "{last}");
    assert_eq!(Scene::faulty("full").doctor(&[]).failed(22, "CM-2201", "token")["result"], "error");
}

#[test]
fn soft_hsm_as_it_comes() {
    // Nothing in it.
    assert_eq!(Scene::new().found("SoftHSM"), "CM-2108 note");
    // Set up without a PIN.
    let token = Token::empty_soft_hsm();
    token.add_without_pin("Alice");
    assert_eq!(Scene::new().with_token(&token).found("Alice"), "CM-2106 error");
    // As it should be.
    let token = Token::soft_hsm();
    assert_eq!(Scene::new().with_token(&token).found("Alice"), "");
    // A wrong PIN.
    let module = token.module.display().to_string();
    let wrong = ["--module", &module, "--login", "--pin", "000000", "--list-objects"];
    assert!(!token.command("pkcs11-tool").args(wrong).output().unwrap().status.success());
    assert_eq!(Scene::new().with_token(&token).found("Alice"), "CM-2601 warning");
    // The same name twice.
    let token = Token::soft_hsm();
    token.add("Alice");
    assert_eq!(Scene::new().with_token(&token).found("Alice"), "CM-2102 warning");
}

#[test]
fn one_token_behind_two_drivers() {
    let token = Token::soft_hsm();
    let scene = Scene::new().with_token(&token);
    let copy = scene.desk.path("libsofthsm2-copy.so");
    fs::copy(soft_hsm_module(), &copy).unwrap();
    assert_eq!(scene.with_module(&copy).found("Alice"), "CM-2402 note");
}

#[test]
fn our_own_helper_is_missing() {
    let scene = Scene::new();
    let missing = scene.desk.text("no-helper");
    let last = scene.doctor(&["--helper", &missing]).failed(20, "CM-2011", "driver");
    // Nobody has looked for a token, and nobody is going to answer.
    assert_eq!(found(&last, "USB key"), "", "{last:#}");
    let drivers = last["lines"].as_array().and_then(|all| all.iter().find(|line| line["check"] == "driver"));
    assert!(drivers.is_some_and(|line| line["state"] == "bad" && line["facts"]["open"].is_null()), "{last:#}");
}

/// A file of added drivers that is broken: found, set aside, and taken back.
#[test]
fn a_broken_file_is_set_aside_and_comes_back() {
    let scene = Scene::new();
    let file = scene.file("home/drivers.d/own.toml", b"[[driver]\nname = 7");
    let first = scene.doctor(&[]).last();
    assert_eq!(found(&first, "own.toml"), "CM-2407 warning");
    let finding = first["findings"].as_array().unwrap().iter().find(|one| one["code"] == "CM-2407").unwrap().clone();
    let id = text(&finding["fix"]["id"]).to_owned();
    let fixed = scene.doctor(&["--fix", &id]).ok();
    assert!(!file.exists(), "{fixed}");
    let after = scene.doctor(&[]).last();
    assert_eq!(found(&after, "own.toml"), "", "{after}");
    assert_eq!(after["done"][0]["id"], fixed["fixed"]["id"], "{after}");
    // Once only.
    scene.doctor(&["--fix", &id]).failed(2, "CM-1115", "usage");
    scene.doctor(&["--undo", text(&fixed["fixed"]["id"])]).ok();
    assert_eq!(fs::read(&file).unwrap(), b"[[driver]\nname = 7");
    assert_eq!(scene.found("own.toml"), "CM-2407 warning");
    scene.doctor(&["--undo", text(&fixed["fixed"]["id"])]).failed(2, "CM-1115", "usage");
}

/// A certificate on the token that will end soon, and browsers that cannot use it.
#[test]
fn certificates_and_browsers() {
    let (token, ca) = (Token::soft_hsm(), Ca::start());
    let scene = Scene::new().with_token(&token);
    let codes = ca.invite(|invitation| invitation.valid_days = 5);
    let (code, profile) = (scene.desk.write("code", &codes.authorization_code), ca.profile.display().to_string());
    let uri = token.uri();
    let first = ["enroll", "--json", "--batch", "--ca", &profile, "--reference", &codes.reference];
    let mut command =
        scene.desk.command(&[&first[..], &["--code-file", &code, "--place", &uri, "--key", "ec:p256"]].concat());
    command.envs(scene.env.iter().map(|(name, value)| (name, value)));
    let certificate = finish(command.spawn().unwrap()).ok()["certificate"].clone();
    let name = text(&certificate["cn"]).to_owned();
    assert_eq!(scene.found(&name), "CM-2611 warning");

    let list = b"library=\nname=NSS Internal PKCS #11 Module\n";
    scene.file("person/snap/firefox/common/.mozilla/firefox/a.default/pkcs11.txt", list);
    scene.file("person/.var/app/org.chromium.Chromium/.pki/nssdb/pkcs11.txt", list);
    let own = scene.file("person/.mozilla/firefox/b.default/pkcs11.txt", list);
    assert_eq!(scene.found("Firefox"), "CM-2702 warning, CM-2704 note");
    assert_eq!(scene.found("Chromium"), "CM-2703 warning");
    fs::write(own, format!("library={}\nname=soft\n", soft_hsm_module().display())).unwrap();
    assert_eq!(scene.found("Firefox"), "CM-2702 warning");

    // The report says the same on another computer, and keeps the names to itself.
    let report = scene.desk.text("report.html");
    let here = scene.doctor(&["--report", &report]).last();
    let page = fs::read_to_string(&report).unwrap();
    let serial = token.seen().serial;
    for secret in [PIN, name.as_str(), "Alice", serial.as_str(), &scene.desk.text("person"), &codes.authorization_code]
    {
        assert!(!page.contains(secret), "{secret:?} in the report");
    }
    let elsewhere = Scene::new();
    let there = elsewhere.doctor(&["--replay", &report]).last();
    let codes = |result: &Value| -> Vec<String> {
        let all = result["findings"].as_array().unwrap();
        all.iter().map(|one| format!("{} {}", one["code"], one["severity"])).collect()
    };
    assert_eq!(codes(&there), codes(&here), "{there:#}");
    let with_names = scene.desk.text("names.html");
    scene.doctor(&["--report", &with_names, "--with-names", "--with-serials"]);
    let page = fs::read_to_string(&with_names).unwrap();
    assert!(page.contains(&name) && page.contains(&serial) && !page.contains(PIN), "{page}");
}

/// Certificates and keys that miss each other.
#[test]
fn halves_without_the_other() {
    let token = Token::soft_hsm();
    let scene = Scene::new().with_token(&token);
    let tool = |arguments: &[&str]| {
        let module = token.module.display().to_string();
        let login = ["--module", &module, "--token-label", "Alice", "--login", "--pin", PIN];
        run(token.command("pkcs11-tool").args(login).args(arguments))
    };
    tool(&["--keypairgen", "--key-type", "EC:prime256v1", "--id", "01", "--label", "left over"]);
    assert_eq!(scene.found("left over"), "CM-2609 note");
    let (key, pem, der) = (scene.desk.text("k.pem"), scene.desk.text("c.pem"), scene.desk.text("c.der"));
    let subject = ["-nodes", "-newkey", "rsa:2048", "-subj", "/CN=Lonely Certificate", "-days", "365"];
    run(Command::new("openssl")
        .args(["req", "-x509", "-keyout", &key, "-out", &pem])
        .args(subject)
        .args(["-addext", "basicConstraints=CA:FALSE"]));
    run(Command::new("openssl").args(["x509", "-in", &pem, "-outform", "DER", "-out", &der]));
    tool(&["--write-object", &der, "--type", "cert", "--id", "02", "--label", "lonely"]);
    assert_eq!(scene.found("Lonely Certificate"), "CM-1112 warning");
}

/// A service that is not there, hangs, turns us away, or has a card that no driver sees.
#[test]
fn the_smart_card_service() {
    let readers = |name: &str, state: u32, atr: &[u8]| {
        let mut states = vec![0_u8; 16 * 184];
        states[..name.len()].copy_from_slice(name.as_bytes());
        states[132..136].copy_from_slice(&state.to_ne_bytes());
        states[140..140 + atr.len()].copy_from_slice(atr);
        states[176..180].copy_from_slice(&u32::try_from(atr.len()).unwrap().to_ne_bytes());
        states
    };
    let about_service = |scene: &Scene| {
        let last = scene.doctor(&[]).last();
        let all = last["findings"].as_array().unwrap();
        let codes = all.iter().map(|one| text(&one["code"])).filter(|code| code.starts_with("CM-23"));
        codes.map(str::to_owned).collect::<Vec<_>>().join(", ")
    };
    for (about, answers, expected) in [
        ("nobody listens", None, "CM-2302"),
        ("hangs up", Some(None), "CM-2303"),
        ("an empty reader", Some(Some(readers("Reader 00", 0x2, &[]))), "CM-2307"),
        ("a mute card", Some(Some(readers("Reader 00", 0xc, &[]))), "CM-2308"),
        ("a card that nobody knows", Some(Some(readers("Reader 00", 0x34, &[0x3b, 0x77, 0x01]))), "CM-2311"),
    ] {
        let scene = Scene::new().with_service();
        if let Some(answers) = answers {
            let listener = UnixListener::bind(scene.desk.path("comm")).unwrap();
            std::thread::spawn(move || serve(&listener, answers.as_deref()));
        }
        assert_eq!(about_service(&scene), expected, "{about}");
    }
    // Where nothing needs it, it is no matter; that it runs is not said.
    let token = Token::soft_hsm();
    let last = Scene::new().with_token(&token).with_service().doctor(&[]).last();
    let readers = last["lines"].as_array().and_then(|all| all.iter().find(|line| line["check"] == "readers"));
    assert!(readers.is_some_and(|line| line["state"] == "good" && line["facts"]["service"] == "off"), "{last:#}");
    // It takes connections and says nothing.
    let scene = Scene::new().with_service();
    let _silent = UnixListener::bind(scene.desk.path("comm")).unwrap();
    assert_eq!(about_service(&scene), "CM-2304", "hangs");
}

/// A fake of pcscd's side, as far as libpcsclite goes to learn of readers (`winscard_msg.h`): a header with size and command, a body, the
/// body again as the answer. Without states it hangs up. Drivers connect as well, all at the same time: each is served by itself.
fn serve(listener: &UnixListener, states: Option<&[u8]>) {
    let Some(states) = states else { return listener.incoming().for_each(drop) };
    std::thread::scope(|scope| {
        for stream in listener.incoming().map_while(Result::ok) {
            scope.spawn(move || converse(stream, states));
        }
    });
}

/// One connection, until the other side has had enough.
fn converse(mut stream: UnixStream, states: &[u8]) {
    const VERSION: u32 = 0x11;
    const READERS: u32 = 0x12;
    const WAIT: u32 = 0x13;
    const STOP_WAITING: u32 = 0x14;
    let mut header = [0; 8];
    while stream.read_exact(&mut header).is_ok() {
        let [size, command] = [0, 4].map(|at| u32::from_ne_bytes(header[at..at + 4].try_into().unwrap()));
        let mut body = vec![0; size as usize];
        if stream.read_exact(&mut body).is_err() {
            return;
        }
        match command {
            READERS | WAIT => body = states.to_vec(),
            STOP_WAITING => body = vec![0; 8],
            VERSION => body = [4_u32, 4, 0].map(u32::to_ne_bytes).concat(),
            // The result stands last: done.
            _ => {
                let result = body.len().saturating_sub(4);
                body[result..].fill(0);
            }
        }
        let _ = stream.write_all(&body);
    }
}

/// The person's choice of a driver: one that is gone is forgotten, one that is wrong is replaced, and both come back.
#[test]
fn choices_are_put_right_and_come_back() {
    let token = Token::soft_hsm();
    let serial = token.seen().serial;
    for (about, driver, expected) in [
        ("gone", "/nowhere/libgone.so".to_owned(), "CM-2405 warning"),
        ("wrong", faulty_module().display().to_string(), "CM-2406 error"),
    ] {
        let scene = Scene::new().with_token(&token).with_module(&faulty_module());
        let content = format!("[[choice]]\ndriver = {driver:?}\ntoken = [\"serial:{serial}\", \"label:Alice\"]\n");
        let file = scene.file("home/choices.toml", content.as_bytes());
        let name = Path::new(&driver).file_name().unwrap().to_str().unwrap();
        let first = scene.doctor(&[]).last();
        assert_eq!(found(&first, name), expected, "{about}: {first:#}");
        let all = first["findings"].as_array().unwrap();
        let id = all.iter().find_map(|one| one["fix"]["id"].as_str()).unwrap_or_else(|| panic!("no fix: {first:#}"));
        let fixed = scene.doctor(&["--fix", id]).ok();
        assert_eq!(found(&scene.doctor(&[]).last(), name), "", "{about}");
        scene.doctor(&["--undo", text(&fixed["fixed"]["id"])]).ok();
        let back = fs::read_to_string(&file).unwrap();
        assert!(back.contains(&driver) && back.contains(&serial), "{about}: {back}");
        assert_eq!(found(&scene.doctor(&[]).last(), name), expected, "{about}");
    }
}
