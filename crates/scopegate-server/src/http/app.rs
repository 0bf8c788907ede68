//! What all handlers share.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::ConnectInfo;
use http::request::Parts;
use scopegate_core::authority::Authority;
use tokio::sync::watch;

use super::cookies::Scheme;
use super::readiness::Readiness;
use crate::first_keys::FirstKeys;
use crate::trusted_proxies::TrustedProxies;

/// What all handlers share. A clone is a reference to the same.
#[derive(Clone, Debug)]
pub(crate) struct App(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    authority: Arc<Authority>,
    trusted_proxies: TrustedProxies,
    first_keys: watch::Receiver<FirstKeys>,
    readiness: Readiness,
}

impl App {
    pub(crate) fn new(
        authority: Arc<Authority>,
        trusted_proxies: TrustedProxies,
        first_keys: watch::Receiver<FirstKeys>,
    ) -> Self {
        let readiness = Readiness::default();
        Self(Arc::new(Shared { authority, trusted_proxies, first_keys, readiness }))
    }

    pub(crate) fn authority(&self) -> &Arc<Authority> {
        &self.0.authority
    }

    pub(super) fn has_first_keys(&self) -> bool {
        matches!(*self.0.first_keys.borrow(), FirstKeys::Made)
    }

    pub(super) fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }

    /// The scheme by which browsers reach the server.
    pub(super) fn scheme(&self) -> Scheme {
        Scheme::of(&self.authority().catalog().org().issuer)
    }

    /// The path of a page, such as `signin`.
    pub(super) fn path(&self, page: &str) -> String {
        format!("{}/{page}", self.authority().catalog().org().issuer.path())
    }

    /// The address that a request comes from. `None` if the listener has not said who the peer is.
    pub(super) fn client_address(&self, parts: &Parts) -> Option<IpAddr> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip();
        Some(self.0.trusted_proxies.client_address(peer, &parts.headers))
    }
}
