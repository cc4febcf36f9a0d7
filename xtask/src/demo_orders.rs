//! `cargo xtask demo --orders`: an order for a server certificate from price to certificate, at a console for trying out, with a
//! domain of one's own on this computer: its zone is a file to break and mend.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{TcpListener, UdpSocket},
    path::{Path, PathBuf},
    process::{ChildStdout, Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::{
    programs::Programs,
    shell::{self, Background},
};

const DOMAIN: &str = "shop.test";
const DNS: &str = "127.0.0.61";
const APPLICANT: &str = "company = \"Example Ltd\"\ndivision = \"IT\"\naddress = \"1 Road\"\ncity = \"Shanghai\"\nregion = \"Shanghai\"\n\
    country = \"CN\"\nname = \"Alice Example\"\nphone = \"13000000000\"\nemail = \"alice@example.test\"\ntitle = \"Engineer\"\n";

/// The domain's name server and the console, stopped when this goes.
struct World {
    folder: PathBuf,
    port: u16,
    ready: Value,
    _servers: [Background; 2],
    /// Dropped, the console could not write its next line.
    _stdout: BufReader<ChildStdout>,
}

/// Runs it in the terminal, or opens the window with everything prepared.
pub(crate) fn run(programs: &Programs, folder: &Path, headless: bool, language: Option<&str>) -> Result<ExitCode> {
    let world = World::start(programs, folder)?;
    let home = folder.join("home");
    fs::create_dir_all(&home)?;
    fs::write(home.join("validation.toml"), world.settings())?;
    let chopmark = |arguments: &[&str]| chopmark(programs, &home, arguments);
    let said = |name: &str| world.ready[name].as_str().with_context(|| format!("the console said no {name}"));
    let (key, api) = (said("privateKeyFile")?, said("api")?);
    let account =
        ["account", "add", "demo", "--public-key", said("publicKey")?, "--private-key-file", key, "--api", api];
    // Never the keyring of who tries it out.
    chopmark(&[&account[..], &["--secret-in", "file"]].concat())?;
    let product = ["--account", "demo", "--brand", "Demo", "--product", "DemoDV", "--agree", "40.0"];
    println!("\nA DV certificate for {DOMAIN} is bought (at the console for trying out: nothing costs anything) ...");
    let bought = chopmark(&[&["buy"][..], &product].concat())?;
    let order = bought["order"]["order"].as_str().context("no order")?.to_owned();
    let (csr, applicant) = (request(folder)?, folder.join("applicant.toml"));
    fs::write(&applicant, APPLICANT)?;
    println!("... and the request for our own key is handed in.");
    let (csr, applicant) = (csr.display().to_string(), applicant.display().to_string());
    let submit = ["submit", &order, "--csr", &csr, "--domain", DOMAIN, "--applicant", &applicant];
    let view = chopmark(&submit)?;
    let proof = &view["order"]["proofs"][0];
    let text = |name: &str| proof[name].as_str().with_context(|| format!("no {name}: {view}"));
    let record = format!("{}. CNAME {}.", text("name")?, text("value")?);
    println!("\nThe CA wants to see this record:\n\n  {record}\n\nThe zone of {DOMAIN} is {}.", world.zone().display());
    if headless {
        in_terminal(&world, &chopmark, &order, &record, &csr)
    } else {
        in_window(programs, &world, &home, language)
    }
}

fn in_terminal(
    world: &World,
    chopmark: &impl Fn(&[&str]) -> Result<Value>,
    order: &str,
    record: &str,
    csr: &str,
) -> Result<ExitCode> {
    ensure!(chopmark(&["check", order]).is_err(), "the check is green before the record is there");
    println!("\nIt is not there yet, says the check. A record with another value, as a slip of the hand makes it ...");
    world.set(&record.replace(".dcv.", ".dvc."))?;
    ensure!(chopmark(&["check", order]).is_err(), "the check is green with a wrong record");
    println!("... is told, too. Now the right one.");
    world.set(record)?;
    chopmark(&["check", order])?;
    chopmark(&["refresh", order, "--watch"])?;
    let out = world.folder.join("certificate.pem");
    let out = out.display().to_string();
    let done = chopmark(&["certificate", order, "--csr", csr, "--out", &out])?;
    println!("\nThe certificate is there, checked against our key: {out}");
    println!("  {}", done["chain"][0]["subject"].as_str().unwrap_or_default());
    Ok(ExitCode::SUCCESS)
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

/// `chopmark order …`; its result, or that it failed.
fn chopmark(programs: &Programs, home: &Path, arguments: &[&str]) -> Result<Value> {
    let mut command = programs.command("chopmark");
    command.arg("--home").arg(home).arg("order").args(arguments);
    println!("$ chopmark order {}", arguments.join(" "));
    let output = command.args(["--json", "--batch"]).stdin(Stdio::null()).output().context("cannot start chopmark")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let last = text.lines().last().and_then(|line| serde_json::from_str::<Value>(line).ok()).unwrap_or_default();
    if !output.status.success() {
        println!("  {} {}", last["code"].as_str().unwrap_or_default(), last["message"].as_str().unwrap_or_default());
        bail!("chopmark order {} failed: {text}", arguments.join(" "));
    }
    Ok(last)
}

/// A key of our own and its request.
fn request(folder: &Path) -> Result<PathBuf> {
    let (key, csr) = (folder.join("shop.key"), folder.join("shop.csr"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj"]);
    openssl.arg(format!("/CN={DOMAIN}")).arg("-addext").arg(format!("subjectAltName=DNS:{DOMAIN}"));
    shell::output(openssl.arg("-keyout").arg(key).arg("-out").arg(&csr))?;
    Ok(csr)
}

impl World {
    fn start(programs: &Programs, folder: &Path) -> Result<World> {
        let port = free_port()?;
        let dir = folder.join("dns");
        fs::create_dir_all(dir.join("db"))?;
        let shown = dir.display();
        let configuration = format!(
            "server:\n    listen: {DNS}@{port}\n    rundir: {shown}\n    udp-workers: 1\n    tcp-workers: 1\n    \
             background-workers: 1\nlog:\n  - target: stderr\n    any: warning\ncontrol:\n    listen: {shown}/knot.sock\n\
             database:\n    storage: {shown}/db\n    journal-db-max-size: 16M\n    kasp-db-max-size: 16M\n    \
             timer-db-max-size: 4M\ntemplate:\n  - id: default\n    storage: {shown}\n    zonefile-sync: -1\n    \
             zonefile-load: difference-no-serial\n    journal-content: all\n    semantic-checks: off\n\
             zone:\n  - domain: {DOMAIN}\n    file: {DOMAIN}.zone\n  - domain: test\n    file: test.zone\n"
        );
        fs::write(dir.join("knot.conf"), configuration)?;
        fs::write(dir.join(format!("{DOMAIN}.zone")), zone(""))?;
        // Who looks for CAA records climbs up to it.
        let above = format!(
            "$ORIGIN test.\n@ 60 SOA ns1.shop host 1 3600 600 86400 3\n@ 60 NS ns1.shop\nshop 60 NS ns1.shop\nns1.shop 60 A {DNS}\n"
        );
        fs::write(dir.join("test.zone"), above)?;
        let log = fs::File::create(dir.join("log"))?;
        let mut knot = Command::new("/usr/sbin/knotd");
        knot.arg("-c").arg(dir.join("knot.conf")).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let knot = Background(knot.spawn().context("cannot start knotd (apt-get install knot)")?);
        let (console, stdout, ready) = console(programs, folder, port)?;
        let world = World { folder: folder.to_owned(), port, ready, _servers: [knot, console], _stdout: stdout };
        let deadline = Instant::now() + Duration::from_secs(20);
        while world.knotc(&["zone-status", DOMAIN]).is_err() {
            ensure!(Instant::now() < deadline, "knotd does not come up: {shown}/log");
            thread::sleep(Duration::from_millis(50));
        }
        Ok(world)
    }

    fn zone(&self) -> PathBuf {
        self.folder.join("dns").join(format!("{DOMAIN}.zone"))
    }

    /// The settings of a home that asks this name server and nobody else.
    fn settings(&self) -> String {
        let port = self.port;
        format!(
            "[dns]\nsystem = ['{DNS}:{port}']\npublic = []\nauthoritative-port = {port}\ntimeout-ms = 1500\n\
             [watch]\nfirst = 1\nlongest = 2\n"
        )
    }

    fn set(&self, record: &str) -> Result<()> {
        fs::write(self.zone(), zone(record))?;
        self.reload()
    }

    fn reload(&self) -> Result<()> {
        self.knotc(&["-b", "zone-reload", DOMAIN]).map(|_| ())
    }

    fn changed(&self) -> Result<SystemTime> {
        Ok(fs::metadata(self.zone())?.modified()?)
    }

    fn knotc(&self, arguments: &[&str]) -> Result<String> {
        let socket = self.folder.join("dns/knot.sock");
        shell::output(Command::new("/usr/sbin/knotc").arg("-s").arg(socket).args(arguments))
    }
}

fn zone(record: &str) -> String {
    format!(
        "$ORIGIN {DOMAIN}.\n$TTL 5\n@ SOA ns1 host 1 3600 600 86400 3\n@ NS ns1\nns1 A {DNS}\n@ A {DNS}\n{record}\n"
    )
}

fn console(programs: &Programs, folder: &Path, dns: u16) -> Result<(Background, BufReader<ChildStdout>, Value)> {
    let dir = folder.join("console");
    fs::create_dir_all(&dir)?;
    let log = fs::File::create(folder.join("console.log"))?;
    let mut serve = programs.command("chopmark-demo-ca");
    serve.args(["ussl", "--dns", &format!("{DNS}:{dns}"), "--dir"]).arg(&dir);
    let mut child = serve.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn()?;
    let mut stdout = BufReader::new(child.stdout.take().context("no standard output")?);
    let child = Background(child);
    let mut line = String::new();
    stdout.read_line(&mut line)?;
    let ready = serde_json::from_str(&line).with_context(|| format!("the console did not start: {line}"))?;
    Ok((child, stdout, ready))
}

fn free_port() -> Result<u16> {
    for _ in 0..50 {
        let port = UdpSocket::bind((DNS, 0))?.local_addr()?.port();
        if TcpListener::bind((DNS, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port")
}
