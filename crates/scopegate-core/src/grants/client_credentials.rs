//! `client_credentials`: the client asks for itself (RFC 6749 §4.4).

use async_trait::async_trait;

use super::{Decision, Denied, Grant, GrantRequest, Right};
use crate::catalog::{ClientAuth, ClientType};
use crate::error::TokenError;
use crate::token::{GoesWith, Subject};

/// The grant.
#[derive(Debug)]
pub(super) struct ClientCredentials;

/// Its name.
pub(crate) const GRANT_TYPE: &str = "client_credentials";

#[async_trait]
impl Grant for ClientCredentials {
    fn grant_type(&self) -> &'static str {
        GRANT_TYPE
    }

    async fn decide(&self, request: &GrantRequest<'_>) -> Result<Decision, Denied> {
        // RFC 6749 §4.4: only confidential clients; a browser or a device cannot keep a credential.
        let spec = &request.client.spec;
        let is_confidential = matches!(spec.client_type, ClientType::Service | ClientType::Web);
        if !is_confidential || spec.auth == ClientAuth::None {
            return Err(TokenError::UnauthorizedClient.into());
        }
        let right =
            Right::Policy { grant_type: GRANT_TYPE, at_most: None, audience: None, until: None };
        Ok(Decision {
            subject: Subject::Client,
            right,
            changes: Vec::new(),
            goes_with: GoesWith::default(),
        })
    }
}
