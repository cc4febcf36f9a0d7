//! ACME, in English.

use super::{Words, words_of};
use crate::error::Code;

const CHECK_AGAIN: &str = "Check again here; what the CA saw may have been an old answer.";
const ORDER_AGAIN: &str = "Then order again: the CA closed this order, and record or file will be another.";

/// Words for the codes about ACME.
pub(super) fn words(code: Code) -> Words {
    match code {
        Code::AcmeNotDirectory => words_of(
            "What answers[ at {url}] is not an ACME directory.",
            &["Check the address: the CA's documents call it “ACME directory URL” or “ACME server”."],
        ),
        Code::AcmeAnswer => words_of(
            "The CA answered something that is not ACME[ ({what})].",
            &["Try again in a few minutes.", "If it stays so, tell the CA, with the details below."],
        ),
        Code::AcmeTerms => words_of(
            "The CA's terms of service must be agreed to first[: {url}].",
            &["Read them, then agree (“--agree-terms”)."],
        ),
        Code::AcmeNeedsCodes => words_of(
            "This CA opens accounts only with a reference number and an authorization code.",
            &[
                "Get both from the CA's console; there they are called “EAB key ID” and “HMAC key”.",
                "Give them with “--reference” and “--code-file”.",
            ],
        ),
        Code::AcmeCodesRefused => words_of(
            "The CA does not take reference number[ “{reference}”] and authorization code[: {text}].",
            &[
                "Check that both belong together and are copied whole.",
                "At many CAs they serve once: get new ones from the CA's console.",
            ],
        ),
        Code::AcmeAccountGone => words_of(
            "The CA does not know this computer's account[: {text}].",
            &[
                "It may have been closed there. Order again; a new account is opened, with new codes where the CA wants some.",
            ],
        ),
        Code::AcmeRateLimited => words_of(
            "The CA has had too many requests[: {text}].[ Wait at least {minutes} minutes.]",
            &[
                "Wait, then go on with the order: nothing is lost.",
                "Do not order the same certificate again meanwhile.",
            ],
        ),
        Code::AcmeCaa => words_of(
            "The CA may not issue[ for {domain}]: a CAA record forbids it[: {text}].",
            &["Add a CAA record that names this CA, or remove those that name others.", ORDER_AGAIN],
        ),
        Code::AcmeDns => words_of(
            "The CA could not resolve the domain[ {domain}][: {text}].",
            &[CHECK_AGAIN, "Look at the servers of the zone: all of them must answer from outside.", ORDER_AGAIN],
        ),
        Code::AcmeConnection => words_of(
            "The CA could not reach the web server[ of {domain}][: {text}].",
            &[
                "The CA comes from outside to port 80: open it in the firewall, for IPv6, too, if the domain has an address there.",
                ORDER_AGAIN,
            ],
        ),
        Code::AcmeProofWrong => words_of(
            "The CA saw something else[ on {domain}][: {text}].",
            &["Compare record or file with what the order wants.", CHECK_AGAIN, ORDER_AGAIN],
        ),
        Code::AcmeBadRequest => words_of(
            "The CA does not take the request for the certificate[: {text}].",
            &["Order again with another kind of key; “rsa:2048” and “ec:p256” are taken everywhere."],
        ),
        Code::AcmeDomainRefused => words_of(
            "The CA does not issue[ for {domain}][: {text}].[ One by one: {each}.]",
            &["Order without that domain, or at another CA."],
        ),
        Code::AcmeRefused => words_of(
            "The CA refused[: {text}][ ({type})].[ One by one: {each}.]",
            &[
                "Order again without the domain that is named, if one is.",
                "Otherwise ask the CA, with the details below.",
            ],
        ),
        Code::AcmeUserAction => words_of(
            "The CA wants you to do something first[: {text}].",
            &["[Open {url}, and do what stands there.]", "Then go on with the order."],
        ),
        Code::AcmeMethodMissing => words_of(
            "The CA does not take this way to prove[ {domain}].[ It offers: {seen}.]",
            &[
                "Use the record (“--method dns”): wildcards can be proved in no other way.",
                "tls-alpn-01 is left out here: it takes port 443 away from the web server.",
            ],
        ),
        Code::AcmeNotYet => words_of(
            "Not everything is there that the CA will look for, so it was not told to look.",
            &[
                "See what is missing: “chopmark order check[ {order}]”.",
                "Each look that fails costs an order at the CA.",
            ],
        ),
        Code::AcmeNotAllowed => words_of(
            "The CA does not let this account do that[: {text}].",
            &["Check that the order or certificate comes from this account, and that it is not closed."],
        ),
        _ => words_of("", &[]),
    }
}

/// Words for what was typed.
pub(super) fn input(reason: &str) -> Option<Words> {
    Some(match reason {
        "acme-address" => words_of(
            "This cannot be the address of an ACME directory.",
            &[
                "Give an address that begins with https://; http:// is taken for this computer only (http://127.0.0.1…).",
            ],
        ),
        "acme-code" => words_of(
            "The authorization code is not written as ACME's codes are.",
            &["Copy the whole HMAC key from the CA's console: letters, digits, “-” and “_” only."],
        ),
        "acme-contact" => words_of("This cannot be a mail address.", &["Give one like someone@example.com, or none."]),
        "order-not-acme" => words_of(
            "The order[ {order}] is not one that is followed by ACME.",
            &["See its kind with “chopmark order show”."],
        ),
        "order-no-act" => words_of(
            "Where this was ordered there is nothing like that.",
            &["What may be done with the order stands beside it: “chopmark order show”."],
        ),
        _ => return None,
    })
}
