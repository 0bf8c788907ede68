//! Why a listener does not start.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Why a listener does not start. Each message says in one line what to change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Another process listens there.
    #[error("cannot listen on {0}: the port is taken; stop what listens there, or choose another")]
    PortTaken(SocketAddr),
    /// The process may not listen there.
    #[error("cannot listen on {0}: permission denied; choose a port above 1023")]
    PermissionDenied(SocketAddr),
    /// This machine does not have the address.
    #[error("cannot listen on {0}: this machine does not have the address")]
    AddressNotAvailable(SocketAddr),
    /// The system refused for another reason.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The error of the system.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// A file is not a PEM file.
    #[error("{} is not a PEM file", .0.display())]
    NotPem(PathBuf),
    /// A file holds no certificate.
    #[error("{} holds no certificate", .0.display())]
    NoCertificate(PathBuf),
    /// A file holds no private key.
    #[error("{} holds no private key", .0.display())]
    NoKey(PathBuf),
    /// The key does not belong to the certificate.
    #[error("the key in {} is not that of the certificate in {}", key.display(), certificate.display())]
    KeyMismatch {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// The certificate or the key cannot be used for TLS.
    #[error("the certificate in {} cannot be used: {source}", certificate.display())]
    Unusable {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The error of the TLS library.
        source: rustls::Error,
    },
}

impl ListenError {
    pub(super) fn bind(address: SocketAddr, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::PortTaken(address),
            io::ErrorKind::PermissionDenied => Self::PermissionDenied(address),
            io::ErrorKind::AddrNotAvailable => Self::AddressNotAvailable(address),
            _ => Self::Bind { address, source },
        }
    }

    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }
}
