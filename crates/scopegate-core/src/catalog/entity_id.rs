//! The id of an entity, apart from its name.

use std::fmt;

use scopegate_claims::UnixTime;
use scopegate_jose::{random_bytes, sha256};

use super::{EntityKey, EntityKind};

/// The id of an entity, in Okta's style: three characters that name its kind, and 17 letters and digits.
///
/// It is never used again. An entity that is deleted and written again gets another one.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct EntityId(Box<str>);

/// Letters and digits, as Okta's ids have them.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// About 101 bits.
const LENGTH: usize = 17;

impl EntityId {
    /// A new id.
    pub fn generate(kind: EntityKind) -> Self {
        Self::of(kind, random_bytes())
    }

    /// The id of an entity whose row has none, since a program wrote it that knows no ids. It follows from
    /// the key, so that it is the same on every node.
    pub fn derived(key: &EntityKey) -> Self {
        // With its length the parent cannot be mistaken for a part of the name.
        let EntityKey { kind, parent, name } = key;
        let text = format!("{}\0{}\0{parent}\0{name}", kind.as_str(), parent.len());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&sha256(text.as_bytes())[..16]);
        Self::of(*kind, bytes)
    }

    fn of(kind: EntityKind, bytes: [u8; 16]) -> Self {
        let mut rest = u128::from_be_bytes(bytes);
        let mut id = kind.id_prefix().to_owned();
        for _ in 0..LENGTH {
            id.push(char::from(DIGITS[(rest % 62) as usize]));
            rest /= 62;
        }
        Self(id.into())
    }

    /// The id as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is kept of an entity besides what was written.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a row has these")]
pub struct EntityRecord {
    /// Its id.
    pub id: EntityId,
    /// When it was written first; none: by a program that does not keep it.
    pub created_at: Option<UnixTime>,
    /// When it was written last, likewise.
    pub updated_at: Option<UnixTime>,
}

/// The columns in which a row keeps a record. Programs of before leave them alone.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "it has the columns of the table")]
pub struct StoredRecord {
    /// The id.
    pub id: Option<String>,
    /// When the entity was written first.
    pub created_at: Option<UnixTime>,
    /// When it was written last.
    pub updated_at: Option<UnixTime>,
}

impl StoredRecord {
    /// The record of a new entity.
    pub fn new(id: &EntityId, at: UnixTime) -> Self {
        Self { id: Some(id.to_string()), created_at: Some(at), updated_at: Some(at) }
    }

    /// The record of an entity with this key.
    pub fn read(self, key: &EntityKey) -> EntityRecord {
        let Self { id, created_at, updated_at } = self;
        let id = id.map_or_else(|| EntityId::derived(key), |id| EntityId(id.into()));
        EntityRecord { id, created_at, updated_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: EntityKind, parent: &str, name: &str) -> EntityKey {
        EntityKey { kind, parent: parent.to_owned(), name: name.to_owned() }
    }

    #[test]
    fn a_new_id_names_its_kind_and_does_not_repeat() {
        for &kind in EntityKind::ALL {
            let id = EntityId::generate(kind);
            assert_eq!(id.as_str().len(), 20, "{id}");
            assert!(id.as_str().starts_with(kind.id_prefix()));
            assert!(id.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
            assert_ne!(id, EntityId::generate(kind));
        }
    }

    /// Other nodes have told this id to others: it may never change.
    #[test]
    fn the_id_of_a_row_without_one_follows_from_its_key() {
        let scope = key(EntityKind::Scope, "default", "read:orders");
        assert_eq!(EntityId::derived(&scope), EntityId::derived(&scope));
        for other in [
            key(EntityKind::Claim, "default", "read:orders"),
            key(EntityKind::Scope, "other", "read:orders"),
            key(EntityKind::Scope, "default", "read"),
            key(EntityKind::Scope, "default\0read:", "orders"),
        ] {
            assert_ne!(
                EntityId::derived(&scope).as_str()[3..],
                EntityId::derived(&other).as_str()[3..]
            );
        }
    }

    #[test]
    fn no_prefix_is_that_of_another_kind_or_of_users() {
        let mut prefixes: Vec<_> = EntityKind::ALL.iter().map(|kind| kind.id_prefix()).collect();
        prefixes.push(crate::catalog::UserId::PREFIX);
        prefixes.sort_unstable();
        assert!(prefixes.windows(2).all(|pair| pair[0] != pair[1]), "{prefixes:?}");
    }
}
