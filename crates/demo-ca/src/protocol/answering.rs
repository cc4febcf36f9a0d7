//! The bytes of an answer: protected as the request was, spoilt as ordered, repeated when it got lost.

use cmp_protocol::{
    message::{Body, FailInfo, PkiMessage},
    protection::MacProtection,
    server::{self, Incoming},
};
use der::{
    Decode, Encode,
    asn1::{GeneralizedTime, OctetString},
};

use super::{
    Ca, Handled, Message, Outcome, REPEATED_AS_IT_WAS, Reply,
    party::{self, Party, Voice},
};
use crate::{
    Fault,
    authority::Signer,
    error::{Error, Result},
    ledger::Given,
    rng,
};

impl Ca {
    /// The bytes of an answer, and the nonce in them.
    pub(super) fn encode(
        &self,
        message: &Message<'_>,
        outcome: Outcome,
        party: &Party<'_>,
    ) -> Result<(Vec<u8>, Vec<u8>)> {
        let mut answer = message.incoming.answer(outcome.body, &self.authority.name);
        if outcome.chain {
            answer.extra_certs = vec![self.authority.intermediate.clone(), self.authority.root.clone()];
        }
        answer.implicit_confirm = outcome.implicit_confirm;
        let odd = match outcome.fault {
            Some(Fault::ForeignSigner) => Some(self.authority.foreign_signer(message.now)?),
            Some(Fault::SignerWithoutEku) => Some(self.authority.signer_without_purpose(message.now)?),
            _ => None,
        };
        let signer = odd.as_ref().unwrap_or(&self.authority.signer);
        let bytes = match &party.voice {
            Voice::Codes { secret, mac } if !party.hears_signatures() => {
                answer.encode(Some((secret, mac)), message.now, &mut rng())?
            }
            _ => signer.sign(answer.draft(&signer.certificate, &signer.chain, message.now, &mut rng())?)?,
        };
        let mut parsed = PkiMessage::parse(&bytes)?;
        let nonce = parsed.header.sender_nonce.as_ref().map(OctetString::as_bytes).unwrap_or_default().to_vec();
        let Some(fault) = outcome.fault else { return Ok((bytes, nonce)) };
        fault.spoil(&mut parsed, party.hears_signatures());
        let mut parsed = protected_again(parsed, party, signer)?;
        fault.spoil_protection(&mut parsed);
        Ok((parsed.to_der().map_err(Error::certificate)?, nonce))
    }

    /// The answer given before, after a while with a new time.
    pub(super) fn again(&self, party: &Party<'_>, given: Given, now: u64) -> Result<Vec<u8>> {
        if now.saturating_sub(given.at) <= REPEATED_AS_IT_WAS || party.terms.fault.is_some() {
            return Ok(given.answer);
        }
        let mut message = PkiMessage::from_der(&given.answer).map_err(Error::certificate)?;
        message.header.message_time = GeneralizedTime::from_unix_duration(std::time::Duration::from_secs(now)).ok();
        let message = protected_again(message, party, &self.authority.signer)?;
        message.to_der().map_err(Error::certificate)
    }

    /// An error that no secret protects, because whose it would be is not known.
    pub(super) fn unprotected(
        &self,
        incoming: &Incoming<'_>,
        reason: FailInfo,
        text: &str,
        now: u64,
    ) -> Result<Handled> {
        let body = server::error(&[reason], text)?;
        self.unprotected_body(incoming, body, &format!("{}: {text}", reason.name()), now)
    }

    pub(super) fn unprotected_body(
        &self,
        incoming: &Incoming<'_>,
        body: Body,
        word: &str,
        now: u64,
    ) -> Result<Handled> {
        let bytes = incoming.answer(body, &self.authority.name).encode(None, now, &mut rng())?;
        let log = format!("{} {} error {word}", party::claimed(incoming), incoming.message.body.name());
        Ok(Handled { reply: Reply::Message(bytes), log })
    }

    /// A signed error to somebody who signs, but whom we do not know.
    pub(super) fn to_stranger(&self, message: &Message<'_>, reason: FailInfo, text: &str) -> Result<Handled> {
        let incoming = message.incoming;
        let answer = incoming.answer(server::error(&[reason], text)?, &self.authority.name);
        let signer = &self.authority.signer;
        let bytes = signer.sign(answer.draft(&signer.certificate, &signer.chain, message.now, &mut rng())?)?;
        let body = incoming.message.body.name();
        let log = format!("{} {body} error {}: {text}", party::claimed(incoming), reason.name());
        Ok(Handled { reply: Reply::Message(bytes), log })
    }
}

fn protected_again(mut message: PkiMessage, party: &Party<'_>, signer: &Signer) -> Result<PkiMessage> {
    if party.hears_signatures() {
        return Ok(PkiMessage::parse(&signer.sign(server::sign_again(message)?)?)?);
    }
    if let (Voice::Codes { secret, .. }, Some(algorithm)) = (&party.voice, &message.header.protection_alg) {
        MacProtection::from_algorithm(algorithm)?.renewed(&mut rng())?.protect(&mut message, secret)?;
    }
    Ok(message)
}
