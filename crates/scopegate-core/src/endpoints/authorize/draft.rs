//! A request while it is checked: what is known of it so far.

use std::collections::BTreeSet;
use std::sync::Arc;

use scopegate_claims::{Audience, UnixTime};
use scopegate_jose::KeySet;

use super::door::Door;
use super::parameters::Parameters;
use super::pushed::Pushed;
use super::{AuthorizeError, AuthorizeRefused, ResponseMode, Return};
use crate::audit::DecisionId;
use crate::catalog::{AuthorizationServer, Snapshot};
use crate::error::{CallError, OAuthError};
use crate::policy::Wanted;
use crate::token::IdTokenWish;

/// A request while it is checked.
#[derive(Clone, Debug)]
pub(super) struct Draft<'a> {
    /// The catalog that it is checked by.
    pub(super) catalog: &'a Snapshot,
    pub(super) server: &'a AuthorizationServer,
    pub(super) door: Door<'a>,
    pub(super) form: &'a Parameters,
    pub(super) repeated: &'a BTreeSet<Box<str>>,
    /// Where it was pushed before.
    pub(super) pushed: Option<&'a Pushed>,
    /// The keys that the server signs with.
    pub(super) keys: Option<Arc<KeySet>>,
    pub(super) now: UnixTime,
    pub(super) asked: ParsedRequest,
}

/// What is asked, as far as it is read.
#[derive(Clone, Debug)]
pub(super) struct ParsedRequest {
    pub(super) state: Option<String>,
    pub(super) mode: ResponseMode,
    pub(super) wanted: Wanted,
    audience: Option<Audience>,
    pub(super) challenge: Option<String>,
    pub(super) prompt: BTreeSet<Prompt>,
    /// No sign-in may be older than so many seconds.
    pub(super) max_age: Option<u64>,
    pub(super) id_token: IdTokenWish,
    pub(super) userinfo_claims: Vec<String>,
    /// Whom the client knows: only this person will do.
    pub(super) subjects: BTreeSet<String>,
    /// It is essential to the client that the person signs in as nobody can here.
    pub(super) is_beyond_us: bool,
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
            is_beyond_us: false,
        }
    }
}

/// What the person shall be asked (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Prompt {
    Consent,
    Login,
    None,
    SelectAccount,
}

impl Prompt {
    /// All of them, by their names.
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

    /// The audience of the token.
    pub(super) fn audience<'a>(
        &'a self,
        server: &'a AuthorizationServer,
    ) -> Result<&'a Audience, CallError> {
        let audience = self.audience.as_ref().or_else(|| server.audience(None));
        audience.ok_or(CallError::InvalidTarget)
    }

    /// Whether an ID token is asked for.
    pub(super) fn is_openid(&self) -> bool {
        matches!(&self.wanted, Wanted::Named(scopes) if scopes.contains("openid"))
    }
}

impl Draft<'_> {
    /// An answer to the client.
    pub(super) fn answer(&self, mut parameters: Vec<(&'static str, String)>) -> Return {
        if let Some(state) = &self.asked.state {
            parameters.push(("state", state.clone()));
        }
        // RFC 9207 §2: each answer says who gives it.
        parameters.push(("iss", self.server.issuer.to_string()));
        Return {
            redirect_uri: self.door.redirect_uri.to_owned(),
            mode: self.asked.mode,
            parameters,
        }
    }

    /// A refusal that goes back to the client, unless it is we who cannot answer: then a person is told,
    /// if the client lets any page be shown.
    pub(super) fn refused(
        &self,
        error: AuthorizeError,
        decision: Option<DecisionId>,
    ) -> AuthorizeRefused {
        let may_return = !error.is_ours() || self.asked.prompt.contains(&Prompt::None);
        let back = may_return.then(|| self.back(&error));
        AuthorizeRefused { error, back, client: Some(self.door.client.id.clone()), decision }
    }

    /// The answer that tells the client of an error (RFC 6749 §4.1.2.1).
    fn back(&self, error: &AuthorizeError) -> Return {
        let OAuthError { error, description, .. } = error.into();
        self.answer(vec![
            ("error", error.as_str().to_owned()),
            ("error_description", description.to_owned()),
        ])
    }
}
