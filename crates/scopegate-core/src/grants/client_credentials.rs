//! `client_credentials`: the client gets a token for itself (RFC 6749 §4.4).

use async_trait::async_trait;

use super::{Decision, Grant, GrantRequest, Right};
use crate::call::Denied;
use crate::catalog::ClientType;
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

    /// RFC 6749 §4.4: only confidential clients. A browser or a device cannot keep a secret.
    fn is_for(&self, client_type: ClientType) -> bool {
        matches!(client_type, ClientType::Service | ClientType::Web)
    }

    async fn decide<'a>(&self, _: &GrantRequest<'a>) -> Result<Decision<'a>, Denied> {
        Ok(Decision {
            subject: Subject::Client,
            right: Right::policy(GRANT_TYPE),
            extras: Extras::default(),
            changes: Vec::new(),
            once_signed: None,
        })
    }
}
