//! What lies on a token, put together: halves of a key pair, what goes with what, and what is left alone.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use token_helper::wire::{Object, ObjectKind, Objects};

use super::{Care, Needed};
use crate::{
    app::Desk,
    certificate, drivers,
    error::{Code, Error, Result},
    journal::hex,
    keys::key_id,
    model::{Place, TokenContent, TokenObject, TokenObjectKind},
    stores::token::pin_source,
    ui::Ui,
};

/// Shortest beginning of a name that names something.
const SHORTEST_NAME: usize = 4;

/// Something on the token and the objects it is made of.
pub(crate) struct Entry {
    pub(crate) view: TokenObject,
    pub(crate) parts: Vec<Object>,
}

impl Entry {
    /// DER.
    pub(crate) fn certificate(&self) -> Option<&[u8]> {
        self.parts.first()?.certificate.as_deref()
    }
}

/// All of them.
pub(crate) struct Content {
    pub(crate) entries: Vec<Entry>,
    complete: bool,
}

impl Care {
    /// Logs in, or opens the token as everybody may, and reads what is on it.
    pub(crate) async fn content(&mut self, log_in: bool, desk: &Desk, wanted: &Place, ui: &dyn Ui) -> Result<Content> {
        self.initialized()?;
        if !log_in {
            return self.public_content(desk).await;
        }
        self.place.log_in(self.about.clone(), pin_source(wanted), ui).await?;
        let objects = self.place.call(|helper| helper.objects()).await?.map_err(|error| self.error(error))?;
        Ok(Content::of(objects, &self.open_jobs(desk)?))
    }

    /// What everybody may see.
    pub(crate) async fn public_content(&mut self, desk: &Desk) -> Result<Content> {
        let selector = self.selector();
        let opened = self.place.call(move |helper| helper.open(&selector, None).and_then(|_| helper.objects())).await?;
        Ok(Content::of(opened.map_err(|error| self.error(error))?, &self.open_jobs(desk)?))
    }

    pub(crate) fn view(&self, content: Content) -> TokenContent {
        let objects = content.entries.into_iter().map(|entry| entry.view).collect();
        TokenContent { token: self.detail(), objects, complete: content.complete }
    }
}

impl Content {
    fn of(all: Objects, jobs: &[Needed]) -> Content {
        let Objects { objects, complete } = all;
        let (mut entries, mut publics, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for object in objects {
            match object.kind {
                ObjectKind::Certificate | ObjectKind::PrivateKey => entries.push(Entry::of(object)),
                ObjectKind::PublicKey => publics.push(object),
                ObjectKind::SecretKey | ObjectKind::Data => rest.push(object),
            }
        }
        let mut alone = Vec::new();
        // By id once: a search for each public key costs the square of their number.
        let mut owners: HashMap<Vec<u8>, usize> = HashMap::new();
        for (place, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.view.kind == TokenObjectKind::Key) {
            owners.entry(entry.parts[0].key_id.clone()).or_insert(place);
        }
        for public in publics {
            match owners.get(&public.key_id).filter(|_| !public.key_id.is_empty()) {
                Some(owner) => entries[*owner].add_half(public),
                None => alone.push(Entry::of(public)),
            }
        }
        entries.extend(alone);
        // The person's own certificates first; those of CAs only lead to a root.
        entries.sort_by_key(|entry| (entry.view.kind != TokenObjectKind::Certificate, of_a_ca(entry)));
        entries.extend(rest.into_iter().map(Entry::of));
        let mut content = Content { entries, complete };
        content.mark_orphans();
        content.mark_jobs(jobs);
        content.tell_twins_apart();
        content
    }

    /// Ids under which a certificate's key may lie: its own, and that of its public key.
    fn ids(entry: &Entry) -> Vec<Vec<u8>> {
        let of_key = entry.certificate().and_then(|der| key_id(&certificate::public_key(der).ok()?).ok());
        entry.parts.iter().map(|part| part.key_id.clone()).chain(of_key).filter(|id| !id.is_empty()).collect()
    }

    fn mark_orphans(&mut self) {
        if !self.complete {
            return;
        }
        let ids = |kind: TokenObjectKind| -> std::collections::HashSet<Vec<u8>> {
            self.entries.iter().filter(|entry| entry.view.kind == kind).flat_map(Content::ids).collect()
        };
        let (keys, certificates) = (ids(TokenObjectKind::Key), ids(TokenObjectKind::Certificate));
        for entry in &mut self.entries {
            let ids = Content::ids(entry);
            entry.view.orphan = match entry.view.kind {
                TokenObjectKind::Certificate => {
                    // A CA's certificate lies here to lead to the root; nobody here has its key.
                    !of_a_ca(entry) && !ids.iter().any(|id| keys.contains(id))
                }
                TokenObjectKind::Key => !ids.iter().any(|id| certificates.contains(id)),
                TokenObjectKind::PublicKey => true,
                TokenObjectKind::SecretKey | TokenObjectKind::Data => false,
            };
        }
    }

    fn mark_jobs(&mut self, jobs: &[Needed]) {
        for entry in &mut self.entries {
            let (ids, der) = (Content::ids(entry), entry.certificate());
            let needs = |job: &&Needed| {
                job.ids.iter().any(|id| ids.contains(id)) || job.certificates.iter().any(|one| Some(&one[..]) == der)
            };
            entry.view.job = jobs.iter().find(needs).map(|job| job.job.clone());
        }
    }

    fn tell_twins_apart(&mut self) {
        let mut seen: HashMap<String, u32> = HashMap::new();
        for entry in &mut self.entries {
            let times = seen.entry(entry.view.name.clone()).or_default();
            *times += 1;
            if *times > 1 {
                entry.view.name = format!("{}.{times}", entry.view.name);
            }
        }
    }

    /// The one with this name, or with a name that begins so; the kind before the colon may be left out.
    pub(crate) fn named(&self, name: &str) -> Result<&Entry> {
        let error = |code| Error::new(code, "looking for an object");
        let wanted = name.trim().to_ascii_lowercase().replace(' ', "");
        if let Some(exact) = self.entries.iter().find(|entry| entry.view.name == wanted) {
            return Ok(exact);
        }
        let begins = |entry: &&Entry| {
            let full = &entry.view.name;
            let bare = full.split_once(':').map_or("", |(_, bare)| bare);
            let enough = wanted.split_once(':').map_or(&*wanted, |(_, bare)| bare).len() >= SHORTEST_NAME;
            enough && (full.starts_with(&wanted) || bare.starts_with(&wanted))
        };
        let found: Vec<&Entry> = self.entries.iter().filter(begins).collect();
        match found.as_slice() {
            [one] => Ok(one),
            [] => Err(error(Code::ObjectNotFound).with("object", name)),
            several => {
                let seen: Vec<&str> = several.iter().map(|entry| &*entry.view.name).collect();
                Err(error(Code::BadInput).with("reason", "object-ambiguous").with("seen", seen.join(", ")))
            }
        }
    }

    /// What lies beside it under the same id: the key of a certificate, the certificates of a key.
    pub(crate) fn beside<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = &'a Entry> {
        let ids = Content::ids(entry);
        let pairs = |other: &&Entry| {
            use TokenObjectKind::{Certificate, Key, PublicKey};
            match entry.view.kind {
                Certificate => matches!(other.view.kind, Key | PublicKey),
                Key | PublicKey => other.view.kind == Certificate,
                _ => false,
            }
        };
        self.entries.iter().filter(pairs).filter(move |other| Content::ids(other).iter().any(|id| ids.contains(id)))
    }
}

impl Entry {
    fn of(object: Object) -> Entry {
        let info = object.certificate.as_deref().and_then(|der| certificate::describe(der).ok());
        let kind = match object.kind {
            ObjectKind::Certificate => TokenObjectKind::Certificate,
            ObjectKind::PrivateKey => TokenObjectKind::Key,
            ObjectKind::PublicKey => TokenObjectKind::PublicKey,
            ObjectKind::SecretKey => TokenObjectKind::SecretKey,
            ObjectKind::Data => TokenObjectKind::Data,
        };
        let id = hex(&object.key_id);
        let name = match (kind, &object.certificate) {
            (TokenObjectKind::Certificate, Some(der)) => format!("cert:{}", certificate::fingerprint(der)),
            (TokenObjectKind::Key, _) if !id.is_empty() => format!("key:{id}"),
            (TokenObjectKind::PublicKey, _) if !id.is_empty() => format!("public:{id}"),
            _ => made_name(kind, &object),
        };
        let view = TokenObject {
            name,
            kind,
            label: object.label.clone(),
            id,
            key: object.key.map(drivers::key_choice),
            certificate: info,
            size: object.size,
            orphan: false,
            job: None,
        };
        Entry { view, parts: vec![object] }
    }

    fn add_half(&mut self, public: Object) {
        self.view.key = self.view.key.or(public.key.map(drivers::key_choice));
        self.parts.push(public);
    }
}

fn of_a_ca(entry: &Entry) -> bool {
    entry.view.certificate.as_ref().is_some_and(|info| info.key_usage.iter().any(|usage| usage == "keyCertSign"))
}

/// For what has no name of its own: twelve digits made from all that is known of it.
fn made_name(kind: TokenObjectKind, object: &Object) -> String {
    let word = match kind {
        TokenObjectKind::Certificate => "cert",
        TokenObjectKind::Key => "key",
        TokenObjectKind::PublicKey => "public",
        TokenObjectKind::SecretKey => "secret",
        TokenObjectKind::Data => "data",
    };
    let known = format!("{word}\n{}\n{:?}\n{}", hex(&object.key_id), object.size, object.label);
    format!("{word}:{}", &hex(&Sha256::digest(known))[..12])
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &str = include_str!("../../testdata/rsa.pem");

    fn object(handle: u64, kind: ObjectKind, id: &[u8], label: &str) -> Object {
        let certificate = (kind == ObjectKind::Certificate).then(|| {
            use der::{DecodePem, Encode};
            x509_cert::Certificate::from_pem(CERTIFICATE).unwrap().to_der().unwrap()
        });
        Object { handle, kind, key_id: id.to_vec(), label: label.into(), key: None, certificate, size: None }
    }

    fn content(objects: Vec<Object>, complete: bool, jobs: &[Needed]) -> Content {
        Content::of(Objects { objects, complete }, jobs)
    }

    fn shown(content: &Content) -> Vec<(String, usize, bool)> {
        let entries = content.entries.iter();
        entries.map(|one| (one.view.name.chars().take(9).collect(), one.parts.len(), one.view.orphan)).collect()
    }

    #[test]
    fn halves_belong_together_and_orphans_are_marked() {
        use ObjectKind::*;
        let all = vec![
            object(1, Certificate, b"\x01", "mine"),
            object(2, PrivateKey, b"\x01", "mine"),
            object(3, PrivateKey, b"\x02", "left"),
            object(4, PublicKey, b"\x01", "mine"),
            object(5, PublicKey, b"\x03", "half"),
            object(6, Data, b"", "note"),
            object(7, Data, b"", "note"),
        ];
        let whole = content(all.clone(), true, &[]);
        let cert = format!("cert:{}", &whole.entries[0].view.name[5..9]);
        let expected = |orphans: bool| {
            vec![
                (cert.clone(), 1, false),
                ("key:01".into(), 2, false),
                ("key:02".into(), 1, orphans),
                ("public:03".into(), 1, orphans),
                (whole.entries[4].view.name[..9].into(), 1, false),
                (whole.entries[5].view.name[..9].into(), 1, false),
            ]
        };
        assert_eq!(shown(&whole), expected(true));
        assert_eq!(whole.entries[5].view.name, format!("{}.2", whole.entries[4].view.name), "twins");
        assert_eq!(shown(&content(all, false, &[])), expected(false), "who does not see all calls nothing an orphan");
    }

    #[test]
    fn what_an_open_job_needs_is_marked() {
        let job = Needed { job: "7".into(), ids: vec![b"\x02".to_vec()], certificates: Vec::new() };
        let all = vec![object(1, ObjectKind::PrivateKey, b"\x01", ""), object(2, ObjectKind::PrivateKey, b"\x02", "")];
        let content = content(all, true, &[job]);
        let jobs: Vec<_> = content.entries.iter().map(|entry| entry.view.job.as_deref()).collect();
        assert_eq!(jobs, [None, Some("7")]);
    }

    #[test]
    fn names_may_be_shortened_as_far_as_they_tell() {
        let key = |id: &[u8]| object(1, ObjectKind::PrivateKey, id, "");
        let content = content(vec![key(b"\xaa\xbb\x01"), key(b"\xaa\xbb\x02"), key(b"\x0c")], true, &[]);
        let code = |name: &str| content.named(name).err().map(|error| (error.code, error.facts.get("reason").cloned()));
        for name in ["key:aabb01", "AABB01", "key:0c", "aa bb 01"] {
            assert_eq!(code(name), None, "{name}");
        }
        assert_eq!(code("aabb"), Some((Code::BadInput, Some("object-ambiguous".into()))));
        for name in ["", "key:", "aab", "0c", "cert:aabb01"] {
            assert_eq!(code(name), Some((Code::ObjectNotFound, None)), "{name}");
        }
    }
}
