//! The contents of an audit event.

use std::borrow::Cow;

use scopegate_claims::UnixTime;

use super::{Actor, Basis, DecisionId, EntityChange};

/// Something that was decided or changed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "callers must set each field")]
pub struct AuditEvent {
    /// The id of the event, which is the id of the decision.
    pub id: DecisionId,
    /// When it happened.
    pub at: UnixTime,
    /// The IP address of the sender of the request.
    pub address: Option<String>,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum What {
    /// A request of a client was granted or refused.
    Decision(Box<ClientDecision>),
    /// Client authentication failed. These requests are only counted, because their `client_id` is not
    /// proven.
    ClientAuthenticationFailed {
        /// The number of requests.
        count: u64,
    },
    /// Requests of clients without authentication were refused. They are only counted.
    RefusalsCounted {
        /// The client id, or a fixed text for all other clients.
        client: String,
        /// The number of requests.
        count: u64,
    },
    /// A user signed in.
    SessionStarted {
        /// The id of the user.
        user: String,
    },
    /// A sign-in failed. A login that does not exist is not recorded.
    SignInFailed {
        /// The id of the user, if the login exists.
        user: Option<String>,
    },
    /// A user signed out.
    SessionEnded {
        /// The id of the user, if the user still exists.
        user: Option<String>,
    },
    /// A user was created or changed.
    UserChanged {
        /// Who changed them. `None` if an earlier version recorded the event.
        actor: Option<Actor>,
        /// The id of the user.
        user: String,
        /// What was changed.
        change: UserChange,
    },
    /// An administrator ended families of refresh tokens of a client.
    FamiliesEnded {
        /// Who ended them.
        actor: Actor,
        /// The authorization server.
        server: String,
        /// The client.
        client: String,
        /// The family, if it was one.
        family: Option<String>,
        /// The number of families.
        count: u64,
    },
    /// An entity of the catalog was created, changed or deleted.
    CatalogChanged(Box<EntityChange>),
    /// A signing key moved to another phase of its rotation.
    KeyMoved {
        /// The authorization server that signs with it.
        server: String,
        /// The id of the key.
        kid: String,
        /// The new phase.
        phase: KeyChange,
        /// Who moved it. `None`: the schedule of its server.
        actor: Option<Actor>,
    },
}

/// A decision about a request of a client.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "callers must set each field")]
pub struct ClientDecision {
    /// What the request was for.
    pub kind: DecisionKind,
    /// The authorization server.
    pub server: String,
    /// The client.
    pub client: String,
    /// The grant type.
    pub grant_type: Option<String>,
    /// Whether it was granted.
    pub outcome: Outcome,
    /// Why the request was refused, or granted in an unusual way. The text is fixed.
    pub reason: Option<Cow<'static, str>>,
    /// The scopes that were granted or, in a refusal, requested.
    pub scope: String,
    /// The policy and the rule that decided, as `policy/rule`.
    pub rule: Option<String>,
    /// The `jti` of the access token.
    pub token_id: Option<String>,
    /// The id of the user.
    pub user: Option<String>,
    /// The family of refresh tokens.
    pub family: Option<String>,
    /// What it was based on.
    pub basis: Basis,
}

/// Whether a request was granted.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a request is granted or refused")]
pub enum Outcome {
    /// It was granted.
    Allow,
    /// It was refused, with this error code of RFC 6749 §5.2 or its extensions.
    Refused(Cow<'static, str>),
}

impl Outcome {
    /// The stored name of the outcome.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Allow => Self::ALLOW,
            Self::Refused(code) => code,
        }
    }

    pub(super) const ALLOW: &'static str = "ALLOW";
}

/// Defines an enum whose variants have the event types of Okta's System Log as names.
macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        #[non_exhaustive]
        pub enum $name { $($(#[$of])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stored name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The variant with this stored name.
            pub(super) fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
            }
        }
    };
}

kinds! {
    /// What a client or its user requested, or what the user decided.
    DecisionKind {
        /// A token.
        TokenGrant = "app.oauth2.as.token.grant.access_token",
        /// A token, with a code or a refresh token that was already used.
        TokenReuse = "app.oauth2.as.token.detect_reuse",
        /// The revocation of a token.
        Revocation = "app.oauth2.as.token.revoke",
        /// The introspection of a token.
        Introspection = "app.oauth2.as.token.introspect",
        /// A `request_uri` for a pushed authorization request.
        PushedRequest = "app.oauth2.as.par",
        /// A device code and a user code.
        DeviceAuthorization = "app.oauth2.as.device.authorize",
        /// The user approved a device.
        DeviceApproval = "app.oauth2.as.device.approve",
        /// The user denied a device.
        DeviceDenial = "app.oauth2.as.device.deny",
        /// An authorization code.
        AuthorizationCode = "app.oauth2.as.authorize.code",
        /// An authorization code, refused because the policies do not allow the scopes.
        ScopeDenial = "app.oauth2.as.authorize.scope_denied",
        /// An authorization code, refused for another reason.
        Authorization = "app.oauth2.as.authorize",
        /// The user consented.
        Consent = "app.oauth2.as.consent.grant",
        /// The user refused consent.
        ConsentDenial = "app.oauth2.as.consent.deny",
    }
}

kinds! {
    /// The new phase of a signing key.
    KeyChange {
        /// The key is published, but does not sign yet.
        Announced = "app.oauth2.as.key.announce",
        /// The key signs.
        Signing = "app.oauth2.as.key.sign",
        /// The key no longer signs, but is still published.
        Retiring = "app.oauth2.as.key.retire",
        /// The key is no longer published.
        Dropped = "app.oauth2.as.key.drop",
        /// An administrator dropped the key in an emergency.
        Revoked = "app.oauth2.as.key.revoke",
        /// All keys were sealed under another master key. The id is that of the master key.
        Rewrapped = "app.oauth2.as.key.rewrap",
    }
}

kinds! {
    /// The change of a user.
    UserChange {
        /// The user was created.
        Created = "user.lifecycle.create",
        /// The user may sign in again.
        Activated = "user.lifecycle.activate",
        /// The user may no longer sign in.
        Suspended = "user.lifecycle.suspend",
        /// The user was deleted.
        Deleted = "user.lifecycle.delete.completed",
        /// The user's login or profile was changed.
        Profile = "user.account.update_profile",
        /// All sessions and refresh tokens of the user were ended.
        SessionsEnded = "user.session.clear",
        /// The user's password was changed.
        Password = "user.account.update_password",
        /// The user joined a group.
        JoinedGroup = "group.user_membership.add",
        /// The user left a group.
        LeftGroup = "group.user_membership.remove",
    }
}

impl AuditEvent {
    /// The decision, if the event is one.
    pub fn decision(&self) -> Option<&ClientDecision> {
        match &self.what {
            What::Decision(decision) => Some(decision),
            _ => None,
        }
    }

    /// The number of requests that the event counts, if it does.
    pub fn count(&self) -> Option<u64> {
        match &self.what {
            What::ClientAuthenticationFailed { count } | What::RefusalsCounted { count, .. } => {
                Some(*count)
            }
            What::FamiliesEnded { count, .. } => Some(*count),
            _ => None,
        }
    }

    /// Tells whether a token was issued or a device was approved.
    ///
    /// Neither needs a row of its own in the storage, so this event may be the only record of it.
    pub fn grants(&self) -> bool {
        self.decision().is_some_and(|decision| {
            let by_event = [DecisionKind::TokenGrant, DecisionKind::DeviceApproval];
            decision.outcome == Outcome::Allow && by_event.contains(&decision.kind)
        })
    }
}
