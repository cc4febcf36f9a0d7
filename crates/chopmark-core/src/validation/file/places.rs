//! The file is not where it should be. Is it somewhere near, or does the server answer anything?

use futures_util::future::join_all;

use super::{compare, fetch::Web};
use crate::{
    error::Code,
    journal::hex,
    model::{CaRules, Proof},
    validation::finding::Found,
};

/// Names that a file gets by mistake, and what the mistake is called.
fn candidates(proof: &Proof, folder: &str) -> Vec<(String, Code)> {
    let name = &proof.name;
    let mut found = vec![
        (format!("{folder}{}", name.to_ascii_lowercase()), Code::FileNameCase),
        (format!("{folder}{}", name.to_ascii_uppercase()), Code::FileNameCase),
        (format!("{folder}{name}.txt"), Code::FileElsewhere),
        (format!("/{name}"), Code::FileElsewhere),
        (format!("/.well-known/{name}"), Code::FileElsewhere),
        (format!("{}{name}", folder.replacen("/.", "/", 1)), Code::FileElsewhere),
        (format!("{folder}{}{name}", folder.trim_start_matches('/')), Code::FileElsewhere),
    ];
    if let Some((stem, ending)) = name.rsplit_once('.') {
        found.push((format!("{folder}{stem}.{}", swapped_case(ending)), Code::FileNameCase));
        found.push((format!("{folder}{}.{ending}", stem.to_ascii_uppercase()), Code::FileNameCase));
        found.push((format!("{folder}{stem}"), Code::FileElsewhere));
    }
    found.retain(|(path, _)| *path != format!("{folder}{name}"));
    found
}

fn swapped_case(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    if lower == text { text.to_ascii_uppercase() } else { lower }
}

/// After a 404: where else the content lies, or that the file is missing.
pub(super) async fn look_elsewhere(
    proof: &Proof,
    rules: &CaRules,
    web: &Web<'_>,
    status: u16,
    about: &str,
) -> Vec<Found> {
    let candidates = candidates(proof, &rules.folder);
    let there = join_all(candidates.iter().map(|(path, _)| async {
        let answer = web.fetch(path).await.0.answer;
        answer.is_ok_and(|answer| answer.status == 200 && compare::is_content(proof.value.as_bytes(), &answer.body))
    }))
    .await;
    let found = candidates.iter().zip(there).find(|(_, there)| *there).map(|((path, code), _)| (path, *code));
    vec![match found {
        Some((path, code)) => Found::error(code, about).with("found", web.url(path)),
        None => Found::error(Code::FileMissing, about).with("status", status),
    }]
}

/// Does a name that nobody can have made get an answer?
pub(super) async fn catches_all(rules: &CaRules, web: &Web<'_>) -> bool {
    let mut random = [0; 8];
    if getrandom::fill(&mut random).is_err() {
        return false;
    }
    let path = format!("{}chopmark-{}.txt", rules.folder, hex(&random));
    web.fetch(&path).await.0.answer.is_ok_and(|answer| answer.status == 200)
}
