//! The issuer of a test.

use std::sync::Arc;

use scopegate_claims::{Audience, Clock, Issuer, ManualClock, SystemClock};
use scopegate_jose::{Algorithm, SigningKey};
use scopegate_tower::{BearerBuilder, BearerLayer};
use tokio::net::TcpListener;
use tokio::runtime::Handle;

use crate::documents::OwnDocuments;
use crate::publication::Publication;
use crate::{InProcess, TokenBuilder, loopback};

/// The base URL of an in-process issuer; nothing listens there.
const BASE: &str = "https://issuer.test";

/// The path of the default server of an authorization server of scopegate.
const PATH: &str = "/oauth2/default";

/// An issuer in the test's process: it signs tokens and publishes its keys.
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
    pub(crate) documents: Arc<OwnDocuments>,
    pub(crate) publication: Publication,
    audience: Audience,
    clock: ManualClock,
    place: Place,
    #[cfg(feature = "server")]
    pub(crate) authority: Arc<scopegate_core::authority::Authority>,
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
    /// If the text is not an audience, or outside of a tokio runtime: use `#[tokio::test]`.
    pub async fn start(audience: &str) -> Self {
        assert_runtime();
        Self::at(BASE, audience, Place::InProcess).await
    }

    /// Starts an issuer that serves its documents over HTTP on a loopback port.
    ///
    /// Use it for services that run in another process, and for services that must be tested with
    /// the HTTP client of production, which the feature `fetch` brings. Everything else is as after
    /// [`start`](Self::start). It listens until the runtime ends.
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
    /// If the text is not an audience, if no port is free, or outside of a tokio runtime: use
    /// `#[tokio::test]`.
    pub async fn listen(audience: &str) -> Self {
        assert_runtime();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let issuer = Self::at(&format!("http://{address}"), audience, Place::Loopback).await;
        loopback::serve(listener, issuer.publication.clone());
        issuer
    }

    async fn at(base: &str, audience: &str, place: Place) -> Self {
        let audience = Audience::parse(audience).expect("the audience is well-formed");
        let clock = ManualClock::at(SystemClock.now());
        let issuer = Issuer::parse(&format!("{base}{PATH}")).expect("it is an issuer");
        let key = SigningKey::generate(Algorithm::Es256).expect("a key can be made");
        let key = Arc::new(key);
        let documents = Arc::new(OwnDocuments::new(issuer, Arc::clone(&key)));
        Self {
            publication: Publication::new(documents.clone()),
            documents,
            #[cfg(feature = "server")]
            authority: crate::server::open(base, &audience, &clock, &key).await,
            audience,
            clock,
            place,
        }
    }

    /// The issuer's URL, the `iss` of its tokens.
    pub fn url(&self) -> &str {
        self.documents.issuer().as_str()
    }

    /// The audience of its tokens.
    pub fn audience(&self) -> &str {
        self.audience.as_str()
    }

    /// The clock that tokens and the layer use.
    pub fn clock(&self) -> &ManualClock {
        &self.clock
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
            Place::Loopback if cfg!(feature = "fetch") => builder,
            Place::InProcess | Place::Loopback => builder.fetch(self.network()),
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
        let (issuer, signer) = (self.documents.issuer(), self.documents.signer());
        TokenBuilder::new(issuer, &self.audience, signer, self.clock.now())
    }
}

/// Without a runtime the layer could not read the keys: the first request would be answered with 503,
/// and nothing would say why.
fn assert_runtime() {
    let is_running = Handle::try_current().is_ok();
    assert!(is_running, "`TestIssuer` needs a tokio runtime: use `#[tokio::test]` for the test");
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    fn poll_without_a_runtime(start: impl Future<Output = TestIssuer>) {
        let mut context = Context::from_waker(Waker::noop());
        let _ = pin!(start).poll(&mut context);
    }

    #[test]
    #[should_panic(expected = "use `#[tokio::test]`")]
    fn start_needs_a_runtime() {
        poll_without_a_runtime(TestIssuer::start("api://orders"));
    }

    #[test]
    #[should_panic(expected = "use `#[tokio::test]`")]
    fn listen_needs_a_runtime() {
        poll_without_a_runtime(TestIssuer::listen("api://orders"));
    }
}
