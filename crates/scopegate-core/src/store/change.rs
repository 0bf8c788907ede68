//! Traces of running: what one transaction writes.

use std::fmt;

use scopegate_claims::{ScopeSet, UnixTime};

use super::{Artifact, ArtifactKind, ConsentKey, Family, FamilyId, Session, SessionId};
use crate::audit::AuditEvent;
use crate::catalog::ClientId;
use crate::people::{NewUser, User, UserId};

/// A trace of running. `Debug` shows its kind only.
#[derive(Clone)]
#[expect(clippy::exhaustive_enums, reason = "a storage that does not know a change loses it")]
pub enum Change {
    /// Records a decision.
    Audit(AuditEvent),
    /// Uses up the `jti` of a client's assertion; used before: a conflict.
    UseAssertion {
        /// Whose assertion.
        client: ClientId,
        /// Its `jti`.
        jti: String,
        /// From when on it would be refused anyway.
        expires_at: UnixTime,
    },
    /// Keeps a new artifact, of version 0; its secret or its alias is taken: changed.
    PutArtifact(Artifact),
    /// Changes an artifact of a version, whose next version it becomes; it has another: changed.
    MoveArtifact {
        /// What it is.
        kind: ArtifactKind,
        /// The SHA-256 of its secret.
        id: [u8; 32],
        /// The version that it must have.
        from: u64,
        /// What it holds from now on.
        body: String,
        /// From when on it may be forgotten.
        expires_at: UnixTime,
    },
    /// Writes nothing, if a person still has a version; she has another, or is gone: changed.
    ///
    /// Whoever ends all that a person began changes the person in the same commit. So what is begun
    /// together with this is ended with the rest, or is not begun.
    ExpectUser {
        /// Who.
        user: UserId,
        /// The version that was seen.
        version: u64,
    },
    /// Keeps a new family.
    OpenFamily(Box<Family>),
    /// Changes a family that has a generation and is not revoked; else: changed.
    MoveFamily {
        /// Which.
        id: FamilyId,
        /// The generation that it must have.
        from: u32,
        /// The generation that it gets; it may be the same.
        to: u32,
        /// When the newest token was made.
        rotated_at: UnixTime,
        /// When it ends if it is not used.
        idle_ends_at: UnixTime,
        /// From when on the row may be forgotten.
        forget_at: UnixTime,
    },
    /// Ends families, any number of them; they are kept for a day after.
    EndFamilies {
        /// Which.
        of: Ended,
        /// When.
        at: UnixTime,
    },
    /// Keeps a new session.
    OpenSession(Box<Session>),
    /// Replaces a session that has a version; it has another: changed.
    MoveSession {
        /// Which.
        id: SessionId,
        /// The version that it must have; the next one is stored.
        from: u64,
        /// The session from now on.
        session: Box<Session>,
    },
    /// Ends sessions, any number of them: their rows are gone. Those of a family or a client: none.
    EndSessions {
        /// Which.
        of: Ended,
        /// When.
        at: UnixTime,
    },
    /// Keeps what a person agreed to, instead of what was kept before.
    PutConsent {
        /// Whose, to whom, of whom.
        key: ConsentKey,
        /// The scopes.
        scopes: ScopeSet,
        /// When.
        at: UnixTime,
    },
    /// Forgets what a person agreed to.
    WithdrawConsent(ConsentKey),
    /// Revokes an access token; once more does no harm.
    RevokeToken {
        /// Its `jti`.
        jti: String,
        /// From when on it would be refused anyway.
        expires_at: UnixTime,
    },
    /// Keeps a new person; the login is taken: changed.
    PutUser(Box<NewUser>),
    /// Replaces a person who has a version; she has another: changed. The password stays.
    MoveUser {
        /// The version that the row must have; the next one is stored.
        from: u64,
        /// The person from now on.
        user: Box<User>,
    },
    /// Sets another password for a user, which gets the next generation; no such user: changed.
    SetPassword {
        /// Whose.
        user: UserId,
        /// The hash (a PHC text), sealed under the master key.
        sealed: Vec<u8>,
        /// When.
        at: UnixTime,
    },
    /// Keeps another hash of the password that a user has; no such user: changed.
    RenewHash {
        /// Whose.
        user: UserId,
        /// The hash (a PHC text), sealed under the master key.
        sealed: Vec<u8>,
        /// When.
        at: UnixTime,
    },
}

/// What is ended.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a storage that does not know one ends nothing")]
pub enum Ended {
    /// What belongs to a client.
    Client(ClientId),
    /// One family.
    Family(FamilyId),
    /// What began in a session, or the session itself.
    Session(SessionId),
    /// What belongs to a person.
    User(UserId),
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Audit(_) => "Audit",
            Self::UseAssertion { .. } => "UseAssertion",
            Self::PutArtifact(_) => "PutArtifact",
            Self::MoveArtifact { .. } => "MoveArtifact",
            Self::ExpectUser { .. } => "ExpectUser",
            Self::OpenFamily(_) => "OpenFamily",
            Self::MoveFamily { .. } => "MoveFamily",
            Self::EndFamilies { .. } => "EndFamilies",
            Self::OpenSession(_) => "OpenSession",
            Self::MoveSession { .. } => "MoveSession",
            Self::EndSessions { .. } => "EndSessions",
            Self::PutConsent { .. } => "PutConsent",
            Self::WithdrawConsent(_) => "WithdrawConsent",
            Self::RevokeToken { .. } => "RevokeToken",
            Self::PutUser(_) => "PutUser",
            Self::MoveUser { .. } => "MoveUser",
            Self::SetPassword { .. } => "SetPassword",
            Self::RenewHash { .. } => "RenewHash",
        })
    }
}
