//! An ID token (OpenID Connect Core §2).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use scopegate_claims::{Dialect, ScopeSet, UnixTime};
use scopegate_jose::{SigningKey, TokenType, half_hash};
use serde::Serialize;
use serde_json::Value;

use super::custom_claims::custom_claims;
use crate::catalog::{AuthorizationServer, Client, TokenKind};
use crate::directory::Person;
use crate::directory::standard_claims;
use crate::error::TokenError;
use crate::policy::Granted;
use crate::store::SessionId;
use crate::token::IdTokenWish;
use crate::token::TokenId;

/// How long an ID token lives.
pub const ID_TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// What an ID token is made of.
#[derive(Clone, Copy, Debug)]
pub struct IdIngredients<'a> {
    /// The authorization server.
    pub server: &'a AuthorizationServer,
    /// The client that gets it: its audience.
    pub client: &'a Client,
    /// Of whom it speaks.
    pub person: &'a Person,
    /// What it shall say.
    pub wish: &'a IdTokenWish,
    /// What was granted.
    pub granted: &'a Granted,
    /// The access token that it comes with.
    pub access_token: &'a str,
    /// The present.
    pub now: UnixTime,
}

/// Makes and signs an ID token.
///
/// # Errors
///
/// [`TokenError::Signing`] if the key does not sign, [`TokenError::TooManyGroups`].
pub fn id_token(from: &IdIngredients<'_>, key: &SigningKey) -> Result<String, TokenError> {
    let IdIngredients { server, client, person, wish, granted, access_token, now } = *from;
    let user = &person.user;
    // An access token comes along, so what its scopes ask for is told at userinfo (OpenID Connect Core
    // §5.4): here stands what was asked for by name, and what the administrator added.
    let no_scopes = ScopeSet::empty();
    let standard = standard_claims::of(user, &no_scopes, &wish.claims);
    let custom = custom_claims(server, TokenKind::Id, client, Some(user), &granted.scopes)?;
    let dialect = server.spec.dialect;
    let auth = person.auth.as_ref();
    let claims = Written {
        ver: dialect.writes_okta().then_some(1),
        iss: server.issuer.as_str(),
        sub: user.id.as_str(),
        aud: client.id.as_str(),
        exp: now.plus(ID_TOKEN_LIFETIME),
        iat: now,
        jti: TokenId::id(),
        at_hash: half_hash(key.algorithm(), access_token),
        nonce: wish.nonce.as_deref(),
        auth_time: auth.map(|auth| auth.at),
        acr: auth.map(|auth| auth.acr.as_str()),
        amr: auth.map(|auth| auth.amr.as_slice()),
        sid: auth.and_then(|auth| auth.session.as_ref()).map(SessionId::as_str),
        others: standard.chain(custom).collect(),
    };
    let token_type = match dialect {
        Dialect::Okta => TokenType::None,
        Dialect::Both | Dialect::Rfc9068 => TokenType::Jwt,
    };
    key.sign(token_type, &claims).map_err(TokenError::Signing)
}

/// The members of an ID token, in the order in which they are written.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    ver: Option<u8>,
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: UnixTime,
    iat: UnixTime,
    jti: TokenId,
    at_hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amr: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    /// Neither a standard claim nor one of the administrator has a name that stands above: those are
    /// reserved.
    #[serde(flatten)]
    others: BTreeMap<&'a str, Cow<'a, Value>>,
}

#[cfg(test)]
mod tests;
