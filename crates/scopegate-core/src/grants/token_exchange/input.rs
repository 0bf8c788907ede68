//! An input of a token exchange: the subject token or the actor token.

use std::sync::Arc;

use scopegate_claims::{Audience, ScopeSet, UnixTime};
use scopegate_jose::{UnverifiedJws, sha256};
use serde::Deserialize;

use super::trusts;
use crate::catalog::{AuthorizationServer, UserId};
use crate::directory::{Authentication, User};
use crate::error::CallError;
use crate::grants::{Denied, GrantRequest};
use crate::store::{FamilyId, TokenMark, UserKey};
use crate::token::id_token_hint::IdTokenHint;
use crate::token::{self, Actor, MayAct, TokenId};

/// The accepted token types (RFC 8693 §3). A token of type `jwt` must be an access token.
const TYPES: [(&str, Kind); 3] = [
    ("urn:ietf:params:oauth:token-type:access_token", Kind::Access),
    ("urn:ietf:params:oauth:token-type:id_token", Kind::Id),
    ("urn:ietf:params:oauth:token-type:jwt", Kind::Access),
];

#[derive(Clone, Copy)]
enum Kind {
    Access,
    Id,
}

/// A valid token.
pub(super) struct InputToken<'a> {
    /// The authorization server that issued the token.
    pub(super) server: &'a AuthorizationServer,
    /// The id of the subject: of a user or of a client.
    pub(super) subject: String,
    /// The client to which the token was issued.
    pub(super) client: String,
    /// The user, if the subject is a user.
    pub(super) user: Option<User>,
    /// How the user signed in.
    pub(super) auth: Option<Authentication>,
    /// The scopes. `None` for an ID token.
    pub(super) scopes: Option<ScopeSet>,
    /// The audience. `None` for an ID token, which is for its client.
    pub(super) audience: Option<Audience>,
    /// The token family. The token ends with it.
    pub(super) family: Option<FamilyId>,
    /// When the token expires.
    pub(super) ends_at: UnixTime,
    /// Who acts for the user.
    pub(super) act: Option<Actor>,
    /// Who may act for the user.
    pub(super) may_act: Option<MayAct>,
}

/// The delegation claims of a token.
#[derive(Default, Deserialize)]
struct Delegation {
    #[serde(default)]
    act: Option<Actor>,
    #[serde(default)]
    may_act: Option<MayAct>,
}

fn unacceptable(why: &'static str) -> CallError {
    CallError::UnacceptableToken(why)
}

impl<'a> InputToken<'a> {
    /// Reads a token of this server or of a trusted one. Checks that the token was not revoked, and that its
    /// client and its user are active.
    pub(super) async fn read(
        request: &GrantRequest<'a>,
        token: &str,
        token_type: &str,
    ) -> Result<Self, Denied> {
        let kind = TYPES.iter().find(|(name, _)| *name == token_type).map(|(_, kind)| *kind);
        let kind = kind.ok_or(CallError::InvalidRequest(
            "Only access tokens and ID tokens of this server and of those it trusts are exchanged.",
        ))?;
        let server = issuer_of(request, token)?;
        let (mut input, jti) = match kind {
            Kind::Access => Self::access(request, server, token)?,
            Kind::Id => Self::id(request, server, token)?,
        };
        let client = request.catalog.client(&input.client).map_err(CallError::from)?;
        if !client.is_some_and(|client| client.spec.status.is_active()) {
            return Err(unacceptable("the client of the token is not active").into());
        }
        // A client id is never a valid user id.
        let user = UserId::parse(&input.subject).ok();
        let active = input.active_user(request, &jti, user.as_ref()).await;
        input.user = active.map_err(|denied| denied.about(user.as_ref()))?;
        Ok(input)
    }

    fn access(
        request: &GrantRequest<'a>,
        server: &'a AuthorizationServer,
        token: &str,
    ) -> Result<(Self, String), CallError> {
        let keys = request.keys.verifying(&server.id);
        let keys = keys.ok_or(unacceptable("the issuer of the token has no keys yet"))?;
        let verified = token::verify_own(token, server, &keys, request.now)
            .map_err(|error| unacceptable(error.reason()))?;
        let Delegation { act, may_act } = verified
            .deserialize()
            .map_err(|_| unacceptable("act or may_act of the token cannot be read"))?;
        let claims = verified.claims();
        let jti = claims.token_id().unwrap_or_default().to_owned();
        let authentication = |(at, acr): (UnixTime, &str)| Authentication {
            at,
            acr: acr.to_owned(),
            amr: claims.amr().map(str::to_owned).collect(),
            session: None,
        };
        let audience = claims.audiences().and_then(|audiences| audiences.iter().next());
        let subject = claims.user_id().or(claims.subject()).unwrap_or_default();
        let input = Self {
            server,
            subject: subject.to_owned(),
            client: claims.client_id().unwrap_or_default().to_owned(),
            user: None,
            auth: claims.auth_time().zip(claims.acr()).map(authentication),
            scopes: Some(claims.scopes().clone()),
            audience: audience.and_then(|audience| Audience::parse(audience).ok()),
            family: TokenId::family_of(&jti),
            ends_at: claims.expires_at(),
            act,
            may_act,
        };
        Ok((input, jti))
    }

    /// Reads an ID token. It proves a sign-in only to the client for which it was issued.
    fn id(
        request: &GrantRequest<'a>,
        server: &'a AuthorizationServer,
        token: &str,
    ) -> Result<(Self, String), CallError> {
        let keys = request.keys.verifying(&server.id);
        let keys = keys.ok_or(unacceptable("the issuer of the token has no keys yet"))?;
        let token = IdTokenHint::read(token, server, &keys)
            .map_err(|error| unacceptable(error.reason()))?;
        if token.exp <= request.now {
            return Err(unacceptable("the token has expired"));
        }
        if token.aud != request.client.id.as_str() {
            return Err(unacceptable("the ID token is for another client"));
        }
        let IdTokenHint { jti, sub, aud, exp, auth_time, acr, amr, .. } = token;
        let authentication = |(at, acr)| Authentication { at, acr, amr, session: None };
        let input = Self {
            server,
            subject: sub,
            client: aud,
            user: None,
            auth: auth_time.zip(acr).map(authentication),
            scopes: None,
            audience: None,
            family: None,
            ends_at: exp,
            act: None,
            may_act: None,
        };
        Ok((input, jti))
    }

    /// Checks that the token was not revoked, and that its user is active. Returns the user, if the subject
    /// is a user.
    async fn active_user(
        &self,
        request: &GrantRequest<'_>,
        jti: &str,
        user: Option<&UserId>,
    ) -> Result<Option<User>, Denied> {
        let mark = TokenMark {
            jti_sha256: sha256(jti.as_bytes()),
            family: self.family.clone(),
            user: user.cloned(),
        };
        if !request.store.standing(&mark).await?.holds() {
            return Err(
                unacceptable("the token, its family or its user's tokens were revoked").into()
            );
        }
        let Some(id) = user else { return Ok(None) };
        let user = request.store.user(UserKey::Id(id)).await?;
        let user = user.filter(|user| user.status.is_active());
        Ok(Some(user.ok_or(unacceptable("the user of the token is not active"))?))
    }
}

/// The authorization server that the token names as its issuer, which must be this server or a trusted one.
fn issuer_of<'a>(
    request: &GrantRequest<'a>,
    token: &str,
) -> Result<&'a AuthorizationServer, CallError> {
    let GrantRequest { server, catalog, .. } = *request;
    let jws = UnverifiedJws::parse(token).map_err(|error| unacceptable(error.reason()))?;
    let name = jws.unverified_issuer().map_err(|error| unacceptable(error.reason()))?;
    if name == server.issuer.as_str() {
        return Ok(server);
    }
    let mut trusted = server.spec.trusted_servers.iter().filter(|id| trusts(server, id));
    let issuer = trusted.find(|id| catalog.issuer_of(id).as_str() == name);
    let issuer = issuer.map(|id| catalog.server(id)).transpose()?.flatten();
    let issuer = issuer.filter(|issuer| issuer.spec.status.is_active());
    issuer.map(Arc::as_ref).ok_or(CallError::UntrustedServer)
}
