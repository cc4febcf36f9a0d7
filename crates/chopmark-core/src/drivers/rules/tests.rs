//! Every finding from saved facts: one row a situation, with the whole of what is found.

use super::*;
use crate::{
    drivers::facts::*,
    hints::{self, Language, System as Advice},
    model::PinState,
};

const NOW: i64 = 1_800_000_000;
const DAY: i64 = 86_400;
const LINUX: &str = "linux";

/// A machine where all is well: one driver, one token.
fn well() -> Facts {
    Facts {
        format: FORMAT,
        taken: NOW,
        system: System { os: LINUX.into(), arch: "x86_64".into(), ..System::default() },
        drivers: vec![driver("/usr/lib/maker.so", vec![token("Alice", "4711")])],
        ..Facts::default()
    }
}

/// A machine with nothing but a driver that sees nothing.
fn bare() -> Facts {
    Facts { drivers: vec![driver("/usr/lib/maker.so", vec![])], ..well() }
}

fn driver(path: &str, tokens: Vec<TokenFacts>) -> DriverFacts {
    let name = format!("The {}", file_name(path));
    DriverFacts { path: path.into(), name, started: true, tokens, ..DriverFacts::default() }
}

fn failed_driver(code: Code) -> DriverFacts {
    let problem = Some(Problem { code: code.number(), detail: "raw".into(), ..Problem::default() });
    DriverFacts { started: false, problem, ..driver("/usr/lib/bad.so", vec![]) }
}

fn token(label: &str, serial: &str) -> TokenFacts {
    TokenFacts {
        label: label.into(),
        serial: serial.into(),
        model: "M".into(),
        initialized: true,
        removable: true,
        keys: vec![KeyChoice::Rsa2048, KeyChoice::EcP256],
        ..TokenFacts::default()
    }
}

fn with_token(change: impl FnOnce(&mut TokenFacts)) -> Facts {
    let mut facts = well();
    change(&mut facts.drivers[0].tokens[0]);
    facts
}

fn service(state: ServiceState, readers: Vec<Reader>) -> Option<ReaderService> {
    Some(ReaderService { state, detail: "SCARD_E".into(), readers })
}

fn reader(card: bool) -> Reader {
    let atr = if card { "3B00".into() } else { String::new() };
    Reader { name: "Reader 0".into(), card, atr, ..Reader::default() }
}

fn usb(ccid: bool) -> Vec<UsbDevice> {
    vec![UsbDevice { vid: "096e".into(), pid: "0807".into(), product: "ePass".into(), ccid, ..UsbDevice::default() }]
}

fn candidate(name: &str, path: &str) -> Candidate {
    Candidate {
        name: name.into(),
        driver: path.into(),
        fits: true,
        sees: !path.is_empty(),
        download: "https://maker.example".into(),
        ..Candidate::default()
    }
}

fn plugged(drivers: Vec<Candidate>) -> Vec<Plugged> {
    vec![Plugged {
        id: "key-1".into(),
        name: "ePass2003".into(),
        usb: "096e:0807".into(),
        drivers,
        ..Plugged::default()
    }]
}

fn ca(change: impl FnOnce(&mut CaFacts)) -> Option<CaFacts> {
    let mut ca = CaFacts {
        title: "Demo CA".into(),
        host: "ca.example".into(),
        roots_end: Some(NOW + 1000 * DAY),
        clock_ahead: Some(2),
        ..CaFacts::default()
    };
    change(&mut ca);
    Some(ca)
}

fn ca_problem(code: Code) -> Facts {
    let problem = Problem { code: code.number(), ..Problem::default() };
    Facts { ca: ca(|ca| ca.problem = Some(problem)), ..well() }
}

fn certificate(change: impl FnOnce(&mut CertificateFacts)) -> Facts {
    let mut one = CertificateFacts {
        subject: "Alice Example".into(),
        sha256: "ab".repeat(32),
        place: "Alice".into(),
        place_kind: "token".into(),
        not_before: NOW - 100 * DAY,
        not_after: NOW + 200 * DAY,
        has_key: Some(true),
        ..CertificateFacts::default()
    };
    change(&mut one);
    Facts { certificates: vec![one], ..well() }
}

fn windows(bindings: Vec<Binding>, providers: Vec<Provider>, capi: Option<u32>) -> Facts {
    let system = System { os: "windows".into(), ..well().system };
    let windows = Some(WindowsSettings { disable_capi_override_for_rsa: capi });
    Facts { system, bindings, providers, windows, ..well() }
}

fn binding(provider: &str, found_in: &str) -> Binding {
    let (certificate, provider, found_in) = ("cd".repeat(32), provider.into(), found_in.into());
    Binding { certificate, provider, kind: "csp".into(), opens: Some(false), found_in, ..Binding::default() }
}

fn provider(name: &str) -> Provider {
    Provider { name: name.into(), kind: "csp".into(), opens: true, sha256: Some(true), ..Provider::default() }
}

fn browser(name: &str, packaging: &str) -> Vec<Browser> {
    vec![Browser { name: name.into(), packaging: packaging.into(), ..Browser::default() }]
}

/// What is found, as `2301e 2101w`.
fn words(facts: &Facts) -> String {
    let letter = |severity| match severity {
        Severity::Error => 'e',
        Severity::Warning => 'w',
        Severity::Note => 'n',
    };
    let mut all: Vec<String> =
        judge(facts).iter().map(|one| format!("{}{}", one.code.number(), letter(one.severity))).collect();
    all.sort();
    all.join(" ")
}

type Row = (&'static str, Facts, &'static str);

fn readers_rows() -> Vec<Row> {
    use ServiceState::*;
    let state = |state| Facts { reader_service: service(state, vec![]), ..bare() };
    let needed = |state| Facts { usb: usb(false), ..self::state(state) };
    let with = |reader: Reader| Facts { reader_service: service(Running, vec![reader]), ..bare() };
    vec![
        ("all is well", well(), ""),
        (
            "a service with an empty reader, and a token",
            Facts { reader_service: service(Running, vec![reader(false)]), ..well() },
            "2307n",
        ),
        ("no library, nothing that needs it", state(NotInstalled), "2101w 2301w"),
        ("no library, and a key that needs it", needed(NotInstalled), "2101w 2301e"),
        (
            "no library, and a token all the same",
            Facts { reader_service: service(NotInstalled, vec![]), ..well() },
            "2301n",
        ),
        ("stopped", needed(NotRunning), "2101w 2302e"),
        ("polkit says no", needed(Denied), "2101w 2303e"),
        ("hangs", needed(Hangs), "2101w 2304e"),
        ("answers nonsense", needed(Faulty), "2101w 2305e"),
        ("a reader that the service does not see", Facts { usb: usb(true), ..state(Running) }, "2101w 2306w"),
        ("a reader without card", with(reader(false)), "2101w 2307w"),
        ("a card that is mute", with(Reader { mute: true, ..reader(true) }), "2308e"),
        ("a card held by another program", with(Reader { exclusive: true, ..reader(true) }), "2309w 2311w"),
        ("a card that nobody knows", with(reader(true)), "2311w"),
        ("driver known, not installed", Facts { plugged: plugged(vec![candidate("Feitian", "")]), ..bare() }, "2310e"),
        (
            "the same, and no driver at all",
            Facts { plugged: plugged(vec![candidate("Feitian", "")]), drivers: vec![], ..bare() },
            "2310e",
        ),
        ("the same beside a token", Facts { plugged: plugged(vec![candidate("Feitian", "")]), ..well() }, "2310w"),
        (
            "only a guess",
            Facts { plugged: plugged(vec![Candidate { guess: true, ..candidate("Feitian", "") }]), ..bare() },
            "2312w",
        ),
        (
            "the fitting driver does not see it",
            Facts { plugged: plugged(vec![candidate("Maker", "/usr/lib/maker.so")]), ..bare() },
            "2313w",
        ),
        (
            "seen through its driver",
            Facts {
                plugged: vec![Plugged {
                    label: "Alice".into(),
                    ..plugged(vec![candidate("M", "/usr/lib/maker.so")]).remove(0)
                }],
                ..well()
            },
            "",
        ),
    ]
}

fn state(state: ServiceState) -> Facts {
    Facts { reader_service: service(state, vec![]), ..bare() }
}

fn driver_rows() -> Vec<Row> {
    let alone = |code| Facts { drivers: vec![failed_driver(code)], ..well() };
    let beside = |code| {
        let mut facts = well();
        facts.drivers.push(failed_driver(code));
        facts
    };
    let searching = |code| {
        let mut facts = bare();
        facts.drivers.push(failed_driver(code));
        facts
    };
    let other = |path: &str, generic: bool| DriverFacts { generic, ..driver(path, vec![token("Alice", "4711")]) };
    let generic = |makers: Candidate| {
        let opensc = Candidate { generic: true, chosen: true, ..candidate("OpenSC", "/usr/lib/opensc-pkcs11.so") };
        let one = Plugged { label: "Alice".into(), ..plugged(vec![opensc, makers]).remove(0) };
        Facts {
            plugged: vec![one],
            drivers: vec![other("/usr/lib/opensc-pkcs11.so", true), driver("/usr/lib/maker.so", vec![])],
            ..well()
        }
    };
    let chosen = |path: &str, fits: bool| {
        let mut facts = well();
        let choice = Candidate { fits, sees: fits, chosen: true, ..candidate("Chosen", path) };
        facts.plugged = plugged(vec![candidate("Maker", "/usr/lib/maker.so"), choice]);
        facts.plugged[0].label = "Alice".into();
        facts.drivers.push(driver("/usr/lib/other.so", vec![]));
        facts.choices = vec![Choice { token: "key-1".into(), driver: path.into(), ..Choice::default() }];
        facts
    };
    let helper = Some(Problem { code: Code::HelperBroken.number(), ..Problem::default() });
    vec![
        ("no driver at all", Facts { drivers: vec![], ..well() }, "2001e 2101w"),
        ("our helper is broken", Facts { helper, drivers: vec![], ..well() }, "2011e"),
        ("file gone", alone(Code::DriverNotFound), "2002e 2101w"),
        ("wrong architecture", alone(Code::DriverWrongArchitecture), "2003e 2101w"),
        ("32 bits", alone(Code::DriverWrongBits), "2012e 2101w"),
        ("32 bits, beside a token", beside(Code::DriverWrongBits), "2012n"),
        ("32 bits, beside a driver that sees nothing", searching(Code::DriverWrongBits), "2012w 2101w"),
        ("a text file", alone(Code::NotADriver), "2004e 2101w"),
        ("not readable", alone(Code::DriverUnreadable), "2013e 2101w"),
        ("a library is missing", alone(Code::DriverNotLoadable), "2005e 2101w"),
        ("crashes", alone(Code::DriverCrashed), "2006e 2101w"),
        ("exits", alone(Code::DriverExited), "2007e 2101w"),
        ("closes the channel", alone(Code::DriverClosedChannel), "2008e 2101w"),
        ("hangs", alone(Code::DriverHangs), "2009e 2101w"),
        ("reports an error", alone(Code::DriverFault), "2010e 2101w"),
        (
            "a number from the future is left out",
            Facts {
                drivers: vec![DriverFacts {
                    problem: Some(Problem { code: 65_000, ..Problem::default() }),
                    ..driver("/a", vec![])
                }],
                ..well()
            },
            "2101w",
        ),
        (
            "a signature that is broken",
            {
                let mut facts = well();
                facts.drivers[0].file.signature = "bad".into();
                facts
            },
            "2401w",
        ),
        (
            "a driver that takes long",
            {
                let mut facts = well();
                facts.drivers[0].took = 7_001;
                facts
            },
            "2408n",
        ),
        (
            "two drivers for one token",
            {
                let mut facts = well();
                facts.drivers.push(other("/usr/lib/other.so", false));
                facts
            },
            "2402n",
        ),
        ("the generic driver, the maker's is installed", generic(candidate("Maker", "/usr/lib/maker.so")), "2403w"),
        ("the generic driver, the maker's is not installed", generic(candidate("Maker", "")), "2404n"),
        ("the generic driver, and a guess", generic(Candidate { guess: true, ..candidate("Maker", "") }), ""),
        ("the driver chosen is gone", chosen("/gone.so", true), "2405w"),
        ("the driver chosen fits", chosen("/usr/lib/other.so", true), ""),
        ("the driver chosen does not fit", chosen("/usr/lib/other.so", false), "2406e"),
        (
            "a broken file of added drivers",
            Facts {
                catalogue_faults: vec![CatalogueFault {
                    path: "/h/drivers.d/own.toml".into(),
                    detail: "line 3".into(),
                }],
                ..well()
            },
            "2407w",
        ),
    ]
}

fn provider_rows() -> Vec<Row> {
    const CSP: &str = "Microsoft Base Smart Card Crypto Provider";
    const KSP: &str = "Microsoft Smart Card Key Storage Provider";
    vec![
        (
            "a provider that is not installed",
            windows(vec![binding("ePass CSP", "")], vec![provider("Other")], None),
            "2501e",
        ),
        (
            "the wrong CSP",
            windows(vec![binding("A CSP", "B CSP")], vec![provider("a csp"), provider("B CSP")], None),
            "2502e",
        ),
        (
            "without SHA-256",
            windows(vec![], vec![Provider { sha256: Some(false), token: true, ..provider("Old") }], None),
            "2503w",
        ),
        (
            "without SHA-256, and nobody uses it",
            windows(vec![], vec![Provider { sha256: Some(false), ..provider("Old") }], None),
            "",
        ),
        ("bound to nothing", windows(vec![binding("", "")], vec![], None), "2504w"),
        ("CVE-2024-30098", windows(vec![binding(CSP, KSP)], vec![provider(CSP)], None), "2505e"),
        ("the protection is off", windows(vec![], vec![], Some(0)), "2508n"),
        ("off, so it is another matter", windows(vec![binding(CSP, KSP)], vec![provider(CSP)], Some(0)), "2502e 2508n"),
        (
            "does not open",
            windows(vec![], vec![Provider { opens: false, token: true, ..provider("P") }], None),
            "2506w",
        ),
        ("the key is nowhere", windows(vec![binding("P", "")], vec![provider("P")], None), "2507e"),
    ]
}

fn token_rows() -> Vec<Row> {
    let pin = |pin| with_token(|token| token.pin = pin);
    let so_pin = |so_pin| with_token(|token| token.so_pin = so_pin);
    let wants = |keys: Vec<KeyChoice>| Facts { ca: ca(|ca| ca.keys = keys), ..well() };
    vec![
        ("no token", bare(), "2101w"),
        (
            "an empty slot of a software driver",
            Facts {
                drivers: vec![driver(
                    "/s.so",
                    vec![TokenFacts { initialized: false, removable: false, ..token("", "") }],
                )],
                ..well()
            },
            "2101w 2108n",
        ),
        (
            "an empty slot beside a token",
            {
                let mut facts = well();
                facts.drivers[0].tokens.push(TokenFacts { initialized: false, removable: false, ..token("", "") });
                facts
            },
            "",
        ),
        ("a key that was never set up", with_token(|token| token.initialized = false), "2108e"),
        (
            "two keys of one name",
            {
                let mut facts = well();
                facts.drivers[0].tokens.push(token("Alice", "4712"));
                facts
            },
            "2102w",
        ),
        ("PIN locked", pin(PinState::Locked), "2104e"),
        (
            "PIN locked, beside a key that is well",
            {
                let mut facts = pin(PinState::Locked);
                facts.drivers[0].tokens.push(token("Bob", "4712"));
                facts
            },
            "2104w",
        ),
        ("PIN to be changed", pin(PinState::MustChange), "2105w"),
        ("PIN not set", pin(PinState::NotSet), "2106e"),
        ("PIN count low", pin(PinState::CountLow), "2601w"),
        ("PIN final try", pin(PinState::FinalTry), "2602w"),
        ("SO PIN count low", so_pin(PinState::CountLow), "2603n"),
        ("SO PIN final try", so_pin(PinState::FinalTry), "2604w"),
        ("SO PIN locked", so_pin(PinState::Locked), "2605w"),
        ("a PIN pad", with_token(|token| token.pin_pad = true), "2606n"),
        ("write-protected", with_token(|token| token.write_protected = true), "2202w"),
        ("full", with_token(|token| token.free_memory = Some(512)), "2201e"),
        ("nearly full", with_token(|token| token.free_memory = Some(5_000)), "2607w"),
        ("room enough", with_token(|token| token.free_memory = Some(50_000)), ""),
        ("keys that the CA takes", wants(vec![KeyChoice::EcP256]), ""),
        ("keys too small for the CA", wants(vec![KeyChoice::Rsa4096]), "2608e"),
        ("keys of another kind than the CA takes", wants(vec![KeyChoice::Ed25519]), "2204e"),
        ("no keys at all", with_token(|token| token.keys.clear()), "2204e"),
        ("a key without certificate", with_token(|token| token.lone_keys = vec!["old".into()]), "2609n"),
        ("a certificate as it should be", certificate(|_| ()), ""),
        ("a certificate without key", certificate(|one| one.has_key = Some(false)), "1112w"),
        ("whether there is a key cannot be told", certificate(|one| one.has_key = None), ""),
        ("expired", certificate(|one| one.not_after = NOW - DAY), "2610w"),
        ("expires soon", certificate(|one| one.not_after = NOW + 5 * DAY), "2611w"),
        ("not valid yet", certificate(|one| one.not_before = NOW + DAY), "2612w"),
        (
            "a CA's certificate",
            certificate(|one| (one.authority, one.not_after, one.has_key) = (true, 0, Some(false))),
            "",
        ),
    ]
}

fn ca_rows() -> Vec<Row> {
    let met = |code: Code| ca_problem(code);
    let clock = |ahead| Facts { ca: ca(|ca| ca.clock_ahead = Some(ahead)), ..well() };
    let roots = |end: Option<i64>| Facts { ca: ca(|ca| ca.roots_end = end), ..well() };
    vec![
        ("a CA that is there", Facts { ca: ca(|_| ()), ..well() }, ""),
        ("DNS", met(Code::CaNameUnknown), "3201e"),
        ("TCP", met(Code::CaNoConnection), "3202e"),
        ("TLS", met(Code::CaTls), "3203e"),
        ("HTTP status", met(Code::CaHttpStatus), "3204e"),
        ("not CMP", met(Code::CaNotCmp), "3205e"),
        ("garbled", met(Code::CaAnswerGarbled), "3208e"),
        ("redirected", met(Code::CaRedirects), "3209e"),
        ("timeout", met(Code::CaTimeout), "3210e"),
        ("proxy wants a password", met(Code::ProxyWantsPassword), "3211e"),
        ("proxy unreachable", met(Code::ProxyNoConnection), "3212e"),
        ("wants a certificate", met(Code::CaWantsCertificate), "3213e"),
        ("refuses our certificate", met(Code::CaRefusesCertificate), "3214e"),
        ("clock ahead", clock(3_600), "3304e"),
        ("clock behind", clock(-200), "3304w"),
        ("clock hostile", clock(i64::MIN), "3304e"),
        ("no roots", roots(None), "3305e"),
        ("root expired", roots(Some(NOW - DAY)), "3315e"),
        ("root expires soon", roots(Some(NOW + 30 * DAY)), "3316w"),
    ]
}

fn computer_rows() -> Vec<Row> {
    let sandbox = |word: &str| {
        let mut facts = well();
        facts.system.sandbox = word.into();
        facts
    };
    let mut registered = browser("Firefox", "");
    registered[0].drivers = vec!["/elsewhere/maker.so".into()];
    vec![
        ("we run in a snap", sandbox("snap"), "2701w"),
        ("we run in a container", sandbox("container"), "2701n"),
        ("a snap browser", Facts { browsers: browser("Firefox", "snap"), ..well() }, "2702n"),
        (
            "a snap browser, and a certificate",
            Facts { browsers: browser("Firefox", "snap"), ..certificate(|_| ()) },
            "2702w",
        ),
        ("a Flatpak browser", Facts { browsers: browser("Chromium", "flatpak"), ..well() }, "2703n"),
        ("a browser without our driver", Facts { browsers: browser("Firefox", ""), ..certificate(|_| ()) }, "2704n"),
        ("the same, and nothing to use", Facts { browsers: browser("Firefox", ""), ..well() }, ""),
        ("a browser with our driver", Facts { browsers: registered, ..certificate(|_| ()) }, ""),
    ]
}

pub(crate) fn rows() -> Vec<Row> {
    let all = [readers_rows(), driver_rows(), provider_rows(), token_rows(), ca_rows(), computer_rows()];
    all.into_iter().flatten().collect()
}

fn check((about, facts, expected): &Row) {
    assert_eq!(words(facts), *expected, "{about}");
    // Saved and loaded, they are the same facts.
    let saved = serde_json::to_string(facts).unwrap();
    assert_eq!(serde_json::from_str::<Facts>(&saved).unwrap(), *facts, "{about}");
    for one in judge(facts) {
        for language in [Language::En, Language::ZhCn] {
            for system in [Advice::Linux, Advice::MacOs, Advice::Windows] {
                let view = hints::found(&one, language, system);
                assert!(!view.message.is_empty() && view.hints.len() <= 3, "{about}: {view:?}");
                assert!(!view.message.contains(['{', '[', ']']), "{about}: {}", view.message);
            }
        }
    }
}

#[test]
fn each_situation_has_its_findings() {
    rows().iter().for_each(check);
}

/// The codes that a check-up can give, as the help desk's page lists them.
pub(crate) fn codes() -> BTreeSet<u16> {
    rows().iter().flat_map(|(_, facts, _)| judge(facts)).map(|one| one.code.number()).collect()
}

#[test]
fn no_finding_without_a_row() {
    let codes = codes();
    assert!(codes.len() >= 50, "{} findings", codes.len());
    let own =
        Code::ALL.iter().filter(|code| (2300..2800).contains(&code.number()) || matches!(code.number(), 3315 | 3316));
    let missing: Vec<_> = own.filter(|code| !codes.contains(&code.number())).collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
}

/// While drivers are still asked, nothing is said about what is not there.
#[test]
fn absence_is_not_judged_early() {
    let facts = Facts { drivers: vec![], ..well() };
    assert_eq!(judge_known(&facts, &BTreeSet::new()), []);
    assert_eq!(judge_known(&facts, &[Part::Plugged, Part::Ca, Part::Computer].into()), []);
    assert!(!judge_known(&facts, &[Part::Drivers].into()).is_empty());
    // What is there is told at once.
    let facts = Facts { drivers: vec![failed_driver(Code::DriverCrashed)], ..well() };
    assert_eq!(judge_known(&facts, &BTreeSet::new()).len(), 1);
}

#[test]
fn what_can_be_repaired_says_so() {
    let repairs: BTreeSet<&str> =
        rows().iter().flat_map(|(_, facts, _)| judge(facts)).filter_map(|one| Some(one.repair?.word())).collect();
    let expected = ["allow-capi", "bind-certificate", "choose-driver", "forget-choice", "register-driver", "set-aside"];
    assert_eq!(repairs, expected.into());
}

const PAGE: &str = "../../docs/HELPDESK.md";
const BEGIN: &str = "<!-- findings: written by `CHOPMARK_WRITE=1 cargo test -p chopmark-core help_desk` -->\n";
const END: &str = "<!-- end of findings -->";

/// The page's table: what a code is called by number, how much it can matter, what it says, and the steps for each system.
fn table() -> String {
    let mut severities: BTreeMap<u16, BTreeSet<Severity>> = BTreeMap::new();
    for one in rows().iter().flat_map(|(_, facts, _)| judge(facts)) {
        severities.entry(one.code.number()).or_default().insert(one.severity);
    }
    let mut out = String::from("| Number | Matters as | What it means | What to do |\n|---|---|---|---|\n");
    for (number, severities) in severities {
        let code = Code::numbered(number).unwrap();
        let example = rows().iter().flat_map(|(_, facts, _)| judge(facts)).find(|one| one.code == code).unwrap();
        let view = |system| hints::found(&example, Language::En, system);
        let steps = |system| view(system).hints.join(" ");
        let all = [("Linux", Advice::Linux), ("macOS", Advice::MacOs), ("Windows", Advice::Windows)];
        let same = all.iter().all(|(_, system)| steps(*system) == steps(Advice::Linux));
        let steps = match same {
            true => steps(Advice::Linux),
            false => all.map(|(name, system)| format!("*{name}:* {}", steps(system))).join("<br>"),
        };
        let matters: Vec<String> = severities.iter().rev().map(word).collect();
        let message = view(Advice::Linux).message;
        let row = format!("| CM-{number} | {} | {message} | {steps} |\n", matters.join(", "));
        out.push_str(&row.replace("$", "\\$"));
    }
    out
}

/// The help desk's page never says anything else than the program.
#[test]
fn the_help_desk_page_is_true() {
    let page = std::fs::read_to_string(PAGE).unwrap().replace("\r\n", "\n");
    let (before, rest) = page.split_once(BEGIN).expect("a place for the table");
    let (found, after) = rest.split_once(END).expect("its end");
    if std::env::var_os("CHOPMARK_WRITE").is_some() {
        std::fs::write(PAGE, format!("{before}{BEGIN}{}{END}{after}", table())).unwrap();
        return;
    }
    assert!(found == table(), "docs/HELPDESK.md is out of date: run the command that stands in it");
}
