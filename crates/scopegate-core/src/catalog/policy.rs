//! Access policies and their rules.

mod acr;
mod hours;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use scopegate_claims::ScopeSet;
use serde::{Deserialize, Serialize};

pub use self::acr::AcrClass;
pub(crate) use self::hours::local_time;
pub use self::hours::{ClockTime, Day, Hours};
use super::check::{Field, Review};
use super::kind::SpecKind;
use super::placement::Place;
use super::{AuthorizationServer, ClientAuth, ClientId, EntityKey, Status};
use crate::expression::Expression;

/// Maximum length of the name of a policy or a rule, in characters.
const MAX_NAME: usize = 100;

/// Maximum length of the description of a policy, in characters.
const MAX_DESCRIPTION: usize = 1000;

/// An access policy. It selects the clients that its rules apply to.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySpec {
    /// Policies are tried in ascending order of priority.
    pub priority: u32,
    /// What it is for, for administrators.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The clients that it applies to.
    pub clients: Clients,
    /// Whether it is in use.
    #[serde(default)]
    pub status: Status,
}

impl SpecKind for PolicySpec {
    const PLACE: Place = Place::InServer;

    fn check(&self, review: &mut Review<'_, '_>) {
        review.label(Field::of("name"), &review.key().name, MAX_NAME);
        review.length(Field::of("description"), &self.description, MAX_DESCRIPTION);
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
#[expect(clippy::exhaustive_enums, reason = "all clients, or a list")]
pub enum Clients {
    /// All clients.
    All,
    /// These clients.
    Named(BTreeSet<ClientId>),
}

/// A rule: which grants may issue tokens with which scopes, and for how long. Or which grants issue nothing.
///
/// A rule matches if all its conditions hold. The first rule that matches decides. Members that are not
/// written are not stored, so that an earlier version reads a rule that does not use them.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSpec {
    /// Rules are tried in ascending order of priority.
    pub priority: u32,
    /// Whether it allows or denies.
    #[serde(default, skip_serializing_if = "is_default")]
    pub effect: Effect,
    /// The grant types that it applies to.
    pub grant_types: BTreeSet<String>,
    /// The scopes that it allows. A deny rule matches if one of the requested scopes is among them.
    pub scopes: Scopes,
    /// The lifetime of its access tokens: 5 minutes to 24 hours.
    pub access_token_lifetime: Duration,
    /// The logins of the users that it applies to, in the form of `User::exact_login_key`.
    #[serde(default)]
    pub users: BTreeSet<String>,
    /// The groups whose users it applies to. If there are neither users nor groups, it applies to every user.
    #[serde(default)]
    pub groups: BTreeSet<String>,
    /// The maximum lifetime of its refresh tokens. `None`: unlimited.
    #[serde(default)]
    pub refresh_token_lifetime: Option<Duration>,
    /// How long its refresh tokens are valid without being used: 10 minutes to 5 years.
    #[serde(default = "default_window")]
    pub refresh_token_window: Duration,
    /// The networks that the request must come from. None: any.
    #[serde(default, skip_serializing_if = "is_default")]
    pub zones: BTreeSet<String>,
    /// The networks that the request must not come from.
    #[serde(default, skip_serializing_if = "is_default")]
    pub not_zones: BTreeSet<String>,
    /// When it applies.
    #[serde(default, skip_serializing_if = "is_default")]
    pub hours: Option<Hours>,
    /// The client authentication methods that it applies to. None: any.
    #[serde(default, skip_serializing_if = "is_default")]
    pub client_auth: BTreeSet<ClientAuth>,
    /// The authentication context classes of the sign-in, one of which is enough. A stronger class satisfies a
    /// weaker one. None: any.
    #[serde(default, skip_serializing_if = "is_default")]
    pub acr_values: BTreeSet<String>,
    /// The maximum time since the user signed in.
    #[serde(default, skip_serializing_if = "is_default")]
    pub max_age: Option<Duration>,
    /// The requested resources (RFC 8707) that it applies to. None: any, or no resource.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resources: BTreeSet<String>,
    /// An expression that must be true.
    #[serde(default, skip_serializing_if = "is_default")]
    pub when: Option<Expression>,
    /// Whether it gives the requested scopes that are inside, instead of not matching if one is not.
    #[serde(default, skip_serializing_if = "is_default")]
    pub narrow: bool,
    /// The maximum lifetime of an access token with a scope, by the name of the scope.
    #[serde(default, skip_serializing_if = "is_default")]
    pub scope_lifetimes: BTreeMap<String, Duration>,
    /// The hooks that may change its tokens, in the order in which they are applied.
    #[serde(default, skip_serializing_if = "is_default")]
    pub hooks: Vec<String>,
    /// Whether it is in use.
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
    /// Minimum lifetime of an access token.
    pub const MIN_ACCESS_TOKEN_LIFETIME: Duration = Duration::from_secs(5 * 60);
    /// Maximum lifetime of an access token.
    pub const MAX_ACCESS_TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
    /// The lifetime of an access token if the rule does not set one.
    pub const DEFAULT_ACCESS_TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 60);
    /// Minimum time that a refresh token is valid without being used.
    pub const MIN_REFRESH_TOKEN_WINDOW: Duration = Duration::from_secs(10 * 60);
    /// Maximum time that a refresh token is valid, used or not.
    pub const MAX_REFRESH_TOKEN_WINDOW: Duration = Duration::from_secs(5 * 365 * 24 * 60 * 60);
    /// How long a refresh token is valid without being used if the rule does not set it.
    pub const DEFAULT_REFRESH_TOKEN_WINDOW: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    /// The maximum lifetime of an access token with these scopes, whatever a hook says.
    pub fn lifetime_cap(&self, scopes: &ScopeSet) -> Option<Duration> {
        let caps = self.scope_lifetimes.iter().filter(|(scope, _)| scopes.contains(scope));
        caps.map(|(_, cap)| *cap).min()
    }

    /// The lifetime of an access token with these scopes.
    pub fn lifetime_of(&self, scopes: &ScopeSet) -> Duration {
        let caps = self.scope_lifetimes.iter().filter(|(scope, _)| scopes.contains(scope));
        caps.fold(self.access_token_lifetime, |least, (_, cap)| least.min(*cap))
    }
}

/// A rule that allows nothing.
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
            effect: Effect::Allow,
            zones: BTreeSet::new(),
            not_zones: BTreeSet::new(),
            hours: None,
            client_auth: BTreeSet::new(),
            acr_values: BTreeSet::new(),
            max_age: None,
            resources: BTreeSet::new(),
            when: None,
            narrow: false,
            scope_lifetimes: BTreeMap::new(),
            hooks: Vec::new(),
            status: Status::Active,
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What a rule does if it matches.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "a rule allows or denies")]
pub enum Effect {
    /// It gives scopes.
    #[default]
    Allow,
    /// The request is refused.
    Deny,
}

const fn default_window() -> Duration {
    RuleSpec::DEFAULT_REFRESH_TOKEN_WINDOW
}

/// The scopes that a rule allows.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "any scope, or a list")]
pub enum Scopes {
    /// Any scope of the server.
    Any,
    /// These scopes.
    Named(ScopeSet),
}
