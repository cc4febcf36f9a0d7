//! Windows' CSPs and KSPs, and the certificates of this user that name them. Like drivers they are a maker's code, so each is
//! asked in a helper of its own.

use std::{path::Path, time::Duration};

use token_helper::{
    client::{HelperError, providers},
    wire,
};
use tokio::task::{JoinSet, spawn_blocking};

use super::{
    facts::{Binding, Provider},
    key_choice, probe,
};
use crate::certificate;

/// Longest time for any one question. A smart card provider may wait for its reader.
const LIMIT: Duration = Duration::from_secs(10);

/// Those that come with Windows, looked for by name where the list cannot be had.
const WINDOWS_OWN: [&str; 3] = [
    "Microsoft Software Key Storage Provider",
    "Microsoft Smart Card Key Storage Provider",
    "Microsoft Platform Crypto Provider",
];

/// What Windows has.
#[derive(Debug, Default)]
pub(crate) struct Provided {
    /// CSPs, then KSPs.
    pub(crate) providers: Vec<Provider>,
    /// What the certificates of this user say about their keys.
    pub(crate) bindings: Vec<Binding>,
    /// Those certificates, DER.
    pub(crate) certificates: Vec<Vec<u8>>,
    /// Lists that could not be had.
    pub(crate) problems: Vec<HelperError>,
}

/// Asks Windows for everything; on other systems there is nothing to ask.
pub(crate) async fn provided(helper: &Path, limit: Option<Duration>) -> Provided {
    if !probe::HAS_PROVIDERS {
        return Provided::default();
    }
    let asker = Asker::new(helper, limit);
    let bindings = asker.ask(providers::bindings).await;
    let mut problems = Vec::new();
    let bindings = bindings.unwrap_or_else(|error| noted(error, &mut problems));
    let (names, unlisted) = asker.names(&bindings).await;
    problems.extend(unlisted);
    let listed = problems.is_empty();
    let looked = asker.each(names, |helper, limit, name| {
        let answer = providers::look(helper, &name, limit);
        (name, answer)
    });
    let mut seen = looked.await;
    // One that was only guessed at and is not there is no news.
    seen.retain(|(name, answer)| listed || answer.is_ok() || name.kind == wire::ProviderKind::Csp);
    let mut open: Vec<(bool, wire::ProviderName)> = seen
        .iter()
        .filter_map(|(name, answer)| Some((answer.as_ref().ok()?.sha256 == Some(false), name.clone())))
        .collect();
    // Several of Windows' CSPs have the same keys: one that can use them is named first.
    open.sort_by_key(|(no_sha256, _)| *no_sha256);
    let open: Vec<wire::ProviderName> = open.into_iter().map(|(_, name)| name).collect();
    let certificates = bindings.iter().map(|binding| binding.certificate.clone()).collect();
    let bindings = asker.each(bindings, move |helper, limit, binding| bound(helper, limit, &binding, &open)).await;
    let providers = seen.into_iter().map(|(name, answer)| provider(name, answer)).collect();
    Provided { providers, bindings, certificates, problems }
}

/// Where a certificate of this user's store says that its key is, and whether that is right; `None`: it is not there.
pub(crate) async fn binding_of(helper: &Path, limit: Option<Duration>, certificate: &[u8]) -> Option<Binding> {
    if !probe::HAS_PROVIDERS {
        return None;
    }
    let asker = Asker::new(helper, limit);
    let all = asker.ask(providers::bindings).await.ok()?;
    let own = all.into_iter().find(|one| one.certificate == certificate)?;
    let asked = own.clone();
    let found = asker.ask(move |helper, limit| Ok(bound(helper, limit, &asked, &[]))).await.ok()?;
    if found.opens == Some(true) {
        return Some(found);
    }
    // Every provider has to be asked, which takes its time.
    let provided = provided(helper, limit).await;
    Some(provided.bindings.into_iter().find(|one| one.certificate == found.certificate).unwrap_or(found))
}

fn noted<T>(error: HelperError, problems: &mut Vec<HelperError>) -> Vec<T> {
    problems.push(error);
    Vec::new()
}

fn known_ksps(bindings: &[wire::Binding]) -> Vec<wire::ProviderName> {
    let named = bindings.iter().filter_map(|binding| binding.key.as_ref()).map(|key| key.provider.clone());
    let named = named.filter(|provider| provider.kind == wire::ProviderKind::Ksp).map(|provider| provider.name);
    let mut names: Vec<String> = WINDOWS_OWN.map(str::to_owned).into_iter().chain(named).collect();
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.to_ascii_lowercase()));
    let ksp = |name| wire::ProviderName { kind: wire::ProviderKind::Ksp, name, provider_type: 0 };
    names.into_iter().map(ksp).collect()
}

/// Starts helpers.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    helper: std::path::PathBuf,
    limit: Duration,
}

impl Asker {
    /// `limit`: the longest that any question may take, if that is less than usual.
    pub(crate) fn new(helper: &Path, limit: Option<Duration>) -> Asker {
        Asker { helper: helper.to_owned(), limit: limit.map_or(LIMIT, |most| most.min(LIMIT)) }
    }

    /// CSPs, then KSPs, and the lists that could not be had.
    pub(crate) async fn names(&self, bindings: &[wire::Binding]) -> (Vec<wire::ProviderName>, Vec<HelperError>) {
        let (csps, ksps) = tokio::join!(
            self.ask(|helper, limit| providers::list(helper, wire::ProviderKind::Csp, limit)),
            self.ask(|helper, limit| providers::list(helper, wire::ProviderKind::Ksp, limit)),
        );
        let mut problems = Vec::new();
        let mut names = csps.unwrap_or_else(|error| noted(error, &mut problems));
        match ksps {
            Ok(ksps) => names.extend(ksps),
            // Windows' own, and whatever a certificate names. Not all that the catalogue knows: Wine opens any name.
            Err(error) => {
                problems.push(error);
                names.extend(known_ksps(bindings));
            }
        }
        (names, problems)
    }

    /// One question.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Path, Duration) -> Result<T, HelperError> + Send + 'static,
    ) -> Result<T, HelperError> {
        let (helper, limit) = (self.helper.clone(), self.limit);
        let answer = spawn_blocking(move || question(&helper, limit)).await;
        answer.unwrap_or_else(|_| Err(HelperError::Protocol("asking Windows ended early".into())))
    }

    /// All at the same time; the answers in the order of the questions.
    pub(crate) async fn each<Q: Send + 'static, A: Send + 'static>(
        &self,
        questions: Vec<Q>,
        question: impl Fn(&Path, Duration, Q) -> A + Clone + Send + 'static,
    ) -> Vec<A> {
        let mut asked = JoinSet::new();
        for (place, one) in questions.into_iter().enumerate() {
            let (helper, limit, question) = (self.helper.clone(), self.limit, question.clone());
            asked.spawn_blocking(move || (place, question(&helper, limit, one)));
        }
        let mut answers: Vec<(usize, A)> = Vec::new();
        while let Some(answer) = asked.join_next().await {
            answers.extend(answer);
        }
        answers.sort_by_key(|(place, _)| *place);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }
}

fn provider(name: wire::ProviderName, answer: Result<wire::Provider, HelperError>) -> Provider {
    let (opens, detail) = (answer.is_ok(), answer.as_ref().err().map(ToString::to_string).unwrap_or_default());
    let wire::Provider { token, sha256, keys } = answer.unwrap_or_default();
    Provider {
        kind: kind(name.kind).to_owned(),
        name: name.name,
        provider_type: name.provider_type,
        opens,
        token,
        sha256,
        keys: keys.into_iter().map(key_choice).collect(),
        detail,
    }
}

/// Is the key where the certificate says? If not, which of the others has it?
fn bound(helper: &Path, limit: Duration, binding: &wire::Binding, open: &[wire::ProviderName]) -> Binding {
    let about = certificate::describe(&binding.certificate).map(|about| about.sha256).unwrap_or_default();
    let found = Binding { certificate: about, ..Binding::default() };
    let named = binding.key.as_ref();
    let opened = named.map(|_| providers::opens(helper, &binding.certificate, limit));
    let holds = |one: &&wire::ProviderName| {
        let held = providers::holds(helper, one, &binding.certificate, limit).ok().flatten();
        // The provider that is named may have it in another container.
        held.is_some_and(|held| named.is_none_or(|named| *named != held))
    };
    let found_in = if opened.as_ref().is_some_and(Result::is_ok) { None } else { open.iter().find(holds) };
    let found = Binding { found_in: found_in.map(|one| one.name.clone()).unwrap_or_default(), ..found };
    let Some(named) = named else { return found };
    Binding {
        provider: named.provider.name.clone(),
        kind: kind(named.provider.kind).to_owned(),
        container: named.container.clone(),
        opens: opened.as_ref().map(Result::is_ok),
        detail: opened.and_then(Result::err).map(|error| error.to_string()).unwrap_or_default(),
        ..found
    }
}

fn kind(kind: wire::ProviderKind) -> &'static str {
    match kind {
        wire::ProviderKind::Csp => "csp",
        wire::ProviderKind::Ksp => "ksp",
    }
}
