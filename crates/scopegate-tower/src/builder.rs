//! Building a layer.

use std::sync::Arc;

use scopegate_claims::{Clock, ScopeSet, SystemClock};
use scopegate_jose::{ChallengeSettings, ExtraClaims, RefusalBody};
use serde::de::DeserializeOwned;

use crate::cache::{CacheSize, TokenCache};
use crate::decision::{Gate, ReadExtraClaims, TokenRule};
use crate::issuer_settings::{IssuerSettings, Surroundings, issuer_setters};
use crate::issuers::Issuers;
use crate::keys::HttpFetch;
use crate::tenants::Tenants;
use crate::{
    BearerLayer, ConfigError, ProtectedResource, ResolveIssuer, StartError, TenantLimits,
    TrustedIssuer,
};

/// Builds a [`BearerLayer`]; what it needs is the issuer and an audience.
///
/// What is said here holds for every issuer that does not say it itself.
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
#[derive(Debug)]
pub struct BearerBuilder {
    issuers: Vec<TrustedIssuer>,
    shared: IssuerSettings,
    resolver: Option<Box<dyn ResolveIssuer>>,
    limits: TenantLimits,
    settings: ChallengeSettings,
    resource: Option<String>,
    scopes: Option<Vec<String>>,
    extra: Option<ReadExtraClaims>,
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
            cache: CacheSize::default(),
            clock: Arc::new(SystemClock),
        }
    }

    issuer_setters!(shared);

    /// Asks about issuers that were not named: tenants. See [`ResolveIssuer`].
    pub fn or_resolve(mut self, resolver: impl ResolveIssuer) -> Self {
        self.resolver = Some(Box::new(resolver));
        self
    }

    /// Sets how many tenants are held, and for how long.
    pub fn tenant_limits(mut self, limits: TenantLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Reads the keys by this client. See [`HttpFetch::with_client`].
    pub fn http_client(self, client: reqwest::Client) -> Self {
        self.fetch(HttpFetch::with_client(client))
    }

    /// Names the protection space in every challenge (RFC 9110 §11.5).
    pub fn realm(mut self, realm: &str) -> Self {
        self.settings = self.settings.with_realm(realm);
        self
    }

    /// Names the API by its URL (RFC 9728).
    ///
    /// The layer then serves the [metadata document](ProtectedResource) that leads clients to the
    /// issuer, and every challenge points to it.
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

    /// Reads claims of your own from each token, once per request.
    ///
    /// A token that lacks them is refused. Optional ones are `Option` fields of `X`.
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

    /// Writes the bodies of refusals in another way than as problem documents.
    pub fn refusal_body(mut self, body: impl RefusalBody) -> Self {
        self.settings = self.settings.with_body(body);
        self
    }

    /// Remembers so many verified tokens, by default 10,000 in 16 MiB.
    ///
    /// A token that comes again costs a lookup then, not a signature. Its time is looked at all the
    /// same, and a token whose key the issuer removed is refused as if it were new.
    pub fn cache(mut self, size: CacheSize) -> Self {
        self.cache = size;
        self
    }

    /// Verifies every token anew.
    pub fn without_cache(self) -> Self {
        self.cache(CacheSize::NONE)
    }

    /// Goes by another clock than the system's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Builds the layer; its keys are read at the first request with a token.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if an option is missing or wrong.
    pub fn build(self) -> Result<BearerLayer, ConfigError> {
        self.check_shared()?;
        let around = Surroundings::new(Arc::clone(&self.clock), self.shared);
        let trusts = self.issuers.into_iter().map(|issuer| issuer.trust(&around).map(Arc::new));
        let trusts = trusts.collect::<Result<_, _>>()?;
        let tenants = self.resolver.map(|resolver| Tenants::new(resolver, self.limits, around));
        let issuers = Issuers::new(trusts, tenants)?;
        let scopes = self.scopes.as_ref().map(ScopeSet::from_tokens).transpose()?;
        let mut settings = self.settings;
        let resource = match (&self.resource, &scopes) {
            (Some(url), scopes) => {
                let names = issuers.fixed().iter().map(|trust| trust.rules.issuer());
                Some(ProtectedResource::new(url, names, scopes.as_ref())?)
            }
            (None, Some(_)) => return Err(ConfigError::ScopesWithoutResource),
            (None, None) => None,
        };
        if let Some(resource) = &resource {
            settings = settings.with_resource_metadata(resource.url());
        }
        let gate = Gate {
            issuers,
            cache: TokenCache::new(self.cache),
            extra: self.extra,
            settings: Arc::new(settings),
            clock: self.clock,
            resource,
        };
        Ok(BearerLayer { gate: Arc::new(gate), rule: TokenRule::Required, reader: None })
    }

    /// Builds the layer and reads its keys before it returns.
    ///
    /// # Errors
    ///
    /// [`StartError`] if an option is missing or wrong, or if the keys cannot be had.
    pub async fn start(self) -> Result<BearerLayer, StartError> {
        let layer = self.build()?;
        for trust in layer.gate.issuers.fixed() {
            let first = trust.keys.first_keys(layer.gate.clock.now()).await;
            first.map_err(|source| StartError::Keys { issuer: trust.name().to_owned(), source })?;
        }
        Ok(layer)
    }

    /// What is said for all must make sense for all.
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
