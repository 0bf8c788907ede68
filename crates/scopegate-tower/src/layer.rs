//! The layer itself.

use std::sync::Arc;

use scopegate_bearer::{AuthenticationLayer, ChallengeSettings, Guard};
use tower_layer::{Layer, Stack};

use crate::admission::FindRefusal;
use crate::decision::{Gate, TokenRule};
use crate::{
    BearerBuilder, BearerService, ProtectedResource, Readiness, RequireLayer, TrustedIssuer,
};

/// Admits requests with a valid access token and refuses all others.
///
/// Clones share their keys. The layer works with every service of `http` requests. What it protects
/// depends on where it is placed: in axum, `Router::layer` covers the routes that were added before
/// it.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use scopegate_tower::{Authenticated, BearerLayer};
/// use tower::{Layer, ServiceExt, service_fn};
/// # use scopegate_claims::{Audience, Claims, Clock, Dialect, Issuer, SystemClock};
/// # use scopegate_jose::{Algorithm, KeySet, SigningKey, TokenType};
/// # let key = SigningKey::generate(Algorithm::Es256)?;
/// # let keys = KeySet::from_keys([key.verifying_key()?]);
/// # let until = SystemClock.now().plus(std::time::Duration::from_secs(60));
/// # let claims = Claims::builder(&Issuer::parse("https://id.example.com")?, until)
/// #     .audience(Audience::parse("api://orders")?).subject("u1").build();
/// # let token = key.sign(TokenType::AccessToken, &claims.in_dialect(Dialect::Both))?;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let auth = BearerLayer::issuer("https://id.example.com")
///     .audience("api://orders")
///     .keys(keys)
///     .build()?;
///
/// let hello = service_fn(async |request: Request<()>| {
///     let authenticated: &Authenticated = request.extensions().get().unwrap();
///     let who = authenticated.token().unwrap().claims().subject().unwrap_or_default();
///     Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from(who.to_owned())))
/// });
/// let service = auth.layer(hello);
///
/// let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(())?;
/// assert_eq!(service.clone().oneshot(request).await?.status(), 200);
///
/// let response = service.oneshot(Request::get("/").body(())?).await?;
/// assert_eq!(response.status(), 401);
/// assert_eq!(response.headers()["www-authenticate"], "Bearer");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct BearerLayer {
    pub(crate) gate: Arc<Gate>,
    pub(crate) rule: TokenRule,
    /// Set if guards behind the layer answer with a type of their framework.
    pub(crate) find_refusal: Option<FindRefusal>,
}

impl BearerLayer {
    /// Starts to build a layer that accepts tokens of this issuer, named as in their `iss`.
    pub fn issuer(issuer: impl Into<String>) -> BearerBuilder {
        Self::issuers([TrustedIssuer::new(issuer)])
    }

    /// Starts to build a layer that accepts tokens of several issuers.
    ///
    /// The `iss` of a token selects the issuer that verifies it; no other is tried. Tenants that
    /// are not known at the start are [resolved](crate::ResolveIssuer) at run time.
    ///
    /// ```
    /// use scopegate_tower::{BearerLayer, ConfigError, TrustedIssuer};
    ///
    /// let auth = BearerLayer::issuers([
    ///     TrustedIssuer::new("https://id.example.com/oauth2/default"),
    ///     TrustedIssuer::auth0("acme.eu.auth0.com"),
    /// ])
    /// .audience("api://orders")
    /// .build();
    /// assert!(auth.is_ok());
    ///
    /// let twice = ["https://id.example.com"; 2].map(TrustedIssuer::new);
    /// let auth = BearerLayer::issuers(twice).audience("api://orders").build();
    /// assert!(matches!(auth.unwrap_err(), ConfigError::DuplicateIssuer { .. }));
    /// ```
    pub fn issuers(issuers: impl IntoIterator<Item = TrustedIssuer>) -> BearerBuilder {
        BearerBuilder::new(issuers.into_iter().collect())
    }

    /// The same layer, sharing its keys, which also admits requests *without* a token.
    ///
    /// A request with an invalid token is still refused.
    ///
    /// ```
    /// use scopegate_tower::BearerLayer;
    ///
    /// let auth = BearerLayer::issuer("https://id.example.com").audience("api://orders").build()?;
    /// let anyone = auth.clone().optional();
    /// # Ok::<_, scopegate_tower::ConfigError>(())
    /// ```
    #[must_use]
    pub fn optional(self) -> Self {
        Self { rule: TokenRule::Optional, ..self }
    }

    /// The same layer with a guard for everything that it protects: only tokens that meet it are
    /// admitted.
    ///
    /// For services that do not use axum, or where one rule applies to all routes. See
    /// [`require`](crate::require).
    ///
    /// ```
    /// use scopegate_claims::ScopeName;
    /// use scopegate_tower::BearerLayer;
    ///
    /// struct ReadOrders;
    ///
    /// impl ScopeName for ReadOrders {
    ///     const NAME: &'static str = "read:orders";
    /// }
    ///
    /// let auth = BearerLayer::issuer("https://id.example.com").audience("api://orders").build()?;
    /// let readers_only = auth.clone().require(ReadOrders);
    /// # Ok::<_, scopegate_tower::ConfigError>(())
    /// ```
    #[must_use]
    pub fn require(self, guard: impl Into<Guard>) -> Stack<RequireLayer, Self> {
        Stack::new(crate::require(guard), self)
    }

    /// The state of the keys, for readiness probes.
    ///
    /// Keys that were never read start to be read. Otherwise a service that gets its first request
    /// only once it is ready would never become ready.
    pub fn readiness(&self) -> Readiness {
        let now = self.gate.clock.now();
        self.gate.issuers.readiness(now)
    }

    /// The metadata document of the API, if [`resource`](BearerBuilder::resource) was set.
    pub fn protected_resource(&self) -> Option<&ProtectedResource> {
        self.gate.resource.as_ref()
    }
}

impl<S> Layer<S> for BearerLayer {
    type Service = BearerService<S>;

    fn layer(&self, inner: S) -> BearerService<S> {
        BearerService::new(inner, self.clone())
    }
}

impl AuthenticationLayer for BearerLayer {
    fn is_optional(&self) -> bool {
        matches!(self.rule, TokenRule::Optional)
    }

    fn settings(&self) -> &Arc<ChallengeSettings> {
        &self.gate.settings
    }
}
