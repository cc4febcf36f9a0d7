//! Orders for server certificates: what a CA wants to see on a domain, and what is seen there.

use serde::{Deserialize, Serialize};

use super::{AtSource, Finding, OrderAct, OrderKeyView, OrderStep, PendingAct, Product};

border! {
    /// An order as a person types it from what any CA's console shows.
    #[derive(Default)]
    struct NewOrder {
        /// The domains of the certificate, the first is its name; `*.example.com` for a wildcard.
        pub domains: Vec<String>,
        /// What the CA wants to see.
        pub proofs: Vec<Proof>,
        /// Name of the rules that apply; `None`: the first there are.
        pub rules: Option<String>,
        /// Until when, RFC 3339 UTC; `None`: as long from now as the rules give.
        pub deadline: Option<String>,
        /// For oneself.
        pub note: Option<String>,
    }
    /// One thing a CA wants to see.
    struct Proof {
        /// How.
        pub method: ProofMethod,
        /// Name of the record or of the file.
        pub name: String,
        /// Value of the record, content of the file.
        pub value: String,
        /// The one domain that the file is for; `None`: every domain of the order.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub domain: Option<String>,
    }
}

border! {
    /// How a domain is proved to be one's own.
    #[derive(Copy, Hash, PartialOrd, Ord)]
    #[serde(rename_all = "kebab-case")]
    enum ProofMethod {
        /// A CNAME record.
        DnsCname,
        /// A TXT record.
        DnsTxt,
        /// A file on the web server.
        File,
    }
    /// Where an order comes from.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum OrderSource {
        /// Typed in.
        ByHand,
        /// UCloud's console.
        Ussl,
        /// A CA that speaks ACME (RFC 8555).
        Acme,
    }
    /// How the proof of an order or of a part of it stands.
    #[derive(Copy, PartialOrd, Ord)]
    #[serde(rename_all = "kebab-case")]
    enum ProofState {
        /// Everybody sees it as the CA wants it.
        Ready,
        /// It is right where it is made; some still have an old answer.
        Spreading,
        /// Nobody could be asked who knows.
        Unknown,
        /// It is missing or wrong.
        NotYet,
    }
    /// Who was asked.
    #[derive(Copy, Hash)]
    #[serde(rename_all = "kebab-case")]
    enum RowKind {
        /// The resolver that this computer uses.
        System,
        /// A public resolver.
        Public,
        /// A name server of the zone itself.
        Authoritative,
        /// Who may issue (CAA).
        Caa,
        /// A web server.
        Web,
        /// The web server of the same domain with or without www.
        WebPartner,
    }
    /// What was seen.
    #[derive(Copy, Hash)]
    #[serde(rename_all = "kebab-case")]
    enum RowState {
        /// As the CA wants it.
        Found,
        /// The record has another value.
        OtherValue,
        /// There is no such name.
        NoSuchName,
        /// The name is there, such a record is not.
        NoData,
        /// Another kind of record stands there.
        OtherType,
        /// The server failed.
        Servfail,
        /// The resolver rejects what it got, because of DNSSEC.
        Dnssec,
        /// The server does not want to answer.
        Refused,
        /// The server knows nothing of the zone.
        Lame,
        /// No answer in time.
        Timeout,
        /// No connection.
        Unreachable,
        /// What came is no answer.
        Garbled,
        /// CAA: our CA may issue, or nothing is said.
        Allowed,
        /// CAA: our CA may not issue.
        Forbidden,
        /// CAA: some CAs may, and it is not known whether ours is one of them.
        Restricted,
        /// The web server sends us elsewhere.
        Redirects,
        /// The web server answers with an error.
        Status,
        /// The content is another.
        OtherContent,
        /// The TLS connection fails.
        Tls,
    }
    /// What a line of a comparison is.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum DiffKind {
        /// In both.
        Same,
        /// What the CA wants.
        Wanted,
        /// What is there instead.
        Found,
    }
}

border! {
    /// What a CA demands; data, since CAs differ and the baseline requirements are looser than most.
    #[serde(deny_unknown_fields)]
    struct CaRules {
        /// Short name.
        pub name: String,
        /// Name for people.
        pub title: String,
        /// Hours from the order to the deadline.
        pub deadline_hours: u32,
        /// Minutes from the proof being seen to the certificate; `None`: not said.
        #[serde(default)]
        pub issue_minutes: Option<u32>,
        /// The CA follows redirects of the web server.
        #[serde(default)]
        pub follows_redirects: bool,
        /// One of `http:` and `https:` is enough.
        #[serde(default = "yes")]
        pub one_scheme_is_enough: bool,
        /// The CA begins with `http:` and asks nothing else (ACME, RFC 8555 §8.3).
        #[serde(default)]
        pub http_only: bool,
        /// Ways it takes.
        pub methods: Vec<ProofMethod>,
        /// Folder of the file on the web server.
        #[serde(default = "pki_validation")]
        pub folder: String,
        /// What the CA calls itself in CAA records; empty: not known.
        #[serde(default)]
        pub caa: Vec<String>,
    }
    /// An order, as it stands.
    struct OrderView {
        /// Number.
        pub order: String,
        /// Where it comes from.
        pub source: OrderSource,
        /// Its number there; `None`: typed in, or not known yet.
        pub remote: Option<String>,
        /// The account it belongs to.
        pub account: Option<String>,
        /// What its source said last.
        pub at_source: Option<AtSource>,
        /// What was bought.
        pub product: Option<Product>,
        /// What was sent and not answered yet.
        pub pending: Option<PendingAct>,
        /// What may be done at its source now.
        pub acts: Vec<OrderAct>,
        /// Its key, where that was made here: the last one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub key: Option<OrderKeyView>,
        /// What comes next.
        pub step: OrderStep,
        /// Its certificate is being revoked: what is to be proved is for that.
        #[serde(default)]
        pub revoking: bool,
        /// Domains, in ASCII (IDNA).
        pub domains: Vec<String>,
        /// Those of them with letters beyond ASCII, as people read them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Vec<DomainName>>"))]
        pub names: Vec<DomainName>,
        /// What the CA wants to see.
        pub proofs: Vec<ProofView>,
        /// The rules that apply.
        pub rules: CaRules,
        /// When it was added, RFC 3339 UTC.
        pub created: String,
        /// Until when it must be proved, RFC 3339 UTC.
        pub deadline: String,
        /// The same in seconds since 1970.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub deadline_unix: i64,
        /// For oneself.
        pub note: Option<String>,
        /// The last check.
        pub last: Option<OrderCheck>,
        /// When the CA wants the certificate renewed; `None`: it has not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub renewal: Option<RenewalHint>,
    }
    /// A domain with letters beyond ASCII.
    struct DomainName {
        /// As certificates and name servers have it.
        pub ascii: String,
        /// As people write it.
        pub unicode: String,
        /// It mixes scripts, or can be taken for another name: only the ASCII form says which it is.
        pub look_alike: bool,
        /// Both forms for a line of text; of a look-alike the ASCII form alone.
        pub shown: String,
    }
    /// When a CA wants a certificate renewed (ACME's renewal information, RFC 9773).
    struct RenewalHint {
        /// From when on, RFC 3339 UTC.
        pub start: String,
        /// Until when, RFC 3339 UTC.
        pub end: String,
        /// Within that, when this computer reminds of it; drawn by lot, so that not all renew at once. RFC 3339 UTC.
        pub remind: String,
        /// A page of the CA that says why.
        pub why: Option<String>,
        /// When to ask the CA again, RFC 3339 UTC.
        pub again: String,
    }
    /// One thing a CA wants to see, as panels and servers want it.
    struct ProofView {
        /// How.
        pub method: ProofMethod,
        /// Whole name of the record, or name of the file.
        pub name: String,
        /// Value of the record, content of the file.
        pub value: String,
        /// A record's name without the zone; `@`: the zone itself. Empty for a file.
        pub host: String,
        /// The zone that the record belongs into. Empty for a file.
        pub zone: String,
        /// Where the CA looks for the file.
        pub urls: Vec<String>,
    }
    /// What a check saw.
    struct OrderCheck {
        /// When, RFC 3339 UTC.
        pub at: String,
        /// How it stands.
        pub state: ProofState,
        /// Each thing the CA wants to see, in the order's order.
        pub proofs: Vec<ProofCheck>,
        /// Who may issue for the domains.
        pub caa: Vec<ProofRow>,
        /// What is the matter, worst first.
        pub findings: Vec<Finding>,
    }
    /// What a check saw of one thing.
    struct ProofCheck {
        /// How.
        pub method: ProofMethod,
        /// Whole name of the record, or name of the file.
        pub name: String,
        /// How it stands.
        pub state: ProofState,
        /// The zone, as name servers know it; `None`: not found, or a file.
        pub zone: Option<String>,
        /// Everybody who was asked.
        pub rows: Vec<ProofRow>,
    }
    /// What one server said.
    struct ProofRow {
        /// Who it is.
        pub kind: RowKind,
        /// Its name, or the address of the file.
        pub server: String,
        /// Its network address.
        pub address: String,
        /// What was seen.
        pub state: RowState,
        /// The values that stand there.
        pub found: Vec<String>,
        /// Seconds this answer lives.
        pub ttl: Option<u32>,
        /// Seconds a wrong answer lives in whoever has asked for it.
        pub wrong_for: Option<u32>,
        /// HTTP status.
        pub status: Option<u16>,
        /// Where the web server sends us.
        pub location: Option<String>,
        /// What browsers do not like of the certificate: `expired`, `name`, `issuer`, `other`.
        pub certificate: Option<String>,
        /// Content wanted and found.
        pub diff: Vec<DiffLine>,
        /// The same question for a terminal.
        pub command: String,
        /// How long it took, milliseconds.
        pub ms: u32,
    }
    /// A line of a comparison, what cannot be seen made visible.
    struct DiffLine {
        /// What it is.
        pub kind: DiffKind,
        /// Text.
        pub text: String,
    }
}

border! {
    /// A CA that speaks ACME.
    struct AcmeDirectory {
        /// Short name of its rules.
        pub name: String,
        /// Name for people.
        pub title: String,
        /// Address of its directory.
        pub url: String,
        /// What it said of itself; `None`: it was not asked.
        pub said: Option<AcmeDirectorySaid>,
    }
    /// What a CA says of itself.
    struct AcmeDirectorySaid {
        /// The terms that an account must agree to.
        pub terms: Option<String>,
        /// Its page for people.
        pub website: Option<String>,
        /// It opens accounts only with reference number and authorization code.
        pub wants_codes: bool,
        /// This computer has an account there.
        pub has_account: bool,
    }
    /// How far an ACME order has come.
    struct AcmeProgress {
        /// The order.
        pub order: OrderView,
        /// All is proved: the CA waits for the request for the certificate (CSR).
        pub wants_request: bool,
        /// The certificate and its chain, PEM; empty: not yet.
        pub chain: Vec<String>,
    }
    /// What is ordered by ACME.
    struct NewAcmeOrder {
        /// Name of a CA known, or the address of its directory.
        pub directory: String,
        /// PEM roots for TLS to it, where the system does not know them.
        pub tls_roots: Vec<String>,
        /// The domains of the certificate, the first is its name; `*.example.com` for a wildcard.
        pub domains: Vec<String>,
        /// How they are to be proved; all in the same way.
        pub method: ProofMethod,
        /// The reference number that a new account is bound to (ACME: key identifier); the authorization code (HMAC key) is asked for.
        pub reference: Option<String>,
        /// Mail addresses that the CA may write to.
        pub contact: Vec<String>,
        /// The CA's terms are agreed to.
        pub agree_terms: bool,
        /// SHA-256 fingerprint of the certificate that this one is to replace.
        pub replaces: Option<String>,
        /// For oneself.
        pub note: Option<String>,
    }
}

border! {
    /// What happens while an order is watched.
    #[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
    enum OrderEvent {
        /// A check has begun.
        Checking {
            /// The order.
            order: String,
        },
        /// A check has ended.
        Checked {
            /// The order.
            order: String,
            /// What it saw.
            check: OrderCheck,
            /// Seconds until the next one; `None`: there is none.
            next: Option<u32>,
        },
        /// The source was asked.
        AtSource {
            /// The order.
            order: String,
            /// What it said.
            seen: AtSource,
        },
        /// Everything is as the CA wants it, for the first time.
        Ready {
            /// The order.
            order: String,
        },
    }
}

fn yes() -> bool {
    true
}

fn pki_validation() -> String {
    "/.well-known/pki-validation/".to_owned()
}

impl CaRules {
    /// What the CA's look at a web server begins with.
    pub(crate) fn schemes(&self) -> &'static [&'static str] {
        if self.http_only { &["http"] } else { &["https", "http"] }
    }
}

impl RowState {
    /// Does it say something about the record or file, or only about the one who was asked?
    pub(crate) fn is_evidence(self) -> bool {
        !matches!(
            self,
            RowState::Servfail
                | RowState::Refused
                | RowState::Lame
                | RowState::Timeout
                | RowState::Unreachable
                | RowState::Garbled
        )
    }
}
