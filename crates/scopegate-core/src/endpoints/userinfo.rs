//! The userinfo endpoint: claims about the user of an access token (OpenID Connect Core §5.3).

use std::borrow::Cow;

use scopegate_claims::UnixTime;
use scopegate_jose::{Verified, sha256};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::authority::Authority;
use crate::catalog::{AuthorizationServer, ClientId, Snapshot};
use crate::directory::{User, standard_claims};
use crate::error::CallError;
use crate::store::TokenMark;
use crate::token::{self, TokenId};

/// The claims about a user, and the client that gets them. `Debug` shows only the client.
#[derive(Clone)]
pub struct UserInfo {
    client: ClientId,
    claims: Map<String, Value>,
}

impl UserInfo {
    /// The client to which the token was issued.
    pub fn client(&self) -> &ClientId {
        &self.client
    }

    /// The claims.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }
}

impl std::fmt::Debug for UserInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserInfo").field("client", &self.client).finish_non_exhaustive()
    }
}

/// The claim of an access token that lists the claims requested for userinfo.
#[derive(Deserialize)]
struct RequestedClaims {
    #[serde(default)]
    userinfo_claims: Vec<String>,
}

impl Authority {
    /// Answers the holder of an access token with the scope `openid`, whatever its audience is.
    ///
    /// # Errors
    ///
    /// [`CallError::InvalidToken`] if the text is not a valid access token of this server, if the token was
    /// revoked, or if its client or its user is inactive. [`CallError::InsufficientScope`] without the scope
    /// `openid`. [`CallError::Storage`] if the storage fails.
    pub async fn userinfo(
        &self,
        server: &AuthorizationServer,
        token: &str,
    ) -> Result<UserInfo, CallError> {
        let now = self.clock.now();
        let verified = self.own_access_token(server, token, now)?;
        let claims = verified.claims();
        if !claims.scopes().contains("openid") {
            return Err(CallError::InsufficientScope);
        }
        let client = active_client(&self.catalog(), claims.client_id())?;
        let user = self.user_of(&verified).await?;
        let RequestedClaims { userinfo_claims } = requested_claims(&verified)?;
        let standard = standard_claims::of(&user, claims.scopes(), &userinfo_claims);
        let sub = ("sub", Cow::Owned(user.id.as_str().into()));
        let claims = standard.chain([sub]);
        let claims = claims.map(|(name, value)| (name.to_owned(), value.into_owned())).collect();
        Ok(UserInfo { client, claims })
    }

    fn own_access_token(
        &self,
        server: &AuthorizationServer,
        token: &str,
        now: UnixTime,
    ) -> Result<Verified, CallError> {
        let keys = self.keys.verifying(&server.id);
        let keys = keys.ok_or(CallError::InvalidToken("the server has no keys yet"))?;
        token::verify_own(token, server, &keys, now).map_err(|_| {
            CallError::InvalidToken("the text is not a valid access token of this server")
        })
    }

    /// The user of a token that was not revoked.
    async fn user_of(&self, verified: &Verified) -> Result<User, CallError> {
        let claims = verified.claims();
        let (Some(id), Some(user)) = (claims.token_id(), token::user_of(claims)) else {
            return Err(CallError::InvalidToken("the token has no user"));
        };
        let mark = TokenMark {
            jti_sha256: sha256(id.as_bytes()),
            family: TokenId::family_of(id),
            user: Some(user),
        };
        let (standing, user) = self.store.standing_and_person(&mark).await?;
        if !standing.holds() {
            return Err(CallError::InvalidToken(
                "the token, its family or its user's tokens were revoked",
            ));
        }
        user.ok_or(CallError::InvalidToken("the user of the token is not active"))
    }
}

/// The claims that were requested for userinfo in the authorization request.
fn requested_claims(verified: &Verified) -> Result<RequestedClaims, CallError> {
    let unreadable = CallError::InvalidToken("userinfo_claims of the token is not a list of names");
    verified.deserialize().map_err(|_| unreadable)
}

/// The client of the token, which must be active.
fn active_client(catalog: &Snapshot, id: Option<&str>) -> Result<ClientId, CallError> {
    let client = id.map(|id| catalog.client(id)).transpose()?.flatten();
    let client = client.filter(|client| client.spec.status.is_active());
    client
        .map(|client| client.id.clone())
        .ok_or(CallError::InvalidToken("the client of the token is not active"))
}
