//! What changes of an entity: each field with its old and its new value, as a catalog file has them.

use serde_json::{Value, json};

use crate::catalog::{Entity, EntityKey};
use crate::catalog_file::write::{Field, Use, fields};

/// What a plan shows instead of a secret.
pub const SECRET_CHANGED: &str = "changed";

/// What happens to an entity.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "an entity is added, changed or deleted")]
pub enum Action {
    /// It is new.
    Add,
    /// It is there before and afterwards.
    Change,
    /// It is gone afterwards.
    Delete,
}

impl Action {
    /// The name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Change => "change",
            Self::Delete => "delete",
        }
    }
}

/// An entity before and after a change.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct EntityDifference<'a> {
    /// The key of the entity.
    pub key: &'a EntityKey,
    /// The entity before. `None` if it is new.
    pub before: Option<&'a Entity>,
    /// The entity afterwards. `None` if it is deleted.
    pub after: Option<&'a Entity>,
}

/// A field that changes, with the names and values of a catalog file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FieldChange {
    /// The name of the field.
    pub name: &'static str,
    /// The value before. Null if there was none.
    pub old: Value,
    /// The value afterwards. Null if there is none. [`SECRET_CHANGED`] if it is a secret.
    pub new: Value,
}

/// The difference between two states of an entity.
pub fn difference<'a>(
    key: &'a EntityKey,
    before: Option<&'a Entity>,
    after: Option<&'a Entity>,
) -> EntityDifference<'a> {
    EntityDifference { key, before, after }
}

impl EntityDifference<'_> {
    /// What happens to the entity.
    pub fn action(&self) -> Action {
        match (self.before, self.after) {
            (None, _) => Action::Add,
            (Some(_), None) => Action::Delete,
            (Some(_), Some(_)) => Action::Change,
        }
    }

    /// Tells whether a client on hold is deleted.
    pub fn ends_hold(&self) -> bool {
        self.after.is_none() && self.before.is_some_and(Entity::is_on_hold)
    }

    /// The id in JSON: for a rule `server/policy/rule`.
    pub fn id(&self) -> String {
        let EntityKey { parent, name, .. } = self.key;
        let slash = if parent.is_empty() { "" } else { "/" };
        format!("{parent}{slash}{name}")
    }

    /// The fields that change. Of an entity that is new or deleted, the fields that do not have their
    /// default.
    pub fn fields(&self) -> Vec<FieldChange> {
        let (before, after) = (self.before.map(fields), self.after.map(fields));
        let mut changes = match (before, after) {
            (Some(before), Some(after)) => changed(before, after),
            (before, after) => {
                let old = before.into_iter().flatten().filter(is_shown);
                let old = old.map(|field| whole(field, |value| (value, Value::Null)));
                let new = after.into_iter().flatten().filter(is_shown);
                old.chain(new.map(|field| whole(field, |value| (Value::Null, value)))).collect()
            }
        };
        if let (Some(before), Some(after)) = (self.before, self.after)
            && before.owner != after.owner
        {
            let (old, new) = (before.owner.name().into(), after.owner.name().into());
            changes.push(FieldChange { name: "owner", old, new });
        }
        changes
    }

    /// The change as JSON: `{"kind","id","action","fields":[{"name","old","new"}]}`.
    pub fn to_json(&self) -> Value {
        let field =
            |FieldChange { name, old, new }| json!({ "name": name, "old": old, "new": new });
        json!({
            "kind": self.key.kind.as_str(),
            "id": self.id(),
            "action": self.action().as_str(),
            "fields": self.fields().into_iter().map(field).collect::<Vec<_>>(),
        })
    }
}

/// The fields of both states that are not equal. Both have the same fields in the same order.
fn changed(before: Vec<Field>, after: Vec<Field>) -> Vec<FieldChange> {
    let pairs = before.into_iter().zip(after);
    let pairs = pairs.filter(|(old, new)| old.value != new.value);
    let change = |(old, new): (Field, Field)| match is_secret(&old) || is_secret(&new) {
        true => FieldChange { name: new.name, old: Value::Null, new: SECRET_CHANGED.into() },
        false => FieldChange { name: new.name, old: old.value, new: new.value },
    };
    pairs.map(change).collect()
}

fn whole(field: Field, sides: impl FnOnce(Value) -> (Value, Value)) -> FieldChange {
    let value = if is_secret(&field) { SECRET_CHANGED.into() } else { field.value };
    let (old, new) = sides(value);
    FieldChange { name: field.name, old, new }
}

fn is_secret(field: &Field) -> bool {
    field.usage == Use::Secret
}

fn is_shown(field: &Field) -> bool {
    !matches!(field.usage, Use::Default | Use::Position)
}
