//! A scope as it is written.

use serde::{Deserialize, Serialize};

/// Whether a person is asked before a client gets a scope.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(clippy::exhaustive_enums, reason = "these are Okta's three")]
pub enum Consent {
    /// ParsedRequest for where a person takes part; granted silently where none does.
    Flexible,
    /// Never asked for.
    #[default]
    Implicit,
    /// Always asked for; a grant without a person is refused.
    Required,
}

/// Scopes that OpenID Connect and Okta give a meaning of their own: they are for persons, and no
/// catalog defines them.
pub const RESERVED_SCOPES: [&str; 8] =
    ["address", "device_sso", "email", "groups", "offline_access", "openid", "phone", "profile"];

/// Those of them that a person's grant can give: OpenID Connect Core §5.4, §11.
pub const STANDARD_SCOPES: [&str; 6] =
    ["address", "email", "offline_access", "openid", "phone", "profile"];

/// A scope of a custom authorization server. Its name is the entity's.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeSpec {
    /// What the scope allows, for people.
    #[serde(default)]
    pub description: String,
    /// Whether a person is asked.
    #[serde(default)]
    pub consent: Consent,
    /// Whether a request that names no scope asks for this one.
    #[serde(default)]
    pub default: bool,
}
