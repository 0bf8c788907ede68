//! Reads of what running left, and of people.

use std::ops::Bound;

use async_trait::async_trait;
use scopegate_claims::ScopeSet;
use scopegate_core::people::{User, UserId};
use scopegate_core::store::{
    Artifact, ArtifactKind, ArtifactName, ConsentKey, Directory, Family, FamilyId, FamilyState,
    Records, Session, Standing, StoreError, TokenMark, UserKey,
};

use super::{Memory, MemoryStore};

/// The most people that are listed at once.
const PAGE: u32 = 200;

#[async_trait]
impl Records for MemoryStore {
    async fn artifact(
        &self,
        kind: ArtifactKind,
        name: &ArtifactName,
    ) -> Result<Option<Artifact>, StoreError> {
        let memory = self.memory();
        Ok(match name {
            ArtifactName::Secret(id) => memory.artifacts.get(&(kind, *id)).cloned(),
            ArtifactName::Alias(alias) => {
                let is_it = |known: &&Artifact| known.kind == kind && known.alias == Some(*alias);
                memory.artifacts.values().find(is_it).cloned()
            }
        })
    }

    async fn artifact_and_person(
        &self,
        kind: ArtifactKind,
        name: &ArtifactName,
    ) -> Result<Option<(Artifact, Option<User>)>, StoreError> {
        let Some(artifact) = self.artifact(kind, name).await? else { return Ok(None) };
        let person = artifact.user.as_ref().and_then(|id| self.memory().user_of(id).cloned());
        Ok(Some((artifact, person)))
    }

    async fn session(&self, secret_sha256: &[u8; 32]) -> Result<Option<Session>, StoreError> {
        let memory = self.memory();
        let found = memory.sessions.values().find(|known| known.secret_sha256 == *secret_sha256);
        Ok(found.cloned())
    }

    async fn family(&self, id: &FamilyId) -> Result<Option<Family>, StoreError> {
        Ok(self.memory().families.get(id).cloned())
    }

    async fn family_and_person(
        &self,
        id: &FamilyId,
    ) -> Result<Option<(Family, Option<User>)>, StoreError> {
        let memory = self.memory();
        let family = memory.families.get(id);
        Ok(family.map(|family| (family.clone(), memory.user_of(&family.user).cloned())))
    }

    async fn consent(&self, of: &ConsentKey) -> Result<Option<ScopeSet>, StoreError> {
        Ok(self.memory().consents.get(of).cloned())
    }

    async fn standing(&self, of: &TokenMark) -> Result<Standing, StoreError> {
        let memory = self.memory();
        let state = |id: &FamilyId| match memory.families.get(id) {
            None => FamilyState::Absent,
            Some(family) if family.revoked => FamilyState::Ended,
            Some(_) => FamilyState::Active,
        };
        let is_active =
            |id: &UserId| memory.user_of(id).is_some_and(|user| user.status.is_active());
        Ok(Standing {
            revoked: memory.revoked.contains_key(&of.jti_sha256),
            family: of.family.as_ref().map(state),
            user_active: of.user.as_ref().map(is_active),
        })
    }

    async fn standing_and_person(
        &self,
        of: &TokenMark,
    ) -> Result<(Standing, Option<User>), StoreError> {
        let standing = self.standing(of).await?;
        let memory = self.memory();
        let person = of.user.as_ref().and_then(|id| memory.user_of(id).cloned());
        Ok((standing, person))
    }
}

#[async_trait]
impl Directory for MemoryStore {
    async fn user(&self, by: UserKey<'_>) -> Result<Option<User>, StoreError> {
        let memory = self.memory();
        Ok(match by {
            UserKey::Id(id) => memory.user_of(id).cloned(),
            UserKey::Login(login) => memory.users.get(&User::login_key(login)).cloned(),
        })
    }

    async fn users(&self, after: Option<&str>, limit: u32) -> Result<Vec<User>, StoreError> {
        let memory = self.memory();
        let after = after.map_or(Bound::Unbounded, |login| Bound::Excluded(User::login_key(login)));
        let page = memory.users.range((after, Bound::Unbounded));
        Ok(page.take(limit.min(PAGE) as usize).map(|(_, user)| user.clone()).collect())
    }

    async fn password(&self, id: &UserId) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.memory().passwords.get(id).cloned())
    }
}

impl Memory {
    fn user_of(&self, id: &UserId) -> Option<&User> {
        self.users.values().find(|known| known.id == *id)
    }
}
