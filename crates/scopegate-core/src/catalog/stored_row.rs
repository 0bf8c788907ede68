//! A row of the catalog as it is stored, and how it is parsed.
//!
//! A newer version of this program may write a kind of entity, a member, a value or a format that this
//! version does not know. Such a row is kept as unreadable. Its client or server is out of service on this
//! node until the row is readable or deleted. Ignoring the unknown part could allow too much.

use std::fmt;

use super::placement::Place;
use super::{Edit, Entity, EntityKey, EntityKind, Owner, Spec, UserId};

/// The newest format of rows that this version reads, and the one that it writes.
///
/// Increase it if the meaning of a row changes, so that an earlier version would misunderstand it. A new
/// member or a new value needs no new format: earlier versions refuse to read a row that has one.
pub const FORMAT: u64 = 1;

/// The key of a row. Its kind may be unknown to this version.
///
/// For every kind, known or not, a row with a parent belongs to the server whose id is the first part of
/// the parent. Data that belongs to a client is always a member of the client's own row.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct RowKey {
    /// The kind of the row.
    pub kind: String,
    /// The entity that it belongs to.
    pub parent: String,
    /// The name, unique among the rows of the same kind and parent.
    pub name: String,
}

impl RowKey {
    /// The kind of the rows of users.
    const USER: &'static str = "user";
    /// The kind of the rows of signing keys.
    const SIGNING_KEY: &'static str = "signing_key";

    /// The key of a user's row.
    pub fn user(id: &str) -> Self {
        Self { kind: Self::USER.to_owned(), parent: String::new(), name: id.to_owned() }
    }

    /// The key of the row of a server's signing key.
    pub fn signing_key(server: &str, kid: &str) -> Self {
        let (parent, name) = (server.to_owned(), kid.to_owned());
        Self { kind: Self::SIGNING_KEY.to_owned(), parent, name }
    }
}

impl From<&EntityKey> for RowKey {
    fn from(EntityKey { kind, parent, name }: &EntityKey) -> Self {
        Self { kind: kind.as_str().to_owned(), parent: parent.clone(), name: name.clone() }
    }
}

/// Always on one line: control characters are escaped.
impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, parent, name } = self;
        let slash = if parent.is_empty() { "" } else { "/" };
        let text = format!("{kind} {parent}{slash}{name}");
        match text.chars().any(char::is_control) {
            true => write!(f, "{}", text.escape_debug()),
            false => f.write_str(&text),
        }
    }
}

/// A row that this version cannot read.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, thiserror::Error)]
#[error("{key} cannot be read by this version: {why}")]
pub struct UnreadableRow {
    /// The key of the row.
    pub key: RowKey,
    /// What cannot be read. The text contains names of members, never values.
    pub why: String,
}

/// What is out of service because a row cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "callers must handle each variant")]
pub enum Affected<'a> {
    /// A client, by its id.
    Client(&'a str),
    /// Nothing. An entity that refers to a row of an unknown kind has a member for it, which is unreadable
    /// too. A rule that names an unreadable zone cannot be evaluated where it depends on the zone. An
    /// unreadable hook fails.
    Nothing,
    /// A server, by its id.
    Server(&'a str),
    /// A user, by their id.
    User(&'a str),
}

impl UnreadableRow {
    /// An unreadable row, if `format` is newer than [`FORMAT`].
    pub fn of_newer_format(key: impl FnOnce() -> RowKey, format: u64) -> Option<Self> {
        let why = || format!("its format is {format}, known is {FORMAT}");
        (format > FORMAT).then(|| Self { key: key(), why: why() })
    }

    /// What is out of service.
    pub fn affected(&self) -> Affected<'_> {
        let RowKey { kind, parent, name } = &self.key;
        match EntityKind::from_name(kind).map(EntityKind::place) {
            Some(Place::Catalog) => Affected::Nothing,
            Some(Place::Client) => Affected::Client(name),
            Some(Place::Server) => Affected::Server(name),
            None if kind == RowKey::USER => Affected::User(name),
            None if parent.is_empty() => Affected::Nothing,
            _ => Affected::Server(parent.split('/').next().unwrap_or_default()),
        }
    }

    /// The user whose row it is.
    pub fn user(&self) -> Option<UserId> {
        match self.affected() {
            Affected::User(id) => UserId::parse(id).ok(),
            Affected::Client(_) | Affected::Nothing | Affected::Server(_) => None,
        }
    }
}

/// A row of the catalog as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "it has the columns of the table")]
pub struct StoredRow {
    /// The key of the row.
    pub key: RowKey,
    /// The number of its format.
    pub format: u64,
    /// The stored name of its owner. `None` if the entity is deleted.
    pub owner: Option<String>,
    /// The spec as JSON. `None` if the entity is deleted.
    pub body: Option<String>,
}

/// The result of reading a stored row.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a row is readable or not")]
pub enum ReadRow {
    /// A change of an entity.
    Edit(Edit),
    /// An entity of an unknown kind is deleted.
    Gone(RowKey),
    /// The row cannot be read.
    Unreadable(UnreadableRow),
}

impl From<&Edit> for StoredRow {
    fn from(edit: &Edit) -> Self {
        let (owner, body) = match edit {
            Edit::Delete(_) => (None, None),
            Edit::Put(Entity { owner, spec, .. }) => {
                (Some(owner.as_str().to_owned()), Some(spec.to_json()))
            }
        };
        Self { key: edit.key().into(), format: FORMAT, owner, body }
    }
}

impl StoredRow {
    /// The row for the history: without secrets. An entity that does not exist has no body.
    pub(crate) fn for_history(key: &EntityKey, entity: Option<&Entity>) -> Self {
        match entity {
            None => Self::from(&Edit::Delete(key.clone())),
            Some(Entity { key, owner, spec }) => {
                let (key, spec) = (key.clone(), spec.clone().forgetting_secrets());
                Self::from(&Edit::Put(Entity { key, owner: *owner, spec }))
            }
        }
    }

    /// Parses the row.
    pub fn read(self) -> ReadRow {
        let Self { key, format, owner, body } = self;
        let kind = EntityKind::from_name(&key.kind);
        let Some(body) = body else {
            return match kind {
                Some(kind) => ReadRow::Edit(Edit::Delete(entity_key(kind, key))),
                None => ReadRow::Gone(key),
            };
        };
        if let Some(newer) = UnreadableRow::of_newer_format(|| key.clone(), format) {
            return ReadRow::Unreadable(newer);
        }
        match read_entity(kind, &key, owner.as_deref(), &body) {
            Ok(entity) => ReadRow::Edit(Edit::Put(entity)),
            Err(why) => ReadRow::Unreadable(UnreadableRow { key, why }),
        }
    }
}

fn entity_key(kind: EntityKind, RowKey { parent, name, .. }: RowKey) -> EntityKey {
    EntityKey { kind, parent, name }
}

fn read_entity(
    kind: Option<EntityKind>,
    key: &RowKey,
    owner: Option<&str>,
    body: &str,
) -> Result<Entity, String> {
    let kind = kind.ok_or("its kind is not known")?;
    let owner = owner.and_then(Owner::from_name).ok_or("its owner is not known")?;
    let key = entity_key(kind, key.clone());
    key.check()?;
    // serde would also accept an array with the values of the members in their order.
    if !body.trim_start().starts_with('{') {
        return Err("its body is no object".to_owned());
    }
    let spec = Spec::from_json(&key, body).map_err(|error| misread(&error))?;
    Ok(Entity { key, owner, spec })
}

/// Says what cannot be read, with names of members and variants only. Other messages of serde may contain
/// values, which must not be logged.
fn misread(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let names = ["unknown field", "unknown variant", "missing field"];
    match names.iter().any(|name| text.starts_with(name)) {
        true => text.split([',', '\n']).next().unwrap_or_default().escape_debug().to_string(),
        false => "its body is not of a known form".to_owned(),
    }
}

#[cfg(test)]
mod tests;
