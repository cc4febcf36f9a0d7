//! The pages of a PDF, and the pictures on them as they are seen there.

use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId, Stream, content::Content};

use super::picture::{self, Grey, Samples, Unread};

/// Longest content of a page without its pictures, and largest picture, bytes after unpacking.
const LONGEST_CONTENT: usize = 16 * 1024 * 1024;
const LARGEST_PICTURE: usize = 256 * 1024 * 1024;
/// Forms within forms; real ones have one or two.
const DEEPEST: u32 = 6;
/// Pages that are looked at, and pictures a page.
pub(super) const MOST_PAGES: usize = 30;
const MOST_PICTURES: usize = 64;

/// Why a PDF cannot be looked at.
#[derive(Debug)]
pub(super) enum Closed {
    Encrypted,
    Broken(String),
}

/// A page.
pub(super) struct Page {
    pub(super) pictures: Vec<Placed>,
    /// Text or lines that are no picture.
    pub(super) drawn: bool,
}

/// A picture where it stands.
pub(super) struct Placed {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Pixels per inch as it is shown.
    pub(super) dpi: Option<u32>,
    /// `None`: packed in a way that is not looked into.
    pub(super) grey: Option<std::result::Result<Grey, Unread>>,
}

/// A PDF, open.
pub(super) struct Pdf(Document);

impl Pdf {
    pub(super) fn open(bytes: &[u8]) -> Result<Pdf, Closed> {
        let options = LoadOptions { max_decompressed_size: Some(LONGEST_CONTENT), ..LoadOptions::default() };
        let document = Document::load_mem_with_options(bytes, options);
        let document = document.map_err(|error| Closed::Broken(error.to_string()))?;
        if document.is_encrypted() { Err(Closed::Encrypted) } else { Ok(Pdf(document)) }
    }

    pub(super) fn count(&self) -> usize {
        self.0.get_pages().len()
    }

    /// The first pages.
    pub(super) fn pages(&self) -> impl Iterator<Item = Page> + '_ {
        self.0.get_pages().into_values().take(MOST_PAGES).map(|id| self.page(id))
    }

    fn page(&self, id: ObjectId) -> Page {
        let mut page = Page { pictures: Vec::new(), drawn: false };
        let content = self.0.get_page_content_with_limit(id, LONGEST_CONTENT).unwrap_or_default();
        let (inline, referenced) = self.0.get_page_resources(id).unwrap_or((None, Vec::new()));
        let named = referenced.into_iter().filter_map(|id| self.0.get_dictionary(id).ok());
        let resources: Vec<&Dictionary> = inline.into_iter().chain(named).collect();
        Walk { document: &self.0, page: &mut page }.content(&content, &resources, Matrix::SAME, 0);
        page
    }
}

/// What moves and stretches what is drawn (PDF 32000-1, 8.3.3).
#[derive(Clone, Copy)]
struct Matrix([f64; 6]);

impl Matrix {
    const SAME: Matrix = Matrix([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    fn of(operands: &[Object]) -> Option<Matrix> {
        let mut numbers = [0.0; 6];
        if operands.len() != 6 {
            return None;
        }
        for (number, operand) in numbers.iter_mut().zip(operands) {
            *number = f64::from(operand.as_float().ok()?);
        }
        Some(Matrix(numbers))
    }

    /// First this one, then the other.
    fn then(self, other: Matrix) -> Matrix {
        let ([a, b, c, d, e, f], [g, h, i, j, k, l]) = (self.0, other.0);
        Matrix([a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + l])
    }

    /// How long the sides of a square of one become, in points.
    fn sides(self) -> (f64, f64) {
        let [a, b, c, d, ..] = self.0;
        (a.hypot(b), c.hypot(d))
    }
}

struct Walk<'a> {
    document: &'a Document,
    page: &'a mut Page,
}

impl Walk<'_> {
    fn content(&mut self, content: &[u8], resources: &[&Dictionary], start: Matrix, depth: u32) {
        let Ok(content) = Content::decode(content) else { return };
        let (mut now, mut kept) = (start, Vec::new());
        for operation in &content.operations {
            match &*operation.operator {
                "q" => kept.push(now),
                "Q" => now = kept.pop().unwrap_or(now),
                "cm" => now = Matrix::of(&operation.operands).map_or(now, |matrix| matrix.then(now)),
                "Do" => {
                    if let Some(name) = operation.operands.first().and_then(|name| name.as_name().ok()) {
                        self.object(name, resources, now, depth);
                    }
                }
                "BI" => self.page.pictures.push(Placed { width: 0, height: 0, dpi: None, grey: None }),
                "Tj" | "TJ" | "'" | "\"" | "S" | "s" | "f" | "F" | "f*" | "B" | "B*" | "b" | "b*" | "sh" => {
                    self.page.drawn = true;
                }
                _ => {}
            }
        }
    }

    fn object(&mut self, name: &[u8], resources: &[&Dictionary], now: Matrix, depth: u32) {
        let document = self.document;
        let Some(stream) = resources.iter().find_map(|resources| named(document, resources, name)) else { return };
        match stream.dict.get(b"Subtype").and_then(Object::as_name) {
            Ok(b"Image") if self.page.pictures.len() < MOST_PICTURES => {
                let placed = placed(self.document, stream, now);
                self.page.pictures.push(placed);
            }
            Ok(b"Form") if depth < DEEPEST => {
                let matrix = stream.dict.get_deref(b"Matrix", self.document).and_then(Object::as_array);
                let matrix = matrix.ok().and_then(|array| Matrix::of(array)).unwrap_or(Matrix::SAME);
                let own = stream.dict.get_deref(b"Resources", self.document).and_then(Object::as_dict).ok();
                let resources: Vec<&Dictionary> = own.into_iter().chain(resources.iter().copied()).collect();
                let content = stream.get_plain_content_with_limit(LONGEST_CONTENT).unwrap_or_default();
                self.content(&content, &resources, matrix.then(now), depth + 1);
            }
            _ => {}
        }
    }
}

fn named<'a>(document: &'a Document, resources: &'a Dictionary, name: &[u8]) -> Option<&'a Stream> {
    let all = resources.get_deref(b"XObject", document).ok()?.as_dict().ok()?;
    all.get_deref(name, document).ok()?.as_stream().ok()
}

fn placed(document: &Document, stream: &Stream, now: Matrix) -> Placed {
    let side = |name: &[u8]| {
        let length = stream.dict.get_deref(name, document).and_then(Object::as_i64).ok();
        length.and_then(|length| u32::try_from(length).ok()).unwrap_or(0)
    };
    let (width, height) = (side(b"Width"), side(b"Height"));
    let (across, down) = now.sides();
    let per_inch = |pixels: u32, points: f64| if points > 1.0 { f64::from(pixels) * 72.0 / points } else { 0.0 };
    let dpi = per_inch(width, across).min(per_inch(height, down)).round() as u32;
    let grey = grey(document, stream, width as usize, height as usize);
    Placed { width, height, dpi: Some(dpi).filter(|dpi| *dpi > 0), grey }
}

fn grey(
    document: &Document,
    stream: &Stream,
    width: usize,
    height: usize,
) -> Option<std::result::Result<Grey, Unread>> {
    let filters = stream.filters().unwrap_or_default();
    match filters.last() {
        Some(&b"DCTDecode") if filters.len() == 1 => return Some(picture::jpeg(&stream.content)),
        Some(&b"CCITTFaxDecode") if filters.len() == 1 => return fax(document, stream, width, height),
        Some(&b"DCTDecode" | &b"JPXDecode" | &b"JBIG2Decode" | &b"CCITTFaxDecode") => return None,
        _ => {}
    }
    if (width as u64) * (height as u64) > picture::MOST_PIXELS {
        return Some(Err(Unread::Huge(width, height)));
    }
    let bytes = match stream.get_plain_content_with_limit(LARGEST_PICTURE) {
        Ok(bytes) => bytes,
        Err(error) => return Some(Err(Unread::Broken(error.to_string()))),
    };
    let get = |name: &[u8]| stream.dict.get_deref(name, document).ok();
    // A mask paints where its bits are 0.
    let mask = get(b"ImageMask").and_then(|flag| flag.as_bool().ok()).unwrap_or(false);
    let bits = get(b"BitsPerComponent").and_then(|bits| bits.as_i64().ok()).unwrap_or(if mask { 1 } else { 8 });
    let (colours, palette) = match get(b"ColorSpace") {
        Some(space) => colours(document, space)?,
        None => (1, None),
    };
    let inverted = is_inverted(document, stream);
    let samples = Samples { width, height, bits: bits as usize, colours, palette: palette.as_deref(), inverted };
    samples.grey(&bytes)
}

/// High values are dark.
fn is_inverted(document: &Document, stream: &Stream) -> bool {
    let decode = stream.dict.get_deref(b"Decode", document).and_then(Object::as_array).ok();
    let first = decode.and_then(|decode| decode.first()).and_then(|first| first.as_float().ok());
    first.is_some_and(|first| first > 0.5)
}

fn fax(document: &Document, stream: &Stream, width: usize, height: usize) -> Option<std::result::Result<Grey, Unread>> {
    let given = stream.dict.get_deref(b"DecodeParms", document).ok()?;
    let given = match given.as_array() {
        Ok(all) => document.dereference(all.first()?).ok()?.1,
        Err(_) => given,
    };
    let given = given.as_dict().ok()?;
    let kind = given.get_deref(b"K", document).and_then(Object::as_i64).unwrap_or(0);
    let columns = given.get_deref(b"Columns", document).and_then(Object::as_i64).unwrap_or(1728);
    if kind > 0 || columns != width as i64 {
        return None;
    }
    let black_is_1 = given.get_deref(b"BlackIs1", document).and_then(Object::as_bool).unwrap_or(false);
    let turned = black_is_1 != is_inverted(document, stream);
    Some(picture::fax(&stream.content, width, height, kind < 0, turned))
}

/// How many values a pixel has, and the colours where they are numbers into a table. `None`: not looked at.
fn colours(document: &Document, space: &Object) -> Option<(usize, Option<Vec<u8>>)> {
    let name = |object: &Object| object.as_name().ok().map(<[u8]>::to_vec);
    let array = space.as_array().ok();
    let kind = name(space).or_else(|| name(document.dereference(array?.first()?).ok()?.1))?;
    let part = |at: usize| Some(document.dereference(array?.get(at)?).ok()?.1);
    match &*kind {
        b"DeviceGray" | b"CalGray" | b"G" => Some((1, None)),
        b"DeviceRGB" | b"CalRGB" | b"RGB" => Some((3, None)),
        b"ICCBased" => match part(1)?.as_stream().ok()?.dict.get_deref(b"N", document).ok()?.as_i64().ok()? {
            1 => Some((1, None)),
            3 => Some((3, None)),
            _ => None,
        },
        b"Indexed" | b"I" => {
            let (base, _) = colours(document, part(1)?)?;
            let table = part(3)?;
            let table = match table.as_stream() {
                Ok(stream) => stream.get_plain_content_with_limit(64 * 1024).ok()?,
                Err(_) => table.as_str().ok()?.to_vec(),
            };
            let table = if base == 1 { table.iter().flat_map(|value| [*value; 3]).collect() } else { table };
            Some((1, Some(table)))
        }
        _ => None,
    }
}
