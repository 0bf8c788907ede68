//! Sessions: a cookie identifies a signed-in user, at all authorization servers of the
//! installation.
//!
//! A session ends 2 hours after its last use, and at the latest 24 hours after the sign-in. Each
//! sign-in makes a new secret, so that a cookie that an attacker planted before the sign-in is
//! useless after it (session fixation).

use std::fmt;
use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_jose::{random_token, sha256};
use zeroize::Zeroizing;

use crate::catalog::UserId;
use crate::directory::{Authentication, User};
use crate::store::{Change, Session, SessionId, Store, StoreError, UserKey};

/// How long a session lasts without being used: 2 hours.
pub const IDLE: Duration = Duration::from_secs(2 * 60 * 60);

/// How long a session lasts after the sign-in, even if it is used: 24 hours.
pub const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// A use is stored only if the last stored use is at least this old, so that most requests write
/// nothing.
const SEEN: Duration = Duration::from_secs(60);

/// The authentication context class of a sign-in by password (the claim `acr`), with Okta's name.
pub const PASSWORD_ACR: &str = "urn:okta:loa:1fa:pwd";

/// The authentication method of a sign-in by password (the claim `amr`, RFC 8176 §2).
pub const PASSWORD_AMR: &str = "pwd";

/// The value of the session cookie. Only its SHA-256 is stored. `Debug` hides it.
#[derive(Clone)]
pub struct SessionSecret(Zeroizing<String>);

impl SessionSecret {
    /// A new secret.
    pub fn generate() -> Self {
        Self(Zeroizing::new(random_token(32)))
    }

    /// Parses the value of a cookie; `None` if it is malformed.
    pub fn parse(text: &str) -> Option<Self> {
        is_secret(text).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The value of the cookie.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The SHA-256 by which the session is looked up.
    pub fn sha256(&self) -> [u8; 32] {
        sha256(self.0.as_bytes())
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret(…)")
    }
}

/// Tells whether a text may be 32 random bytes in base64url.
pub(crate) fn is_secret(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.len() == 43 && text.bytes().all(allowed)
}

/// The session of a cookie and its user; `None` if the session has ended or the user is not active.
///
/// # Errors
///
/// [`StoreError`] if the storage does not answer.
pub async fn find(
    store: &dyn Store,
    secret: &SessionSecret,
    now: UnixTime,
) -> Result<Option<(Session, User)>, StoreError> {
    let Some(session) = store.session(&secret.sha256()).await? else { return Ok(None) };
    if now >= session.idle_ends_at || now >= session.ends_at {
        return Ok(None);
    }
    let user = store.user(UserKey::Id(&session.user)).await?;
    let user = user.filter(|user| user.status.is_active());
    Ok(user.map(|user| (session, user)))
}

/// The change to write because a session is used now; `None` if the last use was stored less than
/// 60 seconds ago.
///
/// If another request writes the change first, the commit fails with [`StoreError::Changed`]. Then
/// the use is already stored, or the session has ended.
pub fn seen(session: &Session, now: UnixTime) -> Option<Change> {
    if now.since(session.seen_at) < SEEN {
        return None;
    }
    let next = Session {
        seen_at: now,
        idle_ends_at: session.ends_at.min(now.plus(IDLE)),
        version: session.version + 1,
        ..session.clone()
    };
    let (id, from) = (session.id.clone(), session.version);
    Some(Change::MoveSession { id, from, session: Box::new(next) })
}

/// A new session after a sign-in by password, and the secret for the browser's cookie.
pub fn begin(user: &UserId, now: UnixTime) -> (Session, SessionSecret) {
    signed_in(SessionId::generate(), user, now, now, 0)
}

/// The session after its user has signed in again: the same id, a new secret, and a new end.
pub fn renew(old: &Session, now: UnixTime) -> (Session, SessionSecret) {
    signed_in(old.id.clone(), &old.user, old.created_at, now, old.version + 1)
}

fn signed_in(
    id: SessionId,
    user: &UserId,
    created_at: UnixTime,
    now: UnixTime,
    version: u64,
) -> (Session, SessionSecret) {
    let secret = SessionSecret::generate();
    let auth = Authentication {
        at: now,
        acr: PASSWORD_ACR.into(),
        amr: vec![PASSWORD_AMR.into()],
        session: Some(id.clone()),
    };
    let session = Session {
        id,
        secret_sha256: secret.sha256(),
        user: user.clone(),
        auth,
        created_at,
        seen_at: now,
        idle_ends_at: now.plus(IDLE),
        ends_at: now.plus(LIFETIME),
        version,
    };
    (session, secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

    fn after(seconds: u64) -> UnixTime {
        NOW.plus(Duration::from_secs(seconds))
    }

    fn moved(change: Option<Change>) -> Option<Session> {
        match change {
            Some(Change::MoveSession { from, session, .. }) => {
                assert_eq!(session.version, from + 1);
                Some(*session)
            }
            _ => None,
        }
    }

    #[test]
    fn a_secret_has_43_characters_and_debug_does_not_show_it() {
        let secret = SessionSecret::generate();
        assert_eq!(SessionSecret::parse(secret.as_str()).unwrap().sha256(), secret.sha256());
        assert_eq!(format!("{secret:?}"), "SessionSecret(…)");
        for text in ["", "a", &"a".repeat(42), &"A".repeat(44), &"=".repeat(43), &" ".repeat(43)] {
            assert!(SessionSecret::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_new_sign_in_makes_a_new_secret_and_keeps_the_session() {
        let (old, old_secret) = begin(&UserId::generate(), NOW);
        let (new, new_secret) = renew(&old, after(3600));
        assert_eq!((&new.id, &new.user, new.created_at), (&old.id, &old.user, NOW));
        assert_ne!(old_secret.sha256(), new_secret.sha256());
        assert_eq!(new.secret_sha256, new_secret.sha256());
        assert_eq!((new.auth.at, new.ends_at), (after(3600), after(3600).plus(LIFETIME)));
        assert_eq!(new.version, old.version + 1);
        assert_eq!(new.auth.session, Some(new.id));
    }

    #[test]
    fn a_use_is_stored_once_a_minute() {
        let (session, _) = begin(&UserId::generate(), NOW);
        assert!(moved(seen(&session, after(59))).is_none());
        let used = moved(seen(&session, after(60))).unwrap();
        assert_eq!((used.seen_at, used.idle_ends_at), (after(60), after(60).plus(IDLE)));
        assert_eq!((used.ends_at, &used.auth), (session.ends_at, &session.auth));
        assert!(moved(seen(&used, after(61))).is_none());
    }

    #[test]
    fn a_session_that_is_used_ends_24_hours_after_the_sign_in() {
        let (session, _) = begin(&UserId::generate(), NOW);
        let late = NOW.plus(LIFETIME).minus(Duration::from_secs(60));
        assert_eq!(moved(seen(&session, late)).unwrap().idle_ends_at, session.ends_at);
    }
}
