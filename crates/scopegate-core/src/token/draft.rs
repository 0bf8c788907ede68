//! The draft of the tokens of a request. Nothing is signed or stored yet.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use scopegate_claims::{Audience, ScopeSet, UnixTime};
use serde_json::Value;

use super::custom_claims::custom_claims;
use super::id_token::IdTokenDraft;
use super::{Extras, Requested, Subject, TokenId, access_token};
use crate::catalog::{AuthorizationServer, Client, TokenKind};
use crate::error::CallError;
use crate::expression::{Inputs, RequestInput, ServerInput, SessionInput, UserInput, Work};
use crate::policy::Granted;

/// An allowed request: everything that is needed to draft its tokens.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "every token needs all members")]
pub struct Allowed<'a> {
    /// The authorization server.
    pub server: &'a AuthorizationServer,
    /// The client that gets the tokens.
    pub client: &'a Client,
    /// The subject of the tokens: a user, or the client itself.
    pub subject: &'a Subject,
    /// The audience of the access token.
    pub audience: &'a Audience,
    /// What the policy granted.
    pub granted: &'a Granted,
    /// Further contents of the tokens.
    pub extras: &'a Extras,
    /// The current time.
    pub now: UnixTime,
}

/// The tokens of a request before they are signed. [`Amendments`](super::Amendments) may change it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenDraft<'a> {
    /// The `jti` of the access token.
    pub id: TokenId,
    /// The scopes of the access token.
    pub scopes: ScopeSet,
    /// How long the access token lives.
    pub lifetime: Duration,
    /// The claims of the access token in addition to the standard ones.
    pub claims: BTreeMap<Cow<'a, str>, Cow<'a, Value>>,
    /// The key to which the access token is bound: the claim `cnf` (RFC 7800 §3.1).
    pub confirmation: Option<Value>,
    /// The `sub` of the access token. `None`: the id or the login of the user, or the client id.
    pub subject: Option<String>,
    /// The `aud` of the access token. `None`: the audience that the request selected.
    pub audience: Option<Audience>,
    /// The ID token that is issued with the access token.
    pub id_token: Option<IdTokenDraft<'a>>,
    pub(super) allowed: Allowed<'a>,
}

impl<'a> Allowed<'a> {
    /// What expressions of claims read.
    pub fn inputs(&self) -> Inputs<'a> {
        let Self { server, client, subject, audience, granted, extras, now } = *self;
        let Requested { grant_type, scopes, resource, address } = &extras.requested;
        let person = subject.person();
        Inputs {
            user: person.map(|person| UserInput::from(&person.user)),
            client: client.into(),
            server: ServerInput { id: server.id.as_str(), audience: audience.as_str() },
            scopes: scopes.as_ref().unwrap_or(&granted.scopes),
            request: RequestInput {
                grant_type,
                resource: resource.as_deref(),
                address: *address,
                time: now,
            },
            session: person.and_then(|person| person.auth.as_ref()).map(SessionInput::from),
        }
    }
}

impl TokenDraft<'_> {
    /// The `sub` of the access token.
    pub fn subject(&self) -> &str {
        let Allowed { server, client, subject, .. } = self.allowed;
        match (&self.subject, subject) {
            (Some(subject), _) => subject,
            (None, Subject::Client) => client.id.as_str(),
            (None, Subject::Person(person)) => {
                access_token::subject_of(&person.user, server.spec.dialect)
            }
        }
    }

    /// The `aud` of the access token.
    pub fn audience(&self) -> &Audience {
        self.audience.as_ref().unwrap_or(self.allowed.audience)
    }
}

/// Drafts the tokens of a request.
///
/// The draft has an ID token if the grant can give one, a user takes part, and the scope `openid` is granted
/// (OpenID Connect Core §3.1.2.1).
///
/// # Errors
///
/// [`CallError::TooManyGroups`] if a claim would name more groups than fit into a token, and
/// [`CallError::ClaimFailed`] if an expression fails whose claim is required.
pub fn draft(allowed: Allowed<'_>) -> Result<TokenDraft<'_>, CallError> {
    let Allowed { server, client, subject, granted, extras, now, .. } = allowed;
    let (inputs, work) = (allowed.inputs(), Work::new());
    let id_token = match (&extras.id_token, subject.person()) {
        (Some(wish), Some(person)) if granted.scopes.contains("openid") => {
            let custom = custom_claims(server, TokenKind::Id, &inputs, &granted.scopes, &work)?;
            Some(IdTokenDraft::with(custom, server, client, person, wish, now))
        }
        (_, _) => None,
    };
    Ok(TokenDraft {
        id: extras.token_id.clone().unwrap_or_else(|| TokenId::access(None)),
        scopes: granted.scopes.clone(),
        lifetime: granted.lifetime,
        claims: access_token::extra_claims(&allowed, &inputs, &work)?,
        confirmation: None,
        subject: None,
        audience: None,
        id_token,
        allowed,
    })
}
