//! What can go wrong outside the protocol; what goes wrong inside it is answered to the client.

use std::path::{Path, PathBuf};

/// An error of the demo CA.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder or a file in it.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The network.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The database.
    #[error("database: {0}")]
    Database(#[from] rusqlite::Error),
    /// A message cannot be made.
    #[error("CMP: {0}")]
    Protocol(#[from] cmp_protocol::Error),
    /// A key or certificate cannot be made or read.
    #[error("certificate or key: {0}")]
    Certificate(String),
    /// What was asked for does not make sense.
    #[error("{0}")]
    Usage(String),
}

/// Result of the demo CA.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| Error::File { path, source }
    }

    pub(crate) fn certificate(error: impl std::fmt::Display) -> Error {
        Error::Certificate(error.to_string())
    }
}
