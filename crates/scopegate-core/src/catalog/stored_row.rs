//! A row of the catalog as it is stored, before it is understood.
//!
//! A newer version of this program may write what this one does not know: a kind of entity, a member, a
//! value, or a whole new format. Such a row is data too. What it belongs to is out of service on this
//! node until the row is understood or gone; nothing of it is guessed.

use std::fmt;

use super::kind::Place;
use super::{Edit, Entity, EntityKey, EntityKind, Owner, Spec};
use crate::catalog::UserId;

/// The newest format of rows that this version reads, and the one that it writes.
///
/// Whoever changes what a row means, so that an older version would understand it wrongly, raises it. A
/// new member or a new value needs no new format: an older version does not read a row that has one.
pub const FORMAT: u64 = 1;

/// By what a row is found; its kind may be one that this version does not know.
///
/// Of whatever kind it is: what has a parent belongs to the server with whose id the parent begins. What
/// will belong to a client is a member of the client's own row.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct RowKey {
    /// What it is.
    pub kind: String,
    /// To what it belongs.
    pub parent: String,
    /// Its name, unique among its siblings.
    pub name: String,
}

impl RowKey {
    /// The kind under which the rows of users are named.
    const USER: &'static str = "user";
    /// The kind under which signing keys are named.
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

/// On one line, whatever its names hold.
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

/// A row that this version does not understand.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, thiserror::Error)]
#[error("{key} cannot be read by this version: {why}")]
pub struct UnreadableRow {
    /// By what it is found.
    pub key: RowKey,
    /// What is not understood. It names members, never values.
    pub why: String,
}

/// What is out of service because a row is not understood.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "whoever adds one decides what it stops")]
pub enum Affected<'a> {
    /// A client, by its id.
    Client(&'a str),
    /// Nothing: whatever refers to such a row has a member for it, which is not understood either.
    Nothing,
    /// A server, by its id.
    Server(&'a str),
    /// A user, by their id.
    User(&'a str),
}

impl UnreadableRow {
    /// A row of a format that is newer than [`FORMAT`]; none if it is not.
    pub fn of_newer_format(key: impl FnOnce() -> RowKey, format: u64) -> Option<Self> {
        let why = || format!("its format is {format}, known is {FORMAT}");
        (format > FORMAT).then(|| Self { key: key(), why: why() })
    }

    /// What is out of service.
    pub fn affected(&self) -> Affected<'_> {
        let RowKey { kind, parent, name } = &self.key;
        match EntityKind::from_name(kind).map(EntityKind::place) {
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
    /// By what it is found.
    pub key: RowKey,
    /// The number of its format.
    pub format: u64,
    /// The name of its owner; none of an entity that is gone.
    pub owner: Option<String>,
    /// What was written, as JSON; none of an entity that is gone.
    pub body: Option<String>,
}

/// What a stored row says.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a row is understood or not")]
pub enum ReadRow {
    /// A change of an entity.
    Edit(Edit),
    /// An entity of an unknown kind is gone.
    Gone(RowKey),
    /// It is not understood.
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
    /// Understands the row, as far as this version can.
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
        match understood(kind, &key, owner.as_deref(), &body) {
            Ok(entity) => ReadRow::Edit(Edit::Put(entity)),
            Err(why) => ReadRow::Unreadable(UnreadableRow { key, why }),
        }
    }
}

fn entity_key(kind: EntityKind, RowKey { parent, name, .. }: RowKey) -> EntityKey {
    EntityKey { kind, parent, name }
}

fn understood(
    kind: Option<EntityKind>,
    key: &RowKey,
    owner: Option<&str>,
    body: &str,
) -> Result<Entity, String> {
    let kind = kind.ok_or("its kind is not known")?;
    let owner = owner.and_then(Owner::from_name).ok_or("its owner is not known")?;
    let key = entity_key(kind, key.clone());
    key.check()?;
    // serde would read a list as the members in their order.
    if !body.trim_start().starts_with('{') {
        return Err("its body is no object".to_owned());
    }
    let spec = Spec::from_json(&key, body).map_err(|error| misread(&error))?;
    Ok(Entity { key, owner, spec })
}

/// What is not understood, by the names of members and variants. What else serde says may quote values.
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
