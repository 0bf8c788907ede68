//! Building a layer.

use std::sync::Arc;
use std::time::Duration;

use scopegate_claims::{Clock, ScopeSet, SystemClock};
use scopegate_jose::{
    Algorithm, AudienceRule, ChallengeSettings, ClaimMapping, ExtraClaims, KeySet, RefusalBody,
    TypeRule,
};
use serde::de::DeserializeOwned;

use crate::cache::{CacheSize, TokenCache};
use crate::decision::{Gate, ReadExtraClaims, TokenRule};
use crate::issuers::Issuers;
use crate::keys::{Fetch, HttpFetch};
use crate::tenants::Tenants;
use crate::trusted_issuer::{IssuerSettings, Surroundings};
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

    /// Takes tokens for this audience; called again, for that one too.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.shared.audiences.push(audience.into());
        self
    }

    /// Takes tokens of these clients, for issuers that write no audience (such as Amazon Cognito).
    ///
    /// `token_use` is what that claim must say, since such an issuer marks its access tokens so.
    pub fn client_ids<'a>(
        mut self,
        ids: impl IntoIterator<Item = &'a str>,
        token_use: &str,
    ) -> Self {
        self.shared.clients = Some(AudienceRule::client_ids(ids, token_use));
        self
    }

    /// Reads the keys at this URL instead of asking the issuer where they are.
    ///
    /// The issuer of a token is compared all the same.
    pub fn jwks_url(mut self, url: impl Into<String>) -> Self {
        self.shared.jwks_url = Some(url.into());
        self
    }

    /// Uses these keys, for good, and no network.
    pub fn keys(mut self, keys: KeySet) -> Self {
        self.shared.keys = Some(keys);
        self
    }

    /// Begins with these keys, so that tokens are verified before the issuer was ever reached.
    ///
    /// They serve until the issuer is first heard, for as long as that takes; then what it publishes
    /// counts, and a seed that is not among it is forgotten. Good for a start without a network, with
    /// a key set that was shipped along.
    ///
    /// ```
    /// use scopegate_tower::{BearerLayer, ConfigError, KeySet, KeyState};
    /// # let key = scopegate_jose::SigningKey::generate(scopegate_jose::Algorithm::Es256).unwrap();
    /// # let shipped = serde_json::json!({ "keys": [key.public_jwk()] }).to_string();
    ///
    /// let seeds = KeySet::parse(shipped.as_bytes()).unwrap().keys;
    /// let layer = || BearerLayer::issuer("https://id.example.com").audience("api://orders");
    /// let auth = layer().seed_keys(seeds).build()?;
    /// assert_eq!(auth.readiness().issuers()[0].state(), KeyState::Seeds);
    ///
    /// let error = layer().seed_keys(KeySet::empty()).build().unwrap_err();
    /// assert_eq!(error, ConfigError::NoKeys);
    /// # Ok::<_, ConfigError>(())
    /// ```
    pub fn seed_keys(mut self, keys: KeySet) -> Self {
        self.shared.seeds = Some(keys);
        self
    }

    /// Reads scopes, roles, groups and the client in these places too.
    pub fn mapping(mut self, mapping: ClaimMapping) -> Self {
        self.shared.mapping = self.shared.mapping.and(mapping);
        self
    }

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

    /// Reads the keys by other means than the network.
    pub fn fetch(mut self, fetch: impl Fetch) -> Self {
        self.shared.fetch = Some(Arc::new(fetch));
        self
    }

    /// Allows these signature algorithms only; by default all that are known, which are all asymmetric.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.shared.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// Sets how far the issuer's clock may be from ours: 60 seconds by default, at most five minutes.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.shared.leeway = Some(leeway);
        self
    }

    /// Takes only tokens that are complete by RFC 9068: the header says `at+jwt` (§4), and `aud`,
    /// `sub`, `client_id`, `iat` and `jti` are there beside `iss` and `exp` (§2.2).
    ///
    /// By default `JWT` and no type are taken too, as most issuers write them; ID tokens never are.
    pub fn strict_type(mut self) -> Self {
        self.shared.typ = Some(TypeRule::Strict);
        self
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
