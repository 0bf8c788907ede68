//! Reads of what running left, and of people.

use std::fmt;

use async_trait::async_trait;
use scopegate_claims::ScopeSet;

use super::{
    Artifact, ArtifactKind, ArtifactName, ConsentKey, Family, FamilyId, Session, Standing,
    StoreError, TokenMark,
};
use crate::catalog::UserId;
use crate::directory::{Listed, User};

/// Reads of what running left. What is found may have ended: who asks compares the times.
///
/// Nothing is written here: that is done by [`Ledger::commit`](super::Ledger::commit) only.
#[async_trait]
pub trait Records: fmt::Debug + Send + Sync {
    /// An artifact by its name.
    async fn artifact(
        &self,
        kind: ArtifactKind,
        name: &ArtifactName,
    ) -> Result<Option<Artifact>, StoreError>;

    /// The same, and the person of whom it speaks from its beginning, in one statement.
    async fn artifact_and_person(
        &self,
        kind: ArtifactKind,
        name: &ArtifactName,
    ) -> Result<Option<(Artifact, Option<User>)>, StoreError>;

    /// A session by the SHA-256 of its cookie.
    async fn session(&self, secret_sha256: &[u8; 32]) -> Result<Option<Session>, StoreError>;

    /// A family by its id.
    async fn family(&self, id: &FamilyId) -> Result<Option<Family>, StoreError>;

    /// The same, and its person, in one statement.
    async fn family_and_person(
        &self,
        id: &FamilyId,
    ) -> Result<Option<(Family, Option<User>)>, StoreError>;

    /// What a person has agreed to.
    async fn consent(&self, of: &ConsentKey) -> Result<Option<ScopeSet>, StoreError>;

    /// What is known of an access token and of whom it speaks, in one statement.
    async fn standing(&self, of: &TokenMark) -> Result<Standing, StoreError>;

    /// The same, and the person of whom the token speaks, in one statement.
    async fn standing_and_person(
        &self,
        of: &TokenMark,
    ) -> Result<(Standing, Option<User>), StoreError>;
}

/// By what a person is found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a person has an id and a login")]
pub enum UserKey<'a> {
    /// The stable id.
    Id(&'a UserId),
    /// The login, in any spelling with the same [`User::login_key`].
    Login(&'a str),
}

/// A password as it is stored. `Debug` does not show the hash.
#[derive(Clone, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "storages make it")]
pub struct StoredPassword {
    /// The hash (a PHC text), sealed under the master key.
    pub sealed: Vec<u8>,
    /// How often another password was set. Another hash of the same password does not count.
    pub generation: u64,
}

impl fmt::Debug for StoredPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredPassword")
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// Reads of people.
#[async_trait]
pub trait Directory: fmt::Debug + Send + Sync {
    /// A person, active or not.
    async fn user(&self, by: UserKey<'_>) -> Result<Option<User>, StoreError>;

    /// People in the order of their logins, whatever their case: those after a login, at most 200.
    /// Those whose rows are not understood are among them.
    async fn users(&self, after: Option<&str>, limit: u32) -> Result<Vec<Listed>, StoreError>;

    /// A user's password; none if the user has none.
    async fn password(&self, id: &UserId) -> Result<Option<StoredPassword>, StoreError>;
}
