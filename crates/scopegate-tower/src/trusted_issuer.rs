//! An issuer whose tokens are taken, as the program describes it.

use std::sync::Arc;

use scopegate_claims::Issuer;
use scopegate_jose::ClaimMapping;

use crate::ConfigError;
use crate::issuer_settings::{IssuerSettings, Surroundings, issuer_setters};
use crate::issuers::Trust;
use crate::preset::{self, Preset};

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

    /// Counts the roles that Keycloak's tokens have at this client as roles.
    pub fn client_roles(self, client: &str) -> Self {
        let client = client.replace('~', "~0").replace('/', "~1");
        self.mapping(ClaimMapping::new().roles(&format!("/resource_access/{client}/roles")))
    }

    issuer_setters!(settings);

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
