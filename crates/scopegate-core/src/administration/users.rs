//! Changes of users by an administrator. Each change is one commit, with its audit event.

use std::collections::BTreeSet;

use scopegate_claims::UnixTime;

use crate::audit::{AuditEvent, DecisionId, UserChange, What};
use crate::authority::Authority;
use crate::catalog::{Owner, Status, UserId};
use crate::directory::{LoginMatch, NewUser, Profile, User};
use crate::people::passwords::{Busy, Caller, Password, seal_hash};
use crate::store::{Change, Contested, Ended, StoreError, UserKey};

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

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UserAdminError {
    /// The text is not a valid login.
    #[error("{0}")]
    InvalidLogin(&'static str),
    /// There is already a user with this login.
    #[error("there is a user with this login already")]
    LoginTaken,
    /// There is no user with this login.
    #[error("there is no user with this login")]
    Unknown,
    /// Too many passwords are waiting to be hashed.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A concurrent change won every time.
    #[error("the user was changed by somebody else {ATTEMPTS} times meanwhile: try again")]
    Contested,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

/// The change of a user, further changes of the same commit, and the events.
struct Step {
    user: User,
    changes: Vec<Change>,
    events: Vec<UserChange>,
}

impl Authority {
    /// Creates a user.
    ///
    /// # Errors
    ///
    /// [`UserAdminError`], and then no user was created.
    pub async fn create_user(&self, newcomer: Newcomer) -> Result<User, UserAdminError> {
        let Newcomer { login, groups, profile, password } = newcomer;
        User::check_login(&login).map_err(UserAdminError::InvalidLogin)?;
        let (now, id) = (self.clock.now(), UserId::generate());
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
        let event = event(UserChange::Created, &user.id, now);
        match self.store.commit(&[Change::PutUser(Box::new(new)), Change::Audit(event)]).await {
            Ok(()) => Ok(user),
            Err(StoreError::Changed(Contested::User)) => Err(UserAdminError::LoginTaken),
            Err(error) => Err(error.into()),
        }
    }

    /// Suspends a user, which ends all their sessions and refresh tokens, or lets them sign in again.
    ///
    /// # Errors
    ///
    /// [`UserAdminError`], and then nothing was changed.
    pub async fn set_user_status(
        &self,
        login: &str,
        status: Status,
    ) -> Result<User, UserAdminError> {
        let kind = match status {
            Status::Active => UserChange::Activated,
            Status::Inactive => UserChange::Suspended,
        };
        self.change_user(login, |user, now| {
            let is_same = user.status == status;
            let changes = match status {
                Status::Active => Vec::new(),
                Status::Inactive => end_all(&user.id, now),
            };
            let events = if is_same { Vec::new() } else { vec![kind] };
            Step { user: User { status, ..user }, changes, events }
        })
        .await
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
        let id = self.known_user(login).await?.id;
        let sealed = self.sealed(&id, password).await?;
        self.change_user(login, |user, now| {
            let mut changes = end_all(&id, now);
            let (user_id, sealed) = (id.clone(), sealed.clone());
            changes.push(Change::SetPassword { user: user_id, sealed, at: now });
            Step { user, changes, events: vec![UserChange::Password] }
        })
        .await
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
        self.change_user(login, |mut user, _| {
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
            Step { user, changes: Vec::new(), events }
        })
        .await
    }

    async fn known_user(&self, login: &str) -> Result<User, UserAdminError> {
        self.store.user(UserKey::Login(login)).await?.ok_or(UserAdminError::Unknown)
    }

    async fn sealed(&self, id: &UserId, password: Password) -> Result<Vec<u8>, UserAdminError> {
        let phc = self.passwords.hash(password, Caller::Operator).await?;
        Ok(seal_hash(&self.master_key, id, &phc))
    }

    async fn change_user(
        &self,
        login: &str,
        step: impl Fn(User, UnixTime) -> Step,
    ) -> Result<User, UserAdminError> {
        for _ in 0..ATTEMPTS {
            let (before, now) = (self.known_user(login).await?, self.clock.now());
            let (id, from) = (before.id.clone(), before.version);
            let Step { user, mut changes, events } = step(before, now);
            if changes.is_empty() && events.is_empty() {
                return Ok(user);
            }
            let user = User { updated_at: now, version: from + 1, ..user };
            changes.push(Change::MoveUser { from, user: Box::new(user.clone()) });
            changes.extend(events.iter().map(|change| Change::Audit(event(*change, &id, now))));
            match self.store.commit(&changes).await {
                Ok(()) => return Ok(user),
                Err(StoreError::Changed(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(UserAdminError::Contested)
    }
}

/// Ends all sessions and all families of refresh tokens of a user.
fn end_all(user: &UserId, at: UnixTime) -> Vec<Change> {
    let of = Ended::User(user.clone());
    vec![Change::EndSessions { of: of.clone(), at }, Change::EndFamilies { of, at }]
}

fn event(change: UserChange, user: &UserId, at: UnixTime) -> AuditEvent {
    let what = What::UserChanged { user: user.to_string(), change };
    AuditEvent { id: DecisionId::at(at), at, address: None, what }
}
