//! Reads of artifacts, sessions, families, consents, audit events and users.

use std::fmt;

use async_trait::async_trait;
use scopegate_claims::ScopeSet;

use super::{
    Artifact, ArtifactKind, ArtifactName, ConsentKey, Family, FamilyId, Session, Standing,
    StoreError, TokenMark,
};
use crate::audit::{AuditEvent, DecisionId};
use crate::catalog::UserId;
use crate::directory::{Listed, User};

/// Reads of artifacts, sessions, families, consents and audit events. The result may have expired:
/// the caller must compare the times.
///
/// All writes go through [`Ledger::commit`](super::Ledger::commit).
#[async_trait]
pub trait Records: fmt::Debug + Send + Sync {
    /// An artifact by its name.
    async fn artifact(
        &self,
        kind: ArtifactKind,
        name: &ArtifactName,
    ) -> Result<Option<Artifact>, StoreError>;

    /// An artifact and the user that it belonged to when it was created, in one statement.
    async fn artifact_and_person(
        &self,
        kind: ArtifactKind,
        name: &ArtifactName,
    ) -> Result<Option<(Artifact, Option<User>)>, StoreError>;

    /// A session by the SHA-256 of its cookie.
    async fn session(&self, secret_sha256: &[u8; 32]) -> Result<Option<Session>, StoreError>;

    /// A family by its id.
    async fn family(&self, id: &FamilyId) -> Result<Option<Family>, StoreError>;

    /// A family and its user, in one statement.
    async fn family_and_person(
        &self,
        id: &FamilyId,
    ) -> Result<Option<(Family, Option<User>)>, StoreError>;

    /// The scopes that a user has consented to.
    async fn consent(&self, of: &ConsentKey) -> Result<Option<ScopeSet>, StoreError>;

    /// An audit event by its id, which is the id of the decision. Events that wait to be written are not
    /// found.
    async fn audit_event(&self, id: DecisionId) -> Result<Option<AuditEvent>, StoreError>;

    /// The standing of an access token, in one statement.
    async fn standing(&self, of: &TokenMark) -> Result<Standing, StoreError>;

    /// The standing of an access token and its user, in one statement.
    async fn standing_and_person(
        &self,
        of: &TokenMark,
    ) -> Result<(Standing, Option<User>), StoreError>;
}

/// By which a user is looked up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a user has an id and a login")]
pub enum UserKey<'a> {
    /// The stable id.
    Id(&'a UserId),
    /// The login, in any spelling with the same [`User::login_key`].
    Login(&'a str),
}

/// A password as it is stored. `Debug` does not show the hash.
#[derive(Clone, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "storages construct it")]
pub struct StoredPassword {
    /// The hash (a PHC string), sealed under the master key.
    pub sealed: Vec<u8>,
    /// How often a new password was set. A new hash of the same password does not count.
    pub generation: u64,
}

impl fmt::Debug for StoredPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredPassword")
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// Reads of users.
#[async_trait]
pub trait Directory: fmt::Debug + Send + Sync {
    /// A user, active or not.
    async fn user(&self, by: UserKey<'_>) -> Result<Option<User>, StoreError>;

    /// Users in the order of their [login keys](User::login_key): those after a login, at most 200.
    /// Users whose rows cannot be read are included as unreadable.
    async fn users(&self, after: Option<&str>, limit: u32) -> Result<Vec<Listed>, StoreError>;

    /// The password of a user; `None` if they have none.
    async fn password(&self, id: &UserId) -> Result<Option<StoredPassword>, StoreError>;
}
