//! Introspection: whether a token is active, for those whom it concerns (RFC 7662).
//!
//! These are its client, and the clients that are registered for its audience. To everybody else
//! each token looks alike, whether it is good, expired, revoked or invented.

mod known;

use scopegate_claims::{Claims, Dialect, UnixTime};
use scopegate_jose::{Verified, sha256};
use serde::Serialize;

use self::known::{Confirmed, Known};
use crate::audit::DecisionKind;
use crate::authority::Authority;
use crate::call::presented_token::PresentedToken;
use crate::call::{CallKind, ClientCall, ClientEndpoint, ClientRequest, Denied, Refused};
use crate::catalog::UserId;
use crate::catalog::{AuthorizationServer, Client, ClientAuth, Snapshot};
use crate::directory::User;
use crate::error::CallError;
use crate::form::Form;
use crate::store::{FamilyId, StoreError, TokenMark, UserKey};
use crate::token::TokenId;
use crate::token::subject_of;
use crate::token::user_of;

/// The answer to an introspection request (RFC 7662 §2.2). `Debug` shows no more than `active`.
#[derive(Serialize)]
pub struct Introspection {
    active: bool,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    known: Option<Box<Known>>,
}

impl Introspection {
    fn of(known: Option<Box<Known>>) -> Self {
        Self { active: known.is_some(), known }
    }

    /// Whether the token is active, and the client may know.
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
            let reason = "a client that does not authenticate may not ask about tokens";
            return Err(CallError::InvalidClient(reason).into());
        }
        let inquiry = Inquiry { catalog, server, client, now: *now };
        let known = authority.look_into(call.form(), &inquiry).await?;
        authority.write_any(&call.proved).await?;
        Ok(Introspection::of(known))
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

    async fn look_into(
        &self,
        form: &Form,
        inquiry: &Inquiry<'_>,
    ) -> Result<Option<Box<Known>>, CallError> {
        let missing = CallError::InvalidRequest("The parameter token is missing.");
        let token = form.value("token").ok_or(missing)?;
        Ok(match self.presented_token(token, inquiry.server, inquiry.now) {
            Some(PresentedToken::Access(token)) => self.known_access(&token, inquiry).await?,
            Some(PresentedToken::Refresh { family, generation }) => {
                self.known_refresh(&family, generation, inquiry).await?
            }
            None => {
                // What nobody made is looked up too: neither the time that an answer takes nor a
                // storage that is away shall tell it from what somebody else made.
                let jti_sha256 = sha256(token.as_bytes());
                self.store.standing(&TokenMark { jti_sha256, family: None, user: None }).await?;
                None
            }
        })
    }

    async fn known_access(
        &self,
        token: &Verified,
        inquiry: &Inquiry<'_>,
    ) -> Result<Option<Box<Known>>, StoreError> {
        let claims = token.claims();
        let jti = claims.token_id().unwrap_or_default();
        let mark = TokenMark {
            jti_sha256: sha256(jti.as_bytes()),
            family: TokenId::family_of(jti),
            user: user_of(claims),
        };
        let (standing, person) = self.store.standing_and_person(&mark).await?;
        if !standing.holds() || !inquiry.is_about(claims)? {
            return Ok(None);
        }
        let username = person.map(|person| person.login);
        Ok(Some(Box::new(Known::access(claims, username, Confirmed::of(token)))))
    }

    async fn known_refresh(
        &self,
        id: &FamilyId,
        generation: u32,
        inquiry: &Inquiry<'_>,
    ) -> Result<Option<Box<Known>>, StoreError> {
        let Inquiry { server, client, now, .. } = *inquiry;
        let family = self.store.family(id).await?.filter(|family| {
            let is_own = family.server == server.id && family.client == client.id;
            // A token that another one has replaced is not active: it serves a client only that did
            // not get the answer.
            let is_newest = family.generation == generation && !family.revoked;
            is_own && is_newest && now < family.idle_ends_at && now < family.ends_at
        });
        let Some(family) = family else { return Ok(None) };
        let Some(user) = self.active_user(&family.user).await? else { return Ok(None) };
        let subject = subject_of(&user, server.spec.dialect);
        Ok(Some(Box::new(Known::refresh(&family, server, subject, &user))))
    }

    async fn active_user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        let user = self.store.user(UserKey::Id(id)).await?;
        Ok(user.filter(|user| user.status.is_active()))
    }
}

/// Tells whether a client that authenticates so may ask at all: each must prove who it is (RFC 7662
/// §2.1), but for Okta's public clients at a server that speaks as Okta does.
pub(crate) fn admits(server: &AuthorizationServer, auth: ClientAuth) -> bool {
    auth != ClientAuth::None || server.spec.dialect == Dialect::Okta
}

/// Who asks, where, and when.
#[derive(Clone, Copy)]
struct Inquiry<'a> {
    catalog: &'a Snapshot,
    server: &'a AuthorizationServer,
    client: &'a Client,
    now: UnixTime,
}

impl Inquiry<'_> {
    /// Tells whether an access token concerns the client that asks, and its own client may still
    /// have tokens.
    fn is_about(&self, claims: &Claims) -> Result<bool, StoreError> {
        let holder = claims.client_id().map(|id| self.catalog.client(id)).transpose()?;
        let Some(holder) = holder.flatten() else { return Ok(false) };
        let is_holder = holder.id == self.client.id;
        // A client that proves nothing is no API.
        let is_confidential = self.client.spec.auth != ClientAuth::None;
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
