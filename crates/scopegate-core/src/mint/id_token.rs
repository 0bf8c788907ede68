//! An ID token (OpenID Connect Core §2).

use std::time::Duration;

use scopegate_claims::{Dialect, ScopeSet, UnixTime};
use scopegate_jose::{SigningKey, TokenType, half_hash};
use serde_json::Value;

use super::custom_claims::custom_claims;
use crate::catalog::{AuthorizationServer, Client, TokenKind};
use crate::error::TokenError;
use crate::grants::IdTokenWish;
use crate::people::Person;
use crate::policy::Granted;
use crate::standard_claims;
use crate::token_id::TokenId;

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
    let mut claims = standard_claims::of(user, &ScopeSet::empty(), &wish.claims);
    let custom = custom_claims(server, TokenKind::Id, client, Some(user), &granted.scopes)?;
    claims.extend(custom.into_iter().map(|(name, value)| (name.to_owned(), value.into_owned())));
    let mut set = |name: &str, value: Value| {
        claims.insert(name.to_owned(), value);
    };
    set("iss", server.issuer.as_str().into());
    set("sub", user.id.as_str().into());
    set("aud", client.id.as_str().into());
    set("exp", now.plus(ID_TOKEN_LIFETIME).as_seconds().into());
    set("iat", now.as_seconds().into());
    set("jti", TokenId::id().as_str().into());
    set("at_hash", half_hash(key.algorithm(), access_token).into());
    if let Some(nonce) = &wish.nonce {
        set("nonce", nonce.as_str().into());
    }
    if let Some(auth) = &person.auth {
        set("auth_time", auth.at.as_seconds().into());
        set("acr", auth.acr.as_str().into());
        set("amr", Value::from(auth.amr.as_slice()));
        if let Some(session) = &auth.session {
            set("sid", session.as_str().into());
        }
    }
    let dialect = server.spec.dialect;
    if dialect.writes_okta() {
        set("ver", 1.into());
    }
    let token_type = match dialect {
        Dialect::Okta => TokenType::None,
        Dialect::Both | Dialect::Rfc9068 => TokenType::Jwt,
    };
    key.sign(token_type, &claims).map_err(TokenError::Signing)
}

#[cfg(test)]
mod tests;
