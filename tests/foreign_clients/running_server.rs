//! A server that listens on a free port.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use scopegate_claims::{Clock, Issuer, SystemClock};
use scopegate_core::administration::apply::Mode;
use scopegate_core::catalog_file::CatalogSource;
use scopegate_server::config::Config;
use scopegate_server::setup::Setup;
use scopegate_server::{ListenSettings, Listeners, Server, TlsFiles};
use scopegate_testkit::put_signing_keys;
use tempfile::TempDir;
use tokio::task::JoinHandle;

const CATALOG: CatalogSource<'_> =
    CatalogSource { name: "catalog.toml", content: include_bytes!("catalog.toml") };

/// A server with the catalog of this folder. It stops when this value is dropped.
pub(crate) struct RunningServer {
    base: Issuer,
    folder: TempDir,
    serving: JoinHandle<()>,
}

impl RunningServer {
    /// Starts a server with plain HTTP.
    pub(crate) async fn over_http() -> Self {
        Self::start("http", None, tempfile::tempdir().unwrap()).await
    }

    /// Starts a server with TLS. [`authority`](Self::authority) has issued its certificate.
    pub(crate) async fn over_https() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(DnType::CommonName, "A certificate authority for a test");
        let authority =
            CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, &authority).unwrap();
        let write = |name: &str, pem: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, pem).unwrap();
            path
        };
        write("authority.pem", authority.pem());
        let tls = TlsFiles {
            certificate: write("certificate.pem", certificate.pem()),
            key: write("key.pem", key.serialize_pem()),
        };
        Self::start("https", Some(tls), folder).await
    }

    async fn start(scheme: &str, tls: Option<TlsFiles>, folder: TempDir) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listeners = Listeners::bind(&ListenSettings { address, tls }, None).await.unwrap();
        let address = listeners.public_address();
        let base = Issuer::parse(&format!("{scheme}://{address}")).unwrap();

        let mut config = Config::in_folder(folder.path());
        config.listen.public = address;
        let setup = Setup::open(&config, &base).await.unwrap();
        setup.apply(&CATALOG, Mode::Write).await.unwrap();
        put_signing_keys(setup.store(), setup.master_key(), SystemClock.now()).await;
        let server = Server::open(setup.into_settings()).await.unwrap();
        let serving = tokio::spawn(async move {
            listeners.serve(&server, std::future::pending()).await;
        });
        Self { base, folder, serving }
    }

    /// The base URL, which is the issuer of the org server.
    pub(crate) fn base(&self) -> &str {
        self.base.as_str()
    }

    /// The path of the certificate authority's certificate, if the server uses TLS.
    pub(crate) fn authority(&self) -> Option<PathBuf> {
        Some(self.folder.path().join("authority.pem")).filter(|path| path.exists())
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
