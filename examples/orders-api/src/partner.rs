//! The client that has no secret: it signs what it sends to the token endpoint.

use std::time::Duration;

use scopegate::{Clock, JoseError, SystemClock};
use scopegate_jose::{SigningKey, TokenType, random_token};
use serde_json::json;

/// The longest that an authorization server takes.
const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// An assertion by which the client `partner` proves itself, once (RFC 7523 §3).
pub(crate) fn assertion(issuer: &str) -> Result<String, JoseError> {
    let key = SigningKey::from_jwk_json(include_str!("../partner.demo.jwk.json"))?;
    let now = SystemClock.now();
    let claims = json!({
        "iss": "partner",
        "sub": "partner",
        "aud": issuer,
        "iat": now,
        "exp": now.plus(LIFETIME),
        "jti": random_token(16),
    });
    key.sign(TokenType::Jwt, &claims)
}
