//! A token that an administrator requests on behalf of a client.

use std::sync::Arc;
use std::time::Duration;

use super::{TokenResponse, kind_of};
use crate::authority::Authority;
use crate::call::{ClientCall, ClientRequest, Refused, active_server};
use crate::catalog::{ClientId, ServerId};
use crate::client_auth::Presented;
use crate::error::CallError;
use crate::form::Form;
use crate::grants::client_credentials::GRANT_TYPE;
use crate::token::Amendments;

/// An administrator's request for a token of a client.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a caller must fill in every member")]
pub struct VouchedRequest<'a> {
    /// The authorization server.
    pub server: &'a ServerId,
    /// The client for which the token is issued.
    pub client: &'a ClientId,
    /// The request as the client would send it, without credentials.
    pub form: &'a Form,
    /// The maximum lifetime of the token. The policy may give a shorter one.
    pub lifetime: Duration,
}

impl Authority {
    /// Answers a token request that an administrator makes for a client.
    ///
    /// It differs from [`token`](Self::token) in three points: the client is not authenticated, only client
    /// credentials are allowed, and the audit event says that an administrator vouched for the client.
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
        let unknown = CallError::InvalidClient;
        let client = catalog.client(client.as_str()).map_err(CallError::from)?;
        let client = Arc::clone(client.ok_or_else(|| unknown("unknown client"))?);
        if !client.spec.status.is_active() {
            return Err(unknown("the client is inactive").into());
        }
        let presented = Presented::form(form);
        let request = ClientRequest { server, presented, address: None, deadline: None };
        let kind = kind_of(&request)?;
        // An administrator cannot vouch for a user.
        if kind.grant_type != Some(GRANT_TYPE) {
            return Err(CallError::UnsupportedGrantType.into());
        }
        let server = Arc::clone(active_server(&catalog, server)?);
        let now = self.clock.now();
        let call = ClientCall {
            reason: Some("An administrator vouched for the client."),
            ..ClientCall::of(request, kind, catalog, server, client, now)
        };
        match self.issue(&call, &mut Amendments::default(), Some(lifetime)).await {
            Ok(response) => Ok(response),
            Err(denied) => Err(self.refuse(&call.refusing(), &[], denied).await),
        }
    }
}
