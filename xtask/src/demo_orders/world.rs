//! What the demo has on this computer: the domain's name server and web server, and the console, all on loopback.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{TcpListener, TcpStream, UdpSocket},
    path::{Path, PathBuf},
    process::{ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::DOMAIN;
use crate::{
    programs::Programs,
    shell::{self, Background},
};

const DNS: &str = "127.0.0.61";

/// The domain's name server and web server and the console, stopped when this goes.
pub(super) struct World {
    pub(super) folder: PathBuf,
    port: u16,
    web_port: u16,
    pub(super) ready: Value,
    _servers: [Background; 3],
    /// Dropped, the console could not write its next line.
    _stdout: BufReader<ChildStdout>,
}

impl World {
    pub(super) fn start(programs: &Programs, folder: &Path) -> Result<World> {
        let (port, web_port) = (free_port()?, free_port()?);
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
        let web = web_server(folder, web_port)?;
        let (console, stdout, ready) = console(programs, folder, port, web_port)?;
        let _servers = [knot, web, console];
        let world = World { folder: folder.to_owned(), port, web_port, ready, _servers, _stdout: stdout };
        let deadline = Instant::now() + Duration::from_secs(20);
        while world.knotc(&["zone-status", DOMAIN]).is_err() {
            ensure!(Instant::now() < deadline, "knotd does not come up: {shown}/log");
            thread::sleep(Duration::from_millis(50));
        }
        Ok(world)
    }

    /// The web server's folder.
    pub(super) fn site(&self) -> PathBuf {
        self.folder.join("www")
    }

    pub(super) fn zone(&self) -> PathBuf {
        self.folder.join("dns").join(format!("{DOMAIN}.zone"))
    }

    /// The settings of a home that asks this name server and nobody else.
    pub(super) fn settings(&self) -> String {
        let (port, web) = (self.port, self.web_port);
        format!(
            "[dns]\nsystem = ['{DNS}:{port}']\npublic = []\nauthoritative-port = {port}\ntimeout-ms = 1500\n\
             [web]\nhttp-port = {web}\nlocal-addresses = true\ntimeout-ms = 1500\n[watch]\nfirst = 1\nlongest = 2\n"
        )
    }

    pub(super) fn set(&self, record: &str) -> Result<()> {
        fs::write(self.zone(), zone(record))?;
        self.reload()
    }

    pub(super) fn reload(&self) -> Result<()> {
        self.knotc(&["-b", "zone-reload", DOMAIN]).map(|_| ())
    }

    pub(super) fn changed(&self) -> Result<SystemTime> {
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

/// The domain's web server, by `http:` alone.
fn web_server(folder: &Path, port: u16) -> Result<Background> {
    let dir = folder.join("nginx");
    fs::create_dir_all(folder.join("www"))?;
    fs::create_dir_all(&dir)?;
    let (shown, site) = (dir.display(), folder.join("www"));
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("{what}_temp_path {shown}/{what}; "))
        .concat();
    let configuration = format!(
        "daemon off; master_process off; worker_processes 1; pid {shown}/pid; error_log stderr warn;\n\
         events {{ worker_connections 64; }}\n\
         http {{ access_log off; default_type text/plain; {temporary}\n\
         server {{ listen {DNS}:{port}; server_name {DOMAIN}; root {}; }}\n}}\n",
        site.display()
    );
    fs::write(dir.join("nginx.conf"), configuration)?;
    let log = fs::File::create(dir.join("log"))?;
    let mut nginx = Command::new("/usr/sbin/nginx");
    nginx.arg("-p").arg(&dir).arg("-c").arg(dir.join("nginx.conf")).stdin(Stdio::null()).stdout(log.try_clone()?);
    let nginx = Background(nginx.stderr(log).spawn().context("cannot start nginx (apt-get install nginx-light)")?);
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect((DNS, port)).is_err() {
        ensure!(Instant::now() < deadline, "nginx does not come up: {shown}/log");
        thread::sleep(Duration::from_millis(50));
    }
    Ok(nginx)
}

fn console(
    programs: &Programs,
    folder: &Path,
    dns: u16,
    web: u16,
) -> Result<(Background, BufReader<ChildStdout>, Value)> {
    let dir = folder.join("console");
    fs::create_dir_all(&dir)?;
    let log = fs::File::create(folder.join("console.log"))?;
    let mut serve = programs.command("chopmark-demo-ca");
    serve.args(["ussl", "--dns", &format!("{DNS}:{dns}"), "--http-port", &web.to_string(), "--dir"]).arg(&dir);
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
