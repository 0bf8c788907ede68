//! An access token.

use std::borrow::Cow;
use std::time::Duration;

use scopegate_claims::{Audience, Claims, ClaimsBuilder, Dialect, UnixTime};
use scopegate_jose::{SigningKey, TokenType};
use serde_json::Value;

use super::custom_claims::custom_claims;
use crate::catalog::{AuthorizationServer, Client, TokenKind};
use crate::directory::{Person, User};
use crate::error::TokenError;
use crate::policy::Granted;
use crate::token::TokenId;
use crate::token::{Actor, MayAct, Subject};

/// An access token that was just made. `Debug` hides it.
pub struct AccessToken {
    /// The token itself.
    pub token: String,
    /// Its `jti`.
    pub id: TokenId,
    /// How long it lives.
    pub lifetime: Duration,
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessToken").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What an access token is made of.
#[derive(Clone, Copy, Debug)]
pub struct Ingredients<'a> {
    /// The authorization server.
    pub server: &'a AuthorizationServer,
    /// The client that gets it.
    pub client: &'a Client,
    /// Of whom it speaks.
    pub subject: &'a Subject,
    /// For whom it is meant.
    pub audience: &'a Audience,
    /// What the policy granted.
    pub granted: &'a Granted,
    /// Its id, where it had to be known before.
    pub token_id: Option<&'a TokenId>,
    /// Who acts for the person.
    pub actor: Option<&'a Actor>,
    /// Who may act for the person, unless the client says.
    pub may_act: Option<&'a MayAct>,
    /// The claims that were asked for at userinfo.
    pub userinfo_claims: &'a [String],
    /// The present.
    pub now: UnixTime,
}

/// Makes and signs an access token.
///
/// # Errors
///
/// [`TokenError::Signing`] if the key does not sign, [`TokenError::TooManyGroups`].
pub fn access_token(from: &Ingredients<'_>, key: &SigningKey) -> Result<AccessToken, TokenError> {
    let Ingredients { server, client, subject, audience, granted, now, .. } = *from;
    let id = from.token_id.cloned().unwrap_or_else(|| TokenId::access(None));
    let dialect = server.spec.dialect;
    let claims = Claims::builder(&server.issuer, now.plus(granted.lifetime))
        .audience(audience.clone())
        .issued_at(now)
        .token_id(id.as_str())
        .client_id(client.id.as_str())
        .scopes(granted.scopes.clone());
    let claims = match subject {
        Subject::Client => claims.subject(client.id.as_str()),
        Subject::Person(person) => of_person(claims, person, dialect),
    };
    let user = subject.person().map(|person| &person.user);
    let mut extra = custom_claims(server, TokenKind::Access, client, user, &granted.scopes)?;
    // These names are reserved, so nothing is replaced.
    if let Some(actor) = from.actor {
        let actor = serde_json::to_value(actor).expect("an actor has text keys only");
        extra.insert("act", Cow::Owned(actor));
    }
    if let Some(may_act) = may_act(from) {
        let may_act = serde_json::to_value(may_act).expect("it has text keys only");
        extra.insert("may_act", Cow::Owned(may_act));
    }
    if !from.userinfo_claims.is_empty() {
        extra.insert("userinfo_claims", Cow::Owned(Value::from(from.userinfo_claims)));
    }
    let claims = claims.build();
    let payload = claims.in_dialect_with(dialect, &extra);
    let token = key.sign(token_type(dialect), &payload).map_err(TokenError::Signing)?;
    Ok(AccessToken { token, id, lifetime: granted.lifetime })
}

/// Who may act for the person with this token: whom its client names, or else whom the token named
/// that it was exchanged for.
fn may_act(from: &Ingredients<'_>) -> Option<MayAct> {
    from.subject.person()?;
    let named = from.client.spec.may_act.as_ref();
    let named = named.map(|id| MayAct { sub: Some(id.to_string()), ..MayAct::default() });
    named.or_else(|| from.may_act.cloned())
}

/// Who the person is, and how she showed it.
fn of_person(claims: ClaimsBuilder, person: &Person, dialect: Dialect) -> ClaimsBuilder {
    let Person { user, auth } = person;
    let claims = claims.subject(subject_of(user, dialect)).user_id(user.id.as_str());
    match auth {
        None => claims,
        Some(auth) => {
            claims.auth_time(auth.at).acr(&auth.acr).amr(auth.amr.iter().map(String::as_str))
        }
    }
}

/// The `sub` of a person's access tokens: Okta's is the login.
pub(crate) fn subject_of(user: &User, dialect: Dialect) -> &str {
    match dialect {
        Dialect::Okta => &user.login,
        Dialect::Both | Dialect::Rfc9068 => user.id.as_str(),
    }
}

/// Okta's tokens bear no type; RFC 9068 §2.1 requires one.
fn token_type(dialect: Dialect) -> TokenType {
    match dialect {
        Dialect::Okta => TokenType::None,
        Dialect::Both | Dialect::Rfc9068 => TokenType::AccessToken,
    }
}
