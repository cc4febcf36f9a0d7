//! The command line. Its meaning is fixed in `docs/` (the commands' contract); help texts are English for scripts' sake.

use std::path::{Path, PathBuf};

use chopmark_core::{
    error::{Code, Error, Result},
    hints::Language,
    model::{ExportFormat, RevocationReason, ServerKind},
};
use clap::{Parser, Subcommand, ValueEnum};

/// Puts a certificate on your USB key: two codes in, one usable certificate out.
#[derive(Parser)]
#[command(name = "chopmark", version, max_term_width = 100, propagate_version = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub everywhere: Everywhere,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that every command takes.
#[derive(clap::Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Everywhere {
    /// One JSON object a line on standard output: events, then the result
    #[arg(long, global = true)]
    pub json: bool,
    /// Never ask; fail when something is missing
    #[arg(long, global = true)]
    pub batch: bool,
    /// Accept what the CA changed; say yes to revoking and to a new root
    #[arg(long, global = true)]
    pub yes: bool,
    /// Send reference number and code as they are, even if they look mistyped
    #[arg(long, global = true)]
    pub code_as_is: bool,
    /// Use another kind of MAC when the CA does not take the one of its profile
    #[arg(long, global = true)]
    pub fallback_protection: bool,
    /// Let this computer's store trust the CA's root for every server and all mail, when a certificate goes there; default: ask, and
    /// without anybody to ask: no
    #[arg(long, global = true)]
    pub trust_root: bool,
    /// Folder of journal, profiles and settings
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// Proxy for the way to the CA: http://[USER@]HOST:PORT; its password is asked for
    #[arg(long, global = true, value_name = "URL")]
    pub proxy: Option<String>,
    /// File with the password for the proxy; - is standard input
    #[arg(long, global = true, value_name = "FILE|-")]
    pub proxy_password_file: Option<PathBuf>,
    /// PKCS#12 file with certificate and key for the TLS connection to the CA
    #[arg(long, global = true, value_name = "FILE.p12")]
    pub tls_certificate: Option<PathBuf>,
    /// File with the password of that file; - is standard input
    #[arg(long, global = true, value_name = "FILE|-")]
    pub tls_password_file: Option<PathBuf>,
    /// How often a message is sent again when its connection breaks; default: 3
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u32).range(..=10))]
    pub retries: Option<u32>,
    /// Longest wait for the CA
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub timeout: Option<u32>,
    /// Longest time for any one call of a driver; default: minutes for making a key, seconds for the rest
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub driver_timeout: Option<u32>,
    /// Write a trace of the exchange (no secrets)
    #[arg(long, global = true, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Language of messages; default: the system's
    #[arg(long, global = true, value_name = "LANG", value_enum, ignore_case = true)]
    pub lang: Option<Lang>,
    /// The helper program for drivers
    #[arg(long, global = true, value_name = "PATH", hide = true)]
    pub helper: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Lang {
    En,
    #[value(name = "zh-CN", alias = "zh", alias = "zh_CN")]
    ZhCn,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Language {
        match lang {
            Lang::En => Language::En,
            Lang::ZhCn => Language::ZhCn,
        }
    }
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Get a certificate with the two codes of a CA
    Enroll(Enroll),
    /// Renew a certificate: a new key and certificate in place of the old ones
    Renew(Renew),
    /// Revoke a certificate; this cannot be taken back
    Revoke(Revoke),
    /// List certificates
    Certs {
        /// Look only here
        #[arg(long)]
        place: Option<String>,
        /// Only those with this in name, issuer, serial number, fingerprint or place
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// What the order goes by
        #[arg(long, value_enum, default_value = "expiry")]
        sort: Sort,
    },
    /// What ends soon: also of USB keys that are not plugged in
    Reminders {
        /// How long before the end, days; default: 30, or a third of its life where that is less, or when its CA says so
        #[arg(long, value_name = "N")]
        days: Option<u32>,
    },
    /// Write a copy of a certificate to a file, with its key where that may leave
    Export(Export),
    /// Bring the certificate and the key of a PKCS#12 file to a USB key or this computer's store; the file stays
    Import(Import),
    /// Delete a certificate and its key
    Delete(Delete),
    /// Show one certificate, what leads to its root, and which programs see it
    Show {
        /// Start of its SHA-256 fingerprint, or a PLACE with `id` or `object`
        cert: String,
    },
    /// List USB keys, ready to copy as PLACE
    Tokens,
    /// Take care of a USB key: its PINs, what is on it, setting it up
    #[command(subcommand)]
    Token(Token),
    /// List this computer's stores (browsers and their profiles), ready to copy as PLACE
    Stores,
    /// List the installed drivers, choose one for a USB key, or let browsers use one
    #[command(args_conflicts_with_subcommands = true)]
    Drivers {
        /// Start each one and ask who it is and what it sees
        #[arg(long)]
        scan: bool,
        /// Look at this driver instead of those installed
        #[arg(long, value_name = "FILE")]
        file: Option<String>,
        #[command(subcommand)]
        choice: Option<Choice>,
    },
    /// Look at readers, drivers, USB keys, certificates and CA, and say what is wrong and what to do. Exit code: 0 when nothing
    /// found is an error, else the one of the worst finding
    Doctor(Doctor),
    /// Orders for server certificates: what the CA wants to see on a domain, and what is seen there
    #[command(subcommand)]
    Order(Order),
    /// List jobs, newest first
    Journal,
    /// Go on with a job that was interrupted, waits at the CA, or is not confirmed
    Resume(Resume),
    /// The CAs known on this computer
    #[command(subcommand)]
    Ca(Ca),
}

impl Command {
    /// Is it written in the journal, or speaks it to a CA, and does it end by itself when it is asked to stop?
    pub(crate) fn is_a_job(&self) -> bool {
        match self {
            Command::Enroll(_) | Command::Renew(_) | Command::Revoke(_) | Command::Resume(_) | Command::Import(_) => {
                true
            }
            // Nothing is taken away half: the driver does it in one call, or not.
            Command::Token(_) | Command::Export(_) | Command::Delete(_) => false,
            Command::Order(order) => matches!(order, Order::Csr { .. } | Order::Install { .. }),
            Command::Ca(ca) => matches!(ca, Ca::Certs(_) | Ca::RootUpdate { .. } | Ca::Template(_) | Ca::Crl(_)),
            Command::Certs { .. }
            | Command::Reminders { .. }
            | Command::Show { .. }
            | Command::Tokens
            | Command::Stores => false,
            Command::Drivers { .. } => false,
            Command::Journal | Command::Doctor(_) => false,
        }
    }
}

/// The driver for a USB key, and for browsers.
#[derive(clap::Subcommand)]
pub(crate) enum Choice {
    /// Use a driver for a USB key from now on
    Choose {
        /// The key: its id as `chopmark tokens --json` shows it, label, serial number or name
        token: String,
        /// File of the driver
        #[arg(required_unless_present = "forget", conflicts_with = "forget")]
        driver: Option<String>,
        /// Use the best one again
        #[arg(long)]
        forget: bool,
    },
    /// Let the browsers of this computer use a driver, so that they offer the certificates on its USB keys
    Register {
        /// File of the driver
        driver: PathBuf,
        /// Only the browser with this store: its folder, as `chopmark stores` shows it
        #[arg(long, value_name = "DIR")]
        store: Option<PathBuf>,
    },
    /// Take a driver away from the browsers again
    Unregister {
        /// File of the driver
        driver: PathBuf,
        /// Only from the browser with this store
        #[arg(long, value_name = "DIR")]
        store: Option<PathBuf>,
    },
}

#[derive(clap::Args)]
pub(crate) struct Enroll {
    /// Profile name, profile file, or CMP address (then with --trust)
    #[arg(long)]
    pub ca: Option<String>,
    /// PEM file with the roots, when --ca is an address
    #[arg(long, value_name = "FILE", requires = "ca")]
    pub trust: Option<PathBuf>,
    /// The reference number
    #[arg(long, value_name = "REF")]
    pub reference: Option<String>,
    /// Where key and certificate shall live: pkcs11:token=NAME, file:PATH.p12, file:PATH.pem, computer, or a store
    /// that `chopmark stores` shows
    #[arg(long)]
    pub place: Option<String>,
    /// rsa:2048, rsa:3072, rsa:4096, ec:p256, ec:p384, ec:p521 or ed25519; default: the CA's first choice
    #[arg(long)]
    pub key: Option<String>,
    /// Let the CA make the key (of the kind that --key says): the CA sees it then
    #[arg(long)]
    pub key_by_ca: bool,
    /// Subject to ask for (RFC 4514); default: the CA decides
    #[arg(long, value_name = "DN")]
    pub subject: Option<String>,
    /// Alternative names to ask for: dns:NAME,email:ADDRESS
    #[arg(long, value_delimiter = ',')]
    pub san: Vec<String>,
    /// Do not wait for the CA: exit 11 and resume later
    #[arg(long)]
    pub no_wait: bool,
    #[command(flatten)]
    pub secrets: SecretFiles,
}

#[derive(clap::Args)]
pub(crate) struct Renew {
    /// Start of its SHA-256 fingerprint, or a PLACE with `id` or `object`
    #[arg(value_name = "CERT")]
    pub cert: String,
    /// Where the new key and certificate shall live; default: where the old ones are
    #[arg(long)]
    pub place: Option<String>,
    /// rsa:2048, rsa:3072, rsa:4096, ec:p256, ec:p384, ec:p521 or ed25519; default: as the old key
    #[arg(long)]
    pub key: Option<String>,
    /// Ask with a code from the CA instead of the old key: file with that code; - is standard input
    #[arg(long, value_name = "FILE|-")]
    pub verification_code_file: Option<PathBuf>,
    /// Reference number of that code; default: the one of the enrolment
    #[arg(long, value_name = "REF")]
    pub reference: Option<String>,
    /// The CA, where it is not known here: name of its profile
    #[arg(long)]
    pub ca: Option<String>,
    /// Leave the old certificate and key where they are
    #[arg(long)]
    pub keep_old: bool,
    /// Do not wait for the CA: exit 11 and resume later
    #[arg(long)]
    pub no_wait: bool,
    #[command(flatten)]
    pub secrets: PlaceSecrets,
}

#[derive(clap::Args)]
pub(crate) struct Revoke {
    /// Start of its SHA-256 fingerprint, or a PLACE with `id` or `object`
    #[arg(value_name = "CERT", required_unless_present = "serial", conflicts_with_all = ["serial", "issuer"])]
    pub cert: Option<String>,
    /// Issuer (RFC 4514) of a certificate that is not at hand
    #[arg(long, value_name = "DN", requires = "serial")]
    pub issuer: Option<String>,
    /// Serial number of that certificate
    #[arg(long, value_name = "HEX", requires_all = ["issuer", "ca"])]
    pub serial: Option<String>,
    /// Why
    #[arg(long, value_enum, ignore_case = true)]
    pub reason: Reason,
    /// The CA, where it is not known here: name of its profile
    #[arg(long)]
    pub ca: Option<String>,
    /// Ask with the two codes instead of the certificate's key: the reference number
    #[arg(long, value_name = "REF")]
    pub reference: Option<String>,
    /// Do not wait for the CA: exit 11 and resume later
    #[arg(long)]
    pub no_wait: bool,
    #[command(flatten)]
    pub secrets: SecretFiles,
}

/// The reasons of RFC 5280 that a holder can give, in its spelling.
#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "camelCase")]
pub(crate) enum Reason {
    /// Somebody else may have the key, or it is lost
    KeyCompromise,
    /// The holder's name or organization has changed
    AffiliationChanged,
    /// Another certificate has taken its place
    Superseded,
    /// It is not needed any more
    CessationOfOperation,
    /// For a while; only the CA can lift it
    CertificateHold,
    /// The holder may not do any more what it says
    PrivilegeWithdrawn,
    /// Not said
    Unspecified,
}

impl From<Reason> for RevocationReason {
    fn from(reason: Reason) -> RevocationReason {
        match reason {
            Reason::KeyCompromise => RevocationReason::KeyCompromise,
            Reason::AffiliationChanged => RevocationReason::AffiliationChanged,
            Reason::Superseded => RevocationReason::Superseded,
            Reason::CessationOfOperation => RevocationReason::CessationOfOperation,
            Reason::CertificateHold => RevocationReason::CertificateHold,
            Reason::PrivilegeWithdrawn => RevocationReason::PrivilegeWithdrawn,
            Reason::Unspecified => RevocationReason::Unspecified,
        }
    }
}

#[derive(clap::Args)]
pub(crate) struct Doctor {
    /// Look whether this CA can be reached and what it takes: name of its profile
    #[arg(long)]
    pub ca: Option<String>,
    /// Write a report for the help desk: HTML to read, with what --replay needs inside
    #[arg(long, value_name = "FILE", conflicts_with_all = ["replay", "fix", "undo"])]
    pub report: Option<PathBuf>,
    /// Leave names in the report as they are
    #[arg(long, requires = "report")]
    pub with_names: bool,
    /// Leave serial numbers in the report as they are
    #[arg(long, requires = "report")]
    pub with_serials: bool,
    /// Show the findings of a report from another computer; nothing is looked at here
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ca", "fix", "undo"])]
    pub replay: Option<PathBuf>,
    /// Do the repair that a finding offers under this name
    #[arg(long, value_name = "ID", conflicts_with_all = ["ca", "undo"])]
    pub fix: Option<String>,
    /// Take a repair back; its name stands in the list of those done
    #[arg(long, value_name = "ID", conflicts_with = "ca")]
    pub undo: Option<String>,
}

#[derive(clap::Args)]
pub(crate) struct Resume {
    /// Number of the job
    #[arg(conflicts_with = "all")]
    pub job: Option<String>,
    /// All jobs that can be resumed, one after another
    #[arg(long, conflicts_with = "code_file")]
    pub all: bool,
    /// Give the job up instead: what it made is removed. Only before a certificate has come
    #[arg(long, requires = "job", conflicts_with = "all")]
    pub discard: bool,
    #[command(flatten)]
    pub secrets: SecretFiles,
}

/// Where secrets come from; never from a flag's value.
#[derive(clap::Args, Default)]
pub(crate) struct SecretFiles {
    /// File with the authorization code; - is standard input
    #[arg(long, value_name = "FILE|-")]
    pub code_file: Option<PathBuf>,
    #[command(flatten)]
    pub place: PlaceSecrets,
}

/// What opens a place.
#[derive(clap::Args, Default)]
pub(crate) struct PlaceSecrets {
    /// File with the PIN of the USB key; - is standard input
    #[arg(long, value_name = "FILE|-")]
    pub pin_file: Option<PathBuf>,
    /// File with the administrator PIN of a token that lets nobody else make keys (on a PIV key: the management key); - is standard
    /// input
    #[arg(long, value_name = "FILE|-")]
    pub so_pin_file: Option<PathBuf>,
    /// File with the password of the file or of this computer's store; - is standard input
    #[arg(long, value_name = "FILE|-")]
    pub password_file: Option<PathBuf>,
}

/// TOKEN is a name as `chopmark tokens` shows it, or a place: pkcs11:token=NAME
#[derive(Subcommand)]
pub(crate) enum Token {
    /// What the USB keys that are plugged in say of themselves
    List,
    /// What one of them says
    Show {
        #[arg(value_name = "TOKEN")]
        token: String,
    },
    /// Set one up: everything on it is gone then, and it has a new name and a new PIN
    Init {
        #[arg(value_name = "TOKEN")]
        token: String,
        /// Its new name
        #[arg(long, value_name = "NAME")]
        label: String,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        secrets: CareSecrets,
    },
    /// Set the PIN with the administrator PIN (SO PIN)
    SetPin {
        #[arg(value_name = "TOKEN")]
        token: String,
        #[command(flatten)]
        secrets: CareSecrets,
    },
    /// Change the PIN, knowing the old one
    ChangePin {
        #[arg(value_name = "TOKEN")]
        token: String,
        /// Change the administrator PIN (SO PIN) instead: --so-pin-file is the old one
        #[arg(long)]
        so: bool,
        #[command(flatten)]
        secrets: CareSecrets,
    },
    /// Give a key whose PIN is locked or forgotten a new one, with the administrator PIN (SO PIN)
    Unblock {
        #[arg(value_name = "TOKEN")]
        token: String,
        #[command(flatten)]
        secrets: CareSecrets,
    },
    /// List what is on it
    Objects {
        #[arg(value_name = "TOKEN")]
        token: String,
        /// Without the PIN: what everybody may see
        #[arg(long)]
        public: bool,
        #[command(flatten)]
        secrets: CareSecrets,
    },
    /// Write a certificate to a file (PEM)
    Export {
        #[arg(value_name = "TOKEN")]
        token: String,
        /// Name of the certificate as `objects` shows it, or the start of its SHA-256 fingerprint
        #[arg(value_name = "NAME")]
        name: String,
        /// The file; it must not exist yet. Default: standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Delete a certificate, a key pair or something else
    Delete {
        #[arg(value_name = "TOKEN")]
        token: String,
        /// Name as `objects` shows it, or the start of it
        #[arg(value_name = "NAME")]
        name: String,
        /// With what lies beside it: the key of a certificate, the certificate of a key
        #[arg(long)]
        whole: bool,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        secrets: CareSecrets,
    },
    /// List keys without a certificate and certificates without a key
    Orphans {
        #[arg(value_name = "TOKEN")]
        token: String,
        #[command(flatten)]
        secrets: CareSecrets,
    },
}

/// What a list goes by.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Sort {
    /// Nearest end first
    Expiry,
    /// Name
    Name,
    /// Where they lie
    Place,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    /// Certificate and key, encrypted
    Pkcs12,
    /// Text
    Pem,
    /// The certificate alone
    Der,
}

impl From<Format> for ExportFormat {
    fn from(format: Format) -> ExportFormat {
        match format {
            Format::Pkcs12 => ExportFormat::Pkcs12,
            Format::Pem => ExportFormat::Pem,
            Format::Der => ExportFormat::Der,
        }
    }
}

/// Web servers that get their files ready.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Server {
    /// fullchain.pem and key.pem
    Nginx,
    /// cert.pem, chain.pem and key.pem
    Apache,
    /// keystore.p12 (PKCS#12)
    Tomcat,
    /// site.pfx (PKCS#12)
    Iis,
}

impl From<Server> for ServerKind {
    fn from(server: Server) -> ServerKind {
        match server {
            Server::Nginx => ServerKind::Nginx,
            Server::Apache => ServerKind::Apache,
            Server::Tomcat => ServerKind::Tomcat,
            Server::Iis => ServerKind::Iis,
        }
    }
}

#[derive(clap::Args)]
pub(crate) struct OrderExport {
    pub order: String,
    /// Which web server
    #[arg(long = "for", value_enum, value_name = "SERVER")]
    pub server: Server,
    /// The folder for its files
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// PKCS#12 with the weak encryption of old programs (3DES, SHA-1)
    #[arg(long)]
    pub legacy: bool,
    /// Replace files that are there
    #[arg(long)]
    pub replace: bool,
    /// Tomcat, IIS: file with the password of the new file; - is standard input. Also that of the file that the key lies in, unless
    /// the next flag says another
    #[arg(long, value_name = "FILE|-")]
    pub password_file: Option<PathBuf>,
    /// File with the password of the file that the key lies in; - is standard input
    #[arg(long, value_name = "FILE|-")]
    pub source_password_file: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct Export {
    /// Start of its SHA-256 fingerprint, or a PLACE with `id` or `object`
    pub cert: String,
    /// The file; one that is there is only replaced after a yes
    #[arg(long, value_name = "FILE", required_unless_present = "server", conflicts_with = "server")]
    pub to: Option<PathBuf>,
    /// As this web server wants it, with the lines of its configuration
    #[arg(long = "for", value_enum, value_name = "SERVER", requires = "out",
          conflicts_with_all = ["format", "with_key", "key_to", "chain", "plain_key"])]
    pub server: Option<Server>,
    /// The folder for the web server's files
    #[arg(long, value_name = "FOLDER", requires = "server")]
    pub out: Option<PathBuf>,
    /// How it is written; default: as the file's name says (.pem, .crt: pem; .der, .cer: der; else pkcs12)
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// PEM: with the key (PKCS#12 always has it)
    #[arg(long)]
    pub with_key: bool,
    /// PEM: the key goes into this file of its own
    #[arg(long, value_name = "FILE")]
    pub key_to: Option<PathBuf>,
    /// With the certificates of CAs that lead to its root
    #[arg(long)]
    pub chain: bool,
    /// PKCS#12 with the weak encryption of old programs (3DES, SHA-1)
    #[arg(long)]
    pub legacy: bool,
    /// PEM: the key is not encrypted, for servers that start by themselves
    #[arg(long)]
    pub plain_key: bool,
    /// File with the password of the new file; - is standard input. Also that of the old file, unless the next flag says another
    #[arg(long, value_name = "FILE|-")]
    pub password_file: Option<PathBuf>,
    /// File with the password of the file that the certificate lies in; - is standard input
    #[arg(long, value_name = "FILE|-")]
    pub source_password_file: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct Import {
    /// The PKCS#12 file
    #[arg(value_name = "FILE.p12")]
    pub file: PathBuf,
    /// Where to: computer, a store that `chopmark stores` shows, or pkcs11:token=NAME
    #[arg(long)]
    pub place: String,
    /// Windows: the key may be exported again
    #[arg(long)]
    pub exportable: bool,
    /// File with the password of the PKCS#12 file; - is standard input
    #[arg(long, value_name = "FILE|-")]
    pub password_file: Option<PathBuf>,
    /// File with the password of the browser's store; - is standard input
    #[arg(long, value_name = "FILE|-")]
    pub store_password_file: Option<PathBuf>,
    /// File with the PIN of the USB key; - is standard input
    #[arg(long, value_name = "FILE|-")]
    pub pin_file: Option<PathBuf>,
    /// File with the administrator PIN of a token that lets nobody else make keys; - is standard input
    #[arg(long, value_name = "FILE|-")]
    pub so_pin_file: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct Delete {
    /// Start of its SHA-256 fingerprint, or a PLACE with `id` or `object`
    pub cert: String,
    #[command(flatten)]
    pub sure: Sure,
    #[command(flatten)]
    pub secrets: CareSecrets,
}

/// That a removal is meant: --yes is not enough.
#[derive(clap::Args)]
pub(crate) struct Sure {
    /// The name that would have to be typed: of the USB key, of the file, of the certificate in a store
    #[arg(long, value_name = "NAME")]
    pub confirm_label: Option<String>,
}

/// PINs for the care of a USB key.
#[derive(clap::Args, Default)]
pub(crate) struct CareSecrets {
    /// File with the PIN; - is standard input
    #[arg(long, value_name = "FILE|-")]
    pub pin_file: Option<PathBuf>,
    /// File with the administrator PIN (SO PIN); - is standard input
    #[arg(long, value_name = "FILE|-")]
    pub so_pin_file: Option<PathBuf>,
    /// File with the new PIN; - is standard input
    #[arg(long, value_name = "FILE|-")]
    pub new_pin_file: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum Order {
    /// Keep an order: the domains, and what the CA's console shows for them
    Add(AddOrder),
    /// List the orders, newest first
    List,
    /// Take orders over from UCloud's certificate console (USSL), with what they want to see
    ///
    /// Without a number, what there is is listed. Nothing is changed at the console.
    Fetch {
        /// The order's number at the console
        #[arg(value_name = "NUMBER")]
        id: Option<i64>,
        /// An account that is kept (`order account add`): the order can be driven from here then
        #[arg(long, value_name = "NAME", conflicts_with_all = ["public_key", "private_key_file", "api"])]
        account: Option<String>,
        /// The account's public key
        #[arg(long, value_name = "KEY", required_unless_present = "account", requires = "private_key_file")]
        public_key: Option<String>,
        /// File with the account's private key; - is standard input
        #[arg(long, value_name = "FILE|-", required_unless_present = "account")]
        private_key_file: Option<PathBuf>,
        /// Address of the API; default: https://api.ucloud.cn/
        #[arg(long, value_name = "URL")]
        api: Option<String>,
    },
    /// Order a certificate from a CA that speaks ACME; tells which record or file it wants to see
    Acme(AcmeOrder),
    /// Go on with an ACME order: our own check, then the CA's, the request, the certificate
    GoOn {
        order: String,
        #[command(flatten)]
        key: KeyOfOrder,
        /// Where certificate and chain go, PEM
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Wait until our own check sees everything
        #[arg(long, conflicts_with = "anyway")]
        watch: bool,
        /// Let the CA look although our own check does not see everything
        #[arg(long)]
        anyway: bool,
    },
    /// Order again what came to nothing at an ACME CA: new record or file, the same key
    Again {
        order: String,
        /// Write the files below this folder of the web server at once
        #[arg(long, value_name = "DIR")]
        webroot: Option<PathBuf>,
    },
    /// Ask an ACME CA when the certificate of an order is to be renewed
    Renewal { order: String },
    /// The CAs known that speak ACME; with one, what it says of itself
    Directories {
        /// A CA's name, or the address of its directory
        #[arg(value_name = "CA|URL")]
        directory: Option<String>,
        /// PEM file with the roots for TLS to it
        #[arg(long, value_name = "FILE")]
        tls_roots: Option<PathBuf>,
    },
    /// Accounts at UCloud's certificate console
    #[command(subcommand)]
    Account(OrderAccountTask),
    /// List what an account can buy
    Products {
        #[arg(long, value_name = "NAME")]
        account: String,
    },
    /// Buy an order; the price is shown and has to be typed (or --agree)
    Buy(BuyOrder),
    /// Hand in the request (CSR) and for whom the certificate is
    Submit(SubmitOrder),
    /// Ask the source where an order stands; after a lost answer, what became of it
    Refresh {
        order: String,
        /// Check the domains and ask again and again, until the certificate is there
        #[arg(long)]
        watch: bool,
    },
    /// Say what the console shows, where a lost answer cannot be cleared up from here
    #[command(group = clap::ArgGroup::new("seen").required(true).args(["done", "not_done"]))]
    Settle {
        order: String,
        /// It was done
        #[arg(long)]
        done: bool,
        /// It was not
        #[arg(long)]
        not_done: bool,
        /// The number that the console gave the order that was bought
        #[arg(long, value_name = "NUMBER", requires = "done")]
        number: Option<String>,
    },
    /// Write the letter, filled, or fetch its form; look at the scan of the stamped one, hand it in (OV and EV)
    #[command(group = clap::ArgGroup::new("letter").required(true).args(["form", "write", "check", "send"]))]
    Letter {
        order: String,
        /// Write the form here, as the source has it
        #[arg(long, value_name = "FILE")]
        form: Option<PathBuf>,
        /// Write the letter here, filled with the order's data: the source's form, or ours where that cannot be filled
        #[arg(long, value_name = "FILE")]
        write: Option<PathBuf>,
        /// Write our own letter, whatever form the source has
        #[arg(long, requires = "write")]
        own: bool,
        /// The form or the letter for a revocation
        #[arg(long, conflicts_with_all = ["check", "send"])]
        revocation: bool,
        /// Replace a file that is there
        #[arg(long, conflicts_with_all = ["check", "send"])]
        replace: bool,
        /// Look whether this scan (PDF, JPEG or PNG) can be read, and hand nothing in
        #[arg(long, value_name = "FILE")]
        check: Option<PathBuf>,
        /// Hand in this scan (PDF, JPEG or PNG), after a look at it
        #[arg(long, visible_alias = "upload", value_name = "FILE")]
        send: Option<PathBuf>,
        /// A warning about the scan to pass over, by its number (CM-6613); may be given more than once
        #[arg(long, value_name = "CODE", requires = "send")]
        despite: Vec<String>,
    },
    /// Make the key of an order here, and show its request (CSR)
    ///
    /// Done again, it shows the request that there is. “chopmark order install” puts the certificate beside the key.
    Csr {
        order: String,
        /// Where key and certificate shall live: pkcs11:token=NAME, file:PATH.p12, file:PATH.pem, computer, or a store that
        /// `chopmark stores` shows
        #[arg(long, value_name = "PLACE")]
        place: Option<String>,
        /// rsa:2048, rsa:3072, rsa:4096, ec:p256, ec:p384 or ec:p521; default: rsa:2048
        #[arg(long, requires = "place")]
        key: Option<String>,
        /// Domains, the first is the certificate's name; default: those of the order
        #[arg(long = "domain", value_name = "DOMAIN", requires = "place")]
        domains: Vec<String>,
        /// Write it here (PEM)
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Replace a file that is there
        #[arg(long, requires = "out")]
        replace: bool,
        #[command(flatten)]
        secrets: PlaceSecrets,
    },
    /// Install the certificate of an order beside its key, and prove that it works
    Install {
        order: String,
        /// The certificate as it was delivered: PEM, DER, PKCS#7 or a ZIP archive; default: fetched from where it was ordered
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        #[command(flatten)]
        secrets: PlaceSecrets,
    },
    /// Write the certificate and what leads to its root, checked against the request
    Certificate {
        order: String,
        /// The request that was handed in, where the key was not made here; a certificate for another key is not written
        #[arg(long, value_name = "FILE")]
        csr: Option<PathBuf>,
        /// Where to (PEM)
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Replace a file that is there
        #[arg(long)]
        replace: bool,
    },
    /// Have another certificate made, for another key
    Reissue {
        order: String,
        #[command(flatten)]
        key: KeyOfOrder,
        #[command(flatten)]
        meant: Meant,
    },
    /// Buy the next one of an order; the price has to be typed (or --agree), where there is one
    Renew {
        order: String,
        /// For how many years; default: as before
        #[arg(long, value_name = "N")]
        years: Option<u32>,
        /// The price that is agreed to, as it is shown
        #[arg(long, value_name = "PRICE")]
        agree: Option<String>,
    },
    /// Cancel an order that is not issued
    Cancel {
        order: String,
        #[command(flatten)]
        meant: Meant,
    },
    /// Revoke the certificate of an order; a console wants the stamped letter for OV and EV, for DV a proof of the domain again
    Revoke {
        order: String,
        /// Why
        #[arg(long, value_enum, ignore_case = true)]
        reason: Reason,
        /// The stamped letter (PDF, JPEG or PNG)
        #[arg(long, value_name = "FILE")]
        letter: Option<PathBuf>,
        /// A warning about the letter to pass over, by its number (CM-6613); may be given more than once
        #[arg(long, value_name = "CODE", requires = "letter")]
        despite: Vec<String>,
        #[command(flatten)]
        meant: Meant,
    },
    /// Write the certificate as a web server wants it, with its key where that may leave its place
    Export(OrderExport),
    /// Show one order: record or file, ready to copy, and the last check
    Show { order: String },
    /// Look at the domains as the CA will
    Check {
        order: String,
        /// Again and again, until everything is right or the time is over
        #[arg(long)]
        watch: bool,
    },
    /// Write the file for the web server
    #[command(group = clap::ArgGroup::new("target").required(true).args(["out", "zip"]))]
    File {
        order: String,
        /// Below this folder, in .well-known/pki-validation
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Into this archive
        #[arg(long, value_name = "FILE")]
        zip: Option<PathBuf>,
        /// Replace an archive that is there
        #[arg(long, requires = "zip")]
        replace: bool,
    },
    /// Forget an order; what was set on the domain stays there
    Remove { order: String },
}

/// An order by ACME.
#[derive(clap::Args)]
pub(crate) struct AcmeOrder {
    /// A CA's name (“chopmark order directories”), or the address of its directory
    #[arg(value_name = "CA|URL")]
    pub directory: String,
    /// Domains of the certificate, the first is its name; *.example.com for a wildcard
    #[arg(required = true, value_name = "DOMAIN")]
    pub domains: Vec<String>,
    /// How the domains are proved: a TXT record (dns-01), or a file on the web server (http-01)
    #[arg(long, value_enum, default_value = "dns")]
    pub method: AcmeMethod,
    /// The reference number that a new account is bound to (the CA calls it EAB key ID)
    #[arg(long, value_name = "REF")]
    pub reference: Option<String>,
    /// File with the authorization code (the CA calls it HMAC key); - is standard input
    #[arg(long, value_name = "FILE|-", requires = "reference")]
    pub code_file: Option<PathBuf>,
    /// The CA's terms of service are read and agreed to
    #[arg(long)]
    pub agree_terms: bool,
    /// A mail address that the CA may write to; may be given more than once
    #[arg(long, value_name = "MAIL")]
    pub contact: Vec<String>,
    /// PEM file with the roots for TLS to the CA, where this system does not know them
    #[arg(long, value_name = "FILE")]
    pub tls_roots: Option<PathBuf>,
    /// Write the files below this folder of the web server at once
    #[arg(long, value_name = "DIR")]
    pub webroot: Option<PathBuf>,
    /// The certificate that this one is to replace: start of its SHA-256 fingerprint
    #[arg(long, value_name = "CERT")]
    pub replaces: Option<String>,
    /// For yourself
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

/// That something for good is meant: --yes is not enough.
#[derive(clap::Args)]
pub(crate) struct Meant {
    /// What would have to be typed: the order's first domain, or its number at the source
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum OrderAccountTask {
    /// Keep an account; its private key goes into the keyring of this system
    Add {
        name: String,
        /// The account's public key
        #[arg(long, value_name = "KEY")]
        public_key: String,
        /// File with the account's private key; - is standard input
        #[arg(long, value_name = "FILE|-")]
        private_key_file: PathBuf,
        /// Address of the API; default: https://api.ucloud.cn/
        #[arg(long, value_name = "URL")]
        api: Option<String>,
        /// Where the private key is kept; without a keyring it is a file that only you may read
        #[arg(long, value_enum, default_value = "keyring")]
        secret_in: SecretIn,
    },
    /// List the accounts
    List,
    /// Forget an account and its private key
    Remove { name: String },
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum SecretIn {
    /// The keyring of this system
    Keyring,
    /// A file in Chopmark's folder
    File,
}

#[derive(clap::Args)]
pub(crate) struct BuyOrder {
    #[arg(long, value_name = "NAME")]
    pub account: String,
    /// The product's brand (`order products`)
    #[arg(long)]
    pub brand: String,
    /// The product's name
    #[arg(long, value_name = "NAME")]
    pub product: String,
    /// How many domains
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub count: u32,
    /// For how many years
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub years: u32,
    /// The price that is agreed to, as it is shown
    #[arg(long, value_name = "PRICE")]
    pub agree: Option<String>,
    /// For yourself
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

/// How domains are proved by ACME. tls-alpn-01 is left out: it takes port 443 away from the web server.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum AcmeMethod {
    /// A TXT record.
    Dns,
    /// A file on the web server.
    File,
}

/// Which key the certificate is for. Without anything: the one that was made here for the order.
#[derive(clap::Args)]
pub(crate) struct KeyOfOrder {
    /// A request that was made elsewhere (PKCS#10, PEM or DER); its key stays there
    #[arg(long, value_name = "FILE", conflicts_with_all = ["place", "key"])]
    pub csr: Option<PathBuf>,
    /// Make the key here: pkcs11:token=NAME, file:PATH.p12, file:PATH.pem, computer, or a store that `chopmark stores` shows
    #[arg(long, value_name = "PLACE")]
    pub place: Option<String>,
    /// rsa:2048, rsa:3072, rsa:4096, ec:p256, ec:p384 or ec:p521; default: rsa:2048
    #[arg(long, requires = "place")]
    pub key: Option<String>,
    #[command(flatten)]
    pub secrets: PlaceSecrets,
}

#[derive(clap::Args)]
pub(crate) struct SubmitOrder {
    pub order: String,
    #[command(flatten)]
    pub key: KeyOfOrder,
    /// Domains, the first is the certificate's name; default: those of the order
    #[arg(long = "domain", value_name = "DOMAIN")]
    pub domains: Vec<String>,
    /// How they are proved
    #[arg(long, value_enum, default_value = "dns")]
    pub method: SubmitMethod,
    /// TOML: company, division, address, city, region, country, postalCode, companyPhone, companyCode, and of the person who
    /// answers for it: name, phone, email, title. By ACME there is none
    #[arg(long, value_name = "FILE")]
    pub applicant: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum SubmitMethod {
    /// A record
    Dns,
    /// A file on the web server
    File,
}

#[derive(clap::Args)]
pub(crate) struct AddOrder {
    /// Domains of the certificate, the first is its name; *.example.com for a wildcard
    #[arg(required = true, value_name = "DOMAIN")]
    pub domains: Vec<String>,
    /// A CNAME record: its name (whole, or the part in front of the zone) and its value
    #[arg(long, num_args = 2, value_names = ["NAME", "VALUE"], allow_hyphen_values = true)]
    pub cname: Vec<String>,
    /// A TXT record: its name and its value
    #[arg(long, num_args = 2, value_names = ["NAME", "VALUE"], allow_hyphen_values = true)]
    pub txt: Vec<String>,
    /// A file on the web server: its name, and a file with its content; - is standard input
    #[arg(long, num_args = 2, value_names = ["NAME", "FILE|-"], allow_hyphen_values = true)]
    pub file: Vec<String>,
    /// The CA's rules: a name that `order add` knows, or one of validation.toml; default: ussl
    #[arg(long, value_name = "NAME")]
    pub rules: Option<String>,
    /// Until when: 24h, or 2026-11-26T08:00:00Z; default: as the rules say
    #[arg(long, value_name = "TIME")]
    pub deadline: Option<String>,
    /// For yourself
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum Ca {
    /// Keep a profile, from a file or an address
    Add {
        #[arg(value_name = "FILE|URL")]
        profile: String,
    },
    /// List the profiles
    List,
    /// Show one profile
    Show { name: String },
    /// Forget a profile
    Remove { name: String },
    /// Ask a CA for its certificates
    Certs(AskCa),
    /// Ask a CA whether its root has a successor
    RootUpdate {
        #[command(flatten)]
        ask: AskCa,
        /// Trust the new root from now on, after a yes
        #[arg(long)]
        accept: bool,
    },
    /// Ask a CA what a request should look like
    Template(AskCa),
    /// Ask a CA for its revocation list
    Crl(AskCa),
}

/// A question to a CA about itself: as the holder of the two codes, or of a certificate.
#[derive(clap::Args)]
pub(crate) struct AskCa {
    /// Name of the profile
    pub name: String,
    /// The reference number, to ask with the two codes
    #[arg(long, value_name = "REF", conflicts_with = "certificate")]
    pub reference: Option<String>,
    /// Ask with the key of this certificate: start of its SHA-256 fingerprint, or a PLACE with `id` or `object`
    #[arg(long, value_name = "CERT", conflicts_with = "code_file")]
    pub certificate: Option<String>,
    #[command(flatten)]
    pub secrets: SecretFiles,
}

/// A path of the command line as the core takes it: from the top folder on, and text.
pub(crate) fn absolute(path: &Path) -> Result<String> {
    let bad = |reason: &'static str| Error::new(Code::BadInput, "reading the command line").with("reason", reason);
    let path = std::path::absolute(path).map_err(|source| bad("path-empty").because(source))?;
    path.into_os_string().into_string().map_err(|_| bad("path-not-text"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        super::Args::command().debug_assert();
    }
}
