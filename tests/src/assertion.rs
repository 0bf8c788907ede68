//! Clients that authenticate with a signed assertion (RFC 7523 §2.2).

use scopegate_claims::Clock;
use scopegate_jose::{Algorithm, SigningKey, TokenType, random_token};
use serde_json::json;

use crate::{BASE, TestServer};

/// The `client_assertion_type` of a JWT.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Generates a key.
pub fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).expect("a key can be made")
}

/// The request parameters that carry a client assertion.
pub fn proof(assertion: &str) -> [(&str, &str); 2] {
    [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion)]
}

impl TestServer {
    /// A client assertion that is valid for 60 s. Its audience is a path below the base URL.
    pub fn assertion_of(&self, client: &str, key: &SigningKey, path: &str) -> String {
        let now = self.clock().now().as_seconds();
        let claims = json!({
            "iss": client, "sub": client, "aud": format!("{BASE}{path}"),
            "exp": now + 60, "jti": random_token(16),
        });
        key.sign(TokenType::Jwt, &claims).expect("it is signed")
    }
}
