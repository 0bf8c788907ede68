//! Traces of running: what one transaction writes.

use std::fmt;

use scopegate_claims::{ScopeSet, UnixTime};

use super::{Artifact, ArtifactKind, ConsentKey, Family, FamilyId, Session, SessionId};
use crate::audit::AuditEvent;
use crate::catalog::{ClientId, ServerId, UserId};
use crate::directory::{NewUser, User};

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
    /// Writes nothing, if the catalog's rows of a client and a server are no newer than a version of
    /// the catalog; one is newer: changed.
    ///
    /// Whoever switches a client off ends its families in the same commit. So what is begun together
    /// with this is ended with the rest, or is not begun.
    ExpectCatalog {
        /// The client.
        client: ClientId,
        /// The server.
        server: ServerId,
        /// The version of the catalog by which it was decided.
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

impl Change {
    /// Tells whether some of these give something to whoever asked for it.
    ///
    /// What is given to somebody who has gone is not written: nobody received it, and the same code,
    /// refresh token or assertion works when the client comes again. A commit that only takes away or
    /// records is written even if nobody waits for the answer.
    pub fn any_grants(changes: &[Self]) -> bool {
        changes.iter().any(Self::grants)
    }

    fn grants(&self) -> bool {
        match self {
            Self::Audit(event) => event.grants(),
            Self::PutArtifact(Artifact { kind, .. }) => match kind {
                ArtifactKind::Code | ArtifactKind::Device | ArtifactKind::PushedRequest => true,
                // The use of an assertion is a record. The event says whether a token was issued.
                ArtifactKind::Assertion => false,
            },
            Self::MoveArtifact { kind, .. } => match kind {
                ArtifactKind::Code | ArtifactKind::PushedRequest => true,
                // A device that asks, or is refused. The event says whether it was let in.
                ArtifactKind::Device | ArtifactKind::Assertion => false,
            },
            Self::OpenFamily(_)
            | Self::MoveFamily { .. }
            | Self::OpenSession(_)
            | Self::MoveSession { .. }
            | Self::PutConsent { .. }
            | Self::PutUser(_) => true,
            // A user is changed, and gets a password, together with the end of all that they began;
            // in a sign-in, together with its session.
            Self::MoveUser { .. } | Self::SetPassword { .. } | Self::RenewHash { .. } => false,
            Self::UseAssertion { .. }
            | Self::ExpectUser { .. }
            | Self::ExpectCatalog { .. }
            | Self::EndFamilies { .. }
            | Self::EndSessions { .. }
            | Self::WithdrawConsent(_)
            | Self::RevokeToken { .. } => false,
        }
    }
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
            Self::ExpectCatalog { .. } => "ExpectCatalog",
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{ClientDecision, DecisionId, DecisionKind, Outcome, What};

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
    fn what_gives_a_token_a_code_or_a_session_grants() {
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
            // Whatever it takes away besides.
            let mixed = [vec![end(Ended::User(UserId::generate()))], grant].concat();
            assert!(Change::any_grants(&mixed), "{mixed:?}");
        }
    }

    #[test]
    fn what_takes_away_or_records_does_not_grant() {
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
