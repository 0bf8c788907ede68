//! Builds a layer.

use std::sync::Arc;

use scopegate_bearer::{ChallengeSettings, RefusalBody};
use scopegate_claims::{Clock, ScopeSet, SystemClock};
use scopegate_jose::ExtraClaims;
use serde::de::DeserializeOwned;
use tower_layer::Layer;

use crate::cache::{CacheSize, TokenCache};
use crate::decision::{Authenticator, ReadExtraClaims, TokenRule};
use crate::issuer_settings::{IssuerContext, IssuerSettings, issuer_setters};
use crate::issuers::Issuers;
use crate::tenants::Tenants;
use crate::{
    BearerLayer, ConfigError, ProtectedResource, ResolveIssuer, StartError, TenantLimits,
    TokenSource, TrustedIssuer,
};

/// Builds a [`BearerLayer`]. Only the issuer and an audience are required.
///
/// Settings made here apply to every issuer that does not set its own.
///
/// ```
/// use scopegate_tower::{Algorithm, BearerLayer, ConfigError};
/// use std::time::Duration;
///
/// let auth = BearerLayer::issuer("https://id.example.com")
///     .audience("api://orders")
///     .algorithms([Algorithm::Es256, Algorithm::Rs256])
///     .leeway(Duration::from_secs(10))
///     .realm("orders")
///     .build();
/// assert!(auth.is_ok());
///
/// // Without an audience, tokens for every other API of the issuer would pass.
/// let auth = BearerLayer::issuer("https://id.example.com").build();
/// assert_eq!(auth.unwrap_err(), ConfigError::MissingAudience);
/// ```
#[must_use]
#[derive(Clone, Debug)]
pub struct BearerBuilder {
    issuers: Vec<TrustedIssuer>,
    shared: IssuerSettings,
    resolver: Option<Arc<dyn ResolveIssuer>>,
    limits: TenantLimits,
    settings: ChallengeSettings,
    resource: Option<String>,
    scopes: Option<Vec<String>>,
    extra: Option<ReadExtraClaims>,
    source: TokenSource,
    records_on_span: bool,
    cache: CacheSize,
    clock: Arc<dyn Clock>,
}

impl BearerBuilder {
    pub(crate) fn new(issuers: Vec<TrustedIssuer>) -> Self {
        Self {
            issuers,
            shared: IssuerSettings::default(),
            resolver: None,
            limits: TenantLimits::new(),
            settings: ChallengeSettings::new(),
            resource: None,
            scopes: None,
            extra: None,
            source: TokenSource::default(),
            records_on_span: false,
            cache: CacheSize::default(),
            clock: Arc::new(SystemClock),
        }
    }

    issuer_setters!(shared);

    /// Resolves issuers that were not named at the start (tenants). See [`ResolveIssuer`].
    pub fn or_resolve(mut self, resolver: impl ResolveIssuer) -> Self {
        self.resolver = Some(Arc::new(resolver));
        self
    }

    /// Sets how many tenants are kept, and for how long.
    pub fn tenant_limits(mut self, limits: TenantLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Reads the keys with this client. See [`HttpFetch::with_client`](crate::HttpFetch::with_client).
    #[cfg(feature = "fetch")]
    pub fn http_client(self, client: reqwest::Client) -> Self {
        self.fetch(crate::HttpFetch::with_client(client))
    }

    /// Sets the `realm` of every challenge, the name of the protection space (RFC 9110 §11.5).
    pub fn realm(mut self, realm: &str) -> Self {
        self.settings = self.settings.with_realm(realm);
        self
    }

    /// Sets the URL of the API, its resource identifier (RFC 9728).
    ///
    /// The layer then serves the [metadata document](ProtectedResource), from which clients learn
    /// the issuer, and every challenge contains the URL of that document.
    pub fn resource(mut self, url: impl Into<String>) -> Self {
        self.resource = Some(url.into());
        self
    }

    /// Lists the scopes of the API in its metadata document.
    pub fn scopes_supported<T: Into<String>>(
        mut self,
        scopes: impl IntoIterator<Item = T>,
    ) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// Reads your own claims from each token when it is verified.
    ///
    /// A token without these claims is refused. Use `Option` fields in `X` for optional claims.
    ///
    /// ```
    /// #[derive(serde::Deserialize)]
    /// struct Tenant {
    ///     tenant: String,
    /// }
    ///
    /// let auth = scopegate_tower::BearerLayer::issuer("https://id.example.com")
    ///     .audience("api://orders")
    ///     .extra_claims::<Tenant>()
    ///     .build()?;
    /// # Ok::<_, scopegate_tower::ConfigError>(())
    /// ```
    pub fn extra_claims<X: DeserializeOwned + Send + Sync + 'static>(mut self) -> Self {
        self.extra = Some(ExtraClaims::of::<X>);
        self
    }

    /// Reads the token from another place than the `Authorization` header. See [`TokenSource`].
    pub fn token_source(mut self, source: impl Into<TokenSource>) -> Self {
        self.source = source.into();
        self
    }

    /// Records `sub`, `client_id` and `scope` of each verified token on the span that is current
    /// when the layer admits the request.
    ///
    /// The span must declare these fields; others are ignored. With tower-http:
    ///
    /// ```
    /// use scopegate_tower::BearerLayer;
    /// use tower::ServiceBuilder;
    /// use tower_http::trace::TraceLayer;
    /// use tracing::field::Empty;
    ///
    /// let auth = BearerLayer::issuer("https://id.example.com")
    ///     .audience("api://orders")
    ///     .record_on_span()
    ///     .build()?;
    /// let trace = TraceLayer::new_for_http().make_span_with(|request: &http::Request<()>| {
    ///     let path = request.uri().path();
    ///     tracing::info_span!("request", path, sub = Empty, client_id = Empty, scope = Empty)
    /// });
    /// // The trace layer must be outside, so that its span is the current one.
    /// let layers = ServiceBuilder::new().layer(trace).layer(auth);
    /// # Ok::<_, scopegate_tower::ConfigError>(())
    /// ```
    pub fn record_on_span(mut self) -> Self {
        self.records_on_span = true;
        self
    }

    /// Writes the bodies of refusals in another form than problem documents.
    pub fn refusal_body(mut self, body: impl RefusalBody) -> Self {
        self.settings = self.settings.with_body(body);
        self
    }

    /// Sets how many verified tokens are remembered: by default 10,000 tokens in 16 MiB.
    ///
    /// A token is remembered when it is verified for the second time. From then on it costs a lookup
    /// instead of a signature check. Its lifetime is still checked, and a token whose key the issuer
    /// removed is verified anew, and so refused.
    pub fn cache(mut self, size: CacheSize) -> Self {
        self.cache = size;
        self
    }

    /// Verifies every token anew, without a cache.
    pub fn without_cache(self) -> Self {
        self.cache(CacheSize::NONE)
    }

    /// Uses this clock instead of the system's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Builds the layer. Its keys are read at the first request with a token.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if an option is missing or wrong.
    pub fn build(self) -> Result<BearerLayer, ConfigError> {
        self.check_shared()?;
        let context = IssuerContext::new(Arc::clone(&self.clock), self.shared);
        let trusts = self.issuers.into_iter().map(|issuer| issuer.trust(&context).map(Arc::new));
        let trusts = trusts.collect::<Result<_, _>>()?;
        let tenants = self.resolver.map(|resolver| Tenants::new(resolver, self.limits, context));
        let issuers = Issuers::new(trusts, tenants)?;
        let scopes = self.scopes.as_ref().map(ScopeSet::from_tokens).transpose()?;
        let source = self.source.checked()?;
        let mut settings = self.settings;
        let resource = match (&self.resource, &scopes) {
            (Some(url), scopes) => {
                let names = issuers.fixed().iter().map(|trust| trust.name());
                Some(ProtectedResource::new(url, names, scopes.as_ref(), source.bearer_methods())?)
            }
            (None, Some(_)) => return Err(ConfigError::ScopesWithoutResource),
            (None, None) => None,
        };
        if let Some(resource) = &resource {
            settings = settings.with_resource_metadata(resource.url());
        }
        let authenticator = Authenticator {
            issuers,
            source,
            cache: TokenCache::new(self.cache),
            extra: self.extra,
            settings: Arc::new(settings),
            clock: self.clock,
            resource,
            records_on_span: self.records_on_span,
        };
        Ok(BearerLayer {
            authenticator: Arc::new(authenticator),
            rule: TokenRule::Required,
            find_refusal: None,
        })
    }

    /// Builds the layer and reads its keys before returning.
    ///
    /// # Errors
    ///
    /// [`StartError`] if an option is missing or wrong, or if the keys are not available.
    pub async fn start(self) -> Result<BearerLayer, StartError> {
        let layer = self.build()?;
        for trust in layer.authenticator.issuers.fixed() {
            let first = trust.keys.first_keys(layer.authenticator.clock.now()).await;
            first.map_err(|source| StartError::Keys { issuer: trust.name().to_owned(), source })?;
        }
        Ok(layer)
    }

    /// Rejects settings that belong to a single issuer if there are several.
    fn check_shared(&self) -> Result<(), ConfigError> {
        let IssuerSettings { jwks_url, keys, seeds, .. } = &self.shared;
        let of_one = [
            ("jwks_url", jwks_url.is_some()),
            ("keys", keys.is_some()),
            ("seed_keys", seeds.is_some()),
        ];
        match of_one.iter().find(|(_, is_said)| *is_said) {
            Some((option, _)) if self.issuers.len() != 1 || self.resolver.is_some() => {
                Err(ConfigError::OnePerIssuer { option })
            }
            _ => Ok(()),
        }
    }
}

/// A builder is not a layer yet. This impl never applies; it makes the compiler say so, where it
/// would otherwise list the layers of other crates.
impl<S: CallBuildFirst> Layer<S> for BearerBuilder {
    type Service = S;

    fn layer(&self, inner: S) -> S {
        inner
    }
}

mod sealed {
    #[diagnostic::on_unimplemented(
        message = "a `BearerBuilder` is not a layer yet",
        label = "this is a builder",
        note = "call `.build()?` first, or `.start().await?` to read the keys before the first request"
    )]
    pub trait CallBuildFirst {}
}

use sealed::CallBuildFirst;
