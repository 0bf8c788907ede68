//! `client_credentials`: the client asks for itself (RFC 6749 §4.4).

use async_trait::async_trait;

use super::{Decision, Grant, GrantRequest, Subject};
use crate::catalog::ClientType;
use crate::error::TokenError;

/// The grant.
#[derive(Debug)]
pub(super) struct ClientCredentials;

#[async_trait]
impl Grant for ClientCredentials {
    fn grant_type(&self) -> &'static str {
        "client_credentials"
    }

    async fn decide(&self, request: &GrantRequest<'_>) -> Result<Decision, TokenError> {
        // RFC 6749 §4.4: only confidential clients; a browser or a device cannot keep a credential.
        match request.client.spec.client_type {
            ClientType::Service | ClientType::Web => {
                Ok(Decision { subject: Subject::Client, changes: Vec::new() })
            }
            ClientType::Browser | ClientType::Native => Err(TokenError::UnauthorizedClient),
        }
    }
}
