//! The id of an entity, which is independent of its name, and the times when it was written.

use std::fmt;

use scopegate_claims::UnixTime;
use scopegate_jose::{random_bytes, sha256};

use super::{EntityKey, EntityKind};

/// The id of an entity, in Okta's style: a prefix of three characters for the kind, and 17 letters and
/// digits.
///
/// It is never reused. An entity that is deleted and created again gets a new id.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct EntityId(Box<str>);

/// The letters and digits of Okta's ids.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Number of random characters: about 101 bits.
const LENGTH: usize = 17;

impl EntityId {
    /// A new id.
    pub fn generate(kind: EntityKind) -> Self {
        Self::of(kind, random_bytes())
    }

    /// The id of an entity whose row has none, because an earlier version without ids wrote it. It is derived
    /// from the key, so that it is the same on every node.
    pub fn derived(key: &EntityKey) -> Self {
        // The length separates the parent from the name. Without it, two keys could give the same text.
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

    /// The id as a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The id of an entity, and when it was written. The server sets these, not the administrator.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a row has these")]
pub struct EntityRecord {
    /// The id of the entity.
    pub id: EntityId,
    /// When it was created. `None` if an earlier version wrote it, which did not store this.
    pub created_at: Option<UnixTime>,
    /// When it was last written. `None` as for `created_at`.
    pub updated_at: Option<UnixTime>,
}

/// The columns of a row that store an [`EntityRecord`]. Earlier versions do not write them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "it has the columns of the table")]
pub struct StoredRecord {
    /// The id.
    pub id: Option<String>,
    /// When the entity was created.
    pub created_at: Option<UnixTime>,
    /// When it was last written.
    pub updated_at: Option<UnixTime>,
}

impl StoredRecord {
    /// The columns of a new entity.
    pub fn new(id: &EntityId, at: UnixTime) -> Self {
        Self { id: Some(id.to_string()), created_at: Some(at), updated_at: Some(at) }
    }

    /// The record of the entity with this key.
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
    fn a_new_id_has_the_prefix_of_its_kind_and_is_unique() {
        for &kind in EntityKind::ALL {
            let id = EntityId::generate(kind);
            assert_eq!(id.as_str().len(), 20, "{id}");
            assert!(id.as_str().starts_with(kind.id_prefix()));
            assert!(id.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
            assert_ne!(id, EntityId::generate(kind));
        }
    }

    /// Other nodes have already returned this id to clients, so it must never change.
    #[test]
    fn the_id_of_a_row_without_one_is_derived_from_its_key() {
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
    fn each_kind_and_users_have_different_prefixes() {
        let mut prefixes: Vec<_> = EntityKind::ALL.iter().map(|kind| kind.id_prefix()).collect();
        prefixes.push(crate::catalog::UserId::PREFIX);
        prefixes.sort_unstable();
        assert!(prefixes.windows(2).all(|pair| pair[0] != pair[1]), "{prefixes:?}");
    }
}
