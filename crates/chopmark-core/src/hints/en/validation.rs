//! Proving a domain, in English.

use super::{Words, words_of};
use crate::error::Code;

const WAIT: &str = "Then wait a few minutes and check again.";
const IN_THE_PANEL: &str = "Open the DNS settings of the domain where it is hosted.";
const RENAME: &str = "Most panels add the zone's name by themselves: there, type only the part in front of it.";
const SAVE_AGAIN: &str = "Let Chopmark write the file (“Save the file”) and upload it unchanged.";

/// Is it a code about domains?
pub(super) fn is_about(code: Code) -> bool {
    code.number() / 1000 == 6
}

/// Words for the codes about domains. One without words is found by the test of the tables.
pub(super) fn words(code: Code, kind: &str) -> Words {
    let number = code.number();
    match number / 100 {
        60 => of_order(code),
        61 => of_record(code),
        62 => of_servers(code),
        63 => of_caa(code),
        64 => of_web(code, kind),
        65 => of_console(code),
        66 => super::letters::words(code),
        68 => super::acme::words(code),
        _ => words_of("", &[]),
    }
}

fn of_order(code: Code) -> Words {
    match code {
        Code::OrderNotFound => words_of(
            "There is no order[ “{order}”] on this computer.",
            &["List the orders there are with “chopmark order list”, or in the window under Orders."],
        ),
        Code::DeadlinePassed => words_of(
            "The time that the CA gives for the proof is over.",
            &[
                "Look in the CA's console whether the order is still open.",
                "If it was closed, order again: record or file will be another.",
            ],
        ),
        _ => words_of("", &[]),
    }
}

fn of_console(code: Code) -> Words {
    match code {
        Code::UsslRefused => words_of(
            "The certificate console refused[ {action}][: {message}][ (its number {retCode})].",
            &[
                "Check that public and private key belong together and are copied whole.",
                "Check in the console that this account may use the certificate API, and that the order is its own.",
            ],
        ),
        Code::UsslAnswer => words_of(
            "The certificate console answered something unexpected[ to {action}][: {method}].",
            &[
                "Check the address of the API.",
                "Or copy record or file from the console by hand: “chopmark order add”.",
            ],
        ),
        Code::UsslNoProof => words_of(
            "The console does not say yet what must be set on the domain[ for order {order}][; it says: {state}].",
            &["Complete the order's information in the console first.", "Then fetch it again in a few minutes."],
        ),
        Code::OrderUnsettled => words_of(
            "The answer was lost, and it is not known yet whether it was done[: {act}][ (order {order})].",
            &[
                "Nothing is sent again until that is known: nothing is bought or revoked twice.",
                "Ask again[ in {seconds} s] with “chopmark order refresh”; what the console shows can be told with “chopmark order settle”.",
                "A revocation by ACME: revoke again, for the CA says then whether it was done.",
            ],
        ),
        Code::OrderActNotNow => words_of(
            "That cannot be done now[: {act}][; the order stands at: {state}].",
            &["“chopmark order refresh” asks where the order stands; “chopmark order show” says what may be done."],
        ),
        Code::OrderBusy => {
            words_of("Another window or command is working on this order[ ({order})].", &["Wait until it has ended."])
        }
        Code::OrderAccountNotFound => words_of(
            "There is no account of this name[: {account}].",
            &["“chopmark order account list” shows those there are, “chopmark order account add” adds one."],
        ),
        Code::OrderAccountExists => words_of(
            "There is an account of this name already[: {account}].",
            &["Remove it first, or take another name."],
        ),
        Code::OrderAccountSecret => words_of(
            "The secret of the account cannot be kept or read[: {account}].",
            &["Unlock the keyring of this system.", "Or add the account again with --secret-in file."],
        ),
        Code::OrderNoCertificate => words_of(
            "The certificate is not there yet[; the order stands at: {state}].",
            &[
                "“chopmark order refresh --watch” waits for it.",
                "If the CA has sent it to you: “chopmark order install[ {order}] --from FILE”, or in the window “Install from a file”.",
            ],
        ),
        Code::OrderOtherKey => words_of(
            "The certificate that came is for another key[ (order {order})].",
            &[
                "It was not written. Hand in the request of the right key: “chopmark order reissue”.",
                "Ask the CA which request it used.",
            ],
        ),
        Code::OrderOtherPending => words_of(
            "For this account an answer is outstanding[ (order {order})]: until it is known what became of it, nothing is bought.",
            &["“chopmark order refresh” with that order's number asks for it."],
        ),
        Code::OrderNotConfirmed => words_of(
            "Nothing was sent: this must be typed first to say that it is meant[: {name}].",
            &[
                "Type it exactly so; that it takes a moment is the point.",
                "On the command line: --agree PRICE for what costs something, --confirm NAME for the rest.",
            ],
        ),
        Code::OrderHasKey => words_of(
            "There is a key for this order already[ ({place})][, made by job {job}].",
            &[
                "Go on with it: “chopmark order csr” shows its request, “chopmark order install” installs the certificate.",
                "Or give it up first[: “chopmark resume {job} --discard”], in the window under Activity.",
            ],
        ),
        Code::OrderNoKey => words_of(
            "No key was made here for this order[ ({order})].",
            &[
                "Make it: “chopmark order csr[ {order}] --place PLACE”, or in the window with “Make the key”.",
                "If the key is elsewhere, hand in its request with --csr.",
            ],
        ),
        Code::OrderKeyInUse => words_of(
            "The CA has the request for this key: its certificate may come[ (order {order})].",
            &[
                "Cancel the order or revoke its certificate first; then the key can go.",
                "Or wait for the certificate: “chopmark order install[ {order}]”.",
            ],
        ),
        Code::OrderNothingDelivered => words_of(
            "There is no certificate in this file[ ({path})].",
            &["It may be PEM, DER, PKCS#7 (.p7b) or a ZIP archive with any of them. Download it again from the CA."],
        ),
        Code::OrderRefused => words_of(
            "The CA does not issue this certificate[; it says: {state}].",
            &[
                "A domain with a well-known brand or a word such as test, bank, pay or live in it may be refused: order OV, or another name.",
                "The console says more; ask its support.",
                "By ACME: “chopmark order again[ {order}]” orders anew; record or file will be another.",
            ],
        ),
        _ => words_of("", &[]),
    }
}

fn of_record(code: Code) -> Words {
    match code {
        Code::RecordMissing => words_of(
            "There is no record[ named {name}] yet.[ Who has asked for it remembers that for {minutes} minutes.]",
            &[IN_THE_PANEL, "Add the record with exactly this name, type and value, and save.", WAIT],
        ),
        Code::RecordNoData => words_of(
            "The name[ {name}] exists, but there is no[ {type}] record.[ Who has asked for it remembers that for {minutes} minutes.]",
            &[IN_THE_PANEL, "Add the record with exactly this type; check that it was saved and switched on.", WAIT],
        ),
        Code::RecordOtherValue => words_of(
            "The record[ {name}] has another value[: {found}].",
            &[
                "Replace the value by the one of this order, with copy and paste.",
                "If the value is from an older order, the old record may go.",
                WAIT,
            ],
        ),
        Code::RecordOtherType => words_of(
            "Another kind of record stands[ at {name}: {found}][; the CA looks for {type}].",
            &["Delete that record and add the right one[, of the type {type}].", WAIT],
        ),
        Code::ZoneNameDoubled => words_of(
            "The record was made with the zone's name twice[: {found}].",
            &["Change the record's name in the panel.", RENAME, WAIT],
        ),
        Code::RecordElsewhere => words_of(
            "The right value stands at another name[: {found}]. [The CA looks at {name}.]",
            &["Change the record's name to that of this order.", RENAME, WAIT],
        ),
        Code::WildcardAnswers => words_of(
            "The record itself is missing: a wildcard answers in its place[ with {found}].",
            &["Add the record with exactly this name; it goes before the wildcard, which may stay.", WAIT],
        ),
        Code::QuotesInValue => words_of(
            "Quotes are part of the value[: {found}].",
            &["Type the value without quotes; the panel adds what it needs.", WAIT],
        ),
        Code::ZoneAppendedToValue => words_of(
            "The zone's name was appended to the value[: {found}].",
            &["Write a dot at the end of the value, so that the panel takes it as a whole name.", WAIT],
        ),
        Code::DotInValue => {
            words_of("The value ends in a dot that does not belong to it[: {found}].", &["Take the dot away.", WAIT])
        }
        Code::CnameWithOthers => words_of(
            "Beside the CNAME at[ {name}] stands another record[ ({found})]. That is not allowed, and servers answer now this, now that.",
            &["Delete the other records of this name, or ask the CA for a proof by TXT or file.", WAIT],
        ),
        Code::CnameChain => words_of(
            "The right value is only reached through another alias[: {found}].",
            &["Let the record point to the CA's value directly.", WAIT],
        ),
        Code::CnameLoop => words_of(
            "The aliases lead round in a circle[: {found}].",
            &["Replace the value by the one of this order.", WAIT],
        ),
        Code::ValueCase => words_of(
            "The value differs in upper and lower case[: {found}].",
            &[
                "Copy the value again exactly; some panels change the case, then ask for the proof by CNAME or file.",
                WAIT,
            ],
        ),
        Code::BlanksInValue => words_of(
            "Blanks have got into the value[: “{found}”].",
            &["Copy the value again, without blanks and line breaks.", WAIT],
        ),
        Code::ValueCut => words_of(
            "The value is cut off[: {found}].",
            &["Copy the whole value.", "If the panel has no room for it, ask the CA for another kind of proof.", WAIT],
        ),
        Code::NameNotAscii => words_of(
            "The record stands at the name in its own letters; the CA looks at the encoded one[, {name}].",
            &["Type the name in its encoded form (xn--…), as it stands here.", WAIT],
        ),
        _ => words_of("", &[]),
    }
}

fn of_servers(code: Code) -> Words {
    match code {
        Code::ServersDisagree => words_of(
            "Not all servers of the zone have the record[: {servers}].",
            &[
                "Wait until all have it: usually some minutes.",
                "If it stays so, the DNS host must mend the copying between its servers, or an old host is still listed.",
            ],
        ),
        Code::OldAnswerCached => words_of(
            "The record is right. Some still have an old answer[ ({servers})][, for {minutes} minutes at most].",
            &["There is nothing to do but wait; do not change the record."],
        ),
        Code::ResolverFails => words_of(
            "Resolvers get no answer about[ {name}][: {servers}].",
            &["Check again in some minutes.", "If it stays so, the zone's servers have trouble: ask the DNS host."],
        ),
        Code::DnssecBroken => words_of(
            "DNSSEC of[ {zone}] is broken: resolvers that check signatures reject all its answers[ ({servers})]. CAs check signatures.",
            &[
                "After a change of the DNS host: delete the old DS record at the registrar, or let the new host sign.",
                "Ask the DNS host whether signatures have run out.",
            ],
        ),
        Code::ServerRefuses => words_of(
            "Servers named for[ {zone}] refuse to answer[: {servers}].",
            &[
                "At the registrar, check that the name servers are those of the present DNS host.",
                "Ask the DNS host whether the zone is switched on.",
            ],
        ),
        Code::ServerLame => words_of(
            "Servers named for[ {zone}] do not know the zone[: {servers}].",
            &["At the registrar, check that the name servers are those of the present DNS host."],
        ),
        Code::ServerFails => words_of(
            "Servers of[ {zone}] fail[: {servers}].",
            &["Ask the DNS host: the zone may have a mistake that keeps it from being loaded."],
        ),
        Code::ServerSilent => words_of(
            "Servers of[ {zone}] do not answer from here[: {servers}].",
            &[
                "If only these are silent, ask the DNS host.",
                "Some networks let nobody ask servers directly; then what resolvers say counts.",
            ],
        ),
        Code::ServersUnknown => words_of(
            "Servers named for[ {zone}] have no address[: {servers}].",
            &["At the registrar, correct the names of the name servers."],
        ),
        Code::DomainNotRegistered => words_of(
            "The domain[ {domain}] does not exist.",
            &[
                "Check the domain for a typing mistake.",
                "At the registrar, check that it is registered, paid and has name servers.",
            ],
        ),
        Code::ResolverSilent => {
            words_of("Not reached from here[: {servers}].", &["There is nothing to do: what the others say counts."])
        }
        Code::DnsUnreachable => words_of(
            "Nobody could be asked about[ {name}]: no resolver answers.",
            &["Check the network connection of this computer.", "Try it from another network."],
        ),
        _ => words_of("", &[]),
    }
}

fn of_caa(code: Code) -> Words {
    match code {
        Code::CaaForbids => words_of(
            "CAA records of[ {domain}] forbid this CA to issue[: they name {found}].",
            &[
                "Add a CAA record with this CA's name[: 0 issue \"{expected}\"].",
                "For a wildcard certificate, “issuewild” counts if there is one.",
                WAIT,
            ],
        ),
        Code::CaaRestricts => words_of(
            "CAA records of[ {domain}] let only these CAs issue[: {found}].",
            &["Check that the CA of this order is among them; its name for CAA stands in its documents."],
        ),
        Code::CaaUnreadable => words_of(
            "The CAA records of[ {domain}] cannot be read; then no CA may issue.",
            &["Check again in some minutes.", "Ask the DNS host to answer questions for CAA records."],
        ),
        Code::CaaCritical => words_of(
            "A CAA record of[ {domain}] demands something that CAs do not know[: {found}]. Then no CA may issue.",
            &["Correct or delete this record."],
        ),
        _ => words_of("", &[]),
    }
}

fn of_web(code: Code, kind: &str) -> Words {
    match code {
        Code::WebNameUnknown => words_of(
            "The domain[ {domain}] has no address, so there is no web server to look at.",
            &["Add an A or AAAA record for the domain, or ask the CA for a proof by DNS."],
        ),
        Code::WebNoConnection => words_of(
            "No connection to the web server[: {url} at {address}].",
            &[
                "Check that the web server runs and that the firewall lets the port through.",
                "Check that the domain's A and AAAA records name this server.",
            ],
        ),
        Code::WebSilent => words_of(
            "The web server does not answer in time[: {url} at {address}].",
            &["Check the firewall and the web server.", "Check that the domain's A and AAAA records name this server."],
        ),
        Code::WebRedirects => words_of(
            "The web server sends the CA elsewhere[: {location}]. This CA does not follow that.",
            &[
                "Make an exception for /.well-known/pki-validation/ in the redirect (to https, to www, to a sign-in page).",
                "The file must come from the address itself with status 200.",
            ],
        ),
        Code::FileMissing => words_of(
            "The file is not there[: {url} answers {status}].",
            &[
                SAVE_AGAIN,
                "The folder goes into the one that the web server shows as its root; some tools skip folders that begin with a dot.",
            ],
        ),
        Code::FileForbidden => words_of(
            "The web server does not let anybody read the file[: {url} answers {status}].",
            &[
                "Let everybody read the folder “.well-known” and what is in it.",
                "Make an exception in sign-in, firewall and protection against robots.",
            ],
        ),
        Code::WebStatus => words_of(
            "The web server answers with an error[: {url} has status {status}]. The CA demands 200.",
            &[
                "Look into the web server's log for the cause.",
                "A static file needs no program: let the server hand it out itself.",
            ],
        ),
        Code::FileLineEnd => {
            words_of("A line end stands behind the content. It must end with its last character.", &[SAVE_AGAIN])
        }
        Code::FileByteOrderMark => words_of(
            "An invisible mark (BOM) stands at the beginning of the file: the editor added it.",
            &[SAVE_AGAIN, "Or save as UTF-8 without BOM."],
        ),
        Code::FileIsPage => words_of(
            "At[ {url}] comes a web page, not the file.",
            &["Let the web server hand out the file as it is, without a frame around it.", SAVE_AGAIN],
        ),
        Code::FileUtf16 => {
            words_of("The file is saved as UTF-16 (“Unicode”).", &[SAVE_AGAIN, "Or save as UTF-8 or ANSI."])
        }
        Code::FileCompressed => words_of(
            "The web server sends the file compressed[ ({found})] though nobody asked for that.",
            &["Switch compression off for /.well-known/pki-validation/."],
        ),
        Code::FileCase => words_of("The content differs in upper and lower case.", &[SAVE_AGAIN]),
        Code::FileBlanks => words_of("Blanks stand before or behind the content.", &[SAVE_AGAIN]),
        Code::FileQuotes => words_of("Quotes stand around the content.", &[SAVE_AGAIN]),
        Code::FileCut => words_of("The content is not whole, or more stands behind it.", &[SAVE_AGAIN]),
        Code::FileOther => words_of(
            "The file has another content[: {found}].",
            &[SAVE_AGAIN, "If it is from an older order, replace it; empty the cache of a CDN."],
        ),
        Code::FileEmpty => words_of("The file is empty.", &[SAVE_AGAIN]),
        Code::FileTooLarge => words_of(
            "What comes at[ {url}] is far larger than the file; the rest was not read.",
            &["Let the web server hand out the file at exactly this address."],
        ),
        Code::FileNameCase => words_of(
            "The file has its name in another case[: {found}]. Web servers tell upper and lower case apart.",
            &["Rename the file to exactly the name of this order."],
        ),
        Code::FileElsewhere => words_of(
            "The file lies elsewhere[: {found}]. [The CA looks at {url}.]",
            &["Move it there.", "Windows hides endings: make sure that it is not called “.txt.txt”."],
        ),
        Code::WebCatchAll => words_of(
            "The web server answers every address with the same page[, {url} too].",
            &["Let it hand out files below /.well-known/ before its catch-all rule applies.", SAVE_AGAIN],
        ),
        Code::WebCertificate => words_of(
            match kind {
                "expired" => "The certificate of[ {url}] has run out. The check went on all the same.",
                "name" => "The certificate of[ {url}] is for another name. The check went on all the same.",
                "issuer" => {
                    "The certificate of[ {url}] is from nobody that is trusted here. The check went on all the same."
                }
                _ => "The certificate of[ {url}] is not right. The check went on all the same.",
            },
            &["For the proof this does not matter; the new certificate mends it."],
        ),
        Code::WebTls => words_of(
            "No secure connection to[ {url}] comes about.",
            &[
                "For most CAs http:// is enough; check that it is right there.",
                "Check the TLS settings of the web server.",
            ],
        ),
        Code::WebNotHttp => words_of(
            "What answers at[ {url}] is not a web server.",
            &["Check that the right program listens on the port."],
        ),
        Code::WebFamiliesDiffer => words_of(
            "IPv4 and IPv6 of[ {domain}] show different things[ (wrong: {found})]. The CA may take either.",
            &["Upload the file to both servers, or correct the AAAA record."],
        ),
        Code::WebPartnerDiffers => words_of(
            "The other form of the domain does not show the file[: {found}].[ For this order {domain} counts.]",
            &["If the CA looks at both, put the file there too."],
        ),
        Code::WebLocalAddress => words_of(
            "The domain[ {domain}] leads to an address inside this network[ ({address})], which the CA cannot reach.",
            &["Check from another network what the domain leads to.", "Otherwise ask the CA for a proof by DNS."],
        ),
        _ => words_of("", &[]),
    }
}

/// Wrong input about orders; `None`: not ours.
pub(super) fn bad_input(reason: &str) -> Option<Words> {
    Some(match reason {
        "order-domain" => words_of(
            "This is not a domain[: {domain}].",
            &["Type it without http:// and path: example.com, www.example.com or *.example.com."],
        ),
        "order-record" => words_of(
            "This is not a name for a record[: {name}].",
            &["Copy it from the CA's console: _dnsauth.example.com."],
        ),
        "order-target" => words_of(
            "The value of a CNAME is a name[; this is none: {name}].",
            &["Copy the value from the CA's console.", "If it is no name, the type may be TXT."],
        ),
        "order-value" => words_of("The value is missing or far too long.", &["Copy it from the CA's console."]),
        "order-file" => words_of(
            "This is not a name for a file[: {path}].",
            &["Copy the file's name from the CA's console, without folders."],
        ),
        "order-proof" => {
            words_of("What the CA wants to see is missing.", &["Give a record (--cname or --txt) or a file (--file)."])
        }
        "order-method" => {
            words_of("The rules of this CA[ ({ca})] do not allow this kind of proof.", &["Choose another kind."])
        }
        "order-wildcard-file" => words_of(
            "A wildcard domain cannot be proved by a file.",
            &["Ask the CA for a proof by DNS.", "Or put the wildcard into an order of its own."],
        ),
        "order-deadline" => words_of(
            "This is not a time[: {text}].",
            &["Type hours from now (24h) or a time in UTC (2026-11-26T08:00:00Z)."],
        ),
        "order-rules" => words_of(
            "No rules[ named “{ca}”] are known.",
            &["[Known are: {seen}.]", "Others can be added in validation.toml in Chopmark's folder."],
        ),
        "order-no-file" => words_of(
            "This order is not proved by a file.",
            &["Set the record instead: “chopmark order show” tells it."],
        ),
        "acme-address" | "acme-code" | "acme-contact" | "order-not-acme" | "order-no-act" => {
            return super::acme::input(reason);
        }
        "account-name" => words_of("This is no name for an account.", &["Take letters, digits, “-”, “_” and “.”."]),
        "order-request" => {
            words_of("This is not a certificate request (PKCS#10).", &["Give a file as OpenSSL writes it, PEM or DER."])
        }
        "order-applicant" => words_of(
            "The applicant's data cannot be read[: {path}].",
            &["It is TOML; “chopmark order submit --help” names the fields."],
        ),
        "order-by-hand" => words_of(
            "This order was typed in by hand: nothing can be done at its source from here.",
            &["Do it in the CA's console.", "Or take the order over from there: “chopmark order fetch”."],
        ),
        "ussl-address" => words_of(
            "This cannot be the address of the certificate API.",
            &[
                "Give an address that begins with https://; http:// is taken for this computer only (http://127.0.0.1…).",
            ],
        ),
        "validation-settings" => words_of(
            "The settings for checks cannot be read[: {path}].",
            &["Correct the line that the details name, or move the file away: what is built in applies then."],
        ),
        _ => return None,
    })
}
