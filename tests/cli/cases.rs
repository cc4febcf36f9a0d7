//! Runs tests/cases/cli/*.toml; what the keys mean stands in the README there.

use std::{collections::BTreeMap, fs, path::Path};

use chopmark_tests::bench::command::{Ran, bare, finish, run_with_stdin};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    about: String,
    args: Vec<String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
    stdin: Option<String>,
    exit: i32,
    #[serde(default)]
    stdout_contains: Vec<String>,
    #[serde(default)]
    stderr_contains: Vec<String>,
    #[serde(default)]
    stdout_lacks: Vec<String>,
    #[serde(default)]
    stderr_lacks: Vec<String>,
    json_last: Option<Value>,
}

#[test]
fn every_case() {
    let folder = chopmark_tests::bench::programs::source("cases/cli");
    let mut files: Vec<_> = fs::read_dir(folder).expect("the cases").map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    assert!(files.len() >= 38, "only {} cases", files.len());
    let failures: Vec<String> = files.iter().filter_map(|file| check(file).err()).collect();
    assert!(failures.is_empty(), "{} of {} cases failed:\n{}", failures.len(), files.len(), failures.join("\n"));
    println!("{} cases", files.len());
}

fn check(file: &Path) -> Result<(), String> {
    let name = file.file_stem().expect("a name").to_string_lossy();
    let case: Case = toml::from_str(&fs::read_to_string(file).unwrap()).map_err(|error| format!("{name}: {error}"))?;
    let ran = run(&case);
    let mut wrong = Vec::new();
    if ran.exit != Some(case.exit) {
        wrong.push(format!("exit {:?}, not {}", ran.exit, case.exit));
    }
    for (stream, text, contains, lacks) in [
        ("stdout", &ran.stdout, &case.stdout_contains, &case.stdout_lacks),
        ("stderr", &ran.stderr, &case.stderr_contains, &case.stderr_lacks),
    ] {
        wrong.extend(
            contains.iter().filter(|part| !text.contains(*part)).map(|part| format!("{stream} lacks {part:?}")),
        );
        let there = |part: &&String| if part.is_empty() { !text.is_empty() } else { text.contains(*part) };
        wrong.extend(lacks.iter().filter(there).map(|part| format!("{stream} has {part:?}")));
    }
    let objects: Vec<Option<Value>> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).ok().filter(Value::is_object)).collect();
    if case.args.iter().any(|argument| argument == "--json") && objects.contains(&None) {
        wrong.push("a line of standard output is no JSON object".into());
    }
    if let Some(wanted) = &case.json_last {
        match objects.last() {
            Some(Some(last)) if has(last, wanted) => {}
            _ => wrong.push(format!("the last line has not {wanted}")),
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{name} ({}): {}\n  {ran:?}", case.about, wrong.join("; ")))
}

fn run(case: &Case) -> Ran {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path().display().to_string();
    let place = |text: &String| text.replace("{dir}", &dir);
    for (name, content) in &case.files {
        fs::write(folder.path().join(name), place(content)).expect("a file of the case");
    }
    let mut command = bare();
    if !case.args.iter().any(|argument| argument == "--home") {
        command.arg("--home").arg(folder.path().join("home"));
    }
    command.args(case.args.iter().map(place));
    match &case.stdin {
        Some(text) => run_with_stdin(command, text),
        None => finish(command.spawn().expect("chopmark starts")),
    }
}

/// At least these members; nested tables likewise.
fn has(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(name, value)| found.get(name).is_some_and(|there| has(there, value)))
        }
        _ => found == wanted,
    }
}
