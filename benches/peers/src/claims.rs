//! The claims that the peers read, like a service would.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[expect(dead_code, reason = "a service reads more than the benchmark")]
pub struct Claims {
    pub iss: String,
    pub sub: String,
    pub aud: String,
    pub exp: u64,
    pub iat: u64,
    pub jti: String,
    pub client_id: String,
    pub scope: String,
}

impl Claims {
    /// Whether a scope was granted.
    pub fn holds(&self, scope: &str) -> bool {
        holds(&self.scope, scope)
    }
}

/// Whether a scope is one of those in this list.
pub fn holds(granted: &str, scope: &str) -> bool {
    granted.split(' ').any(|held| held == scope)
}
