//! Clients that prove by a key who they are (RFC 7523 §2.2).

use scopegate_claims::Clock;
use scopegate_jose::{Algorithm, SigningKey, TokenType, random_token};
use serde_json::json;

use crate::{BASE, TestServer};

/// The type of a client's assertion.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A new key.
pub fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).expect("a key can be made")
}

/// The parameters by which a client shows an assertion.
pub fn proof(assertion: &str) -> [(&str, &str); 2] {
    [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion)]
}

impl TestServer {
    /// What a client says of itself for a minute, signed, to what a path below the base URL names.
    pub fn assertion_of(&self, client: &str, key: &SigningKey, path: &str) -> String {
        let now = self.clock().now().as_seconds();
        let claims = json!({
            "iss": client, "sub": client, "aud": format!("{BASE}{path}"),
            "exp": now + 60, "jti": random_token(16),
        });
        key.sign(TokenType::Jwt, &claims).expect("it is signed")
    }
}
