//! Reads of the ledger.

use async_trait::async_trait;
use scopegate_claims::ScopeSet;
use scopegate_core::audit::{AuditEvent, DecisionId};
use scopegate_core::directory::User;
use scopegate_core::store::{
    Artifact, ArtifactKind, ArtifactName, ConsentKey, Family, FamilyId, Records, Session, Standing,
    StoreError, TokenMark,
};

use crate::sql_store::SqlStore;
use crate::{artifacts, audit_events, consents, families, sessions, standing};

#[async_trait]
impl Records for SqlStore {
    async fn artifact(
        &self,
        kind: ArtifactKind,
        name: &ArtifactName,
    ) -> Result<Option<Artifact>, StoreError> {
        artifacts::find(&self.database, kind, name).await
    }

    async fn artifact_and_person(
        &self,
        kind: ArtifactKind,
        name: &ArtifactName,
    ) -> Result<Option<(Artifact, Option<User>)>, StoreError> {
        artifacts::find_with_user(&self.database, kind, name).await
    }

    async fn session(&self, secret_sha256: &[u8; 32]) -> Result<Option<Session>, StoreError> {
        sessions::find(&self.database, secret_sha256).await
    }

    async fn family(&self, id: &FamilyId) -> Result<Option<Family>, StoreError> {
        families::find(&self.database, id).await
    }

    async fn family_and_person(
        &self,
        id: &FamilyId,
    ) -> Result<Option<(Family, Option<User>)>, StoreError> {
        families::find_with_user(&self.database, id).await
    }

    async fn consent(&self, of: &ConsentKey) -> Result<Option<ScopeSet>, StoreError> {
        consents::find(&self.database, of).await
    }

    async fn audit_event(&self, id: DecisionId) -> Result<Option<AuditEvent>, StoreError> {
        audit_events::find(&self.database, id).await
    }

    async fn standing(&self, of: &TokenMark) -> Result<Standing, StoreError> {
        standing::find(&self.database, of).await
    }

    async fn standing_and_person(
        &self,
        of: &TokenMark,
    ) -> Result<(Standing, Option<User>), StoreError> {
        standing::find_with_user(&self.database, of).await
    }
}
