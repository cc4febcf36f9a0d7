//! A small DNS and web of its own on loopback: knot as the servers of zones, dnsmasq as one with bad manners, unbound as
//! resolver, nginx as web server. Nobody else is ever asked.
//!
//! Every server has an address of its own in 127.0.0.0/8; ports are the same for all and free when the world is made.

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{TcpListener, TcpStream, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::bench::programs::run;

/// The first server of every zone.
pub const FIRST: &str = "127.0.0.11";
/// The second one, which serves `test.` too: it knows of the zones below only that others have them.
pub const SECOND: &str = "127.0.0.12";
/// Takes questions and never answers.
pub const SILENT: &str = "127.0.0.13";
/// Answers as no server should: other records beside a CNAME; refuses the rest.
pub const QUIRKY: &str = "127.0.0.14";
/// A resolver that checks signatures.
pub const RESOLVER: &str = "127.0.0.21";
/// The same under another address.
pub const RESOLVER_TOO: &str = "127.0.0.22";
/// The web server; `[::1]` too.
pub const WEB: &str = "127.0.0.31";
/// Nobody listens here.
pub const NOBODY: &str = "127.0.0.32";
/// Takes connections and never answers.
pub const WEB_SILENT: &str = "127.0.0.33";
/// Speaks something else than HTTP and TLS.
pub const WEB_GARBLED: &str = "127.0.0.34";

/// A zone and where it is served.
#[derive(Clone, Default)]
pub struct Zone {
    /// Its name.
    pub name: String,
    /// Its records on [`FIRST`], in zone file form, besides SOA and the first NS.
    pub first: String,
    /// The same on [`SECOND`]; `None`: it does not serve the zone.
    pub second: Option<String>,
    /// It is served by [`SECOND`], which cannot load it.
    pub second_fails: bool,
    /// Signed by [`FIRST`].
    pub signed: bool,
    /// DS record that the resolver believes in; `right`: that of the key the zone is signed with.
    pub anchor: Option<&'static str>,
    /// Address that the resolver asks for the zone.
    pub stub: Option<&'static str>,
}

/// The running servers.
pub struct DomainWorld {
    folder: TempDir,
    servers: Vec<Child>,
    _silent: (UdpSocket, TcpListener),
    /// Port of all name servers.
    pub dns_port: u16,
    /// Port of the web server.
    pub http_port: u16,
    /// The same with TLS.
    pub https_port: u16,
}

impl Drop for DomainWorld {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

impl DomainWorld {
    /// Starts servers for these zones; `sites`: server blocks of nginx (`HTTP` and `HTTPS` stand for all `listen` lines,
    /// `ROOT` for the folder of [`DomainWorld::write`]).
    pub fn start(zones: &[Zone], sites: &str, quirky: &str) -> DomainWorld {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (dns_port, silent) = free_dns_port();
        let (http_port, https_port) = free_web_ports();
        let listener = TcpListener::bind((WEB_SILENT, http_port)).expect("a free port");
        let mut world =
            DomainWorld { folder, servers: Vec::new(), _silent: (silent, listener), dns_port, http_port, https_port };
        world.start_knot("first", FIRST, zones);
        world.start_knot("second", SECOND, zones);
        world.start_quirky(quirky);
        world.start_resolver(zones);
        world.start_nginx(sites);
        garble(http_port);
        garble(https_port);
        world
    }

    /// The settings of a home that asks these servers and nobody else.
    pub fn settings(&self) -> String {
        let (dns, http, https) = (self.dns_port, self.http_port, self.https_port);
        format!(
            "[dns]\nsystem = ['{RESOLVER}:{dns}']\npublic = [{{ name = 'Public', address = '{RESOLVER_TOO}:{dns}' }}]\n\
             authoritative-port = {dns}\ntimeout-ms = 1500\n\
             [web]\nhttp-port = {http}\nhttps-port = {https}\ntimeout-ms = 3000\nlocal-addresses = true\n\
             [watch]\nfirst = 1\nlongest = 2\n\
             [[ca]]\nname = 'ours'\ntitle = 'Our CA'\ndeadline-hours = 24\nissue-minutes = 20\n\
             methods = ['dns-cname', 'dns-txt', 'file']\ncaa = ['ca.example', 'ca2.example']\n"
        )
    }

    /// Folder of the web server's files.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("www")
    }

    /// Puts a file on the web server.
    pub fn write(&self, path: &str, content: &[u8]) {
        let file = self.root().join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, content).expect("a file");
    }

    /// Changes a zone of the first server, as its owner does.
    pub fn change_zone(&self, name: &str, records: &str) {
        let path = self.folder.path().join("first").join(format!("{name}.zone"));
        // Each change needs a higher serial number.
        let serial = 2 + fs::read_to_string(&path).expect("a zone").lines().count();
        fs::write(&path, zone_text(name, records, serial)).expect("a zone");
        self.knotc("first", &["-b", "zone-reload", name]);
    }

    fn knotc(&self, server: &str, arguments: &[&str]) {
        let socket = self.folder.path().join(server).join("knot.sock");
        run(Command::new(sbin("knotc")).arg("-s").arg(socket).args(arguments));
    }

    fn folder(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    fn spawn(&mut self, folder: &Path, command: &mut Command) {
        let log = File::create(folder.join("log")).expect("a log");
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error} (cargo xtask setup --for test)"));
        self.servers.push(child);
    }

    fn start_knot(&mut self, name: &str, address: &str, zones: &[Zone]) {
        let folder = self.folder(name);
        let dir = folder.display();
        let mut text = format!(
            "server:\n    listen: {address}@{}\n    rundir: {dir}\n    udp-workers: 1\n    tcp-workers: 1\n    background-workers: 1\n\
             log:\n  - target: stderr\n    any: warning\n\
             control:\n    listen: {dir}/knot.sock\n\
             database:\n    storage: {dir}/db\n    journal-db-max-size: 16M\n    kasp-db-max-size: 16M\n    timer-db-max-size: 4M\n\
             policy:\n  - id: quick\n    algorithm: ecdsap256sha256\n    single-type-signing: on\n\
             template:\n  - id: default\n    storage: {dir}\n    zonefile-sync: -1\n    zonefile-load: difference-no-serial\n    journal-content: all\n    semantic-checks: off\nzone:\n",
            self.dns_port
        );
        let second = name == "second";
        for zone in zones {
            let records = if second { zone.second.as_ref() } else { Some(&zone.first) };
            let fails = second && zone.second_fails;
            let Some(records) = records.filter(|_| !fails).cloned().or(fails.then(String::new)) else { continue };
            let file = format!("{}.zone", zone.name);
            if !fails {
                fs::write(folder.join(&file), zone_text(&zone.name, &records, 1)).expect("a zone");
            }
            text += &format!("  - domain: {}\n    file: {file}\n", zone.name);
            if zone.signed {
                text += "    dnssec-signing: on\n    dnssec-policy: quick\n";
            }
        }
        if second {
            let names = zones.iter().filter(|zone| zone.name != "test");
            // Delegations: nothing of these zones is known here but who has them.
            let delegations: String =
                names.map(|zone| format!("{0}. NS ns1.{0}.\nns1.{0}. A {FIRST}\n", zone.name)).collect();
            fs::write(folder.join("test.zone"), zone_text("test", &delegations, 1)).expect("a zone");
            text += "  - domain: test\n    file: test.zone\n";
        }
        let configuration = folder.join("knot.conf");
        fs::create_dir_all(folder.join("db")).expect("a folder");
        fs::write(&configuration, text).expect("a configuration");
        self.spawn(&folder, Command::new(sbin("knotd")).arg("-c").arg(&configuration));
        self.wait_for(&folder, || answers(address, self.dns_port));
    }

    fn start_quirky(&mut self, records: &str) {
        let folder = self.folder("quirky");
        let configuration = folder.join("dnsmasq.conf");
        let text = format!(
            "keep-in-foreground\nlisten-address={QUIRKY}\nbind-interfaces\nexcept-interface=nothing\nport={}\nno-resolv\n\
             no-hosts\nuser=\ngroup=\npid-file\nlog-facility=-\n{records}",
            self.dns_port
        );
        fs::write(&configuration, text).expect("a configuration");
        let mut dnsmasq = Command::new(sbin("dnsmasq"));
        self.spawn(&folder, dnsmasq.arg(format!("--conf-file={}", configuration.display())));
        self.wait_for(&folder, || answers(QUIRKY, self.dns_port));
    }

    fn start_resolver(&mut self, zones: &[Zone]) {
        let folder = self.folder("resolver");
        let mut text = format!(
            "server:\n  interface: {RESOLVER}\n  interface: {RESOLVER_TOO}\n{}  local-zone: \"test.\" nodefault\n  \
             do-not-query-localhost: no\n  qname-minimisation: no\n  infra-host-ttl: 0\n",
            unbound_basics(&folder, self.dns_port)
        );
        for zone in zones {
            match zone.anchor {
                Some("right") => text += &format!("  trust-anchor: \"{}\"\n", self.ds_of(&zone.name)),
                Some(ds) => text += &format!("  trust-anchor: \"{}. DS {ds}\"\n", zone.name),
                None => {}
            }
        }
        for zone in zones {
            let (name, stub) = (&zone.name, zone.stub.unwrap_or(FIRST));
            text += &format!("stub-zone:\n  name: \"{name}.\"\n  stub-addr: {stub}@{}\n", self.dns_port);
        }
        text += &format!("stub-zone:\n  name: \"test.\"\n  stub-addr: {SECOND}@{}\n", self.dns_port);
        self.start_unbound(&folder, &text, RESOLVER);
    }

    fn start_unbound(&mut self, folder: &Path, text: &str, address: &str) {
        let configuration = folder.join("unbound.conf");
        fs::write(&configuration, text).expect("a configuration");
        self.spawn(folder, Command::new(sbin("unbound")).arg("-d").arg("-c").arg(&configuration));
        self.wait_for(folder, || answers(address, self.dns_port));
    }

    /// The DS record of the key that the first server made for a zone.
    fn ds_of(&self, zone: &str) -> String {
        let configuration = self.folder.path().join("first/knot.conf");
        let mut keymgr = Command::new(sbin("keymgr"));
        let text = run(keymgr.arg("-c").arg(configuration).args([zone, "ds"]));
        text.lines().find(|line| line.contains(" 13 2 ")).unwrap_or_else(|| panic!("no DS: {text}")).to_owned()
    }

    fn start_nginx(&mut self, sites: &str) {
        let folder = self.folder("nginx");
        fs::create_dir_all(self.root()).expect("a folder");
        let (dir, http, https) = (folder.display(), self.http_port, self.https_port);
        run(Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9"])
            .args(["-subj", "/CN=loopback", "-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
            .arg(folder.join("key.pem"))
            .arg("-out")
            .arg(folder.join("cert.pem")));
        let listen_http = format!("listen {WEB}:{http}; listen [::1]:{http};");
        let listen_https = format!("listen {WEB}:{https} ssl; listen [::1]:{https} ssl;");
        let sites = sites
            .replace("HTTPS4;", &format!("listen {WEB}:{https} ssl;"))
            .replace("HTTP4;", &format!("listen {WEB}:{http};"))
            .replace("HTTP6;", &format!("listen [::1]:{http};"))
            .replace("HTTPS;", &listen_https)
            .replace("HTTP;", &listen_http)
            .replace("ROOT", &self.root().display().to_string());
        let text = format!(
            "daemon off; master_process off; worker_processes 1; pid {dir}/pid; error_log stderr warn;\n\
             events {{ worker_connections 512; }}\n\
             http {{ access_log off; default_type text/plain; server_names_hash_bucket_size 128; server_tokens off;\n\
             client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3; uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5;\n\
             ssl_certificate {dir}/cert.pem; ssl_certificate_key {dir}/key.pem;\n\
             server {{ {listen_http} {listen_https} server_name _; return 404; }}\n{sites}\n}}\n"
        );
        let configuration = folder.join("nginx.conf");
        fs::write(&configuration, text).expect("a configuration");
        self.spawn(&folder, Command::new(sbin("nginx")).arg("-p").arg(&folder).arg("-c").arg(&configuration));
        self.wait_for(&folder, || TcpStream::connect((WEB, http)).is_ok());
    }

    fn wait_for(&self, folder: &Path, up: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !up() {
            let log = || fs::read_to_string(folder.join("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "{} does not come up: {}", folder.display(), log());
            std::thread::sleep(Duration::from_millis(30));
        }
    }
}

/// What the servers are made of; Debian keeps them out of people's PATH.
fn sbin(name: &str) -> PathBuf {
    let path = Path::new("/usr/sbin").join(name);
    if path.exists() { path } else { PathBuf::from(name) }
}

fn unbound_basics(folder: &Path, port: u16) -> String {
    let dir = folder.display();
    format!(
        "  port: {port}\n  do-daemonize: no\n  username: \"\"\n  chroot: \"\"\n  directory: \"{dir}\"\n  pidfile: \"{dir}/pid\"\n  \
         use-syslog: no\n  access-control: 127.0.0.0/8 allow\n  num-threads: 1\n  module-config: \"validator iterator\"\n  \
         do-ip6: no\n  root-hints: \"\"\n  hide-identity: yes\n"
    )
}

fn zone_text(name: &str, records: &str, serial: usize) -> String {
    // A zone that brings its own NS records is not given ours.
    let own = records.lines().any(|line| line.trim_start().starts_with("@ NS"));
    let ns = if own { "" } else { "@ NS ns1\n" };
    format!(
        "$ORIGIN {name}.\n$TTL 60\n@ SOA ns1 host {serial} 3600 600 86400 3\n{ns}ns1 A {FIRST}\nns2 A {SECOND}\n\
         silent A {SILENT}\nquirky A {QUIRKY}\n{records}\n"
    )
}

/// Asks for the root's SOA; any answer will do.
fn answers(address: &str, port: u16) -> bool {
    let question = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1];
    let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_millis(100))).expect("a time");
    let mut buffer = [0; 512];
    socket.send_to(&question, (address, port)).is_ok() && socket.recv(&mut buffer).is_ok()
}

/// A port that is free on every address of a name server, and the silent server on it.
fn free_dns_port() -> (u16, UdpSocket) {
    for _ in 0..50 {
        let silent = UdpSocket::bind((SILENT, 0)).expect("a port");
        let port = silent.local_addr().expect("an address").port();
        let free = [FIRST, SECOND, QUIRKY, RESOLVER, RESOLVER_TOO]
            .iter()
            .all(|ip| UdpSocket::bind((*ip, port)).is_ok() && TcpListener::bind((*ip, port)).is_ok());
        if free {
            return (port, silent);
        }
    }
    panic!("no free port")
}

fn free_web_ports() -> (u16, u16) {
    let free = || loop {
        let port = TcpListener::bind((WEB, 0)).and_then(|one| one.local_addr()).expect("a port").port();
        if TcpListener::bind(("::1", port)).is_ok() && TcpListener::bind((WEB_GARBLED, port)).is_ok() {
            return port;
        }
    };
    (free(), free())
}

/// A server that greets as a mail server does.
fn garble(port: u16) {
    let listener = TcpListener::bind((WEB_GARBLED, port)).expect("a free port");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.write_all(b"220 mail.example ESMTP\r\n");
            let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
            let _ = stream.read(&mut [0; 256]);
        }
    });
}
