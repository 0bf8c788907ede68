//! How providers differ from the standards, as data.

use scopegate_jose::{ClaimMapping, ClientRule, Rules};

/// How a provider differs from RFC 9068.
///
/// Claims are named as in [`ClaimMapping`]. `scope` and `scp`, `client_id` and `cid`, `roles`,
/// `groups` and a header without `typ` are accepted for every provider and are not listed.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Preset {
    pub(crate) scopes: &'static [&'static str],
    pub(crate) roles: &'static [&'static str],
    pub(crate) groups: &'static [&'static str],
    pub(crate) client_id: &'static [&'static str],
    /// Whether a token must name a client, which ID tokens of the provider do not.
    pub(crate) client: ClientRule,
    /// The required value of the claim `typ` of an access token.
    pub(crate) token_kind: Option<&'static str>,
    /// The URL of the keys, if it is not the one in the issuer's metadata; `{tenant}` is replaced.
    pub(crate) jwks_url: Option<&'static str>,
}

/// An issuer that follows the standards: ours, and most others.
pub(crate) static STANDARD: Preset = Preset {
    scopes: &[],
    roles: &[],
    groups: &[],
    client_id: &[],
    client: ClientRule::Any,
    token_kind: None,
    jwks_url: None,
};

/// `scp` is an array, `cid` the client, the header has no `typ`. ID tokens have no `cid`.
pub(crate) static OKTA: Preset = Preset {
    scopes: &[],
    roles: &[],
    groups: &[],
    client_id: &[],
    client: ClientRule::Named,
    token_kind: None,
    jwks_url: None,
};

/// With RBAC enabled, `permissions` has what the user may do; `scope` has what the client
/// requested.
pub(crate) static AUTH0: Preset = Preset {
    scopes: &["permissions"],
    roles: &[],
    groups: &[],
    client_id: &["azp"],
    client: ClientRule::Any,
    token_kind: None,
    jwks_url: None,
};

/// `scp` is a string; application permissions and app roles are in `roles`. An API that is also a
/// client gets ID tokens with the same audience; those name no client.
pub(crate) static ENTRA_V2: Preset = Preset {
    scopes: &[],
    roles: &[],
    groups: &[],
    client_id: &["azp", "appid"],
    client: ClientRule::Named,
    token_kind: None,
    jwks_url: Some("https://login.microsoftonline.com/{tenant}/discovery/v2.0/keys"),
};

/// Like version 2.0, but `appid` names the client, and the issuer is another.
pub(crate) static ENTRA_V1: Preset = Preset {
    scopes: &[],
    roles: &[],
    groups: &[],
    client_id: &["appid", "azp"],
    client: ClientRule::Named,
    token_kind: None,
    jwks_url: Some("https://login.microsoftonline.com/{tenant}/discovery/keys"),
};

/// Roles of the realm and of clients are inside of objects. The claim `typ` distinguishes access
/// tokens from others.
pub(crate) static KEYCLOAK: Preset = Preset {
    scopes: &[],
    roles: &["/realm_access/roles"],
    groups: &[],
    client_id: &["azp"],
    client: ClientRule::Any,
    token_kind: Some("Bearer"),
    jwks_url: None,
};

/// Access tokens have no `aud`; `client_id` and `token_use` are checked instead. Groups have their
/// own claim.
pub(crate) static COGNITO: Preset = Preset {
    scopes: &[],
    roles: &[],
    groups: &["cognito:groups"],
    client_id: &[],
    client: ClientRule::Named,
    token_kind: None,
    jwks_url: None,
};

impl Preset {
    pub(crate) fn apply(&self, mut rules: Rules) -> Rules {
        if self.client == ClientRule::Named {
            rules = rules.with_client_rule(self.client);
        }
        match self.token_kind {
            Some(kind) => rules.with_token_kind(kind),
            None => rules,
        }
    }

    pub(crate) fn mapping(&self) -> ClaimMapping {
        let mapping = ClaimMapping::new();
        let mapping = self.scopes.iter().fold(mapping, |mapping, place| mapping.scopes(place));
        let mapping = self.roles.iter().fold(mapping, |mapping, place| mapping.roles(place));
        let mapping = self.groups.iter().fold(mapping, |mapping, place| mapping.groups(place));
        self.client_id.iter().fold(mapping, |mapping, place| mapping.client_id(place))
    }
}
