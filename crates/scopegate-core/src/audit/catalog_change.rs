//! A change of the catalog: who made it, and the entity before and after.

use scopegate_claims::UnixTime;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{AuditEvent, DecisionId, What};
use crate::catalog::{Entity, EntityId, EntityKey, EntityKind};

/// Who changed something.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct Actor {
    /// The kind of actor.
    #[serde(rename = "type")]
    pub kind: ActorKind,
    /// The client id, the user id, the name of the file, or the command.
    pub id: String,
    /// The person who ran the command, as `NAME@HOST`. `None` if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// The kind of actor that changed something.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ActorKind {
    /// The management API, with the client that called it.
    Api,
    /// A command that writes to the storage.
    Cli,
    /// A client that changed itself.
    Client,
    /// A catalog file.
    File,
    /// The server itself.
    System,
    /// A user.
    User,
}

impl Actor {
    /// A command that writes to the storage, by its name.
    pub fn cli(command: &str) -> Self {
        Self { kind: ActorKind::Cli, id: command.to_owned(), by: None }
    }

    /// The management API, by the id of the client that called it.
    pub fn api(client: &str) -> Self {
        Self { kind: ActorKind::Api, id: client.to_owned(), by: None }
    }

    /// A catalog file, by its name.
    pub fn file(name: &str) -> Self {
        Self { kind: ActorKind::File, id: name.to_owned(), by: None }
    }

    /// The same actor with the person who ran the command.
    #[must_use]
    pub fn on_behalf_of(self, person: Option<&str>) -> Self {
        Self { by: person.map(str::to_owned), ..self }
    }
}

/// The change of an entity, without its secrets.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct EntityChange {
    /// Who changed it.
    pub actor: Actor,
    /// The id of the authorization server that the entity is or belongs to. Empty for a client.
    pub server: String,
    /// The id of the client, if the entity is one. Empty otherwise.
    pub client: String,
    /// The entity before. `None` if it is new.
    pub before: Option<Value>,
    /// The entity afterwards. `None` if it is deleted.
    pub after: Option<Value>,
}

/// The audit event of one changed entity.
pub(crate) fn catalog_changed(
    at: UnixTime,
    actor: &Actor,
    key: &EntityKey,
    id: Option<&EntityId>,
    before: Option<&Entity>,
    after: Option<&Entity>,
) -> AuditEvent {
    let client = if key.kind == EntityKind::Client { key.name.as_str() } else { "" };
    let change = EntityChange {
        actor: actor.clone(),
        server: key.server_id().unwrap_or_default().to_owned(),
        client: client.to_owned(),
        before: before.map(|entity| shown(entity, id)),
        after: after.map(|entity| shown(entity, id)),
    };
    let what = What::CatalogChanged(Box::new(change));
    AuditEvent { id: DecisionId::at(at), at, address: None, what }
}

fn shown(Entity { key, owner, spec }: &Entity, id: Option<&EntityId>) -> Value {
    json!({
        "kind": key.kind.as_str(),
        "id": id.map(EntityId::as_str),
        "parent": key.parent,
        "name": key.name,
        "owner": owner.as_str(),
        "spec": spec.without_secrets(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{ClientId, ClientSecret, ClientSpec, Owner};

    #[test]
    fn an_actor_has_the_person_who_ran_the_command_if_they_are_known() {
        let actor = Actor::file("catalog.toml").on_behalf_of(Some("ann@build"));
        let json = serde_json::to_value(&actor).unwrap();
        assert_eq!(json, json!({ "type": "file", "id": "catalog.toml", "by": "ann@build" }));
        assert_eq!(serde_json::from_value::<Actor>(json).unwrap(), actor);
        // An event of an earlier version.
        let json = json!({ "type": "file", "id": "catalog.toml" });
        assert_eq!(serde_json::from_value::<Actor>(json).unwrap(), Actor::file("catalog.toml"));
    }

    #[test]
    fn the_audit_event_of_a_client_contains_no_secret() {
        let mac = ClientSecret::from_mac([7; 32]);
        let spec = ClientSpec { secrets: vec![mac], ..ClientSpec::default() };
        let stored = serde_json::to_string(&spec.secrets).unwrap();
        let mac = stored.split('"').nth(3).unwrap().to_owned();
        let key = EntityKey::client(&ClientId::parse("portal").unwrap());
        let entity = Entity { key: key.clone(), owner: Owner::Api, spec: spec.into() };
        let now = UnixTime::from_seconds(1_800_000_000);
        let actor = Actor::cli("clients create");
        let event = catalog_changed(now, &actor, &key, None, None, Some(&entity));
        let json: Value = serde_json::from_str(&event.to_json()).unwrap();
        assert!(!json.to_string().contains(&mac), "{json}");
        assert_eq!(json["after"]["spec"]["secrets"], json!([{ "mac": "***" }]));
        assert_eq!(json["actor"], json!({ "type": "cli", "id": "clients create" }));
        let event = AuditEvent::from_json(&event.to_json()).unwrap();
        assert!(matches!(event.what, What::CatalogChanged(change) if change.actor == actor));
        assert_eq!((&json["client"], &json["after"]["owner"]), (&json!("portal"), &json!("api")));
        assert!(json.get("before").is_none() && json.get("change").is_none(), "{json}");
    }
}
