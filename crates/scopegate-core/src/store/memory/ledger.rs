//! Commits: the changes are applied to a copy, which is discarded if one fails.

use async_trait::async_trait;
use scopegate_claims::UnixTime;
use scopegate_jose::sha256;

use super::{Memory, MemoryStore, Rows, Use};
use crate::audit::DecisionId;
use crate::catalog::{CatalogState, EntityKey, RowKey};
use crate::directory::User;
use crate::store::{
    ArtifactKind, Change, Contested, Ended, Family, Ledger, Session, StoreError, StoredPassword,
    Upkeep,
};

/// How long families are kept after they were ended: 1 day, the longest lifetime of an access
/// token.
const KEPT: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

#[async_trait]
impl Ledger for MemoryStore {
    async fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        if !self.0.faults.hold_commits() || Change::any_grants(changes) {
            return self.write(changes).await;
        }
        let (store, changes) = (self.clone(), changes.to_vec());
        let written = tokio::spawn(async move { store.write(&changes).await });
        written.await.map_err(|error| StoreError::Unavailable(error.into()))?
    }

    async fn forget_expired(&self, now: UnixTime) -> Result<(), StoreError> {
        let rows = &mut self.open(Use::Other).await?.rows;
        rows.assertions.retain(|_, expires_at| *expires_at > now);
        rows.artifacts.retain(|_, artifact| artifact.expires_at > now);
        rows.families.retain(|_, family| family.forget_at > now);
        rows.sessions.retain(|_, session| session.idle_ends_at > now && session.ends_at > now);
        rows.revoked.retain(|_, expires_at| *expires_at > now);
        Ok(())
    }
}

impl MemoryStore {
    async fn write(&self, changes: &[Change]) -> Result<(), StoreError> {
        let Memory { rows, events } = &mut *self.open(Use::Commit).await?;
        let mut others: Vec<_> =
            changes.iter().filter(|change| !matches!(change, Change::Audit(_))).collect();
        if !others.is_empty() {
            others.sort_by_key(|change| order(change));
            let mut next = rows.clone();
            others.into_iter().try_for_each(|change| next.carry_out(change))?;
            *rows = next;
        }
        for change in changes {
            // A caller that did not get the answer commits the same event again. It is stored once.
            if let Change::Audit(event) = change
                && events.iter().all(|known| known.id != event.id)
            {
                events.push(event.clone());
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Upkeep for MemoryStore {
    async fn artifacts(&self, kind: ArtifactKind, at_most: u64) -> Result<u64, StoreError> {
        let rows = &self.open(Use::Other).await?.rows;
        let of_kind = rows.artifacts.keys().filter(|(known, _)| *known == kind).count();
        Ok(at_most.min(of_kind as u64))
    }

    async fn prune_audit(&self, before: DecisionId) -> Result<u64, StoreError> {
        let events = &mut self.open(Use::Other).await?.events;
        let all = events.len();
        events.retain(|event| event.id >= before);
        Ok((all - events.len()) as u64)
    }
}

/// The order of a change in a commit, as in the databases. A user is stored before their password.
/// What is ended comes before what begins, so that one commit may replace all sessions or families
/// by a new one.
const fn order(change: &Change) -> u8 {
    match change {
        Change::ExpectCatalog(_)
        | Change::ExpectUser { .. }
        | Change::PutUser(_)
        | Change::MoveUser { .. }
        | Change::DeleteUser { .. } => 0,
        Change::SetPassword { .. } | Change::RenewHash { .. } => 1,
        Change::EndFamilies { .. } | Change::EndSessions { .. } => 2,
        Change::Audit(_)
        | Change::MoveArtifact { .. }
        | Change::MoveFamily { .. }
        | Change::MoveSession { .. }
        | Change::OpenFamily(_)
        | Change::OpenSession(_)
        | Change::PutArtifact(_)
        | Change::PutConsent { .. }
        | Change::RevokeToken { .. }
        | Change::UseAssertion { .. }
        | Change::WithdrawConsent(_) => 3,
    }
}

impl Rows {
    fn carry_out(&mut self, change: &Change) -> Result<(), StoreError> {
        match change {
            Change::Audit(_) => Ok(()),
            Change::UseAssertion { client, jti, expires_at } => {
                let assertion = (client.to_string(), jti.clone());
                match self.assertions.insert(assertion, *expires_at) {
                    None => Ok(()),
                    Some(_) => Err(StoreError::Conflict),
                }
            }
            Change::PutArtifact(_) | Change::MoveArtifact { .. } => {
                unless_contested(self.change_artifact(change), Contested::Artifact)
            }
            Change::OpenFamily(_) | Change::MoveFamily { .. } | Change::EndFamilies { .. } => {
                unless_contested(self.change_family(change), Contested::Family)
            }
            Change::OpenSession(_) | Change::MoveSession { .. } | Change::EndSessions { .. } => {
                unless_contested(self.change_session(change), Contested::Session)
            }
            Change::PutConsent { key, scopes, .. } => {
                self.consents.insert(key.clone(), scopes.clone());
                Ok(())
            }
            Change::WithdrawConsent(key) => {
                self.consents.remove(key);
                Ok(())
            }
            Change::RevokeToken { jti, expires_at } => {
                self.revoked.entry(sha256(jti.as_bytes())).or_insert(*expires_at);
                Ok(())
            }
            Change::ExpectCatalog(CatalogState { client, server, version }) => {
                let keys = [EntityKey::client(client), EntityKey::server(server)];
                let is_known = |key: &EntityKey| match self.entities.get(&RowKey::from(key)) {
                    Some(((changed, _), _)) => changed <= version,
                    None => true,
                };
                unless_contested(keys.iter().all(is_known), Contested::Catalog)
            }
            Change::ExpectUser { .. }
            | Change::PutUser(_)
            | Change::MoveUser { .. }
            | Change::DeleteUser { .. }
            | Change::SetPassword { .. }
            | Change::RenewHash { .. } => {
                unless_contested(self.change_user(change), Contested::User)
            }
        }
    }

    /// Returns false if the artifact is not in the state that the change expects. The other
    /// functions below do the same.
    fn change_artifact(&mut self, change: &Change) -> bool {
        match change {
            Change::PutArtifact(new) => {
                let is_known = self.artifacts.values().any(|known| {
                    known.kind == new.kind
                        && (known.id == new.id || known.alias.is_some() && known.alias == new.alias)
                });
                self.artifacts.entry((new.kind, new.id)).or_insert_with(|| new.clone());
                !is_known
            }
            Change::MoveArtifact { kind, id, from, body, expires_at } => {
                let known = self.artifacts.get_mut(&(*kind, *id));
                let Some(artifact) = known.filter(|known| known.version == *from) else {
                    return false;
                };
                artifact.version += 1;
                artifact.body.clone_from(body);
                artifact.expires_at = *expires_at;
                true
            }
            _ => true,
        }
    }

    fn change_family(&mut self, change: &Change) -> bool {
        match change {
            Change::OpenFamily(new) => {
                self.families.insert(new.id.clone(), Family::clone(new)).is_none()
            }
            Change::MoveFamily { id, from, to, rotated_at, idle_ends_at, forget_at } => {
                let known = self.families.get_mut(id);
                let is_as_expected =
                    |known: &&mut Family| known.generation == *from && !known.revoked;
                let Some(family) = known.filter(is_as_expected) else { return false };
                family.generation = *to;
                family.rotated_at = *rotated_at;
                family.idle_ends_at = *idle_ends_at;
                family.forget_at = *forget_at;
                true
            }
            Change::EndFamilies { of, at } => {
                let is_meant = |family: &&mut Family| match of {
                    Ended::Client(client) => family.client == *client,
                    Ended::Family(id) => family.id == *id,
                    Ended::Session(session) => family.session.as_ref() == Some(session),
                    Ended::User(user) => family.user == *user,
                };
                let active = self.families.values_mut().filter(|family| !family.revoked);
                for family in active.filter(is_meant) {
                    family.revoked = true;
                    family.forget_at = at.plus(KEPT);
                }
                true
            }
            _ => true,
        }
    }

    fn change_session(&mut self, change: &Change) -> bool {
        match change {
            Change::OpenSession(new) => {
                let is_known = self
                    .sessions
                    .values()
                    .any(|known| known.id == new.id || known.secret_sha256 == new.secret_sha256);
                self.sessions.insert(new.id.clone(), (**new).clone());
                !is_known
            }
            Change::MoveSession { id, from, session } => {
                // A session never changes its user.
                let is_as_expected =
                    |known: &&mut Session| known.version == *from && known.user == session.user;
                let known = self.sessions.get_mut(id).filter(is_as_expected);
                let Some(known) = known else { return false };
                *known = Session {
                    id: id.clone(),
                    created_at: known.created_at,
                    version: from + 1,
                    ..(**session).clone()
                };
                true
            }
            Change::EndSessions { of, .. } => {
                self.sessions.retain(|_, session| match of {
                    Ended::Session(id) => session.id != *id,
                    Ended::User(user) => session.user != *user,
                    Ended::Client(_) | Ended::Family(_) => true,
                });
                true
            }
            _ => true,
        }
    }

    fn change_user(&mut self, change: &Change) -> bool {
        match change {
            Change::ExpectUser { user, version } => {
                self.user_of(user).is_some_and(|known| known.version == *version)
            }
            Change::PutUser(new) => self.put_user(new),
            Change::MoveUser { from, user } => {
                let known = self.user_of(&user.id).filter(|known| known.version == *from);
                let Some(known) = known.cloned() else { return false };
                let (before, after) = (User::login_key(&known.login), User::login_key(&user.login));
                if before != after && self.users.contains_key(&after) {
                    return false;
                }
                self.users.remove(&before);
                let moved = User {
                    owner: known.owner,
                    created_at: known.created_at,
                    version: from + 1,
                    ..(**user).clone()
                };
                self.users.insert(after, moved);
                true
            }
            Change::DeleteUser { user, from } => {
                let known = self.user_of(user).filter(|known| known.version == *from);
                let Some(key) = known.map(|known| User::login_key(&known.login)) else {
                    return false;
                };
                self.users.remove(&key);
                self.passwords.remove(user);
                self.consents.retain(|consent, _| consent.user != *user);
                true
            }
            Change::SetPassword { user, sealed, at } | Change::RenewHash { user, sealed, at } => {
                let known = self.users.values_mut().find(|known| known.id == *user);
                let Some(known) = known else { return false };
                known.updated_at = *at;
                let before = self.passwords.get(user).map_or(0, |password| password.generation);
                let is_another = matches!(change, Change::SetPassword { .. });
                let generation = before + u64::from(is_another);
                let password = StoredPassword { sealed: sealed.clone(), generation };
                self.passwords.insert(user.clone(), password);
                true
            }
            _ => true,
        }
    }
}

fn unless_contested(is_done: bool, what: Contested) -> Result<(), StoreError> {
    if is_done { Ok(()) } else { Err(StoreError::Changed(what)) }
}
