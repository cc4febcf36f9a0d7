//! Web servers that nobody here wrote, started with the files that Chopmark wrote for them.

use std::{
    fs::{self, File},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::bench::programs::run;

/// A running web server with TLS on loopback.
pub struct WebServer {
    _folder: TempDir,
    child: Child,
    port: u16,
}

impl Drop for WebServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl WebServer {
    /// nginx with a server block that includes this file; `environment` is handed on, for a driver's settings.
    pub fn nginx(lines: &Path, environment: &[(String, String)]) -> WebServer {
        let (folder, port) = (tempfile::tempdir().expect("a temporary folder"), free_port());
        let (dir, lines) = (folder.path().display(), lines.display());
        let handed_on: String = environment.iter().map(|(name, _)| format!("env {name};\n")).collect();
        let text = format!(
            "daemon off; master_process off; worker_processes 1; pid {dir}/pid; error_log stderr warn;\n{handed_on}\
             events {{ worker_connections 64; }}\nhttp {{ access_log off;\n\
             client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3; uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5;\n\
             server {{ listen 127.0.0.1:{port} ssl; include \"{lines}\"; return 200 'here I am'; }} }}\n"
        );
        let configuration = folder.path().join("nginx.conf");
        fs::write(&configuration, text).expect("a configuration");
        let mut nginx = Command::new("/usr/sbin/nginx");
        nginx.arg("-p").arg(folder.path()).arg("-c").arg(&configuration);
        nginx.envs(environment.iter().map(|(name, value)| (name, value)));
        WebServer::start(folder, nginx, port)
    }

    /// Apache httpd with a virtual host that includes this file.
    pub fn apache(lines: &Path) -> WebServer {
        let (folder, port) = (tempfile::tempdir().expect("a temporary folder"), free_port());
        let (dir, lines) = (folder.path().display(), lines.display());
        let modules: String = ["mpm_event", "authz_core", "ssl", "socache_shmcb"]
            .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
            .concat();
        let text = format!(
            "ServerName localhost\nServerRoot {dir}\nDefaultRuntimeDir {dir}\nPidFile {dir}/pid\nErrorLog {dir}/error\n{modules}\
             User www-data\nGroup www-data\nListen 127.0.0.1:{port}\nDocumentRoot {dir}\n\
             <VirtualHost 127.0.0.1:{port}>\nSSLEngine on\nInclude \"{lines}\"\n</VirtualHost>\n"
        );
        let configuration = folder.path().join("apache.conf");
        fs::write(&configuration, text).expect("a configuration");
        let mut apache = Command::new("/usr/sbin/apache2");
        apache.arg("-f").arg(&configuration).arg("-X");
        WebServer::start(folder, apache, port)
    }

    fn start(folder: TempDir, mut command: Command, port: u16) -> WebServer {
        let log = folder.path().join("log");
        let file = File::create(&log).expect("a log");
        command.stdin(Stdio::null()).stdout(file.try_clone().expect("a log")).stderr(file);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error} (cargo xtask setup)"));
        let mut server = WebServer { _folder: folder, child, port };
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = server.child.try_wait().expect("its state");
            let said = || fs::read_to_string(&log).unwrap_or_default();
            assert!(ended.is_none() && Instant::now() < deadline, "{command:?} does not come up: {ended:?} {}", said());
            std::thread::sleep(Duration::from_millis(30));
        }
        server
    }

    /// SHA-256 of the certificate that it shows; its chain leads to this root, its name is right, and it is good for that purpose, as
    /// OpenSSL calls it.
    pub fn shown(&self, root: &Path, name: &str, purpose: &str) -> String {
        let mut client = Command::new("openssl");
        client.args(["s_client", "-connect", &format!("127.0.0.1:{}", self.port), "-servername", name]);
        client.args(["-verify_return_error", "-verify_hostname", name, "-purpose", purpose, "-CAfile"]).arg(root);
        let said = run(client.stdin(Stdio::null()));
        assert!(said.contains("Verify return code: 0 (ok)"), "{said}");
        let file = self._folder.path().join("shown.pem");
        fs::write(&file, said).expect("a file");
        let print = run(Command::new("openssl").args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(file));
        print.trim().rsplit('=').next().unwrap_or_default().replace(':', "").to_lowercase()
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}
