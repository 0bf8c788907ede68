//! Why an inquiry is refused.

use scopegate_claims::ScopeSet;

use super::explanation::{FailedCheck, Kind};
use crate::error::{CallError, OAuthError};
use crate::policy::{Malformed, Outcome};

/// Why an inquiry is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) cause: Cause,
    /// The error of the request.
    pub(super) error: CallError,
    /// What was required, and what the request has instead.
    pub(super) wanted: String,
    pub(super) found: String,
}

/// The cause of a refusal. All but [`Policies`](Self::Policies) refuse whatever the policies say.
#[derive(Debug)]
pub(super) enum Cause {
    Claims,
    ClientAuth,
    ClientGrant,
    /// The client may not use the grant with which a refresh token began.
    ClientFirstGrant(String),
    ClientSecret,
    ClientStatus,
    ClientType,
    Consent(ScopeSet),
    Grant,
    NotAssigned,
    OutOfService,
    Policies(Outcome),
    Scope(Malformed),
    ServerStatus,
    SignInScopes,
    Target,
    TrustedIssuer,
    TrustedServer,
    UnknownClient,
    UnknownServer,
    UserStatus,
}

impl Refusal {
    pub(super) fn new(
        cause: Cause,
        error: CallError,
        wanted: impl Into<String>,
        found: impl Into<String>,
    ) -> Box<Self> {
        Box::new(Self { cause, error, wanted: wanted.into(), found: found.into() })
    }

    /// What kind of refusal it is: the request is wrong, or something denies it.
    pub(super) fn kind(&self) -> Kind {
        match &self.cause {
            Cause::Policies(Outcome::NoMatch | Outcome::Allow(_)) => Kind::NoMatch,
            Cause::Policies(Outcome::Malformed(_))
            | Cause::Grant
            | Cause::Scope(_)
            | Cause::SignInScopes
            | Cause::Target
            | Cause::UnknownClient
            | Cause::UnknownServer => Kind::Malformed,
            Cause::Policies(Outcome::Deny { .. })
            | Cause::Claims
            | Cause::ClientAuth
            | Cause::ClientGrant
            | Cause::ClientFirstGrant(_)
            | Cause::ClientSecret
            | Cause::ClientStatus
            | Cause::ClientType
            | Cause::Consent(_)
            | Cause::NotAssigned
            | Cause::OutOfService
            | Cause::ServerStatus
            | Cause::TrustedIssuer
            | Cause::TrustedServer
            | Cause::UserStatus => Kind::Deny,
        }
    }

    /// The error code and the description that the client gets.
    pub(super) fn answer(&self) -> OAuthError {
        OAuthError::from(&self.error)
    }

    /// The check that refused. `None` if the rules did.
    pub(super) fn failed_check(&self) -> Option<FailedCheck> {
        let condition = match &self.cause {
            Cause::Policies(Outcome::Malformed(_)) | Cause::Scope(_) | Cause::SignInScopes => {
                "scope"
            }
            Cause::Policies(_) => return None,
            Cause::Claims => "claims",
            Cause::ClientAuth => "client authentication",
            Cause::ClientFirstGrant(_) | Cause::ClientGrant => "grant types of the client",
            Cause::ClientSecret => "secret of the client",
            Cause::ClientStatus => "status of the client",
            Cause::ClientType => "type of the client",
            Cause::Consent(_) => "consent",
            Cause::Grant => "grant type",
            Cause::NotAssigned => "users of the client",
            Cause::OutOfService => "stored row",
            Cause::ServerStatus => "status of the server",
            Cause::Target => "resource",
            Cause::TrustedIssuer => "trusted issuers of the server",
            Cause::TrustedServer => "trusted servers of the server",
            Cause::UnknownClient => "client",
            Cause::UnknownServer => "server",
            Cause::UserStatus => "status of the user",
        };
        let (wanted, found) = (self.wanted.clone(), self.found.clone());
        Some(FailedCheck { condition: condition.to_owned(), wanted, found, unknown: false })
    }
}
