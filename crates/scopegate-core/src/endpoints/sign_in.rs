//! A sign-in with login and password: checks the password and begins a session.
//!
//! A caller cannot learn whether a user exists: a wrong login takes as long as a wrong password and gets the
//! same answer. Guesses are counted before any password is hashed.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use scopegate_claims::UnixTime;
use zeroize::Zeroizing;

use crate::audit::{AuditEvent, DecisionId, What};
use crate::authority::Authority;
use crate::catalog::{UnreadableRow, UserId};
use crate::directory::{LoginMatch, User};
use crate::limits::RetryAfter;
use crate::people::passwords::{Busy, Caller, Password, PasswordCheck, open_hash, seal_hash};
use crate::people::session::{self, SessionSecret};
use crate::people::{DeviceCookie, KnownBrowser};
use crate::store::{Change, Contested, Ended, Session, Store, StoreError, StoredPassword, UserKey};

/// Maximum attempts when a concurrent commit changes the session or the user.
const ROUNDS: usize = 3;

/// A sign-in request.
pub struct SignIn<'a> {
    /// The login, as it was typed.
    pub login: &'a str,
    /// The password, as it was typed.
    pub password: Zeroizing<String>,
    /// The IP address of the browser.
    pub address: Option<IpAddr>,
    /// The session cookie that the browser already has.
    pub old: Option<&'a SessionSecret>,
    /// The device cookie that the browser already has.
    pub device: Option<&'a DeviceCookie>,
}

/// A successful sign-in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedIn {
    /// The new session cookie.
    pub secret: SessionSecret,
    /// The session.
    pub session: Session,
    /// The user.
    pub user: User,
    /// The new device cookie. It identifies the browser at the next sign-in.
    pub device: DeviceCookie,
}

/// Why a sign-in is refused.
#[derive(Debug, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "each variant has its own page")]
pub enum SignInError {
    /// The login or the password is wrong, or the user is inactive.
    #[error("the name or the password is wrong")]
    Wrong,
    /// There were too many wrong passwords.
    #[error("too many passwords were wrong")]
    TooMany(RetryAfter),
    /// The queue of password checks is full, or concurrent commits won every attempt.
    #[error("too many people sign in at once")]
    Overloaded,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

impl From<Busy> for SignInError {
    fn from(_: Busy) -> Self {
        Self::Overloaded
    }
}

impl fmt::Debug for SignIn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Authority {
    /// Signs a user in.
    ///
    /// # Errors
    ///
    /// [`SignInError`]. A wrong guess is counted and recorded in the audit log.
    pub async fn sign_in(&self, request: SignIn<'_>) -> Result<SignedIn, SignInError> {
        let now = self.clock.now();
        let SignIn { login, address, device, .. } = request;
        // A device cookie is only valid for its user, so with a cookie the user is looked up first. Without
        // one, the guess is counted before any lookup.
        let browser = device.and_then(|device| device.open(&self.master_key, now));
        let mut found = None;
        if browser.is_some() {
            found = Some(self.found(login).await?);
        }
        let browser = browser
            .filter(|browser| found.as_ref().is_some_and(|found| found.is_known_to(browser)));
        let guess = self.password_guesses.admit(login, address, browser.as_ref(), now);
        let guess = guess.map_err(SignInError::TooMany)?;

        // If the caller disconnects meanwhile, the guess stays counted.
        let result = self.check(request, found, guess.caller(), now).await;
        match &result {
            // Another user's login has the same key, so the wrong guesses that were counted for it must stay.
            Ok(signed_in) if signed_in.user.login_match == LoginMatch::Exact => guess.take_back(),
            Ok(_) => guess.was_right(),
            Err(SignInError::Wrong | SignInError::TooMany(_)) => {}
            Err(SignInError::Overloaded | SignInError::Storage(_)) => guess.take_back(),
        }
        result
    }

    async fn found(&self, login: &str) -> Result<Found, StoreError> {
        let (user, unreadable) = match self.store.user(UserKey::Login(login)).await {
            Ok(user) => (user, None),
            Err(StoreError::Unreadable(row)) => (None, Some(row)),
            Err(error) => return Err(error),
        };
        // For an unknown login, look up a random id, so that it takes as long as for a known one.
        let known = user.as_ref().map(|user| user.id.clone());
        let known = known.or_else(|| unreadable.as_ref()?.user());
        let id = known.unwrap_or_else(UserId::generate);
        let password = self.store.password(&id).await?;
        Ok(Found { id, user, unreadable, password })
    }

    async fn check(
        &self,
        request: SignIn<'_>,
        found: Option<Found>,
        caller: Caller,
        now: UnixTime,
    ) -> Result<SignedIn, SignInError> {
        let SignIn { login, password: typed, address, old, device: _ } = request;
        let found = match found {
            Some(found) => found,
            None => self.found(login).await?,
        };
        let Found { id, user, unreadable, password } = found;

        // No user has a password longer than the limit, so it is refused without hashing.
        let verdict = match Password::given(typed) {
            Ok(given) => {
                let is_active = user.as_ref().is_some_and(|user| user.status.is_active());
                let phc = password.as_ref().filter(|_| is_active || unreadable.is_some());
                let phc = phc.and_then(|password| self.opened(&id, &password.sealed));
                self.passwords.verify(phc, given, caller).await?
            }
            Err(_) => PasswordCheck::Wrong,
        };
        // Only a caller with the right password learns that this node cannot read the user's row.
        if let (Some(row), PasswordCheck::Right { .. }) = (unreadable, &verdict) {
            return Err(StoreError::Unreadable(row).into());
        }
        let (Some(user), Some(password), PasswordCheck::Right { renewed }) =
            (user.as_ref(), password, verdict)
        else {
            let failed = What::SignInFailed { user: user.map(|user| user.id.to_string()) };
            self.store.commit(&[Change::Audit(event(failed, address, now))]).await?;
            return Err(SignInError::Wrong);
        };

        let renewed = renewed.map(|phc| seal_hash(&self.master_key, &id, &phc));
        let started = What::SessionStarted { user: user.id.to_string() };
        let allowed = Change::Audit(event(started, address, now));
        let generation = password.generation;
        let mut user = user.clone();
        let mut renewed = renewed.as_deref();
        for _ in 0..ROUNDS {
            match self.begin_session(&user, old, renewed, &allowed, now).await {
                Ok((session, secret)) => {
                    let device = DeviceCookie::new(&id, generation, now, &self.master_key);
                    return Ok(SignedIn { secret, session, user, device });
                }
                Err(StoreError::Changed(Contested::Session)) => {}
                // The user was changed meanwhile. A new password or a deactivation ends all sessions, but it
                // could not end this one, which did not exist yet. So check the user again.
                Err(StoreError::Changed(Contested::User)) => {
                    user = self.unchanged_user(&id, generation).await?.ok_or(SignInError::Wrong)?;
                    // The next sign-in renews the hash.
                    renewed = None;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(SignInError::Overloaded)
    }

    /// Reads the user again. `None` if they are inactive or no longer have the password that was checked.
    async fn unchanged_user(
        &self,
        id: &UserId,
        generation: u64,
    ) -> Result<Option<User>, StoreError> {
        // The order matters: setting a password changes the user's version. If it is set between the two
        // reads, either the generation differs or the commit loses because of the version.
        let user = self.store.user(UserKey::Id(id)).await?;
        let password = self.store.password(id).await?;
        let is_unchanged = password.is_some_and(|password| password.generation == generation);
        Ok(user.filter(|user| is_unchanged && user.status.is_active()))
    }

    fn opened(&self, id: &UserId, sealed: &[u8]) -> Option<Zeroizing<String>> {
        let phc = open_hash(&self.master_key, id, sealed);
        if phc.is_none() {
            tracing::error!(user = %id, "the hash of a password cannot be decrypted");
        }
        phc
    }

    /// Renews the browser's session if it belongs to this user. Otherwise ends it and begins a new one.
    async fn begin_session(
        &self,
        user: &User,
        old: Option<&SessionSecret>,
        renewed: Option<&[u8]>,
        allowed: &Change,
        now: UnixTime,
    ) -> Result<(Session, SessionSecret), StoreError> {
        let before = match old {
            Some(old) => self.store.session(&old.sha256()).await?,
            None => None,
        };
        let is_same = |before: &Session| {
            before.user == user.id && now < before.idle_ends_at && now < before.ends_at
        };
        let mut changes = Vec::new();
        let (session, secret) = match before {
            Some(before) if is_same(&before) => {
                let (session, secret) = session::renew(&before, now);
                let (id, from) = (before.id, before.version);
                let session_change = Box::new(session.clone());
                changes.push(Change::MoveSession { id, from, session: session_change });
                (session, secret)
            }
            before => {
                let of = before.map(|before| Ended::Session(before.id));
                changes.extend(of.map(|of| Change::EndSessions { of, at: now }));
                let (session, secret) = session::begin(&user.id, now);
                changes.push(Change::OpenSession(Box::new(session.clone())));
                (session, secret)
            }
        };
        let (id, version) = (user.id.clone(), user.version);
        match renewed {
            None => changes.push(Change::ExpectUser { user: id, version }),
            Some(sealed) => {
                // Change the user's version too, so that the commit loses if another password was set.
                let moved = User { version: version + 1, updated_at: now, ..user.clone() };
                changes.push(Change::MoveUser { from: version, user: Box::new(moved) });
                changes.push(Change::RenewHash { user: id, sealed: sealed.to_vec(), at: now });
            }
        }
        changes.push(allowed.clone());
        self.store.commit(&changes).await?;
        Ok((session, secret))
    }

    /// Ends the session of a browser, if there is one. It ends even if the caller disconnects meanwhile.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the storage fails. The session has not ended then.
    pub async fn sign_out(
        &self,
        secret: &SessionSecret,
        address: Option<IpAddr>,
    ) -> Result<(), StoreError> {
        let (store, secret, now) = (Arc::clone(&self.store), secret.clone(), self.clock.now());
        let ended = async move { end_session(&*store, &secret, address, now).await };
        self.unattended().run(ended).await?
    }

    /// The session and the user of a session cookie. The use of the session is stored at most once a minute.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the storage fails.
    pub async fn signed_in(
        &self,
        secret: &SessionSecret,
    ) -> Result<Option<(Session, User)>, StoreError> {
        let now = self.clock.now();
        let Some((session, user)) = session::find(&*self.store, secret, now).await? else {
            return Ok(None);
        };
        let Some(change) = session::seen(&session, now) else { return Ok(Some((session, user))) };
        match self.store.commit(&[change]).await {
            // If a concurrent commit won, the session may have ended. Read it again.
            Ok(()) | Err(StoreError::Changed(_)) => session::find(&*self.store, secret, now).await,
            Err(error) => Err(error),
        }
    }
}

/// Ends the session of a browser, if there is one.
pub(crate) async fn end_session(
    store: &dyn Store,
    secret: &SessionSecret,
    address: Option<IpAddr>,
    now: UnixTime,
) -> Result<(), StoreError> {
    let Some(session) = store.session(&secret.sha256()).await? else { return Ok(()) };
    let user = match store.user(UserKey::Id(&session.user)).await {
        Ok(user) => user.map(|user| user.id),
        // The session ends even if the user's row cannot be read.
        Err(StoreError::Unreadable(_)) => Some(session.user),
        Err(error) => return Err(error),
    };
    let ended = What::SessionEnded { user: user.map(|user| user.to_string()) };
    let event = event(ended, address, now);
    let of = Ended::Session(session.id);
    store.commit(&[Change::EndSessions { of, at: now }, Change::Audit(event)]).await
}

/// The result of the lookup of a login.
struct Found {
    /// The id of the user, or a random id if the login is unknown.
    id: UserId,
    user: Option<User>,
    /// The user's row, if this node cannot read it.
    unreadable: Option<Arc<UnreadableRow>>,
    password: Option<StoredPassword>,
}

impl Found {
    /// Whether this user has signed in before in this browser, with their current password.
    fn is_known_to(&self, browser: &KnownBrowser) -> bool {
        let generation = self.password.as_ref().map(|password| password.generation);
        self.id == browser.user && generation == Some(browser.password)
    }
}

/// An audit event about a user's session.
fn event(what: What, address: Option<IpAddr>, at: UnixTime) -> AuditEvent {
    let address = address.map(|address| address.to_string());
    AuditEvent { id: DecisionId::at(at), at, address, what }
}
