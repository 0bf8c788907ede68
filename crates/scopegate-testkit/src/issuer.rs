//! The issuer of a test.

use std::sync::Arc;

use scopegate_claims::{Audience, Clock, Issuer, ManualClock, SystemClock};
use scopegate_core::authority::{Authority, Foundation};
use scopegate_core::catalog::{
    AudienceSpec, AuthorizationServer, Edit, Entity, EntityKey, Owner, ServerId, ServerSpec, Spec,
    Status,
};
use scopegate_core::keys::fetch::NoFetch;
use scopegate_core::limits::RequestLimits;
use scopegate_jose::{Algorithm, MasterKey};
use scopegate_tower::{BearerBuilder, BearerLayer};
use tokio::net::TcpListener;

use crate::UncheckedCatalog;
use crate::publication::Publication;
use crate::{InProcess, MemoryStore, TokenBuilder, loopback};

/// The base URL of an in-process issuer; nothing listens there.
const BASE: &str = "https://issuer.test";

/// A real authorization server in the test's process.
///
/// Its clock is set to the time of its start and stands still until the test moves it. Tokens and
/// the layer use that clock.
///
/// ```
/// use std::time::Duration;
/// use scopegate_testkit::TestIssuer;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let issuer = TestIssuer::start("api://orders").await;
/// assert_eq!(issuer.url(), "https://issuer.test/oauth2/default");
/// issuer.clock().advance(Duration::from_secs(3600));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TestIssuer {
    pub(crate) publication: Publication,
    server: Arc<AuthorizationServer>,
    audience: Audience,
    clock: ManualClock,
    place: Place,
}

/// Where the issuer's documents are served.
#[derive(Clone, Copy, Debug)]
enum Place {
    InProcess,
    Loopback,
}

impl TestIssuer {
    /// Starts an issuer whose tokens are for this audience. It uses no network.
    ///
    /// # Panics
    ///
    /// If the text is not an audience, or outside of a tokio runtime.
    pub async fn start(audience: &str) -> Self {
        Self::at(BASE, audience, Place::InProcess).await
    }

    /// Starts an issuer that serves its documents over HTTP on a loopback port.
    ///
    /// Use it for services that run in another process, and for services that must be tested with
    /// the HTTP client of production. Everything else is as after [`start`](Self::start). It
    /// listens until the runtime ends.
    ///
    /// ```
    /// use scopegate_tower::BearerLayer;
    /// use std::sync::Arc;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let issuer = scopegate_testkit::TestIssuer::listen("api://orders").await;
    /// assert!(issuer.url().starts_with("http://127.0.0.1:"));
    ///
    /// // As in production, the service knows only the issuer's URL.
    /// let layer = BearerLayer::issuer(issuer.url()).audience("api://orders").start().await;
    /// assert!(layer.is_ok());
    ///
    /// issuer.go_down();
    /// let layer = BearerLayer::issuer(issuer.url()).audience("api://orders").start().await;
    /// assert!(layer.is_err());
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If the text is not an audience, if no port is free, or outside of a tokio runtime.
    pub async fn listen(audience: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let issuer = Self::at(&format!("http://{address}"), audience, Place::Loopback).await;
        loopback::serve(listener, issuer.publication.clone());
        issuer
    }

    async fn at(base: &str, audience: &str, place: Place) -> Self {
        let audience = Audience::parse(audience).expect("the audience is well-formed");
        let clock = ManualClock::at(SystemClock.now());
        let store = MemoryStore::default();
        let id = ServerId::default_server();
        let server = Entity {
            key: EntityKey::server(&id),
            owner: Owner::Api,
            spec: Spec::Server(ServerSpec {
                name: "Test".to_owned(),
                audiences: vec![AudienceSpec { name: audience.clone(), resources: Vec::new() }],
                dialect: Default::default(),
                algorithms: vec![Algorithm::Es256],
                trusted_servers: Default::default(),
                status: Status::Active,
            }),
        };
        let written = store.write_catalog(0, &[Edit::Put(server)], None).await;
        written.expect("an empty store takes a catalog");
        let authority = Authority::open(Foundation {
            base: Issuer::parse(base).expect("it is an issuer"),
            store: Arc::new(store),
            master_key: Arc::new(MasterKey::generate()),
            clock: Arc::new(clock.clone()),
            fetch: Arc::new(NoFetch),
            limits: RequestLimits::default(),
        });
        let authority = authority.await.expect("the memory store does not fail");
        let server = Arc::clone(
            authority.catalog().server(&id).expect("it was written").expect("it was written"),
        );
        let signer = authority.keys().signer(&server).await.expect("a key can be made");
        let publication = Publication::new(authority, Some(signer));
        Self { publication, server, audience, clock, place }
    }

    /// The issuer's URL, the `iss` of its tokens.
    pub fn url(&self) -> &str {
        self.server.issuer.as_str()
    }

    /// The audience of its tokens.
    pub fn audience(&self) -> &str {
        self.audience.as_str()
    }

    /// The clock that tokens and the layer use.
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// The authorization server itself.
    pub fn authority(&self) -> &Arc<Authority> {
        self.publication.authority()
    }

    /// Access to the issuer's documents without a network.
    pub fn network(&self) -> InProcess {
        InProcess::of(self.publication.clone())
    }

    /// A layer that trusts this issuer.
    ///
    /// # Panics
    ///
    /// Never: its settings were checked at the start.
    pub fn layer(&self) -> BearerLayer {
        self.layer_builder().build().expect("issuer and audience are set")
    }

    /// The builder of such a layer, for further settings: extra claims, a realm, a body.
    pub fn layer_builder(&self) -> BearerBuilder {
        let builder = BearerLayer::issuer(self.url())
            .audience(self.audience())
            .clock(Arc::new(self.clock.clone()));
        match self.place {
            Place::InProcess => builder.fetch(self.network()),
            Place::Loopback => builder,
        }
    }

    /// Starts to build a token. Policies do not apply: the test decides what the token contains.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let issuer = scopegate_testkit::TestIssuer::start("api://orders").await;
    /// let token = issuer.token().subject("u1").scope("read:orders").sign();
    /// assert_eq!(token.split('.').count(), 3);
    /// # }
    /// ```
    pub fn token(&self) -> TokenBuilder {
        let signer = self.publication.signer();
        TokenBuilder::new(&self.server, &self.audience, &signer, self.clock.now())
    }
}
