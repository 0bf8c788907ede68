//! Building a layer.

use std::sync::Arc;
use std::time::Duration;

use scopegate_claims::{Audience, Clock, Issuer, ScopeSet, SystemClock};
use scopegate_jose::{
    Algorithm, AlgorithmSet, AudienceRule, ChallengeSettings, ExtraClaims, KeySet, RefusalBody,
    Rules, TypeRule,
};
use serde::de::DeserializeOwned;

use crate::decision::{Gate, ReadExtraClaims, TokenRule};
use crate::issuers::{Issuers, Trust};
use crate::keys::{Fetch, HttpFetch, KeyRing, Location, Source};
use crate::{BearerLayer, ConfigError, ProtectedResource, StartError, web_url};

/// Builds a [`BearerLayer`]; what it needs is the issuer and an audience.
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
    issuer: String,
    audiences: Vec<String>,
    clients: Option<AudienceRule>,
    keys: Option<KeySet>,
    jwks_url: Option<String>,
    fetch: Option<Arc<dyn Fetch>>,
    algorithms: AlgorithmSet,
    typ: TypeRule,
    leeway: Option<Duration>,
    settings: ChallengeSettings,
    resource: Option<String>,
    scopes: Option<Vec<String>>,
    extra: Option<ReadExtraClaims>,
    clock: Arc<dyn Clock>,
}

impl BearerBuilder {
    pub(crate) fn new(issuer: String) -> Self {
        Self {
            issuer,
            audiences: Vec::new(),
            clients: None,
            keys: None,
            jwks_url: None,
            fetch: None,
            algorithms: AlgorithmSet::all(),
            typ: TypeRule::Lenient,
            leeway: None,
            settings: ChallengeSettings::new(),
            resource: None,
            scopes: None,
            extra: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// Takes tokens for this audience; called again, for that one too.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
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
        self.clients = Some(AudienceRule::client_ids(ids, token_use));
        self
    }

    /// Reads the keys at this URL instead of asking the issuer where they are.
    ///
    /// The issuer of a token is compared all the same.
    pub fn jwks_url(mut self, url: impl Into<String>) -> Self {
        self.jwks_url = Some(url.into());
        self
    }

    /// Uses these keys, for good, and no network.
    pub fn keys(mut self, keys: KeySet) -> Self {
        self.keys = Some(keys);
        self
    }

    /// Reads the keys by this client. See [`HttpFetch::with_client`].
    pub fn http_client(self, client: reqwest::Client) -> Self {
        self.fetch(HttpFetch::with_client(client))
    }

    /// Reads the keys by other means than the network.
    pub fn fetch(mut self, fetch: impl Fetch) -> Self {
        self.fetch = Some(Arc::new(fetch));
        self
    }

    /// Allows these signature algorithms only; by default all that are known, which are all asymmetric.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// Sets how far the issuer's clock may be from ours: 60 seconds by default, at most five minutes.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = Some(leeway);
        self
    }

    /// Takes only tokens whose header says `at+jwt` (RFC 9068 §4).
    ///
    /// By default `JWT` and no type are taken too, as most issuers write them; ID tokens never are.
    pub fn strict_type(mut self) -> Self {
        self.typ = TypeRule::Strict;
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
        let issuer = Issuer::parse(&self.issuer)?;
        let audience = self.audience_rule()?;
        let scopes = self.scopes.as_ref().map(ScopeSet::from_tokens).transpose()?;
        let mut settings = self.settings;
        let resource = match (&self.resource, &scopes) {
            (Some(url), scopes) => Some(ProtectedResource::new(url, &issuer, scopes.as_ref())?),
            (None, Some(_)) => return Err(ConfigError::ScopesWithoutResource),
            (None, None) => None,
        };
        if let Some(resource) = &resource {
            settings = settings.with_resource_metadata(resource.url());
        }
        if self.algorithms.is_empty() {
            return Err(ConfigError::NoAlgorithms);
        }
        let location =
            match self.jwks_url {
                None => Location::Discovery(issuer.clone()),
                Some(url) => Location::Url(web_url::parse(&url).map_err(|problem| {
                    ConfigError::InvalidUrl { option: "jwks_url", url, problem }
                })?),
            };
        let keys = match (self.keys, &location) {
            (Some(_), Location::Url(_)) => return Err(ConfigError::TwoKeySources),
            (Some(keys), _) if keys.is_empty() => return Err(ConfigError::NoKeys),
            (Some(keys), _) => KeyRing::fixed(keys),
            (None, _) => {
                let fetch = self.fetch.unwrap_or_else(|| Arc::new(HttpFetch::new()));
                KeyRing::remote(
                    &issuer,
                    Source::new(location, fetch),
                    Arc::clone(&self.clock),
                    None,
                )
            }
        };
        let mut rules =
            Rules::new(issuer, audience).with_type(self.typ).with_algorithms(self.algorithms);
        if let Some(leeway) = self.leeway {
            rules = rules.with_leeway(leeway).map_err(|_| ConfigError::LeewayTooLong)?;
        }
        let gate = Gate {
            issuers: Issuers::new(vec![Arc::new(Trust { rules, keys: Arc::new(keys) })]),
            extra: self.extra,
            settings: Arc::new(settings),
            clock: self.clock,
            resource,
        };
        Ok(BearerLayer { gate: Arc::new(gate), rule: TokenRule::Required })
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

    fn audience_rule(&self) -> Result<AudienceRule, ConfigError> {
        match (&self.clients, self.audiences.is_empty()) {
            (Some(_), false) => Err(ConfigError::AudienceAndClientIds),
            (None, true) => Err(ConfigError::MissingAudience),
            (Some(AudienceRule::ClientIds { ids, .. }), true) if ids.is_empty() => {
                Err(ConfigError::MissingAudience)
            }
            (Some(clients), true) => Ok(clients.clone()),
            (None, false) => {
                let audiences = self.audiences.iter().map(|audience| Audience::parse(audience));
                Ok(AudienceRule::AnyOf(audiences.collect::<Result<_, _>>()?))
            }
        }
    }
}
