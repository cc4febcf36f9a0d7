//! Pictures as grey values.

use std::io::Cursor;

use zune_jpeg::{
    JpegDecoder,
    zune_core::{colorspace::ColorSpace, options::DecoderOptions},
};

/// Most pixels that are looked at; a scan of A4 with 600 dots per inch has 35 million.
pub(super) const MOST_PIXELS: u64 = 120_000_000;
const LONGEST_SIDE: usize = 40_000;

/// Grey values of a picture, row by row, 0 is black.
pub(crate) struct Grey {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) values: Vec<u8>,
    /// Pixels per inch, as the file says.
    pub(crate) dpi: Option<u32>,
}

/// Why a picture could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unread {
    /// More pixels than anybody needs; their count across and down.
    Huge(usize, usize),
    Broken(String),
}

fn broken(error: impl std::fmt::Display) -> Unread {
    Unread::Broken(error.to_string())
}

fn bounded(width: usize, height: usize) -> Result<(), Unread> {
    let fits = width.max(height) <= LONGEST_SIDE && (width as u64) * (height as u64) <= MOST_PIXELS;
    if fits { Ok(()) } else { Err(Unread::Huge(width, height)) }
}

/// Light as eyes weigh it (ITU-R BT.601).
pub(super) fn luma(red: u8, green: u8, blue: u8) -> u8 {
    ((u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114) / 1000) as u8
}

/// A JPEG file.
pub(super) fn jpeg(bytes: &[u8]) -> Result<Grey, Unread> {
    let options = DecoderOptions::new_safe().set_max_width(u16::MAX.into()).set_max_height(u16::MAX.into());
    let mut head = JpegDecoder::new_with_options(Cursor::new(bytes), options);
    head.decode_headers().map_err(broken)?;
    let info = head.info().ok_or_else(|| broken("no header"))?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    bounded(width, height)?;
    // What printers write (four colours) the decoder turns into red, green and blue, not into grey.
    let grey = matches!(head.input_colorspace(), Some(ColorSpace::Luma | ColorSpace::YCbCr));
    let wanted = if grey { ColorSpace::Luma } else { ColorSpace::RGB };
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(bytes), options.jpeg_set_out_colorspace(wanted));
    let pixels = decoder.decode().map_err(broken)?;
    // The decoder leaves grey what is missing. Only what ends with the mark of the end behind its last part is whole.
    let last_part = bytes.windows(2).rposition(|mark| mark == [0xff, 0xda]).unwrap_or(0);
    if !bytes[last_part..].windows(2).any(|mark| mark == [0xff, 0xd9]) {
        return Err(broken("the end is missing"));
    }
    let values = match grey {
        true => pixels,
        false => pixels.chunks_exact(3).map(|pixel| luma(pixel[0], pixel[1], pixel[2])).collect(),
    };
    if values.len() != width * height {
        return Err(broken("rows are missing"));
    }
    Ok(Grey { width, height, values, dpi: jfif_dpi(bytes) })
}

/// The density in a JFIF header, which scanners write.
fn jfif_dpi(bytes: &[u8]) -> Option<u32> {
    let at = bytes.get(..64.min(bytes.len()))?.windows(5).position(|part| part == b"JFIF\0")?;
    let rest = bytes.get(at + 7..at + 12)?;
    let across = u32::from(u16::from_be_bytes([rest[1], rest[2]]));
    match rest[0] {
        1 => Some(across),
        2 => Some(across * 254 / 100),
        _ => None,
    }
}

/// A PNG file.
pub(super) fn png(bytes: &[u8]) -> Result<Grey, Unread> {
    let limits = png::Limits { bytes: MOST_PIXELS as usize };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(broken)?;
    let info = reader.info();
    let (width, height) = (info.width as usize, info.height as usize);
    bounded(width, height)?;
    let dpi =
        info.pixel_dims.filter(|dims| dims.unit == png::Unit::Meter).map(|dims| (dims.xppu * 254 + 5000) / 10_000);
    let size = reader.output_buffer_size().ok_or_else(|| broken("too large"))?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(broken)?;
    pixels.truncate(frame.buffer_size());
    let on_paper = |value: u8, alpha: u8| (255 - u32::from(alpha) + u32::from(value) * u32::from(alpha) / 255) as u8;
    let values: Vec<u8> = match frame.color_type {
        png::ColorType::Grayscale => pixels,
        png::ColorType::GrayscaleAlpha => pixels.chunks_exact(2).map(|pixel| on_paper(pixel[0], pixel[1])).collect(),
        png::ColorType::Rgb => pixels.chunks_exact(3).map(|pixel| luma(pixel[0], pixel[1], pixel[2])).collect(),
        png::ColorType::Rgba => {
            pixels.chunks_exact(4).map(|pixel| on_paper(luma(pixel[0], pixel[1], pixel[2]), pixel[3])).collect()
        }
        png::ColorType::Indexed => return Err(broken("colours were not resolved")),
    };
    if values.len() != width * height {
        return Err(broken("rows are missing"));
    }
    Ok(Grey { width, height, values, dpi })
}

/// A fax (CCITT group 3 in one dimension, or group 4) as it stands in a PDF; `turned`: what the fax calls black is light.
pub(super) fn fax(bytes: &[u8], width: usize, height: usize, group_4: bool, turned: bool) -> Result<Grey, Unread> {
    bounded(width, height)?;
    let (across, down) = (width as u32, height as u32);
    let mut values = Vec::with_capacity(width * height);
    let line = |transitions: &[u32]| {
        if values.len() < width * height {
            let black = |pixel| (pixel == fax::Color::Black) != turned;
            values.extend(fax::decoder::pels(transitions, across).map(|pixel| if black(pixel) { 0 } else { 255 }));
        }
    };
    let input = bytes.iter().copied();
    match group_4 {
        true => fax::decoder::decode_g4(input, across, Some(down), line),
        false => fax::decoder::decode_g3(input, line),
    };
    // What comes before an error is what readers show; half of it is a page to be judged.
    if values.len() * 2 < width * height {
        return Err(broken("rows are missing"));
    }
    values.resize(width * height, 255);
    Ok(Grey { width, height, values, dpi: None })
}

/// Samples as they stand in a PDF.
pub(super) struct Samples<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Of a value: 1, 2, 4 or 8.
    pub(super) bits: usize,
    /// Grey or red, green, blue.
    pub(super) colours: usize,
    /// Colours by number.
    pub(super) palette: Option<&'a [u8]>,
    /// High is dark.
    pub(super) inverted: bool,
}

impl Samples<'_> {
    /// `None`: of a kind that is not looked at.
    pub(super) fn grey(&self, bytes: &[u8]) -> Option<Result<Grey, Unread>> {
        let (width, height) = (self.width, self.height);
        if ![1, 2, 4, 8].contains(&self.bits) || width == 0 || height == 0 {
            return None;
        }
        bounded(width, height).ok()?;
        let values_a_row = width * self.colours;
        let row = (values_a_row * self.bits).div_ceil(8);
        let turned = |value: u8| if self.inverted { 255 - value } else { value };
        let colour = |number: u8| -> Option<u8> {
            let palette = self.palette?;
            let at = usize::from(number) * 3;
            Some(luma(*palette.get(at)?, *palette.get(at + 1)?, *palette.get(at + 2)?))
        };
        let mut values = Vec::with_capacity(width * height);
        let most = (1_u32 << self.bits) - 1;
        let Some(bytes) = bytes.get(..row * height) else { return Some(Err(broken("rows are missing"))) };
        for row in bytes.chunks_exact(row) {
            let at = |number: usize| match self.bits {
                8 => row[number],
                bits => row[number * bits / 8] >> (8 - bits - number * bits % 8) & most as u8,
            };
            let scaled = |number: usize| turned((u32::from(at(number)) * 255 / most) as u8);
            match self.colours {
                1 if self.palette.is_some() => values.extend((0..width).map(|x| colour(at(x)).unwrap_or(255))),
                1 => values.extend((0..width).map(scaled)),
                3 => values.extend((0..width).map(|x| luma(scaled(3 * x), scaled(3 * x + 1), scaled(3 * x + 2)))),
                _ => return None,
            }
        }
        Some(Ok(Grey { width, height, values, dpi: None }))
    }
}
