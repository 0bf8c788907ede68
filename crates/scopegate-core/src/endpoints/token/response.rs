//! The successful answer to a token request (RFC 6749 §5.1).

use std::fmt;

use scopegate_claims::ScopeSet;
use serde::Serialize;

use crate::token::{RefreshToken, SignedTokens};

/// The successful answer to a token request (RFC 6749 §5.1). `Debug` hides the tokens.
#[derive(Serialize)]
pub struct TokenResponse {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    scope: ScopeSet,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'static str>,
}

impl TokenResponse {
    pub(super) fn new(
        tokens: SignedTokens,
        refresh_token: Option<RefreshToken>,
        issued_token_type: Option<&'static str>,
    ) -> Self {
        Self {
            access_token: tokens.access_token,
            token_type: "Bearer",
            expires_in: tokens.lifetime.as_secs(),
            scope: tokens.scopes,
            id_token: tokens.id_token,
            refresh_token: refresh_token.map(RefreshToken::into_text),
            issued_token_type,
        }
    }

    /// The access token.
    pub fn access_token(&self) -> &str {
        &self.access_token
    }

    /// The ID token.
    pub fn id_token(&self) -> Option<&str> {
        self.id_token.as_deref()
    }

    /// The refresh token.
    pub fn refresh_token(&self) -> Option<&str> {
        self.refresh_token.as_deref()
    }
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse").field("scope", &self.scope).finish_non_exhaustive()
    }
}
