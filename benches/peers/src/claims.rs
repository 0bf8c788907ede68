//! The claims that the peers read, as a service would.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[allow(dead_code)]
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
    pub fn holds(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|held| held == scope)
    }
}
