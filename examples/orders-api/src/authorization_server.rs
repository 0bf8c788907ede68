//! The demo's issuer: a complete authorization server, embedded as a library.

use std::net::SocketAddr;
use std::path::Path;

use scopegate::Issuer;
use scopegate_core::administration::apply::Mode;
use scopegate_core::catalog::Resource;
use scopegate_core::catalog_file::CatalogSource;
use scopegate_server::config::Config;
use scopegate_server::setup::Setup;
use scopegate_server::{ListenLimits, ListenSettings, Listeners, Server};

/// Its scopes, policies and clients.
const CATALOG: &str = include_str!("../catalog.toml");
const CATALOG_NAME: &str = "examples/orders-api/catalog.toml";

/// The URL of the API in the catalog; the demo adds others if it listens elsewhere.
const DEFAULT_API: &str = "http://127.0.0.1:8080";

/// An authorization server that has bound its port.
#[derive(Debug)]
pub(crate) struct AuthorizationServer {
    base: Issuer,
    listeners: Listeners,
    server: Server,
}

impl AuthorizationServer {
    /// The audience of its tokens for the orders API.
    pub(crate) const AUDIENCE: &'static str = "api://orders";

    /// Opens its storage in a folder and applies the catalog, for an API with these URLs.
    pub(crate) async fn open(
        address: SocketAddr,
        folder: &Path,
        api: &[String],
        limits: ListenLimits,
    ) -> anyhow::Result<Self> {
        let listeners = Listeners::bind(&ListenSettings { address, tls: None }, None).await?;
        let listeners = listeners.with_limits(limits);
        let base = Issuer::parse(&format!("http://{}", listeners.public_address()))?;

        let mut config = Config::in_folder(folder);
        config.listen.public = listeners.public_address();
        let setup = Setup::open(&config, &base).await?;
        let catalog = catalog_for(api);
        let source = CatalogSource { name: CATALOG_NAME, content: catalog.as_bytes() };
        setup.apply(&source, Mode::Write).await?;

        let server = Server::open(setup.into_settings()).await?;
        Ok(Self { base, listeners, server })
    }

    /// The `iss` of its tokens for the orders API.
    pub(crate) fn issuer(&self) -> String {
        format!("{}/oauth2/default", self.base.as_str())
    }

    /// Serves requests until the future is ready.
    pub(crate) async fn serve(self, stop: impl Future<Output = ()>) {
        self.listeners.serve(&self.server, stop).await;
    }
}

/// The catalog with the API's real URLs: they select its audience, and their origins may request
/// tokens by script.
fn catalog_for(api: &[String]) -> String {
    let mut urls = vec![DEFAULT_API];
    for url in api {
        let is_same = |known: &&str| is_same_resource(known, url);
        if !urls.iter().any(is_same) {
            urls.push(url);
        }
    }
    let listed = |key: &str, urls: &[&str]| format!("{key} = {urls:?}");
    let origins: Vec<&str> =
        urls.iter().copied().filter(|url| url.starts_with("http://")).collect();
    CATALOG
        .replace(&listed("resources", &[DEFAULT_API]), &listed("resources", &urls))
        .replace(&listed("origins", &[DEFAULT_API]), &listed("origins", &origins))
}

fn is_same_resource(one: &str, other: &str) -> bool {
    Resource::new(one).as_compared() == Resource::new(other).as_compared()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(catalog: &str, key: &str, urls: &str) -> bool {
        catalog.contains(&format!("{key} = [{urls}]"))
    }

    #[test]
    fn the_catalog_gets_the_urls_of_the_api() {
        assert_eq!(catalog_for(&[]), CATALOG);
        assert_eq!(catalog_for(&["http://127.0.0.1:8080/".to_owned()]), CATALOG);
        let api = ["http://127.0.0.1:1".to_owned(), "https://orders.example".to_owned()];
        let catalog = catalog_for(&api);
        let here = r#""http://127.0.0.1:8080", "http://127.0.0.1:1""#;
        assert!(lists(&catalog, "resources", &format!(r#"{here}, "https://orders.example""#)));
        assert!(lists(&catalog, "origins", here));
    }
}
