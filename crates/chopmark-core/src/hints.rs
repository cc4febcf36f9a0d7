//! The only place with advice: every error code in words people understand, and what to do about it.
//!
//! `hints/en.rs` and `hints/zh_cn.rs` hold the words, one match over every [`Code`] each. In a text `{token}` is a fact of
//! the error; `[…]` is left out when a fact in it is missing, so a sentence never shows a hole. Where the systems differ the
//! tables are told for which [`System`] the advice is: a report from elsewhere is read with that computer's steps.

mod en;
pub(crate) mod letter;
pub(crate) mod programs;
pub(crate) mod providers;
mod reasons;
pub(crate) mod report;
pub(crate) mod servers;
mod zh_cn;

use std::{collections::BTreeMap, error::Error as _};

pub(crate) use reasons::Reason;

use crate::{
    drivers::{Database, facts::Problem, rules::Ruled},
    error::{Code, Error},
    model::{ErrorView, Finding, FixOffer},
    repairs::Repair,
};

/// Languages the product speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    ZhCn,
}

impl Language {
    /// Chinese for every `zh` tag, English otherwise.
    pub fn from_tag(tag: &str) -> Language {
        if tag.to_ascii_lowercase().starts_with("zh") { Language::ZhCn } else { Language::En }
    }
}

/// The system that advice is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Linux, and whatever else is like it.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

impl System {
    /// This one.
    pub fn ours() -> System {
        System::named(std::env::consts::OS)
    }

    /// By the name that Rust gives it.
    pub fn named(os: &str) -> System {
        match os {
            "windows" => System::Windows,
            "macos" => System::MacOs,
            _ => System::Linux,
        }
    }
}

/// What a table says about one code.
struct Words {
    message: &'static str,
    hints: &'static [&'static str],
}

/// Most steps of advice; more are not read.
const MOST_HINTS: usize = 3;
/// Longest fact shown in a sentence; CAs and drivers can be talkative. All of it stands in the detail.
const LONGEST_FACT: usize = 300;

/// An error in words.
pub fn explain(error: &Error, language: Language) -> ErrorView {
    explain_on(error, language, System::ours())
}

/// An error in words, with the steps for that system.
pub fn explain_on(error: &Error, language: Language, system: System) -> ErrorView {
    let raw = error.facts.iter().map(|(name, value)| (*name, value.as_str())).collect();
    view(error.code, &Facts { raw, language, system }, detail(error))
}

/// What a rule found, in words.
pub(crate) fn found(ruled: &Ruled, language: Language, system: System) -> ErrorView {
    let raw = ruled.facts.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut detail: Vec<String> = ruled.facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    detail.extend(Some(ruled.detail.clone()).filter(|detail| !detail.is_empty()));
    view(ruled.code, &Facts { raw, language, system }, detail.join("\n"))
}

/// The same as a finding of its own.
pub(crate) fn finding(ruled: &Ruled, language: Language, system: System) -> Finding {
    let ErrorView { code, message, hints, detail, .. } = found(ruled, language, system);
    let about = shorten(&ruled.about);
    let fix = ruled.repair.as_ref().map(|repair| FixOffer { id: repair.id(), does: repair_words(repair, language).0 });
    Finding { code, severity: ruled.severity, about, message, hints, detail, fix }
}

/// What people call a store of this computer.
pub(crate) fn store_name(database: &Database, language: Language) -> String {
    let Database { program, packaging, profile, folder } = database;
    if program.is_empty() {
        return folder.display().to_string();
    }
    match (packaging.is_empty() && profile.is_none(), language) {
        // Chromium's kin have it in common.
        (true, Language::En) => "This computer (Chromium, Chrome, Edge)".to_owned(),
        (true, Language::ZhCn) => "这台电脑（Chromium、Chrome、Edge）".to_owned(),
        _ => program_name(program, packaging, profile.as_deref(), language),
    }
}

/// What people call a keychain of macOS.
#[cfg(any(target_os = "macos", test))]
#[cfg_attr(not(target_os = "macos"), allow(dead_code, reason = "only macOS has them"))]
pub(crate) fn keychain_name(keep: crate::stores::computer::keychain::Keep, language: Language) -> &'static str {
    use crate::stores::computer::keychain::Keep;
    match (keep, language) {
        (Keep::Login, Language::En) => "This Mac (login keychain)",
        (Keep::Login, Language::ZhCn) => "这台 Mac（登录钥匙串）",
        (Keep::Enclave, Language::En) => "This Mac (Secure Enclave)",
        (Keep::Enclave, Language::ZhCn) => "这台 Mac（安全隔区）",
        (Keep::Token, Language::En) => "Smart card or USB key, through macOS",
        (Keep::Token, Language::ZhCn) => "智能卡或 USB Key（通过 macOS）",
    }
}

/// A program, how it was installed (empty: as usual), and its profile.
fn program_name(program: &str, packaging: &str, profile: Option<&str>, language: Language) -> String {
    let chinese = language == Language::ZhCn;
    let packaged = match (packaging.is_empty(), chinese) {
        (true, _) => program.to_owned(),
        (false, true) => format!("{program}（{packaging}）"),
        (false, false) => format!("{program} ({packaging})"),
    };
    match profile {
        None => packaged,
        Some(profile) if chinese => format!("{packaged}，配置文件 {profile}"),
        Some(profile) => format!("{packaged}, profile {profile}"),
    }
}

/// What a repair will do, and what it did.
pub(crate) fn repair_words(repair: &Repair, language: Language) -> (String, String) {
    let (does, did) = match language {
        Language::En => en::findings::repair(repair.word()),
        Language::ZhCn => zh_cn::findings::repair(repair.word()),
    };
    let named = repair.about();
    let raw = named.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let facts = Facts { raw, language, system: System::ours() };
    (fill(does, &facts), fill(did, &facts))
}

fn view(code: Code, facts: &Facts<'_>, detail: String) -> ErrorView {
    let words = facts.words(code);
    ErrorView {
        code: code.to_string(),
        class: code.class().word().to_owned(),
        message: fill(words.message, facts),
        hints: words.hints.iter().take(MOST_HINTS).map(|hint| fill(hint, facts)).filter(|h| !h.is_empty()).collect(),
        detail,
    }
}

/// A saved problem in words; one of a later version in those of a fault of ours.
pub(crate) fn explain_problem(problem: &Problem, language: Language) -> ErrorView {
    let code = Code::from_number(problem.code).unwrap_or(Code::Internal);
    let raw = problem.facts.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut detail: Vec<String> = problem.facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    detail.extend(Some(problem.detail.clone()).filter(|detail| !detail.is_empty()));
    view(code, &Facts { raw, language, system: System::ours() }, detail.join("\n"))
}

/// Why a driver stands where it does, in words.
pub(crate) fn reason(reason: Reason, words: &[(&'static str, String)], language: Language) -> String {
    let raw = words.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fill(reasons::words(reason, language), &Facts { raw, language, system: System::ours() })
}

/// Facts as the sentences see them.
struct Facts<'a> {
    raw: BTreeMap<&'a str, &'a str>,
    language: Language,
    system: System,
}

impl Facts<'_> {
    fn words(&self, code: Code) -> Words {
        // `what`, `reason` and a number of tries choose among sentences.
        let kind = match code {
            Code::NobodyToAsk => self.raw.get("what"),
            // Languages count in words of their own.
            Code::CodesWrong => self.raw.get("triesLeft"),
            _ => self.raw.get("reason"),
        };
        let kind = kind.copied().unwrap_or_default();
        match self.language {
            Language::En => en::words(code, kind, self.system),
            Language::ZhCn => zh_cn::words(code, kind, self.system),
        }
    }

    fn get(&self, name: &str) -> Option<String> {
        let value = self.raw.get(name)?.trim();
        let word = match self.language {
            Language::En => en::word(name, &plain_word(value)),
            Language::ZhCn => zh_cn::word(name, &plain_word(value)),
        };
        match word {
            Some(word) => Some(word.to_owned()).filter(|w| !w.is_empty()),
            None => Some(shorten(value)).filter(|v| !v.is_empty()),
        }
    }
}

/// `FinalTry`, `final-try` and `FINAL_TRY` are the same word.
fn plain_word(value: &str) -> String {
    value.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What comes from outside, on one line, without what steers a terminal or turns the writing direction.
fn shorten(value: &str) -> String {
    let plain = value.chars().map(|c| if is_steering(c) { ' ' } else { c });
    let mut short: String = plain.clone().take(LONGEST_FACT).collect();
    if plain.count() > LONGEST_FACT {
        short.push('…');
    }
    short.trim().to_owned()
}

fn is_steering(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Puts facts into a sentence. A fact is never read as a template again.
fn fill(template: &str, facts: &Facts<'_>) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(open) = rest.find('[') {
        out.push_str(&plain(&rest[..open], facts).unwrap_or_default());
        let (optional, after) = rest[open + 1..].split_once(']').unwrap_or((&rest[open + 1..], ""));
        out.push_str(&plain(optional, facts).unwrap_or_default());
        rest = after;
    }
    out.push_str(&plain(rest, facts).unwrap_or_default());
    out.trim().to_owned()
}

/// A piece without brackets; `None` if a fact is missing.
fn plain(piece: &str, facts: &Facts<'_>) -> Option<String> {
    let mut out = String::new();
    let mut rest = piece;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        out.push_str(before);
        out.push_str(&facts.get(name)?);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// The raw side: what was being done, the facts, the chain of causes. Facts and causes hold no secrets (invariant 6).
fn detail(error: &Error) -> String {
    let mut lines = vec![format!("{} while {}", error.code, error.doing)];
    lines.extend(error.facts.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.extend(Some(causes(error)).filter(|causes| !causes.is_empty()));
    lines.join("\n")
}

/// The chain of causes.
pub(crate) fn causes(error: &Error) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut cause = error.source();
    while let Some(source) = cause {
        let line = source.to_string();
        // Many error types repeat their cause in their own text.
        if !lines.last().is_some_and(|last| last.ends_with(&line)) {
            lines.push(format!("because: {line}"));
        }
        cause = source.source();
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const REASONS: &[&str] = &[
        "place-empty",
        "place-computer",
        "place-store",
        "place-unknown",
        "place-too-long",
        "path-empty",
        "path-not-text",
        "file-host",
        "pin-value",
        "slot",
        "module-name",
        "attribute-in-query",
        "attribute-twice",
        "attribute-unknown",
        "attribute-without-value",
        "attribute-too-long",
        "percent",
        "not-text",
        "pin-source",
        "key-unknown",
        "san",
        "reference",
        "proxy",
        "proxy-password",
        "tls-certificate",
        "two-stdin",
        "secret-unreadable",
        "secret-empty",
        "secret-too-long",
        "secret-not-text",
        "trust-unreadable",
        "certificate-ambiguous",
        "certificate-without-object",
        "fingerprint",
        "usage",
        "token-label",
        "object-ambiguous",
        "token-place",
        "order-domain",
        "order-record",
        "order-target",
        "order-value",
        "order-file",
        "order-proof",
        "order-method",
        "order-wildcard-file",
        "order-deadline",
        "order-rules",
        "order-no-file",
        "ussl-address",
        "acme-address",
        "acme-code",
        "acme-contact",
        "order-request",
        "order-not-acme",
        "order-no-act",
        "validation-settings",
        "anything else",
    ];
    const ASKED: &[&str] = &[
        "place",
        "ca",
        "reference",
        "authorization-code",
        "pin",
        "file-password",
        "proxy-password",
        "tls-password",
        "changes",
        "accept-changes",
        "verification-code",
        "confirm-revocation",
        "confirm-root",
        "job",
        "so-pin",
        "new-pin",
        "confirm-label",
        "anything else",
    ];
    const SYSTEMS: [System; 3] = [System::Linux, System::MacOs, System::Windows];
    /// Every fact name that `error.rs` and the tables speak of.
    const FACTS: &[&str] = &[
        "what",
        "seen",
        "ca",
        "certificate",
        "job",
        "driver",
        "is",
        "needs",
        "signal",
        "verb",
        "exit",
        "seconds",
        "call",
        "rv",
        "program",
        "token",
        "state",
        "key",
        "text",
        "failInfo",
        "retryAfter",
        "host",
        "status",
        "contentType",
        "location",
        "check",
        "expected",
        "found",
        "reason",
        "path",
        "attribute",
        "tries",
        "positions",
        "triesLeft",
        "protection",
        "reader",
        "device",
        "download",
        "other",
        "provider",
        "free",
        "keys",
        "wants",
        "days",
        "sandbox",
        "browser",
        "fix",
        "object",
        "min",
        "max",
        "order",
        "name",
        "type",
        "zone",
        "minutes",
        "servers",
        "domain",
        "url",
        "address",
        "account",
        "each",
    ];

    fn every_error() -> Vec<Error> {
        let mut all = Vec::new();
        for &code in Code::ALL {
            let kinds: &[(&'static str, &[&str])] = match code {
                Code::BadInput => &[("reason", REASONS)],
                Code::NobodyToAsk => &[("what", ASKED)],
                Code::CodeLooksWrong => &[("reason", &["reference-number", "authorization-code"])],
                Code::WebCertificate => &[("reason", &["expired", "name", "issuer", "other"])],
                Code::CodesWrong => &[("triesLeft", &["0", "1", "2", "17"])],
                Code::ChainUntrusted => &[("reason", &["no-roots"])],
                _ => &[],
            };
            all.push(Error::new(code, "testing"));
            for (name, values) in kinds {
                all.extend(values.iter().map(|value| Error::new(code, "testing").with(name, value)));
            }
        }
        all
    }

    fn check(error: &Error, language: Language, system: System) {
        let view = explain_on(error, language, system);
        let label = format!("{} {:?} {language:?} {system:?}: {}", view.code, error.facts, view.message);
        assert!(!view.message.is_empty(), "{label}");
        assert!(view.hints.len() <= MOST_HINTS, "{label}");
        for text in view.hints.iter().chain([&view.message]) {
            assert!(!text.contains(['{', '}', '[', ']', '!', '！']), "{label}: {text}");
            assert!(!text.contains("  ") && !text.contains(" .") && !text.contains("：。"), "{label}: {text}");
            let ends = match language {
                Language::En => text.ends_with(['.', ':']) || text.contains("fact"),
                Language::ZhCn => text.ends_with(['。', '：']) || text.contains("fact"),
            };
            assert!(ends, "{label}: {text}");
            if language == Language::ZhCn {
                assert!(text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{label}: {text}");
            }
        }
    }

    #[test]
    fn every_code_has_words_in_both_languages() {
        for language in [Language::En, Language::ZhCn] {
            for mut error in every_error() {
                // What only a check-up gives always comes with its facts.
                if !matches!(error.code.number(), 2300..2800 | 3315 | 3316) {
                    SYSTEMS.iter().for_each(|system| check(&error, language, *system));
                }
                for name in FACTS {
                    error.facts.entry(name).or_insert_with(|| format!("fact-{name}"));
                }
                SYSTEMS.iter().for_each(|system| check(&error, language, *system));
            }
        }
    }

    #[test]
    fn known_reasons_have_their_own_sentence() {
        for language in [Language::En, Language::ZhCn] {
            for (code, name, words) in [(Code::BadInput, "reason", REASONS), (Code::NobodyToAsk, "what", ASKED)] {
                let message = |word: &str| explain(&Error::new(code, "testing").with(name, word), language).message;
                let other = message("anything else");
                let own: Vec<_> = words.iter().filter(|w| **w != "anything else").collect();
                assert!(own.iter().all(|word| message(word) != other), "{own:?}");
            }
        }
    }

    #[test]
    fn a_wrong_pin_says_what_is_left() {
        let error = Error::new(Code::PinWrong, "signing in").with("token", "Alice").with("state", "final-try");
        assert_eq!(
            explain(&error, Language::En).message,
            "The USB key “Alice” refused the PIN. One try is left; another wrong PIN locks it."
        );
        assert_eq!(
            explain(&error, Language::ZhCn).message,
            "USB Key“Alice”不接受该 PIN。只剩最后一次机会，再输错就会锁定。"
        );
        let error = Error::new(Code::PinWrong, "signing in").with("tries", 2);
        assert_eq!(explain(&error, Language::En).message, "The USB key refused the PIN. 2 tries left.");
    }

    #[test]
    fn a_wrong_code_says_what_is_left() {
        let message = |left: Option<u32>, language| {
            let error = Error::new(Code::CodesWrong, "asking");
            explain(&left.into_iter().fold(error, |error, left| error.with("triesLeft", left)), language).message
        };
        for (left, english, chinese) in [
            (None, "", ""),
            (Some(0), " It says that no tries are left: they are locked.", "CA 表示已没有剩余次数，这组码已锁定。"),
            (Some(1), " It says that 1 try is left.", "CA 表示只剩 1 次机会。"),
            (Some(4), " It says that 4 tries are left.", "CA 表示还剩 4 次机会。"),
        ] {
            assert_eq!(message(left, Language::En), format!("The CA does not accept the two codes.{english}"));
            assert_eq!(message(left, Language::ZhCn), format!("CA 不接受这组参考号和授权码。{chinese}"));
        }
    }

    #[test]
    fn facts_are_data() {
        let error = Error::new(Code::CaRefused, "asking").with("text", "{token} [x]\u{1b}[2J\n\u{202e}no");
        let view = explain(&error, Language::En);
        assert!(view.message.contains("{token} [x]"), "{}", view.message);
        assert!(!view.message.contains(is_steering), "{}", view.message);
        let long = Error::new(Code::CaRefused, "asking").with("text", "长".repeat(5000));
        assert!(explain(&long, Language::ZhCn).message.chars().count() < 400);
    }

    #[test]
    fn the_detail_has_the_causes() {
        let cause = Error::new(Code::CaTimeout, "waiting").because(std::io::Error::other("socket gone"));
        let error = Error::new(Code::CaNoConnection, "sending").with("host", "ca.example").because(cause);
        let detail = explain(&error, Language::En).detail;
        assert!(detail.contains("CM-3202 while sending") && detail.contains("host: ca.example"), "{detail}");
        assert!(detail.contains("CM-3210 while waiting: socket gone"), "{detail}");
    }
}
