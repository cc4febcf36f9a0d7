//! A font of this computer, as much of it as a letter needs, inside a PDF. We bring none along: one with Chinese letters has ten
//! megabytes, and every system that writes Chinese has one.

use std::collections::BTreeMap;

use fontdb::{Database, Style, Weight};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream, dictionary};
use subsetter::GlyphRemapper;
use ttf_parser::{Face, Tag};

use crate::error::{Code, Error, Result};

/// Those that read well, best first; without one of them the first that has all letters.
const PREFERRED: &[&str] = &[
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Noto Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti SC",
    "SimHei",
    "SimSun",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
];
const DOING: &str = "looking for a font";

/// The part of a font that a text needs.
pub(super) struct Font {
    data: Vec<u8>,
    name: String,
    /// Our number of a letter's shape, and how wide it is in thousandths of the size.
    shapes: BTreeMap<char, (u16, f64)>,
    ascent: f64,
    descent: f64,
    size: [f64; 4],
}

impl Font {
    /// # Errors
    /// [`Code::LetterNoFont`] with the letters that no font has.
    pub(super) fn for_text(text: &str) -> Result<Font> {
        let mut letters: Vec<char> = text.chars().filter(|c| !c.is_control()).collect();
        letters.push(' ');
        letters.sort_unstable();
        letters.dedup();
        let mut fonts = Database::new();
        fonts.load_system_fonts();
        let rank = |families: &[(String, fontdb::Language)]| {
            PREFERRED
                .iter()
                .position(|name| families.iter().any(|(family, _)| family == name))
                .unwrap_or(PREFERRED.len())
        };
        let mut faces: Vec<_> = fonts.faces().filter(|face| face.style == Style::Normal).collect();
        faces.sort_by_key(|face| (rank(&face.families), face.weight != Weight::NORMAL, face.monospaced));
        let mut fewest: Option<Vec<char>> = None;
        for face in faces {
            let made = fonts.with_face_data(face.id, |data, index| Font::of(data, index, &letters));
            match made {
                Some(Ok(font)) => return Ok(font),
                Some(Err(missing)) if fewest.as_ref().is_none_or(|fewest| missing.len() < fewest.len()) => {
                    fewest = Some(missing);
                }
                _ => {}
            }
        }
        let missing: String = fewest.unwrap_or(letters).into_iter().take(20).collect();
        Err(Error::new(Code::LetterNoFont, DOING).with("letters", missing.trim()))
    }

    /// The letters that are missing, where it has not all; all of them if it cannot be taken apart.
    fn of(data: &[u8], index: u32, letters: &[char]) -> std::result::Result<Font, Vec<char>> {
        let unusable = || letters.to_vec();
        let face = Face::parse(data, index).map_err(|_| unusable())?;
        let scale = 1000.0 / f64::from(face.units_per_em());
        let (mut remapper, mut shapes, mut missing) = (GlyphRemapper::new(), BTreeMap::new(), Vec::new());
        for letter in letters {
            match face.glyph_index(*letter) {
                Some(glyph) => {
                    let width = f64::from(face.glyph_hor_advance(glyph).unwrap_or(0)) * scale;
                    shapes.insert(*letter, (remapper.remap(glyph.0), width));
                }
                None => missing.push(*letter),
            }
        }
        if !missing.is_empty() {
            return Err(missing);
        }
        let data = subsetter::subset(data, index, &remapper).map_err(|_| unusable())?;
        let edges = face.global_bounding_box();
        let size = [edges.x_min, edges.y_min, edges.x_max, edges.y_max].map(|edge| f64::from(edge) * scale);
        let names = face.names().into_iter().filter(|name| name.name_id == ttf_parser::name_id::POST_SCRIPT_NAME);
        let name = names.filter_map(|name| name.to_string()).next().unwrap_or_else(|| "Font".to_owned());
        let name = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        let (ascent, descent) = (f64::from(face.ascender()) * scale, f64::from(face.descender()) * scale);
        Ok(Font { data, name, shapes, ascent, descent, size })
    }

    /// How wide a text is in points.
    pub(super) fn width(&self, text: &str, size: f64) -> f64 {
        text.chars().filter_map(|letter| self.shapes.get(&letter)).map(|(_, width)| width * size / 1000.0).sum()
    }

    /// The text as an operand: numbers of shapes, hex.
    pub(super) fn coded(&self, text: &str) -> String {
        let numbers =
            text.chars().filter_map(|letter| self.shapes.get(&letter)).map(|(number, _)| format!("{number:04X}"));
        format!("<{}>", numbers.collect::<String>())
    }

    /// Puts the font into a document (PDF 32000-1, 9.7).
    pub(super) fn put_into(&self, document: &mut Document) -> ObjectId {
        let cff = ttf_parser::RawFace::parse(&self.data, 0).ok().and_then(|raw| raw.table(Tag::from_bytes(b"CFF ")));
        let name = Object::Name(format!("CHPMRK+{}", self.name).into_bytes());
        let file = match cff {
            Some(cff) => packed(dictionary! { "Subtype" => "CIDFontType0C" }, cff.to_vec()),
            None => packed(dictionary! { "Length1" => self.data.len() as i64 }, self.data.clone()),
        };
        let file = document.add_object(file);
        let reals = |all: &[f64]| all.iter().map(|one| Object::Real(*one as f32)).collect::<Vec<_>>();
        let descriptor = document.add_object(dictionary! {
            "Type" => "FontDescriptor", "FontName" => name.clone(), "Flags" => 4, "FontBBox" => reals(&self.size),
            "ItalicAngle" => 0, "Ascent" => self.ascent as f32, "Descent" => self.descent as f32,
            "CapHeight" => self.ascent as f32, "StemV" => 80,
            if cff.is_some() { "FontFile3" } else { "FontFile2" } => file,
        });
        let mut widths: BTreeMap<u16, f64> = BTreeMap::new();
        widths.extend(self.shapes.values().copied());
        let list: Vec<Object> = widths
            .iter()
            .flat_map(|(number, width)| [Object::Integer((*number).into()), Object::Array(reals(&[*width]))])
            .collect();
        let mut descendant = dictionary! {
            "Type" => "Font", "Subtype" => if cff.is_some() { "CIDFontType0" } else { "CIDFontType2" },
            "BaseFont" => name.clone(), "FontDescriptor" => descriptor, "DW" => 1000, "W" => list,
            "CIDSystemInfo" => dictionary! {
                "Registry" => Object::string_literal("Adobe"), "Ordering" => Object::string_literal("Identity"), "Supplement" => 0,
            },
        };
        if cff.is_none() {
            descendant.set("CIDToGIDMap", "Identity");
        }
        let descendant = document.add_object(descendant);
        let letters = document.add_object(packed(Dictionary::new(), self.letters().into_bytes()));
        document.add_object(dictionary! {
            "Type" => "Font", "Subtype" => "Type0", "BaseFont" => name, "Encoding" => "Identity-H",
            "DescendantFonts" => vec![descendant.into()], "ToUnicode" => letters,
        })
    }

    /// Which letter a shape is, for whoever copies or searches text.
    fn letters(&self) -> String {
        let rows: Vec<String> = self
            .shapes
            .iter()
            .map(|(letter, (number, _))| {
                let units =
                    letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("{unit:04X}")).collect::<String>();
                format!("<{number:04X}> <{units}>\n")
            })
            .collect();
        // A block may have a hundred rows.
        let blocks = rows.chunks(100).map(|rows| format!("{} beginbfchar\n{}endbfchar\n", rows.len(), rows.concat()));
        format!(
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) \
             /Supplement 0 >> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\n\
             endcodespacerange\n{}endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n",
            blocks.collect::<String>()
        )
    }
}

fn packed(dictionary: Dictionary, content: Vec<u8>) -> Stream {
    let mut stream = Stream::new(dictionary, content);
    // What cannot be packed stays as it is.
    let _ = stream.compress();
    stream
}
