//! Signs a draft.

use std::time::Duration;

use scopegate_claims::{ScopeSet, UnixTime};
use scopegate_jose::{JoseError, TokenType};
use serde::Serialize;

use super::{TokenDraft, TokenId};
use crate::error::CallError;
use crate::keys::Signer;

/// The tokens of a request, signed. `Debug` hides them.
#[non_exhaustive]
pub struct SignedTokens {
    /// The access token.
    pub access_token: String,
    /// The `jti` of the access token.
    pub id: TokenId,
    /// The scopes of the access token.
    pub scopes: ScopeSet,
    /// The lifetime of the access token.
    pub lifetime: Duration,
    /// When the access token expires.
    pub ends_at: UnixTime,
    /// The ID token.
    pub id_token: Option<String>,
}

impl std::fmt::Debug for SignedTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedTokens").field("id", &self.id).finish_non_exhaustive()
    }
}

impl TokenDraft<'_> {
    /// The lifetime of the token that expires last. Its key stays published for that long.
    pub fn longest_lifetime(&self) -> Duration {
        let id_token = self.id_token.as_ref().map_or(Duration::ZERO, |draft| draft.lifetime);
        self.lifetime.max(id_token)
    }

    /// Signs the access token, and the ID token that goes with it.
    ///
    /// # Errors
    ///
    /// [`CallError::Signing`] or [`CallError::SignerUnavailable`] if the signature fails.
    pub async fn sign(self, signer: &dyn Signer) -> Result<SignedTokens, CallError> {
        let access_token = self.sign_access_token(signer).await?;
        let id_token = match &self.id_token {
            Some(draft) => Some(draft.sign(signer, &access_token).await?),
            None => None,
        };
        Ok(SignedTokens {
            access_token,
            ends_at: self.allowed.now.plus(self.lifetime),
            id: self.id,
            scopes: self.scopes,
            lifetime: self.lifetime,
            id_token,
        })
    }
}

/// Signs a payload.
pub(super) async fn sign(
    signer: &dyn Signer,
    token_type: TokenType,
    payload: &(impl Serialize + Sync),
) -> Result<String, CallError> {
    let mut json = Vec::with_capacity(PAYLOAD_CAPACITY);
    serde_json::to_writer(&mut json, payload)
        .map_err(|_| CallError::Signing(JoseError::Unserializable))?;
    Ok(signer.sign(token_type, &json).await?)
}

/// In bytes. Most payloads fit without another allocation.
const PAYLOAD_CAPACITY: usize = 1024;
