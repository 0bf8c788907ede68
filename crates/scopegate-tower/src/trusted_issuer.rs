//! A trusted issuer, as the program describes it.

use std::sync::Arc;

use scopegate_jose::ClaimMapping;

use crate::issuer_settings::{IssuerContext, IssuerSettings, issuer_setters};
use crate::preset::{self, Preset};
use crate::trust::Trust;
use crate::{ConfigError, issuer_name};

/// An issuer whose tokens a layer accepts, with the provider's particularities.
///
/// Settings that are not made here, such as the audience or the leeway, are taken from the layer's
/// builder.
///
/// | provider | scopes | roles, groups | client | how access tokens are recognized |
/// | --- | --- | --- | --- | --- |
/// | [standard, ours](Self::new) | `scope`, `scp` | `roles`, `groups` | `client_id`, `cid` | `typ`, `token_use`, `at_hash` |
/// | [Okta](Self::okta) | | | | a `cid` |
/// | [Auth0](Self::auth0) | + `permissions` | | or `azp` | the audience |
/// | [Entra](Self::entra), [v1](Self::entra_v1) | | | or `azp`, `appid` | a client |
/// | [Keycloak](Self::keycloak) | | + `realm_access.roles`, and by [`client_roles`](Self::client_roles) `resource_access.….roles` | or `azp` | `typ: Bearer` |
/// | [Cognito](Self::cognito) | | + `cognito:groups` | | `token_use: access` |
///
/// For other providers use [`new`](Self::new) with [`mapping`](Self::mapping) and other settings.
/// [docs/providers.md](https://github.com/scopegate/scopegate/blob/main/docs/providers.md) has a
/// tested line for about fifty. The results are in
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
/// // The endpoints for all tenants together are not the issuer of any token.
/// let auth = BearerLayer::issuers([TrustedIssuer::entra("common")]).audience("api://orders").build();
/// assert!(matches!(auth.unwrap_err(), ConfigError::InvalidTenant { .. }));
/// ```
#[must_use]
#[derive(Clone, Debug)]
pub struct TrustedIssuer {
    pub(crate) issuer: String,
    preset: &'static Preset,
    /// The provider's key set URL, used if no other keys or URL are set.
    published_at: Option<String>,
    /// An error that `build` reports, because the setters cannot fail.
    problem: Option<ConfigError>,
    pub(crate) settings: IssuerSettings,
}

impl TrustedIssuer {
    /// An issuer that follows the standards, named as in the `iss` of its tokens.
    ///
    /// The name is an https URL, from which the keys are discovered, or any string if
    /// [`jwks_url`](Self::jwks_url) or [`keys`](Self::keys) says where the keys are.
    pub fn new(issuer: impl Into<String>) -> Self {
        Self::of(issuer.into(), &preset::STANDARD)
    }

    /// A custom authorization server of Okta, such as `https://acme.okta.com/oauth2/default`.
    ///
    /// Tokens of the org server (without `/oauth2/…`) are only for Okta's own APIs; no other
    /// service can verify them.
    pub fn okta(issuer: impl Into<String>) -> Self {
        Self::of(issuer.into(), &preset::OKTA)
    }

    /// An Auth0 tenant, given by its domain, such as `acme.eu.auth0.com`.
    ///
    /// `permissions` count as scopes. The issuer ends with a slash, which is added here.
    pub fn auth0(domain: impl AsRef<str>) -> Self {
        let domain = domain.as_ref();
        let domain = domain.strip_prefix("https://").unwrap_or(domain).trim_end_matches('/');
        Self::of(format!("https://{domain}/"), &preset::AUTH0)
    }

    /// A Microsoft Entra ID tenant, given by its GUID, for tokens of version 2.0.
    ///
    /// The API's manifest says which version it gets (`accessTokenAcceptedVersion`); trust both
    /// versions if in doubt. For a multi-tenant API use a [resolver](crate::ResolveIssuer).
    /// Application permissions are read as roles, not scopes, because the same claim holds the app
    /// roles of users.
    pub fn entra(tenant: impl AsRef<str>) -> Self {
        // Tokens have the GUID in lower case, even if the portal shows it otherwise.
        let tenant = tenant.as_ref().to_ascii_lowercase();
        let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
        Self::of(issuer, &preset::ENTRA_V2).tenant(&tenant)
    }

    /// The same tenant for tokens of version 1.0.
    pub fn entra_v1(tenant: impl AsRef<str>) -> Self {
        let tenant = tenant.as_ref().to_ascii_lowercase();
        let issuer = format!("https://sts.windows.net/{tenant}/");
        Self::of(issuer, &preset::ENTRA_V1).tenant(&tenant)
    }

    /// A Keycloak realm, such as `https://sso.example.com/realms/acme`.
    pub fn keycloak(realm: impl Into<String>) -> Self {
        Self::of(realm.into(), &preset::KEYCLOAK)
    }

    /// An Amazon Cognito user pool.
    ///
    /// Its tokens have no audience unless the client requests a resource. Say which clients' tokens
    /// to accept with [`client_ids`](Self::client_ids)`([…], "access")`.
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

    /// Also reads the roles that Keycloak assigns for this client (`resource_access.CLIENT.roles`).
    pub fn client_roles(self, client: &str) -> Self {
        let client = client.replace('~', "~0").replace('/', "~1");
        self.mapping(ClaimMapping::new().roles(&format!("/resource_access/{client}/roles")))
    }

    issuer_setters!(settings);

    /// Builds the rules and keys that verify the issuer's tokens.
    pub(crate) fn trust(self, context: &IssuerContext) -> Result<Trust, ConfigError> {
        let Self { issuer, preset, published_at, problem, settings } = self;
        if let Some(problem) = problem {
            return Err(problem);
        }
        issuer_name::check(&issuer)?;
        let mut settings = settings.or(&context.settings);
        if settings.keys.is_none() {
            settings.jwks_url = settings.jwks_url.or(published_at);
        }
        let rules = settings.rules(&issuer).map(|rules| preset.apply(rules))?;
        let keys = settings.key_ring(&issuer, context)?;
        Ok(Trust { rules, keys: Arc::new(keys) })
    }

    /// Whether both have the same settings. Settings with keys never count as the same, because
    /// keys are not compared.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let Self { issuer, preset, published_at, problem, settings } = self;
        *issuer == other.issuer
            && *preset == other.preset
            && *published_at == other.published_at
            && *problem == other.problem
            && settings.is_same(&other.settings)
    }
}

/// Whether a text is a GUID. Entra names tenants by GUID in `iss`.
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
