//! Invitations: a pair of codes for somebody, and what shall happen to the one who comes with them.

use std::path::Path;

use cmp_protocol::message::FailInfo;
use rand_core::Rng;
use zeroize::Zeroizing;

use crate::{
    Fault, authority,
    error::{Error, Result},
    ledger::{Errand, Invited, Ledger},
    rng,
};

/// Crockford's base 32: no I, L, O, U, so that nothing looks like anything else.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What the codes are made from: the alphabet, and the dash between the groups.
pub(crate) fn code_characters() -> String {
    ALPHABET.iter().map(|byte| char::from(*byte)).chain(['-']).collect()
}

/// Whom to invite, and to what.
pub struct Invitation {
    /// Subject of the certificate, RFC 4514.
    pub subject: String,
    /// Seconds that the CA lets the client wait.
    pub delay: u64,
    /// Refuse with this reason.
    pub refuse: Option<FailInfo>,
    /// Put this subject into the certificate instead.
    pub alter_subject: Option<String>,
    /// Validity of the certificate in days.
    pub valid_days: u32,
    /// How often the codes serve; 0: without limit.
    pub uses: u32,
    /// Reference number and authorization code to take; `None` makes new ones.
    pub codes: Option<(String, Zeroizing<String>)>,
    /// What goes wrong.
    pub fault: Option<Fault>,
    /// What shall happen when the holder of the certificate renews it.
    pub renewal: Terms,
    /// What shall happen when it is to be revoked.
    pub revocation: Terms,
    /// What shall happen to questions (genm).
    pub questions: Terms,
}

/// What shall happen to a request; by default it is granted at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// Seconds that the CA lets the client wait.
    pub delay: u64,
    /// Refuse with this reason.
    pub refuse: Option<FailInfo>,
    /// Put this subject into the certificate instead.
    pub alter_subject: Option<String>,
    /// Validity of the certificate in days; `None`: as the invitation says.
    pub valid_days: Option<u32>,
    /// What goes wrong.
    pub fault: Option<Fault>,
}

impl Invitation {
    /// To one certificate for a year, without obstacles.
    pub fn new(subject: &str) -> Invitation {
        Invitation {
            subject: subject.to_owned(),
            delay: 0,
            refuse: None,
            alter_subject: None,
            valid_days: 365,
            uses: 1,
            codes: None,
            fault: None,
            renewal: Terms::default(),
            revocation: Terms::default(),
            questions: Terms::default(),
        }
    }
}

/// The two codes and the link of an invitation. No `Debug`: the code is secret.
pub struct Codes {
    /// The reference number.
    pub reference: String,
    /// The authorization code.
    pub authorization_code: Zeroizing<String>,
    /// The link that opens Chopmark with CA and reference number filled in.
    pub link: String,
}

/// Writes an invitation into the books of the CA in `dir`, whether it is running or not.
///
/// # Errors
/// [`Error::Usage`] when a name cannot be read, when the reference number is taken, or when no CA has ever run in `dir`.
pub fn invite(dir: &Path, invitation: Invitation) -> Result<Codes> {
    authority::parse(&invitation.subject)?;
    let later = [
        (Errand::Renewal, invitation.renewal.clone()),
        (Errand::Revocation, invitation.revocation.clone()),
        (Errand::Question, invitation.questions.clone()),
    ];
    let first = Terms {
        delay: invitation.delay,
        alter_subject: invitation.alter_subject.clone(),
        valid_days: Some(invitation.valid_days),
        ..Terms::default()
    };
    later.iter().map(|(_, terms)| terms).chain([&first]).try_for_each(check_terms)?;
    let no_ca = || Error::Usage(format!("no demo CA has run in {} yet: start `serve` first", dir.display()));
    if !dir.is_dir() {
        return Err(no_ca());
    }
    Ledger::open(dir)?.write(|books| {
        let url = books.fact("url")?.ok_or_else(no_ca)?;
        let (reference, code) = match invitation.codes {
            Some((reference, code)) => (reference, code),
            None => {
                let mut reference = new_reference();
                while books.invitation(&reference)?.is_some() {
                    reference = new_reference();
                }
                (reference, new_code())
            }
        };
        check_codes(&reference, &code)?;
        if books.invitation(&reference)?.is_some() {
            return Err(Error::Usage(format!("the reference number {reference} is taken")));
        }
        let link = link(&url, &reference);
        books.invite(&Invited {
            reference: reference.clone(),
            code: code.clone(),
            subject: invitation.subject,
            delay: invitation.delay,
            refuse: invitation.refuse.map(|reason| reason.name().to_owned()),
            alter_subject: invitation.alter_subject,
            valid_days: invitation.valid_days,
            uses: invitation.uses,
            used: 0,
            wrong_tries: 0,
            fault: invitation.fault,
        })?;
        for (errand, terms) in &later {
            books.set_terms(&reference, *errand, terms)?;
        }
        Ok(Codes { reference, authorization_code: code, link })
    })
}

fn check_terms(terms: &Terms) -> Result<()> {
    terms.alter_subject.as_deref().map_or(Ok(()), |name| authority::parse(name).map(drop))?;
    if terms.valid_days.is_some_and(|days| !(1..=3650).contains(&days)) {
        return Err(Error::Usage("a certificate is valid for 1 to 3650 days".into()));
    }
    if i64::try_from(terms.delay).is_err() {
        return Err(Error::Usage("the delay is too long".into()));
    }
    Ok(())
}

fn check_codes(reference: &str, code: &str) -> Result<()> {
    if reference.is_empty() || reference.len() > 64 || reference.chars().any(char::is_control) {
        return Err(Error::Usage("a reference number has 1 to 64 printable characters".into()));
    }
    if code.is_empty() || code.len() > 256 {
        return Err(Error::Usage("an authorization code has 1 to 256 characters".into()));
    }
    Ok(())
}

/// `chopmark://enroll?ca=<where the profile is>&ref=<reference number>`; the code is never in a link.
fn link(url: &str, reference: &str) -> String {
    let profile = format!("{url}/profile");
    format!("chopmark://enroll?ca={}&ref={}", percent(&profile), percent(reference))
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |all, byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => all + &char::from(byte).to_string(),
        other => all + &format!("%{other:02X}"),
    })
}

/// Eight digits.
fn new_reference() -> String {
    format!("{}", 10_000_000 + rng().next_u64() % 90_000_000)
}

/// Four groups of four: 80 bits.
fn new_code() -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; 16]);
    rng().fill_bytes(bytes.as_mut());
    let mut code = Zeroizing::new(String::with_capacity(19)); // No growing, which would leave copies behind.
    for (place, byte) in bytes.iter().enumerate() {
        if place > 0 && place % 4 == 0 {
            code.push('-');
        }
        code.push(char::from(ALPHABET[usize::from(byte % 32)]));
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_form_that_people_can_read_out() {
        let code = new_code();
        assert_eq!(code.len(), 19);
        assert!(code.split('-').all(|group| group.len() == 4 && group.bytes().all(|byte| ALPHABET.contains(&byte))));
        assert!(new_reference().len() == 8 && new_reference().bytes().all(|byte| byte.is_ascii_digit()));
    }

    #[test]
    fn the_link_carries_no_code_and_nothing_unquoted() {
        let link = link("http://127.0.0.1:80", "a&b c");
        assert_eq!(link, "chopmark://enroll?ca=http%3A%2F%2F127.0.0.1%3A80%2Fprofile&ref=a%26b%20c");
    }

    #[test]
    fn every_fault_is_found_by_its_name() {
        for (fault, name) in Fault::ALL {
            assert_eq!((fault.name(), Fault::from_name(name)), (name, Some(fault)));
        }
    }
}
