//! Reads of artifacts, sessions, families, consents and users.

use std::ops::Bound;

use async_trait::async_trait;
use scopegate_claims::ScopeSet;

use super::{MemoryStore, Rows, Use};
use crate::audit::{AuditEvent, DecisionId};
use crate::catalog::UserId;
use crate::directory::{Listed, User};
use crate::store::{
    Artifact, ArtifactKind, ArtifactName, ConsentKey, Directory, Family, FamilyId, FamilyState,
    Records, Session, Standing, StoreError, StoredPassword, TokenMark, UserKey,
};

/// The maximum number of users in one list.
const PAGE: u32 = 200;

#[async_trait]
impl Records for MemoryStore {
    async fn artifact(
        &self,
        kind: ArtifactKind,
        name: &ArtifactName,
    ) -> Result<Option<Artifact>, StoreError> {
        Ok(self.open(Use::Read).await?.rows.artifact(kind, name).cloned())
    }

    async fn artifact_and_person(
        &self,
        kind: ArtifactKind,
        name: &ArtifactName,
    ) -> Result<Option<(Artifact, Option<User>)>, StoreError> {
        let rows = &self.open(Use::Read).await?.rows;
        let user = |artifact: &Artifact| rows.user_of(artifact.user.as_ref()?).cloned();
        Ok(rows.artifact(kind, name).map(|artifact| (artifact.clone(), user(artifact))))
    }

    async fn session(&self, secret_sha256: &[u8; 32]) -> Result<Option<Session>, StoreError> {
        let rows = &self.open(Use::Read).await?.rows;
        let found = rows.sessions.values().find(|known| known.secret_sha256 == *secret_sha256);
        Ok(found.cloned())
    }

    async fn family(&self, id: &FamilyId) -> Result<Option<Family>, StoreError> {
        Ok(self.open(Use::Read).await?.rows.families.get(id).cloned())
    }

    async fn family_and_person(
        &self,
        id: &FamilyId,
    ) -> Result<Option<(Family, Option<User>)>, StoreError> {
        let rows = &self.open(Use::Read).await?.rows;
        let family = rows.families.get(id);
        Ok(family.map(|family| (family.clone(), rows.user_of(&family.user).cloned())))
    }

    async fn consent(&self, of: &ConsentKey) -> Result<Option<ScopeSet>, StoreError> {
        Ok(self.open(Use::Read).await?.rows.consents.get(of).cloned())
    }

    async fn audit_event(&self, id: DecisionId) -> Result<Option<AuditEvent>, StoreError> {
        let events = &self.open(Use::Read).await?.events;
        Ok(events.iter().find(|event| event.id == id).cloned())
    }

    async fn standing(&self, of: &TokenMark) -> Result<Standing, StoreError> {
        Ok(self.open(Use::Read).await?.rows.standing(of))
    }

    async fn standing_and_person(
        &self,
        of: &TokenMark,
    ) -> Result<(Standing, Option<User>), StoreError> {
        let rows = &self.open(Use::Read).await?.rows;
        let user = of.user.as_ref().and_then(|id| rows.user_of(id).cloned());
        Ok((rows.standing(of), user))
    }
}

#[async_trait]
impl Directory for MemoryStore {
    async fn user(&self, by: UserKey<'_>) -> Result<Option<User>, StoreError> {
        let rows = &self.open(Use::Read).await?.rows;
        Ok(match by {
            UserKey::Id(id) => rows.user_of(id).cloned(),
            UserKey::Login(login) => rows.users.get(&User::login_key(login)).cloned(),
        })
    }

    async fn users(&self, after: Option<&str>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        let rows = &self.open(Use::Read).await?.rows;
        let after = after.map_or(Bound::Unbounded, |login| Bound::Excluded(User::login_key(login)));
        let page = rows.users.range((after, Bound::Unbounded));
        let page = page.take(limit.min(PAGE) as usize);
        Ok(page.map(|(_, user)| Listed::User(Box::new(user.clone()))).collect())
    }

    async fn password(&self, id: &UserId) -> Result<Option<StoredPassword>, StoreError> {
        Ok(self.open(Use::Read).await?.rows.passwords.get(id).cloned())
    }
}

impl Rows {
    fn artifact(&self, kind: ArtifactKind, name: &ArtifactName) -> Option<&Artifact> {
        match name {
            ArtifactName::Secret(id) => self.artifacts.get(&(kind, *id)),
            ArtifactName::Alias(alias) => {
                let is_it = |known: &&Artifact| known.kind == kind && known.alias == Some(*alias);
                self.artifacts.values().find(is_it)
            }
        }
    }

    fn standing(&self, of: &TokenMark) -> Standing {
        let state = |id: &FamilyId| match self.families.get(id) {
            None => FamilyState::Absent,
            Some(family) if family.revoked => FamilyState::Ended,
            Some(_) => FamilyState::Active,
        };
        let is_active = |id: &UserId| self.user_of(id).is_some_and(|user| user.status.is_active());
        Standing {
            revoked: self.revoked.contains_key(&of.jti_sha256),
            family: of.family.as_ref().map(state),
            user_active: of.user.as_ref().map(is_active),
        }
    }
}
