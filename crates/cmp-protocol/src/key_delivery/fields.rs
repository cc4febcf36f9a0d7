//! Reading CMS structures field by field, borrowed: the decrypted ones hold a private key, and every owned copy of it would
//! have to be wiped.

use der::{AnyRef, Decode, Reader, SliceReader, Tag, Tagged, asn1::ObjectIdentifier};
use zeroize::Zeroizing;

use crate::error::{Check, Error, Result};

/// More elements than any structure here has; a SET of a million is not walked.
const MOST: usize = 256;
/// Deepest nesting that is followed.
const DEEPEST: usize = 24;

/// One element: its tag, its content, and all of it.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: Tag,
    pub(super) content: &'a [u8],
    pub(super) raw: &'a [u8],
}

/// The fields of a structure, taken in order.
pub(super) struct Fields<'a> {
    check: Check,
    what: &'static str,
    rest: std::iter::Peekable<std::vec::IntoIter<Element<'a>>>,
}

/// Number of a context-specific tag.
fn number(tag: Tag) -> Option<u32> {
    match tag {
        Tag::ContextSpecific { number, .. } => Some(number.0),
        _ => None,
    }
}

impl<'a> Element<'a> {
    /// One element and nothing after it.
    pub(super) fn read(bytes: &'a [u8], check: Check, what: &'static str) -> Result<Element<'a>> {
        let mut fields = Fields::of(bytes, check, what)?;
        let element = fields.next()?;
        fields.end()?;
        Ok(element)
    }

    pub(super) fn context(&self) -> Option<u32> {
        number(self.tag)
    }
}

impl<'a> Fields<'a> {
    /// Of the content of a constructed element. `what` is named in errors.
    pub(super) fn of(content: &'a [u8], check: Check, what: &'static str) -> Result<Fields<'a>> {
        let bad = |found: String| Error::check(check, what, found);
        let mut reader = SliceReader::new(content).map_err(|error| bad(error.to_string()))?;
        let mut elements = Vec::new();
        while !reader.is_finished() {
            let raw = reader.tlv_bytes().map_err(|error| bad(error.to_string()))?;
            let any = AnyRef::from_der(raw).map_err(|error| bad(error.to_string()))?;
            elements.push(Element { tag: any.tag(), content: any.value(), raw });
            if elements.len() > MOST {
                return Err(bad(format!("more than {MOST} elements")));
            }
        }
        Ok(Fields { check, what, rest: elements.into_iter().peekable() })
    }

    /// Of a SEQUENCE, with its header.
    pub(super) fn of_sequence(raw: &'a [u8], check: Check, what: &'static str) -> Result<Fields<'a>> {
        let element = Element::read(raw, check, what)?;
        if element.tag != Tag::Sequence {
            return Err(Error::check(check, what, element.tag.to_string()));
        }
        Fields::of(element.content, check, what)
    }

    fn bad(&self, found: impl Into<String>) -> Error {
        Error::check(self.check, self.what, found)
    }

    pub(super) fn next(&mut self) -> Result<Element<'a>> {
        self.rest.next().ok_or_else(|| self.bad("a field is missing"))
    }

    pub(super) fn expect(&mut self, tag: Tag) -> Result<Element<'a>> {
        let element = self.next()?;
        if element.tag != tag { Err(self.bad(format!("{} where {tag} is due", element.tag))) } else { Ok(element) }
    }

    /// The next field, if it has this context-specific tag.
    pub(super) fn context(&mut self, wanted: u32) -> Option<Element<'a>> {
        self.rest.next_if(|element| number(element.tag) == Some(wanted))
    }

    /// The next field, if it has this tag.
    pub(super) fn optional(&mut self, tag: Tag) -> Option<Element<'a>> {
        self.rest.next_if(|element| element.tag == tag)
    }

    /// An element decoded by `der`.
    pub(super) fn decoded<T: Decode<'a, Error = der::Error>>(&mut self) -> Result<T> {
        let element = self.next()?;
        T::from_der(element.raw).map_err(|error| self.bad(error.to_string()))
    }

    pub(super) fn oid(&mut self) -> Result<ObjectIdentifier> {
        self.decoded()
    }

    pub(super) fn rest(self) -> Vec<Element<'a>> {
        self.rest.collect()
    }

    /// The only element that is left.
    pub(super) fn single(mut self) -> Result<Element<'a>> {
        let element = self.next()?;
        self.end()?;
        Ok(element)
    }

    pub(super) fn end(&mut self) -> Result<()> {
        if self.rest.peek().is_none() { Ok(()) } else { Err(self.bad("more fields than are known")) }
    }
}

/// DER of what came in BER: CMS lets the inside of an envelope be BER (RFC 5652 §2), and Bouncy Castle writes it so, with
/// indefinite lengths and octet strings in pieces. DER comes out as it went in.
pub(super) fn der_from_ber(bytes: &[u8], check: Check) -> Result<Zeroizing<Vec<u8>>> {
    let (element, rest) = transcode(bytes, DEEPEST).map_err(|why| Error::check(check, "BER", why))?;
    if rest.is_empty() { Ok(element) } else { Err(Error::check(check, "one element", "bytes after it")) }
}

type Transcoded<'a> = std::result::Result<(Zeroizing<Vec<u8>>, &'a [u8]), &'static str>;

fn transcode(bytes: &[u8], depth: usize) -> Transcoded<'_> {
    const CONSTRUCTED: u8 = 0x20;
    const OCTETS: u8 = 0x04;
    let depth = depth.checked_sub(1).ok_or("nested too deeply")?;
    let (&tag, after_tag) = bytes.split_first().ok_or("cut off")?;
    if tag & 0x1f == 0x1f {
        return Err("a tag of several bytes");
    }
    let (length, mut content) = length(after_tag)?;
    let (mut inside, rest) = match length {
        Some(length) => content.split_at_checked(length).ok_or("cut off")?,
        None if tag & CONSTRUCTED == 0 => return Err("a primitive element without a length"),
        None => (content, &[][..]),
    };
    if tag & CONSTRUCTED == 0 {
        return Ok((element(tag, inside), rest));
    }
    let joins = tag == OCTETS | CONSTRUCTED;
    let mut made = Zeroizing::new(Vec::with_capacity(inside.len() + inside.len() / 8 + 16));
    loop {
        match (length, inside) {
            (Some(_), []) => break,
            (None, [0, 0, after @ ..]) => {
                content = after;
                break;
            }
            _ => {}
        }
        let (child, after) = transcode(inside, depth)?;
        if joins {
            let header = if child.first() == Some(&OCTETS) { header_bytes(&child) } else { None };
            made.extend_from_slice(&child[header.ok_or("an octet string of other things")?..]);
        } else {
            made.extend_from_slice(&child);
        }
        inside = after;
    }
    let tag = if joins { OCTETS } else { tag };
    Ok((element(tag, &made), if length.is_some() { rest } else { content }))
}

/// `None`: indefinite.
fn length(bytes: &[u8]) -> std::result::Result<(Option<usize>, &[u8]), &'static str> {
    let (&first, rest) = bytes.split_first().ok_or("cut off")?;
    match first {
        0..0x80 => Ok((Some(first.into()), rest)),
        0x80 => Ok((None, rest)),
        0x81..=0x84 => {
            let (number, rest) = rest.split_at_checked(usize::from(first & 0x7f)).ok_or("cut off")?;
            Ok((Some(number.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))), rest))
        }
        _ => Err("a length of more than four bytes"),
    }
}

pub(super) fn element(tag: u8, content: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut made = Zeroizing::new(Vec::with_capacity(content.len() + 6));
    made.push(tag);
    let length = content.len().to_be_bytes();
    let zeros = length.iter().take_while(|byte| **byte == 0).count();
    match &length[zeros..] {
        [] => made.push(0),
        [short] if *short < 0x80 => made.push(*short),
        bytes => {
            made.push(0x80 | bytes.len() as u8);
            made.extend_from_slice(bytes);
        }
    }
    made.extend_from_slice(content);
    made
}

/// Bytes of tag and length of an element made by [`element`].
fn header_bytes(made: &[u8]) -> Option<usize> {
    let first = *made.get(1)?;
    Some(if first < 0x80 { 2 } else { 2 + usize::from(first & 0x7f) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        der_from_ber(bytes, Check::KeyEnvelope)
    }

    #[test]
    fn ber_becomes_der() {
        let cases: [(&[u8], &[u8]); 5] = [
            (&[0x30, 0x03, 0x02, 0x01, 0x05], &[0x30, 0x03, 0x02, 0x01, 0x05]),
            (&[0x30, 0x80, 0x02, 0x01, 0x05, 0, 0], &[0x30, 0x03, 0x02, 0x01, 0x05]),
            (&[0x30, 0x81, 0x03, 0x02, 0x01, 0x05], &[0x30, 0x03, 0x02, 0x01, 0x05]),
            (&[0x24, 0x80, 0x04, 0x01, 1, 0x04, 0x02, 2, 3, 0, 0], &[0x04, 0x03, 1, 2, 3]),
            (&[0x30, 0x80, 0x30, 0x80, 0, 0, 0x05, 0x00, 0, 0], &[0x30, 0x04, 0x30, 0x00, 0x05, 0x00]),
        ];
        for (ber, expected) in cases {
            assert_eq!(*der(ber).unwrap(), expected);
        }
        let long = [&[0x04, 0x82, 0x01, 0x00][..], &[7; 256]].concat();
        assert_eq!(*der(&long).unwrap(), long);
    }

    #[test]
    fn what_is_neither_is_refused() {
        let deep = [0x30, 0x80].repeat(1000);
        let cases: [&[u8]; 8] = [
            &[],
            &[0x30],
            &[0x30, 0x05, 0x02],
            &[0x30, 0x80, 0x02, 0x01, 0x05],
            &[0x04, 0x80, 0, 0],
            &[0x30, 0x85, 1, 1, 1, 1, 1],
            &[0x24, 0x80, 0x02, 0x01, 1, 0, 0],
            &deep,
        ];
        for bytes in cases {
            assert!(matches!(der(bytes), Err(Error::Check { check: Check::KeyEnvelope, .. })), "{bytes:x?}");
        }
        assert!(der(&[0x05, 0x00, 0x00]).is_err(), "something after it");
    }
}
