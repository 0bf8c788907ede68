//! TLS by rustls, with certificates from files that may change.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig};
use tokio_rustls::TlsAcceptor;

use super::{ListenError, TlsFiles};

/// How often the modification times of the files are checked.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);

/// The certificate and the TLS configuration of a listener.
pub(super) struct Tls {
    files: TlsFiles,
    current: Arc<Current>,
    config: Arc<ServerConfig>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

/// The certificate in use.
#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Tls {
    /// Reads the files.
    pub(super) fn load(files: TlsFiles) -> Result<Self, ListenError> {
        let current = Arc::new(Current(ArcSwap::from_pointee(read(&files)?)));
        let unusable =
            |source| ListenError::Unusable { certificate: files.certificate.clone(), source };
        let mut config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { current, config: config.into(), files })
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.config).into()
    }

    /// Reads the files again when they change. Never ends.
    pub(super) async fn follow_files(&self) {
        let mut seen = self.modified();
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            let now = self.modified();
            if now != seen {
                seen = now;
                self.reload();
            }
        }
    }

    /// Reads the files again. If they cannot be used, the old certificate stays in use.
    pub(super) fn reload(&self) {
        match read(&self.files) {
            Ok(certified) => {
                self.current.0.store(Arc::new(certified));
                tracing::info!(files = ?self.files, "the certificate was renewed");
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the new certificate cannot be used: the old one stays");
            }
        }
    }

    fn modified(&self) -> [Option<SystemTime>; 2] {
        [&self.files.certificate, &self.files.key]
            .map(|path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok())
    }
}

fn read(files: &TlsFiles) -> Result<CertifiedKey, ListenError> {
    let TlsFiles { certificate, key } = files;
    let chain = read_chain(certificate)?;
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| bad_file(key, error, ListenError::NoKey))?;
    let certified = CertifiedKey::from_der(chain, private, &aws_lc_rs::default_provider());
    certified.map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            ListenError::KeyMismatch { certificate: certificate.clone(), key: key.clone() }
        }
        source => ListenError::Unusable { certificate: certificate.clone(), source },
    })
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, ListenError> {
    let bad = |error| bad_file(path, error, ListenError::NoCertificate);
    let chain = CertificateDer::pem_file_iter(path).map_err(bad)?;
    let chain: Vec<_> = chain.collect::<Result<_, _>>().map_err(bad)?;
    if chain.is_empty() { Err(ListenError::NoCertificate(path.to_owned())) } else { Ok(chain) }
}

fn bad_file(
    path: &Path,
    error: pem::Error,
    lacking: fn(std::path::PathBuf) -> ListenError,
) -> ListenError {
    match error {
        pem::Error::Io(source) => ListenError::file(path, source),
        pem::Error::NoItemsFound => lacking(path.to_owned()),
        _ => ListenError::NotPem(path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    /// Writes a new certificate and returns its bytes.
    fn certify(files: &TlsFiles, age: Duration) -> Vec<u8> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(&files.certificate, made.cert.pem()).unwrap();
        std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        let file = File::options().write(true).open(&files.certificate).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
        made.cert.der().to_vec()
    }

    #[tokio::test(start_paused = true)]
    async fn a_certificate_is_renewed_unless_the_new_one_cannot_be_used() {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            certificate: folder.path().join("cert.pem"),
            key: folder.path().join("key.pem"),
        };
        let old = certify(&files, Duration::from_secs(60));
        let tls = Tls::load(files.clone()).unwrap();
        let shown = || tls.current.0.load().cert[0].to_vec();
        let change = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let new = certify(&files, Duration::from_secs(50));
            assert_eq!(shown(), old);
            tokio::time::sleep(LOOK_INTERVAL).await;
            assert_eq!(shown(), new);
            std::fs::write(&files.certificate, "").unwrap();
            tokio::time::sleep(LOOK_INTERVAL).await;
            assert_eq!(shown(), new);
        };
        tokio::select! {
            () = change => {}
            () = tls.follow_files() => {}
        }
    }
}
