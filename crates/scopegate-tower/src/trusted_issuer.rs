//! An issuer whose tokens are taken, as the program describes it.

use std::sync::Arc;
use std::time::Duration;

use scopegate_claims::{Audience, Clock, Issuer};
use scopegate_jose::{
    Algorithm, AlgorithmSet, AudienceRule, ClaimMapping, KeySet, Rules, TypeRule,
};

use crate::issuers::Trust;
use crate::keys::{Fetch, HttpFetch, KeyRing, Location, Source};
use crate::preset::{self, Preset};
use crate::{ConfigError, web_url};

/// An issuer whose tokens a layer takes, with what is particular about it.
///
/// What it leaves open, such as the audience or the leeway, the layer's builder says for all.
///
/// | provider | scopes | roles, groups | client | told from other tokens by |
/// | --- | --- | --- | --- | --- |
/// | [any, ours](Self::new) | `scope`, `scp` | `roles`, `groups` | `client_id`, `cid` | `typ`, `token_use`, `at_hash` |
/// | [Okta](Self::okta) | | | | a `cid` |
/// | [Auth0](Self::auth0) | + `permissions` | | or `azp` | the audience |
/// | [Entra](Self::entra), [v1](Self::entra_v1) | | | or `azp`, `appid` | a client |
/// | [Keycloak](Self::keycloak) | | + `realm_access.roles`, and by [`client_roles`](Self::client_roles) `resource_access.….roles` | or `azp` | `typ: Bearer` |
/// | [Cognito](Self::cognito) | | + `cognito:groups` | | `token_use: access` |
///
/// For others there is [`mapping`](Self::mapping). What it all comes to is in
/// [`Claims`](scopegate_claims::Claims): `scopes()`, `roles()`, `groups()`, `client_id()`.
///
/// ```
/// use scopegate_tower::{BearerLayer, ConfigError, TrustedIssuer};
///
/// let auth = BearerLayer::issuers([
///     TrustedIssuer::okta("https://acme.okta.com/oauth2/default"),
///     TrustedIssuer::keycloak("https://sso.acme.example/realms/staff").client_roles("orders"),
///     TrustedIssuer::cognito("eu-west-1", "eu-west-1_AbCdEfGhI").client_ids(["portal"], "access"),
/// ])
/// .audience("api://orders")
/// .build();
/// assert!(auth.is_ok());
///
/// // The endpoints that speak for all tenants are no issuer of any token.
/// let auth = BearerLayer::issuers([TrustedIssuer::entra("common")]).audience("api://orders").build();
/// assert!(matches!(auth.unwrap_err(), ConfigError::InvalidTenant { .. }));
/// ```
#[must_use]
#[derive(Clone, Debug)]
pub struct TrustedIssuer {
    pub(crate) issuer: String,
    preset: &'static Preset,
    /// Where the provider publishes the keys, if nothing else is said of them.
    published_at: Option<String>,
    /// What could not be said at once, because builders do not fail.
    problem: Option<ConfigError>,
    pub(crate) settings: IssuerSettings,
}

/// What can be said of one issuer, or of all.
#[derive(Clone, Debug, Default)]
pub(crate) struct IssuerSettings {
    pub(crate) audiences: Vec<String>,
    pub(crate) clients: Option<AudienceRule>,
    pub(crate) jwks_url: Option<String>,
    pub(crate) keys: Option<KeySet>,
    pub(crate) seeds: Option<KeySet>,
    pub(crate) fetch: Option<Arc<dyn Fetch>>,
    pub(crate) algorithms: Option<AlgorithmSet>,
    pub(crate) typ: Option<TypeRule>,
    pub(crate) leeway: Option<Duration>,
    pub(crate) mapping: ClaimMapping,
}

/// What issuers share whatever is said of them.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) fetch: Arc<dyn Fetch>,
    pub(crate) settings: IssuerSettings,
}

impl TrustedIssuer {
    /// An issuer that writes what standards say, named as in the `iss` of its tokens.
    pub fn new(issuer: impl Into<String>) -> Self {
        Self::of(issuer.into(), &preset::STANDARD)
    }

    /// A custom authorization server of Okta, such as `https://acme.okta.com/oauth2/default`.
    ///
    /// Tokens of the org server (without `/oauth2/…`) are for Okta alone; nobody else can verify them.
    pub fn okta(issuer: impl Into<String>) -> Self {
        Self::of(issuer.into(), &preset::OKTA)
    }

    /// A tenant of Auth0 by its domain, such as `acme.eu.auth0.com`.
    ///
    /// `permissions` count as scopes. The issuer has a slash at its end.
    pub fn auth0(domain: impl AsRef<str>) -> Self {
        let domain = domain.as_ref();
        let domain = domain.strip_prefix("https://").unwrap_or(domain).trim_end_matches('/');
        Self::of(format!("https://{domain}/"), &preset::AUTH0)
    }

    /// A tenant of Microsoft Entra ID by its GUID, for tokens of version 2.0.
    ///
    /// The API's manifest says which version it gets (`accessTokenAcceptedVersion`); name both if in
    /// doubt. For an API of many tenants use a [resolver](crate::ResolveIssuer). Permissions of
    /// applications are roles, not scopes: the same claim holds the app roles of users.
    pub fn entra(tenant: impl AsRef<str>) -> Self {
        // Tokens have it in lower case, whatever the portal shows.
        let tenant = tenant.as_ref().to_ascii_lowercase();
        let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
        Self::of(issuer, &preset::ENTRA_V2).tenant(&tenant)
    }

    /// The same for tokens of version 1.0.
    pub fn entra_v1(tenant: impl AsRef<str>) -> Self {
        let tenant = tenant.as_ref().to_ascii_lowercase();
        let issuer = format!("https://sts.windows.net/{tenant}/");
        Self::of(issuer, &preset::ENTRA_V1).tenant(&tenant)
    }

    /// A realm of Keycloak, such as `https://sso.example.com/realms/acme`.
    pub fn keycloak(realm: impl Into<String>) -> Self {
        Self::of(realm.into(), &preset::KEYCLOAK)
    }

    /// A user pool of Amazon Cognito.
    ///
    /// Its tokens have no audience unless a resource is asked for: say whose tokens to take by
    /// [`client_ids`](Self::client_ids)`([…], "access")`.
    pub fn cognito(region: impl AsRef<str>, pool: impl AsRef<str>) -> Self {
        let (region, pool) = (region.as_ref(), pool.as_ref());
        let issuer = format!("https://cognito-idp.{region}.amazonaws.com/{pool}");
        Self::of(issuer, &preset::COGNITO)
    }

    fn of(issuer: String, preset: &'static Preset) -> Self {
        let settings = IssuerSettings { mapping: preset.mapping(), ..Default::default() };
        Self { issuer, preset, published_at: None, problem: None, settings }
    }

    fn tenant(mut self, tenant: &str) -> Self {
        if is_guid(tenant) {
            self.published_at = self.preset.jwks_url.map(|url| url.replace("{tenant}", tenant));
        } else {
            self.problem = Some(ConfigError::InvalidTenant { tenant: tenant.to_owned() });
        }
        self
    }

    /// Takes tokens for this audience; called again, for that one too.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.settings.audiences.push(audience.into());
        self
    }

    /// Takes tokens of these clients, for issuers that write no audience.
    ///
    /// `token_use` is what that claim must say, since such an issuer marks its access tokens so.
    pub fn client_ids<'a>(
        mut self,
        ids: impl IntoIterator<Item = &'a str>,
        token_use: &str,
    ) -> Self {
        self.settings.clients = Some(AudienceRule::client_ids(ids, token_use));
        self
    }

    /// Counts the roles that Keycloak's tokens have at this client as roles.
    pub fn client_roles(self, client: &str) -> Self {
        let client = client.replace('~', "~0").replace('/', "~1");
        self.mapping(ClaimMapping::new().roles(&format!("/resource_access/{client}/roles")))
    }

    /// Reads scopes, roles, groups and the client in these places too.
    pub fn mapping(mut self, mapping: ClaimMapping) -> Self {
        self.settings.mapping = self.settings.mapping.and(mapping);
        self
    }

    /// Reads the keys at this URL instead of asking the issuer where they are.
    pub fn jwks_url(mut self, url: impl Into<String>) -> Self {
        self.settings.jwks_url = Some(url.into());
        self
    }

    /// Uses these keys, for good, and no network.
    pub fn keys(mut self, keys: KeySet) -> Self {
        self.settings.keys = Some(keys);
        self
    }

    /// Begins with these keys, see [`BearerBuilder::seed_keys`](crate::BearerBuilder::seed_keys).
    pub fn seed_keys(mut self, keys: KeySet) -> Self {
        self.settings.seeds = Some(keys);
        self
    }

    /// Reads the keys by other means than the other issuers'.
    pub fn fetch(mut self, fetch: impl Fetch) -> Self {
        self.settings.fetch = Some(Arc::new(fetch));
        self
    }

    /// Allows these signature algorithms only.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.settings.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// Takes only tokens that are complete by RFC 9068.
    pub fn strict_type(mut self) -> Self {
        self.settings.typ = Some(TypeRule::Strict);
        self
    }

    /// Sets how far the issuer's clock may be from ours, at most five minutes.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.settings.leeway = Some(leeway);
        self
    }

    /// What the layer decides by.
    pub(crate) fn trust(self, around: &Surroundings) -> Result<Trust, ConfigError> {
        let Self { issuer, preset, published_at, problem, settings } = self;
        if let Some(problem) = problem {
            return Err(problem);
        }
        let issuer = Issuer::parse(&issuer)?;
        let mut settings = settings.or(&around.settings);
        if settings.keys.is_none() {
            settings.jwks_url = settings.jwks_url.or(published_at);
        }
        let rules = preset.apply(settings.rules(issuer)?);
        let keys = settings.key_ring(rules.issuer(), around)?;
        Ok(Trust { rules, keys: Arc::new(keys) })
    }

    /// Whether both say the same, as far as can be told without looking into keys.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let Self { issuer, preset, published_at, problem, settings } = self;
        *issuer == other.issuer
            && *preset == other.preset
            && *published_at == other.published_at
            && *problem == other.problem
            && settings.is_same(&other.settings)
    }
}

impl IssuerSettings {
    /// These, and what they leave open from others.
    fn or(self, others: &Self) -> Self {
        let is_told = self.clients.is_some() || !self.audiences.is_empty();
        let whom = if is_told { (self.audiences, self.clients) } else { others.whom() };
        let has_keys = self.keys.is_some();
        Self {
            audiences: whom.0,
            clients: whom.1,
            // Given keys come from nowhere else.
            jwks_url: self.jwks_url.or_else(|| others.jwks_url.clone().filter(|_| !has_keys)),
            keys: self.keys.or_else(|| others.keys.clone()),
            seeds: self.seeds.or_else(|| others.seeds.clone()),
            fetch: self.fetch.or_else(|| others.fetch.clone()),
            algorithms: self.algorithms.or(others.algorithms),
            typ: self.typ.or(others.typ),
            leeway: self.leeway.or(others.leeway),
            mapping: self.mapping.and(others.mapping.clone()),
        }
    }

    fn whom(&self) -> (Vec<String>, Option<AudienceRule>) {
        (self.audiences.clone(), self.clients.clone())
    }

    fn rules(&self, issuer: Issuer) -> Result<Rules, ConfigError> {
        let algorithms = self.algorithms.unwrap_or_else(AlgorithmSet::all);
        if algorithms.is_empty() {
            return Err(ConfigError::NoAlgorithms);
        }
        let rules = Rules::new(issuer, self.audience_rule()?)
            .with_type(self.typ.unwrap_or_default())
            .with_algorithms(algorithms)
            .with_mapping(self.mapping.clone());
        match self.leeway {
            None => Ok(rules),
            Some(leeway) => rules.with_leeway(leeway).map_err(|_| ConfigError::LeewayTooLong),
        }
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

    fn key_ring(self, issuer: &Issuer, around: &Surroundings) -> Result<KeyRing, ConfigError> {
        let location =
            match self.jwks_url {
                None => Location::Discovery(issuer.clone()),
                Some(url) => Location::Url(web_url::parse(&url).map_err(|problem| {
                    ConfigError::InvalidUrl { option: "jwks_url", url, problem }
                })?),
            };
        match (self.keys, self.seeds, &location) {
            (Some(_), None, Location::Url(_)) => Err(ConfigError::TwoKeySources),
            (Some(_), Some(_), _) => Err(ConfigError::KeysAndSeedKeys),
            (Some(keys), None, _) if keys.is_empty() => Err(ConfigError::NoKeys),
            (None, Some(seeds), _) if seeds.is_empty() => Err(ConfigError::NoKeys),
            (Some(keys), None, _) => Ok(KeyRing::fixed(keys)),
            (None, seeds, _) => {
                let fetch = self.fetch.unwrap_or_else(|| Arc::clone(&around.fetch));
                let clock = Arc::clone(&around.clock);
                Ok(KeyRing::remote(issuer, Source::new(location, fetch), clock, seeds))
            }
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        let Self { audiences, clients, jwks_url, keys, seeds, fetch, .. } = self;
        let Self { algorithms, typ, leeway, mapping, .. } = self;
        let same_fetch = match (fetch, &other.fetch) {
            (None, None) => true,
            (Some(left), Some(right)) => Arc::ptr_eq(left, right),
            _ => false,
        };
        let given = [keys, seeds, &other.keys, &other.seeds];
        same_fetch
            && given.iter().all(|keys| keys.is_none())
            && (audiences, clients, jwks_url) == (&other.audiences, &other.clients, &other.jwks_url)
            && (algorithms, typ, leeway) == (&other.algorithms, &other.typ, &other.leeway)
            && *mapping == other.mapping
    }
}

impl Surroundings {
    pub(crate) fn new(clock: Arc<dyn Clock>, settings: IssuerSettings) -> Self {
        let fetch = settings.fetch.clone().unwrap_or_else(|| Arc::new(HttpFetch::new()));
        Self { clock, fetch, settings }
    }
}

/// Whether a text is a GUID, which is how Entra writes its tenants in `iss`.
fn is_guid(text: &str) -> bool {
    let mut groups = text.split('-');
    let lengths = [8, 4, 4, 4, 12];
    let are_hex = lengths.iter().all(|length| {
        groups.next().is_some_and(|group| {
            group.len() == *length && group.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    });
    are_hex && groups.next().is_none()
}

#[cfg(test)]
mod tests;
