//! An ID token (OpenID Connect Core §2).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use scopegate_claims::{Audience, Dialect, ScopeSet, UnixTime};
use scopegate_jose::{TokenType, half_hash};
use serde::Serialize;
use serde_json::Value;

use super::custom_claims::custom_claims;
use super::sign::sign;
use crate::catalog::{AuthorizationServer, Client, TokenKind};
use crate::directory::{Person, standard_claims};
use crate::error::CallError;
use crate::expression::{Inputs, RequestInput, ServerInput, SessionInput, Work};
use crate::keys::Signer;
use crate::store::SessionId;
use crate::token::{IdTokenWish, TokenId};

/// How long an ID token lives.
pub const ID_TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// An ID token before it is signed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IdTokenDraft<'a> {
    /// How long it lives.
    pub lifetime: Duration,
    /// The claims in addition to the standard ones of OpenID Connect Core §2.
    pub claims: BTreeMap<Cow<'a, str>, Cow<'a, Value>>,
    server: &'a AuthorizationServer,
    client: &'a Client,
    person: &'a Person,
    wish: &'a IdTokenWish,
    now: UnixTime,
}

impl<'a> IdTokenDraft<'a> {
    /// Drafts an ID token about a user for a client, which is its audience. Expressions of claims read nothing about
    /// the request but its time.
    ///
    /// # Errors
    ///
    /// [`CallError::TooManyGroups`] if a claim would name more groups than fit into a token, and
    /// [`CallError::ClaimFailed`] if an expression fails whose claim is required.
    pub fn new(
        server: &'a AuthorizationServer,
        client: &'a Client,
        person: &'a Person,
        wish: &'a IdTokenWish,
        granted: &'a ScopeSet,
        now: UnixTime,
    ) -> Result<Self, CallError> {
        let audience = server.audience(None).map_or("", Audience::as_str);
        let inputs = Inputs {
            user: Some((&person.user).into()),
            client: client.into(),
            server: ServerInput { id: server.id.as_str(), audience },
            scopes: granted,
            request: RequestInput { grant_type: "", resource: None, address: None, time: now },
            session: person.auth.as_ref().map(SessionInput::from),
        };
        let custom = custom_claims(server, TokenKind::Id, &inputs, granted, &Work::new())?;
        Ok(Self::with(custom, server, client, person, wish, now))
    }

    /// Drafts an ID token with these claims of the administrator.
    pub(super) fn with(
        custom: BTreeMap<Cow<'a, str>, Cow<'a, Value>>,
        server: &'a AuthorizationServer,
        client: &'a Client,
        person: &'a Person,
        wish: &'a IdTokenWish,
        now: UnixTime,
    ) -> Self {
        // An access token is always issued too, so the claims of the granted scopes are returned by userinfo
        // (OpenID Connect Core §5.4). The ID token has the claims that were requested by name, and those of
        // the administrator.
        let no_scopes = ScopeSet::empty();
        let standard = standard_claims::of(&person.user, &no_scopes, &wish.claims);
        let standard = standard.map(|(name, value)| (Cow::Borrowed(name), value));
        let claims = standard.chain(custom).collect();
        Self { lifetime: ID_TOKEN_LIFETIME, claims, server, client, person, wish, now }
    }

    /// The nonce of the authorization request.
    pub(super) fn nonce(&self) -> Option<&'a str> {
        self.wish.nonce.as_deref()
    }

    /// Signs the ID token. `at_hash` binds it to the access token (OpenID Connect Core §3.1.3.6).
    ///
    /// # Errors
    ///
    /// [`CallError::Signing`] or [`CallError::SignerUnavailable`] if the signature fails.
    pub async fn sign(&self, signer: &dyn Signer, access_token: &str) -> Result<String, CallError> {
        let Self { server, client, person, wish, now, .. } = *self;
        let dialect = server.spec.dialect;
        let auth = person.auth.as_ref();
        let payload = Payload {
            ver: dialect.writes_okta().then_some(1),
            iss: server.issuer.as_str(),
            sub: person.user.id.as_str(),
            aud: client.id.as_str(),
            exp: now.plus(self.lifetime),
            iat: now,
            jti: TokenId::id(),
            at_hash: half_hash(signer.algorithm(), access_token),
            nonce: wish.nonce.as_deref(),
            auth_time: auth.map(|auth| auth.at),
            acr: auth.map(|auth| auth.acr.as_str()),
            amr: auth.map(|auth| auth.amr.as_slice()),
            sid: auth.and_then(|auth| auth.session.as_ref()).map(SessionId::as_str),
            others: &self.claims,
        };
        let token_type = match dialect {
            Dialect::Okta => TokenType::None,
            Dialect::Both | Dialect::Rfc9068 => TokenType::Jwt,
        };
        sign(signer, token_type, &payload).await
    }
}

/// The members of an ID token, in the order in which they are written.
#[derive(Serialize)]
struct Payload<'a> {
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
    /// Standard claims and claims of the administrator. The names of the other members are reserved, so none
    /// occurs twice.
    #[serde(flatten)]
    others: &'a BTreeMap<Cow<'a, str>, Cow<'a, Value>>,
}

#[cfg(test)]
mod tests;
