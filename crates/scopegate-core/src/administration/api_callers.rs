//! The callers of the management API: admin clients with an access token of the org server.

use scopegate_claims::Claims;
use scopegate_jose::sha256;

use crate::authority::Authority;
use crate::catalog::{ClientId, ClientSecret};
use crate::client_auth::secret_mac;
use crate::store::{StoreError, TokenMark};
use crate::token::TokenId;

/// Why a valid access token gives no access to the management API any more.
#[derive(Debug, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "whoever answers must decide about a new variant")]
pub enum CallerError {
    /// The token is not that of an active admin client.
    #[error("the token is not that of an active admin client")]
    NoAdmin,
    /// The token was revoked.
    #[error("the token was revoked")]
    Revoked,
    /// The storage failed, or this version cannot read the client.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

impl Authority {
    /// The admin client that a verified access token of the org server was issued to.
    ///
    /// The token alone is not enough: the client may have been disabled, or the token revoked, since it was
    /// issued.
    ///
    /// # Errors
    ///
    /// [`CallerError`] if the client is no active admin client, or the token was revoked.
    pub async fn admin_client(&self, claims: &Claims) -> Result<ClientId, CallerError> {
        let id = claims.client_id().ok_or(CallerError::NoAdmin)?;
        let client = self.catalog().client(id).map_err(StoreError::from)?.cloned();
        let client = client.filter(|client| client.spec.admin && client.spec.status.is_active());
        let client = client.ok_or(CallerError::NoAdmin)?;
        let token_id = claims.token_id().ok_or(CallerError::NoAdmin)?;
        let mark = TokenMark {
            jti_sha256: sha256(token_id.as_bytes()),
            family: TokenId::family_of(token_id),
            user: None,
        };
        match self.store.standing(&mark).await?.holds() {
            true => Ok(client.id.clone()),
            false => Err(CallerError::Revoked),
        }
    }

    /// The stored form of a client's secret.
    pub fn stored_client_secret(&self, secret: &str) -> ClientSecret {
        ClientSecret::from_mac(secret_mac(&self.master_key, &sha256(secret.as_bytes())))
    }
}
