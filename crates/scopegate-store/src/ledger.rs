//! The ledger: what running leaves behind.

use async_trait::async_trait;
use scopegate_claims::UnixTime;
use scopegate_core::audit::AuditEvent;
use scopegate_core::catalog::CatalogState;
use scopegate_core::store::{Change, Ledger, StoreError};

use crate::database::{Database, Transaction};
use crate::error::again_if_aborted;
use crate::{
    SqlStore, artifacts, audit_events, batches, catalog, consents, families, logins, sessions,
    standing, used_assertions, users,
};

/// Each deletes a part only.
static FORGET: [&str; 5] = [
    used_assertions::FORGET,
    artifacts::FORGET,
    families::FORGET,
    sessions::FORGET,
    standing::FORGET,
];

#[async_trait]
impl Ledger for SqlStore {
    async fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        match &self.group {
            _ if changes.is_empty() => Ok(()),
            Some(group) => group.commit(changes).await,
            // The driver's futures are large; who does not use them shall not make room for them.
            None if Change::any_grants(changes) => {
                Box::pin(commit_alone(&self.database, changes)).await
            }
            None => {
                let (database, changes) = (self.database.clone(), changes.to_vec());
                let written = async move { commit_alone(&database, &changes).await };
                self.unattended.run(written).await?
            }
        }
    }

    async fn forget_expired(&self, now: UnixTime) -> Result<(), StoreError> {
        for statement in FORGET {
            batches::delete(&self.database, statement, now.into()).await?;
        }
        // A node of the version before may have made somebody meanwhile.
        logins::fill(&self.database).await
    }
}

async fn commit_alone(database: &Database, changes: &[Change]) -> Result<(), StoreError> {
    let changes = InOrder::of(changes);
    again_if_aborted(|| try_alone(database, &changes)).await
}

async fn try_alone(database: &Database, changes: &InOrder<'_>) -> Result<(), StoreError> {
    let mut transaction = database.begin().await?;
    match changes.write_changes(&mut transaction).await {
        Ok(()) => {
            audit_events::record(&mut transaction, &changes.events).await?;
            transaction.commit().await
        }
        Err(Stopped::Lost { cause, .. }) => {
            transaction.rollback().await?;
            Err(cause)
        }
        Err(Stopped::Failed(cause)) => Err(cause),
    }
}

/// Changes in the order in which they are written.
///
/// Where everybody takes locks in the same order, nobody waits in a circle; what can fail comes
/// before what cannot.
pub(crate) struct InOrder<'a> {
    pub(crate) changes: Vec<&'a Change>,
    /// To be recorded after all changes.
    pub(crate) events: Vec<&'a AuditEvent>,
}

impl<'a> InOrder<'a> {
    pub(crate) fn of(given: &'a [Change]) -> Self {
        let (mut changes, mut events) = (Vec::new(), Vec::new());
        for change in given {
            match change {
                Change::Audit(event) => events.push(event),
                other => changes.push(other),
            }
        }
        changes.sort_by_key(|change| place(change));
        Self { changes, events }
    }

    pub(crate) async fn write_changes(&self, transaction: &mut Transaction) -> Result<(), Stopped> {
        let mut has_written = false;
        for change in &self.changes {
            write(change, transaction).await.map_err(|cause| match cause {
                StoreError::Conflict | StoreError::Changed(_) => {
                    Stopped::Lost { cause, has_written }
                }
                cause => Stopped::Failed(cause),
            })?;
            let only_reads = matches!(change, Change::ExpectCatalog(_) | Change::ExpectUser { .. });
            has_written |= !only_reads;
        }
        Ok(())
    }
}

/// Why not all changes were written.
pub(crate) enum Stopped {
    /// One lost a race; others may have been written before it.
    Lost { cause: StoreError, has_written: bool },
    /// The storage failed.
    Failed(StoreError),
}

/// Where a change stands: the tables one after another, and in each the rows by their keys. What
/// ends goes before what begins, so that one commit may replace all by one. The catalog and people
/// come first: who ends all that a client or a person began waits for whoever is beginning something,
/// and then finds it.
fn place(change: &Change) -> (u8, &[u8]) {
    match change {
        Change::ExpectCatalog(CatalogState { client, .. }) => (0, client.as_str().as_bytes()),
        Change::ExpectUser { user, .. } => (1, user.as_str().as_bytes()),
        Change::PutUser(new) => (1, new.user.id.as_str().as_bytes()),
        Change::MoveUser { user, .. } => (1, user.id.as_str().as_bytes()),
        // A person who is made or changed by the same commit gets the password then.
        Change::SetPassword { user, .. } | Change::RenewHash { user, .. } => {
            (2, user.as_str().as_bytes())
        }
        Change::UseAssertion { jti, .. } => (3, jti.as_bytes()),
        Change::PutArtifact(artifact) => (4, &artifact.id),
        Change::MoveArtifact { id, .. } => (4, id),
        Change::EndFamilies { .. } => (5, &[]),
        Change::OpenFamily(family) => (6, family.id.as_str().as_bytes()),
        Change::MoveFamily { id, .. } => (6, id.as_str().as_bytes()),
        Change::EndSessions { .. } => (7, &[]),
        Change::OpenSession(session) => (8, session.id.as_str().as_bytes()),
        Change::MoveSession { id, .. } => (8, id.as_str().as_bytes()),
        Change::PutConsent { key, .. } | Change::WithdrawConsent(key) => {
            (9, key.user.as_str().as_bytes())
        }
        Change::RevokeToken { jti, .. } => (10, jti.as_bytes()),
        Change::Audit(_) => (11, &[]),
    }
}

/// Writes one change. One that loses has written nothing: who commits many relies on that.
async fn write(change: &Change, transaction: &mut Transaction) -> Result<(), StoreError> {
    match change {
        Change::Audit(event) => audit_events::record(transaction, &[event]).await,
        Change::UseAssertion { client, jti, expires_at } => {
            used_assertions::use_up(transaction, client, jti, *expires_at).await
        }
        Change::PutArtifact(artifact) => artifacts::put(transaction, artifact).await,
        Change::MoveArtifact { kind, id, from, body, expires_at } => {
            let (kind, from, expires_at) = (*kind, *from, *expires_at);
            artifacts::Move { kind, id, from, expires_at, body }.write(transaction).await
        }
        Change::OpenFamily(family) => families::open(transaction, family).await,
        Change::MoveFamily { id, from, to, rotated_at, idle_ends_at, forget_at } => {
            let (from, to, rotated_at) = (*from, *to, *rotated_at);
            let (idle_ends_at, forget_at) = (*idle_ends_at, *forget_at);
            let step = families::Move { id, from, to, rotated_at, idle_ends_at, forget_at };
            step.write(transaction).await
        }
        Change::EndFamilies { of, at } => families::end(transaction, of, *at).await,
        Change::OpenSession(session) => sessions::open(transaction, session).await,
        Change::MoveSession { id, from, session } => {
            sessions::put_in_place(transaction, id, *from, session).await
        }
        Change::EndSessions { of, at: _ } => sessions::end(transaction, of).await,
        Change::PutConsent { key, scopes, at } => {
            consents::put(transaction, key, scopes, *at).await
        }
        Change::WithdrawConsent(key) => consents::withdraw(transaction, key).await,
        Change::RevokeToken { jti, expires_at } => {
            standing::revoke(transaction, jti, *expires_at).await
        }
        Change::ExpectUser { user, version } => users::expect(transaction, user, *version).await,
        Change::ExpectCatalog(CatalogState { client, server, version }) => {
            catalog::expect(transaction, client, server, *version).await
        }
        Change::PutUser(new) => users::put(transaction, new).await,
        Change::MoveUser { from, user } => users::put_in_place(transaction, *from, user).await,
        Change::SetPassword { user, sealed, at } => {
            users::set_password(transaction, user, sealed, *at).await
        }
        Change::RenewHash { user, sealed, at } => {
            users::renew_hash(transaction, user, sealed, *at).await
        }
    }
}
