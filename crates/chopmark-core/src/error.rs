//! Errors: a stable number, what was being done, facts for the sentence, and the raw cause.
//!
//! The words for people come from [`crate::hints`] alone; nothing is ever recognised by its text.

use std::{collections::BTreeMap, fmt};

/// Classes of errors; each has one exit code of the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// A fault of ours.
    Internal,
    /// Wrong or missing input.
    Usage,
    /// The CA refused.
    CaRefused,
    /// Still waiting at the CA; the job can be resumed.
    Waiting,
    /// The CA cannot be reached or does not speak the protocol.
    CaUnreachable,
    /// The answer cannot be trusted.
    Untrusted,
    /// What proves a domain is not there as the CA wants it.
    Validation,
    /// No driver, the wrong one, or one that fails.
    Driver,
    /// PIN wrong, locked, expired, not set.
    Pin,
    /// The token refused.
    Token,
    /// The place refused (store, file).
    Place,
    /// Installed, not confirmed; the job can be resumed.
    Unconfirmed,
    /// Cancelled by the person.
    Cancelled,
}

impl Class {
    /// Exit code of the command (`../shared/cli.md`, table "Exit").
    pub fn exit_code(self) -> u8 {
        match self {
            Class::Internal => 1,
            Class::Usage => 2,
            Class::CaRefused => 10,
            Class::Waiting => 11,
            Class::CaUnreachable => 12,
            Class::Untrusted => 13,
            Class::Validation => 14,
            Class::Driver => 20,
            Class::Pin => 21,
            Class::Token => 22,
            Class::Place => 23,
            Class::Unconfirmed => 30,
            Class::Cancelled => 130,
        }
    }

    /// Stable word for JSON.
    pub fn word(self) -> &'static str {
        match self {
            Class::Internal => "internal",
            Class::Usage => "usage",
            Class::CaRefused => "ca-refused",
            Class::Waiting => "waiting",
            Class::CaUnreachable => "ca-unreachable",
            Class::Untrusted => "untrusted",
            Class::Validation => "validation",
            Class::Driver => "driver",
            Class::Pin => "pin",
            Class::Token => "token",
            Class::Place => "place",
            Class::Unconfirmed => "unconfirmed",
            Class::Cancelled => "cancelled",
        }
    }
}

/// Declares the codes once: name, number, class.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $class:ident;)*) => {
        /// Stable error codes. A number, once given, is never used for anything else.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The code with this number.
            pub fn from_number(number: u16) -> Option<Code> {
                match number { $($number => Some(Code::$name),)* _ => None }
            }

            /// The number behind `CM-`.
            pub fn number(self) -> u16 {
                match self { $(Code::$name => $number,)* }
            }

            /// The code of this number.
            pub fn numbered(number: u16) -> Option<Code> {
                Code::ALL.iter().copied().find(|code| code.number() == number)
            }

            /// The class, and with it the exit code.
            pub fn class(self) -> Class {
                match self { $(Code::$name => Class::$class,)* }
            }
        }
    };
}

codes! {
    /// A fault of ours.
    Internal = 1001, Internal;
    /// The journal cannot be read or written.
    Journal = 1002, Internal;
    /// Wrong input.
    BadInput = 1101, Usage;
    /// Something must be asked, and nobody may be asked. Facts: `what`, `seen`.
    NobodyToAsk = 1102, Usage;
    /// No profile of that name. Facts: `ca`.
    NoSuchProfile = 1103, Usage;
    /// The profile cannot be read. Facts: `ca`.
    BadProfile = 1104, Usage;
    /// No such certificate. Facts: `certificate`.
    CertificateNotFound = 1105, Usage;
    /// No such job. Facts: `job`.
    JobNotFound = 1106, Usage;
    /// The link is not one of ours.
    BadLink = 1107, Usage;
    /// Another process works on this job. Facts: `job`.
    JobBusy = 1108, Usage;
    /// The job is finished already. Facts: `job`.
    JobFinished = 1109, Usage;
    /// The certificate of the job is installed: it is finished, not discarded. Facts: `job`.
    HasCertificate = 1110, Usage;
    /// It is not known which CA the certificate came from. Facts: `certificate`.
    CaOfCertificateUnknown = 1111, Usage;
    /// The certificate is there, its key is not. Facts: `certificate`.
    NoKeyForCertificate = 1112, Usage;
    /// A code or reference number looks mistyped, and nobody may be asked. Facts: `reason`, `positions`.
    CodeLooksWrong = 1113, Usage;
    /// The file is no report of a check-up, or one of a newer Chopmark. Facts: `path`.
    BadReport = 1114, Usage;
    /// There is no such repair (any more), or it was taken back already. Facts: `fix`.
    NoSuchFix = 1115, Usage;
    /// What was typed is not the token's label, so nothing was removed. Facts: `token`.
    LabelNotTyped = 1116, Usage;
    /// It would take away the key of a job that is not over. Facts: `job`, `token`.
    KeyOfOpenJob = 1117, Usage;
    /// No such object on the token. Facts: `object`, `token`.
    ObjectNotFound = 1118, Usage;
    /// The key of a certificate does not leave where it is. Facts: `certificate`, `place`, `kind` (`token`, `computer`).
    KeyCannotLeave = 1121, Usage;
    /// A file holds the key of a job that is not over. Facts: `job`, `path`.
    FileOfOpenJob = 1122, Usage;
    /// Cancelled by the person.
    Cancelled = 1201, Cancelled;
    /// The person did not accept what the CA changed.
    ChangesDeclined = 1202, Cancelled;

    /// No driver is installed.
    NoDriver = 2001, Driver;
    /// The driver's file does not exist. Facts: `driver`.
    DriverNotFound = 2002, Driver;
    /// The driver was built for another processor. Facts: `driver`, `is`, `needs`.
    DriverWrongArchitecture = 2003, Driver;
    /// The file is not a PKCS#11 driver. Facts: `driver`.
    NotADriver = 2004, Driver;
    /// The driver cannot be loaded or started. Facts: `driver`.
    DriverNotLoadable = 2005, Driver;
    /// The driver crashed. Facts: `driver`, `signal`, `verb`.
    DriverCrashed = 2006, Driver;
    /// The driver ended its process. Facts: `driver`, `exit`, `verb`.
    DriverExited = 2007, Driver;
    /// The driver cut the connection to us. Facts: `driver`, `verb`.
    DriverClosedChannel = 2008, Driver;
    /// The driver does not answer. Facts: `driver`, `seconds`, `verb`.
    DriverHangs = 2009, Driver;
    /// The driver reports an error without a better name. Facts: `driver`, `call`, `rv`.
    DriverFault = 2010, Driver;
    /// Our helper program is missing or another version. Facts: `program`.
    HelperBroken = 2011, Driver;
    /// The driver is the 32-bit edition, or another word size than ours. Facts: `driver`, `is`, `needs`.
    DriverWrongBits = 2012, Driver;
    /// The driver's file may not be read by us. Facts: `driver`.
    DriverUnreadable = 2013, Driver;

    // What a check-up finds before it becomes an error: readers and cards.
    /// The library of the smart card service is not on this machine.
    ReaderServiceMissing = 2301, Driver;
    /// The smart card service does not run.
    ReaderServiceStopped = 2302, Driver;
    /// The smart card service does not let us in.
    ReaderServiceDenied = 2303, Driver;
    /// The smart card service does not answer.
    ReaderServiceHangs = 2304, Driver;
    /// The smart card service answers with an error. Facts: `text`.
    ReaderServiceFaulty = 2305, Driver;
    /// A reader is plugged in that the smart card service does not see. Facts: `device`.
    ReaderUnseen = 2306, Driver;
    /// A reader without a card. Facts: `reader`.
    ReaderEmpty = 2307, Token;
    /// The card in the reader does not answer. Facts: `reader`.
    CardMute = 2308, Token;
    /// Another program holds the card for itself. Facts: `reader`.
    CardHeld = 2309, Token;
    /// The driver for what is plugged in is known, and not installed. Facts: `token`, `driver`, `download`.
    CardWithoutDriver = 2310, Driver;
    /// Nobody knows which driver the card wants. Facts: `reader`.
    CardUnknown = 2311, Driver;
    /// Which driver it wants is a guess. Facts: `token`, `driver`, `download`.
    DriverGuessed = 2312, Driver;
    /// The driver for it is there and does not see it. Facts: `token`, `driver`.
    TokenUnseen = 2313, Driver;

    // The same: drivers.
    /// The signature of the driver's file is broken. Facts: `driver`.
    DriverBadSignature = 2401, Driver;
    /// A token is seen through two drivers. Facts: `token`, `driver`, `other`.
    TwoDrivers = 2402, Driver;
    /// A driver for many cards is used, though the maker's is there. Facts: `token`, `driver`, `other`.
    GenericDriver = 2403, Driver;
    /// A driver for many cards is used; the maker's is not installed. Facts: `token`, `driver`, `other`, `download`.
    MakerDriverMissing = 2404, Driver;
    /// The driver that was chosen for a token is gone. Facts: `token`, `driver`.
    ChosenDriverGone = 2405, Driver;
    /// The driver that was chosen for a token does not fit it. Facts: `token`, `driver`, `other`.
    ChosenDriverUnfit = 2406, Driver;
    /// A file of added drivers cannot be read. Facts: `path`.
    CatalogueFileBroken = 2407, Driver;
    /// The driver takes long to answer. Facts: `driver`, `seconds`.
    DriverSlow = 2408, Driver;

    // The same: CSPs and KSPs.
    /// The provider that a certificate is bound to is not installed. Facts: `certificate`, `provider`.
    ProviderMissing = 2501, Driver;
    /// The key is in another provider than the certificate says. Facts: `certificate`, `provider`, `other`.
    ProviderWrong = 2502, Driver;
    /// The provider cannot sign with SHA-256. Facts: `provider`.
    ProviderWithoutSha256 = 2503, Driver;
    /// The certificate is bound to no key. Facts: `certificate`.
    CertificateUnbound = 2504, Driver;
    /// Windows keeps RSA keys of smart cards away from CSPs (CVE-2024-30098). Facts: `certificate`, `provider`.
    CapiOverride = 2505, Driver;
    /// The provider cannot be opened. Facts: `provider`.
    ProviderFails = 2506, Driver;
    /// The provider does not have the key, and no other has. Facts: `certificate`, `provider`.
    KeyNotInProvider = 2507, Driver;
    /// That protection of Windows is switched off.
    CapiOverrideOff = 2508, Driver;

    // A CSP or KSP as the place of a key.
    /// No CSP or KSP of that name is installed. Facts: `provider`, `seen`.
    NoSuchProvider = 2901, Driver;
    /// The provider cannot do this kind of key. Facts: `provider`, `key`.
    ProviderCannot = 2902, Driver;
    /// The provider made a key and does not keep it. Facts: `provider`.
    ProviderForgets = 2903, Driver;
    /// The key is not in the provider any more. Facts: `provider`.
    ProviderKeyGone = 2904, Driver;

    // The same: tokens and certificates.
    /// A wrong PIN was entered before. Facts: `token`.
    PinCountLow = 2601, Pin;
    /// One wrong PIN more locks it. Facts: `token`.
    PinFinalTry = 2602, Pin;
    /// A wrong SO PIN was entered before. Facts: `token`.
    SoPinCountLow = 2603, Pin;
    /// One wrong SO PIN more locks it. Facts: `token`.
    SoPinFinalTry = 2604, Pin;
    /// The SO PIN is locked. Facts: `token`.
    SoPinLocked = 2605, Pin;
    /// The PIN is typed on the device. Facts: `token`.
    PinPad = 2606, Pin;
    /// Little room is left. Facts: `token`, `free`.
    TokenNearlyFull = 2607, Token;
    /// The token's keys are too small for the CA. Facts: `token`, `keys`, `wants`.
    KeyTooSmall = 2608, Token;
    /// A key without certificate. Facts: `token`, `keys`.
    KeyWithoutCertificate = 2609, Token;
    /// The certificate has expired. Facts: `certificate`, `days`.
    CertificateExpired = 2610, Place;
    /// The certificate expires soon. Facts: `certificate`, `days`.
    CertificateExpiring = 2611, Place;
    /// The certificate is not valid yet. Facts: `certificate`, `days`.
    CertificateNotYetValid = 2612, Place;

    // The same: this computer and its programs.
    /// We run in a sandbox. Facts: `sandbox`.
    Sandboxed = 2701, Place;
    /// A browser from a snap does not see this system's store. Facts: `browser`.
    BrowserSnap = 2702, Place;
    /// A browser from Flatpak does not see this system's store. Facts: `browser`.
    BrowserFlatpak = 2703, Place;
    /// The browser does not have the driver of the token. Facts: `browser`, `token`, `driver`.
    BrowserWithoutDriver = 2704, Place;

    /// The token is not there. Facts: `token`.
    TokenNotFound = 2101, Token;
    /// Several tokens fit. Facts: `token`, `seen`.
    TokenAmbiguous = 2102, Token;
    /// The PIN is wrong. Facts: `token`, `state`.
    PinWrong = 2103, Pin;
    /// The PIN is locked. Facts: `token`.
    PinLocked = 2104, Pin;
    /// The PIN must be changed. Facts: `token`.
    PinExpired = 2105, Pin;
    /// No PIN has been set. Facts: `token`.
    PinNotSet = 2106, Pin;
    /// The PIN is too short or too long. Facts: `token`.
    PinLength = 2107, Pin;
    /// The token has not been initialised. Facts: `token`.
    TokenNotInitialized = 2108, Token;
    /// The security officer's PIN is wrong. Facts: `token`, `state`.
    SoPinWrong = 2109, Pin;
    /// The token does not take the new PIN: too short, too long or too simple. Facts: `token`, `min`, `max`.
    NewPinRefused = 2110, Pin;
    /// The new PIN is the old one. Facts: `token`.
    PinUnchanged = 2111, Pin;
    /// The token is full. Facts: `token`.
    TokenFull = 2201, Token;
    /// The token is write-protected. Facts: `token`.
    TokenWriteProtected = 2202, Token;
    /// The token was removed. Facts: `token`.
    TokenRemoved = 2203, Token;
    /// The token cannot do this kind of key. Facts: `token`, `key`.
    KeyKindUnsupported = 2204, Token;
    /// The token refuses the properties a key must have. Facts: `token`.
    TemplateRefused = 2205, Token;
    /// The key is not on the token any more. Facts: `token`.
    KeyNotFound = 2206, Token;
    /// The token takes no key that was made elsewhere. Facts: `token`.
    KeyImportRefused = 2207, Token;
    /// A key made by the CA came enveloped for a key on a token, which only signs here.
    KeyCannotOpen = 2208, Token;
    /// Another program has the token open. Facts: `token`.
    TokenBusy = 2209, Token;
    /// The token lets only its security officer do this. Facts: `token`.
    OfficerRequired = 2210, Token;
    /// The token said that something was deleted, and it is still there. Facts: `token`, `object`.
    NotDeleted = 2211, Token;

    /// The CA refused without a better reason. Facts: `text`, `failInfo`.
    CaRefused = 3001, CaRefused;
    /// The codes are wrong (the CA could not verify the request). Facts: `triesLeft`.
    CodesWrong = 3002, CaRefused;
    /// The codes are used up, expired or unknown.
    CodesSpent = 3003, CaRefused;
    /// The CA does not issue what was asked for. Facts: `text`.
    RequestNotAllowed = 3004, CaRefused;
    /// The CA has trouble of its own. Facts: `text`.
    CaTrouble = 3005, CaRefused;
    /// The CA does not accept the algorithm. Facts: `text`.
    AlgorithmRefused = 3006, CaRefused;
    /// The CA says that this computer's clock is wrong.
    ClockRefused = 3007, CaRefused;
    /// The CA does not want to be asked by this job any more (transaction unknown or in use).
    TransactionRefused = 3008, CaRefused;

    /// The CA does not take the certificate that protects the request (unknown to it, expired, revoked).
    SignatureRefused = 3009, CaRefused;
    /// The certificate is revoked already.
    AlreadyRevoked = 3010, CaRefused;
    /// The CA does not take this kind of MAC. Facts: `protection`, `text`.
    ProtectionRefused = 3011, CaRefused;
    /// Still waiting. Facts: `retryAfter`.
    StillWaiting = 3101, Waiting;

    /// The CA's name cannot be resolved. Facts: `host`.
    CaNameUnknown = 3201, CaUnreachable;
    /// No connection to the CA. Facts: `host`.
    CaNoConnection = 3202, CaUnreachable;
    /// The TLS connection cannot be trusted. Facts: `host`.
    CaTls = 3203, CaUnreachable;
    /// The CA answered with an HTTP error. Facts: `status`.
    CaHttpStatus = 3204, CaUnreachable;
    /// What answers is not a CMP server. Facts: `contentType`.
    CaNotCmp = 3205, CaUnreachable;
    /// The answer is too large.
    CaAnswerTooLarge = 3206, CaUnreachable;
    /// The answer is empty.
    CaAnswerEmpty = 3207, CaUnreachable;
    /// The answer cannot be decoded.
    CaAnswerGarbled = 3208, CaUnreachable;
    /// The CA sends us elsewhere. Facts: `location`.
    CaRedirects = 3209, CaUnreachable;
    /// The CA did not answer in time. Facts: `host`.
    CaTimeout = 3210, CaUnreachable;
    /// The proxy wants a user name and password, or others than were given. Facts: `host`.
    ProxyWantsPassword = 3211, CaUnreachable;
    /// The proxy cannot be reached. Facts: `host`.
    ProxyNoConnection = 3212, CaUnreachable;
    /// The server wants a TLS certificate of ours, and there is none. Facts: `host`.
    CaWantsCertificate = 3213, CaUnreachable;
    /// The server does not accept our TLS certificate. Facts: `host`, `path`.
    CaRefusesCertificate = 3214, CaUnreachable;

    /// The answer is in BER where DER is due.
    CaAnswerBer = 3215, CaUnreachable;
    /// The protection of the answer does not verify (wrong code, or a forged answer).
    AnswerProtection = 3301, Untrusted;
    /// The answer is not protected. Facts: `text`.
    AnswerUnprotected = 3302, Untrusted;
    /// The answer belongs to another exchange. Facts: `check`, `expected`, `found`.
    AnswerMismatch = 3303, Untrusted;
    /// The answer's time is too far off. Facts: `seconds`.
    AnswerTime = 3304, Untrusted;
    /// The certificate does not lead to a root of the profile. Facts: `reason`.
    ChainUntrusted = 3305, Untrusted;
    /// The certificate is for another key.
    CertificateForOtherKey = 3306, Untrusted;
    /// The answer is of a kind that does not fit here. Facts: `found`.
    AnswerUnexpected = 3307, Untrusted;
    /// The installed key and certificate do not work together.
    ProofFailed = 3308, Untrusted;
    /// The error answer is not protected, so it may come from anybody. Facts: `text`.
    ErrorUnprotected = 3309, Untrusted;
    /// The key made by the CA cannot be opened. Facts: `expected`, `found`.
    DeliveredKeyClosed = 3310, Untrusted;
    /// Who made the key may not make keys for this CA. Facts: `expected`, `found`.
    DeliveredKeySigner = 3311, Untrusted;
    /// The key made by the CA is not that of the certificate. Facts: `expected`, `found`.
    DeliveredKeyForeign = 3312, Untrusted;
    /// A certificate of the CA has been revoked. Facts: `subject`.
    CaRevoked = 3313, Untrusted;
    /// Whether a certificate of the CA has been revoked cannot be learnt. Facts: `subject`, `found`.
    RevocationUnknown = 3314, Untrusted;
    /// The CA's root has expired. Facts: `ca`, `days`.
    CaRootExpired = 3315, Untrusted;
    /// The CA's root expires soon. Facts: `ca`, `days`.
    CaRootExpiring = 3316, Untrusted;

    /// The file exists already. Facts: `path`.
    FileExists = 4001, Place;
    /// The file cannot be written. Facts: `path`.
    FileNotWritable = 4002, Place;
    /// The password does not open the file. Facts: `path`.
    FilePasswordWrong = 4003, Place;
    /// The file cannot be read. Facts: `path`.
    FileNotReadable = 4004, Place;
    /// The kept key cannot be read. Facts: `path`.
    KeptKeyUnreadable = 4005, Place;
    /// A repair could not be done or taken back. Facts: `fix`.
    FixFailed = 4006, Place;
    /// The password of a store is wrong. Facts: `store`.
    StorePasswordWrong = 4020, Place;
    /// This system lacks what keeps the store. Facts: `store`.
    StoreUnavailable = 4021, Place;
    /// There is no such store. Facts: `path`.
    StoreNotFound = 4022, Place;
    /// The browser keeps no list of drivers that can be changed, or it cannot be read. Facts: `path`.
    BrowserListUnreadable = 4023, Place;
    /// A browser in a sandbox cannot see the driver's file. Facts: `browser`, `driver`.
    DriverHiddenFromBrowser = 4024, Place;

    /// Installed and proved, but the CA has not acknowledged.
    Unconfirmed = 5001, Unconfirmed;

    /// No such order. Facts: `order`.
    OrderNotFound = 6001, Usage;
    /// The time for the proof is over. Facts: `order`.
    DeadlinePassed = 6002, Validation;

    /// No record: there is no such name. Facts: `name`, `type`, `minutes`.
    RecordMissing = 6101, Validation;
    /// The name is there, the record is not. Facts: `name`, `type`, `minutes`.
    RecordNoData = 6102, Validation;
    /// The record has another value. Facts: `name`, `expected`, `found`.
    RecordOtherValue = 6103, Validation;
    /// Another kind of record stands there. Facts: `name`, `found`.
    RecordOtherType = 6104, Validation;
    /// The record's name has the zone's name twice. Facts: `name`, `zone`, `found`.
    ZoneNameDoubled = 6105, Validation;
    /// The record stands at another name. Facts: `name`, `found`.
    RecordElsewhere = 6106, Validation;
    /// A wildcard answers in place of the record. Facts: `name`, `found`.
    WildcardAnswers = 6107, Validation;
    /// Quotes are part of the value. Facts: `name`, `found`.
    QuotesInValue = 6108, Validation;
    /// The zone's name was appended to the value. Facts: `name`, `found`.
    ZoneAppendedToValue = 6109, Validation;
    /// The value ends in a dot. Facts: `name`, `found`.
    DotInValue = 6110, Validation;
    /// A CNAME stands next to other records. Facts: `name`, `found`.
    CnameWithOthers = 6111, Validation;
    /// The value is reached through another alias only. Facts: `name`, `found`.
    CnameChain = 6112, Validation;
    /// Upper and lower case differ. Facts: `name`, `found`.
    ValueCase = 6113, Validation;
    /// Blanks are part of the value. Facts: `name`, `found`.
    BlanksInValue = 6114, Validation;
    /// The value is cut off. Facts: `name`, `found`.
    ValueCut = 6115, Validation;
    /// The record stands at the name as people write it, not in its ASCII form. Facts: `name`, `found`.
    NameNotAscii = 6116, Validation;
    /// The CNAME leads round in a circle. Facts: `name`, `found`.
    CnameLoop = 6117, Validation;

    /// Not all of the zone's servers have the record. Facts: `name`, `servers`.
    ServersDisagree = 6201, Validation;
    /// Resolvers still have an old answer. Facts: `name`, `servers`, `minutes`.
    OldAnswerCached = 6202, Validation;
    /// Resolvers fail. Facts: `name`, `servers`.
    ResolverFails = 6203, Validation;
    /// DNSSEC of the zone is broken. Facts: `zone`, `servers`.
    DnssecBroken = 6204, Validation;
    /// A server of the zone refuses to answer. Facts: `zone`, `servers`.
    ServerRefuses = 6205, Validation;
    /// A server of the zone does not answer. Facts: `zone`, `servers`.
    ServerSilent = 6206, Validation;
    /// The zone's servers have no address. Facts: `zone`, `servers`.
    ServersUnknown = 6207, Validation;
    /// The domain does not exist. Facts: `domain`.
    DomainNotRegistered = 6208, Validation;
    /// A server of the zone does not know the zone. Facts: `zone`, `servers`.
    ServerLame = 6209, Validation;
    /// Resolvers cannot be asked from here. Facts: `servers`.
    ResolverSilent = 6210, Validation;
    /// A server of the zone fails. Facts: `zone`, `servers`.
    ServerFails = 6211, Validation;
    /// Nobody answers who could know the zone. Facts: `name`.
    DnsUnreachable = 6212, Validation;

    /// CAA forbids our CA. Facts: `domain`, `found`, `expected`.
    CaaForbids = 6301, Validation;
    /// CAA allows some CAs. Facts: `domain`, `found`.
    CaaRestricts = 6302, Validation;
    /// CAA cannot be read, so no CA may issue. Facts: `domain`.
    CaaUnreadable = 6303, Validation;
    /// CAA says something that CAs must understand and do not. Facts: `domain`, `found`.
    CaaCritical = 6304, Validation;

    /// The domain has no address. Facts: `domain`.
    WebNameUnknown = 6401, Validation;
    /// No connection to the web server. Facts: `url`, `address`.
    WebNoConnection = 6402, Validation;
    /// The web server does not answer. Facts: `url`, `address`.
    WebSilent = 6403, Validation;
    /// The web server redirects. Facts: `url`, `location`.
    WebRedirects = 6404, Validation;
    /// The file is not there (404, 410). Facts: `url`, `status`.
    FileMissing = 6405, Validation;
    /// The web server does not let us (401, 403, 407 …). Facts: `url`, `status`.
    FileForbidden = 6406, Validation;
    /// The web server fails. Facts: `url`, `status`.
    WebStatus = 6407, Validation;
    /// A newline stands at the end. Facts: `url`.
    FileLineEnd = 6408, Validation;
    /// A byte order mark stands at the beginning. Facts: `url`.
    FileByteOrderMark = 6409, Validation;
    /// It is a page, not the file. Facts: `url`.
    FileIsPage = 6410, Validation;
    /// It is in UTF-16. Facts: `url`.
    FileUtf16 = 6411, Validation;
    /// It comes compressed. Facts: `url`, `found`.
    FileCompressed = 6412, Validation;
    /// Upper and lower case differ. Facts: `url`.
    FileCase = 6413, Validation;
    /// Blanks stand around the content. Facts: `url`.
    FileBlanks = 6414, Validation;
    /// The content is another. Facts: `url`, `found`.
    FileOther = 6415, Validation;
    /// The file is empty. Facts: `url`.
    FileEmpty = 6416, Validation;
    /// What comes is much too large. Facts: `url`.
    FileTooLarge = 6417, Validation;
    /// The file has the name in another case. Facts: `url`, `found`.
    FileNameCase = 6418, Validation;
    /// The file lies elsewhere. Facts: `url`, `found`.
    FileElsewhere = 6419, Validation;
    /// The web server answers everything with the same page. Facts: `url`.
    WebCatchAll = 6420, Validation;
    /// The certificate of the web server is one that browsers do not like. Facts: `url`, `reason`.
    WebCertificate = 6421, Validation;
    /// No TLS connection. Facts: `url`.
    WebTls = 6422, Validation;
    /// What answers does not speak HTTP. Facts: `url`.
    WebNotHttp = 6423, Validation;
    /// IPv4 and IPv6 show different things. Facts: `domain`, `found`.
    WebFamiliesDiffer = 6424, Validation;
    /// The domain with or without www shows something else. Facts: `domain`, `found`.
    WebPartnerDiffers = 6425, Validation;
    /// The domain leads to an address inside a network. Facts: `domain`, `address`.
    WebLocalAddress = 6426, Validation;
    /// Quotes are part of the content. Facts: `url`.
    FileQuotes = 6427, Validation;
    /// The content is cut off, or more follows. Facts: `url`.
    FileCut = 6428, Validation;

    /// The certificate console refused. Facts: `action`, `retCode`, `message`.
    UsslRefused = 6501, CaRefused;
    /// The certificate console answered what we do not understand. Facts: `action`, `method`.
    UsslAnswer = 6502, CaUnreachable;
    /// The console does not say yet what must be set on the domain. Facts: `order`, `state`.
    UsslNoProof = 6503, Waiting;
    /// An answer was lost, and its source does not say yet what became of it. Facts: `order`, `act`, `seconds`.
    OrderUnsettled = 6504, Waiting;
    /// This cannot be done while the order stands as it does. Facts: `order`, `act`, `state`.
    OrderActNotNow = 6505, Usage;
    /// Another process drives this order. Facts: `order`.
    OrderBusy = 6506, Usage;
    /// No account of that name. Facts: `account`.
    OrderAccountNotFound = 6507, Usage;
    /// An account of that name is there. Facts: `account`.
    OrderAccountExists = 6508, Usage;
    /// The account's secret cannot be kept or read. Facts: `account`.
    OrderAccountSecret = 6509, Internal;
    /// The certificate is not there yet. Facts: `order`, `state`.
    OrderNoCertificate = 6510, Waiting;
    /// The certificate that was delivered is for another key. Facts: `order`.
    OrderOtherKey = 6511, Untrusted;
    /// Somebody else's answer is outstanding for the same account. Facts: `order`.
    OrderOtherPending = 6512, Waiting;
    /// The source does not issue the certificate. Facts: `order`, `state`.
    OrderRefused = 6513, CaRefused;
    /// What was to be typed before something with an effect was not: a price, a domain. Facts: `name`.
    OrderNotConfirmed = 6514, Usage;
    /// The order has a key already. Facts: `order`, `job`, `place`.
    OrderHasKey = 6530, Usage;
    /// No key was made here for the order. Facts: `order`.
    OrderNoKey = 6531, Usage;
    /// The request for the key was handed in, and the order is not over: the certificate may come. Facts: `order`, `job`.
    OrderKeyInUse = 6532, Usage;
    /// What was delivered is no certificate, or holds none. Facts: `path`.
    OrderNothingDelivered = 6533, Usage;

    /// The scan's file is empty.
    ScanEmpty = 6601, Validation;
    /// The scan is none of the kinds that are taken. Facts: `kind`.
    ScanKindUnknown = 6602, Validation;
    /// The scan's file is called something else than it is. Facts: `kind`, `ending`.
    ScanNotAsNamed = 6603, Validation;
    /// The scan's file is too large. Facts: `size`, `most`.
    ScanTooLarge = 6604, Validation;
    /// The scan cannot be read. Facts: `why`.
    ScanBroken = 6605, Validation;
    /// The scan asks for a password.
    ScanEncrypted = 6606, Validation;
    /// The scan has no pages.
    ScanNoPages = 6607, Validation;
    /// The scan has more pages than a letter has. Facts: `pages`, `most`.
    ScanManyPages = 6608, Validation;
    /// The scan has too few pixels to be read. Facts: `page`, `pixels`, `least`.
    ScanTooSmall = 6609, Validation;
    /// The scan's resolution is low. Facts: `page`, `dpi`, `least`.
    ScanLowResolution = 6610, Validation;
    /// A page of the scan is blank. Facts: `page`.
    ScanBlank = 6611, Validation;
    /// A page of the scan is too pale. Facts: `page`.
    ScanFaint = 6612, Validation;
    /// A page of the scan is blurred. Facts: `page`.
    ScanBlurred = 6613, Validation;
    /// The file has no picture: it may be the letter before it was stamped.
    ScanNoPicture = 6614, Validation;
    /// The scan's pictures are packed in a way that we do not look into. Facts: `page`.
    ScanNotLookedAt = 6615, Validation;
    /// A picture has more pixels than anybody can use. Facts: `width`, `height`.
    ScanManyPixels = 6616, Validation;
    /// No font of this computer has the letters that are to be written. Facts: `letters`.
    LetterNoFont = 6620, Usage;

    /// What answers is no ACME directory. Facts: `url`.
    AcmeNotDirectory = 6801, CaUnreachable;
    /// The ACME server answered what we do not understand. Facts: `what`.
    AcmeAnswer = 6802, CaUnreachable;
    /// The CA's terms must be agreed to first. Facts: `url`.
    AcmeTerms = 6803, Usage;
    /// The CA opens accounts only with a reference number and authorization code (external account binding).
    AcmeNeedsCodes = 6804, Usage;
    /// The CA does not take reference number and authorization code. Facts: `reference`, `text`.
    AcmeCodesRefused = 6805, CaRefused;
    /// The CA does not know the account (any more). Facts: `account`, `text`.
    AcmeAccountGone = 6806, CaRefused;
    /// The CA has had too many requests. Facts: `minutes`, `text`.
    AcmeRateLimited = 6807, Waiting;
    /// CAA forbids it, says the CA. Facts: `domain`, `text`.
    AcmeCaa = 6808, Validation;
    /// The CA could not resolve the domain. Facts: `domain`, `text`.
    AcmeDns = 6809, Validation;
    /// The CA could not reach the web server. Facts: `domain`, `text`.
    AcmeConnection = 6810, Validation;
    /// The CA saw something else on the domain. Facts: `domain`, `text`.
    AcmeProofWrong = 6811, Validation;
    /// The CA does not take the request for the certificate (the CSR). Facts: `text`.
    AcmeBadRequest = 6812, CaRefused;
    /// The CA does not issue for the domain. Facts: `domain`, `text`.
    AcmeDomainRefused = 6813, CaRefused;
    /// The CA refused. Facts: `type`, `domain`, `text`.
    AcmeRefused = 6814, CaRefused;
    /// The CA wants the account's owner to do something. Facts: `url`, `text`.
    AcmeUserAction = 6815, CaRefused;
    /// The CA does not offer this way to prove the domain. Facts: `domain`, `seen`.
    AcmeMethodMissing = 6817, Validation;
    /// What proves the domain is not seen yet, so the CA was not told. Facts: `order`.
    AcmeNotYet = 6818, Validation;
    /// The account may not do this with the order or certificate. Facts: `text`.
    AcmeNotAllowed = 6819, CaRefused;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CM-{}", self.number())
    }
}

/// An error: what, during what, with which facts, because of what.
#[derive(Debug)]
pub struct Error {
    /// The stable code.
    pub code: Code,
    /// What was being done, for the log ("making the key").
    pub doing: &'static str,
    /// Facts for the sentence and the report; never a secret.
    pub facts: BTreeMap<&'static str, String>,
    /// The raw cause, shown under the fold.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A new error.
    pub fn new(code: Code, doing: &'static str) -> Error {
        Error { code, doing, facts: BTreeMap::new(), source: None }
    }

    /// Adds a fact.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Error {
        self.facts.insert(name, value.to_string());
        self
    }

    /// Adds the raw cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        self.source = Some(source.into());
        self
    }

    /// The class of the code.
    pub fn class(&self) -> Class {
        self.code.class()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} while {}", self.code, self.doing)?;
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl From<cmp_protocol::Error> for Error {
    /// For messages of our own making; answers of the CA are judged in `ca::cmp`.
    fn from(error: cmp_protocol::Error) -> Error {
        Error::new(Code::Internal, "making a message").because(error)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
