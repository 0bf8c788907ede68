//! The revocation endpoint (RFC 7009).
//!
//! A client can revoke only its own tokens. The answer is the same for its own tokens, for tokens of other
//! clients and for texts that are no tokens, so a client learns nothing from it.

use crate::audit::{ClientDecision, DecisionKind};
use crate::authority::Authority;
use crate::authority::upkeep::CLOCK_SKEW;
use crate::call::presented_token::PresentedToken;
use crate::call::{CallKind, ClientCall, ClientEndpoint, ClientRequest, Denied, Refused};
use crate::error::CallError;
use crate::store::{Change, Ended};
use crate::token::{TokenId, user_of};

/// The revocation endpoint.
struct Revocation;

impl ClientEndpoint for Revocation {
    type Answer = ();
    type Error = CallError;

    fn kind(&self) -> CallKind {
        CallKind::new("revoke", DecisionKind::Revocation)
    }

    async fn answer(&mut self, authority: &Authority, call: &ClientCall<'_>) -> Result<(), Denied> {
        let mut changes = call.proved.clone();
        if let Some(Ending { change, token_id, family, user }) = authority.ending(call).await? {
            let deciding = call.deciding();
            let decision = ClientDecision { token_id, family, user, ..deciding.allowed() };
            changes.extend([change, Change::Audit(deciding.event(decision))]);
        }
        Ok(authority.write_any(&changes).await?)
    }
}

impl Authority {
    /// Answers a revocation request. It also succeeds for an invalid token (RFC 7009 §2.2).
    ///
    /// Revoking a refresh token also ends the access tokens of the same grant, because they name its family.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the id of the decision if the client was authenticated.
    pub async fn revoke(&self, request: ClientRequest<'_>) -> Result<(), Refused> {
        self.answer(request, Revocation).await
    }

    /// What to revoke. `None` if the text is no valid token of this client.
    async fn ending(&self, call: &ClientCall<'_>) -> Result<Option<Ending>, CallError> {
        let ClientCall { server, client, now, .. } = call;
        let (form, now) = (call.form(), *now);
        let missing = CallError::InvalidRequest("The parameter token is missing.");
        let token = form.value("token").ok_or(missing)?;
        Ok(match self.presented_token(token, server, now) {
            Some(PresentedToken::Access(token)) => {
                let claims = token.claims();
                let is_own = claims.client_id() == Some(client.id.as_str());
                claims.token_id().filter(|_| is_own).map(|jti| Ending {
                    change: Change::RevokeToken {
                        jti: jti.to_owned(),
                        expires_at: claims.expires_at().plus(CLOCK_SKEW),
                    },
                    token_id: Some(jti.to_owned()),
                    family: TokenId::family_of(jti).map(|family| family.to_string()),
                    user: user_of(claims).map(|user| user.to_string()),
                })
            }
            // Any generation: the client may also revoke a family with an old token.
            Some(PresentedToken::Refresh { family, .. }) => {
                let family = self.store.family(&family).await?.filter(|family| {
                    let is_own = family.server == server.id && family.client == client.id;
                    is_own && !family.revoked
                });
                family.map(|family| Ending {
                    token_id: None,
                    family: Some(family.id.to_string()),
                    user: Some(family.user.to_string()),
                    change: Change::EndFamilies { of: Ended::Family(family.id), at: now },
                })
            }
            None => None,
        })
    }
}

/// The change that revokes a token, and members of its audit event.
struct Ending {
    change: Change,
    token_id: Option<String>,
    family: Option<String>,
    user: Option<String>,
}

#[cfg(test)]
mod tests;
