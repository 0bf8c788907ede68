//! A token that an administrator asks for on behalf of a client.

use std::time::Duration;

use super::{Case, MISSING_GRANT_TYPE, Refused, TokenRequest, TokenResponse, Vouched};
use crate::authority::Authority;
use crate::call::active_server;
use crate::call::form::Form;
use crate::catalog::{ClientId, ServerId};
use crate::error::TokenError;
use crate::grants::client_credentials::GRANT_TYPE;

/// What an administrator asks for.
#[derive(Clone, Copy, Debug)]
pub struct VouchedRequest<'a> {
    /// The authorization server that is asked.
    pub server: &'a ServerId,
    /// The client that the token is made for.
    pub client: &'a ClientId,
    /// The request as the client would send it, without credentials.
    pub form: &'a Form,
    /// The token lives no longer than this, and no longer than the policy says.
    pub lifetime: Duration,
}

impl Authority {
    /// Answers a token request of a client that an administrator vouches for.
    ///
    /// Only the client's authentication is left out. Grant, policy and audit are those of
    /// [`token`](Self::token), and the audit record says who vouched.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the id of the decision if the client exists.
    pub async fn token_as_administrator(
        &self,
        request: VouchedRequest<'_>,
    ) -> Result<TokenResponse, Refused> {
        let VouchedRequest { server, client, form, lifetime } = request;
        let catalog = self.catalog();
        let unknown = TokenError::InvalidClient;
        let client = catalog
            .client(client.as_str())
            .map_err(TokenError::from)?
            .ok_or_else(|| unknown("unknown client"))?;
        if !client.spec.status.is_active() {
            return Err(unknown("the client is inactive").into());
        }
        let grant_type = form.value("grant_type").ok_or(MISSING_GRANT_TYPE)?;
        // Nobody can vouch for a person.
        if grant_type != GRANT_TYPE {
            return Err(TokenError::UnsupportedGrantType.into());
        }
        let authority = active_server(&catalog, server)?;
        let request = TokenRequest { server, authorization: None, form, address: None };
        let case = Case::new(&catalog, authority, client, self.clock.now(), grant_type, request)
            .vouched_for(Vouched { lifetime });
        self.answer(&case, Vec::new()).await
    }
}
