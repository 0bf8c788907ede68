//! The introspection endpoint: whether a token is active (RFC 7662).
//!
//! Only the client of the token and the clients that are registered for its audience get this information.
//! To all others every token is inactive, whether it is valid, expired, revoked or invented.

mod token_info;

use scopegate_claims::{Claims, Dialect, UnixTime};
use scopegate_jose::{Verified, sha256};
use serde::Serialize;

use self::token_info::{ExtraClaims, TokenInfo};
use crate::audit::DecisionKind;
use crate::authority::Authority;
use crate::call::presented_token::PresentedToken;
use crate::call::{CallKind, ClientCall, ClientEndpoint, ClientRequest, Denied, Refused};
use crate::catalog::{AuthorizationServer, Client, ClientAuth, Snapshot, UserId};
use crate::directory::User;
use crate::error::CallError;
use crate::form::Form;
use crate::store::{FamilyId, StoreError, TokenMark, UserKey};
use crate::token::{TokenId, subject_of, user_of};

/// The answer to an introspection request (RFC 7662 §2.2). `Debug` shows only `active`.
#[derive(Serialize)]
pub struct Introspection {
    active: bool,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    info: Option<Box<TokenInfo>>,
}

impl Introspection {
    fn of(info: Option<Box<TokenInfo>>) -> Self {
        Self { active: info.is_some(), info }
    }

    /// Whether the token is active and the client may know it.
    pub fn is_active(&self) -> bool {
        self.active
    }
}

impl std::fmt::Debug for Introspection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Introspection").field("active", &self.active).finish_non_exhaustive()
    }
}

/// The introspection endpoint.
struct Inspection;

impl ClientEndpoint for Inspection {
    type Answer = Introspection;
    type Error = CallError;

    fn kind(&self) -> CallKind {
        CallKind::new("introspect", DecisionKind::Introspection)
    }

    async fn answer(
        &mut self,
        authority: &Authority,
        call: &ClientCall<'_>,
    ) -> Result<Introspection, Denied> {
        let ClientCall { catalog, server, client, now, .. } = call;
        if !admits(server, client.spec.auth) {
            let reason = "a public client may not use introspection at this server";
            return Err(CallError::InvalidClient(reason).into());
        }
        let inquiry = Inquiry { catalog, server, client, now: *now };
        let info = authority.inspect(call.form(), &inquiry).await?;
        authority.write_any(&call.proved).await?;
        Ok(Introspection::of(info))
    }
}

impl Authority {
    /// Answers an introspection request.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the id of the decision if the client was authenticated.
    pub async fn introspect(&self, request: ClientRequest<'_>) -> Result<Introspection, Refused> {
        self.answer(request, Inspection).await
    }

    async fn inspect(
        &self,
        form: &Form,
        inquiry: &Inquiry<'_>,
    ) -> Result<Option<Box<TokenInfo>>, CallError> {
        let missing = CallError::InvalidRequest("The parameter token is missing.");
        let token = form.value("token").ok_or(missing)?;
        Ok(match self.presented_token(token, inquiry.server, inquiry.now) {
            Some(PresentedToken::Access(token)) => self.access_token_info(&token, inquiry).await?,
            Some(PresentedToken::Refresh { family, generation }) => {
                self.refresh_token_info(&family, generation, inquiry).await?
            }
            None => {
                // An invalid text is looked up too. Otherwise the time of the answer, or a storage failure,
                // would show whether it is a token of this server.
                let jti_sha256 = sha256(token.as_bytes());
                self.store.standing(&TokenMark { jti_sha256, family: None, user: None }).await?;
                None
            }
        })
    }

    async fn access_token_info(
        &self,
        token: &Verified,
        inquiry: &Inquiry<'_>,
    ) -> Result<Option<Box<TokenInfo>>, StoreError> {
        let claims = token.claims();
        let jti = claims.token_id().unwrap_or_default();
        let mark = TokenMark {
            jti_sha256: sha256(jti.as_bytes()),
            family: TokenId::family_of(jti),
            user: user_of(claims),
        };
        let (standing, user) = self.store.standing_and_person(&mark).await?;
        if !standing.holds() || !inquiry.may_see(claims)? {
            return Ok(None);
        }
        let username = user.map(|user| user.login);
        Ok(Some(Box::new(TokenInfo::access(claims, username, ExtraClaims::of(token)))))
    }

    async fn refresh_token_info(
        &self,
        id: &FamilyId,
        generation: u32,
        inquiry: &Inquiry<'_>,
    ) -> Result<Option<Box<TokenInfo>>, StoreError> {
        let Inquiry { server, client, now, .. } = *inquiry;
        let family = self.store.family(id).await?.filter(|family| {
            let is_own = family.server == server.id && family.client == client.id;
            // A replaced token is not active. Within the leeway it still works, but only for a client that
            // did not receive the newest one.
            let is_newest = family.generation == generation && !family.revoked;
            is_own && is_newest && now < family.idle_ends_at && now < family.ends_at
        });
        let Some(family) = family else { return Ok(None) };
        let Some(user) = self.active_user(&family.user).await? else { return Ok(None) };
        let subject = subject_of(&user, server.spec.dialect);
        Ok(Some(Box::new(TokenInfo::refresh(&family, server, subject, &user))))
    }

    async fn active_user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        let user = self.store.user(UserKey::Id(id)).await?;
        Ok(user.filter(|user| user.status.is_active()))
    }
}

/// Whether clients with this authentication method may use introspection. RFC 7662 §2.1 requires
/// authentication. Only servers with Okta's dialect also allow public clients, as Okta does.
pub(crate) fn admits(server: &AuthorizationServer, auth: ClientAuth) -> bool {
    !auth.is_public() || server.spec.dialect == Dialect::Okta
}

/// The context of an introspection request.
#[derive(Clone, Copy)]
struct Inquiry<'a> {
    catalog: &'a Snapshot,
    server: &'a AuthorizationServer,
    client: &'a Client,
    now: UnixTime,
}

impl Inquiry<'_> {
    /// Whether the requesting client may see an access token, and the token's own client is active.
    fn may_see(&self, claims: &Claims) -> Result<bool, StoreError> {
        let holder = claims.client_id().map(|id| self.catalog.client(id)).transpose()?;
        let Some(holder) = holder.flatten() else { return Ok(false) };
        let is_holder = holder.id == self.client.id;
        // A public client cannot act as an API, because anyone can send its id.
        let is_confidential = !self.client.spec.auth.is_public();
        let mut audiences = self.client.spec.audiences.iter();
        let is_its_audience = audiences.any(|own| {
            claims.audiences().is_some_and(|audiences| audiences.contains(own.as_str()))
        });
        let is_active = holder.spec.status.is_active();
        Ok(is_active && (is_holder || is_confidential && is_its_audience))
    }
}

#[cfg(test)]
mod tests;
