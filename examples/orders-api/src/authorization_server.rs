//! The issuer of the demo: a whole authorization server, embedded as a library.

use std::net::SocketAddr;
use std::path::Path;

use scopegate::Issuer;
use scopegate_core::apply::Mode;
use scopegate_core::catalog_file::CatalogSource;
use scopegate_server::config::Config;
use scopegate_server::setup::Setup;
use scopegate_server::{ListenLimits, ListenSettings, Listeners, Server};

/// Its scopes, policies and clients.
const CATALOG: CatalogSource<'_> = CatalogSource {
    name: "examples/orders-api/catalog.toml",
    content: include_bytes!("../catalog.toml"),
};

/// An authorization server whose port is taken.
#[derive(Debug)]
pub(crate) struct AuthorizationServer {
    base: Issuer,
    listeners: Listeners,
    server: Server,
}

impl AuthorizationServer {
    /// Whom its tokens for the orders API are for.
    pub(crate) const AUDIENCE: &'static str = "api://orders";

    /// Opens its storage in a folder, with the catalog applied.
    pub(crate) async fn open(
        address: SocketAddr,
        folder: &Path,
        limits: ListenLimits,
    ) -> anyhow::Result<Self> {
        let listeners = Listeners::bind(&ListenSettings { address, tls: None }, None).await?;
        let listeners = listeners.with_limits(limits);
        let base = Issuer::parse(&format!("http://{}", listeners.public_address()))?;

        let mut config = Config::in_folder(folder);
        config.listen.public = listeners.public_address();
        let setup = Setup::open(&config, &base).await?;
        setup.apply(&CATALOG, Mode::Write).await?;

        let server = Server::open(setup.into_settings()).await?;
        Ok(Self { base, listeners, server })
    }

    /// What its tokens for the orders API say in `iss`.
    pub(crate) fn issuer(&self) -> String {
        format!("{}/oauth2/default", self.base.as_str())
    }

    /// Answers until the future is ready.
    pub(crate) async fn serve(self, stop: impl Future<Output = ()>) {
        self.listeners.serve(&self.server, stop).await;
    }
}
