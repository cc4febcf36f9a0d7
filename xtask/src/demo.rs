//! `cargo xtask demo`: a mail with two codes, a USB key made of software, and the window that brings them together.

use crate::{
    demo_orders,
    programs::{DemoCa, Invitation, PIN, Programs, SoftToken, TOKEN, write_secret},
    setup::{self, For},
    shell,
};
use anyhow::{Context, Result};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

const SUBJECT: &str = "CN=Alice Example,OU=Accounts,OU=Demo,O=Example Ltd,C=CN";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// An order for a server certificate instead: from price to certificate, with a domain on this computer
    #[arg(long)]
    orders: bool,
    /// In the terminal, without a window
    #[arg(long)]
    headless: bool,
    /// Install what is missing without asking
    #[arg(long)]
    yes: bool,
    /// The language of the window (en, zh-CN); left out, the system's
    #[arg(long)]
    lang: Option<String>,
    /// Keep everything in this folder: CA, token, journal (left out, it is gone afterwards)
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Build as for the packages: slower to build, faster to run
    #[arg(long)]
    release: bool,
}

pub(crate) fn demo(arguments: &Arguments) -> Result<ExitCode> {
    let headless = arguments.headless || !display();
    if headless && !arguments.headless {
        eprintln!(
            "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set): the demo runs in the terminal.\n"
        );
    }
    setup::setup(if headless { For::HeadlessDemo } else { For::Demo }, arguments.yes || shell::ci())?;
    if arguments.orders {
        setup::for_orders(arguments.yes || shell::ci())?;
    }
    let programs = Programs::build(arguments.release, !headless)?;

    let (_gone_afterwards, folder) = match &arguments.keep {
        Some(folder) => {
            fs::create_dir_all(folder)?;
            (None, folder.canonicalize()?)
        }
        None => {
            let temporary = tempfile::Builder::new().prefix("chopmark-demo-").tempdir()?;
            let path = temporary.path().to_path_buf();
            (Some(temporary), path)
        }
    };
    if arguments.orders {
        return demo_orders::run(&programs, &folder, headless, arguments.lang.as_deref());
    }
    let ca = DemoCa::start(&programs, &folder.join("ca"))?;
    let token = SoftToken::new(&folder.join("usb-key"))?;
    let invitation = ca.invite(&["--subject", SUBJECT])?;
    let root = fingerprint(&programs, &ca, &folder)?;
    println!("{}", mail(&invitation, &root, token.is_some(), &folder)?);

    if headless {
        in_terminal(&programs, &ca, token.as_ref(), &invitation, &folder)
    } else {
        in_window(&programs, token.as_ref(), &invitation, &folder, arguments.lang.as_deref())
    }
}

fn display() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

/// What the person compares before the CA is trusted: a mail would bring it too. A scratch home tells, so that the demo's own
/// still has the CA to learn.
fn fingerprint(programs: &Programs, ca: &DemoCa, folder: &Path) -> Result<String> {
    let mut add = programs.command("chopmark");
    add.arg("--home").arg(folder.join("ca/fingerprint"));
    let shown = shell::output(add.args(["--lang", "en", "ca", "add", &ca.profile, "--batch", "--yes"]))?;
    let root = shown.lines().find_map(|line| line.strip_prefix("Root ")).context("`ca add` shows no root")?;
    let groups: Vec<String> = root.split_whitespace().map(str::to_uppercase).collect();
    Ok(groups.chunks(8).map(|line| line.join(" ")).collect::<Vec<_>>().join("\n  "))
}

/// What the RA would have sent, written to a file as well.
fn mail(invitation: &Invitation, root: &str, token: bool, folder: &Path) -> Result<String> {
    let Invitation { reference, authorization_code, link } = invitation;
    let place = if token {
        format!("The USB key is made of software and called \"{TOKEN}\". Its PIN is {PIN}.")
    } else {
        "SoftHSM2 is not installed here, so there is no USB key to show: this demo takes a software key\n  and puts it with the certificate into a PKCS#12 file.".to_owned()
    };
    let text = format!(
        "\n  From:     Demo RA (for trying out)\n  To:       Alice Example\n  Subject:  Your certificate\n\n  \
         Reference number:    {reference}\n  Authorization code:  {authorization_code}\n\n  Get it here:  {link}\n\n  \
         The window asks whether this CA is to be trusted. Its root must have this SHA-256:\n  {root}\n\n  {place}\n"
    );
    write_secret(&folder.join("mail.txt"), &text)?;
    Ok(text)
}

fn in_terminal(
    programs: &Programs,
    ca: &DemoCa,
    token: Option<&SoftToken>,
    invitation: &Invitation,
    folder: &Path,
) -> Result<ExitCode> {
    let home = folder.join("home");
    let code = folder.join("code.txt");
    write_secret(&code, &invitation.authorization_code)?;
    let mut add = programs.command("chopmark");
    add.arg("--home").arg(&home).args(["ca", "add", &ca.profile, "--batch", "--yes"]);
    shell::run(&mut add)?;

    let mut enroll = programs.command("chopmark");
    enroll.arg("--home").arg(&home).args(["enroll", "--ca", &ca.profile, "--reference", &invitation.reference]);
    enroll.arg("--code-file").arg(&code).args(["--batch", "--yes"]);
    match token {
        Some(token) => {
            token.seen_by(&mut enroll).args(["--place", &token.place()]);
        }
        None => {
            let password = folder.join("password.txt");
            write_secret(&password, PIN)?;
            enroll.arg("--place").arg(format!("file:{}", folder.join("alice.p12").display()));
            enroll.arg("--password-file").arg(password);
        }
    }
    pass_on(&mut enroll)
}

fn in_window(
    programs: &Programs,
    token: Option<&SoftToken>,
    invitation: &Invitation,
    folder: &Path,
    language: Option<&str>,
) -> Result<ExitCode> {
    let mut window = programs.command("chopmark-window");
    window.arg("--home").arg(folder.join("home"));
    if let Some(language) = language {
        window.args(["--lang", language]);
    }
    window.arg(&invitation.link);
    if let Some(token) = token {
        token.seen_by(&mut window);
    }
    println!("The window opens now. Close it, and the demo ends.");
    pass_on(&mut window)
}

/// Its exit code becomes ours.
fn pass_on(command: &mut Command) -> Result<ExitCode> {
    let status = shell::shown_start(command)?.wait().context("it went away")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    println!("\nExit code {code}");
    Ok(ExitCode::from(code))
}
