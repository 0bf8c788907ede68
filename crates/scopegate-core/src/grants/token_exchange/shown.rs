//! A token that is shown: the one that is exchanged, or the one that says who acts.

use std::sync::Arc;

use scopegate_claims::{Audience, ScopeSet, UnixTime};
use scopegate_jose::{UnverifiedJws, sha256};
use serde::Deserialize;

use crate::catalog::AuthorizationServer;
use crate::catalog::UserId;
use crate::directory::{Authentication, User};
use crate::error::CallError;
use crate::grants::{Denied, GrantRequest};
use crate::store::{FamilyId, TokenMark, UserKey};
use crate::token;
use crate::token::TokenId;
use crate::token::id_token_hint::IdTokenHint;
use crate::token::{Actor, MayAct};

/// The types of tokens that are taken (RFC 8693 §3). What is called a JWT is an access token.
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

/// A token that holds.
pub(super) struct Shown<'a> {
    /// The server that issued it.
    pub(super) server: &'a AuthorizationServer,
    /// Of whom it speaks, as it says.
    pub(super) subject: String,
    /// The client that got it.
    pub(super) client: String,
    /// The person of whom it speaks.
    pub(super) user: Option<User>,
    /// How she signed in.
    pub(super) auth: Option<Authentication>,
    /// What may be done with it; an ID token does not say.
    pub(super) scopes: Option<ScopeSet>,
    /// For whom it is; an ID token is for its client.
    pub(super) audience: Option<Audience>,
    /// With what it ends.
    pub(super) family: Option<FamilyId>,
    /// When it ends.
    pub(super) ends_at: UnixTime,
    /// Who acts for the person.
    pub(super) act: Option<Actor>,
    /// Who may.
    pub(super) may_act: Option<MayAct>,
}

/// What a token says of delegation.
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

impl<'a> Shown<'a> {
    /// Reads a token of this server or of one that it trusts, and sees that all it hangs on stands.
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
        let (mut shown, jti) = match kind {
            Kind::Access => Self::access(request, server, token)?,
            Kind::Id => Self::id(request, server, token)?,
        };
        let holder = request.catalog.client(&shown.client).map_err(CallError::from)?;
        if !holder.is_some_and(|holder| holder.spec.status.is_active()) {
            return Err(unacceptable("its client is not active").into());
        }
        shown.user = shown.standing(request, &jti).await?;
        Ok(shown)
    }

    fn access(
        request: &GrantRequest<'a>,
        server: &'a AuthorizationServer,
        token: &str,
    ) -> Result<(Self, String), CallError> {
        let keys = request.keys.verifying(&server.id);
        let keys = keys.ok_or(unacceptable("its server has no keys yet"))?;
        let verified = token::verify_own(token, server, &keys, request.now)
            .map_err(|error| unacceptable(error.reason()))?;
        let Delegation { act, may_act } = verified
            .deserialize()
            .map_err(|_| unacceptable("what it says of delegation cannot be read"))?;
        let claims = verified.claims();
        let jti = claims.token_id().unwrap_or_default().to_owned();
        let at_once = |(at, acr): (UnixTime, &str)| Authentication {
            at,
            acr: acr.to_owned(),
            amr: claims.amr().map(str::to_owned).collect(),
            session: None,
        };
        let audience = claims.audiences().and_then(|audiences| audiences.iter().next());
        let subject = claims.user_id().or(claims.subject()).unwrap_or_default();
        let shown = Self {
            server,
            subject: subject.to_owned(),
            client: claims.client_id().unwrap_or_default().to_owned(),
            user: None,
            auth: claims.auth_time().zip(claims.acr()).map(at_once),
            scopes: Some(claims.scopes().clone()),
            audience: audience.and_then(|audience| Audience::parse(audience).ok()),
            family: TokenId::family_of(&jti),
            ends_at: claims.expires_at(),
            act,
            may_act,
        };
        Ok((shown, jti))
    }

    /// An ID token tells a client who signed in. In the hands of another one it proves nothing.
    fn id(
        request: &GrantRequest<'a>,
        server: &'a AuthorizationServer,
        token: &str,
    ) -> Result<(Self, String), CallError> {
        let keys = request.keys.verifying(&server.id);
        let keys = keys.ok_or(unacceptable("its server has no keys yet"))?;
        let token = IdTokenHint::read(token, server, &keys)
            .map_err(|error| unacceptable(error.reason()))?;
        if token.exp <= request.now {
            return Err(unacceptable("it has expired"));
        }
        if token.aud != request.client.id.as_str() {
            return Err(unacceptable("it is an ID token for another client"));
        }
        let IdTokenHint { jti, sub, aud, exp, auth_time, acr, amr, .. } = token;
        let at_once = |(at, acr)| Authentication { at, acr, amr, session: None };
        let shown = Self {
            server,
            subject: sub,
            client: aud,
            user: None,
            auth: auth_time.zip(acr).map(at_once),
            scopes: None,
            audience: None,
            family: None,
            ends_at: exp,
            act: None,
            may_act: None,
        };
        Ok((shown, jti))
    }

    /// The person, if she is there; and that nothing was revoked or ended.
    async fn standing(
        &self,
        request: &GrantRequest<'_>,
        jti: &str,
    ) -> Result<Option<User>, Denied> {
        // No client id is a user id.
        let user = UserId::parse(&self.subject).ok();
        let mark = TokenMark {
            jti_sha256: sha256(jti.as_bytes()),
            family: self.family.clone(),
            user: user.clone(),
        };
        if !request.store.standing(&mark).await?.holds() {
            return Err(unacceptable("it was revoked, or what it hangs on has ended").into());
        }
        let Some(id) = user else { return Ok(None) };
        let user = request.store.user(UserKey::Id(&id)).await?;
        let user = user.filter(|user| user.status.is_active());
        Ok(Some(user.ok_or(unacceptable("its person is not active"))?))
    }
}

/// The server that a token says it is from, if its tokens are taken.
///
/// The org server is none of them, whatever is written: its tokens open no custom API.
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
    let mut trusted = server.spec.trusted_servers.iter().filter(|id| !id.is_org());
    let issuer = trusted.find(|id| catalog.issuer_of(id).as_str() == name);
    let issuer = issuer.map(|id| catalog.server(id)).transpose()?.flatten();
    let issuer = issuer.filter(|issuer| issuer.spec.status.is_active());
    issuer.map(Arc::as_ref).ok_or(CallError::UntrustedServer)
}
