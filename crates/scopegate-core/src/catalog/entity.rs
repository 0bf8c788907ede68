//! An entity of the catalog: a key, an owner and a spec. It is stored as one row.

use std::fmt;

use super::placement::Place;
use super::{ClientId, EntityKind, Owner, ServerId, Spec};

/// The key of an entity.
///
/// `parent` is empty for zones, hooks, servers and clients. It is the server's id for scopes, claims, policies and trusted
/// issuers, and `server/policy` for rules. It is `server/id` for an ID token claim if an access token claim
/// has the same name. A server id contains no slash.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct EntityKey {
    /// The kind of the entity.
    pub kind: EntityKind,
    /// The entity that it belongs to.
    pub parent: String,
    /// The name, unique among the entities of the same kind and parent.
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

    /// The key of an ID token claim if an access token claim has the same name.
    pub fn id_claim_beside(server: &ServerId, name: &str) -> Self {
        Self { kind: EntityKind::Claim, parent: format!("{server}/id"), name: name.to_owned() }
    }

    /// The key of a zone.
    pub fn zone(name: &str) -> Self {
        Self { kind: EntityKind::Zone, parent: String::new(), name: name.to_owned() }
    }

    /// The key of a hook.
    pub fn hook(name: &str) -> Self {
        Self { kind: EntityKind::Hook, parent: String::new(), name: name.to_owned() }
    }

    /// The key of a group.
    pub fn group(name: &str) -> Self {
        Self { kind: EntityKind::Group, parent: String::new(), name: name.to_owned() }
    }

    /// The key of a rule.
    pub fn rule(server: &ServerId, policy: &str, name: &str) -> Self {
        Self { kind: EntityKind::Rule, parent: format!("{server}/{policy}"), name: name.to_owned() }
    }

    /// The id of the server that the entity is or belongs to. `None` for a client, a zone or a hook.
    pub fn server_id(&self) -> Option<&str> {
        match self.kind.place() {
            Place::Catalog | Place::Client => None,
            Place::Server => Some(&self.name),
            Place::InServer | Place::InPolicy => self.parent.split('/').next(),
        }
    }

    /// The name of the policy that a rule belongs to. `None` for other kinds.
    pub fn policy_name(&self) -> Option<&str> {
        match self.kind.place() {
            Place::InPolicy => self.parent.split_once('/').map(|(_, policy)| policy),
            Place::Catalog | Place::Client | Place::Server | Place::InServer => None,
        }
    }
}

impl EntityKey {
    /// The entities that this one belongs to, the nearest first.
    pub(crate) fn parents(&self) -> impl Iterator<Item = Self> {
        let server = match self.kind.place() {
            Place::Catalog | Place::Client | Place::Server => None,
            Place::InServer | Place::InPolicy => {
                self.server_id().and_then(|id| ServerId::parse(id).ok())
            }
        };
        let policy = server.as_ref().zip(self.policy_name());
        let policy = policy.map(|(server, name)| Self::of_server(EntityKind::Policy, server, name));
        policy.into_iter().chain(server.map(|server| Self::server(&server)))
    }

    /// Refuses a key that this version never writes. No lookup would find it.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let server = self.server_id().map(ServerId::parse);
        if matches!(server, Some(Err(_))) {
            return Err("its server has an id of an unknown form");
        }
        if !self.kind.is_parent(&self.parent) {
            return Err("it belongs to something of an unknown form");
        }
        match self.kind.is_name(&self.name) {
            true => Ok(()),
            false => Err("its name is of an unknown form"),
        }
    }
}

impl fmt::Display for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, parent, name } = self;
        write!(f, "{} {parent}{}{name}", kind.as_str(), if parent.is_empty() { "" } else { "/" })
    }
}

/// An entity with its owner.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// The key of the entity.
    pub key: EntityKey,
    /// Who may change it.
    pub owner: Owner,
    /// The content of the entity.
    pub spec: Spec,
}

/// A change of the catalog.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a row is written or deleted")]
pub enum Edit {
    /// The entity is deleted.
    Delete(EntityKey),
    /// The entity is created or replaced.
    Put(Entity),
}

impl Edit {
    /// The key of the changed entity.
    pub fn key(&self) -> &EntityKey {
        match self {
            Self::Delete(key) => key,
            Self::Put(entity) => &entity.key,
        }
    }
}
