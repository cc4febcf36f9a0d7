//! A running demo CA: its folder, its address, its profile, its end.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Serialize;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    ServeFaults,
    authority::write,
    error::{Error, Result},
    http, invitation,
    protocol::Ca,
};

/// How to serve.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; loopback only. Port 0 takes the port of the last start if it is free, else any.
    pub listen: SocketAddr,
    /// Grant implicit confirmation to those who ask for it.
    pub implicit_confirm: bool,
    /// Where certificates say that the CRL is; `None`: they do not say. The CRL is at `/crl` of this server, but its port
    /// may be another after the next start.
    pub crl_url: Option<String>,
    /// Make a second generation of the root, for those who ask for it.
    pub new_root: bool,
    /// Write a line per message to standard error.
    pub log: bool,
    /// Faults to order.
    pub faults: ServeFaults,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            implicit_confirm: false,
            crl_url: None,
            new_root: false,
            log: false,
            faults: ServeFaults::default(),
        }
    }
}

/// A running demo CA. Dropped, it stops.
#[derive(Debug)]
pub struct DemoCa {
    url: String,
    root: PathBuf,
    profile: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl DemoCa {
    /// Starts the CA of `dir`; makes it on the first start.
    ///
    /// # Errors
    /// [`Error::Usage`] for an address that is not loopback; folder, database or port cannot be used.
    pub async fn start(dir: &Path, options: Options) -> Result<DemoCa> {
        if !options.listen.ip().is_loopback() {
            return Err(Error::Usage(format!(
                "{} is not a loopback address: the demo CA is for trying out and answers this computer only",
                options.listen.ip()
            )));
        }
        let dir = make_folder(dir)?;
        let ca = Ca::open(&dir, &options, now())?;
        if options.new_root {
            crate::renew_root(&dir)?;
        }
        let last = ca.ledger.read(|books| books.fact("url"))?;
        let (listener, address) = listen(options.listen, last.as_deref()).await?;
        let base = format!("http://{address}");
        ca.ledger.write(|books| books.set_fact("url", &base))?;
        let url = format!("{base}/.well-known/cmp");
        let profile = profile(&url, &ca.authority.root_pem()?)?;
        let file = dir.join("profile.toml");
        write(&file, profile.as_bytes(), 0o644)?;
        let face = http::Face {
            root: ca.authority.root_pem()?,
            ca,
            profile,
            log: options.log,
            faults: options.faults,
            messages: AtomicU64::new(0),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(http::serve(listener, Arc::new(face), async {
            let _ = stopped.await; // Also when the handle is dropped.
        }));
        Ok(DemoCa { url, root: dir.join("root.pem"), profile: file, stop: Some(stop), serving })
    }

    /// URL for CMP.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// File with the root's certificate, PEM.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// File with the profile, TOML.
    pub fn profile(&self) -> &Path {
        &self.profile
    }

    /// Finishes what is being answered and ends.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        // A client that keeps its connection open does not keep us.
        if tokio::time::timeout(Duration::from_secs(3), &mut self.serving).await.is_err() {
            self.serving.abort();
        }
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

pub(crate) fn make_folder(dir: &Path) -> Result<PathBuf> {
    if !dir.exists() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(dir).map_err(Error::file(dir))?;
    }
    std::path::absolute(dir).map_err(Error::file(dir))
}

/// The last port again, where any will do: profiles and waiting clients then still find us.
async fn listen(wanted: SocketAddr, last: Option<&str>) -> Result<(TcpListener, SocketAddr)> {
    let last = last.and_then(|url| url.strip_prefix("http://")?.parse::<SocketAddr>().ok());
    let again = last.filter(|last| wanted.port() == 0 && last.ip() == wanted.ip());
    let listener = match again {
        Some(last) => match TcpListener::bind(last).await {
            Ok(listener) => Ok(listener),
            Err(_) => TcpListener::bind(wanted).await,
        },
        None => TcpListener::bind(wanted).await,
    };
    let failed = |source| Error::Listen { address: wanted, source };
    let listener = listener.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// The profile as `chopmark-core` reads it (`CaProfile`).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Profile<'a> {
    name: &'a str,
    title: &'a str,
    url: &'a str,
    roots: [&'a str; 1],
    tls_roots: [&'a str; 0],
    keys: [&'a str; 0],
    demo: bool,
    cmp: Cmp<'a>,
    codes: CodesOf<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CodesOf<'a> {
    alphabet: &'a str,
    tries_in_error_code: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cmp<'a> {
    request: &'a str,
    protection: &'a str,
    iterations: u32,
    clock_tolerance: u64,
    recipient: &'a str,
    implicit_confirm: bool,
}

fn profile(url: &str, root: &str) -> Result<String> {
    let profile = Profile {
        name: "demo",
        title: "Chopmark demo CA",
        url,
        roots: [root],
        tls_roots: [],
        keys: [],
        demo: true,
        cmp: Cmp {
            request: "ir",
            protection: "pbm-sha256",
            iterations: 10_000,
            clock_tolerance: 300,
            recipient: "",
            implicit_confirm: false,
        },
        codes: CodesOf { alphabet: &invitation::code_characters(), tries_in_error_code: true },
    };
    toml::to_string_pretty(&profile).map_err(|error| Error::Usage(format!("the profile cannot be written: {error}")))
}
