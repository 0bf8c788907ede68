//! A whole catalog file.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::field::{Field, Use};
use super::{fields, toml_text};
use crate::catalog::{Entity, EntityKey, EntityKind, Spec};

/// Why an entity cannot be written in a catalog file.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Unwritable {
    /// A value has no form in a catalog file.
    #[error("{0} cannot be written in a catalog file: its {1} has no form there")]
    Value(EntityKey, &'static str),
    /// The server or the policy that it belongs to is not among the entities.
    #[error("{0} cannot be written in a catalog file: what it belongs to has another owner")]
    Orphan(EntityKey),
}

impl Unwritable {
    /// The entity.
    pub fn key(&self) -> &EntityKey {
        match self {
            Self::Orphan(key) | Self::Value(key, _) => key,
        }
    }
}

/// Writes entities as a catalog file. Applied to the store that they are from, for their owner, the file
/// changes nothing.
///
/// # Errors
///
/// Each entity that cannot be written.
pub fn write(entities: &[Entity], version: u64) -> Result<String, Vec<Unwritable>> {
    let mut document = Document { text: format!("version = {version}\n"), refused: Vec::new() };
    let mut by_parent: BTreeMap<Option<EntityKey>, Vec<&Entity>> = BTreeMap::new();
    for entity in entities {
        by_parent.entry(parent(&entity.key)).or_default().push(entity);
    }
    let mut roots = by_parent.remove(&None).unwrap_or_default();
    roots.sort_by_key(|entity| order(entity));
    for root in roots {
        document.add_with_children(root, &mut by_parent);
    }
    for orphan in by_parent.into_values().flatten() {
        document.refused.push(Unwritable::Orphan(orphan.key.clone()));
    }
    match document.refused.is_empty() {
        true => Ok(document.text),
        false => Err(document.refused),
    }
}

/// The key of the server or the policy that an entity belongs to.
fn parent(key: &EntityKey) -> Option<EntityKey> {
    key.parents().next()
}

/// The order in the file: by kind, then by position or name.
fn order(entity: &Entity) -> (EntityKind, u32, &EntityKey) {
    let position = match &entity.spec {
        Spec::Policy(spec) => spec.priority,
        Spec::Rule(spec) => spec.priority,
        _ => 0,
    };
    (entity.key.kind, position, &entity.key)
}

struct Document {
    text: String,
    refused: Vec<Unwritable>,
}

impl Document {
    fn add_with_children(
        &mut self,
        entity: &Entity,
        by_parent: &mut BTreeMap<Option<EntityKey>, Vec<&Entity>>,
    ) {
        self.add(entity);
        let mut children = by_parent.remove(&Some(entity.key.clone())).unwrap_or_default();
        children.sort_by_key(|entity| order(entity));
        for child in children {
            self.add_with_children(child, by_parent);
        }
    }

    fn add(&mut self, entity: &Entity) {
        let key = &entity.key;
        let _ = writeln!(self.text, "\n[[{}]]", table(key.kind));
        let name = key.kind.name_field();
        self.line(key, name, &key.name.as_str().into());
        for Field { name, value, usage } in fields(entity) {
            match usage {
                Use::Default | Use::Position | Use::Stored => {}
                Use::Unwritable => self.refused.push(Unwritable::Value(key.clone(), name)),
                Use::Secret | Use::Written => self.line(key, name, &value),
            }
        }
    }

    fn line(&mut self, key: &EntityKey, name: &'static str, value: &serde_json::Value) {
        match toml_text::inline(value) {
            Some(value) => {
                let _ = writeln!(self.text, "{name} = {value}");
            }
            None => self.refused.push(Unwritable::Value(key.clone(), name)),
        }
    }
}

/// The header of the tables of a kind.
const fn table(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Claim => "server.claim",
        EntityKind::Client => "client",
        EntityKind::Group => "group",
        EntityKind::Hook => "hook",
        EntityKind::Policy => "server.policy",
        EntityKind::Rule => "server.policy.rule",
        EntityKind::Scope => "server.scope",
        EntityKind::Server => "server",
        EntityKind::TrustedIssuer => "server.trusted_issuer",
        EntityKind::Zone => "zone",
    }
}
