//! Plain data that crosses the border to the window and the command. No behaviour, no secrets.
//!
//! Every type here serializes to JSON in camelCase; the TypeScript side is generated from it (`cargo xtask types`).

use serde::{Deserialize, Serialize};

/// Derives what every border type has in common.
macro_rules! border {
    ($($(#[$meta:meta])* struct $name:ident $body:tt)*) => {$(
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
        #[serde(rename_all = "camelCase")]
        $(#[$meta])*
        pub struct $name $body
    )*};
    ($($(#[$meta:meta])* enum $name:ident $body:tt)*) => {$(
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
        $(#[$meta])*
        pub enum $name $body
    )*};
}

mod care;
mod exports;
mod letters;
mod order_keys;
mod order_sources;
mod orders;
mod reminders;
mod servers;

pub use care::*;
pub use exports::*;
pub use letters::*;
pub use order_keys::*;
pub use order_sources::*;
pub use orders::*;
pub use reminders::*;
pub use servers::*;

border! {
    /// What an enrolment is for; everything in it may be written to the journal.
    struct EnrollOrder {
        /// The CA profile's name.
        pub ca: String,
        /// The reference number (public half of the two codes).
        pub reference: String,
        /// Where key and certificate shall live.
        pub place: Place,
        /// Which key to make; `None`: the first that the CA asks for in its template, if the profile says that it is to be
        /// asked, else the profile's first.
        pub key: Option<KeyChoice>,
        /// The CA makes the key, of that kind, and sees it (RFC 9483 §4.1.6).
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional, as = "Option<bool>"))]
        pub key_by_ca: bool,
        /// The subject asked for, as an RFC 4514 string; `None` leaves it to the CA.
        pub subject: Option<String>,
        /// Alternative names asked for: `dns:…`, `email:…`.
        pub san: Vec<String>,
        /// Give up with "still waiting" instead of polling.
        pub no_wait: bool,
    }
}

border! {
    /// What a renewal is for; everything in it may be written to the journal.
    struct RenewOrder {
        /// SHA-256 fingerprint (or a unique prefix) of the certificate to renew.
        pub certificate: String,
        /// Where the new key and certificate shall live; `None`: where the old ones are.
        pub place: Option<Place>,
        /// Which key to make; `None`: one of the same kind as the old.
        pub key: Option<KeyChoice>,
        /// Leave the old certificate and key where they are.
        pub keep_old: bool,
        /// Protect the request with a code for this reference number instead of the old key; empty: the reference number
        /// of the enrolment. `None`: with the old key.
        pub reference: Option<String>,
        /// The CA profile's name; `None`: the one the certificate came from.
        pub ca: Option<String>,
        /// Give up with "still waiting" instead of polling.
        pub no_wait: bool,
    }
    /// What a revocation is for; everything in it may be written to the journal.
    struct RevokeOrder {
        /// The certificate.
        pub certificate: CertificateChoice,
        /// Why.
        pub reason: RevocationReason,
        /// Protect the request with the codes of this reference number (for a key that is lost); empty: that of the
        /// enrolment. `None`: with the certificate's own key.
        pub reference: Option<String>,
        /// The CA profile's name; `None`: the one the certificate came from.
        pub ca: Option<String>,
        /// Give up with "still waiting" instead of polling.
        pub no_wait: bool,
    }
}

border! {
    /// Which certificate.
    #[serde(tag = "by", rename_all = "kebab-case", rename_all_fields = "camelCase")]
    enum CertificateChoice {
        /// One that is at hand.
        Fingerprint {
            /// SHA-256 fingerprint, or a unique prefix.
            sha256: String,
        },
        /// One that may not be at hand.
        Serial {
            /// Issuer, RFC 4514.
            issuer: String,
            /// Serial number, hex.
            serial: String,
        },
    }
    /// Why a certificate is revoked (RFC 5280 §5.3.1).
    #[derive(Copy)]
    #[serde(rename_all = "camelCase")]
    enum RevocationReason {
        /// Not said.
        Unspecified,
        /// Somebody else may have the key.
        KeyCompromise,
        /// The holder belongs elsewhere now.
        AffiliationChanged,
        /// There is another certificate in its place.
        Superseded,
        /// It is not needed any more.
        CessationOfOperation,
        /// For a while only.
        CertificateHold,
        /// The holder may not do any more what it says.
        PrivilegeWithdrawn,
    }
    /// What a CA can be asked about itself (genm).
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum InformationKind {
        /// Its certificates.
        CaCertificates,
        /// Whether its root has a successor.
        RootUpdate,
        /// What a request should look like.
        RequestTemplate,
        /// Its revocation list.
        Crl,
    }
    /// Who asks.
    #[serde(tag = "by", rename_all = "kebab-case", rename_all_fields = "camelCase")]
    enum Asker {
        /// The holder of the two codes.
        Codes {
            /// The reference number.
            reference: String,
        },
        /// The holder of a certificate.
        Certificate {
            /// SHA-256 fingerprint, or a unique prefix.
            sha256: String,
        },
    }
}

border! {
    /// What a CA said about itself. Everything in it has been verified as far as its kind allows.
    struct CaInformation {
        /// Certificates of the CA. Those that lead to a root of the profile.
        pub certificates: Vec<CertificateInfo>,
        /// The successor of a root of the profile: verified through the old root.
        pub root_update: Option<RootUpdate>,
        /// What a request should look like.
        pub template: Option<RequestTemplate>,
        /// The revocation list, its signature verified.
        pub crl: Option<CrlInfo>,
    }
    /// A new root, certified by the one it follows.
    struct RootUpdate {
        /// SHA-256 fingerprint of the root it follows.
        pub follows: String,
        /// The new root.
        pub root: CertificateInfo,
        /// The new root also certifies the old one, so that those who have only the new trust what is older.
        pub old_with_new: bool,
    }
    /// What a CA wants in a request.
    struct RequestTemplate {
        /// Parts of the subject and other fields.
        pub fields: Vec<TemplateField>,
        /// Keys it takes, best first; empty: any.
        pub keys: Vec<KeyChoice>,
    }
    /// A field of the template.
    struct TemplateField {
        /// What it is: `CN`, `O`, `dns`, an extension's name.
        pub name: String,
        /// The value it shall have; `None`: the requester fills it in.
        pub value: Option<String>,
    }
    /// A revocation list.
    struct CrlInfo {
        /// Issuer, RFC 4514.
        pub issuer: String,
        /// Made, RFC 3339 UTC.
        pub this_update: String,
        /// The next one is due, RFC 3339 UTC.
        pub next_update: Option<String>,
        /// How many certificates it lists.
        pub revoked: u32,
        /// PEM.
        pub pem: String,
    }
    /// How a revocation ended well.
    struct Revoked {
        /// The job's number in the journal.
        pub job: String,
        /// Subject (its CN, where it has one), where the certificate is at hand.
        pub subject: Option<String>,
        /// SHA-256 fingerprint, where the certificate is at hand.
        pub sha256: Option<String>,
        /// Issuer, RFC 4514.
        pub issuer: String,
        /// Serial number, hex.
        pub serial: String,
        /// Why.
        pub reason: RevocationReason,
        /// What the CA said about it.
        pub text: Option<String>,
    }
    /// The certificate that a renewal replaced.
    struct Replaced {
        /// SHA-256 fingerprint.
        pub sha256: String,
        /// It is still there.
        pub kept: bool,
        /// Where it is kept, when that is another file than before.
        pub kept_at: Option<String>,
        /// Why it is kept: `asked`, `decrypts` (its key may open what was encrypted for it), `elsewhere` (another place
        /// than that of the new one).
        pub because: Option<String>,
    }
}

border! {
    /// A key that can be made.
    #[derive(Copy)]
    enum KeyChoice {
        /// RSA, 2048 bits.
        #[serde(rename = "rsa:2048")] Rsa2048,
        /// RSA, 3072 bits.
        #[serde(rename = "rsa:3072")] Rsa3072,
        /// RSA, 4096 bits.
        #[serde(rename = "rsa:4096")] Rsa4096,
        /// NIST P-256.
        #[serde(rename = "ec:p256")] EcP256,
        /// NIST P-384.
        #[serde(rename = "ec:p384")] EcP384,
        /// NIST P-521.
        #[serde(rename = "ec:p521")] EcP521,
        /// Ed25519.
        #[serde(rename = "ed25519")] Ed25519,
    }

    /// Where key and certificate live.
    #[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
    enum Place {
        /// A PKCS#11 token. Every part that is present must match; slot numbers are not kept, they move.
        Token {
            /// CKA label of the token.
            label: Option<String>,
            /// Serial number of the token.
            serial: Option<String>,
            /// Manufacturer the token names.
            manufacturer: Option<String>,
            /// Model the token names.
            model: Option<String>,
            /// The driver's file; `None` looks in every installed driver.
            driver: Option<String>,
            /// A file that holds the PIN (`pin-source` of RFC 7512).
            pin_source: Option<String>,
        },
        /// The store that this system's programs look into.
        Computer {
            /// Linux: the folder of an NSS database (absolute path); `None`: the user's own, `~/.pki/nssdb`. Elsewhere there is one.
            store: Option<String>,
            /// Windows: the CSP or KSP that makes and holds the key, by its name; `None`: the best. macOS: `Secure Enclave`,
            /// `CryptoTokenKit`; `None`: the login keychain. On Linux there is none.
            provider: Option<String>,
        },
        /// A file: PEM where its name ends in `.pem`, else PKCS#12.
        File {
            /// Absolute path of the file.
            path: String,
        },
    }

    /// One event of a running job.
    #[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
    enum Event {
        /// A step begins.
        Step {
            /// Which.
            step: Step,
        },
        /// A step ended well.
        StepDone {
            /// Which.
            step: Step,
            /// How long it took, in milliseconds.
            ms: u64,
        },
        /// The CA asked for patience.
        Waiting {
            /// Seconds until the CA is asked again.
            retry_after: u64,
            /// What the CA said about it.
            text: Option<String>,
        },
        /// The driver and token chosen for the job.
        Driver {
            /// The driver's file.
            driver: String,
            /// The driver's name.
            description: String,
            /// Label of the token.
            token: String,
        },
    }

    /// The steps of an enrolment or renewal, in their order, and that of a revocation.
    #[derive(Copy, Hash, PartialOrd, Ord)]
    #[serde(rename_all = "kebab-case")]
    enum Step {
        /// The key pair is made where it will live.
        MakeKey,
        /// The request goes to the CA, which may ask for patience.
        SendRequest,
        /// The certificate is taken from the answer and checked.
        ReceiveCertificate,
        /// Key and certificate are brought together in their place.
        Install,
        /// The installed key signs, the installed certificate verifies.
        Prove,
        /// The CA is told.
        Confirm,
        /// After a renewal: the old certificate and its key go, or stay, as was ordered.
        Retire,
        /// The CA revokes the certificate.
        Revoke,
    }

    /// Something only the person can answer.
    #[serde(tag = "question", rename_all = "kebab-case", rename_all_fields = "camelCase")]
    enum Question {
        /// The authorization code that belongs to the reference number.
        AuthorizationCode {
            /// The reference number.
            reference: String,
            /// The CA's display name.
            ca: String,
            /// What it is needed for.
            purpose: CodePurpose,
            /// The CA did not accept the code given before.
            wrong_before: bool,
            /// How many tries it says are left then. Nobody vouches for it: the answer to a wrong code has no protection
            /// that we could verify. To show, not to act on.
            tries_left: Option<u32>,
        },
        /// A code or reference number looks mistyped: use the likely one ([`Yes`](crate::ui::Answer::Yes)), or the one that
        /// was typed ([`No`](crate::ui::Answer::No))? Nothing has been sent with it.
        CheckCode {
            /// Which of the two.
            part: CodePart,
            /// What looks wrong, in the order of the text.
            findings: Vec<CodeFinding>,
            /// There is a likely one; without it "yes" is no answer.
            suggestion: bool,
        },
        /// The CA refuses the way in which the codes protect the request: ask again in another way?
        OtherProtection {
            /// The CA's display name.
            ca: String,
            /// What it refuses.
            from: MacChoice,
            /// What may be tried, once.
            to: MacChoice,
            /// The other one is the weaker: a code that is easy to guess is easier to guess then.
            weaker: bool,
        },
        /// The PIN of a token. Asked again after a wrong one, never tried again by itself.
        Pin {
            /// Label of the token.
            token: String,
            /// What the token says about its tries.
            state: PinState,
            /// The PIN given before was wrong.
            wrong_before: bool,
            /// Shortest and longest PIN, where the driver tells them.
            length: Option<(u32, u32)>,
        },
        /// The security officer's PIN of a token. Asked again after a wrong one, like [`Question::Pin`].
        SoPin {
            /// Label of the token.
            token: String,
            /// What the token says about its tries.
            state: PinState,
            /// The PIN given before was wrong.
            wrong_before: bool,
        },
        /// A new PIN, typed twice.
        NewPin {
            /// Label of the token.
            token: String,
            /// Whose.
            whose: PinOwner,
            /// Shortest and longest PIN, where the driver tells them.
            length: Option<(u32, u32)>,
            /// What was wrong with the one given before. No token has been asked then.
            refused: Option<NewPinProblem>,
        },
        /// The PIN is typed on the device itself, and there is no field for it here: say so, and go on with
        /// [`Yes`](crate::ui::Answer::Yes). From then on the device waits.
        PinPad {
            /// Label of the token.
            token: String,
            /// What the device will ask for.
            asks: PinPadAsks,
        },
        /// The token's label has to be typed in (an answer in [`Text`](crate::ui::Answer::Text)), for what comes cannot be undone.
        TypeLabel {
            /// What has to be typed: the label, or the serial number of a token without one.
            token: String,
            /// What will be done.
            act: Removal,
            /// What will be gone, as far as it shows.
            things: Vec<String>,
            /// What is to be thought of.
            warnings: Vec<RemovalWarning>,
            /// What was typed before was something else.
            wrong_before: bool,
        },
        /// The password of the file that certificate and key are in.
        FilePassword {
            /// The file.
            path: String,
            /// A new password is chosen (ask twice), or an existing one is given.
            new: bool,
        },
        /// The password of this computer's store ("Firefox's primary password"). Unlike a PIN it may be tried as often as one likes.
        StorePassword {
            /// What people call the store.
            store: String,
            /// The password given before was wrong.
            wrong_before: bool,
        },
        /// Shall the store trust the CA's root from now on, for every server and all mail? Nothing hangs on it: the certificate is
        /// there and works already. Without an answer it is not trusted.
        TrustRoot {
            /// What people call the store.
            store: String,
            /// The root's name.
            ca: String,
            /// SHA-256 fingerprint of the root, lower-case hex, to be compared with what the CA says elsewhere.
            sha256: String,
        },
        /// A password that the way to the CA needs.
        ConnectionPassword {
            /// What it is for.
            what: ConnectionSecret,
            /// `USER@HOST` of the proxy, or the file.
            name: String,
            /// The password given before was wrong.
            wrong_before: bool,
        },
        /// The CA issued something else than what was asked for.
        AcceptChanges {
            /// What differs.
            changes: Vec<Change>,
            /// What the CA said about it.
            text: Option<String>,
        },
    }
}

border! {
    /// What looks wrong in a code. Never the code itself.
    struct CodeFinding {
        /// Which character, counted from 1, blanks around the code left out.
        pub position: u32,
        /// What is odd about it.
        pub kind: CodeSlip,
    }
}

border! {
    /// One of the two codes.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum CodePart {
        /// The reference number.
        ReferenceNumber,
        /// The authorization code.
        AuthorizationCode,
    }
    /// What is odd about a character of a code.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum CodeSlip {
        /// A full-width digit, letter or sign.
        FullWidth,
        /// A long dash, or one where the CA's codes have none.
        Dash,
        /// A blank.
        Space,
        /// Something that cannot be seen.
        Invisible,
        /// A Cyrillic or Greek letter that looks Latin.
        ForeignLetter,
        /// A curly quote.
        Quote,
        /// A letter that the CA's codes have in the other case only.
        OtherCase,
        /// A character that the CA's codes do not have, and that looks like one they have: `O` for `0`.
        LooksLike,
        /// A character that the CA's codes do not have.
        NotInAlphabet,
    }
    /// What an authorization code is needed for.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum CodePurpose {
        /// Getting or renewing a certificate.
        Request,
        /// Revoking one.
        Revoke,
        /// Asking the CA about itself.
        Ask,
        /// Telling the CA that nobody waits any more; without it the job is given up all the same.
        GiveUp,
    }
}

border! {
    /// A difference between request and certificate.
    struct Change {
        /// What it is about: `subject`, `san`, `validity`.
        pub field: String,
        /// What was asked for.
        pub requested: String,
        /// What the certificate says.
        pub granted: String,
    }
}

border! {
    /// What a token says about its user PIN.
    #[derive(Copy, Default)]
    #[serde(rename_all = "kebab-case")]
    enum PinState {
        /// Nothing to report.
        #[default]
        Ok,
        /// No user PIN has been set.
        NotSet,
        /// A wrong PIN was entered at least once.
        CountLow,
        /// The next wrong PIN locks the token.
        FinalTry,
        /// Locked.
        Locked,
        /// The PIN must be changed before use.
        MustChange,
    }
}

border! {
    /// How an enrolment or a resumed job ended well.
    struct Enrolled {
        /// The job's number in the journal.
        pub job: String,
        /// The certificate.
        pub certificate: CertificateInfo,
        /// Where it lies, as a URI (`pkcs11:…`, `file:…`).
        pub place: String,
        /// Where it lies, as people say it (token label or path).
        pub place_name: String,
        /// The driver's file, for a token.
        pub driver: Option<String>,
        /// CKA_ID or local key identifier, hex.
        pub key_id: String,
        /// The CA made the key, so it has seen it. The person is to know.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional, as = "Option<bool>"))]
        pub key_seen_by_ca: bool,
        /// The installed key signed and the installed certificate verified.
        pub proved: bool,
        /// The CA acknowledged the confirmation.
        pub confirmed: bool,
        /// The person was asked whether this computer's store is to trust the CA's root, and it does now, or not.
        #[serde(default)]
        pub root_trusted: Option<bool>,
        /// After a renewal: what became of the old one.
        pub replaced: Option<Replaced>,
        /// Milliseconds per step.
        pub timings: Vec<Timing>,
    }

    /// How long a step took.
    struct Timing {
        /// The step.
        pub step: Step,
        /// Milliseconds.
        pub ms: u64,
    }
}

border! {
    /// How a resumed job ended.
    #[serde(tag = "outcome", rename_all = "kebab-case", rename_all_fields = "camelCase")]
    enum Resumed {
        /// There is a usable certificate.
        Enrolled {
            /// As after an enrolment.
            enrolled: Box<Enrolled>,
        },
        /// The certificate is revoked.
        Revoked {
            /// As after a revocation.
            revoked: Revoked,
        },
        /// It is in its place.
        Imported {
            /// As after an import.
            imported: Box<Imported>,
        },
        /// The key of an order is there, and so is its request.
        Requested {
            /// The request.
            request: Box<OrderRequest>,
        },
        /// The job had not reached the CA: what it had made was cleaned up.
        NothingHappened {
            /// The job.
            job: String,
        },
    }
}

border! {
    /// A driver and a browser's list.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum BrowserOutcome {
        /// It was put in, or taken out.
        Done,
        /// It was so already.
        Already,
        /// The browser runs in a sandbox and cannot see the driver's file, so nothing was changed.
        Hidden,
    }
}

border! {
    /// A certificate in words.
    struct CertificateInfo {
        /// Whole subject, RFC 4514.
        pub subject: String,
        /// Common name.
        pub cn: Option<String>,
        /// Organizational units, in the order of the subject.
        pub ou: Vec<String>,
        /// Organizations.
        pub o: Vec<String>,
        /// Serial number, hex.
        pub serial: String,
        /// Whole issuer, RFC 4514.
        pub issuer: String,
        /// Common name of the issuer.
        pub issuer_cn: Option<String>,
        /// Start of validity, RFC 3339 UTC.
        pub not_before: String,
        /// End of validity, RFC 3339 UTC.
        pub not_after: String,
        /// Seconds since 1970 of the end of validity.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub not_after_unix: i64,
        /// Key type in words, `RSA 2048` or `EC P-256`.
        pub key: String,
        /// Key usages, RFC 5280 names.
        pub key_usage: Vec<String>,
        /// Extended key usages: name where known, else OID.
        pub extended_key_usage: Vec<String>,
        /// Alternative names, `dns:…`, `email:…`.
        pub san: Vec<String>,
        /// SHA-256 fingerprint, lower-case hex.
        pub sha256: String,
        /// PEM.
        pub pem: String,
    }

    /// A certificate that was found, and where.
    struct FoundCertificate {
        /// The certificate.
        pub certificate: CertificateInfo,
        /// Where it lies, as a URI.
        pub place: String,
        /// Where it lies, as people say it.
        pub place_name: String,
        /// `token`, `computer` or `file`.
        pub place_kind: String,
        /// Its key is there too; `None`: cannot be told without the PIN.
        pub has_key: Option<bool>,
        /// Name of the CA profile that it came from, where the journal knows it: renewing and revoking ask there.
        pub ca: Option<String>,
        /// When it was revoked from here, RFC 3339 UTC.
        pub revoked: Option<String>,
    }

    /// What a look into all places gave.
    struct CertificateList {
        /// Those found, nearest expiry first.
        pub certificates: Vec<FoundCertificate>,
        /// What could not be looked into, and why.
        pub problems: Vec<ErrorView>,
    }

    /// A store of this computer that programs look into: a place for a certificate.
    struct ComputerStore {
        /// The place.
        pub place: Place,
        /// What people call it, as it stands in lists.
        pub name: String,
        /// Whose it is: `Chromium` (and its kin, which share it), `Firefox`, `Thunderbird`; empty: the system's.
        pub program: String,
        /// The program's profile.
        pub profile: Option<String>,
        /// How that program was installed: `snap`, `flatpak` or empty.
        pub packaging: String,
        /// It is there already; else it is made when it is used.
        pub exists: bool,
        /// The program runs, and may see changes only once it is started again.
        pub in_use: bool,
        /// Drivers that it knows.
        pub drivers: Vec<String>,
        /// Keys that were made elsewhere can be brought here.
        pub takes_keys: bool,
    }

    /// What became of a driver in a browser's list.
    struct BrowserDriver {
        /// What people call the browser's store.
        pub name: String,
        /// What became of it.
        pub outcome: BrowserOutcome,
        /// The browser runs: it sees the change once it is started again.
        pub in_use: bool,
    }

    /// A driver that is installed (PKCS#11 module).
    struct Driver {
        /// Its file.
        pub path: String,
        /// How it was found: `known-path`, `p11-kit`, `browser`, `environment`, `named`.
        pub origin: String,
        /// Its entry in the catalogue.
        pub entry: Option<String>,
        /// What it is called in our list of known drivers.
        pub name: Option<String>,
        /// What it calls itself, when it answered.
        pub description: Option<String>,
        /// Its maker, when it answered.
        pub manufacturer: Option<String>,
        /// Its version, when it answered.
        pub version: Option<String>,
        /// Its file.
        pub file: DriverFile,
        /// It is asked only when the person names it.
        pub not_asked: bool,
        /// Tokens that it sees, by label or serial number.
        pub tokens: Vec<String>,
        /// Keys that can be made on one of them.
        pub keys: Vec<KeyChoice>,
        /// Where its maker offers it.
        pub page: Option<String>,
        /// Why it could not be used.
        pub problem: Option<ErrorView>,
    }

    /// A driver's file, seen without loading it.
    struct DriverFile {
        /// It can be read by us.
        pub readable: bool,
        /// `elf`, `pe`, `mach-o`; empty: no library.
        pub format: String,
        /// What it runs on: `x86_64`.
        pub architectures: Vec<String>,
        /// Bits of an address; 0: unknown.
        pub bits: u8,
        /// Version in the file, where its format has one.
        pub version: String,
        /// `good`, `bad`, `untrusted` (whole, by nobody this system knows), `none`; empty: not looked for.
        pub signature: String,
    }

    /// A token behind a driver.
    struct TokenInfo {
        /// Label.
        pub label: String,
        /// Model.
        pub model: String,
        /// Maker.
        pub manufacturer: String,
        /// Serial number.
        pub serial: String,
        /// Has been initialised.
        pub initialized: bool,
        /// State of the user PIN.
        pub pin: PinState,
        /// No writing possible.
        pub write_protected: bool,
        /// The PIN is typed on the device, not here.
        pub pin_pad: bool,
        /// Keys it can make.
        pub keys: Vec<KeyChoice>,
        /// The driver's file.
        pub driver: String,
        /// The driver in words.
        pub driver_name: String,
        /// URI of the token (RFC 7512), usable as PLACE.
        pub uri: String,
    }

    /// What a look at drivers and tokens gave.
    struct TokenList {
        /// Tokens.
        pub tokens: Vec<TokenInfo>,
        /// Drivers that have answered, those with problems too.
        pub drivers: Vec<Driver>,
        /// Files of the drivers that have not answered yet; empty once the list is whole.
        pub asking: Vec<String>,
        /// What is plugged in, with the drivers for each in order and why; in the final list only.
        pub plugged: Vec<PluggedToken>,
    }

    /// A CA profile. No secrets.
    struct CaProfile {
        /// Short name, used on the command line.
        pub name: String,
        /// Name for people.
        pub title: String,
        /// CMP over HTTP endpoint.
        pub url: String,
        /// Roots the CA's certificates must lead to, PEM.
        pub roots: Vec<String>,
        /// Roots for the TLS connection besides the system's, PEM.
        pub tls_roots: Vec<String>,
        /// Protocol details; all have defaults.
        pub cmp: CmpOptions,
        /// How its messages travel; all has defaults.
        #[serde(default)]
        pub transport: TransportOptions,
        /// Keys the CA takes, best first; empty: any.
        pub keys: Vec<KeyChoice>,
        /// What its codes are like; all has defaults.
        #[serde(default)]
        pub codes: CodeOptions,
        /// For trying out only.
        pub demo: bool,
    }

    /// Protocol details of a profile.
    struct CmpOptions {
        /// `ir`, `cr` or `p10cr`.
        pub request: RequestKind,
        /// How requests are protected.
        pub protection: MacChoice,
        /// Iterations of the key derivation.
        pub iterations: u32,
        /// Seconds the CA's clock may be off.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub clock_tolerance: u64,
        /// DN of the CA for the `recipient` field, RFC 4514; empty: the NULL-DN.
        pub recipient: String,
        /// Ask for implicit confirmation. Only for CAs that cannot do without (invariant 3).
        pub implicit_confirm: bool,
        /// The CA's own name for the kind of certificate wanted (`certProfile`, RFC 9810 §5.1.1.4).
        #[serde(default)]
        pub certificate_profile: Option<String>,
        /// Take answers without `recipNonce`, from a CA that cannot send it.
        #[serde(default)]
        pub allow_missing_nonce: bool,
        /// Certificates that may sign answers whatever they say of themselves, PEM.
        #[serde(default)]
        pub signers: Vec<String>,
        /// Whether certificates of the CA are looked up before they are believed.
        #[serde(default)]
        pub revocation: RevocationCheck,
        /// The CA says what it wants in a request (RFC 9483 §4.3.3): it is asked before a key is made.
        #[serde(default)]
        pub ask_template: bool,
        /// The CA makes keys for those who want it to (RFC 9483 §4.1.6): the window offers it.
        #[serde(default)]
        pub key_by_ca: bool,
    }
}

border! {
    /// Where it is asked whether a certificate of the CA has been revoked: who signed an answer, and the CAs above. What
    /// cannot be learnt counts as revoked.
    #[derive(Copy, Default)]
    #[serde(rename_all = "kebab-case")]
    enum RevocationCheck {
        /// Nowhere.
        #[default]
        Off,
        /// The revocation lists that the certificates name.
        Crl,
        /// The OCSP responders that they name.
        Ocsp,
        /// The responder, and where it has no word, the list.
        Any,
    }
}

border! {
    /// What the codes of a CA are like.
    #[derive(Default)]
    #[serde(default, deny_unknown_fields)]
    struct CodeOptions {
        /// The characters that its authorization codes are made from; `None`: not known.
        pub alphabet: Option<String>,
        /// The `errorCode` of its error about a wrong code is the number of tries left. CMP leaves the meaning of that
        /// number to the CA (RFC 9810 §5.3.21).
        pub tries_in_error_code: bool,
    }
}

border! {
    /// How messages travel (RFC 9811).
    #[derive(Default)]
    #[serde(default, deny_unknown_fields)]
    struct TransportOptions {
        /// What the path of a request is.
        pub paths: PathStyle,
        /// Label in a well-known path (RFC 9483 §6.1): a profile, a CA, whatever the CA calls so.
        pub label: Option<String>,
        /// HTTP/2 from the first byte on an `http://` address; with `https://` both sides agree by themselves (ALPN).
        pub http2_prior_knowledge: bool,
        /// PKCS#12 file with certificate and key for TLS, absolute path; its password is asked for.
        pub tls_certificate: Option<String>,
    }
}

border! {
    /// What the path of a request is.
    #[derive(Copy, Default)]
    #[serde(rename_all = "kebab-case")]
    enum PathStyle {
        /// The profile's address as it is.
        #[default]
        AsIs,
        /// `/.well-known/cmp`, with a label `/.well-known/cmp/p/LABEL` (RFC 9811 §3.3).
        WellKnown,
        /// The same with the operation behind it: `/.well-known/cmp/initialization` (RFC 9483 §6.1).
        WellKnownOperation,
    }

    /// What a password on the way to the CA is for.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum ConnectionSecret {
        /// Signs in to the proxy.
        Proxy,
        /// Opens the file with the certificate for TLS.
        TlsCertificate,
    }
}

border! {
    /// The CMP request body to use.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum RequestKind {
        /// Initialization request.
        Ir,
        /// Certification request.
        Cr,
        /// PKCS#10 request.
        P10cr,
    }

    /// MAC protection from the two codes.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum MacChoice {
        /// PasswordBasedMac with SHA-256 and HMAC-SHA256.
        PbmSha256,
        /// PasswordBasedMac with SHA-512 and HMAC-SHA512.
        PbmSha512,
        /// PasswordBasedMac with SHA-1 and HMAC-SHA1, for old servers.
        PbmSha1,
        /// PBMAC1 (RFC 9481) with SHA-256.
        Pbmac1Sha256,
    }
}

border! {
    /// What a deep link asks for. Nothing of it is trusted yet.
    struct LinkOffer {
        /// The profile it fits, if the CA is known.
        pub known_ca: Option<String>,
        /// The CA's URL (or the location of a profile) that the link names.
        pub ca: String,
        /// Host of that URL, to show.
        pub host: String,
        /// Reference number.
        pub reference: String,
        /// The profile offered for an unknown CA, when it could be fetched.
        pub offered: Option<CaProfile>,
        /// SHA-256 fingerprints (hex) of the roots offered.
        pub root_fingerprints: Vec<String>,
    }

    /// One line of the environment check.
    struct CheckLine {
        /// `driver`, `token`, `ca`, `clock`.
        pub check: String,
        /// How it stands.
        pub state: CheckState,
        /// Facts to put into the sentence (token label, driver name, seconds off …).
        pub facts: std::collections::BTreeMap<String, String>,
        /// What is wrong, with what to do.
        pub problem: Option<ErrorView>,
    }
}

border! {
    /// How much a finding matters.
    #[derive(Copy, PartialOrd, Ord)]
    #[serde(rename_all = "kebab-case")]
    enum Severity {
        /// Good to know.
        Note,
        /// Works, or will soon not.
        Warning,
        /// Will not work.
        Error,
    }
}

border! {
    /// One thing the check-up noticed, in words.
    struct Finding {
        /// Stable number, `CM-2601`; the same as that of the error it would lead to.
        pub code: String,
        /// How much it matters.
        pub severity: Severity,
        /// What it is about, as people say it: a driver, a token, a certificate, the CA.
        pub about: String,
        /// What is the matter, one or two sentences.
        pub message: String,
        /// What to do, at most three steps, for this system.
        pub hints: Vec<String>,
        /// Raw words, for the fold.
        pub detail: String,
        /// What we can do about it with one button.
        pub fix: Option<FixOffer>,
    }

    /// A repair that can be done here and taken back.
    struct FixOffer {
        /// Names the repair of this finding; good until the next check-up.
        pub id: String,
        /// What it will do, one sentence.
        pub does: String,
    }

    /// A repair that was done.
    struct FixDone {
        /// Names it, for taking it back.
        pub id: String,
        /// What was done, one sentence.
        pub did: String,
        /// When, RFC 3339 UTC.
        pub at: String,
    }

    /// What of a person a report may say.
    #[derive(Copy, Default)]
    struct Redaction {
        /// Names are left in: labels, subjects, the user's name and home folder.
        pub names: bool,
        /// Serial numbers and fingerprints are left in.
        pub serials: bool,
    }

    /// What a check-up gave.
    struct CheckUp {
        /// When it was taken, RFC 3339 UTC.
        pub taken: String,
        /// The findings, worst first.
        pub findings: Vec<Finding>,
        /// What was looked at, and how it stands: readers, drivers, tokens, CA, clock, certificates.
        pub lines: Vec<CheckLine>,
        /// Repairs that can be taken back, newest first.
        pub done: Vec<FixDone>,
    }

    /// A token that is plugged in, seen by USB, by the smart card service or by a driver, and the drivers for it, best first.
    struct PluggedToken {
        /// Names it as long as it is plugged in, and again when it comes back.
        pub id: String,
        /// What it says it is, or what the catalogue knows it by.
        pub name: String,
        /// Another one is plugged in from which nothing tells it apart: a choice of driver holds for both.
        pub alike: bool,
        /// `VID:PID`, where it was seen by USB.
        pub usb: Option<String>,
        /// Reader, where the smart card service sees it.
        pub reader: Option<String>,
        /// Answer to reset, upper-case hex.
        pub atr: Option<String>,
        /// What the best driver says of it, when one answered.
        pub token: Option<TokenInfo>,
        /// The drivers, best first; those that do not fit last.
        pub drivers: Vec<RankedDriver>,
    }

    /// A CSP or KSP of Windows: where a key of this computer's store can be made, and which program has it.
    struct KeyProvider {
        /// Its name, as programs give it.
        pub name: String,
        /// `csp` or `ksp`.
        pub kind: String,
        /// Provider type of a CSP (`PROV_RSA_AES` is 24); 0 for a KSP.
        pub provider_type: u32,
        /// What it is, in a few words.
        pub about: String,
        /// It can be opened.
        pub opens: bool,
        /// A token is behind it now.
        pub token: bool,
        /// A key for a certificate can be made with it now.
        pub usable: bool,
        /// It can sign with SHA-256; where it leaves the hash to others, nothing is said.
        pub sha256: Option<bool>,
        /// Keys it can make, where it tells.
        pub keys: Vec<KeyChoice>,
        /// The place that names it, as text: `computer:provider=…`.
        pub place: String,
        /// Raw words when it does not open.
        pub detail: String,
    }

    /// A driver in the order for one token.
    struct RankedDriver {
        /// `pkcs11`, `csp` or `ksp`.
        pub kind: String,
        /// File of a PKCS#11 driver, name of a CSP or KSP; empty: not installed here.
        pub driver: String,
        /// What it is called.
        pub name: String,
        /// Is installed here.
        pub installed: bool,
        /// Is the one that would be used.
        pub chosen: bool,
        /// It is chosen because the person said so once, for this token.
        pub by_hand: bool,
        /// Could be used for this token.
        pub fits: bool,
        /// Why it stands here, or why it does not fit, one sentence.
        pub reason: String,
        /// The reason is a guess, and says so.
        pub guess: bool,
        /// Keys that it can make on this token, where known.
        pub keys: Vec<KeyChoice>,
        /// It can sign with SHA-256, where known.
        pub sha256: Option<bool>,
        /// Where its maker offers it.
        pub download: Option<String>,
        /// Why it could not be asked.
        pub problem: Option<ErrorView>,
    }
}

border! {
    /// State of a check line.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum CheckState {
        /// All right.
        Good,
        /// Works, but look at it.
        Warning,
        /// Will not work.
        Bad,
    }
}

border! {
    /// One job of the journal.
    struct JobView {
        /// Number.
        pub job: String,
        /// What it does.
        pub kind: JobKind,
        /// State.
        pub state: JobState,
        /// When it began, RFC 3339 UTC.
        pub started: String,
        /// When it was last touched, RFC 3339 UTC.
        pub updated: String,
        /// What was ordered.
        pub order: EnrollOrder,
        /// Last step that was finished.
        pub last_step: Option<Step>,
        /// Certificate, once there is one: CN and fingerprint.
        pub subject: Option<String>,
        /// SHA-256 fingerprint of the certificate.
        pub sha256: Option<String>,
        /// SHA-256 fingerprint of the certificate that is renewed.
        pub renews: Option<String>,
        /// Number of the order for a server certificate whose key it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub server_order: Option<String>,
        /// When the CA is asked again (seconds since 1970), while waiting.
        #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
        pub next_poll: Option<i64>,
        /// The failure, if it failed.
        pub error: Option<ErrorView>,
        /// The steps as they were written, oldest first.
        pub entries: Vec<JournalLine>,
    }

    /// One line of a job's record.
    struct JournalLine {
        /// When, RFC 3339 UTC.
        pub at: String,
        /// What, a stable word.
        pub what: String,
        /// Detail, never a secret.
        pub detail: String,
    }
}

border! {
    /// What a job does.
    #[derive(Copy)]
    #[serde(rename_all = "kebab-case")]
    enum JobKind {
        /// Gets a certificate.
        Enroll,
        /// Renews one.
        Renew,
        /// Revokes one.
        Revoke,
        /// Brings one out of a file.
        Import,
        /// Makes the key of an order for a server certificate, and installs what is delivered.
        Server,
    }
}

border! {
    /// State of a job.
    #[derive(Copy, Hash)]
    #[serde(rename_all = "kebab-case")]
    enum JobState {
        /// A process is working on it.
        Running,
        /// Stopped in the middle; can be resumed.
        Interrupted,
        /// The CA said wait; can be resumed.
        Waiting,
        /// Installed and proved, the CA does not know it yet; can be resumed.
        Unconfirmed,
        /// Finished.
        Done,
        /// Ended with an error, cleaned up.
        Failed,
        /// Ended by the person, cleaned up.
        Cancelled,
    }
}

border! {
    /// An error as people see it.
    struct ErrorView {
        /// Stable number, `CM-2103`.
        pub code: String,
        /// Class (`pin`, `driver`, `ca-refused`, …), one per exit code.
        pub class: String,
        /// What happened, one or two sentences.
        pub message: String,
        /// What to do, at most three steps.
        pub hints: Vec<String>,
        /// Raw words of driver or CA, for the fold.
        pub detail: String,
    }
}

impl JobState {
    /// Nobody goes on with it any more.
    pub fn is_over(self) -> bool {
        matches!(self, JobState::Done | JobState::Failed | JobState::Cancelled)
    }
}

/// The stable word of one of these enums without content, as it stands in JSON, profiles and the journal.
pub fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

impl Default for CmpOptions {
    fn default() -> Self {
        CmpOptions {
            request: RequestKind::Ir,
            protection: MacChoice::PbmSha256,
            iterations: 10_000,
            clock_tolerance: 300,
            recipient: String::new(),
            implicit_confirm: false,
            certificate_profile: None,
            allow_missing_nonce: false,
            signers: Vec::new(),
            revocation: RevocationCheck::Off,
            ask_template: false,
            key_by_ca: false,
        }
    }
}
