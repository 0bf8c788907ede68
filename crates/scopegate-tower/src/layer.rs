//! The layer.

use std::sync::Arc;

use scopegate_claims::ScopeRule;
use tower_layer::{Layer, Stack};

use crate::decision::{Gate, TokenRule};
use crate::{
    BearerBuilder, BearerService, ProtectedResource, Readiness, RefusalReader, RequireLayer,
    TrustedIssuer,
};

/// Lets requests with a good access token pass, and refuses the others.
///
/// Clones share their keys. The layer suits every service of `http` requests; where it stands decides
/// what it protects: in axum, `Router::layer` covers the routes that were added before it.
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
    /// Whether guards behind it may answer in a type of their framework's.
    pub(crate) reader: Option<RefusalReader>,
}

impl BearerLayer {
    /// Begins a layer that takes the tokens of this issuer, named as in their `iss`.
    pub fn issuer(issuer: impl Into<String>) -> BearerBuilder {
        Self::issuers([TrustedIssuer::new(issuer)])
    }

    /// Begins a layer that takes the tokens of several issuers.
    ///
    /// The `iss` of a token says which one it is verified by; no other is tried. Tenants that are not
    /// known from the start are [resolved](crate::ResolveIssuer).
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

    /// The same layer, sharing its keys, which also lets requests *without* a token pass.
    ///
    /// A request whose token is not good is still refused.
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

    /// The same layer with a rule for all that it protects: only tokens that hold what the rule asks
    /// for pass.
    ///
    /// For services that are not axum's, or where one rule is for all. See [`require`](crate::require).
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
    pub fn require(self, rule: impl ScopeRule) -> Stack<RequireLayer, Self> {
        Stack::new(crate::require(rule), self)
    }

    /// How the keys are doing, for readiness probes.
    ///
    /// Keys that nobody has asked for yet begin to be read, so that a service which gets its first
    /// request only when it is ready becomes so.
    pub fn readiness(&self) -> Readiness {
        let now = self.gate.clock.now();
        self.gate.issuers.readiness(now)
    }

    /// The document about the API, where [`resource`](BearerBuilder::resource) was given.
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
