//! The changes that one transaction writes.

use std::fmt;

use scopegate_claims::{ScopeSet, UnixTime};

use super::{Artifact, ArtifactKind, ConsentKey, Family, FamilyId, Session, SessionId};
use crate::audit::AuditEvent;
use crate::catalog::{CatalogState, ClientId, UserId};
use crate::directory::{NewUser, User};

/// One change. `Debug` shows the kind only.
#[derive(Clone)]
#[expect(clippy::exhaustive_enums, reason = "a storage must handle each change")]
pub enum Change {
    /// Records an audit event.
    Audit(AuditEvent),
    /// Uses up the `jti` of a client's assertion. [`Conflict`](super::StoreError::Conflict) if it
    /// was used before.
    UseAssertion {
        /// The client of the assertion.
        client: ClientId,
        /// Its `jti`.
        jti: String,
        /// When it expires, so that it would be refused anyway.
        expires_at: UnixTime,
    },
    /// Stores a new artifact, with version 0. [`Changed`](super::StoreError::Changed) if its secret
    /// or its alias exists.
    PutArtifact(Artifact),
    /// Changes an artifact, and raises its version by one. [`Changed`](super::StoreError::Changed)
    /// if it does not have the expected version.
    MoveArtifact {
        /// The kind.
        kind: ArtifactKind,
        /// The SHA-256 of its secret.
        id: [u8; 32],
        /// The expected version.
        from: u64,
        /// The new content.
        body: String,
        /// When the row may be deleted.
        expires_at: UnixTime,
    },
    /// Writes nothing. [`Changed`](super::StoreError::Changed) if a user no longer has the expected
    /// version, or is deleted.
    ///
    /// A commit that ends all sessions and refresh tokens of a user also changes the user. So a
    /// session that is started together with this check is either ended by that commit, or not
    /// started.
    ExpectUser {
        /// The user.
        user: UserId,
        /// The version that was read.
        version: u64,
    },
    /// Writes nothing. [`Changed`](super::StoreError::Changed) if the row of a client or of a
    /// server changed after a version of the catalog.
    ///
    /// A commit that deactivates a client also ends its families. So a family that is opened
    /// together with this check is either ended by that commit, or not opened.
    ExpectCatalog(CatalogState),
    /// Stores a new family.
    OpenFamily(Box<Family>),
    /// Changes a family. [`Changed`](super::StoreError::Changed) if it does not have the expected
    /// generation, or is revoked.
    MoveFamily {
        /// The family.
        id: FamilyId,
        /// The expected generation.
        from: u32,
        /// The new generation, which may be the same.
        to: u32,
        /// When the newest refresh token was issued.
        rotated_at: UnixTime,
        /// When the family ends if it is not used.
        idle_ends_at: UnixTime,
        /// When the row may be deleted.
        forget_at: UnixTime,
    },
    /// Ends any number of families. Their rows are kept for one more day.
    EndFamilies {
        /// The families or sessions to end.
        of: Ended,
        /// The current time.
        at: UnixTime,
    },
    /// Stores a new session.
    OpenSession(Box<Session>),
    /// Replaces a session. [`Changed`](super::StoreError::Changed) if it does not have the expected
    /// version.
    MoveSession {
        /// The session.
        id: SessionId,
        /// The expected version. The next one is stored.
        from: u64,
        /// The new state of the session.
        session: Box<Session>,
    },
    /// Ends any number of sessions: deletes their rows. A family or a client has no sessions of its
    /// own, so for these nothing is deleted.
    EndSessions {
        /// The families or sessions to end.
        of: Ended,
        /// The current time.
        at: UnixTime,
    },
    /// Stores the scopes that a user consented to, in place of the earlier ones.
    PutConsent {
        /// The server, the client and the user.
        key: ConsentKey,
        /// The scopes.
        scopes: ScopeSet,
        /// The current time.
        at: UnixTime,
    },
    /// Deletes a consent.
    WithdrawConsent(ConsentKey),
    /// Revokes an access token. Revoking it again changes nothing.
    RevokeToken {
        /// Its `jti`.
        jti: String,
        /// When it expires, so that it would be refused anyway.
        expires_at: UnixTime,
    },
    /// Stores a new user. [`Changed`](super::StoreError::Changed) if the login exists.
    PutUser(Box<NewUser>),
    /// Replaces a user, but not the password. [`Changed`](super::StoreError::Changed) if the user
    /// does not have the expected version.
    MoveUser {
        /// The expected version. The next one is stored.
        from: u64,
        /// The new state of the user.
        user: Box<User>,
    },
    /// Deletes a user, their password and their consents. [`Changed`](super::StoreError::Changed) if the
    /// user does not have the expected version.
    ///
    /// Their sessions and families are ended by other changes of the same commit.
    DeleteUser {
        /// The user.
        user: UserId,
        /// The expected version.
        from: u64,
    },
    /// Sets a new password for a user, with the next generation.
    /// [`Changed`](super::StoreError::Changed) if there is no such user.
    SetPassword {
        /// The user.
        user: UserId,
        /// The hash (a PHC string), sealed under the master key.
        sealed: Vec<u8>,
        /// The current time.
        at: UnixTime,
    },
    /// Stores another hash of the same password of a user. [`Changed`](super::StoreError::Changed)
    /// if there is no such user.
    RenewHash {
        /// The user.
        user: UserId,
        /// The hash (a PHC string), sealed under the master key.
        sealed: Vec<u8>,
        /// The current time.
        at: UnixTime,
    },
}

impl Change {
    /// Tells whether one of these changes grants something to the caller.
    ///
    /// If the caller disconnects, a grant is not written: nobody received it, and the same code,
    /// refresh token or assertion must work when the client tries again. A commit that only revokes
    /// or records something is written even if its caller disconnects.
    pub fn any_grants(changes: &[Self]) -> bool {
        changes.iter().any(Self::grants)
    }

    fn grants(&self) -> bool {
        match self {
            Self::Audit(event) => event.grants(),
            Self::PutArtifact(Artifact { kind, .. }) => match kind {
                ArtifactKind::Code | ArtifactKind::Device | ArtifactKind::PushedRequest => true,
                // The use of an assertion is only recorded. The audit event tells whether a token
                // was issued.
                ArtifactKind::Assertion => false,
            },
            Self::MoveArtifact { kind, .. } => match kind {
                ArtifactKind::Code | ArtifactKind::PushedRequest => true,
                // A device is polled for or refused. The audit event tells whether it was approved.
                ArtifactKind::Device | ArtifactKind::Assertion => false,
            },
            Self::OpenFamily(_)
            | Self::MoveFamily { .. }
            | Self::OpenSession(_)
            | Self::MoveSession { .. }
            | Self::PutConsent { .. }
            | Self::PutUser(_) => true,
            // These come with the end of all sessions and refresh tokens of the user. In a sign-in
            // they come with its session, which grants.
            Self::MoveUser { .. }
            | Self::DeleteUser { .. }
            | Self::SetPassword { .. }
            | Self::RenewHash { .. } => false,
            Self::UseAssertion { .. }
            | Self::ExpectUser { .. }
            | Self::ExpectCatalog(_)
            | Self::EndFamilies { .. }
            | Self::EndSessions { .. }
            | Self::WithdrawConsent(_)
            | Self::RevokeToken { .. } => false,
        }
    }
}

/// Which families or sessions are ended.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a storage must handle each of them")]
pub enum Ended {
    /// All of a client.
    Client(ClientId),
    /// One family.
    Family(FamilyId),
    /// All that began in a session, and the session itself.
    Session(SessionId),
    /// All of a user.
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
            Self::ExpectCatalog(_) => "ExpectCatalog",
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
            Self::DeleteUser { .. } => "DeleteUser",
            Self::SetPassword { .. } => "SetPassword",
            Self::RenewHash { .. } => "RenewHash",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Basis, ClientDecision, DecisionId, DecisionKind, Outcome, What};
    use crate::catalog::ServerId;

    const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

    fn event(kind: DecisionKind, outcome: Outcome) -> Change {
        let decision = ClientDecision {
            kind,
            server: "default".into(),
            client: "a".into(),
            grant_type: None,
            outcome,
            reason: None,
            scope: String::new(),
            rule: None,
            token_id: None,
            user: None,
            family: None,
            basis: Basis::default(),
        };
        audit(What::Decision(Box::new(decision)))
    }

    fn audit(what: What) -> Change {
        Change::Audit(AuditEvent { id: DecisionId::at(NOW), at: NOW, address: None, what })
    }

    fn refused() -> Outcome {
        Outcome::Refused("invalid_grant".into())
    }

    fn artifact(kind: ArtifactKind) -> Change {
        Change::PutArtifact(Artifact {
            kind,
            id: [0; 32],
            alias: None,
            user: None,
            version: 0,
            expires_at: NOW,
            body: String::new(),
        })
    }

    fn next(kind: ArtifactKind) -> Change {
        Change::MoveArtifact { kind, id: [0; 32], from: 0, body: String::new(), expires_at: NOW }
    }

    fn use_assertion() -> Change {
        let client = ClientId::parse("a").unwrap();
        Change::UseAssertion { client, jti: "1".into(), expires_at: NOW }
    }

    fn end(of: Ended) -> Change {
        Change::EndFamilies { of, at: NOW }
    }

    #[test]
    fn changes_that_give_a_token_a_code_or_a_session_are_grants() {
        let key = ConsentKey {
            server: ServerId::default_server(),
            client: ClientId::parse("a").unwrap(),
            user: UserId::generate(),
        };
        let rotation = Change::MoveFamily {
            id: FamilyId::generate(),
            from: 0,
            to: 1,
            rotated_at: NOW,
            idle_ends_at: NOW,
            forget_at: NOW,
        };
        for grant in [
            vec![use_assertion(), event(DecisionKind::TokenGrant, Outcome::Allow)],
            vec![
                artifact(ArtifactKind::Assertion),
                event(DecisionKind::TokenGrant, Outcome::Allow),
            ],
            vec![
                artifact(ArtifactKind::Code),
                event(DecisionKind::AuthorizationCode, Outcome::Allow),
            ],
            vec![next(ArtifactKind::Code)],
            vec![artifact(ArtifactKind::Device)],
            vec![next(ArtifactKind::Device), event(DecisionKind::DeviceApproval, Outcome::Allow)],
            vec![next(ArtifactKind::Device), event(DecisionKind::TokenGrant, Outcome::Allow)],
            vec![artifact(ArtifactKind::PushedRequest)],
            vec![rotation],
            vec![Change::PutConsent { key, scopes: ScopeSet::empty(), at: NOW }],
        ] {
            assert!(Change::any_grants(&grant), "{grant:?}");
            // It stays a grant if it also ends something.
            let mixed = [vec![end(Ended::User(UserId::generate()))], grant].concat();
            assert!(Change::any_grants(&mixed), "{mixed:?}");
        }
    }

    #[test]
    fn changes_that_revoke_or_record_are_not_grants() {
        for record in [
            vec![],
            vec![use_assertion()],
            vec![use_assertion(), event(DecisionKind::TokenGrant, refused())],
            vec![
                end(Ended::Family(FamilyId::generate())),
                event(DecisionKind::TokenReuse, refused()),
            ],
            vec![
                Change::RevokeToken { jti: "1".into(), expires_at: NOW },
                event(DecisionKind::Revocation, Outcome::Allow),
            ],
            vec![audit(What::SignInFailed { user: None })],
            vec![next(ArtifactKind::Device), event(DecisionKind::DeviceApproval, refused())],
            vec![next(ArtifactKind::Device)],
        ] {
            assert!(!Change::any_grants(&record), "{record:?}");
        }
    }
}
