//! Access policies and their rules as they are written.

use std::collections::BTreeSet;
use std::time::Duration;

use scopegate_claims::ScopeSet;
use serde::{Deserialize, Serialize};

use super::{ClientId, Status};

/// An access policy: the clients that its rules are for.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PolicySpec {
    /// Policies are tried from the lowest priority up.
    pub priority: u32,
    /// The clients it applies to.
    pub clients: Clients,
    /// Whether it is tried at all.
    #[serde(default)]
    pub status: Status,
}

/// The clients that a policy applies to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "all, or those that are named")]
pub enum Clients {
    /// All clients.
    All,
    /// These clients.
    Named(BTreeSet<ClientId>),
}

/// A rule: which grant may give which scopes, for how long.
///
/// A rule matches if the grant type is among its own and every asked-for scope among its scopes. The
/// first rule that matches decides; a rule can allow, never forbid.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RuleSpec {
    /// Rules are tried from the lowest priority up.
    pub priority: u32,
    /// The grant types it is for.
    pub grant_types: BTreeSet<String>,
    /// The scopes it allows.
    pub scopes: Scopes,
    /// How long its access tokens live: 5 minutes to 24 hours.
    pub access_token_lifetime: Duration,
    /// Whether it is tried at all.
    #[serde(default)]
    pub status: Status,
}

impl RuleSpec {
    /// The shortest life of an access token.
    pub const MIN_ACCESS_TOKEN_LIFETIME: Duration = Duration::from_secs(5 * 60);
    /// The longest life of an access token.
    pub const MAX_ACCESS_TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
    /// The life of an access token if a rule does not say.
    pub const DEFAULT_ACCESS_TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 60);
}

/// The scopes that a rule allows.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "any, or those that are named")]
pub enum Scopes {
    /// Any scope of the server.
    Any,
    /// These scopes.
    Named(ScopeSet),
}
