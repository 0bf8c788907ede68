//! `client_credentials`: the client gets a token for itself (RFC 6749 §4.4).

use async_trait::async_trait;

use super::{Decision, Grant, GrantRequest, Right};
use crate::call::Denied;
use crate::catalog::{Client, ClientType};
use crate::error::CallError;
use crate::token::{Extras, Subject};

/// The grant.
#[derive(Debug)]
pub(super) struct ClientCredentials;

/// The value of `grant_type`.
pub(crate) const GRANT_TYPE: &str = "client_credentials";

#[async_trait]
impl Grant for ClientCredentials {
    fn grant_type(&self) -> &'static str {
        GRANT_TYPE
    }

    fn needs_secret(&self) -> bool {
        true
    }

    fn is_about_user(&self) -> bool {
        false
    }

    async fn decide<'a>(&self, request: &GrantRequest<'a>) -> Result<Decision<'a>, Denied> {
        check_type(request.client)?;
        Ok(Decision {
            subject: Subject::Client,
            right: Right::policy(GRANT_TYPE),
            extras: Extras::default(),
            changes: Vec::new(),
            once_signed: None,
        })
    }
}

/// RFC 6749 §4.4: only confidential clients. A browser or a device cannot keep a secret.
pub(crate) fn check_type(client: &Client) -> Result<(), CallError> {
    match client.spec.client_type {
        ClientType::Service | ClientType::Web => Ok(()),
        _ => Err(CallError::UnauthorizedClient),
    }
}
