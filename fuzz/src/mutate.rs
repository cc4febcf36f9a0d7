//! A mutator that knows DER: it changes one element and puts the lengths around it right, so that changes deep inside a
//! message do not all end at the outermost length. Every other time libFuzzer's own mutations have their way.

/// Depth from which content is taken as plain bytes.
const DEPTH: usize = 32;

struct Element {
    tag: u8,
    content: Content,
}

enum Content {
    Bytes(Vec<u8>),
    Elements(Vec<Element>),
}

/// Mutates `data[..size]` in place, of which the first `skip` bytes are no DER; returns the new size.
pub fn message(data: &mut [u8], skip: usize, size: usize, max_size: usize, seed: u32) -> usize {
    let mut dice = Dice(seed | 1);
    let elements = (size > skip && dice.roll(2) == 0).then(|| elements(&data[skip..size], 0)).flatten();
    let Some(mut elements) = elements.filter(|found| !found.is_empty()) else {
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    };
    let donor = dice.roll(count(&elements));
    let donor = find(&mut elements, donor).map(|(family, at)| encode(&family[at]));
    let place = dice.roll(count(&elements));
    if let Some((family, at)) = find(&mut elements, place) {
        change(family, at, donor.unwrap_or_default(), &mut dice);
    }
    let made: Vec<u8> = elements.iter().flat_map(encode).collect();
    match data.get_mut(skip..skip + made.len()) {
        Some(place) if skip + made.len() <= max_size => {
            place.copy_from_slice(&made);
            skip + made.len()
        }
        _ => libfuzzer_sys::fuzzer_mutate(data, size, max_size),
    }
}

fn change(family: &mut Vec<Element>, at: usize, donor: Vec<u8>, dice: &mut Dice) {
    match dice.roll(7) {
        0 => drop(family.remove(at)),
        1 => {
            let same = elements(&encode(&family[at]), 0).unwrap_or_default();
            family.splice(at..at, same);
        }
        2 => {
            family.splice(at..=at, elements(&donor, 0).unwrap_or_default());
        }
        3 => {
            family.splice(at..at, elements(&donor, 0).unwrap_or_default());
        }
        4 => family[at].tag ^= 1 << dice.roll(8),
        5 => {
            let other = dice.roll(family.len());
            family.swap(at, other);
        }
        _ => {
            let mut bytes = match &family[at].content {
                Content::Bytes(bytes) => bytes.clone(),
                Content::Elements(inner) => inner.iter().flat_map(encode).collect(),
            };
            let size = bytes.len();
            let room = size + 1 + dice.roll(64);
            bytes.resize(room, 0);
            let size = libfuzzer_sys::fuzzer_mutate(&mut bytes, size, room);
            bytes.truncate(size);
            family[at].content = Content::Bytes(bytes);
        }
    }
}

/// All of `bytes` as elements, or nothing when they are not (or not in the form of DER with tags of one byte).
fn elements(mut bytes: &[u8], depth: usize) -> Option<Vec<Element>> {
    let mut found = Vec::new();
    while let [tag, first, rest @ ..] = bytes {
        let (length, rest) = match first {
            0..=0x7f => (usize::from(*first), rest),
            0x81 => (usize::from(*rest.first()?), &rest[1..]),
            0x82 => (usize::from(*rest.first()?) << 8 | usize::from(*rest.get(1)?), &rest[2..]),
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        let inner = (tag & 0x20 != 0 && depth < DEPTH).then(|| elements(content, depth + 1)).flatten();
        let content = inner.map_or_else(|| Content::Bytes(content.to_vec()), Content::Elements);
        found.push(Element { tag: *tag, content });
        bytes = rest;
    }
    bytes.is_empty().then_some(found)
}

fn encode(element: &Element) -> Vec<u8> {
    let content = match &element.content {
        Content::Bytes(bytes) => bytes.clone(),
        Content::Elements(inner) => inner.iter().flat_map(encode).collect(),
    };
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut made = vec![element.tag];
    match content.len() {
        0..=0x7f => made.push(length[3]),
        0x80..=0xff => made.extend([0x81, length[3]]),
        0x100..=0xffff => made.extend([0x82, length[2], length[3]]),
        _ => made.extend([0x84, length[0], length[1], length[2], length[3]]),
    }
    made.extend(content);
    made
}

fn count(elements: &[Element]) -> usize {
    let inner = |element: &Element| match &element.content {
        Content::Elements(inner) => count(inner),
        Content::Bytes(_) => 0,
    };
    elements.iter().map(|element| 1 + inner(element)).sum()
}

/// The element of this number, counted from the outside in and from left to right, as its family and place in it.
fn find(elements: &mut Vec<Element>, mut number: usize) -> Option<(&mut Vec<Element>, usize)> {
    for at in 0..elements.len() {
        if number == 0 {
            return Some((elements, at));
        }
        number -= 1;
        if let Content::Elements(inner) = &elements[at].content {
            let here = count(inner);
            if number < here {
                let Content::Elements(inner) = &mut elements[at].content else { return None };
                return find(inner, number);
            }
            number -= here;
        }
    }
    None
}

/// Xorshift: the same seed, the same changes.
struct Dice(u32);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % sides.max(1)
    }
}
