//! What a report keeps to itself, what comes back from it, and what is no report.

use super::{redact::Person, *};
use crate::{
    drivers::{
        facts::*,
        rules::{self, tests::rows},
    },
    model::PinState,
};

/// Names and numbers that nobody is to read.
const NAMES: [&str; 6] =
    ["Alice Liddell", "Liddell, Alice", "alicia", "alice@wonder.example", "Jabberwock", "Cheshire"];
const SERIALS: [&str; 4] = ["0815471100", "F00DFACE99", "c0ffee", "5C2B1234"];

fn person() -> Person {
    Person { home: "/home/alicia".into(), user: "alicia".into() }
}

/// Facts with all of them, also where nobody expects them.
fn planted() -> Facts {
    let token = TokenFacts {
        label: "Alice Liddell".into(),
        serial: "0815471100".into(),
        slot_description: "Gemalto (5C2B1234) 00 00".into(),
        initialized: true,
        lone_keys: vec!["Jabberwock".into()],
        ..TokenFacts::default()
    };
    let other =
        TokenFacts { label: "Cheshire".into(), serial: "F00DFACE99".into(), pin: PinState::Locked, ..token.clone() };
    let raw = "CKR of Alice Liddell (0815471100) in /home/alicia/.config, user alicia, F00DFACE99";
    let problem = Problem { code: 2010, facts: [("text".to_owned(), raw.to_owned())].into(), detail: raw.into() };
    let driver =
        |path: &str, tokens| DriverFacts { path: path.into(), started: true, tokens, ..DriverFacts::default() };
    let binding = Binding {
        certificate: "c0ffee".repeat(10),
        provider: "P".into(),
        container: "alice@wonder.example".into(),
        opens: Some(false),
        detail: raw.into(),
        ..Binding::default()
    };
    Facts {
        format: FORMAT,
        taken: 1_800_000_000,
        reader_service: Some(ReaderService {
            detail: raw.into(),
            readers: vec![Reader { name: "Gemalto (5C2B1234) 00 00".into(), ..Reader::default() }],
            ..ReaderService::default()
        }),
        usb: vec![UsbDevice { product: "Key 5C2B1234".into(), ..UsbDevice::default() }],
        plugged: vec![Plugged { id: "serial:0815471100".into(), name: "Alice Liddell".into(), ..Plugged::default() }],
        drivers: vec![
            driver("/home/alicia/lib/a.so", vec![token.clone()]),
            driver("/usr/lib/b.so", vec![token, other]),
            DriverFacts { started: false, problem: Some(problem), ..driver("/usr/lib/c.so", vec![]) },
        ],
        providers: vec![Provider { name: "P".into(), detail: raw.into(), ..Provider::default() }],
        bindings: vec![binding],
        certificates: vec![CertificateFacts {
            subject: "Liddell, Alice".into(),
            sha256: "c0ffee".repeat(10),
            place: "/home/alicia/me.p12".into(),
            ..CertificateFacts::default()
        }],
        browsers: vec![Browser { database: "/home/alicia/.pki/nssdb".into(), ..Browser::default() }],
        choices: vec![Choice {
            token: "serial:5C2B1234".into(),
            others: vec!["label:Cheshire".into(), "serial:F00DFACE99".into()],
            driver: "/home/alicia/lib/a.so".into(),
        }],
        catalogue_faults: vec![CatalogueFault { path: "/home/alicia/x.toml".into(), detail: raw.into() }],
        ..Facts::default()
    }
}

fn report(facts: &Facts, redaction: Redaction, language: Language) -> String {
    written(&redact::redact(facts, redaction, &person()), redaction, language)
}

#[test]
fn names_and_serials_stay_here_unless_ticked() {
    for (names, serials) in [(false, false), (true, false), (false, true), (true, true)] {
        for language in [Language::En, Language::ZhCn] {
            let page = report(&planted(), Redaction { names, serials }, language);
            let there = |words: &[&'static str]| -> Vec<&str> {
                words.iter().copied().filter(|word| page.contains(word)).collect()
            };
            assert_eq!(there(&NAMES).len(), if names { NAMES.len() } else { 0 }, "{:?}", there(&NAMES));
            assert_eq!(there(&SERIALS).len(), if serials { SERIALS.len() } else { 0 }, "{:?}", there(&SERIALS));
        }
    }
}

fn found(facts: &Facts) -> Vec<(u16, Severity)> {
    rules::judge(facts).iter().map(|one| (one.code.number(), one.severity)).collect()
}

#[test]
fn what_is_replayed_is_what_was_found() {
    let mut all: Vec<Facts> = rows().into_iter().map(|(_, facts, _)| facts).collect();
    all.push(planted());
    // Short forms that would be the same.
    let mut alike = planted();
    alike.drivers[0].tokens[0].serial = "9915471100".into();
    alike.drivers[1].tokens[1].label = "Alice Other".into();
    all.push(alike);
    for facts in all {
        for redaction in [Redaction::default(), Redaction { names: true, serials: true }] {
            let page = report(&facts, redaction, Language::En);
            let replayed = parse(&page).unwrap();
            assert_eq!(found(&replayed), found(&facts), "{facts:#?}");
        }
    }
}

#[test]
fn nothing_in_it_runs_or_ends_it() {
    let mut facts = planted();
    let evil = "</script><script>alert(1)</script><!-- & \" ' ]]>";
    facts.drivers[1].description = evil.into();
    facts.drivers[1].name = evil.into();
    facts.certificates[0].subject = evil.into();
    let all = Redaction { names: true, serials: true };
    let page = report(&facts, all, Language::En);
    assert_eq!(page.matches("<script").count(), 1, "{page}");
    assert_eq!(page.matches("</script").count(), 1, "{page}");
    assert!(!page.contains("<!--") && page.contains("default-src 'none'"));
    assert_eq!(parse(&page).unwrap(), facts);
}

#[test]
fn hostile_files_are_no_reports() {
    let folder = tempfile::tempdir().unwrap();
    let page = report(&planted(), Redaction::default(), Language::En);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty", vec![]),
        ("no text", vec![0xff; 1000]),
        ("a picture", b"\x89PNG\r\n".to_vec()),
        ("HTML of somebody else", b"<!doctype html><p>hello".to_vec()),
        ("cut off", page.as_bytes()[..page.find(BEGIN).unwrap() + 200].to_vec()),
        ("a newer version", br#"{"format": 2}"#.to_vec()),
        ("no version", br#"{}"#.to_vec()),
        ("a version that is none", br#"{"format": -1}"#.to_vec()),
        ("a list", b"[1,2]".to_vec()),
        ("types that do not fit", br#"{"format": 1, "drivers": 7}"#.to_vec()),
        ("a word that is none", br#"{"format": 1, "readerService": {"state": "flying"}}"#.to_vec()),
        ("deep", deep.into_bytes()),
        ("too large", vec![b' '; LONGEST as usize + 1]),
    ];
    for (about, content) in cases {
        let file = folder.path().join("report.html");
        fs::write(&file, content).unwrap();
        assert_eq!(read(&file).unwrap_err().code, Code::BadReport, "{about}");
    }
    assert_eq!(read(folder.path()).unwrap_err().code, Code::BadReport, "a folder");
    assert_eq!(read(&folder.path().join("none")).unwrap_err().code, Code::FileNotReadable);
}

/// Whatever is cut off or turned round: an answer, never a panic, and soon.
#[test]
fn broken_reports_do_no_harm() {
    let page = report(&planted(), Redaction::default(), Language::En);
    let begin = page.find(BEGIN).unwrap() + BEGIN.len();
    let json: Vec<char> = page[begin..page.rfind(END).unwrap()].chars().collect();
    for at in (0..json.len()).step_by(7) {
        for with in ['"', '9', '-', '{', '\u{0}'] {
            let mut broken = json.clone();
            broken[at] = with;
            if let Ok(facts) = parse(&broken.into_iter().collect::<String>()) {
                let _ = written(&facts, Redaction::default(), Language::ZhCn);
            }
        }
    }
    // As much as fits into a file.
    let many = DriverFacts {
        tokens: vec![TokenFacts { label: "A".into(), initialized: true, ..TokenFacts::default() }; 40],
        ..DriverFacts::default()
    };
    let facts = Facts { format: FORMAT, drivers: vec![many; 3000], ..Facts::default() };
    let text = serde_json::to_string(&facts).unwrap();
    let began = std::time::Instant::now();
    let facts = parse(&text).unwrap();
    assert!(facts.drivers.len() <= MOST && found(&facts).len() <= 2 * MOST);
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}
