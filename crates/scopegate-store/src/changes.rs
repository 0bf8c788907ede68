//! The changes of a commit: in which order they are written, and which table each goes to.

use scopegate_core::audit::AuditEvent;
use scopegate_core::catalog::{CatalogState, UserId};
use scopegate_core::store::{Change, StoreError};

use crate::database::{Job, Transaction};
use crate::{
    artifacts, audit_events, catalog, consents, families, sessions, standing, used_assertions,
    users,
};

/// Changes that are written all or none.
pub(crate) struct Commit(Vec<Change>);

impl Commit {
    /// Puts changes in the order in which they are written.
    ///
    /// Transactions that take locks in one order cannot deadlock. What can fail comes before what
    /// cannot: audit events are last.
    pub(crate) fn of(changes: &[Change]) -> Self {
        let mut changes = changes.to_vec();
        changes.sort_by(|one, other| position(one).cmp(&position(other)));
        Self(changes)
    }
}

impl Job for Commit {
    type Answer = ();

    async fn run(&self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        for change in &self.0 {
            write(change, transaction).await?;
        }
        // After the families, in the order in which a deleted client takes its families and consents along.
        for user in self.0.iter().filter_map(deleted_user) {
            consents::forget_user(transaction, user).await?;
        }
        let events: Vec<&AuditEvent> = self.0.iter().filter_map(event).collect();
        audit_events::record(transaction, &events).await
    }
}

const fn deleted_user(change: &Change) -> Option<&UserId> {
    match change {
        Change::DeleteUser { user, .. } => Some(user),
        _ => None,
    }
}

const fn event(change: &Change) -> Option<&AuditEvent> {
    match change {
        Change::Audit(event) => Some(event),
        _ => None,
    }
}

/// The position of a change: the tables one after another, and in each table the rows by their keys.
///
/// What ends goes before what begins, so that one commit can replace all by one. The catalog and users
/// come first: a transaction that ends everything of a client or a user waits for those that are beginning
/// something, and then finds it.
fn position(change: &Change) -> (u8, &[u8]) {
    match change {
        Change::ExpectCatalog(CatalogState { client, .. }) => (0, client.as_str().as_bytes()),
        Change::ExpectUser { user, .. } => (1, user.as_str().as_bytes()),
        Change::PutUser(new) => (1, new.user.id.as_str().as_bytes()),
        Change::MoveUser { user, .. } => (1, user.id.as_str().as_bytes()),
        Change::DeleteUser { user, .. } => (1, user.as_str().as_bytes()),
        // After the user, who may be created or changed by the same commit.
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

async fn write(change: &Change, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
    match change {
        // All events of a commit are written by one statement, after the other changes.
        Change::Audit(_) => Ok(()),
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
        Change::DeleteUser { user, from } => users::delete(transaction, user, *from).await,
        Change::SetPassword { user, sealed, at } => {
            users::set_password(transaction, user, sealed, *at).await
        }
        Change::RenewHash { user, sealed, at } => {
            users::renew_hash(transaction, user, sealed, *at).await
        }
    }
}
