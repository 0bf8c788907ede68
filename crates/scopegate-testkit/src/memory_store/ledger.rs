//! What a commit changes: each change is carried out on a copy, or the copy is thrown away.

use async_trait::async_trait;
use scopegate_claims::UnixTime;
use scopegate_core::people::User;
use scopegate_core::store::{Change, Contested, Ended, Family, Ledger, StoreError};
use scopegate_jose::sha256;

use super::{Memory, MemoryStore};

/// Families that were ended are kept for a day: so long their access tokens may live.
const KEPT: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

#[async_trait]
impl Ledger for MemoryStore {
    async fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        let mut memory = self.memory();
        // Events only grow: they need no copy to be taken back.
        let events = changes.iter().filter_map(|change| match change {
            Change::Audit(event) => Some(event.clone()),
            _ => None,
        });
        let others: Vec<_> =
            changes.iter().filter(|change| !matches!(change, Change::Audit(_))).collect();
        if !others.is_empty() {
            let before = std::mem::take(&mut memory.events);
            let mut next = memory.clone();
            let outcome = others.into_iter().try_for_each(|change| next.carry_out(change));
            if outcome.is_ok() {
                *memory = next;
            }
            memory.events = before;
            outcome?;
        }
        memory.events.extend(events);
        Ok(())
    }

    async fn forget_expired(&self, now: UnixTime) -> Result<(), StoreError> {
        let mut memory = self.memory();
        memory.assertions.retain(|_, expires_at| *expires_at >= now);
        memory.artifacts.retain(|_, artifact| artifact.expires_at > now);
        memory.families.retain(|_, family| family.forget_at > now);
        memory.sessions.retain(|_, session| session.idle_ends_at > now && session.ends_at > now);
        memory.revoked.retain(|_, expires_at| *expires_at > now);
        Ok(())
    }
}

impl Memory {
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
            Change::ExpectUser { .. }
            | Change::PutUser(_)
            | Change::MoveUser { .. }
            | Change::SetPassword { .. } => {
                unless_contested(self.change_user(change), Contested::User)
            }
        }
    }

    /// Tells whether the artifact was in the state that the change begins from.
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
                self.sessions.insert(new.id.clone(), (**new).clone()).is_none()
            }
            Change::MoveSession { id, from, session } => {
                let known = self.sessions.get_mut(id).filter(|known| known.version == *from);
                let Some(known) = known else { return false };
                *known = (**session).clone();
                known.version = from + 1;
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
                self.users.values().any(|known| known.id == *user && known.version == *version)
            }
            Change::PutUser(new) => self.put_user(new),
            Change::MoveUser { from, user } => {
                let known = self.users.values().find(|known| known.id == user.id);
                let Some(known) = known.filter(|known| known.version == *from) else {
                    return false;
                };
                let (before, after) = (User::login_key(&known.login), User::login_key(&user.login));
                if before != after && self.users.contains_key(&after) {
                    return false;
                }
                self.users.remove(&before);
                self.users.insert(after, User { version: from + 1, ..(**user).clone() });
                true
            }
            Change::SetPassword { user, sealed, .. } => {
                let is_known = self.users.values().any(|known| known.id == *user);
                self.passwords.insert(user.clone(), sealed.clone());
                is_known
            }
            _ => true,
        }
    }
}

fn unless_contested(is_done: bool, what: Contested) -> Result<(), StoreError> {
    if is_done { Ok(()) } else { Err(StoreError::Changed(what)) }
}
