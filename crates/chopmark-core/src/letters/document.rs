//! A Word document (DOCX) with its placeholders filled: `{{name}}` in the text, and content controls by their tag or title.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read, Write},
};

use quick_xml::{
    Reader, Writer,
    events::{BytesStart, BytesText, Event},
};
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::{data::LetterData, fill::Filled};
use crate::model::LetterField;

const MOST_PARTS: usize = 500;
const LARGEST_PART: u64 = 32 * 1024 * 1024;

/// What was filled and what not, over all parts.
#[derive(Default)]
struct Told {
    filled: Vec<LetterField>,
    left: Vec<String>,
}

impl Told {
    /// What belongs into a field; written down either way.
    fn value<'a>(&mut self, name: &str, data: &'a LetterData) -> Option<&'a str> {
        let value = data.for_field(name);
        match value {
            Some(value) if !self.filled.iter().any(|one| one.name == name) => {
                self.filled.push(LetterField { name: name.to_owned(), value: value.to_owned() });
            }
            None if !self.left.iter().any(|one| one == name) => self.left.push(name.to_owned()),
            _ => {}
        }
        value
    }
}

/// `None`: it is no such document, or has nothing to be filled.
pub(super) fn fill(bytes: &[u8], data: &LetterData) -> Option<Filled> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    if archive.len() > MOST_PARTS || archive.index_for_name("word/document.xml").is_none() {
        return None;
    }
    let (mut told, mut changed) = (Told::default(), BTreeMap::new());
    for index in 0..archive.len() {
        let part = archive.by_index(index).ok()?;
        let name = part.name().ok()?.into_owned();
        let words = ["word/document", "word/header", "word/footer"].iter().any(|begin| name.starts_with(begin));
        if words && name.ends_with(".xml") {
            let mut text = Vec::new();
            part.take(LARGEST_PART + 1).read_to_end(&mut text).ok()?;
            if text.len() as u64 > LARGEST_PART {
                return None;
            }
            changed.insert(index, (name, fill_part(&text, data, &mut told)?));
        }
    }
    if told.filled.is_empty() && told.left.is_empty() {
        return None;
    }
    let mut written = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        match changed.remove(&index) {
            None => written.raw_copy_file(archive.by_index_raw(index).ok()?).ok()?,
            Some((name, text)) => {
                written.start_file(name, SimpleFileOptions::default()).ok()?;
                written.write_all(&text).ok()?;
            }
        }
    }
    let bytes = written.finish().ok()?.into_inner();
    Some(Filled { bytes, filled: told.filled, left: told.left })
}

fn fill_part(text: &[u8], data: &LetterData, told: &mut Told) -> Option<Vec<u8>> {
    let mut reader = Reader::from_str(std::str::from_utf8(text).ok()?);
    let mut events = Vec::new();
    loop {
        match reader.read_event().ok()? {
            Event::Eof => break,
            event => events.push(event.into_owned()),
        }
    }
    fill_controls(&mut events, data, told);
    fill_placeholders(&mut events, data, told);
    let mut writer = Writer::new(Vec::new());
    events.into_iter().try_for_each(|event| writer.write_event(event)).ok()?;
    Some(writer.into_inner())
}

fn is(event: &BytesStart<'_>, name: &str) -> bool {
    event.name().as_ref() == name
}

/// The text of a content control becomes the value, if its tag or title is known.
fn fill_controls(events: &mut Vec<Event<'static>>, data: &LetterData, told: &mut Told) {
    let mut at = 0;
    while at < events.len() {
        let begin = at;
        at += 1;
        if !matches!(&events[begin], Event::Start(start) if is(start, "w:sdt")) {
            continue;
        }
        let Some(end) = end_of_control(events, begin) else { return };
        let names: Vec<String> = events[begin..end].iter().filter_map(control_name).collect();
        let known = names.iter().find(|name| data.for_field(name).is_some()).or(names.first());
        let Some(value) = known.and_then(|name| told.value(name, data)) else { continue };
        let mut rest = Some(value);
        for place in text_places(events, begin, end) {
            events[place] = Event::Text(BytesText::new(rest.take().unwrap_or_default()).into_owned());
        }
        // Else it is shown as what asks to be filled in.
        for event in &mut events[begin..end] {
            if matches!(event, Event::Empty(start) if is(start, "w:showingPlcHdr")) {
                *event = Event::Text(BytesText::new("").into_owned());
            }
        }
        at = end;
    }
}

/// The innermost control's end: one that holds others is left to them.
fn end_of_control(events: &[Event<'static>], begin: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, event) in events.iter().enumerate().skip(begin) {
        match event {
            Event::Start(start) if is(start, "w:sdt") => depth += 1,
            Event::End(end) if end.name().as_ref() == "w:sdt" => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

fn control_name(event: &Event<'static>) -> Option<String> {
    let Event::Empty(start) = event else { return None };
    if !is(start, "w:tag") && !is(start, "w:alias") {
        return None;
    }
    let value = start.try_get_attribute("w:val").ok()??;
    Some(value.value.into_owned()).filter(|name| !name.is_empty())
}

/// Where text stands between two places.
fn text_places(events: &[Event<'static>], begin: usize, end: usize) -> Vec<usize> {
    let mut inside = false;
    let mut places = Vec::new();
    for (at, event) in events.iter().enumerate().take(end).skip(begin) {
        match event {
            Event::Start(start) if is(start, "w:t") => inside = true,
            Event::End(end) if end.name().as_ref() == "w:t" => inside = false,
            Event::Text(_) if inside => places.push(at),
            _ => {}
        }
    }
    places
}

/// Word cuts a line into pieces wherever it likes, so placeholders are looked for in whole paragraphs.
fn fill_placeholders(events: &mut [Event<'static>], data: &LetterData, told: &mut Told) {
    let mut begin = None;
    for at in 0..events.len() {
        match &events[at] {
            Event::Start(start) if is(start, "w:p") => begin = Some(at),
            Event::End(end) if end.name().as_ref() == "w:p" => {
                if let Some(begin) = begin.take() {
                    fill_paragraph(events, &text_places(events, begin, at), data, told);
                }
            }
            _ => {}
        }
    }
}

fn fill_paragraph(events: &mut [Event<'static>], places: &[usize], data: &LetterData, told: &mut Told) {
    let read = |event: &Event<'static>| match event {
        Event::Text(text) => text.to_string(),
        _ => String::new(),
    };
    let mut pieces: Vec<String> = places.iter().map(|place| read(&events[*place])).collect();
    let mut from = 0;
    loop {
        let whole = pieces.concat();
        let Some(open) = whole[from..].find("{{").map(|at| from + at) else { break };
        let Some(close) = whole[open..].find("}}").map(|at| open + at + 2) else { break };
        let name = whole[open + 2..close - 2].trim().to_owned();
        match told.value(&name, data) {
            Some(value) => {
                replace(&mut pieces, open, close, value);
                from = open + value.len();
            }
            None => from = close,
        }
    }
    for (place, piece) in places.iter().zip(&pieces) {
        // `&` and its like were never in it: they are events of their own.
        events[*place] = Event::Text(BytesText::new(piece).into_owned());
    }
}

/// What stands between two places of all pieces together becomes the value, in the piece where it begins.
fn replace(pieces: &mut [String], open: usize, close: usize, value: &str) {
    let mut start = 0;
    for piece in pieces {
        let end = start + piece.len();
        let (from, to) = (open.clamp(start, end) - start, close.clamp(start, end) - start);
        if from < to {
            piece.replace_range(from..to, if open >= start { value } else { "" });
        }
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_word_has_cut_is_put_together() {
        for (pieces, open, close, want) in [
            (&["{{a}}"][..], 0, 5, &["X"][..]),
            (&["Dear {", "{a", "}}, hello"], 5, 10, &["Dear X", "", ", hello"]),
            (&["", "x{{a}}y"], 1, 6, &["", "xXy"]),
        ] {
            let mut pieces: Vec<String> = pieces.iter().map(|piece| (*piece).to_owned()).collect();
            replace(&mut pieces, open, close, "X");
            assert_eq!(pieces, want);
        }
    }
}
