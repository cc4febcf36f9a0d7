//! A letter of our own, for a source that has no form or one that cannot be filled: one page of A4 in two languages.

use lopdf::{Document, Object, ObjectId, Stream, dictionary};

use super::{data::LetterData, font::Font};
use crate::{
    error::{Code, Error, Result},
    hints::{
        Language,
        letter::{Text, text},
    },
};

/// A4 and its margins, points.
const PAGE: (f64, f64) = (595.0, 842.0);
const MARGIN: f64 = 62.0;
const SIZE: f64 = 10.0;
const HEAD: f64 = 15.0;
/// From one line to the next, by the size.
const PITCH: f64 = 1.42;
/// What the areas for signature and stamp take.
const AREAS: f64 = 130.0;

/// Lines with their size and where they begin, a page at a time.
#[derive(Default)]
struct Layout {
    pages: Vec<String>,
    down: f64,
}

/// Writes it.
///
/// # Errors
/// [`Code::LetterNoFont`].
pub(super) fn letter(data: &LetterData, revocation: bool) -> Result<Vec<u8>> {
    let texts = [text(Language::En, revocation), text(Language::ZhCn, revocation)];
    let mut all: String = texts.iter().flat_map(Text::pieces).collect();
    texts[0].rows.iter().for_each(|(key, _)| all.push_str(data.get(key)));
    all.push_str(&(' '..='~').collect::<String>());
    let font = Font::for_text(&all)?;
    let mut layout = Layout::default();
    for text in &texts {
        layout.section(text, data, &font);
    }
    layout.areas(&texts, &font);
    build(layout, &font)
}

impl Layout {
    fn section(&mut self, text: &Text, data: &LetterData, font: &Font) {
        self.line(text.head, HEAD, MARGIN, font);
        self.space(6.0);
        self.paragraph(text.says, MARGIN, font);
        self.space(4.0);
        for (key, label) in text.rows {
            let value = data.get(key);
            if !value.is_empty() {
                self.paragraph(&format!("{label}{value}"), MARGIN + 12.0, font);
            }
        }
        self.space(16.0);
    }

    /// Cut where it must be: behind a blank, or between any two letters of Chinese.
    fn paragraph(&mut self, text: &str, left: f64, font: &Font) {
        let room = PAGE.0 - MARGIN - left;
        let (mut line, mut cut) = (String::new(), 0);
        for letter in text.chars() {
            line.push(letter);
            if font.width(&line, SIZE) > room && line.chars().count() > 1 {
                let at = if cut > 0 { cut } else { line.len() - letter.len_utf8() };
                let rest = line.split_off(at);
                self.line(line.trim_end(), SIZE, left, font);
                line = rest;
                cut = 0;
            } else if letter == ' ' || !letter.is_ascii() {
                cut = line.len();
            }
        }
        self.line(&line, SIZE, left, font);
    }

    fn line(&mut self, text: &str, size: f64, left: f64, font: &Font) {
        self.room(size * PITCH);
        self.down += size * PITCH;
        let (up, coded) = (PAGE.1 - MARGIN - self.down, font.coded(text));
        self.add(&format!("BT /F0 {size:.2} Tf {left:.2} {up:.2} Td {coded} Tj ET\n"));
    }

    /// Boxes for signature and date, and for the stamp.
    fn areas(&mut self, texts: &[Text; 2], font: &Font) {
        self.room(AREAS);
        let labels = |pick: fn(&Text) -> &'static str| format!("{} / {}", pick(&texts[0]), pick(&texts[1]));
        let (top, half) = (PAGE.1 - MARGIN - self.down, (PAGE.0 - 2.0 * MARGIN) / 2.0);
        for (number, label) in [labels(|text| text.signature), labels(|text| text.stamp)].iter().enumerate() {
            let (left, bottom) = (MARGIN + number as f64 * half, top - AREAS + 10.0);
            let (width, height) = (half - 10.0, AREAS - 14.0);
            self.add(&format!("0.6 G 0.8 w {left:.2} {bottom:.2} {width:.2} {height:.2} re S\n"));
            let (x, y) = (left + 6.0, bottom + height - 14.0);
            self.add(&format!("BT /F0 9 Tf {x:.2} {y:.2} Td {} Tj ET\n", font.coded(label)));
        }
        self.down += AREAS;
    }

    fn space(&mut self, points: f64) {
        self.down += points;
    }

    fn room(&mut self, points: f64) {
        if self.pages.is_empty() || self.down + points > PAGE.1 - 2.0 * MARGIN {
            self.pages.push(String::new());
            self.down = 0.0;
        }
    }

    fn add(&mut self, content: &str) {
        if let Some(page) = self.pages.last_mut() {
            page.push_str(content);
        }
    }
}

fn build(layout: Layout, font: &Font) -> Result<Vec<u8>> {
    let mut document = Document::with_version("1.7");
    let number = font.put_into(&mut document);
    let tree = document.new_object_id();
    let mut kids: Vec<Object> = Vec::new();
    for content in layout.pages {
        let mut stream = Stream::new(dictionary! {}, content.into_bytes());
        let _ = stream.compress();
        let content = document.add_object(stream);
        let page: ObjectId = document.add_object(dictionary! {
            "Type" => "Page", "Parent" => tree, "Contents" => content,
            "MediaBox" => vec![0.into(), 0.into(), Object::Real(PAGE.0 as f32), Object::Real(PAGE.1 as f32)],
            "Resources" => dictionary! { "Font" => dictionary! { "F0" => number } },
        });
        kids.push(page.into());
    }
    let count = kids.len() as i64;
    document.set_object(tree, dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count });
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    document.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    document
        .save_to(&mut bytes)
        .map_err(|error| Error::new(Code::Internal, "writing a letter").because(error.to_string()))?;
    Ok(bytes)
}
