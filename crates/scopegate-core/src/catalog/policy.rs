//! Access policies and their rules as they are written.

mod rules;

use std::collections::BTreeSet;
use std::time::Duration;

use scopegate_claims::ScopeSet;
use serde::{Deserialize, Serialize};

use super::check::{Field, Review};
use super::kind::{Place, SpecKind};
use super::{AuthorizationServer, ClientId, EntityKey, Status};

/// The most characters of the name of a policy or a rule.
const MAX_NAME: usize = 100;

/// An access policy: the clients that its rules are for.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySpec {
    /// Policies are tried from the lowest priority up.
    pub priority: u32,
    /// The clients it applies to.
    pub clients: Clients,
    /// Whether it is tried at all.
    #[serde(default)]
    pub status: Status,
}

impl SpecKind for PolicySpec {
    const PLACE: Place = Place::InServer;

    fn check(&self, review: &mut Review<'_, '_>) {
        review.label(Field::of("name"), &review.key().name, MAX_NAME);
        review.clients(&self.clients);
    }

    fn find(key: &EntityKey, server: &AuthorizationServer) -> Option<Self> {
        server.known_policy(&key.name)?.spec.clone()
    }

    fn put(self, key: &EntityKey, server: &mut AuthorizationServer) {
        server.policy(&key.name).spec = Some(self);
    }

    fn delete(key: &EntityKey, server: &mut AuthorizationServer) {
        server.policy(&key.name).spec = None;
    }
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
#[serde(deny_unknown_fields)]
pub struct RuleSpec {
    /// Rules are tried from the lowest priority up.
    pub priority: u32,
    /// The grant types it is for.
    pub grant_types: BTreeSet<String>,
    /// The scopes it allows.
    pub scopes: Scopes,
    /// How long its access tokens live: 5 minutes to 24 hours.
    pub access_token_lifetime: Duration,
    /// The logins of persons it is for, as `User::exact_login_key`
    /// writes them.
    #[serde(default)]
    pub users: BTreeSet<String>,
    /// The groups of persons it is for. With no user and no group it is for everybody.
    #[serde(default)]
    pub groups: BTreeSet<String>,
    /// How long its refresh tokens live in all; none: without an end.
    #[serde(default)]
    pub refresh_token_lifetime: Option<Duration>,
    /// How long its refresh tokens live without being used: 10 minutes to 5 years.
    #[serde(default = "default_window")]
    pub refresh_token_window: Duration,
    /// Whether it is tried at all.
    #[serde(default)]
    pub status: Status,
}

impl SpecKind for RuleSpec {
    const PLACE: Place = Place::InPolicy;

    fn check(&self, review: &mut Review<'_, '_>) {
        self.rules(review);
    }

    fn find(key: &EntityKey, server: &AuthorizationServer) -> Option<Self> {
        server.known_policy(key.policy_name()?)?.written.get(&key.name).cloned()
    }

    fn put(self, key: &EntityKey, server: &mut AuthorizationServer) {
        let policy = key.policy_name().unwrap_or_default();
        server.policy(policy).written.insert(key.name.clone(), self);
    }

    fn delete(key: &EntityKey, server: &mut AuthorizationServer) {
        let policy = key.policy_name().unwrap_or_default();
        server.policy(policy).written.remove(&key.name);
    }
}

impl RuleSpec {
    /// The shortest life of an access token.
    pub const MIN_ACCESS_TOKEN_LIFETIME: Duration = Duration::from_secs(5 * 60);
    /// The longest life of an access token.
    pub const MAX_ACCESS_TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
    /// The life of an access token if a rule does not say.
    pub const DEFAULT_ACCESS_TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 60);
    /// The shortest time that a refresh token lives without being used.
    pub const MIN_REFRESH_TOKEN_WINDOW: Duration = Duration::from_secs(10 * 60);
    /// The longest time that a refresh token lives, with or without being used.
    pub const MAX_REFRESH_TOKEN_WINDOW: Duration = Duration::from_secs(5 * 365 * 24 * 60 * 60);
    /// How long a refresh token lives without being used if a rule does not say.
    pub const DEFAULT_REFRESH_TOKEN_WINDOW: Duration = Duration::from_secs(7 * 24 * 60 * 60);
}

/// A rule that grants nothing.
impl Default for RuleSpec {
    fn default() -> Self {
        Self {
            priority: 1,
            grant_types: BTreeSet::new(),
            scopes: Scopes::Named(ScopeSet::empty()),
            access_token_lifetime: Self::DEFAULT_ACCESS_TOKEN_LIFETIME,
            users: BTreeSet::new(),
            groups: BTreeSet::new(),
            refresh_token_lifetime: None,
            refresh_token_window: Self::DEFAULT_REFRESH_TOKEN_WINDOW,
            status: Status::Active,
        }
    }
}

const fn default_window() -> Duration {
    RuleSpec::DEFAULT_REFRESH_TOKEN_WINDOW
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
