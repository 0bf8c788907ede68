//! One row of the catalog: a key, an owner, and what was written.

use std::fmt;

use scopegate_claims::Scope;
use serde::{Deserialize, Serialize};

use super::{
    ClaimSpec, ClientId, ClientSpec, PolicySpec, RuleSpec, ScopeSpec, ServerId, ServerSpec,
    TrustedIssuerSpec,
};

/// What kind of thing an entity is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EntityKind {
    /// A custom authorization server.
    Server,
    /// A scope of a server.
    Scope,
    /// A claim of a server.
    Claim,
    /// An access policy of a server.
    Policy,
    /// A rule of a policy.
    Rule,
    /// An issuer whose assertions a server takes.
    TrustedIssuer,
    /// A client.
    Client,
}

impl EntityKind {
    /// All there are.
    pub const ALL: [Self; 7] = [
        Self::Server,
        Self::Scope,
        Self::Claim,
        Self::Policy,
        Self::Rule,
        Self::TrustedIssuer,
        Self::Client,
    ];

    /// The name as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Client => "client",
            Self::Policy => "policy",
            Self::Rule => "rule",
            Self::Scope => "scope",
            Self::Server => "server",
            Self::TrustedIssuer => "trusted_issuer",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// By what an entity is found.
///
/// `parent` is empty for servers and clients, the server's id for scopes, claims and policies,
/// `server/policy` for rules, and `server/id` for the claim of ID tokens where one of access tokens has the
/// same name (a server id holds no slash).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct EntityKey {
    /// What it is.
    pub kind: EntityKind,
    /// To what it belongs.
    pub parent: String,
    /// Its name, unique among its siblings.
    pub name: String,
}

impl EntityKey {
    /// The key of a custom server.
    pub fn server(id: &ServerId) -> Self {
        Self { kind: EntityKind::Server, parent: String::new(), name: id.to_string() }
    }

    /// The key of a client.
    pub fn client(id: &ClientId) -> Self {
        Self { kind: EntityKind::Client, parent: String::new(), name: id.to_string() }
    }

    /// The key of a scope, a claim, a policy or a trusted issuer of a server.
    pub fn of_server(kind: EntityKind, server: &ServerId, name: &str) -> Self {
        Self { kind, parent: server.to_string(), name: name.to_owned() }
    }

    /// The key of a claim of ID tokens beside one of access tokens that has the same name.
    pub fn id_claim_beside(server: &ServerId, name: &str) -> Self {
        Self { kind: EntityKind::Claim, parent: format!("{server}/id"), name: name.to_owned() }
    }

    /// The key of a rule.
    pub fn rule(server: &ServerId, policy: &str, name: &str) -> Self {
        Self { kind: EntityKind::Rule, parent: format!("{server}/{policy}"), name: name.to_owned() }
    }

    /// The id of the server that the entity belongs to; none for a client.
    pub fn server_id(&self) -> Option<&str> {
        match self.kind {
            EntityKind::Client => None,
            EntityKind::Server => Some(&self.name),
            EntityKind::Claim
            | EntityKind::Policy
            | EntityKind::Rule
            | EntityKind::Scope
            | EntityKind::TrustedIssuer => self.parent.split('/').next(),
        }
    }

    /// The name of the policy that a rule belongs to.
    pub fn policy_name(&self) -> Option<&str> {
        match self.kind {
            EntityKind::Rule => self.parent.split_once('/').map(|(_, policy)| policy),
            _ => None,
        }
    }
}

impl EntityKey {
    /// Refuses a key that no entity of this version has: it could not be looked up.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let server = self.server_id().map(ServerId::parse);
        if matches!(server, Some(Err(_))) {
            return Err("its server has an id of an unknown form");
        }
        let depth = if self.parent.is_empty() { 0 } else { self.parent.split('/').count() };
        let is_in_place = match self.kind {
            EntityKind::Client | EntityKind::Server => depth == 0,
            EntityKind::Policy | EntityKind::Scope | EntityKind::TrustedIssuer => depth == 1,
            EntityKind::Claim => depth == 1 || depth == 2 && self.parent.ends_with("/id"),
            // The name of a policy may hold slashes.
            EntityKind::Rule => depth >= 2,
        };
        if !is_in_place {
            return Err("it belongs to something of an unknown form");
        }
        let is_known = match self.kind {
            EntityKind::Client => ClientId::parse(&self.name).is_ok(),
            EntityKind::Scope => Scope::parse(&self.name).is_ok(),
            EntityKind::Claim
            | EntityKind::Policy
            | EntityKind::Rule
            | EntityKind::Server
            | EntityKind::TrustedIssuer => true,
        };
        if is_known { Ok(()) } else { Err("its name is of an unknown form") }
    }
}

impl fmt::Display for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, parent, name } = self;
        write!(f, "{} {parent}{}{name}", kind.as_str(), if parent.is_empty() { "" } else { "/" })
    }
}

/// Who may change an entity.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "an entity has one of two lives")]
pub enum Owner {
    /// The management API and the commands that act like it.
    Api,
    /// A catalog file: `apply` changes and deletes it.
    File,
}

impl Owner {
    /// The name as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::File => "file",
        }
    }

    /// The owner of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Api, Self::File].into_iter().find(|owner| owner.as_str() == name)
    }
}

/// What was written of an entity.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Spec {
    /// A claim.
    Claim(ClaimSpec),
    /// A client.
    Client(Box<ClientSpec>),
    /// An access policy.
    Policy(PolicySpec),
    /// A rule.
    Rule(RuleSpec),
    /// A scope.
    Scope(ScopeSpec),
    /// A custom authorization server.
    Server(ServerSpec),
    /// An issuer whose assertions a server takes.
    TrustedIssuer(Box<TrustedIssuerSpec>),
}

impl Spec {
    /// The JSON text that is stored.
    pub fn to_json(&self) -> String {
        let json = match self {
            Self::Claim(spec) => serde_json::to_string(spec),
            Self::Client(spec) => serde_json::to_string(spec),
            Self::Policy(spec) => serde_json::to_string(spec),
            Self::Rule(spec) => serde_json::to_string(spec),
            Self::Scope(spec) => serde_json::to_string(spec),
            Self::Server(spec) => serde_json::to_string(spec),
            Self::TrustedIssuer(spec) => serde_json::to_string(spec),
        };
        json.expect("a spec has text keys only")
    }

    /// Reads what was stored.
    ///
    /// # Errors
    ///
    /// What is not as this version writes it. The text may quote what was stored.
    pub fn from_json(key: &EntityKey, json: &str) -> Result<Self, serde_json::Error> {
        match key.kind {
            EntityKind::Claim => serde_json::from_str(json).map(Self::Claim),
            EntityKind::Client => serde_json::from_str(json).map(Self::Client),
            EntityKind::Policy => serde_json::from_str(json).map(Self::Policy),
            EntityKind::Rule => serde_json::from_str(json).map(Self::Rule),
            EntityKind::Scope => serde_json::from_str(json).map(Self::Scope),
            EntityKind::Server => serde_json::from_str(json).map(Self::Server),
            EntityKind::TrustedIssuer => serde_json::from_str(json).map(Self::TrustedIssuer),
        }
    }

    /// The scope that an entity of this kind is named by, where it is a scope.
    pub fn scope_name(key: &EntityKey) -> Option<Scope> {
        (key.kind == EntityKind::Scope).then(|| Scope::parse(&key.name).ok()).flatten()
    }
}

/// An entity with its owner.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// By what it is found.
    pub key: EntityKey,
    /// Who may change it.
    pub owner: Owner,
    /// What was written.
    pub spec: Spec,
}

/// A change of the catalog.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a row is written or deleted")]
pub enum Edit {
    /// The entity is gone.
    Delete(EntityKey),
    /// The entity is new or has changed.
    Put(Entity),
}

impl Edit {
    /// By what the changed entity is found.
    pub fn key(&self) -> &EntityKey {
        match self {
            Self::Delete(key) => key,
            Self::Put(entity) => &entity.key,
        }
    }
}
