//! An authorization request while it is checked, with the parameters that were read so far.

use std::collections::BTreeSet;
use std::sync::Arc;

use scopegate_claims::{Audience, UnixTime};
use scopegate_jose::KeySet;

use super::parameters::Parameters;
use super::pushed::Pushed;
use super::recipient::Recipient;
use super::{AuthorizeError, AuthorizeRefused, ResponseMode, Return};
use crate::audit::DecisionId;
use crate::catalog::{AuthorizationServer, Snapshot};
use crate::error::{CallError, OAuthError};
use crate::policy::Wanted;
use crate::token::IdTokenWish;

/// An authorization request while it is checked.
#[derive(Clone, Debug)]
pub(super) struct Draft<'a> {
    /// The catalog with which the request is checked.
    pub(super) catalog: &'a Snapshot,
    pub(super) server: &'a AuthorizationServer,
    pub(super) recipient: Recipient<'a>,
    pub(super) form: &'a Parameters,
    pub(super) repeated: &'a BTreeSet<Box<str>>,
    /// The pushed request, if it was pushed before.
    pub(super) pushed: Option<&'a Pushed>,
    /// The server's public keys, to verify an `id_token_hint`.
    pub(super) keys: Option<Arc<KeySet>>,
    pub(super) now: UnixTime,
    pub(super) parsed: ParsedRequest,
}

/// The parameters that were read so far.
#[derive(Clone, Debug)]
pub(super) struct ParsedRequest {
    pub(super) state: Option<String>,
    pub(super) mode: ResponseMode,
    pub(super) wanted: Wanted,
    audience: Option<Audience>,
    pub(super) challenge: Option<String>,
    pub(super) prompt: BTreeSet<Prompt>,
    /// The maximum age of the sign-in, in seconds.
    pub(super) max_age: Option<u64>,
    pub(super) id_token: IdTokenWish,
    pub(super) userinfo_claims: Vec<String>,
    /// The ids of the users that the client accepts. If it is empty, every user is accepted.
    pub(super) subjects: BTreeSet<String>,
    /// Whether the client requests `acr` as an essential claim with values that this server does not have.
    pub(super) needs_unavailable_acr: bool,
}

impl Default for ParsedRequest {
    fn default() -> Self {
        Self {
            state: None,
            mode: ResponseMode::default(),
            wanted: Wanted::Default,
            audience: None,
            challenge: None,
            prompt: BTreeSet::new(),
            max_age: None,
            id_token: IdTokenWish::default(),
            userinfo_claims: Vec::new(),
            subjects: BTreeSet::new(),
            needs_unavailable_acr: false,
        }
    }
}

/// A value of `prompt`: which pages the user must see (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Prompt {
    Consent,
    Login,
    None,
    SelectAccount,
}

impl Prompt {
    /// All values, by their names.
    pub(crate) const ALL: [(&str, Self); 4] = [
        ("none", Self::None),
        ("login", Self::Login),
        ("consent", Self::Consent),
        ("select_account", Self::SelectAccount),
    ];
}

impl ParsedRequest {
    pub(super) fn select(&mut self, audience: &Audience) {
        self.audience = Some(audience.clone());
    }

    /// The audience of the access token.
    pub(super) fn audience<'a>(
        &'a self,
        server: &'a AuthorizationServer,
    ) -> Result<&'a Audience, CallError> {
        let audience = self.audience.as_ref().or_else(|| server.audience(None));
        audience.ok_or(CallError::InvalidTarget)
    }

    /// Whether the request names the scope `openid`.
    pub(super) fn is_openid(&self) -> bool {
        matches!(&self.wanted, Wanted::Named(scopes) if scopes.contains("openid"))
    }
}

impl Draft<'_> {
    /// A response to the client.
    pub(super) fn answer(&self, mut parameters: Vec<(&'static str, String)>) -> Return {
        if let Some(state) = &self.parsed.state {
            parameters.push(("state", state.clone()));
        }
        // RFC 9207 §2: each response names its issuer.
        parameters.push(("iss", self.server.issuer.to_string()));
        Return {
            redirect_uri: self.recipient.redirect_uri.to_owned(),
            mode: self.parsed.mode,
            parameters,
        }
    }

    /// A refusal with an error response for the client. A server fault has none: the browser shows an error
    /// page instead, except for `prompt=none`.
    pub(super) fn refused(
        &self,
        error: AuthorizeError,
        decision: Option<DecisionId>,
    ) -> AuthorizeRefused {
        let may_return = !error.is_server_fault() || self.parsed.prompt.contains(&Prompt::None);
        let back = may_return.then(|| self.back(&error));
        AuthorizeRefused { error, back, client: Some(self.recipient.client.id.clone()), decision }
    }

    /// The error response (RFC 6749 §4.1.2.1).
    fn back(&self, error: &AuthorizeError) -> Return {
        let OAuthError { error, description, .. } = error.into();
        self.answer(vec![
            ("error", error.as_str().to_owned()),
            ("error_description", description.to_owned()),
        ])
    }
}
