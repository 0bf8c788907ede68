//! Changes of users by an administrator. Each change is one commit, with its audit event.

use std::collections::{BTreeMap, BTreeSet};

use scopegate_claims::UnixTime;

use serde_json::Value;

use crate::audit::{Actor, AuditEvent, DecisionId, UserChange, What};
use crate::authority::Authority;
use crate::catalog::{Owner, Status, UserId};
use crate::directory::{LoginMatch, NewUser, Profile, User};
use crate::people::passwords::{Busy, Caller, Password, seal_hash};
use crate::store::{Change, Contested, Ended, SessionId, StoreError, UserKey};

/// Maximum attempts when a concurrent change wins.
const ATTEMPTS: usize = 5;

/// A user that an administrator creates.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct Newcomer {
    /// The name that is typed at sign-in.
    pub login: String,
    /// The names of the groups.
    pub groups: BTreeSet<String>,
    /// The profile of the user.
    pub profile: Profile,
    /// The password. `None`: the user cannot sign in with a password until one is set.
    pub password: Option<Password>,
}

/// Changes of a user's login and profile. The default changes nothing.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct UserEdit {
    /// The new login. `None`: it stays.
    pub login: Option<String>,
    /// Attributes to set.
    pub set: BTreeMap<String, Value>,
    /// Names of attributes to remove. An attribute that the user does not have is ignored.
    pub unset: BTreeSet<String>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "whoever answers must decide about a new variant")]
pub enum UserAdminError {
    /// The text is not a valid login.
    #[error("{0}")]
    InvalidLogin(&'static str),
    /// There is already a user with this login.
    #[error("there is a user with this login already")]
    LoginTaken,
    /// There is no such user.
    #[error("there is no such user")]
    Unknown,
    /// The profile would break a rule.
    #[error("{0}")]
    InvalidProfile(&'static str),
    /// The user has no such session.
    #[error("the user has no session `{0}`")]
    UnknownSession(SessionId),
    /// Too many passwords are waiting to be hashed.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The user does not have the expected version.
    #[error("the user was changed since they were read")]
    Stale,
    /// A concurrent change won every time.
    #[error("the user was changed by somebody else {ATTEMPTS} times meanwhile: try again")]
    Contested,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

/// What a change does to the row of a user.
enum Row {
    /// It is replaced.
    Move(Box<User>),
    /// It is deleted.
    Delete,
}

/// The change of a user, further changes of the same commit, and the events.
struct Step {
    row: Row,
    changes: Vec<Change>,
    events: Vec<UserChange>,
}

impl Step {
    fn of(user: User, changes: Vec<Change>, events: Vec<UserChange>) -> Self {
        Self { row: Row::Move(Box::new(user)), changes, events }
    }
}

/// Changes users on behalf of an administrator. Each change ends or revokes what it must in the same commit.
///
/// All methods fail with [`UserAdminError`], and then nothing was changed.
#[derive(Clone, Copy, Debug)]
pub struct UserAdministration<'a> {
    authority: &'a Authority,
    actor: &'a Actor,
    expected: Option<u64>,
}

impl Authority {
    /// Changes users on behalf of `actor`, who is named in the audit log.
    pub fn users<'a>(&'a self, actor: &'a Actor) -> UserAdministration<'a> {
        UserAdministration { authority: self, actor, expected: None }
    }

    /// Creates a user, as the command line does. [`users`](Self::users) takes another actor.
    ///
    /// # Errors
    ///
    /// [`UserAdminError`], and then no user was created.
    pub async fn create_user(&self, newcomer: Newcomer) -> Result<User, UserAdminError> {
        self.users(&Actor::cli("users create")).create(newcomer).await
    }

    /// Disables a user, which ends all their sessions and refresh tokens, or lets them sign in again.
    ///
    /// # Errors
    ///
    /// [`UserAdminError`], and then nothing was changed.
    pub async fn set_user_status(
        &self,
        login: &str,
        status: Status,
    ) -> Result<User, UserAdminError> {
        let actor = Actor::cli(match status {
            Status::Active => "users enable",
            Status::Inactive => "users disable",
        });
        self.users(&actor).set_status(UserKey::Login(login), status).await
    }

    /// Sets the password of a user, which ends all their sessions and refresh tokens.
    ///
    /// # Errors
    ///
    /// [`UserAdminError`], and then nothing was changed.
    pub async fn set_user_password(
        &self,
        login: &str,
        password: Password,
    ) -> Result<User, UserAdminError> {
        let actor = Actor::cli("users password");
        self.users(&actor).set_password(UserKey::Login(login), password).await
    }

    /// Removes a user from groups and adds them to others.
    ///
    /// # Errors
    ///
    /// [`UserAdminError`], and then nothing was changed.
    pub async fn change_user_groups(
        &self,
        login: &str,
        into: &BTreeSet<String>,
        out_of: &BTreeSet<String>,
    ) -> Result<User, UserAdminError> {
        let actor = Actor::cli("users groups");
        self.users(&actor).change_groups(UserKey::Login(login), into, out_of).await
    }
}

impl UserAdministration<'_> {
    /// Changes only a user who has this version. `None`: any version.
    #[must_use]
    pub fn expecting(self, version: Option<u64>) -> Self {
        Self { expected: version, ..self }
    }

    /// Creates a user.
    pub async fn create(&self, newcomer: Newcomer) -> Result<User, UserAdminError> {
        let Newcomer { login, groups, profile, password } = newcomer;
        User::check_login(&login).map_err(UserAdminError::InvalidLogin)?;
        let (now, id) = (self.authority.clock.now(), UserId::generate());
        let sealed_password = match password {
            None => None,
            Some(password) => Some(self.sealed(&id, password).await?),
        };
        let user = User {
            id,
            login,
            login_match: LoginMatch::default(),
            status: Status::Active,
            owner: Owner::Api,
            groups,
            profile,
            created_at: now,
            updated_at: now,
            version: 0,
        };
        let new = NewUser { user: user.clone(), sealed_password };
        let event = self.event(UserChange::Created, &user.id, now);
        let changes = [Change::PutUser(Box::new(new)), Change::Audit(event)];
        match self.authority.store.commit(&changes).await {
            Ok(()) => Ok(user),
            Err(StoreError::Changed(Contested::User)) => Err(UserAdminError::LoginTaken),
            Err(error) => Err(error.into()),
        }
    }

    /// Disables a user, which ends all their sessions and refresh tokens, or lets them sign in again.
    pub async fn set_status(
        &self,
        by: UserKey<'_>,
        status: Status,
    ) -> Result<User, UserAdminError> {
        let kind = match status {
            Status::Active => UserChange::Activated,
            Status::Inactive => UserChange::Suspended,
        };
        self.change(by, |user, now| {
            let is_same = user.status == status;
            let changes = match status {
                Status::Active => Vec::new(),
                Status::Inactive => end_all(&user.id, now),
            };
            let events = if is_same { Vec::new() } else { vec![kind] };
            Ok(Step::of(User { status, ..user }, changes, events))
        })
        .await
    }

    /// Sets the password of a user, which ends all their sessions and refresh tokens.
    pub async fn set_password(
        &self,
        by: UserKey<'_>,
        password: Password,
    ) -> Result<User, UserAdminError> {
        let id = self.known(by).await?.id;
        let sealed = self.sealed(&id, password).await?;
        self.change(UserKey::Id(&id), |user, now| {
            let mut changes = end_all(&id, now);
            let (user_id, sealed) = (id.clone(), sealed.clone());
            changes.push(Change::SetPassword { user: user_id, sealed, at: now });
            Ok(Step::of(user, changes, vec![UserChange::Password]))
        })
        .await
    }

    /// Removes a user from groups and adds them to others.
    pub async fn change_groups(
        &self,
        by: UserKey<'_>,
        into: &BTreeSet<String>,
        out_of: &BTreeSet<String>,
    ) -> Result<User, UserAdminError> {
        self.change(by, |mut user, _| {
            let before = user.groups.clone();
            user.groups.retain(|group| !out_of.contains(group));
            user.groups.extend(into.iter().cloned());
            let mut events = Vec::new();
            if !user.groups.is_subset(&before) {
                events.push(UserChange::JoinedGroup);
            }
            if !before.is_subset(&user.groups) {
                events.push(UserChange::LeftGroup);
            }
            Ok(Step::of(user, Vec::new(), events))
        })
        .await
    }

    /// Changes the login and the profile of a user.
    pub async fn edit(&self, by: UserKey<'_>, edit: &UserEdit) -> Result<User, UserAdminError> {
        let UserEdit { login, set, unset } = edit;
        if let Some(login) = login {
            User::check_login(login).map_err(UserAdminError::InvalidLogin)?;
            self.refuse_taken(&self.known(by).await?, login).await?;
        }
        self.change(by, |user, _| {
            let kept = user.profile.attributes().iter();
            let kept = kept.filter(|(name, _)| !unset.contains(*name) && !set.contains_key(*name));
            let attributes = kept.chain(set).map(|(name, value)| (name.clone(), value.clone()));
            let profile = Profile::collect(attributes).map_err(UserAdminError::InvalidProfile)?;
            let login = login.clone().unwrap_or_else(|| user.login.clone());
            let is_same = login == user.login && profile == user.profile;
            let events = if is_same { Vec::new() } else { vec![UserChange::Profile] };
            Ok(Step::of(User { login, profile, ..user }, Vec::new(), events))
        })
        .await
    }

    /// Deletes a user, and ends all their sessions and refresh tokens. Their id is never used again.
    pub async fn delete(&self, by: UserKey<'_>) -> Result<User, UserAdminError> {
        self.change(by, |user, now| {
            let changes = end_all(&user.id, now);
            Ok(Step { row: Row::Delete, changes, events: vec![UserChange::Deleted] })
        })
        .await
    }

    /// Ends all sessions and refresh tokens of a user.
    pub async fn end_sessions(&self, by: UserKey<'_>) -> Result<User, UserAdminError> {
        self.change(by, |user, now| {
            let changes = end_all(&user.id, now);
            Ok(Step::of(user, changes, vec![UserChange::SessionsEnded]))
        })
        .await
    }

    /// Ends one session of a user, and the refresh tokens that began in it.
    pub async fn end_session(
        &self,
        by: UserKey<'_>,
        session: &SessionId,
    ) -> Result<User, UserAdminError> {
        let user = self.known(by).await?;
        let sessions = self.authority.store.sessions_of(&user.id).await?;
        if !sessions.iter().any(|known| known.id == *session) {
            return Err(UserAdminError::UnknownSession(session.clone()));
        }
        self.change(UserKey::Id(&user.id), |user, now| {
            let changes = end(&Ended::Session(session.clone()), now);
            Ok(Step::of(user, changes, vec![UserChange::SessionsEnded]))
        })
        .await
    }

    /// Refuses the login of another user. The storage refuses it too, but cannot tell why.
    async fn refuse_taken(&self, user: &User, login: &str) -> Result<(), UserAdminError> {
        let holder = self.authority.store.user(UserKey::Login(login)).await?;
        match holder.is_some_and(|holder| holder.id != user.id) {
            true => Err(UserAdminError::LoginTaken),
            false => Ok(()),
        }
    }

    async fn known(&self, by: UserKey<'_>) -> Result<User, UserAdminError> {
        self.authority.store.user(by).await?.ok_or(UserAdminError::Unknown)
    }

    async fn sealed(&self, id: &UserId, password: Password) -> Result<Vec<u8>, UserAdminError> {
        let phc = self.authority.passwords.hash(password, Caller::Operator).await?;
        Ok(seal_hash(&self.authority.master_key, id, &phc))
    }

    async fn change(
        &self,
        by: UserKey<'_>,
        step: impl Fn(User, UnixTime) -> Result<Step, UserAdminError>,
    ) -> Result<User, UserAdminError> {
        for _ in 0..ATTEMPTS {
            let (before, now) = (self.known(by).await?, self.authority.clock.now());
            let (id, from) = (before.id.clone(), before.version);
            if self.expected.is_some_and(|expected| expected != from) {
                return Err(UserAdminError::Stale);
            }
            let Step { row, mut changes, events } = step(before.clone(), now)?;
            if changes.is_empty() && events.is_empty() {
                return Ok(before);
            }
            let user = match row {
                Row::Move(user) => {
                    let user = User { updated_at: now, version: from + 1, ..*user };
                    changes.push(Change::MoveUser { from, user: Box::new(user.clone()) });
                    user
                }
                Row::Delete => {
                    changes.push(Change::DeleteUser { user: id.clone(), from });
                    before
                }
            };
            let events = events.iter().map(|change| self.event(*change, &id, now));
            changes.extend(events.map(Change::Audit));
            match self.authority.store.commit(&changes).await {
                Ok(()) => return Ok(user),
                Err(StoreError::Changed(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(UserAdminError::Contested)
    }

    fn event(&self, change: UserChange, user: &UserId, at: UnixTime) -> AuditEvent {
        let (actor, user) = (Some(self.actor.clone()), user.to_string());
        let what = What::UserChanged { actor, user, change };
        AuditEvent { id: DecisionId::at(at), at, address: None, what }
    }
}

/// Ends all sessions and all families of refresh tokens of a user.
fn end_all(user: &UserId, at: UnixTime) -> Vec<Change> {
    end(&Ended::User(user.clone()), at)
}

fn end(of: &Ended, at: UnixTime) -> Vec<Change> {
    vec![Change::EndSessions { of: of.clone(), at }, Change::EndFamilies { of: of.clone(), at }]
}

#[cfg(test)]
mod tests;
