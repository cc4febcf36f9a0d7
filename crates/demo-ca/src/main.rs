//! `chopmark-demo-ca`: a CA for trying Chopmark out. What the flags mean stands in docs/ and in `--help`.

use std::{
    io::{Read, Write},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
};

use chopmark_demo_ca::{
    ConsoleOptions, DemoCa, DemoConsole, Error, Fault, Invitation, Options, ServeFaults, Terms, invite,
};
use clap::{Args, Parser, Subcommand};
use cmp_protocol::message::FailInfo;
use serde_json::json;
use x509_cert::name::Name;
use zeroize::Zeroizing;

/// A small CMP CA on this computer, for trying Chopmark out. Not for real use.
#[derive(Parser)]
#[command(name = "chopmark-demo-ca", version)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Serve on loopback until SIGINT or SIGTERM; prints one line of JSON when ready
    Serve(Serve),
    /// Make a pair of codes for somebody, while the CA runs or after it has; prints one line of JSON
    Invite(Box<Invite>),
    /// Serve a certificate console (UCloud's USSL) on loopback, with an account; prints one line of JSON when ready
    Ussl(Console),
}

#[derive(Args)]
struct Console {
    /// Where to listen (loopback only); port 0: that of the last start, else any
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Folder with everything the console knows; its CA's keys as well
    #[arg(long, default_value = "chopmark-demo-ca")]
    dir: PathBuf,
    /// Name server that it asks for records
    #[arg(long, value_name = "ADDRESS:PORT")]
    dns: SocketAddr,
    /// Port of the web servers that it looks at
    #[arg(long, default_value_t = 80, value_name = "PORT")]
    http_port: u16,
    /// How long a letter is looked at
    #[arg(long, default_value_t = 3, value_name = "SECONDS")]
    review: u64,
    /// Validity of certificates; left out: what was bought
    #[arg(long, value_name = "DAYS")]
    valid: Option<u32>,
    /// Lose the answer to this call (counted from 1) after it was done; may be given several times. A file lose-next in the
    /// folder that says \"answer\" or \"question\" does it to the next call with an effect
    #[arg(long, value_name = "N")]
    lose_answer: Vec<u64>,
}

#[derive(Args)]
struct Serve {
    /// Where to listen (loopback only); port 0: that of the last start, else any
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Folder with everything the CA knows
    #[arg(long, default_value = "chopmark-demo-ca")]
    dir: PathBuf,
    /// Grant implicit confirmation to clients that ask for it
    #[arg(long)]
    implicit_confirm: bool,
    /// Put this address of the CRL into certificates (the CRL itself is at /crl of this server)
    #[arg(long, value_name = "URL")]
    crl_url: Option<String>,
    /// Make a second generation of the root, for those who ask for a root update
    #[arg(long)]
    new_root: bool,
    /// For tests: drop-answer=N or kill-after=N (message N)
    #[arg(long, hide = true, value_parser = serve_fault)]
    fault: Vec<ServeFaults>,
}

#[derive(Args)]
struct Invite {
    /// Folder of the CA
    #[arg(long)]
    dir: PathBuf,
    /// Subject of the certificate, for example CN=Alice,O=Acme
    #[arg(long, value_parser = name)]
    subject: String,
    /// Let the client wait for so many seconds
    #[arg(long, default_value_t = 0, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    delay: u64,
    /// Refuse with this reason (a PKIFailureInfo name, for example badRequest)
    #[arg(long, value_name = "FAILINFO", value_parser = fail_info)]
    refuse: Option<FailInfo>,
    /// Issue for this subject instead
    #[arg(long, value_name = "DN", value_parser = name)]
    alter_subject: Option<String>,
    /// Validity of the certificate
    #[arg(long, default_value_t = 365, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    valid: u32,
    /// How often the codes serve; 0: without limit
    #[arg(long, default_value_t = 1, value_name = "N")]
    uses: u32,
    /// Take this reference number
    #[arg(long, value_name = "REF", requires = "code_file")]
    reference: Option<String>,
    /// Take the authorization code in this file (-: standard input)
    #[arg(long, value_name = "FILE", requires = "reference")]
    code_file: Option<PathBuf>,
    /// For tests: what goes wrong
    #[arg(long, hide = true, value_parser = fault)]
    fault: Option<Fault>,
    /// What happens when the certificate is renewed: delay=SECONDS, refuse=FAILINFO, alter-subject=DN, valid=DAYS or
    /// fault=NAME; may be given several times
    #[arg(long, value_name = "TERM", value_parser = term)]
    renewal: Vec<Term>,
    /// What happens when it is to be revoked, in the same way
    #[arg(long, value_name = "TERM", value_parser = term)]
    revocation: Vec<Term>,
    /// What happens to questions about the CA, in the same way
    #[arg(long, value_name = "TERM", value_parser = term)]
    questions: Vec<Term>,
}

/// One of the [`Terms`].
#[derive(Clone)]
enum Term {
    Delay(u64),
    Refuse(FailInfo),
    AlterSubject(String),
    Valid(u32),
    Fault(Fault),
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Serve(arguments) => serve(arguments),
        Task::Invite(arguments) => run_invite(*arguments),
        Task::Ussl(arguments) => console(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "chopmark-demo-ca: {error}");
            ExitCode::from(if matches!(error, Error::Usage(_)) { 2 } else { 1 })
        }
    }
}

fn console(arguments: Console) -> Result<(), Error> {
    let options = ConsoleOptions {
        listen: arguments.listen,
        dns: arguments.dns,
        http_port: arguments.http_port,
        review: arguments.review,
        days: arguments.valid,
        lose_answers: arguments.lose_answer,
        log: true,
    };
    let runtime = tokio::runtime::Runtime::new().map_err(system)?;
    runtime.block_on(async {
        let signal = stop_signal()?;
        let console = DemoConsole::start(&arguments.dir, options).await?;
        print(&json!({
            "api": console.url(), "publicKey": console.public_key(), "privateKeyFile": console.key_file(),
            "root": console.root(),
        }));
        signal.await;
        console.stop().await;
        Ok(())
    })
}

fn serve(arguments: Serve) -> Result<(), Error> {
    let pick = |part: fn(&ServeFaults) -> Option<u64>| arguments.fault.iter().find_map(part);
    let faults = ServeFaults { drop_answer: pick(|one| one.drop_answer), kill_after: pick(|one| one.kill_after) };
    let options = Options {
        listen: arguments.listen,
        implicit_confirm: arguments.implicit_confirm,
        crl_url: arguments.crl_url,
        new_root: arguments.new_root,
        log: true,
        faults,
    };
    let runtime = tokio::runtime::Runtime::new().map_err(system)?;
    runtime.block_on(async {
        // Before the line is printed: whoever reads it may send a signal at once.
        let signal = stop_signal()?;
        let ca = DemoCa::start(&arguments.dir, options).await?;
        print(&json!({ "url": ca.url(), "root": ca.root(), "profile": ca.profile() }));
        signal.await;
        ca.stop().await;
        Ok(())
    })
}

#[cfg(unix)]
fn stop_signal() -> Result<impl Future<Output = ()>, Error> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(system)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(system)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> Result<impl Future<Output = ()>, Error> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

fn run_invite(arguments: Invite) -> Result<(), Error> {
    let codes = match (arguments.reference, arguments.code_file) {
        (Some(reference), Some(file)) => Some((reference, read_code(&file)?)),
        _ => None,
    };
    let codes = invite(
        &arguments.dir,
        Invitation {
            subject: arguments.subject,
            delay: arguments.delay,
            refuse: arguments.refuse,
            alter_subject: arguments.alter_subject,
            valid_days: arguments.valid,
            uses: arguments.uses,
            codes,
            fault: arguments.fault,
            renewal: terms(arguments.renewal),
            revocation: terms(arguments.revocation),
            questions: terms(arguments.questions),
        },
    )?;
    print(&json!({
        "reference": codes.reference,
        "authorizationCode": codes.authorization_code.as_str(),
        "link": codes.link,
    }));
    Ok(())
}

fn terms(all: Vec<Term>) -> Terms {
    let mut terms = Terms::default();
    for term in all {
        match term {
            Term::Delay(seconds) => terms.delay = seconds,
            Term::Refuse(reason) => terms.refuse = Some(reason),
            Term::AlterSubject(name) => terms.alter_subject = Some(name),
            Term::Valid(days) => terms.valid_days = Some(days),
            Term::Fault(fault) => terms.fault = Some(fault),
        }
    }
    terms
}

fn read_code(file: &std::path::Path) -> Result<Zeroizing<String>, Error> {
    let mut code = Zeroizing::new(String::new());
    let failed = |source| Error::File { path: file.to_path_buf(), source };
    if file.as_os_str() == "-" {
        std::io::stdin().take(4096).read_to_string(&mut code).map_err(failed)?;
    } else {
        std::fs::File::open(file).and_then(|file| file.take(4096).read_to_string(&mut code)).map_err(failed)?;
    }
    Ok(Zeroizing::new(code.trim().to_owned()))
}

/// One line, at once; nobody reading is no reason to stop.
fn print(line: &serde_json::Value) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn system(source: std::io::Error) -> Error {
    Error::File { path: "the system".into(), source }
}

fn name(text: &str) -> Result<String, String> {
    text.parse::<Name>().map_err(|error| format!("not a distinguished name (RFC 4514): {error}"))?;
    Ok(text.to_owned())
}

fn fail_info(text: &str) -> Result<FailInfo, String> {
    FailInfo::from_name(text).ok_or_else(|| {
        let names: Vec<_> = FailInfo::ALL.iter().map(|(_, name)| *name).collect();
        format!("must be one of {}", names.join(", "))
    })
}

fn fault(text: &str) -> Result<Fault, String> {
    Fault::from_name(text).ok_or_else(|| {
        let names: Vec<_> = Fault::ALL.iter().map(|(_, name)| *name).collect();
        format!("must be one of {}", names.join(", "))
    })
}

fn term(text: &str) -> Result<Term, String> {
    let number = |error: std::num::ParseIntError| error.to_string();
    match text.split_once('=') {
        Some(("delay", seconds)) => seconds.parse().map(Term::Delay).map_err(number),
        Some(("refuse", reason)) => fail_info(reason).map(Term::Refuse),
        Some(("alter-subject", subject)) => name(subject).map(Term::AlterSubject),
        Some(("valid", days)) => days.parse().map(Term::Valid).map_err(number),
        Some(("fault", which)) => fault(which).map(Term::Fault),
        _ => Err("must be delay=SECONDS, refuse=FAILINFO, alter-subject=DN, valid=DAYS or fault=NAME".into()),
    }
}

fn serve_fault(text: &str) -> Result<ServeFaults, String> {
    let number = |number: &str| number.parse::<u64>().map(Some).map_err(|error| error.to_string());
    match text.split_once('=') {
        Some(("drop-answer", n)) => Ok(ServeFaults { drop_answer: number(n)?, kill_after: None }),
        Some(("kill-after", n)) => Ok(ServeFaults { drop_answer: None, kill_after: number(n)? }),
        _ => Err("must be drop-answer=N or kill-after=N".into()),
    }
}
