//! PLACE as text: `pkcs11:` URIs (RFC 7512), `file:PATH`, and `computer`, with attributes as those URIs have them
//! (`computer:store=/home/me/.mozilla/firefox/x.default;id=%01`).
//!
//! What is read here comes from command lines, links and the journal: it is hostile until read. A value that may hold a
//! secret (`pin-value`) is refused without being repeated.

use std::{fmt::Write as _, path::PathBuf};

use crate::{
    error::{Code, Error, Result},
    model::Place,
};

/// Longest text taken as a place, in bytes.
const LONGEST: usize = 16 * 1024;
/// Longest value of one attribute, in bytes. Labels and serials have 32 at most; the rest is for paths.
const LONGEST_VALUE: usize = 4 * 1024;

/// What a URI says beyond the place: which object there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlaceExtras {
    /// CKA_ID.
    pub id: Option<Vec<u8>>,
    /// CKA_LABEL of the object.
    pub object: Option<String>,
}

impl PlaceExtras {
    /// Neither `id` nor `object`.
    pub fn is_empty(&self) -> bool {
        self.id.is_none() && self.object.is_none()
    }
}

impl Place {
    /// Reads a place. Relative paths are taken from the current folder.
    ///
    /// Errors have the code `BadInput` and the fact `reason`, a stable word that [`crate::hints`] knows.
    pub fn parse(text: &str) -> Result<(Place, PlaceExtras)> {
        if text.len() > LONGEST {
            return Err(bad("place-too-long"));
        }
        let text = text.trim();
        match text.split_once(':') {
            _ if text.is_empty() => Err(bad("place-empty")),
            _ if text.eq_ignore_ascii_case("computer") => computer(""),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("computer") => computer(rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("pkcs11") => token(rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => {
                Ok((Place::File { path: file_path(rest)? }, PlaceExtras::default()))
            }
            _ => Err(bad("place-unknown")),
        }
    }

    /// The place as text that [`Place::parse`] reads back.
    pub fn uri(&self) -> String {
        self.uri_with(&PlaceExtras::default())
    }

    /// The place with the object in it. A file has one object only, so nothing is added there.
    pub fn uri_with(&self, extras: &PlaceExtras) -> String {
        match self {
            // Two slashes in front would read as the start of a host (RFC 8089).
            Place::File { path } if path.starts_with('/') => format!("file:/{}", path.trim_start_matches('/')),
            Place::File { path } => format!("file:{path}"),
            Place::Computer { store, provider } => {
                let named =
                    [("store", store.as_ref()), ("provider", provider.as_ref()), ("object", extras.object.as_ref())];
                let parts = attribute_list(named, extras);
                let colon = if parts.is_empty() { "" } else { ":" };
                format!("computer{colon}{}", parts.join(";"))
            }
            Place::Token { label, serial, manufacturer, model, driver, pin_source } => {
                let named = [
                    ("token", label.as_ref()),
                    ("manufacturer", manufacturer.as_ref()),
                    ("serial", serial.as_ref()),
                    ("model", model.as_ref()),
                    ("object", extras.object.as_ref()),
                ];
                let path = attribute_list(named, extras);
                let query: Vec<String> = [("module-path", driver), ("pin-source", pin_source)]
                    .into_iter()
                    .filter_map(|(name, value)| Some(format!("{name}={}", encode(value.as_ref()?))))
                    .collect();
                let question = if query.is_empty() { "" } else { "?" };
                format!("pkcs11:{}{question}{}", path.join(";"), query.join("&"))
            }
        }
    }
}

fn bad(reason: &'static str) -> Error {
    Error::new(Code::BadInput, "reading the place").with("reason", reason)
}

/// The attributes that are there, in this order, and the id.
fn attribute_list<const N: usize>(named: [(&str, Option<&String>); N], extras: &PlaceExtras) -> Vec<String> {
    let present = named.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", encode(value?))));
    // RFC 7512 §2.3: the id is percent-encoded whole.
    present.chain(extras.id.as_ref().map(|id| format!("id={}", encode_all(id)))).collect()
}

/// The part behind `computer:`.
fn computer(rest: &str) -> Result<(Place, PlaceExtras)> {
    let (mut store, mut provider, mut extras) = (None, None, PlaceExtras::default());
    for (name, raw) in attributes(rest, ';')? {
        match name {
            "store" => once(&mut store, name, absolute(text(name, raw)?)?)?,
            "provider" => once(&mut provider, name, text(name, raw)?)?,
            "object" => once(&mut extras.object, name, text(name, raw)?)?,
            "id" => once(&mut extras.id, name, decode(name, raw)?)?,
            _ => return Err(unknown(name)),
        }
    }
    Ok((Place::Computer { store, provider }, extras))
}

/// The part behind `pkcs11:` (RFC 7512 §2.3).
fn token(rest: &str) -> Result<(Place, PlaceExtras)> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (mut label, mut serial, mut manufacturer, mut model) = (None, None, None, None);
    let (mut driver, mut pin_source) = (None, None);
    let mut extras = PlaceExtras::default();

    for (name, raw) in attributes(path, ';')? {
        match name {
            "token" => once(&mut label, name, text(name, raw)?)?,
            "serial" => once(&mut serial, name, text(name, raw)?)?,
            "manufacturer" => once(&mut manufacturer, name, text(name, raw)?)?,
            "model" => once(&mut model, name, text(name, raw)?)?,
            "object" => once(&mut extras.object, name, text(name, raw)?)?,
            "id" => once(&mut extras.id, name, decode(name, raw)?)?,
            // Written by p11tool and others; key and certificate are one thing here.
            "type" => {}
            // Which library it is says `module-path`.
            "library-description" | "library-manufacturer" | "library-version" => {}
            "slot-id" | "slot-description" | "slot-manufacturer" => return Err(bad("slot").with("attribute", name)),
            "pin-value" => return Err(bad("pin-value")),
            "module-path" | "pin-source" => return Err(bad("attribute-in-query").with("attribute", name)),
            // RFC 7512 §2.3: a part that is not understood could have told tokens apart, so it is never passed over.
            _ => return Err(unknown(name)),
        }
    }
    for (name, raw) in attributes(query, '&')? {
        match name {
            "module-path" => once(&mut driver, name, absolute(text(name, raw)?)?)?,
            "pin-source" => once(&mut pin_source, name, pin_file(&text(name, raw)?)?)?,
            "pin-value" => return Err(bad("pin-value")),
            "module-name" => return Err(bad("module-name")),
            _ if name.starts_with("x-") => {}
            _ => return Err(unknown(name)),
        }
    }
    Ok((Place::Token { label, serial, manufacturer, model, driver, pin_source }, extras))
}

/// `name=value` pairs. An error repeats no value.
fn attributes(text: &str, separator: char) -> Result<Vec<(&str, &str)>> {
    text.split(separator)
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').ok_or_else(|| bad("attribute-without-value")))
        .collect()
}

/// An attribute name that is not known, repeated only if it looks like a name.
fn unknown(name: &str) -> Error {
    let plain = name.len() <= 40 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let error = bad("attribute-unknown");
    if plain && !name.is_empty() { error.with("attribute", name) } else { error }
}

fn once<T>(slot: &mut Option<T>, name: &str, value: T) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(bad("attribute-twice").with("attribute", name)),
    }
}

fn decode(name: &str, raw: &str) -> Result<Vec<u8>> {
    if raw.len() > LONGEST_VALUE {
        return Err(bad("attribute-too-long").with("attribute", name));
    }
    let mut bytes = raw.bytes();
    let mut out = Vec::with_capacity(raw.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digits = [bytes.next(), bytes.next()].map(|d| d.and_then(|d| (d as char).to_digit(16)));
        let [Some(high), Some(low)] = digits else { return Err(bad("percent").with("attribute", name)) };
        out.push((high * 16 + low) as u8);
    }
    Ok(out)
}

pub(crate) fn text(name: &str, raw: &str) -> Result<String> {
    let text = String::from_utf8(decode(name, raw)?).map_err(|_| bad("not-text").with("attribute", name))?;
    if text.chars().any(char::is_control) {
        return Err(bad("not-text").with("attribute", name));
    }
    Ok(text)
}

/// `pin-source`: a path or a `file:` URI. Commands (`|…`) and other schemes are not run or fetched (RFC 7512 §5).
fn pin_file(value: &str) -> Result<String> {
    if value.starts_with('|') {
        return Err(bad("pin-source"));
    }
    match value.split_once(':') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => file_path(rest),
        Some((scheme, rest)) if scheme.len() > 1 && rest.starts_with("//") => Err(bad("pin-source")),
        _ => absolute(value.to_owned()),
    }
}

/// The part behind `file:`. With two slashes it is a URI (RFC 8089: local host, percent-encoded); else it is a path as typed.
fn file_path(rest: &str) -> Result<String> {
    let path = match rest.strip_prefix("//") {
        None => rest.to_owned(),
        Some(uri) => {
            let path = uri.find('/').map(|at| (&uri[..at], &uri[at..]));
            let Some(("" | "localhost", path)) = path else { return Err(bad("file-host")) };
            let path = text("file", path)?;
            // `file:///C:/…`
            let drive = cfg!(windows) && path.as_bytes().get(2) == Some(&b':');
            if drive { path[1..].to_owned() } else { path }
        }
    };
    absolute(path)
}

fn absolute(path: String) -> Result<String> {
    if path.is_empty() || path.ends_with(['/', std::path::MAIN_SEPARATOR]) {
        return Err(bad("path-empty"));
    }
    if path.len() > LONGEST_VALUE || path.chars().any(char::is_control) {
        return Err(bad("path-not-text"));
    }
    // A shell leaves the tilde alone behind `file:`, and nobody wants a folder of that name.
    let path = match (path.strip_prefix("~/"), directories::BaseDirs::new()) {
        (Some(rest), Some(dirs)) => dirs.home_dir().join(rest),
        _ => PathBuf::from(path),
    };
    let path = std::path::absolute(path).map_err(|source| bad("path-not-text").because(source))?;
    path.into_os_string().into_string().map_err(|_| bad("path-not-text"))
}

/// Keeps what RFC 3986 calls unreserved, and the slash of paths.
fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(byte as char);
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

fn encode_all(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 3), |mut out, byte| {
        let _ = write!(out, "%{byte:02X}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> String {
        let error = Place::parse(text).expect_err(text);
        assert_eq!(error.code, Code::BadInput, "{text}");
        error.facts["reason"].clone()
    }

    /// With a drive, where there are drives.
    fn absolute(path: &str) -> Option<String> {
        std::path::absolute(path).unwrap().to_str().map(str::to_owned)
    }

    #[test]
    fn reads_tokens() {
        let (place, extras) = Place::parse(
            "pkcs11:token=Alice%20%C3%A9;serial=12;manufacturer=M;model=X;type=cert;object=key%3B;id=%00%FFa\
             ?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/pin&x-vendor=1",
        )
        .unwrap();
        assert_eq!(
            place,
            Place::Token {
                label: Some("Alice é".into()),
                serial: Some("12".into()),
                manufacturer: Some("M".into()),
                model: Some("X".into()),
                driver: absolute("/usr/lib/softhsm/libsofthsm2.so"),
                pin_source: absolute("/run/pin"),
            }
        );
        assert_eq!(extras, PlaceExtras { id: Some(vec![0, 255, b'a']), object: Some("key;".into()) });
        assert_eq!(Place::parse(&place.uri_with(&extras)).unwrap(), (place, extras));
        // What people type: a space in quotes, another case of the scheme, nothing at all.
        assert_eq!(Place::parse("PKCS11:token=Alice Smith").unwrap().0.uri(), "pkcs11:token=Alice%20Smith");
        assert_eq!(Place::parse("pkcs11:").unwrap().0.uri(), "pkcs11:");
    }

    #[test]
    #[cfg(unix)]
    fn reads_files() {
        let path = |text: &str| match Place::parse(text).unwrap().0 {
            Place::File { path } => path,
            other => panic!("{other:?}"),
        };
        assert_eq!(path("file:/tmp/a b%20.p12"), "/tmp/a b%20.p12");
        assert_eq!(path("file:///tmp/a%20b.p12"), "/tmp/a b.p12");
        assert_eq!(path("file://localhost/tmp/a.p12"), "/tmp/a.p12");
        let here = std::env::current_dir().unwrap();
        assert_eq!(path("file:me.p12"), here.join("me.p12").to_str().unwrap());
        assert!(!path("file:~/me.p12").contains('~'));
        for uri in ["file:/tmp/a.p12", "file:/tmp/%41#?.p12", "file:/tmp/中文.p12"] {
            assert_eq!(Place::parse(uri).unwrap().0.uri(), uri);
        }
        assert_eq!(Place::File { path: "//a/b.p12".into() }.uri(), "file:/a/b.p12");
    }

    #[test]
    fn reads_the_store_of_the_computer() {
        let nothing = Place::Computer { store: None, provider: None };
        assert_eq!(Place::parse(" Computer ").unwrap(), (nothing.clone(), PlaceExtras::default()));
        assert_eq!(nothing.uri(), "computer");
        let (place, extras) =
            Place::parse("computer:store=/home/a%20b;provider=Maker%3B%20CSP;id=%01;object=me").unwrap();
        let expected = Place::Computer { store: absolute("/home/a b"), provider: Some("Maker; CSP".into()) };
        assert_eq!(place, expected);
        assert_eq!(extras, PlaceExtras { id: Some(vec![1]), object: Some("me".into()) });
        assert_eq!(Place::parse(&place.uri_with(&extras)).unwrap(), (place, extras));
    }

    #[test]
    fn refuses_with_a_reason() {
        for (text, expected) in [
            ("", "place-empty"),
            ("computer:store", "attribute-without-value"),
            ("computer:pin=1", "attribute-unknown"),
            ("computer:provider=a;provider=b", "attribute-twice"),
            ("Alice", "place-unknown"),
            ("/tmp/me.p12", "place-unknown"),
            ("https://example.org", "place-unknown"),
            ("file:", "path-empty"),
            ("file:dir/", "path-empty"),
            ("file://server/share/a.p12", "file-host"),
            ("pkcs11:token=A;pin-value=1234", "pin-value"),
            ("pkcs11:token=A?pin-value=1234", "pin-value"),
            ("pkcs11:slot-id=1", "slot"),
            ("pkcs11:token=A?module-name=softhsm", "module-name"),
            ("pkcs11:token=A;module-path=/a", "attribute-in-query"),
            ("pkcs11:token=A;token=B", "attribute-twice"),
            ("pkcs11:tokne=A", "attribute-unknown"),
            ("pkcs11:token=A?pin-sorce=/a", "attribute-unknown"),
            ("pkcs11:Alice", "attribute-without-value"),
            ("pkcs11:token=%4", "percent"),
            ("pkcs11:token=%zz", "percent"),
            ("pkcs11:token=%FF", "not-text"),
            ("pkcs11:token=%1B[2J", "not-text"),
            ("pkcs11:token=A?pin-source=|cat", "pin-source"),
            ("pkcs11:token=A?pin-source=https://a/b", "pin-source"),
            ("pkcs11:token=A?module-path=", "path-empty"),
        ] {
            assert_eq!(reason(text), expected, "{text}");
        }
    }

    #[test]
    fn says_no_secret() {
        for text in ["pkcs11:token=A?pin-value=sesame", "pkcs11:sesame", "pkcs11:token=A;sesame!=1", "sesame"] {
            let error = Place::parse(text).unwrap_err();
            assert!(!format!("{error:?}").contains("sesame"), "{text}: {error:?}");
        }
    }

    #[test]
    fn survives_hostile_input() {
        let seeds =
            ["pkcs11:token=Alice;id=%01%02?module-path=/a/b&pin-source=file:/p", "file:///tmp/%41.p12", "file:~/x"];
        let splice =
            ["%", "%%", "\0", "\u{202e}", ";;;;", "&=&", "?", "é", "\u{fffd}", "://", "=", "%F0%9F", "~/", "|"];
        for seed in seeds {
            for at in (0..=seed.len()).filter(|at| seed.is_char_boundary(*at)) {
                for part in splice {
                    for text in [format!("{}{part}{}", &seed[..at], &seed[at..]), format!("{}{part}", &seed[..at])] {
                        if let Ok((place, extras)) = Place::parse(&text) {
                            let uri = place.uri_with(&extras);
                            let again = Place::parse(&uri).unwrap_or_else(|e| panic!("{text:?} -> {uri:?}: {e}"));
                            assert_eq!(again.0, place, "{text:?} -> {uri:?}");
                        }
                    }
                }
            }
        }
        assert_eq!(reason(&format!("file:{}", "a".repeat(LONGEST))), "place-too-long");
        assert_eq!(reason(&format!("pkcs11:token={}", "a".repeat(LONGEST_VALUE + 1))), "attribute-too-long");
        assert_eq!(reason(&"%".repeat(1 << 20)), "place-too-long");
    }
}
