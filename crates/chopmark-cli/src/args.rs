//! The command line. Its meaning is fixed in `docs/` (the commands' contract); help texts are English for scripts' sake.

use std::path::PathBuf;

use chopmark_core::hints::Language;
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
    /// Accept what the CA changed
    #[arg(long, global = true)]
    pub yes: bool,
    /// Send reference number and code as they are, even if they look mistyped
    #[arg(long, global = true)]
    pub code_as_is: bool,
    /// Use another kind of MAC when the CA does not take the one of its profile
    #[arg(long, global = true)]
    pub fallback_protection: bool,
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
    /// List certificates
    Certs {
        /// Look only here
        #[arg(long)]
        place: Option<String>,
    },
    /// Show one certificate
    Show {
        /// Start of its SHA-256 fingerprint, or a PLACE with `id` or `object`
        cert: String,
    },
    /// List USB keys, ready to copy as PLACE
    Tokens,
    /// List the installed drivers
    Drivers {
        /// Start each one and ask who it is
        #[arg(long)]
        scan: bool,
    },
    /// List jobs, newest first
    Journal,
    /// Go on with a job that was interrupted, waits at the CA, or is not confirmed
    Resume(Resume),
    /// The CAs known on this computer
    #[command(subcommand)]
    Ca(Ca),
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
    /// Where key and certificate shall live: pkcs11:token=NAME or file:PATH.p12
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
    /// File with the PIN of the USB key; - is standard input
    #[arg(long, value_name = "FILE|-")]
    pub pin_file: Option<PathBuf>,
    /// File with the password of the PKCS#12 file; - is standard input
    #[arg(long, value_name = "FILE|-")]
    pub password_file: Option<PathBuf>,
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
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        super::Args::command().debug_assert();
    }
}
