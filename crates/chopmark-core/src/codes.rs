//! A code as it was typed or pasted, looked over before it is sent: a CA often takes one try only.
//!
//! Blanks around it are cut. Everything else that looks wrong is asked about and never changed silently: what we take for
//! a slip may be what the CA's mail says. Findings name places and kinds, never a character of a code.
//! Deliberately absent: guesses by distance or dictionary; only characters that people or their programs really mix up.

use zeroize::Zeroizing;

use crate::{
    error::{Code, Error, Result},
    model::{CodeFinding, CodePart, CodeSlip, Question},
    ui::{Answer, Secret, Ui},
};

/// What a look at a code gave.
pub(crate) struct Looked {
    /// What is odd, in the order of the text.
    pub(crate) findings: Vec<CodeFinding>,
    /// The likely meaning of the whole; absent if one of the findings has none.
    pub(crate) corrected: Option<Zeroizing<String>>,
}

/// Cuts what surrounds a code: blanks, and what cannot be seen.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

/// Looks at a trimmed code. `alphabet`: the characters that the CA makes such codes from, where its profile says so.
pub(crate) fn look(text: &str, alphabet: Option<&str>) -> Looked {
    let mut looked = Looked { findings: Vec::new(), corrected: None };
    // No growing, which would leave copies behind: what stands for a character is never longer than it.
    let mut corrected = Zeroizing::new(String::with_capacity(text.len()));
    let (mut sure, length, has_dash) = (true, text.chars().count(), text.contains(is_dash));
    // Words that only that script can write are meant: its other letters do not just look Latin.
    let is_foreign =
        alphabet.is_none() && text.chars().any(|c| is_cyrillic_or_greek(c) && latin_look_alike(c).is_none());
    for (index, c) in text.chars().enumerate() {
        if is_plain(c, alphabet) {
            corrected.push(c);
            continue;
        }
        let place = Place { alphabet, at_edge: index == 0 || index + 1 == length, has_dash, is_foreign };
        let Some((kind, meaning)) = place.slip(c) else {
            corrected.push(c);
            continue;
        };
        looked.findings.push(CodeFinding { position: index as u32 + 1, kind });
        match meaning {
            Some(meaning) => corrected.extend(meaning),
            None => sure = false,
        }
    }
    looked.corrected = Some(corrected).filter(|text| sure && !text.is_empty());
    looked
}

/// Shows what looks wrong to the person, who decides. Nothing is asked about a code without findings.
///
/// # Errors
/// [`Code::CodeLooksWrong`] if nobody may be asked, [`Code::Cancelled`].
pub(crate) async fn checked(typed: Secret, part: CodePart, alphabet: Option<&str>, ui: &dyn Ui) -> Result<Secret> {
    let text = trimmed(typed.expose());
    let Looked { findings, corrected } = look(text, alphabet);
    let as_typed = Secret::new(text.to_owned());
    if findings.is_empty() {
        return Ok(as_typed);
    }
    let positions: Vec<_> = findings.iter().map(|finding| finding.position.to_string()).collect();
    match (ui.ask(Question::CheckCode { part, findings, suggestion: corrected.is_some() }).await, corrected) {
        (Some(Answer::Yes), Some(mut corrected)) => Ok(Secret::new(std::mem::take(&mut *corrected))),
        (Some(Answer::No), _) => Ok(as_typed),
        (Some(Answer::Later), _) => {
            let reason = match part {
                CodePart::ReferenceNumber => "reference-number",
                CodePart::AuthorizationCode => "authorization-code",
            };
            let error = Error::new(Code::CodeLooksWrong, "looking at the codes");
            Err(error.with("reason", reason).with("positions", positions.join(", ")))
        }
        _ => Err(Error::new(Code::Cancelled, "asking")),
    }
}

/// Where a character stands.
struct Place<'a> {
    alphabet: Option<&'a str>,
    /// First or last.
    at_edge: bool,
    /// The code has dashes already, so blanks do not stand for them.
    has_dash: bool,
    /// The code is written in Cyrillic or Greek.
    is_foreign: bool,
}

type Slip = (CodeSlip, Option<Option<char>>);

impl Place<'_> {
    /// What a character that does not belong here is, and what it means: `None` nobody knows, `Some(None)` nothing.
    /// Nothing at all for one that may well belong here.
    fn slip(&self, c: char) -> Option<Slip> {
        let (kind, meaning) = if is_invisible(c) {
            (CodeSlip::Invisible, None)
        } else if c.is_whitespace() {
            (CodeSlip::Space, self.dash_for_space())
        } else if let Some(straight) = straight_quote(c) {
            // Around a code they are the mail's.
            (CodeSlip::Quote, Some(straight).filter(|quote| !self.at_edge && self.may_be(*quote)))
        } else if is_dash(c) && c != '-' {
            (CodeSlip::Dash, Some('-').filter(|dash| self.may_be(*dash)))
        } else if let Some(ascii) = full_width(c) {
            return Some((CodeSlip::FullWidth, self.meaning(ascii).map(Some)));
        } else if let Some(latin) = latin_look_alike(c).filter(|_| !self.is_foreign) {
            return Some((CodeSlip::ForeignLetter, self.meaning(latin).map(Some)));
        } else {
            self.alphabet?;
            return Some(self.outside(c));
        };
        Some((kind, Some(meaning)))
    }

    /// A character that the CA's codes are not made from.
    fn outside(&self, c: char) -> Slip {
        match self.meaning(c) {
            Some(meant) if meant.eq_ignore_ascii_case(&c) => (CodeSlip::OtherCase, Some(Some(meant))),
            Some(meant) => (CodeSlip::LooksLike, Some(Some(meant))),
            None if c == '-' => (CodeSlip::Dash, Some(None)),
            None => (CodeSlip::NotInAlphabet, None),
        }
    }

    /// Codes that are grouped by dashes are often typed with blanks in their place.
    fn dash_for_space(&self) -> Option<char> {
        Some('-').filter(|dash| self.alphabet.is_some_and(|alphabet| alphabet.contains(*dash)) && !self.has_dash)
    }

    fn may_be(&self, c: char) -> bool {
        self.alphabet.is_none_or(|alphabet| alphabet.contains(c))
    }

    /// The character itself, in the other case, or the one it is mixed up with; the first that the CA's codes are made
    /// from. `O` and `0`, `I`, `l` and `1` are what alphabets for people leave out.
    fn meaning(&self, c: char) -> Option<char> {
        let twins = match c {
            'O' | 'o' => ['0', '0'],
            'I' | 'i' | 'L' | 'l' | '|' => ['1', '1'],
            '0' => ['O', 'o'],
            '1' => ['l', 'I'],
            _ => [c, c],
        };
        let candidates = [c, c.to_ascii_uppercase(), c.to_ascii_lowercase(), twins[0], twins[1]];
        candidates.into_iter().find(|candidate| self.may_be(*candidate))
    }
}

/// May stand in a code without a question.
fn is_plain(c: char, alphabet: Option<&str>) -> bool {
    match alphabet {
        Some(alphabet) => alphabet.contains(c),
        None => c.is_ascii_graphic(),
    }
}

/// Zero-width spaces and joiners, byte order mark, soft hyphen, marks and brackets of the writing direction, controls.
fn is_invisible(c: char) -> bool {
    let unseen = matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}');
    unseen || (c.is_control() && !c.is_whitespace())
}

/// The ASCII one, hyphens, en and em dash, minus, and their small and wide forms.
fn is_dash(c: char) -> bool {
    let small = matches!(c, '\u{2e3a}' | '\u{2e3b}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}' | '\u{2212}');
    small || c == '-' || matches!(c, '\u{2010}'..='\u{2015}')
}

fn straight_quote(c: char) -> Option<char> {
    match c {
        '\u{2018}'..='\u{201b}' | '\u{2032}' | '\u{ff07}' => Some('\''),
        '\u{201c}'..='\u{201f}' | '\u{2033}' | '\u{ff02}' | '\u{300c}'..='\u{300f}' => Some('"'),
        _ => None,
    }
}

/// Input methods for Chinese and Japanese write digits, letters and signs in these forms.
fn full_width(c: char) -> Option<char> {
    matches!(c, '\u{ff01}'..='\u{ff5e}').then(|| char::from((u32::from(c) - 0xff01 + 0x21) as u8))
}

fn is_cyrillic_or_greek(c: char) -> bool {
    matches!(c, '\u{370}'..='\u{52f}') && c.is_alphabetic()
}

/// Cyrillic and Greek letters with the shape of a Latin one.
fn latin_look_alike(c: char) -> Option<char> {
    const CYRILLIC: (&str, &str) = ("АВЕЅІЈКМНОРСТУХЗаеѕіјорсухһԁԛԝҮүѴѵԌӀ", "ABESIJKMHOPCTYX3aesijopcyxhdqwYyVvGI");
    const GREEK: (&str, &str) = ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανικρυχγ", "ABEZHIKMNOPTYXoavikpuxy");
    [CYRILLIC, GREEK].iter().find_map(|(foreign, latin)| {
        let at = foreign.chars().position(|letter| letter == c)?;
        latin.chars().nth(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use CodeSlip::*;

    const CROCKFORD: Option<&str> = Some("0123456789ABCDEFGHJKMNPQRSTVWXYZ-");

    #[test]
    fn every_slip_is_found_with_its_likely_meaning() {
        type Case = (&'static str, Option<&'static str>, &'static [(u32, CodeSlip)], Option<&'static str>);
        let cases: &[Case] = &[
            // What is as it should be.
            ("ABCD-EFGH", CROCKFORD, &[], Some("ABCD-EFGH")),
            ("o0Il1-_!\"'", None, &[], Some("o0Il1-_!\"'")),
            // A CA may have codes of any letters.
            ("Ключ-4711", None, &[], Some("Ключ-4711")),
            ("口令é", None, &[], Some("口令é")),
            // Look-alikes.
            ("４７１１", None, &[(1, FullWidth), (2, FullWidth), (3, FullWidth), (4, FullWidth)], Some("4711")),
            ("Ａb", None, &[(1, FullWidth)], Some("Ab")),
            ("AB–CD—EF‑G−H", None, &[(3, Dash), (6, Dash), (9, Dash), (11, Dash)], Some("AB-CD-EF-G-H")),
            ("AB－CD", None, &[(3, Dash)], Some("AB-CD")),
            ("AB CD", None, &[(3, Space)], Some("ABCD")),
            ("AB\u{a0}CD\u{3000}E", None, &[(3, Space), (6, Space)], Some("ABCDE")),
            ("AB\u{200b}C\u{ad}D\u{feff}E", None, &[(3, Invisible), (5, Invisible), (7, Invisible)], Some("ABCDE")),
            ("АВС", None, &[(1, ForeignLetter), (2, ForeignLetter), (3, ForeignLetter)], Some("ABC")),
            ("Ρο", None, &[(1, ForeignLetter), (2, ForeignLetter)], Some("Po")),
            ("“AB’C”", None, &[(1, Quote), (4, Quote), (6, Quote)], Some("AB'C")),
            // Where the alphabet is known.
            (
                "ABCO-OOIl",
                CROCKFORD,
                &[(4, LooksLike), (6, LooksLike), (7, LooksLike), (8, LooksLike), (9, LooksLike)],
                Some("ABC0-0011"),
            ),
            ("abC", CROCKFORD, &[(1, OtherCase), (2, OtherCase)], Some("ABC")),
            ("olL", CROCKFORD, &[(1, LooksLike), (2, LooksLike), (3, LooksLike)], Some("011")),
            ("AB CD", CROCKFORD, &[(3, Space)], Some("AB-CD")),
            ("AB- CD", CROCKFORD, &[(4, Space)], Some("AB-CD")),
            ("ＯА", CROCKFORD, &[(1, FullWidth), (2, ForeignLetter)], Some("0A")),
            ("“AB”", CROCKFORD, &[(1, Quote), (4, Quote)], Some("AB")),
            ("AB-12", Some("ABl2"), &[(3, Dash), (4, LooksLike)], Some("ABl2")),
            ("A0", Some("AO"), &[(2, LooksLike)], Some("AO")),
            // Nobody knows what these mean.
            ("ABU", CROCKFORD, &[(3, NotInAlphabet)], None),
            ("aé", CROCKFORD, &[(1, OtherCase), (2, NotInAlphabet)], None),
            ("＃", CROCKFORD, &[(1, FullWidth)], None),
            // Nothing would be left.
            ("’", None, &[(1, Quote)], None),
        ];
        for (text, alphabet, findings, corrected) in cases {
            let looked = look(text, *alphabet);
            let found: Vec<_> = looked.findings.iter().map(|finding| (finding.position, finding.kind)).collect();
            assert_eq!(found, *findings, "{text}");
            assert_eq!(looked.corrected.as_deref().map(String::as_str), *corrected, "{text}");
        }
    }

    #[test]
    fn a_correction_has_no_findings_itself() {
        let all: String = (1..0x3100).chain(0xfe00..0x10000).filter_map(char::from_u32).collect();
        for c in all.chars() {
            for alphabet in [None, CROCKFORD, Some("abcdo01 ")] {
                let text = format!("0{c}0");
                let Some(corrected) = look(&text, alphabet).corrected else { continue };
                assert_eq!(look(&corrected, alphabet).findings, [], "U+{:04X} {alphabet:?}", u32::from(c));
            }
        }
    }

    #[test]
    fn what_surrounds_a_code_is_cut() {
        for text in [" 4711\n", "\u{feff}4711", "\u{200b} 4711\u{a0}\u{3000}", "4711"] {
            assert_eq!(trimmed(text), "4711", "{text:?}");
        }
    }

    #[test]
    fn look_alikes_come_in_pairs() {
        for c in ('\u{370}'..'\u{530}').filter(|c| latin_look_alike(*c).is_some()) {
            assert!(latin_look_alike(c).unwrap().is_ascii_alphanumeric(), "{c}");
        }
        assert_eq!("һԁԛԝӀАЗаγ".chars().filter_map(latin_look_alike).collect::<String>(), "hdqwIA3ay");
    }
}
