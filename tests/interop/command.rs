//! `chopmark enroll` against a CA that only ever answers with somebody else's certificate, or with a no of each kind.

use chopmark_tests::{
    bench::{
        command::{Desk, Ran},
        token::Token,
    },
    judge::objects,
    token_table::chopmark,
};
use serde_json::Value;

use crate::{
    conformance::{Line, Table},
    estate::Estate,
    mock_ca::{CODE, MockCa, REFERENCE, Release, words},
};

/// What the server does, what the person typed, and how the command must end.
struct Row {
    section: &'static str,
    server: &'static [&'static str],
    code: &'static str,
    exit: i32,
    number: &'static str,
    class: &'static str,
    /// Part of the sentence.
    words: &'static str,
    /// The CA has clearly said no: nothing is kept. Else the key is kept for `resume` (invariant 4).
    over: bool,
    /// The server's log says so.
    server_says: &'static str,
}

const ROWS: &[Row] = &[
    Row {
        section: "4.1.1",
        server: &[],
        code: CODE,
        exit: 13,
        number: "CM-3306",
        class: "untrusted",
        words: "belongs to another key",
        over: true,
        server_says: "certificate rejected by client with PKIStatus: rejection",
    },
    Row {
        section: "4.4",
        server: &["-poll_count", "1", "-check_after", "1"],
        code: CODE,
        exit: 13,
        number: "CM-3306",
        class: "untrusted",
        words: "belongs to another key",
        over: true,
        server_says: "certificate rejected by client with PKIStatus: rejection",
    },
    Row {
        section: "3.6",
        server: &[],
        code: "AuthCode-4712",
        exit: 10,
        number: "CM-3002",
        class: "ca-refused",
        words: "does not accept the two codes",
        over: false,
        server_says: "sending ERROR",
    },
    Row {
        section: "4.1.1",
        server: &["-pkistatus", "2", "-failure", "2", "-statusstring", "not today"],
        code: CODE,
        exit: 10,
        number: "CM-3001",
        class: "ca-refused",
        words: "badRequest). It says: “not today”",
        over: true,
        server_says: "sending IP",
    },
    Row {
        section: "4.1.1",
        server: &["-pkistatus", "2", "-failure", "19", "-statusstring", "no such name"],
        code: CODE,
        exit: 10,
        number: "CM-3004",
        class: "ca-refused",
        words: "does not issue what was asked for. It says: “no such name”",
        over: true,
        server_says: "sending IP",
    },
    Row {
        section: "4.1.1",
        server: &["-pkistatus", "2", "-failure", "23"],
        code: CODE,
        exit: 10,
        number: "CM-3003",
        class: "ca-refused",
        words: "does not take these codes any more",
        over: true,
        server_says: "sending IP",
    },
    Row {
        section: "3.6",
        server: &["-send_error"],
        code: CODE,
        exit: 10,
        number: "CM-3001",
        class: "ca-refused",
        words: "The CA refused the request",
        over: true,
        server_says: "sending ERROR",
    },
    Row {
        section: "3.6",
        server: &["-send_error", "-send_unprot_err"],
        code: CODE,
        exit: 13,
        number: "CM-3309",
        class: "untrusted",
        words: "carries no protection",
        over: false,
        server_says: "sending ERROR",
    },
];

/// Runs every row against a release, onto a file and onto a token.
pub(crate) fn rows(table: &Table, release: &Release, estate: &Estate) {
    let token = Token::soft_hsm();
    table.rows(ROWS, |row| line(row, "a file"), |row| onto_a_file(release, estate, row));
    // One at a time: they count what is on the token.
    for row in ROWS {
        table.row(line(row, "a SoftHSM2 token"), || onto_a_token(release, estate, row, &token));
    }
}

fn line(row: &Row, place: &str) -> Line {
    let code = if row.code == CODE { "" } else { ", wrong authorization code" };
    Line {
        section: row.section,
        operation: format!("`chopmark enroll` onto {place}"),
        options: format!("EC P-256{code}{}", words(row.server)),
        expected: format!("exit {}, {}: “{}”", row.exit, row.number, row.words),
    }
}

fn onto_a_file(release: &Release, estate: &Estate, row: &Row) {
    let (desk, ca) = (Desk::new(), MockCa::start(release, estate, "ec", row.server));
    let (password, file) = (desk.write("password", "a password of some length"), desk.path("me.p12"));
    let place = format!("file:{}", file.display());
    let ran = desk.run(&order(&desk, &ca, estate, row, &["--place", &place, "--password-file", &password]));
    check(row, &ran, &ca, &desk);
    assert!(!file.exists(), "{}: nothing was installed", row.number);
    assert_eq!(desk.kept_keys().is_empty(), row.over, "{}: {:?}", row.number, desk.kept_keys());
}

fn onto_a_token(release: &Release, estate: &Estate, row: &Row, token: &Token) {
    let (desk, ca) = (Desk::new(), MockCa::start(release, estate, "ec", row.server));
    let order = order(&desk, &ca, estate, row, &["--place", &token.uri()]);
    let before = objects(token).len();
    let ran = chopmark(&desk, token, &order.iter().map(String::as_str).collect::<Vec<_>>());
    check(row, &ran, &ca, &desk);
    let left = objects(token).len() - before;
    // A key that is kept is a pair.
    assert_eq!(left, if row.over { 0 } else { 2 }, "{}: {:#?}", row.number, objects(token));
}

fn order(desk: &Desk, ca: &MockCa, estate: &Estate, row: &Row, more: &[&str]) -> Vec<String> {
    let (code, root) = (desk.write("code", row.code), estate.text("ca.crt"));
    let order = ["enroll", "--ca", &ca.url(), "--trust", &root, "--reference", REFERENCE, "--code-file", &code];
    let everywhere = ["--json", "--batch", "--lang", "en", "--timeout", "60", "--key", "ec:p256"];
    [&order[..], &everywhere, more].concat().into_iter().map(str::to_owned).collect()
}

fn check(row: &Row, ran: &Ran, ca: &MockCa, desk: &Desk) {
    let what = format!("{:?}: {ran:?}\n{}", row.server, ca.log());
    let found = ran.last();
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    let told = (ran.exit, text("code"), text("class"));
    assert_eq!(told, (Some(row.exit), row.number.to_owned(), row.class.to_owned()), "{what}");
    assert!(text("message").contains(row.words), "{what}");
    assert!(found["hints"].as_array().is_some_and(|hints| !hints.is_empty()), "no advice: {what}");
    assert!(ca.log().contains(row.server_says), "{what}");
    let jobs = desk.run(&["--json", "journal"]).ok();
    let state = jobs["jobs"][0]["state"].as_str().map(str::to_owned);
    assert_eq!(state.as_deref(), Some(if row.over { "failed" } else { "interrupted" }), "{what}");
    assert_eq!(found["job"], if row.over { Value::Null } else { jobs["jobs"][0]["job"].clone() }, "{what}");
}
