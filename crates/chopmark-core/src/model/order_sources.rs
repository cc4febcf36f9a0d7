//! Orders at their source: where an order stands there, what may be done, and the accounts it is done with.

use super::ProofMethod;
use serde::{Deserialize, Serialize};

border! {
    /// Where an order stands at its source, as far as its words are known.
    #[derive(Copy, Hash)]
    #[serde(rename_all = "kebab-case")]
    enum RemoteState {
        /// Bought or begun; the request has not been handed in.
        Draft,
        /// The domains are to be proved.
        Proving,
        /// The CA looks at it; there is nothing to do.
        Reviewing,
        /// The certificate is there.
        Issued,
        /// The CA does not issue it.
        Refused,
        /// Cancelled.
        Cancelled,
        /// The certificate is revoked.
        Revoked,
        /// What the source says is not known to us: shown as it stands, neither done nor failed.
        Other,
    }
    /// Something with an effect at the source. Each wants a confirmation that names it.
    #[derive(Copy, Hash, PartialOrd, Ord)]
    #[serde(rename_all = "kebab-case")]
    enum OrderAct {
        /// Begin the order; where it costs something, buy it.
        Buy,
        /// Hand in the request, and for whom it is.
        Submit,
        /// Tell the CA that it may look at the domains (ACME).
        Prove,
        /// Hand in the stamped letter.
        Letter,
        /// Another certificate for another key.
        Reissue,
        /// Buy the next one.
        Renew,
        /// Cancel the order.
        Cancel,
        /// Revoke the certificate.
        Revoke,
    }
    /// What is checked before a certificate is issued.
    #[derive(Copy, Hash)]
    #[serde(rename_all = "kebab-case")]
    enum CertificateKind {
        /// The domains (DV).
        Domain,
        /// The organisation as well (OV).
        Organisation,
        /// The organisation more closely (EV).
        Extended,
    }
    /// What comes next with an order.
    #[derive(Copy, Hash)]
    #[serde(rename_all = "kebab-case")]
    enum OrderStep {
        /// An answer was lost: the source is asked what became of it.
        Settle,
        /// The request is made here and handed in.
        Submit,
        /// The person sets the record or the file.
        Prove,
        /// The person stamps the letter and hands it in.
        Letter,
        /// The CA works.
        Wait,
        /// The certificate is fetched and installed.
        Fetch,
        /// Nothing is left to do.
        Done,
        /// It will not come to anything.
        Over,
        /// What is next is not known: the source says something that we do not know.
        Ask,
    }
    /// Where a secret is kept.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum SecretPlace {
        /// The system's keyring.
        Keyring,
        /// A file that only its owner may read.
        File,
    }
}

border! {
    /// What a source said of an order.
    struct AtSource {
        /// Where it stands.
        pub state: RemoteState,
        /// The same in the source's words.
        pub said: String,
        /// The source's code for it; empty: it has none.
        pub code: String,
        /// What is checked before it is issued; `None`: not said.
        pub kind: Option<CertificateKind>,
        /// When it said so, RFC 3339 UTC.
        pub at: String,
        /// The certificate's last day, RFC 3339 UTC.
        pub not_after: Option<String>,
    }
    /// What was sent and not answered yet.
    struct PendingAct {
        /// What.
        pub act: OrderAct,
        /// When, RFC 3339 UTC.
        pub since: String,
    }
    /// For whom a certificate is ordered. A console wants all of it, whatever it checks.
    #[derive(Default)]
    #[serde(default)]
    struct Applicant {
        /// Name of the organisation; for a DV order of a person, the person's.
        pub company: String,
        /// Department.
        pub division: String,
        /// Street and number.
        pub address: String,
        /// City.
        pub city: String,
        /// Province.
        pub region: String,
        /// Country, two letters.
        pub country: String,
        /// Postal code.
        pub postal_code: String,
        /// Phone of the organisation.
        pub company_phone: String,
        /// Number of its registration.
        pub company_code: String,
        /// Name of the person who answers for it.
        pub name: String,
        /// Phone.
        pub phone: String,
        /// E-mail address.
        pub email: String,
        /// Position.
        pub title: String,
    }
    /// What is to be bought.
    struct Product {
        /// Brand.
        pub brand: String,
        /// The product's name, as the console wants it.
        pub name: String,
        /// How many domains.
        pub domains: u32,
        /// How many years.
        pub years: u32,
    }
    /// What there is to buy.
    struct ProductView {
        /// Brand.
        pub brand: String,
        /// The product's name, as the console wants it.
        pub name: String,
        /// Its name for people.
        pub title: String,
        /// What is checked, in the console's words.
        pub category: String,
        /// Fewest domains.
        pub fewest: u32,
        /// Most domains.
        pub most: u32,
        /// The console recommends it.
        pub recommended: bool,
    }
    /// What something costs, as the console says it.
    struct Price {
        /// The price, as it is written there.
        pub price: String,
        /// Before a discount.
        pub before: Option<String>,
        /// It can be bought.
        pub available: bool,
    }
    /// An account at a source.
    struct OrderAccount {
        /// Its name here.
        pub name: String,
        /// What kind of source.
        pub source: super::OrderSource,
        /// Address of the interface; `None`: the usual one.
        pub address: Option<String>,
        /// What names the account there: a public key, an address.
        pub id: String,
        /// Where its secret is.
        pub secret: SecretPlace,
        /// Why it is not in the keyring; `None`: it is.
        pub why: Option<String>,
    }
    /// What a submission says beside the request.
    #[derive(Default)]
    #[serde(default)]
    struct Submission {
        /// The domains, the first is the certificate's name; empty: those of the order.
        pub domains: Vec<String>,
        /// How they are proved; `None`: the first way there is.
        pub method: Option<ProofMethod>,
        /// For whom.
        pub applicant: Applicant,
    }
}
