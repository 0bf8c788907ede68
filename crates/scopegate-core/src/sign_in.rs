//! A sign-in by name and password: who it is, and the session that it begins.
//!
//! Nobody learns whether there is such a person: a wrong name takes as long as a wrong password, and
//! is told the same. Guesses are counted before anything is computed.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use scopegate_claims::UnixTime;
use zeroize::Zeroizing;

use crate::attempts::{Attempts, Bound, RetryAfter, address_key};
use crate::audit::{AuditEvent, DecisionId};
use crate::authority::Authority;
use crate::catalog::ServerId;
use crate::passwords::{Busy, Caller, Password, Verdict, open_hash, seal_hash};
use crate::people::{User, UserId};
use crate::session::{self, SessionSecret};
use crate::store::{Change, Contested, Ended, Session, StoreError, UserKey};

/// What is counted lasts so long.
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// So many wrong passwords for one name from one address.
const OF_LOGIN_THERE: Bound = Bound { failures: 10, window: WINDOW };

/// So many wrong passwords for one name, whoever tries: strangers do not soon lock a person out.
const OF_LOGIN: Bound = Bound { failures: 100, window: WINDOW };

/// So many wrong passwords from one address, whosever they are.
const OF_ADDRESS: Bound = Bound { failures: 50, window: WINDOW };

/// Somebody else may change the session or the person meanwhile; so often we try again.
const ROUNDS: usize = 3;

/// The kinds of events, in the words of Okta's System Log.
const STARTED: &str = "user.session.start";
const ENDED: &str = "user.session.end";

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
        let mut guess = Guess::admitted(&self.attempts, &request, now)?;
        let result = self.check(request, now).await;
        match &result {
            Ok(_) => guess.verdict = Some(Judged::Right),
            Err(SignInError::Wrong) => guess.verdict = Some(Judged::Wrong),
            Err(_) => {}
        }
        result
    }

    async fn check(&self, request: SignIn<'_>, now: UnixTime) -> Result<SignedIn, SignInError> {
        let SignIn { login, password, address, old } = request;
        let user = self.store.user(UserKey::Login(login)).await?;
        // For nobody, too, something is looked for: it takes as long.
        let id = user.as_ref().map_or_else(UserId::generate, |user| user.id.clone());
        let sealed = self.store.password(&id).await?;
        let event = |outcome, user: Option<&User>| event(STARTED, outcome, user, address, now);

        // A password that is too long is nobody's; it is not worth a hash.
        let verdict = match Password::given(password) {
            Ok(given) => {
                let is_active = user.as_ref().is_some_and(|user| user.status.is_active());
                let phc = sealed.as_ref().filter(|_| is_active);
                let phc = phc.and_then(|sealed| self.opened(&id, sealed));
                self.passwords.verify(phc, given, Caller::Stranger(address)).await?
            }
            Err(_) => Verdict::Wrong,
        };
        let (Some(user), Verdict::Right { renewed }) = (user.as_ref(), verdict) else {
            self.store.commit(&[Change::Audit(event("FAILURE", user.as_ref()))]).await?;
            return Err(SignInError::Wrong);
        };

        let renewed = renewed.map(|phc| seal_hash(&self.master_key, &id, &phc));
        let allowed = Change::Audit(event("ALLOW", Some(user)));
        let mut user = user.clone();
        let mut renewed = renewed.as_deref();
        for _ in 0..ROUNDS {
            match self.begin_session(&user, old, renewed, &allowed, now).await {
                Ok((session, secret)) => return Ok(SignedIn { secret, session, user }),
                Err(StoreError::Changed(Contested::Session)) => {}
                // The person was changed meanwhile. Who set another password or suspended her has
                // ended all sessions, but for this one, which was not there yet.
                Err(StoreError::Changed(Contested::User)) => {
                    user = self.still(&id, sealed.as_deref()).await?.ok_or(SignInError::Wrong)?;
                    // Next time the hash is renewed.
                    renewed = None;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(SignInError::Overloaded)
    }

    /// The person as she is now, if she is active and has the password that was checked.
    async fn still(&self, id: &UserId, sealed: Option<&[u8]>) -> Result<Option<User>, StoreError> {
        // In this order: a password that is set after this changes the version that is read here.
        let user = self.store.user(UserKey::Id(id)).await?;
        let is_held = self.store.password(id).await?.as_deref() == sealed;
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
                changes.push(Change::SetPassword { user: id, sealed: sealed.to_vec(), at: now });
            }
        }
        changes.push(allowed.clone());
        self.store.commit(&changes).await?;
        Ok((session, secret))
    }

    /// Ends the session of a browser; without one there is nothing to end.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the storage fails: the session has not ended then.
    pub async fn sign_out(
        &self,
        secret: &SessionSecret,
        address: Option<IpAddr>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let Some(session) = self.store.session(&secret.sha256()).await? else { return Ok(()) };
        let user = self.store.user(UserKey::Id(&session.user)).await?;
        let event = event(ENDED, "ALLOW", user.as_ref(), address, now);
        let of = Ended::Session(session.id);
        self.store.commit(&[Change::EndSessions { of, at: now }, Change::Audit(event)]).await
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

/// A guess that counts as wrong until it is judged. One that never is, because the storage fails or
/// nobody waits any more, was none.
struct Guess<'a> {
    attempts: &'a Attempts,
    /// Under what it is counted; the names are forgotten when it was right, addresses are not.
    names: Vec<String>,
    addresses: Vec<String>,
    verdict: Option<Judged>,
}

enum Judged {
    Right,
    Wrong,
}

impl<'a> Guess<'a> {
    /// Counts the guess, under all keys or none: tries on a name that is locked lock nothing else.
    fn admitted(
        attempts: &'a Attempts,
        request: &SignIn<'_>,
        now: UnixTime,
    ) -> Result<Self, SignInError> {
        let mut guess = Self { attempts, names: Vec::new(), addresses: Vec::new(), verdict: None };
        let address = request.address.map(address_key);
        let login = format!("login:{}", User::login_key(request.login));
        let login_there = format!("{login} {}", address.as_deref().unwrap_or_default());
        let admits =
            |key: &str, bound| attempts.admits(key, bound, now).map_err(SignInError::TooMany);
        if let Some(address) = address {
            admits(&address, OF_ADDRESS)?;
            guess.addresses.push(address);
        }
        for (name, bound) in [(login_there, OF_LOGIN_THERE), (login, OF_LOGIN)] {
            admits(&name, bound)?;
            guess.names.push(name);
        }
        Ok(guess)
    }
}

impl Drop for Guess<'_> {
    fn drop(&mut self) {
        let undone = |key: &String| self.attempts.undone(key);
        match self.verdict {
            Some(Judged::Wrong) => {}
            Some(Judged::Right) => {
                self.names.iter().for_each(|name| self.attempts.succeeded(name));
                self.addresses.iter().for_each(undone);
            }
            None => self.names.iter().chain(&self.addresses).for_each(undone),
        }
    }
}

/// An event of a person's session. A name that is nobody's is recorded nowhere.
fn event(
    kind: &'static str,
    outcome: &'static str,
    user: Option<&User>,
    address: Option<IpAddr>,
    now: UnixTime,
) -> AuditEvent {
    AuditEvent {
        id: DecisionId::new(),
        at: now,
        kind,
        server: ServerId::org().to_string(),
        client: String::new(),
        grant_type: None,
        outcome,
        reason: (outcome == "FAILURE").then_some("invalid credentials"),
        scope: String::new(),
        rule: None,
        token_id: None,
        user: user.map(|user| user.id.to_string()),
        family: None,
        address: address.map(|address| address.to_string()),
    }
}
