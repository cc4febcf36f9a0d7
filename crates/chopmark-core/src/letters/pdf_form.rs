//! The fields of a PDF form, filled.

use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId, Stream, dictionary};

use super::{data::LetterData, fill::Filled, font::Font};
use crate::{error::Result, model::LetterField};

const LARGEST: usize = 64 * 1024 * 1024;
/// Fields within fields, and all of them.
const DEEPEST: usize = 16;
const MOST_FIELDS: usize = 2_000;
/// A field's text, points.
const SIZES: (f64, f64) = (6.0, 11.0);

/// A field for text: its name and the places where it is shown.
struct Field {
    id: ObjectId,
    name: String,
    widgets: Vec<ObjectId>,
    /// There is something in it already.
    full: bool,
}

/// A PDF with its fields filled; `None`: it is none, or has no field for text.
pub(super) fn fill(bytes: &[u8], data: &LetterData) -> Result<Option<Filled>> {
    let options = LoadOptions { max_decompressed_size: Some(LARGEST), ..LoadOptions::default() };
    let Ok(mut document) = Document::load_mem_with_options(bytes, options) else { return Ok(None) };
    if document.is_encrypted() {
        return Ok(None);
    }
    let fields = text_fields(&document);
    if fields.is_empty() {
        return Ok(None);
    }
    let (mut filled, mut left, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for field in fields.into_iter().filter(|field| !field.full) {
        match data.for_field(&field.name) {
            Some(value) => {
                filled.push(LetterField { name: field.name.clone(), value: value.to_owned() });
                texts.push((field, value.to_owned()));
            }
            None => left.push(field.name),
        }
    }
    if texts.is_empty() {
        return Ok(Some(Filled { bytes: bytes.to_vec(), filled, left }));
    }
    let font = Font::for_text(&texts.iter().map(|(_, value)| value.as_str()).collect::<String>())?;
    let number = font.put_into(&mut document);
    for (field, value) in &texts {
        set(&mut document, field.id, "V", lopdf::text_string(value));
        for widget in &field.widgets {
            if let Some(shown) = shown(&document, *widget, value, &font, number) {
                let shown = document.add_object(shown);
                set(&mut document, *widget, "AP", dictionary! { "N" => shown });
            }
        }
    }
    drop_wish_for_appearances(&mut document);
    let mut bytes = Vec::new();
    match document.save_to(&mut bytes) {
        Ok(()) => Ok(Some(Filled { bytes, filled, left })),
        Err(_) => Ok(None),
    }
}

fn set(document: &mut Document, id: ObjectId, name: &str, value: impl Into<Object>) {
    if let Ok(dictionary) = document.get_dictionary_mut(id) {
        dictionary.set(name, value);
    }
}

fn form(document: &Document) -> Option<&Dictionary> {
    document.catalog().ok()?.get_deref(b"AcroForm", document).ok()?.as_dict().ok()
}

/// Readers would draw the fields again, with fonts that lack letters.
fn drop_wish_for_appearances(document: &mut Document) {
    let referenced = document.catalog().ok().and_then(|catalog| catalog.get(b"AcroForm").ok()?.as_reference().ok());
    let form = match referenced {
        Some(id) => document.get_dictionary_mut(id).ok(),
        None => document.catalog_mut().ok().and_then(|catalog| catalog.get_mut(b"AcroForm").ok()?.as_dict_mut().ok()),
    };
    if let Some(form) = form {
        form.remove(b"NeedAppearances");
        // A form of the other kind (XFA) would win over what we fill.
        form.remove(b"XFA");
    }
}

fn text_fields(document: &Document) -> Vec<Field> {
    let mut found = Vec::new();
    let Some(form) = form(document) else { return found };
    let Ok(fields) = form.get_deref(b"Fields", document).and_then(Object::as_array) else { return found };
    for field in fields.iter().filter_map(|field| field.as_reference().ok()) {
        collect(document, field, "", None, 0, &mut found);
    }
    found
}

/// A field, or those below it: names are joined, the kind is inherited (PDF 32000-1, 12.7.3).
fn collect(document: &Document, id: ObjectId, above: &str, kind: Option<&[u8]>, depth: usize, found: &mut Vec<Field>) {
    let Ok(dictionary) = document.get_dictionary(id) else { return };
    if depth > DEEPEST || found.len() >= MOST_FIELDS {
        return;
    }
    let own = dictionary.get_deref(b"T", document).ok().and_then(|name| lopdf::decode_text_string(name).ok());
    let name = match (&own, above.is_empty()) {
        (Some(own), true) => own.clone(),
        (Some(own), false) => format!("{above}.{own}"),
        (None, _) => above.to_owned(),
    };
    let kind = dictionary.get_deref(b"FT", document).and_then(Object::as_name).ok().or(kind);
    let kids = dictionary.get_deref(b"Kids", document).and_then(Object::as_array).ok();
    let kids: Vec<ObjectId> = kids.into_iter().flatten().filter_map(|kid| kid.as_reference().ok()).collect();
    let named = |kid: &ObjectId| document.get_dictionary(*kid).is_ok_and(|kid| kid.has(b"T"));
    if kids.iter().any(named) {
        kids.into_iter().for_each(|kid| collect(document, kid, &name, kind, depth + 1, found));
    } else if kind == Some(b"Tx") && !name.is_empty() {
        let full = dictionary.get_deref(b"V", document).ok().and_then(|value| lopdf::decode_text_string(value).ok());
        let full = full.is_some_and(|value| !value.trim().is_empty());
        let widgets = if kids.is_empty() { vec![id] } else { kids };
        found.push(Field { id, name, widgets, full });
    }
}

/// How a field's text is shown: one line, as large as fits.
fn shown(document: &Document, widget: ObjectId, value: &str, font: &Font, number: ObjectId) -> Option<Stream> {
    let edges = document.get_dictionary(widget).ok()?.get_deref(b"Rect", document).ok()?.as_array().ok()?;
    let edge = |at: usize| Some(f64::from(document.dereference(edges.get(at)?).ok()?.1.as_float().ok()?));
    let (width, height) = ((edge(2)? - edge(0)?).abs(), (edge(3)? - edge(1)?).abs());
    let mut size = (height * 0.72).clamp(SIZES.0, SIZES.1);
    let needed = font.width(value, size);
    if needed > width - 4.0 && needed > 0.0 {
        size = (size * (width - 4.0) / needed).max(3.0);
    }
    let base = ((height - size) / 2.0 + size * 0.2).max(1.0);
    let content = format!("/Tx BMC q BT /F0 {size:.2} Tf 0 g 2 {base:.2} Td {} Tj ET Q EMC", font.coded(value));
    let dictionary = dictionary! {
        "Type" => "XObject", "Subtype" => "Form",
        "BBox" => vec![0.into(), 0.into(), Object::Real(width as f32), Object::Real(height as f32)],
        "Resources" => dictionary! { "Font" => dictionary! { "F0" => number } },
    };
    Some(Stream::new(dictionary, content.into_bytes()))
}
