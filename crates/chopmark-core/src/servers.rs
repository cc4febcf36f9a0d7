//! What each web server wants: its files, and the lines of its configuration.

use std::path::{Path, PathBuf};

use sha1::{Digest, Sha1};

use crate::{
    error::{Code, Error, Result},
    exports::{Written, holds, pem_certificates, pem_key, pkcs12},
    files::{create_private_folder, write_whole},
    keys::software::SoftwareKey,
    model::{Place, ServerFile, ServerFileKind, ServerKey, ServerKind},
    ui::Secret,
};

const DOING: &str = "writing the files of a web server";
/// What Tomcat and Java call the entry.
const ALIAS: &str = "tomcat";
/// Stands where a person has to put something that we do not know or do not write down.
const PASSWORD: &str = "PASSWORD";
const PIN: &str = "PIN";

/// What there is to serve.
pub(crate) struct Served {
    /// The certificate first, then the intermediates.
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) key: HeldKey,
}

/// The private key, or where it is.
pub(crate) enum HeldKey {
    /// It goes into the files; the password is for PKCS#12.
    Here(SoftwareKey, Option<Secret>),
    /// It stays on that token.
    OnToken(Place, crate::place::PlaceExtras),
    InStore,
    Elsewhere,
}

impl HeldKey {
    pub(crate) fn is(&self) -> ServerKey {
        match self {
            HeldKey::Here(..) => ServerKey::Written,
            HeldKey::OnToken(..) => ServerKey::OnToken,
            HeldKey::InStore => ServerKey::InStore,
            HeldKey::Elsewhere => ServerKey::Elsewhere,
        }
    }

    /// The key's address (RFC 7512) without what leads to the driver: OpenSSL's own settings name that.
    fn address(&self) -> String {
        let HeldKey::OnToken(Place::Token { label, serial, .. }, extras) = self else { return String::new() };
        let serial = if label.is_none() { serial.clone() } else { None };
        let bare = Place::Token {
            label: label.clone(),
            serial,
            manufacturer: None,
            model: None,
            driver: None,
            pin_source: None,
        };
        // Certificate and key share the id; a label the key need not have. nginx reads `$` as the begin of a variable.
        let object = if extras.id.is_none() { extras.object.clone() } else { None };
        let extras = crate::place::PlaceExtras { object, id: extras.id.clone() };
        format!("{};type=private", bare.uri_with(&extras)).replace('$', "%24")
    }
}

/// Does this server take the key in a file that has a password?
pub(crate) fn wants_password(server: ServerKind) -> bool {
    matches!(server, ServerKind::Tomcat | ServerKind::Iis)
}

/// What is written into a folder for a server.
pub(crate) struct Bundle<'a> {
    pub(crate) server: ServerKind,
    pub(crate) folder: &'a Path,
    pub(crate) legacy: bool,
    pub(crate) replace: bool,
}

impl Bundle<'_> {
    /// Writes everything but what to do with it: the key first, for a certificate without it would look like success. Gives the files
    /// and the lines of the configuration.
    ///
    /// # Errors
    /// [`Code::FileExists`] before anything is written; [`Code::FileNotWritable`].
    pub(crate) fn write(&self, served: &Served, read_me: &str) -> Result<(Vec<ServerFile>, String)> {
        create_private_folder(self.folder).map_err(|error| {
            Error::new(Code::FileNotWritable, DOING).with("path", self.folder.display()).because(error)
        })?;
        let lines = self.lines(served);
        let mut parts = self.parts(served)?;
        parts.push((self.lines_file(), ServerFileKind::Lines, lines.clone().into_bytes()));
        parts.push(("README.txt", ServerFileKind::ReadMe, read_me.as_bytes().to_vec()));
        let there = parts.iter().map(|(name, ..)| self.path(name)).find(|path| path.exists());
        if let Some(path) = there.filter(|_| !self.replace) {
            return Err(Error::new(Code::FileExists, DOING).with("path", path.display()));
        }
        let mut files = Vec::new();
        for (name, what, bytes) in parts {
            let (path, bytes) = (self.path(name), zeroize::Zeroizing::new(bytes));
            write_whole(&path, &bytes, self.replace)?;
            self.read_back(&path, what, &bytes, served)?;
            files.push(ServerFile { path: path.display().to_string(), what });
        }
        Ok((files, lines))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Files with certificates and the key.
    fn parts(&self, served: &Served) -> Result<Vec<(&'static str, ServerFileKind, Vec<u8>)>> {
        use ServerFileKind::{Certificate, Chain, FullChain, Key, KeyStore};
        let (all, chain) = (&served.certificates, served.certificates.get(1..).unwrap_or_default());
        let pem = |some: &[Vec<u8>]| pem_certificates(some).map(String::into_bytes);
        let mut parts = Vec::new();
        match (&served.key, self.server) {
            (HeldKey::Here(key, Some(password)), ServerKind::Tomcat | ServerKind::Iis) => {
                let bytes = pkcs12(ALIAS, key, all, password, self.legacy)?;
                parts.push((self.store_file(), KeyStore, bytes));
                return Ok(parts);
            }
            (HeldKey::Here(key, _), _) => parts.push(("key.pem", Key, pem_key(key, None)?.as_bytes().to_vec())),
            _ => {}
        }
        if self.server == ServerKind::Nginx {
            parts.push(("fullchain.pem", FullChain, pem(all)?));
            return Ok(parts);
        }
        if !chain.is_empty() {
            parts.push(("chain.pem", Chain, pem(chain)?));
        }
        parts.push(("cert.pem", Certificate, pem(&all[..1])?));
        Ok(parts)
    }

    fn store_file(&self) -> &'static str {
        if self.server == ServerKind::Iis { "site.pfx" } else { "keystore.p12" }
    }

    fn lines_file(&self) -> &'static str {
        match self.server {
            ServerKind::Nginx => "nginx.conf",
            ServerKind::Apache => "apache.conf",
            ServerKind::Tomcat => "tomcat.xml",
            ServerKind::Iis => "iis.ps1",
        }
    }

    fn read_back(&self, path: &Path, what: ServerFileKind, written: &[u8], served: &Served) -> Result<()> {
        let bad = || Error::new(Code::FileNotWritable, "reading back a file").with("path", path.display());
        let read = std::fs::read(path).map(zeroize::Zeroizing::new).map_err(|error| bad().because(error))?;
        let good = match (what, &served.key) {
            (ServerFileKind::KeyStore, HeldKey::Here(_, Some(password))) => {
                holds(&Written::Pkcs12(&read, password), &served.certificates)
            }
            (ServerFileKind::Key, _) => holds(&Written::Key(&read, None), &served.certificates),
            (ServerFileKind::FullChain, _) => holds(&Written::Certificates(&read), &served.certificates),
            _ => *read == *written,
        };
        if good { Ok(()) } else { Err(bad()) }
    }

    /// The lines of the server's configuration.
    fn lines(&self, served: &Served) -> String {
        let chain = served.certificates.len() > 1;
        match self.server {
            ServerKind::Nginx => self.nginx(&served.key),
            ServerKind::Apache => self.apache(&served.key, chain),
            ServerKind::Tomcat => self.tomcat(&served.key, chain),
            ServerKind::Iis => self.iis(&served.key, &served.certificates),
        }
    }

    /// A path as configurations of Unix' servers have it, which take `/` on Windows, too.
    fn quoted(&self, name: &str) -> String {
        let path = self.path(name).display().to_string();
        let path = if std::path::MAIN_SEPARATOR == '\\' { path.replace('\\', "/") } else { path.replace('\\', "\\\\") };
        format!("\"{}\"", path.replace('"', "\\\""))
    }

    fn nginx(&self, key: &HeldKey) -> String {
        let chain = self.quoted("fullchain.pem");
        let key = match key.is() {
            ServerKey::OnToken => {
                let address = key.address();
                let newer =
                    format!("# nginx 1.29 with OpenSSL's pkcs11-provider: ssl_certificate_key \"store:{address}\";\n");
                return format!(
                    "{newer}ssl_certificate     {chain};\nssl_certificate_key \"engine:pkcs11:{address}\";\n"
                );
            }
            _ => self.quoted("key.pem"),
        };
        format!("ssl_certificate     {chain};\nssl_certificate_key {key};\n")
    }

    fn apache(&self, key: &HeldKey, chain: bool) -> String {
        let key = match key.is() {
            ServerKey::OnToken => format!("\"{}\"", key.address()),
            _ => self.quoted("key.pem"),
        };
        let chain = match chain {
            true => format!("SSLCertificateChainFile {}\n", self.quoted("chain.pem")),
            false => String::new(),
        };
        format!("SSLCertificateFile      {}\n{chain}SSLCertificateKeyFile   {key}\n", self.quoted("cert.pem"))
    }

    fn tomcat(&self, key: &HeldKey, chain: bool) -> String {
        let path = |name: &str| escaped(&self.path(name).display().to_string());
        let certificate = match key {
            HeldKey::Here(..) => format!(
                "certificateKeystoreFile=\"{}\"\n                 certificateKeystoreType=\"PKCS12\" certificateKeyAlias=\"{ALIAS}\"\n                 \
                 certificateKeystorePassword=\"{PASSWORD}\"",
                path("keystore.p12")
            ),
            HeldKey::OnToken(_, extras) => format!(
                "certificateKeystoreType=\"PKCS11\" certificateKeystoreProvider=\"SunPKCS11\" certificateKeystoreFile=\"NONE\"\n                 \
                 certificateKeyAlias=\"{}\" certificateKeystorePassword=\"{PIN}\"",
                escaped(extras.object.as_deref().unwrap_or_default())
            ),
            HeldKey::InStore | HeldKey::Elsewhere => {
                let chain = match chain {
                    true => format!("\n                 certificateChainFile=\"{}\"", path("chain.pem")),
                    false => String::new(),
                };
                let (certificate, key) = (path("cert.pem"), path("key.pem"));
                format!("certificateFile=\"{certificate}\"\n                 certificateKeyFile=\"{key}\"{chain}")
            }
        };
        format!("<SSLHostConfig>\n    <Certificate {certificate} />\n</SSLHostConfig>\n")
    }

    fn iis(&self, key: &HeldKey, certificates: &[Vec<u8>]) -> String {
        let path = |name: &str| format!("'{}'", self.path(name).display().to_string().replace('\'', "''"));
        let thumbprint: String = Sha1::digest(&certificates[0]).iter().map(|byte| format!("{byte:02X}")).collect();
        let first = match key {
            HeldKey::Here(..) => format!(
                "Import-PfxCertificate -FilePath {} -CertStoreLocation Cert:\\LocalMachine\\My -Password (Read-Host -AsSecureString)\n",
                path("site.pfx")
            ),
            HeldKey::InStore => String::new(),
            HeldKey::OnToken(..) | HeldKey::Elsewhere => {
                format!("certutil -addstore My {}\ncertutil -repairstore My {thumbprint}\n", path("cert.pem"))
            }
        };
        let above = match (key, certificates.len() > 1) {
            (HeldKey::Here(..), _) | (_, false) => String::new(),
            _ => format!("certutil -addstore CA {}\n", path("chain.pem")),
        };
        format!(
            "{first}{above}New-IISSiteBinding -Name 'Default Web Site' -BindingInformation '*:443:' -Protocol https -CertificateThumbPrint \
             {thumbprint} -CertStoreLocation Cert:\\LocalMachine\\My\n"
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
