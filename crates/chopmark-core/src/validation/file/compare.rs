//! The content byte for byte, and what is the matter where it differs.

use super::fetch::Answer;
use crate::{
    error::Code,
    model::{DiffKind, DiffLine},
};

/// Longest line of a comparison, characters.
const LONGEST_LINE: usize = 200;
/// Lines shown of what was found.
const MOST_LINES: usize = 6;
/// A content cut off after less than this is just another content.
const SHORTEST_CUT: usize = 8;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How the content differs.
pub(super) struct Compared {
    pub(super) code: Code,
    /// What is there, short.
    pub(super) found: Option<String>,
    pub(super) diff: Vec<DiffLine>,
}

/// `None`: it is the same to the last byte.
pub(super) fn compare(wanted: &[u8], answer: &Answer) -> Option<Compared> {
    let body = &answer.body;
    let encoding = answer.encoding.as_deref().filter(|encoding| !encoding.eq_ignore_ascii_case("identity"));
    if let Some(encoding) = encoding {
        return Some(Compared {
            code: Code::FileCompressed,
            found: Some(encoding.to_owned()),
            diff: diff(wanted, body),
        });
    }
    if body == wanted {
        return None;
    }
    let code = if answer.too_large { Code::FileTooLarge } else { judge(wanted, body) };
    Some(Compared { code, found: Some(line(&String::from_utf8_lossy(body))), diff: diff(wanted, body) })
}

/// Is it the content at heart, whatever was done to it on the way?
pub(super) fn is_content(wanted: &[u8], body: &[u8]) -> bool {
    !matches!(judge(wanted, body), Code::FileOther | Code::FileIsPage | Code::FileEmpty) || body == wanted
}

fn judge(wanted: &[u8], body: &[u8]) -> Code {
    let without_mark = body.strip_prefix(BYTE_ORDER_MARK);
    let bare = without_mark.unwrap_or(body).trim_ascii();
    let wanted = wanted.trim_ascii();
    let unquoted = bare.strip_prefix(b"\"").and_then(|bare| bare.strip_suffix(b"\""));
    match () {
        () if body.is_empty() => Code::FileEmpty,
        () if body.starts_with(b"\x1f\x8b") => Code::FileCompressed,
        () if is_utf16_of(body, wanted) => Code::FileUtf16,
        () if bare == wanted && without_mark.is_some() => Code::FileByteOrderMark,
        () if bare == wanted && body.trim_ascii_end().len() < body.len() && only_line_ends(body, wanted) => {
            Code::FileLineEnd
        }
        () if bare == wanted => Code::FileBlanks,
        () if unquoted == Some(wanted) => Code::FileQuotes,
        () if bare.eq_ignore_ascii_case(wanted) => Code::FileCase,
        () if is_page(body) => Code::FileIsPage,
        () if bare.len() >= SHORTEST_CUT && (wanted.starts_with(bare) || bare.starts_with(wanted)) => Code::FileCut,
        () => Code::FileOther,
    }
}

/// Behind the content stand line ends and nothing else, and nothing before it.
fn only_line_ends(body: &[u8], wanted: &[u8]) -> bool {
    body.strip_prefix(wanted).is_some_and(|rest| rest.iter().all(|byte| matches!(byte, b'\r' | b'\n')))
}

/// As Windows' Notepad writes "Unicode", with or without its mark.
fn is_utf16_of(body: &[u8], wanted: &[u8]) -> bool {
    let wide = |read: fn([u8; 2]) -> u16| -> Vec<u8> {
        let units = body.chunks_exact(2).map(|pair| read([pair[0], pair[1]])).filter(|unit| *unit != 0xfeff);
        let text: String = char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect();
        text.into_bytes()
    };
    body.len() >= 2
        && [wide(u16::from_le_bytes), wide(u16::from_be_bytes)].iter().any(|text| text.trim_ascii() == wanted)
}

fn is_page(body: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&body[..body.len().min(1024)]).to_ascii_lowercase();
    ["<!doctype", "<html", "<head", "<body", "<pre", "<p>", "<script"].iter().any(|tag| start.contains(tag))
}

fn diff(wanted: &[u8], body: &[u8]) -> Vec<DiffLine> {
    let mut diff = vec![DiffLine { kind: DiffKind::Wanted, text: line(&visible(wanted)) }];
    let shown = visible(body);
    let mut lines: Vec<&str> = shown.split_inclusive('␊').collect();
    let more = lines.len() > MOST_LINES;
    lines.truncate(MOST_LINES);
    diff.extend(lines.iter().map(|text| DiffLine { kind: DiffKind::Found, text: line(text) }));
    if more {
        diff.push(DiffLine { kind: DiffKind::Found, text: "…".to_owned() });
    }
    if body.is_empty() {
        diff.push(DiffLine { kind: DiffKind::Found, text: String::new() });
    }
    diff
}

/// Bytes as text in which everything can be seen.
fn visible(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => out.push('␊'),
                '\r' => out.push('␍'),
                '\t' => out.push('␉'),
                ' ' => out.push('␠'),
                '\u{feff}' => out.push_str("⟨BOM⟩"),
                '\0'..='\u{1f}' => out.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('␦')),
                c if c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{a0}') => {
                    out.push_str(&format!("⟨U+{:04X}⟩", u32::from(c)));
                }
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("⟨{byte:02x}⟩"));
        }
    }
    out
}

fn line(text: &str) -> String {
    match text.char_indices().nth(LONGEST_LINE) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_recognised() {
        let wide = |mark: bool| -> Vec<u8> {
            let text = if mark { "\u{feff}2026AbCdEf" } else { "2026AbCdEf" };
            text.encode_utf16().flat_map(u16::to_le_bytes).collect()
        };
        for (body, want) in [
            (&b"2026AbCdEf\n"[..], Code::FileLineEnd),
            (b"2026AbCdEf\r\n\r\n", Code::FileLineEnd),
            (b"\xef\xbb\xbf2026AbCdEf", Code::FileByteOrderMark),
            (b"\xef\xbb\xbf2026AbCdEf\r\n", Code::FileByteOrderMark),
            (b" 2026AbCdEf", Code::FileBlanks),
            (b"2026AbCdEf \n", Code::FileBlanks),
            (b"\"2026AbCdEf\"", Code::FileQuotes),
            (b"2026ABCDEF", Code::FileCase),
            (b"<html><body>2026AbCdEf</body></html>", Code::FileIsPage),
            (b"2026AbCd", Code::FileCut),
            (b"2026AbCdEf2026AbCdEf", Code::FileCut),
            (b"something else", Code::FileOther),
            (b"", Code::FileEmpty),
            (b"\x1f\x8b\x08rest", Code::FileCompressed),
            (&wide(true), Code::FileUtf16),
            (&wide(false), Code::FileUtf16),
        ] {
            assert_eq!(judge(b"2026AbCdEf", body), want, "{}", visible(body));
        }
    }

    #[test]
    fn nothing_stays_invisible() {
        assert_eq!(visible(b"\xef\xbb\xbfa b\tc\r\n\0\xff"), "⟨BOM⟩a␠b␉c␍␊␀⟨ff⟩");
        assert_eq!(visible("\u{202e}x".as_bytes()), "⟨U+202E⟩x");
    }
}
