//! A sign-in by name and password: who it is, and the session that it begins.
//!
//! Nobody learns whether there is such a person: a wrong name takes as long as a wrong password, and
//! is told the same. Guesses are counted before anything is computed.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use scopegate_claims::UnixTime;
use zeroize::Zeroizing;

use crate::audit::{AuditEvent, DecisionId, What};
use crate::authority::Authority;
use crate::catalog::UnreadableRow;
use crate::catalog::UserId;
use crate::directory::{LoginMatch, User};
use crate::limits::RetryAfter;
use crate::people::passwords::{Busy, Caller, Password, PasswordCheck, open_hash, seal_hash};
use crate::people::session::{self, SessionSecret};
use crate::people::{DeviceCookie, KnownBrowser};
use crate::store::{Change, Contested, Ended, Session, Store, StoreError, StoredPassword, UserKey};

/// Somebody else may change the session or the person meanwhile; so often we try again.
const ROUNDS: usize = 3;

/// Somebody says who she is.
pub struct SignIn<'a> {
    /// The name, as it was typed.
    pub login: &'a str,
    /// The password, as it was typed.
    pub password: Zeroizing<String>,
    /// From where.
    pub address: Option<IpAddr>,
    /// The session that the browser has already.
    pub old: Option<&'a SessionSecret>,
    /// The device cookie that the browser has already.
    pub device: Option<&'a DeviceCookie>,
}

/// Somebody is signed in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedIn {
    /// What the browser holds from now on.
    pub secret: SessionSecret,
    /// The session.
    pub session: Session,
    /// Who it is.
    pub user: User,
    /// By what the browser is known at the next sign-in.
    pub device: DeviceCookie,
}

/// Why somebody is not signed in.
#[derive(Debug, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "each has a page of its own")]
pub enum SignInError {
    /// The name or the password is wrong, or the person may do nothing.
    #[error("the name or the password is wrong")]
    Wrong,
    /// Too many were wrong.
    #[error("too many passwords were wrong")]
    TooMany(RetryAfter),
    /// More passwords wait to be checked than can be, or others change the session all the time.
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
    /// Signs a person in.
    ///
    /// # Errors
    ///
    /// [`SignInError`]; a guess that was wrong is counted and recorded.
    pub async fn sign_in(&self, request: SignIn<'_>) -> Result<SignedIn, SignInError> {
        let now = self.clock.now();
        let SignIn { login, address, device, .. } = request;
        // A device cookie counts for its user only, so the user is looked up first. A stranger's guess
        // is counted before anything is looked up.
        let browser = device.and_then(|device| device.open(&self.master_key, now));
        let mut found = None;
        if browser.is_some() {
            found = Some(self.found(login).await?);
        }
        let browser = browser
            .filter(|browser| found.as_ref().is_some_and(|found| found.is_known_to(browser)));
        let guess = self.password_guesses.admit(login, address, browser.as_ref(), now);
        let guess = guess.map_err(SignInError::TooMany)?;

        // If the caller goes meanwhile, the guess stays counted.
        let result = self.check(request, found, guess.caller(), now).await;
        match &result {
            // Another user's login has the same key: what was counted for it stays.
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
        // For nobody, too, something is looked for: it takes as long.
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

        // A password that is too long is nobody's; it is not worth a hash.
        let verdict = match Password::given(typed) {
            Ok(given) => {
                let is_active = user.as_ref().is_some_and(|user| user.status.is_active());
                let phc = password.as_ref().filter(|_| is_active || unreadable.is_some());
                let phc = phc.and_then(|password| self.opened(&id, &password.sealed));
                self.passwords.verify(phc, given, caller).await?
            }
            Err(_) => PasswordCheck::Wrong,
        };
        // Only who has the password learns that the user is out of service on this node.
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
                // The user was changed meanwhile. Who set another password or suspended the user has
                // ended all sessions, but for this one, which was not there yet.
                Err(StoreError::Changed(Contested::User)) => {
                    user = self.still(&id, generation).await?.ok_or(SignInError::Wrong)?;
                    // Next time the hash is renewed.
                    renewed = None;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(SignInError::Overloaded)
    }

    /// The user as they are now, if they are active and have the password that was checked.
    async fn still(&self, id: &UserId, generation: u64) -> Result<Option<User>, StoreError> {
        // In this order: a password that is set after this changes the version that is read here.
        let user = self.store.user(UserKey::Id(id)).await?;
        let password = self.store.password(id).await?;
        let is_held = password.is_some_and(|password| password.generation == generation);
        Ok(user.filter(|user| is_held && user.status.is_active()))
    }

    fn opened(&self, id: &UserId, sealed: &[u8]) -> Option<Zeroizing<String>> {
        let phc = open_hash(&self.master_key, id, sealed);
        if phc.is_none() {
            tracing::error!(user = %id, "the hash of a password does not open");
        }
        phc
    }

    /// Goes on with the session that the browser has, if it is this person's, or begins another.
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
                // The person moves along, so that no other password is overwritten.
                let moved = User { version: version + 1, updated_at: now, ..user.clone() };
                changes.push(Change::MoveUser { from: version, user: Box::new(moved) });
                changes.push(Change::RenewHash { user: id, sealed: sealed.to_vec(), at: now });
            }
        }
        changes.push(allowed.clone());
        self.store.commit(&changes).await?;
        Ok((session, secret))
    }

    /// Ends the session of a browser; without one there is nothing to end. The session ends even if
    /// nobody waits for the answer.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the storage fails: the session has not ended then.
    pub async fn sign_out(
        &self,
        secret: &SessionSecret,
        address: Option<IpAddr>,
    ) -> Result<(), StoreError> {
        let (store, secret, now) = (Arc::clone(&self.store), secret.clone(), self.clock.now());
        let ended = async move { end_session(&*store, &secret, address, now).await };
        self.unattended().run(ended).await?
    }

    /// Who is signed in by this cookie now. That it was used is written down once a minute.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the storage does not answer.
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
            // Somebody was faster: another use, or the end, which is looked at again.
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
        // A session ends, whatever is written of its user.
        Err(StoreError::Unreadable(_)) => Some(session.user),
        Err(error) => return Err(error),
    };
    let ended = What::SessionEnded { user: user.map(|user| user.to_string()) };
    let event = event(ended, address, now);
    let of = Ended::Session(session.id);
    store.commit(&[Change::EndSessions { of, at: now }, Change::Audit(event)]).await
}

/// Who has a login.
struct Found {
    /// The id of the user, or one that is nobody's.
    id: UserId,
    user: Option<User>,
    /// The row of a user who is out of service on this node.
    unreadable: Option<Arc<UnreadableRow>>,
    password: Option<StoredPassword>,
}

impl Found {
    /// Tells whether this user has signed in in a browser, with the password that they have still.
    fn is_known_to(&self, browser: &KnownBrowser) -> bool {
        let generation = self.password.as_ref().map(|password| password.generation);
        self.id == browser.user && generation == Some(browser.password)
    }
}

/// What the audit log keeps of a user's session.
fn event(what: What, address: Option<IpAddr>, at: UnixTime) -> AuditEvent {
    let address = address.map(|address| address.to_string());
    AuditEvent { id: DecisionId::at(at), at, address, what }
}
