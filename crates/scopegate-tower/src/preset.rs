//! What providers do differently, as data.

use scopegate_jose::{ClaimMapping, ClientRule, Rules};

/// What a provider does differently from RFC 9068.
///
/// Places are those of [`ClaimMapping`]. `scope` and `scp`, `client_id` and `cid`, `roles`, `groups`
/// and a header without `typ` are read everywhere and need no mention.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Preset {
    pub(crate) scopes: &'static [&'static str],
    pub(crate) roles: &'static [&'static str],
    pub(crate) groups: &'static [&'static str],
    pub(crate) client_id: &'static [&'static str],
    /// Whether a token must name a client: what ID tokens of the provider lack.
    pub(crate) client: ClientRule,
    /// What the claim `typ` of an access token is.
    pub(crate) token_kind: Option<&'static str>,
    /// Where the keys are, if not where the issuer's metadata says; `{tenant}` is filled in.
    pub(crate) jwks_url: Option<&'static str>,
}

/// An issuer that writes what standards say: ours, and most others.
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

/// With RBAC what a user may is in `permissions`; `scope` has what the client asked for.
pub(crate) static AUTH0: Preset = Preset {
    scopes: &["permissions"],
    roles: &[],
    groups: &[],
    client_id: &["azp"],
    client: ClientRule::Any,
    token_kind: None,
    jwks_url: None,
};

/// `scp` is a text, application permissions and app roles are in `roles`. An API that is its own
/// client gets ID tokens for the same audience; those name no client.
pub(crate) static ENTRA_V2: Preset = Preset {
    scopes: &[],
    roles: &[],
    groups: &[],
    client_id: &["azp", "appid"],
    client: ClientRule::Named,
    token_kind: None,
    jwks_url: Some("https://login.microsoftonline.com/{tenant}/discovery/v2.0/keys"),
};

/// The same with `appid` for the client and another issuer.
pub(crate) static ENTRA_V1: Preset = Preset {
    scopes: &[],
    roles: &[],
    groups: &[],
    client_id: &["appid", "azp"],
    client: ClientRule::Named,
    token_kind: None,
    jwks_url: Some("https://login.microsoftonline.com/{tenant}/discovery/keys"),
};

/// Roles of the realm and of clients lie in objects, and the claim `typ` tells the kinds apart.
pub(crate) static KEYCLOAK: Preset = Preset {
    scopes: &[],
    roles: &["/realm_access/roles"],
    groups: &[],
    client_id: &["azp"],
    client: ClientRule::Any,
    token_kind: Some("Bearer"),
    jwks_url: None,
};

/// Access tokens have no `aud`; `client_id` and `token_use` stand for it. Groups have their own name.
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
        rules = rules.with_client_rule(self.client);
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
