//! Is the CA there, does it speak the protocol, and what time is it there?

use std::time::Duration;

use cmp_protocol::{
    information,
    message::{PkiHeader, PkiMessage, directory_name},
};
use der::{Encode, asn1::OctetString};
use rand_core::Rng;

use crate::{
    app::Desk,
    ca::{
        chain,
        cmp::rng,
        http::{Endpoint, Knock, Operation, Way},
    },
    certificate,
    drivers::{facts::CaFacts, seen::problem_facts},
    error::{Code, Error, Result},
    model::CaProfile,
};

/// Nobody waits longer for a check.
const LONGEST: Duration = Duration::from_secs(15);
/// What a CMP server may answer to a question that nobody vouches for.
const UNVOUCHED: [&str; 4] = ["400", "401", "403", "500"];

/// Looks for the CA. `ask`: also say something in its protocol; a question about its certificates, which costs nothing.
pub(crate) async fn look(desk: &Desk, profile: &CaProfile, ask: bool) -> CaFacts {
    let way = desk.way_to(profile);
    let timeout = Some(way.timeout.map_or(LONGEST, |timeout| timeout.min(LONGEST)));
    let way = Way { timeout, retries: Some(0), ..way };
    let (problem, clock_ahead) = match knock(profile, &way, ask).await {
        Ok(knock) => (None, knock.clock_ahead),
        Err(error) => (Some(problem_facts(&error)), None),
    };
    let url = url::Url::parse(&profile.url).ok();
    CaFacts {
        title: profile.title.clone(),
        host: url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default(),
        problem,
        clock_ahead,
        keys: profile.keys.clone(),
        roots_end: roots_end(profile),
    }
}

async fn knock(profile: &CaProfile, way: &Way, ask: bool) -> Result<Knock> {
    let endpoint = Endpoint::new(profile, way)?;
    let knock = match endpoint.knock().await {
        // Somebody is there; the certificate that it wants is unlocked when a job begins.
        Err(error) if error.code == Code::CaWantsCertificate && profile.transport.tls_certificate.is_some() => {
            return Ok(Knock { clock_ahead: None });
        }
        knocked => knocked?,
    };
    if ask {
        match endpoint.post(Operation::GetCaCerts, &question()?).await {
            Ok(posted) => {
                // An answer of any kind will do, as long as it is one.
                PkiMessage::parse(&posted.answer)
                    .map_err(|error| Error::new(Code::CaAnswerGarbled, "checking the CA").because(error))?;
            }
            Err(error) if is_a_no(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(knock)
}

/// Some CAs turn away by HTTP what nobody vouches for.
fn is_a_no(error: &Error) -> bool {
    let status = error.facts.get("status").map(String::as_str).unwrap_or_default();
    (error.code == Code::CaHttpStatus && UNVOUCHED.contains(&status)) || error.code == Code::CaAnswerEmpty
}

/// genm for the CA's certificates, without protection: no code is used for a check.
fn question() -> Result<Vec<u8>> {
    let mut random = [0; 32];
    rng().fill_bytes(&mut random);
    let octets = |bytes: &[u8]| OctetString::new(bytes);
    let encoded = || -> der::Result<Vec<u8>> {
        let message = PkiMessage {
            header: PkiHeader {
                pvno: 2,
                sender: directory_name(Default::default()),
                recipient: directory_name(Default::default()),
                message_time: None,
                protection_alg: None,
                sender_kid: None,
                recip_kid: None,
                transaction_id: Some(octets(&random[..16])?),
                sender_nonce: Some(octets(&random[16..])?),
                recip_nonce: None,
                free_text: None,
                general_info: None,
            },
            body: information::ask(information::CA_CERTS),
            protection: None,
            extra_certs: None,
        };
        message.to_der()
    };
    encoded().map_err(|error| Error::new(Code::Internal, "checking the CA").because(error))
}

/// End of the root that lasts longest.
fn roots_end(profile: &CaProfile) -> Option<i64> {
    let roots = chain::roots_from_pem(&profile.roots).ok()?;
    roots.iter().filter_map(|root| certificate::describe(root).ok()).map(|root| root.not_after_unix).max()
}
