//! One audit event.

use std::borrow::Cow;

use scopegate_claims::UnixTime;

use super::{DecisionId, EntityChange};

/// Something that was decided or changed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "whoever records something says all of it")]
pub struct AuditEvent {
    /// The id, which is that of the decision.
    pub id: DecisionId,
    /// When it happened.
    pub at: UnixTime,
    /// The address from which the request came.
    pub address: Option<String>,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum What {
    /// A request of a client was decided.
    Decision(Box<ClientDecision>),
    /// Clients did not authenticate. They are counted, because what they say of themselves is not known
    /// to be true.
    ClientAuthenticationFailed {
        /// How many requests it were.
        count: u64,
    },
    /// Requests were refused that came in the name of a client without a proof. They are counted.
    RefusalsCounted {
        /// The client, or the words for all others.
        client: String,
        /// How many requests it were.
        count: u64,
    },
    /// A user signed in.
    SessionStarted {
        /// The id of the user.
        user: String,
    },
    /// A sign-in failed. A login that no user has is not recorded.
    SignInFailed {
        /// The id of the user, if there is one.
        user: Option<String>,
    },
    /// A user signed out.
    SessionEnded {
        /// The id of the user, if they are still there.
        user: Option<String>,
    },
    /// A user was created or changed.
    UserChanged {
        /// The id of the user.
        user: String,
        /// What was changed.
        change: UserChange,
    },
    /// An entity of the catalog was created, changed or deleted.
    CatalogChanged(Box<EntityChange>),
    /// A signing key moved to another phase of its life.
    KeyMoved {
        /// The authorization server that signs with it.
        server: String,
        /// The id of the key.
        kid: String,
        /// The phase that it is in now.
        phase: KeyChange,
    },
}

/// A decision about a request of a client.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "whoever records a decision says all of it")]
pub struct ClientDecision {
    /// What was asked.
    pub kind: DecisionKind,
    /// The authorization server.
    pub server: String,
    /// The client.
    pub client: String,
    /// The grant type.
    pub grant_type: Option<String>,
    /// Whether it was granted.
    pub outcome: Outcome,
    /// Why it was refused, or granted in another way than usual. The text is fixed.
    pub reason: Option<Cow<'static, str>>,
    /// The scopes that were granted, or asked for.
    pub scope: String,
    /// The policy and the rule that decided, as `policy/rule`.
    pub rule: Option<String>,
    /// The `jti` of the access token.
    pub token_id: Option<String>,
    /// The id of the user.
    pub user: Option<String>,
    /// The family of refresh tokens.
    pub family: Option<String>,
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
    /// The outcome as it is written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Allow => Self::ALLOW,
            Self::Refused(code) => code,
        }
    }

    pub(super) const ALLOW: &'static str = "ALLOW";
}

/// Makes an enum whose variants have a name each, in the words of Okta's System Log.
macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        #[non_exhaustive]
        pub enum $name { $($(#[$of])* $variant,)* }

        impl $name {
            /// The kind as it is written.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The kind of that name.
            pub(super) fn named(name: &str) -> Option<Self> {
                [$(Self::$variant,)*].into_iter().find(|kind| kind.as_str() == name)
            }
        }
    };
}

kinds! {
    /// What a client or its user asked for.
    DecisionKind {
        /// A token.
        TokenGrant = "app.oauth2.as.token.grant.access_token",
        /// A token, by a code or a refresh token that was used before.
        TokenReuse = "app.oauth2.as.token.detect_reuse",
        /// The end of a token.
        Revocation = "app.oauth2.as.token.revoke",
        /// What is known of a token.
        Introspection = "app.oauth2.as.token.introspect",
        /// A reference for a pushed authorization request.
        PushedRequest = "app.oauth2.as.par",
        /// Codes for a device.
        DeviceAuthorization = "app.oauth2.as.device.authorize",
        /// That a device is let in.
        DeviceApproval = "app.oauth2.as.device.approve",
        /// That a device is not let in.
        DeviceDenial = "app.oauth2.as.device.deny",
        /// An authorization code.
        AuthorizationCode = "app.oauth2.as.authorize.code",
        /// An authorization code for scopes that the policies do not give.
        ScopeDenial = "app.oauth2.as.authorize.scope_denied",
        /// An authorization code that is refused for another reason.
        Authorization = "app.oauth2.as.authorize",
        /// That the user consents.
        Consent = "app.oauth2.as.consent.grant",
        /// That the user does not consent.
        ConsentDenial = "app.oauth2.as.consent.deny",
    }
}

kinds! {
    /// The phase that a signing key moved to.
    KeyChange {
        /// It is published, and does not sign yet.
        Announced = "app.oauth2.as.key.announce",
        /// It signs.
        Signing = "app.oauth2.as.key.sign",
        /// It no longer signs, and is still published.
        Retiring = "app.oauth2.as.key.retire",
        /// It is no longer published.
        Dropped = "app.oauth2.as.key.drop",
    }
}

kinds! {
    /// What was changed of a user.
    UserChange {
        /// The user was created.
        Created = "user.lifecycle.create",
        /// The user may sign in again.
        Activated = "user.lifecycle.activate",
        /// The user may no longer sign in.
        Suspended = "user.lifecycle.suspend",
        /// The user has another password.
        Password = "user.account.update_password",
        /// The user joined a group.
        JoinedGroup = "group.user_membership.add",
        /// The user left a group.
        LeftGroup = "group.user_membership.remove",
    }
}

impl AuditEvent {
    /// The decision that it records, if it records one.
    pub fn decision(&self) -> Option<&ClientDecision> {
        match &self.what {
            What::Decision(decision) => Some(decision),
            _ => None,
        }
    }

    /// How many requests it counts, if it counts any.
    pub fn count(&self) -> Option<u64> {
        match &self.what {
            What::ClientAuthenticationFailed { count } | What::RefusalsCounted { count, .. } => {
                Some(*count)
            }
            _ => None,
        }
    }

    /// Tells whether it records a token that was issued, or a device that was let in.
    ///
    /// Either may be written with no row of its own, so that this event is its only trace.
    pub fn grants(&self) -> bool {
        self.decision().is_some_and(|decision| {
            let by_event = [DecisionKind::TokenGrant, DecisionKind::DeviceApproval];
            decision.outcome == Outcome::Allow && by_event.contains(&decision.kind)
        })
    }
}
