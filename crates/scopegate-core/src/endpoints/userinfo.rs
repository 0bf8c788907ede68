//! What a person's access token opens at the server itself: what is known of the person (OpenID
//! Connect Core §5.3).

use std::borrow::Cow;

use scopegate_claims::UnixTime;
use scopegate_jose::{Verified, sha256};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::authority::Authority;
use crate::catalog::{AuthorizationServer, ClientId, Snapshot};
use crate::directory::User;
use crate::directory::standard_claims;
use crate::error::CallError;
use crate::store::TokenMark;
use crate::token;
use crate::token::TokenId;

/// What is told of a person, and to whom. `Debug` shows the client only.
#[derive(Clone)]
pub struct UserInfo {
    client: ClientId,
    claims: Map<String, Value>,
}

impl UserInfo {
    /// The client that the token was issued to.
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

/// The member of an access token that says what was asked for here.
#[derive(Default, Deserialize)]
struct ParsedRequest {
    #[serde(default)]
    userinfo_claims: Vec<String>,
}

impl Authority {
    /// Answers whoever holds an access token with the scope `openid`, whatever its audience is.
    ///
    /// # Errors
    ///
    /// [`CallError::InvalidToken`] for whatever is not a good access token of this server, or hangs
    /// on something that has ended; [`CallError::InsufficientScope`]; [`CallError::Storage`].
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
        let ParsedRequest { userinfo_claims } = asked(&verified)?;
        let told = standard_claims::of(&user, claims.scopes(), &userinfo_claims);
        let sub = ("sub", Cow::Owned(user.id.as_str().into()));
        let claims = told.chain([sub]);
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
        token::verify_own(token, server, &keys, now)
            .map_err(|_| CallError::InvalidToken("it is no good access token of this server"))
    }

    /// The person of whom a token speaks, if it still stands.
    async fn user_of(&self, verified: &Verified) -> Result<User, CallError> {
        let claims = verified.claims();
        let (Some(id), Some(user)) = (claims.token_id(), token::user_of(claims)) else {
            return Err(CallError::InvalidToken("it speaks of no person"));
        };
        let mark = TokenMark {
            jti_sha256: sha256(id.as_bytes()),
            family: TokenId::family_of(id),
            user: Some(user),
        };
        let (standing, person) = self.store.standing_and_person(&mark).await?;
        if !standing.holds() {
            return Err(CallError::InvalidToken("it has been revoked, or what it hangs on ended"));
        }
        person.ok_or(CallError::InvalidToken("its person is not active"))
    }
}

/// What was asked for here when the token was.
fn asked(verified: &Verified) -> Result<ParsedRequest, CallError> {
    if !verified.claims().has_others() {
        return Ok(ParsedRequest::default());
    }
    let unreadable = CallError::InvalidToken("its userinfo_claims are no list of names");
    verified.deserialize().map_err(|_| unreadable)
}

/// The client that holds the token, if it may still do anything.
fn active_client(catalog: &Snapshot, id: Option<&str>) -> Result<ClientId, CallError> {
    let client = id.map(|id| catalog.client(id)).transpose()?.flatten();
    let client = client.filter(|client| client.spec.status.is_active());
    client
        .map(|client| client.id.clone())
        .ok_or(CallError::InvalidToken("its client is not active"))
}
