//! `cargo xtask demo --orders`: an order for a server certificate from price to certificate, at a console for trying out, with a
//! domain of one's own on this computer: its zone is a file, its web server a folder, to break and mend.

mod world;

use std::{
    fs,
    path::Path,
    process::{ExitCode, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use self::world::World;
use crate::{programs::Programs, shell};

const DOMAIN: &str = "shop.test";
const PASSWORD: &str = "try-it-out";
const APPLICANT: &str = "company = \"Example Ltd\"\ndivision = \"IT\"\naddress = \"1 Road\"\ncity = \"Shanghai\"\nregion = \"Shanghai\"\n\
    country = \"CN\"\nname = \"Alice Example\"\nphone = \"13000000000\"\nemail = \"alice@example.test\"\ntitle = \"Engineer\"\n";

/// Runs it in the terminal, or opens the window with everything prepared.
pub(crate) fn run(programs: &Programs, folder: &Path, headless: bool, language: Option<&str>) -> Result<ExitCode> {
    let world = World::start(programs, folder)?;
    let home = folder.join("home");
    fs::create_dir_all(&home)?;
    fs::write(home.join("validation.toml"), world.settings())?;
    let person = Person { programs, home: &home, world: &world };
    person.opens_an_account()?;
    println!("\nA DV certificate for {DOMAIN} is bought (at the console for trying out: nothing costs anything),");
    println!("our own key is made in a file (password: {PASSWORD}), and its request is handed in.");
    let by_record = person.orders("dns")?;
    println!("\nThe CA wants to see this record:\n\n  {}\n", by_record.record()?);
    println!("The zone of {DOMAIN} is {}.", world.zone().display());
    if headless {
        person.proves_by_a_record(&by_record)?;
        println!(
            "\nOnce more, proved by a file on the web server this time; its folder is {}.",
            world.site().display()
        );
        person.proves_by_a_file(&person.orders("file")?)?;
        Ok(ExitCode::SUCCESS)
    } else {
        let by_file = person.orders("file")?;
        println!(
            "\nFor order {} the CA wants to see a file on the web server: {}",
            by_file.number,
            by_file.text("name")?
        );
        println!("The web server's folder is {}.\n", world.site().display());
        in_window(programs, &world, &home, language)
    }
}

/// Who owns the domain.
struct Person<'a> {
    programs: &'a Programs,
    home: &'a Path,
    world: &'a World,
}

/// An order that was handed in.
struct Ordered {
    number: String,
    /// What the CA wants to see.
    proof: Value,
    /// Where key and certificate go.
    file: String,
}

impl Person<'_> {
    fn opens_an_account(&self) -> Result<()> {
        let said = |name: &str| self.world.ready[name].as_str().with_context(|| format!("the console said no {name}"));
        let (public, key, api) = (said("publicKey")?, said("privateKeyFile")?, said("api")?);
        let account = ["account", "add", "demo", "--public-key", public, "--private-key-file", key, "--api", api];
        // Never the keyring of who tries it out.
        self.chopmark(&[&account[..], &["--secret-in", "file"]].concat())?;
        fs::write(self.file("applicant.toml"), APPLICANT)?;
        Ok(fs::write(self.file("password"), PASSWORD)?)
    }

    /// Buys, makes the key, hands in its request.
    fn orders(&self, method: &str) -> Result<Ordered> {
        let product = ["--account", "demo", "--brand", "Demo", "--product", "DemoDV", "--agree", "40.0"];
        let bought = self.chopmark(&[&["buy"][..], &product].concat())?;
        let number = bought["order"]["order"].as_str().context("no order")?.to_owned();
        let file = self.file(&format!("{DOMAIN}-{number}.pem"));
        let (place, applicant, password) = (format!("file:{file}"), self.file("applicant.toml"), self.file("password"));
        let key = ["--place", &place, "--key", "ec:p256", "--password-file", &password];
        let submit = ["submit", &number, "--domain", DOMAIN, "--method", method, "--applicant", &applicant];
        let view = self.chopmark(&[&submit[..], &key].concat())?;
        Ok(Ordered { number, proof: view["order"]["proofs"][0].clone(), file })
    }

    fn proves_by_a_record(&self, ordered: &Ordered) -> Result<()> {
        let (check, record) = (["check", &ordered.number], ordered.record()?);
        ensure!(self.chopmark(&check).is_err(), "the check is green before the record is there");
        println!(
            "\nIt is not there yet, says the check. A record with another value, as a slip of the hand makes it ..."
        );
        self.world.set(&record.replace(".dcv.", ".dvc."))?;
        ensure!(self.chopmark(&check).is_err(), "the check is green with a wrong record");
        println!("... is told, too. Now the right one.");
        self.world.set(&record)?;
        self.chopmark(&check)?;
        self.gets_it(ordered)
    }

    fn proves_by_a_file(&self, ordered: &Ordered) -> Result<()> {
        let (check, site) = (["check", &ordered.number], self.world.site().display().to_string());
        ensure!(self.chopmark(&check).is_err(), "the check is green before the file is there");
        self.chopmark(&["file", &ordered.number, "--out", &site])?;
        let file = self.world.site().join(".well-known/pki-validation").join(ordered.text("name")?);
        let right = fs::read(&file)?;
        println!("\nThe file as an editor saves it, with a line end behind it ...");
        fs::write(&file, [&right[..], b"\n"].concat())?;
        ensure!(self.chopmark(&check).is_err(), "the check is green with a wrong file");
        println!("... is told. Now the right one.");
        fs::write(&file, right)?;
        self.chopmark(&check)?;
        self.gets_it(ordered)
    }

    fn gets_it(&self, ordered: &Ordered) -> Result<()> {
        self.chopmark(&["refresh", &ordered.number, "--watch"])?;
        let installed = self.chopmark(&["install", &ordered.number, "--password-file", &self.file("password")])?;
        ensure!(installed["proved"] == true, "the certificate was not proved: {installed}");
        println!("\nThe certificate is there, and key and certificate were tried together: {}", ordered.file);
        println!("  {}", installed["certificate"]["subject"].as_str().unwrap_or_default());
        Ok(())
    }

    /// `chopmark order …`; its result, or that it failed.
    fn chopmark(&self, arguments: &[&str]) -> Result<Value> {
        let mut command = self.programs.command("chopmark");
        command.arg("--home").arg(self.home).arg("order").args(arguments);
        println!("$ chopmark order {}", arguments.join(" "));
        let output =
            command.args(["--json", "--batch"]).stdin(Stdio::null()).output().context("cannot start chopmark")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let last = text.lines().last().and_then(|line| serde_json::from_str::<Value>(line).ok()).unwrap_or_default();
        if !output.status.success() {
            println!(
                "  {} {}",
                last["code"].as_str().unwrap_or_default(),
                last["message"].as_str().unwrap_or_default()
            );
            bail!("chopmark order {} failed: {text}", arguments.join(" "));
        }
        Ok(last)
    }

    fn file(&self, name: &str) -> String {
        self.world.folder.join(name).display().to_string()
    }
}

impl Ordered {
    fn text(&self, name: &str) -> Result<&str> {
        self.proof[name].as_str().with_context(|| format!("no {name}: {}", self.proof))
    }

    /// As a line of the zone.
    fn record(&self) -> Result<String> {
        Ok(format!("{}. CNAME {}.", self.text("name")?, self.text("value")?))
    }
}

fn in_window(programs: &Programs, world: &World, home: &Path, language: Option<&str>) -> Result<ExitCode> {
    let mut window = programs.command("chopmark-window");
    window.arg("--home").arg(home);
    if let Some(language) = language {
        window.args(["--lang", language]);
    }
    println!("Put the record into that file (at its end), or a wrong one; it is served as soon as the file is saved.");
    println!("The window opens now: the order is under Orders. Close it, and the demo ends.");
    let mut window = shell::shown_start(&mut window)?;
    let mut served = world.changed()?;
    loop {
        if let Some(status) = window.try_wait()? {
            return Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)));
        }
        let changed = world.changed()?;
        if changed != served {
            served = changed;
            world.reload()?;
        }
        thread::sleep(Duration::from_millis(300));
    }
}
